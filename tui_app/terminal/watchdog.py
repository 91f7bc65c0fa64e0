"""Ends the program after a signal, or when the terminal is gone or takes nothing, even if the event loop hangs."""

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
"""The signals that end a program and can be handled; the last three have no other use here."""
GRACE: Final = 2.0
"""Seconds that the program has to end by itself."""
ANSWER_TIMEOUT: Final = 45.0
"""Seconds that the answer to most writes may take."""
_TICK: Final = 0.1
RESTORED: Final = (
    # Ends a half-written sequence, then: paste, wrap, mouse, keyboard and size reports, screen, cursor, focus, colours.
    b"\x1b\\\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2048l\x1b[<u\x1b[r\x1b[m\x1b[?1049l"
    b"\x1b[?25h\x1b[?1004l"
)
"""Gives a terminal back that a program left as it was."""


def _opened() -> int | None:
    """A descriptor of the controlling terminal, else of standard input or standard error; None without a terminal."""
    with contextlib.suppress(OSError):
        return os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    for standard in (0, 2):
        with contextlib.suppress(OSError):
            if os.isatty(standard):
                return os.dup(standard)
    return None


def print_line(sentence: str, *, timeout: float = 0.2) -> None:
    """Print a sentence on standard error; wait at most `patience` seconds until it can be written."""
    with contextlib.suppress(OSError, ValueError):
        _, ready, _ = select.select([], [2], [], timeout)
        if ready:
            os.write(2, f"{strip_controls(sentence)}\n".encode())


class ShutdownWatchdog:
    """Ends the program on its own thread when a signal came, so that a hanging event loop can't prevent it.

    `end(n)` is called on that thread for each signal: it asks the program to end with 128 + n. If the program has not
    ended after 2 seconds, it is ended here and the terminal is restored. While `awaited()`, the answer to a write has
    `longest()` seconds and 2 more; if it does not come, `unknown()` gives the sentence that is printed. `title()` gives
    back the title of the window.
    """

    def __init__(
        self,
        end: Callable[[int], None],
        *,
        awaited: Callable[[], bool] = lambda: False,
        unknown: Callable[[], str] = lambda: "",
        title: Callable[[], str] = lambda: "",
        longest: Callable[[], float] = lambda: ANSWER_TIMEOUT,
    ) -> None:
        self._end = end
        self._awaited = awaited
        self._unknown = unknown
        self._title = title
        self._longest = longest
        self._over = threading.Event()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)
        self._terminal: int | None = None
        self._saved_modes: list[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._gone = False

    def __enter__(self) -> ShutdownWatchdog:
        """Begin to watch; at the end the terminal gets the modes that it has now."""
        self._terminal = _opened()
        if self._terminal is not None:
            with contextlib.suppress(OSError, termios.error):
                self._saved_modes = termios.tcgetattr(self._terminal)
        for number in ENDING:
            # Python's own handlers run also while the event loop hangs; handlers of the loop do not.
            self._before[number] = signal.signal(number, self._came)
        threading.Thread(target=self._watch, daemon=True, name="watchdog").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to watch and restore the signal handlers."""
        self._over.set()
        with contextlib.suppress(OSError):
            os.write(self._wake_in, b"\0")
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _came(self, number: int, _: object) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake_in, bytes([number]))

    # ---- on the watchdog's thread

    def _watch(self) -> None:
        number = self._wait(None)
        if self._over.is_set():
            return
        self._end(number)
        deadline = time.monotonic() + GRACE
        last_moment = time.monotonic() + self._longest() + GRACE
        while not self._over.is_set():
            now = time.monotonic()
            if self._awaited():
                # When the answer has come, it must still be recorded and shown.
                deadline = now + GRACE
            if now > min(last_moment, deadline):
                self._cut_off(number)
            again = self._wait(_TICK)
            # A lost terminal is reported twice, by SIGHUP and by poll: the second report is not another request to end.
            if again and again != signal.SIGHUP and not self._over.is_set():
                self._end(number)

    def _wait(self, seconds: float | None) -> int:
        """The signal that came within so many seconds (None: wait for ever), or 0. A terminal that is gone is SIGHUP."""
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
        """End the program now."""
        if self._terminal is not None and not self._gone:
            # termios.error is not an OSError.
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self._terminal, termios.TCOFLUSH)
                if self._saved_modes is not None:
                    termios.tcsetattr(self._terminal, termios.TCSANOW, self._saved_modes)
                # A copy of a standard stream blocks while the terminal takes nothing.
                if select.select([], [self._terminal], [], 0)[1]:
                    os.write(self._terminal, RESTORED + self._title().encode())
        awaited = self._awaited()
        if (words := self._unknown()) and awaited:
            print_line(words)
        os._exit(128 + number)
