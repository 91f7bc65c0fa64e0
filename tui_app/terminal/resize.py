"""Sizes of the window as they come: a storm of them must not end the console."""

from __future__ import annotations

import asyncio
import signal
from functools import wraps
from typing import Final

from textual.drivers.linux_driver import LinuxDriver

_start = LinuxDriver.start_application_mode
_AT_ONCE: Final = 0.02
"""Seconds in which sizes that come one after the other are one: the last."""


@wraps(_start)
def _start_calmly(driver: LinuxDriver) -> None:
    _start(driver)  # type: ignore[no-untyped-call]
    told = signal.getsignal(signal.SIGWINCH)
    if not callable(told):
        return
    loop = asyncio.get_running_loop()
    waiting = False

    def tell() -> None:
        nonlocal waiting
        waiting = False
        told(signal.SIGWINCH, None)

    def came() -> None:
        nonlocal waiting
        if not waiting:
            waiting = True
            loop.call_later(_AT_ONCE, tell)

    # Python runs a handler inside of itself when the next signal comes before it is through: a window that is
    # dragged about would end in a RecursionError. The loop takes one after the other.
    loop.add_signal_handler(signal.SIGWINCH, came)


def install_resize_debounce() -> None:
    """Let Textual hear of sizes on its loop. A private hook: the pty tests that change sizes fail without it."""
    LinuxDriver.start_application_mode = _start_calmly  # type: ignore[method-assign]
