"""New sizes of the window: many in a short time are heard as one, the last."""

from __future__ import annotations

import asyncio
import signal
from functools import wraps
from typing import Final

from textual.drivers.linux_driver import LinuxDriver

_start = LinuxDriver.start_application_mode
_DEBOUNCE: Final = 0.02
"""Seconds in which several sizes count as one: the last."""


@wraps(_start)
def start_with_debounced_sizes(driver: LinuxDriver) -> None:
    """Start the driver as Textual does, but hear SIGWINCH on the event loop, at most once in 0.02 s."""
    _start(driver)  # type: ignore[no-untyped-call]
    handler = signal.getsignal(signal.SIGWINCH)
    if not callable(handler):
        return
    loop = asyncio.get_running_loop()
    waiting = False

    def handle() -> None:
        nonlocal waiting
        waiting = False
        handler(signal.SIGWINCH, None)

    def schedule() -> None:
        nonlocal waiting
        if not waiting:
            waiting = True
            loop.call_later(_DEBOUNCE, handle)

    # Python runs a handler inside of itself when the next signal comes before it is through: a window that is
    # dragged about would end in a RecursionError. The loop handles one after the other.
    loop.add_signal_handler(signal.SIGWINCH, schedule)
