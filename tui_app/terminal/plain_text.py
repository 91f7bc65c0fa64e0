"""Shows plain text on the terminal's normal screen, where it can be selected with the mouse and stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
import termios
import threading
from collections.abc import Sequence
from typing import Final

from textual.app import App

from tui_app.core.text import strip_controls

_PROMPT: Final = "-- any key goes back to mailsluice --"
_TICK: Final = 0.1


async def show_plainly(app: App[None], lines: Sequence[str]) -> None:
    """Leave the full screen, print the lines, wait for a key, come back. Polls and plans continue meanwhile."""
    left = threading.Event()
    with app.suspend():
        try:
            await asyncio.to_thread(_print_and_wait, lines, left)
        finally:
            left.set()


def _print_and_wait(lines: Sequence[str], left: threading.Event) -> None:
    text = "\n".join([*map(strip_controls, lines), "", _PROMPT])
    with contextlib.suppress(OSError):
        print(text, file=sys.__stdout__, flush=True)
    tty = 0
    try:
        before = termios.tcgetattr(tty)
        one_key = termios.tcgetattr(tty)
        # ctrl+c and ctrl+z go back here like any other key.
        one_key[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
        termios.tcsetattr(tty, termios.TCSAFLUSH, one_key)
    except termios.error:
        return
    try:
        while not left.is_set():
            ready, _, _ = select.select([tty], [], [], _TICK)
            if ready:
                os.read(tty, 1024)
                return
    except OSError:
        return
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(tty, termios.TCSANOW, before)
