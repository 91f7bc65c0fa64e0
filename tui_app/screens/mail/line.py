"""The line of the mail list: a search, a filter of what is listed, or the name of a file. With history and completion."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from textual.binding import Binding
from textual.message import Message

from tui_app.mail.query import complete
from tui_app.widgets.inputs import OpenedLine

_IN_AN_EMPTY_LINE: Final = {
    "SEARCH": "words from:… to:… subject:… verdict:… since:7d",
    "FILTER": "words -words from:… subject:… verdict:…",
    "FILE": "a name that ends in .csv, .json, .ndjson or .md",
}
_KEYS: Final = {
    "SEARCH": (("enter", "search"), ("tab", "complete"), ("↑", "earlier"), ("esc", "leave"), ("f1", "all fields")),
    "FILTER": (("enter", "filter"), ("esc", "leave"), ("f1", "help")),
    "FILE": (("enter", "write"), ("tab", "columns"), ("esc", "leave"), ("f1", "help")),
}


class Purpose(Enum):
    """What is typed."""

    SEARCH = auto()
    FILTER = auto()
    FILE = auto()

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys of the line, for the footer."""
        return _KEYS[self.name]


class MailLine(OpenedLine):
    """A search, a filter or the name of a file. Up and down bring searches back, tab completes one."""

    BINDINGS = [
        Binding("up", "earlier", show=False),
        Binding("down", "later", show=False),
        Binding("tab", "complete", show=False),
    ]
    purpose = Purpose.SEARCH

    class Choices(Message):
        """Several words may stand here."""

        def __init__(self, choices: Sequence[str]) -> None:
            super().__init__()
            self.choices = choices

    class ColumnsWanted(Message):
        """Other columns are wanted for the file."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._history: Sequence[str] = ()
        self._place = 0
        self._typed = ""

    def open(self, purpose: Purpose, value: str, history: Sequence[str] = ()) -> None:
        """Ask for something. What was typed for the same when the line was left is there again."""
        self.purpose = purpose
        self._history, self._place = history, len(history)
        self.placeholder = _IN_AN_EMPTY_LINE[purpose.name]
        self.ask(purpose, value)

    def action_earlier(self) -> None:
        """The search before."""
        self._go(-1)

    def action_later(self) -> None:
        """The search after, at last what was typed."""
        self._go(1)

    def _go(self, step: int) -> None:
        if not 0 <= self._place + step <= len(self._history):
            return
        if self._place == len(self._history):
            self._typed = self.value
        self._place += step
        self.value = self._history[self._place] if self._place < len(self._history) else self._typed
        self.cursor_position = len(self.value)

    def action_complete(self) -> None:
        """Complete the word before the cursor, as far as it is clear; for a file, choose its columns."""
        if self.purpose is Purpose.FILE:
            self.post_message(self.ColumnsWanted())
            return
        if self.purpose is not Purpose.SEARCH:
            return
        found = complete(self.value, self.cursor_position)
        if not found.choices:
            return
        common = found.common
        written = self.value[found.start : found.end]
        if len(common) >= len(written):
            end = " " if len(found.choices) == 1 and not common.endswith(":") else ""
            self.value = f"{self.value[: found.start]}{common}{end}{self.value[found.end :]}"
            self.cursor_position = found.start + len(common) + len(end)
        if len(found.choices) == 1:
            found = complete(self.value, self.cursor_position)  # a field with few values: which
        if len(found.choices) > 1 and found.end == self.cursor_position:
            self.post_message(self.Choices(found.choices))
