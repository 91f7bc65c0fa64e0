"""The real program in a modern terminal, or in one that differs in what is told."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
PROGRAM: Final = (sys.executable, "-m", "tui_app")
ABSENT: Final = "absent"
"""In place of a variable's value: the variable is not there."""
MODERN: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}

Variables = Callable[..., dict[str, str]]
Start = Callable[..., Terminal]


def works(terminal: Terminal) -> None:
    """It shows the jobs, answers a key, and the way back."""
    terminal.sees("12 loaded", "live", "? help")
    terminal.press("?")
    terminal.sees("Help › jobs")
    terminal.press("q")
    terminal.sees("12 loaded", "▸", "? help")


def ends(terminal: Terminal, key: str = "q") -> None:
    """A key ends it, and the terminal is as it was."""
    terminal.press(key)
    assert terminal.ends() == 0
    assert terminal.cooked
    assert terminal.given_back
