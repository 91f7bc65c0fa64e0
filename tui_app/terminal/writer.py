"""The way out to the terminal: a thread that writes, and a queue that never makes anybody wait."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Final

from textual.drivers import linux_driver

BEHIND: Final = 8 * 1024
"""Bytes that may wait for the terminal before frames are left out; a screen of 200 columns has about as many."""
LAST_WAIT: Final = 2.0
"""Seconds that the end waits for a terminal that takes nothing."""


class NonBlockingWriter(threading.Thread):
    """Stands in for Textual's writer, whose queue blocks the event loop when the terminal takes nothing.

    It holds whatever it is given; whoever draws looks at `behind` first and leaves frames out meanwhile.
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
        """Whether the terminal is gone; all that is written then goes nowhere."""
        self.on_caught_up: Callable[[], None] = lambda: None
        """Called, from this thread, when nothing waits any more after it was behind."""

    @property
    def behind(self) -> bool:
        """Whether so much waits for the terminal that another frame would only be late."""
        with self._changed:
            self._was_behind = self._was_behind or self._size > BEHIND
            return self._size > BEHIND

    def write(self, text: str) -> None:
        """Put text behind what waits already; never blocks."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if self.lost or not data:
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def forget(self) -> None:
        """The terminal is gone: write nothing any more."""
        with self._changed:
            self.lost = True
            self._waiting.clear()
            self._size = 0
            self._changed.notify()

    def isatty(self) -> bool:
        """It stands for a terminal."""
        return True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._descriptor

    def flush(self) -> None:
        """Nothing to do: the thread writes as fast as the terminal takes it."""

    def run(self) -> None:
        """Write what comes, in its order."""
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
        """Write what waits, and end; a terminal that takes nothing is waited for two seconds, not for ever."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join(timeout=LAST_WAIT)
        if not self.is_alive() and not self.lost:
            self._write_the_rest()

    def _write_the_rest(self) -> None:
        """What a thread that died of an error left behind: the terminal must not stay as it is."""
        data = b"".join(self._waiting)
        with contextlib.suppress(OSError, ValueError):
            if data and select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, data)


def install_nonblocking_writer() -> None:
    """Let Textual's driver write through a NonBlockingWriter."""
    # A private hook; a contract test fails when the driver makes its writer in another way.
    linux_driver.WriterThread = NonBlockingWriter  # type: ignore[assignment, attr-defined]
