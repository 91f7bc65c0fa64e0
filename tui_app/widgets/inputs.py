"""Fields to type in and to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui_app.core.text import visible


class LineInput(Input):
    """One line: its cursor stands still, and what is pasted is text of one line that can be seen, whatever it was."""

    def on_mount(self) -> None:
        """A cursor that blinks would write to the line twice a second."""
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line with all that is in it, and does so for a base class unless told not to.
        event.prevent_default()
        event.stop()
        if line := visible(" ".join(event.text.split())):
            self.replace(line, *self.selection)


T = TypeVar("T")


class PasteInput(LineInput):
    """A field that hands on what is pasted with all its lines."""

    class Pasted(Message):
        """Text came."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.post_message(self.Pasted(event.text))


class CycleSelect(Widget, Generic[T], can_focus=True):
    """One of (value, label) pairs."""

    BINDINGS = [Binding("space,right,l", "turn(1)", show=False), Binding("left,h", "turn(-1)", show=False)]

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, options: Sequence[tuple[T, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = tuple(options)
        self._index = 0

    @property
    def value(self) -> T:
        """The chosen value."""
        return self._options[self._index][0]

    def choose(self, value: T) -> None:
        """Choose a value."""
        self._index = next(index for index, (known, _) in enumerate(self._options) if known == value)
        self.refresh()
        self.post_message(self.Changed())

    def render(self) -> Content:
        """The label between arrows, and how many values there are."""
        label = self._options[self._index][1]
        return Content.assemble(("‹ ", "dim"), label, (" ›", "dim"))

    def action_turn(self, step: int) -> None:
        """The next value, around the end."""
        self._index = (self._index + step) % len(self._options)
        self.refresh()
        self.post_message(self.Changed())
