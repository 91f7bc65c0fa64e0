"""The line of a job's screen: a filter of its rows, or the name of a file for them or for the job's report."""

from __future__ import annotations

from enum import Enum, auto

from textual.binding import Binding
from textual.message import Message

from tui_app.widgets.inputs import OpenedLine


class Purpose(Enum):
    """What is typed."""

    FILTER = auto()
    ROWS = auto()
    REPORT = auto()

    @property
    def is_file(self) -> bool:
        """Whether it is the name of a file."""
        return self is not Purpose.FILTER


class TypedLine(OpenedLine):
    """A filter or the name of a file. Tab turns from the file of rows to that of the report, and back."""

    BINDINGS = [Binding("tab", "turn", show=False)]
    purpose = Purpose.FILTER

    class Turned(Message):
        """The other file is wanted."""

        def __init__(self, purpose: Purpose) -> None:
            super().__init__()
            self.purpose = purpose

    def open(self, purpose: Purpose, value: str) -> None:
        """Ask for something."""
        self.purpose = purpose
        self.ask(purpose, value)

    def action_turn(self) -> None:
        """Want the other file; a filter has nothing to turn to."""
        if not self.purpose.is_file:
            return
        self.post_message(self.Turned(Purpose.ROWS if self.purpose is Purpose.REPORT else Purpose.REPORT))
