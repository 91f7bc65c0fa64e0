"""The console on an account: that it works, and that it ends."""

from collections.abc import Callable

from tests.support.terminal import Terminal

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
