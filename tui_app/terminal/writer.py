"""Writes to the terminal in a thread, from a queue that never blocks the event loop."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Final

BEHIND: Final = 8 * 1024
"""Bytes that may wait for the terminal before frames are left out; about one screen of 200 columns."""
LAST_WAIT: Final = 2.0
"""Seconds that `stop` waits for a terminal that takes nothing."""


class NonBlockingWriter(threading.Thread):
    """Replaces Textual's writer, whose queue blocks the event loop when the terminal takes nothing.

    Its queue is not limited: the renderer asks `behind` first, and leaves frames out while it is true.
    """

    def __init__(self, file: IO[str]) -> None:
        super().__init__(daemon=True, name="terminal-output")
        self._descriptor = file.fileno()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._was_behind = False
        self.lost = False
        """Whether the terminal is gone; what is written then is dropped."""
        self.on_caught_up: Callable[[], None] = lambda: None
        """Called from this thread when the queue is empty again after it was behind."""

    @property
    def behind(self) -> bool:
        """Whether more than `BEHIND` bytes wait for the terminal."""
        with self._changed:
            self._was_behind = self._was_behind or self._size > BEHIND
            return self._size > BEHIND

    def write(self, text: str) -> None:
        """Add text to the queue; never blocks."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if self.lost or not data:
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def forget(self) -> None:
        """Drop the queue and everything that is written later: the terminal is gone."""
        with self._changed:
            self.lost = True
            self._waiting.clear()
            self._size = 0
            self._changed.notify()

    def isatty(self) -> bool:
        """True: it writes to a terminal."""
        return True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._descriptor

    def flush(self) -> None:
        """Does nothing: the thread writes as fast as the terminal takes it."""

    def run(self) -> None:
        """Write the queue until `stop`."""
        while data := self._next():
            try:
                while data:
                    written = os.write(self._descriptor, data)
                    data = data[written:]
                    with self._changed:
                        self._size = max(0, self._size - written)
            except OSError:
                self.forget()

    def _next(self) -> bytes:
        caught_up = False
        with self._changed:
            if not self._waiting and self._was_behind:
                self._was_behind, caught_up = False, not self.lost
        if caught_up:
            self.on_caught_up()
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            data = b"".join(self._waiting)
            self._waiting.clear()
            return data

    def stop(self) -> None:
        """Write what waits, then end; waits at most 2 seconds for a terminal that takes nothing."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join(timeout=LAST_WAIT)
        if not self.is_alive() and not self.lost:
            self._write_the_rest()

    def _write_the_rest(self) -> None:
        """Write what a thread that died of an error left: the terminal must be restored."""
        data = b"".join(self._waiting)
        with contextlib.suppress(OSError, ValueError):
            if data and select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, data)
