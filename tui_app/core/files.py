"""New files: a name that is free, and a file that only its owner can read."""

from __future__ import annotations

import os
import stat
import tempfile
from itertools import count
from pathlib import Path
from typing import Final

from tui_app.core.errors import SluiceError

UNFINISHED: Final = ".partial"
"""Ending of the name of a file that is still being written."""


def free_path(stem: str, suffix: str) -> Path:
    """The first free name in the current folder: `stem.csv`, `stem-2.csv`, ...; `suffix` has the dot.

    A name is not free either while a file of that name is still being written.
    """
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{suffix}" for number in count(1))
    return next(Path(name) for name in names if not any(map(os.path.lexists, (name, name + UNFINISHED))))


def read_own(path: Path, largest: int) -> bytes:
    """The first `largest` bytes of a file that only its owner can read; empty for another's and for
    what is no file.

    Raises OSError, also for a link.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            return b""
        return file.read(largest)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file with mode 0600 in place of what is there, as a whole or not at all. Raises OSError."""
    descriptor, part = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(part).replace(path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def new_file(path: Path, text: str) -> None:
    """Write a text to a new file with mode 0600, never over a file or through a link. Raises SluiceError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path.expanduser(), flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SluiceError(f"{path} exists already; it was not overwritten.") from None
    except OSError as error:
        raise SluiceError(f"{path} can't be written: {error.strerror}.") from None
