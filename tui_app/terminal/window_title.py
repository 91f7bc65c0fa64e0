"""The title of the terminal's window: written when it changes, and given back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tui_app.core.text import sanitize, strip_controls

LONGEST: Final = 80
"""Characters of a title; tabs and lists of windows show fewer."""
_WITHOUT: Final = re.compile(r"linux.*|fbterm.*|cons[0-9].*|bterm.*|eterm.*|sun.*", re.IGNORECASE)
"""Values of TERM of terminals that have no title; some of them print it."""
_PUSH: Final = "\x1b[22;2t"
_GIVE_BACK: Final = "\x1b]2;\x1b\\\x1b[23;2t"
"""An empty title, which is the terminal's own, for those that keep no others; then the one that was there before."""


class WindowTitle:
    """The title while the console has the terminal; `write` writes a sequence to it, if it is there.

    Where it is not `wanted`, or the terminal (TERM) has none, nothing is written.
    """

    def __init__(self, write: Callable[[str], None], *, wanted: bool, terminal: str) -> None:
        self._write = write
        self._wanted = wanted and not _WITHOUT.fullmatch(terminal)
        self._text = ""
        self._held = False
        """Whether the terminal has a title of ours."""

    def show(self, text: str) -> None:
        """Show this, without anything that a terminal obeys; does nothing if it is shown already."""
        text = strip_controls(sanitize(text, LONGEST))
        if text != self._text:
            self._text = text
            if self._held:
                self._write(self._sequence)

    @property
    def _sequence(self) -> str:
        return f"\x1b]2;{self._text}\x1b\\"

    def begin(self) -> str:
        """What to write when the console takes the terminal."""
        if not self._wanted:
            return ""
        self._held = True
        return _PUSH + self._sequence

    def end(self) -> str:
        """What to write when it gives the terminal back, once."""
        held, self._held = self._held, False
        return _GIVE_BACK if held else ""

    @property
    def to_restore(self) -> str:
        """What gives the title back now, for who ends the console from outside."""
        return _GIVE_BACK if self._held else ""
