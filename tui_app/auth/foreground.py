"""The terminal while another program asks there: it has the foreground then, and we take it back as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from typing import Any


def send(group: int, number: int) -> None:
    """Send a signal to a whole group, if any of it is left and is ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


class TerminalForeground:
    """Our terminal, if we have one and `wanted`; lent to a group of processes so that it can read there and gets ctrl+c."""

    def __init__(self, *, wanted: bool) -> None:
        self.descriptor: int | None = None
        self.lent = False
        self._before: set[int | signal.Signals] = set()
        self._ours: list[Any] | None = None
        self._theirs: list[Any] | None = None
        if wanted:
            with contextlib.suppress(OSError):  # there is none
                self.descriptor = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)

    def __enter__(self) -> TerminalForeground:
        return self

    def __exit__(self, *_: object) -> None:
        self.take_back()
        if self.descriptor is not None:
            os.close(self.descriptor)

    @property
    def _in_front(self) -> bool:
        """Whether it is ours to lend: not where a shell runs us in the background."""
        with contextlib.suppress(OSError):
            return self.descriptor is not None and os.tcgetpgrp(self.descriptor) == os.getpgrp()
        return False

    def lend(self, group: int) -> None:
        """Let a group have it, and go on if it was stopped for trying."""
        if self.descriptor is not None and self._in_front:
            # We are in the background now: whoever does not hear SIGTTOU may write and take back all the same.
            self._before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
            self.lent = True
            with contextlib.suppress(OSError, termios.error):  # termios.error is no OSError
                self._ours = termios.tcgetattr(self.descriptor)
                if self._theirs is not None:
                    termios.tcsetattr(self.descriptor, termios.TCSANOW, self._theirs)
                os.tcsetpgrp(self.descriptor, group)
        send(group, signal.SIGCONT)

    def take_back(self, *, forget_typed: bool = False) -> None:
        """Have it again, with the echo that a question may have put out; half a pass phrase is nothing for the next reader."""
        if self.descriptor is None or not self.lent:
            return
        self.lent = False
        with contextlib.suppress(OSError, termios.error):
            os.tcsetpgrp(self.descriptor, os.getpgrp())
            self._theirs = termios.tcgetattr(self.descriptor)
            if forget_typed:
                termios.tcflush(self.descriptor, termios.TCIFLUSH)
            if self._ours is not None:
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self._ours)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def stop_too(self, group: int, number: int) -> None:
        """The group was stopped, as by ctrl+z: so are we, for the shell, and both go on together."""
        self.take_back()
        # Who only was quicker than `lend` goes on at once; who reads in the background waits with us for the foreground.
        if number == signal.SIGTSTP or not self._in_front:
            os.kill(0, number)
        self.lend(group)
