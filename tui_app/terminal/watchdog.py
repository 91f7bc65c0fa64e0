"""How the program ends when it is not the operator who ends it: signals, a line that is gone, a terminal that takes nothing."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from tui_app.core.text import strip_controls

ENDING: Final = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
)  # fmt: skip
"""The signals that end a program and can be answered; nothing here has another use for the last three."""
GRACE: Final = 2.0
"""Seconds for an end in good order."""
PATIENCE: Final = 47.0
"""Seconds for the answer to a write that is on its way: it has 45 itself."""
_TICK: Final = 0.1
_RESTORED: Final = (
    # Ends a half-written sequence, then: paste, wrap, mouse, keyboard and size reports, screen, cursor, focus, pen.
    b"\x1b\\\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2048l\x1b[<u\x1b[r\x1b[m\x1b[?1049l"
    b"\x1b[?25h\x1b[?1004l"
)


def _opened() -> int | None:
    """The terminal: the one that we belong to, or, where we belong to none, the one that is typed and drawn on."""
    with contextlib.suppress(OSError):
        return os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    for standard in (0, 2):
        with contextlib.suppress(OSError):
            if os.isatty(standard):
                return os.dup(standard)
    return None


def tell(sentence: str, *, patience: float = 0.2) -> None:
    """Say something on standard error; whoever reads it has that many seconds to take it."""
    with contextlib.suppress(OSError, ValueError):
        _, ready, _ = select.select([], [2], [], patience)
        if ready:
            os.write(2, f"{strip_controls(sentence)}\n".encode())


class ShutdownWatchdog:
    """Sees the end coming on a thread of its own, so that a loop that stands still can't keep the program from it.

    `end(n)` is called on that thread, each time a signal comes: it asks the program to end with 128 + n. What has not
    ended after two seconds is ended here, with the terminal as it was before; a write whose answer is awaited has
    47 seconds, and `unknown()` says what is told of it if it never comes.
    """

    def __init__(
        self,
        end: Callable[[int], None],
        *,
        awaited: Callable[[], bool] = lambda: False,
        unknown: Callable[[], str] = lambda: "",
    ) -> None:
        self._end = end
        self._awaited = awaited
        self._unknown = unknown
        self._over = threading.Event()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)
        self._terminal: int | None = None
        self._as_it_was: list[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._gone = False

    def __enter__(self) -> ShutdownWatchdog:
        """Watch from now on. The terminal is put back to what it is now."""
        self._terminal = _opened()
        if self._terminal is not None:
            with contextlib.suppress(OSError, termios.error):
                self._as_it_was = termios.tcgetattr(self._terminal)
        for number in ENDING:
            # Python's own handlers run whatever the main thread waits for; a loop's handlers need the loop.
            self._before[number] = signal.signal(number, self._came)
        threading.Thread(target=self._watch, daemon=True, name="guard").start()
        return self

    def __exit__(self, *_: object) -> None:
        """All is done."""
        self._over.set()
        with contextlib.suppress(OSError):
            os.write(self._wake_in, b"\0")
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _came(self, number: int, _: object) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake_in, bytes([number]))

    # ---- on the guard's thread

    def _watch(self) -> None:
        number = self._wait(None)
        if self._over.is_set():
            return
        self._end(number)
        deadline = time.monotonic() + GRACE
        patience = time.monotonic() + PATIENCE
        while not self._over.is_set():
            now = time.monotonic()
            if self._awaited():
                # Once the answer is there, it has to be written down and told.
                deadline = now + GRACE
            if now > min(patience, deadline):
                self._cut_off(number)
            again = self._wait(_TICK)
            # A lost line is told twice, by its signal and by the terminal: that is nobody's impatience.
            if again and again != signal.SIGHUP and not self._over.is_set():
                self._end(number)

    def _wait(self, seconds: float | None) -> int:
        """The signal that came within so many seconds, 0 if none did; a terminal that is gone is a SIGHUP."""
        poll = select.poll()
        poll.register(self._wake_out, select.POLLIN)
        if self._terminal is not None and not self._gone:
            poll.register(self._terminal, 0)
        events = dict(poll.poll(None if seconds is None else seconds * 1000))
        if self._wake_out in events:
            return os.read(self._wake_out, 1)[0]
        if self._terminal in events:
            self._gone = True
            return int(signal.SIGHUP)
        return 0

    def _cut_off(self, number: int) -> None:
        """End now: whatever still runs had its time."""
        if self._terminal is not None and not self._gone:
            # termios.error is no OSError.
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self._terminal, termios.TCOFLUSH)
                if self._as_it_was is not None:
                    termios.tcsetattr(self._terminal, termios.TCSANOW, self._as_it_was)
                # A copy of a standard stream waits for room, as the stream itself does.
                if select.select([], [self._terminal], [], 0)[1]:
                    os.write(self._terminal, _RESTORED)
        awaited = self._awaited()
        if (words := self._unknown()) and awaited:
            tell(words)
        os._exit(128 + number)
