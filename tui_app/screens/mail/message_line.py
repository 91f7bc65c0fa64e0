"""The line of a message: words to find in a part of it, or the name of a file to save it in."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message

from tui_app.widgets.inputs import OpenedLine


class MessageLine(OpenedLine):
    """Words to find, or the name of a file; tab turns to a file of another kind."""

    BINDINGS = [Binding("tab", "turn", show=False)]
    saves = False

    class Turned(Message):
        """A file of another kind is wanted."""

    def open(self, value: str, *, saves: bool) -> None:
        """Ask for something."""
        self.saves = saves
        self.ask(saves, value)

    def action_turn(self) -> None:
        """Want a file of another kind."""
        if self.saves:
            self.post_message(self.Turned())
