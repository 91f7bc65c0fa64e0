"""A pipe that processes hold as long as they live: what they say through it, and that not one of them is left."""

import os
import select
from pathlib import Path

PATIENCE = 10.0


class Lifeline:
    """Shell scripts take hold of it with `held`; their children have it from them."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.held = f"exec 9>'{path}'"

    def _next(self, seconds: float) -> bytes | None:
        """What was said within so many seconds, nothing at all by the last one's end; None when neither came."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        return os.read(self._read, 4096) if ready else None

    def says(self) -> str:
        """Wait for a line."""
        line = b""
        while not line.endswith(b"\n"):
            part = self._next(PATIENCE)
            assert part, f"nothing was said after {line!r}"
            line += part
        return line.decode().strip()

    @property
    def alive(self) -> bool:
        """Whether anybody holds it now, after something was said."""
        return self._next(0) != b""

    def ends(self) -> None:
        """Wait until nobody holds it."""
        while (part := self._next(PATIENCE)) != b"":
            assert part is not None, "somebody is left"

    def close(self) -> None:
        """Let go of it."""
        os.close(self._read)
