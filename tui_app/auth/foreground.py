"""Lends the terminal's foreground to another program that asks a question there, and takes it back."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from typing import Any


def send(group: int, number: int) -> None:
    """Send a signal to a process group; does nothing if it has ended or is not ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


class TerminalForeground:
    """Our terminal, if there is one and it is `wanted`. A process group that it is lent to can read and gets ctrl+c."""

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
        """Whether we are in the foreground, and not in the background of a shell."""
        with contextlib.suppress(OSError):
            return self.descriptor is not None and os.tcgetpgrp(self.descriptor) == os.getpgrp()
        return False

    def lend(self, group: int) -> None:
        """Give the group the foreground, and continue it if it was stopped because it tried to read."""
        if self.descriptor is not None and self._in_front:
            # We are in the background then: with SIGTTOU blocked we can still write and take the foreground back.
            self._before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
            self.lent = True
            with contextlib.suppress(OSError, termios.error):  # termios.error is not an OSError
                self._ours = termios.tcgetattr(self.descriptor)
                if self._theirs is not None:
                    termios.tcsetattr(self.descriptor, termios.TCSANOW, self._theirs)
                os.tcsetpgrp(self.descriptor, group)
        send(group, signal.SIGCONT)

    def take_back(self, *, forget_typed: bool = False) -> None:
        """Take the foreground and our terminal modes back. `forget_typed` drops typed text, such as half a pass phrase."""
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
        """Stop ourselves after the group was stopped, as by ctrl+z; when the shell continues us, continue the group."""
        self.take_back()
        # A group that read before `lend` goes on at once; one that reads in the background waits with us.
        if number == signal.SIGTSTP or not self._in_front:
            os.kill(0, number)
        self.lend(group)
