"""The few things a journal asks of the disk, in one place, so that each of them can be made to fail."""

from __future__ import annotations

import os


class Storage:
    """The machine's own. Every method raises OSError."""

    def open(self, path: str, flags: int) -> int:
        """Open a file that only we can read, never through a link."""
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, data: bytes) -> int:
        """Write at the end; how much of it was written."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Come back when what was written is on the disk."""
        os.fdatasync(descriptor)

    def sync_folder(self, path: str) -> None:
        """Come back when the names in a folder are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def cut(self, descriptor: int, size: int) -> None:
        """Cut a file to its first bytes."""
        os.ftruncate(descriptor, size)

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)
