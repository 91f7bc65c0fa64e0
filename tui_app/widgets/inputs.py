"""Inputs of one line, and a field that cycles through values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from tui_app.core.query import QueryError
from tui_app.core.text import visible


class LineInput(Input):
    """An input of one line. Its cursor does not blink; pasted text becomes one line of visible characters."""

    def on_mount(self) -> None:
        """Switch blinking off: it would write to the terminal twice a second."""
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """A field for a number or for given words takes no question mark: it asks for help there, as everywhere."""
        if event.character == "?" and not self.check_consume_key(event.key, event.character):
            event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the key is text here."""
        return super().check_consume_key(key, character) and not (character == "?" and self.has_class("asks"))

    def _on_paste(self, event: events.Paste) -> None:
        # Textual would insert the first line as it is; without prevent_default the base class does so too.
        event.prevent_default()
        event.stop()
        if line := visible(" ".join(event.text.split())):
            self.replace(line, *self.selection)


class OpenedLine(LineInput):
    """A line that is there only while something is asked for; what was typed when it was left is there the next time.

    Tab does not leave it: what is typed then would be keys.
    """

    BINDINGS = [Binding("tab,shift+tab", "stay", show=False)]

    class Toggled(Message):
        """It was opened, or closed."""

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:
        super().__init__(id=id, disabled=True, placeholder=placeholder, classes="opened-line")
        self._asked: tuple[object, str] = (None, "")
        self._left: dict[tuple[object, str], str] = {}

    @property
    def is_open(self) -> bool:
        """Whether somebody types in it."""
        return not self.disabled

    def ask(self, about: object, value: str) -> None:
        """Ask for something, with a value to begin with."""
        self._asked = (about, value)
        # It is selected: what is typed takes its place, end goes on with it.
        self.value, self.disabled = self._left.pop(self._asked, value), False
        self.focus()
        self.selection = Selection(0, len(self.value))

    def action_stay(self) -> None:
        """Nothing to complete, and nowhere to go."""

    def watch_disabled(self, disabled: bool) -> None:
        """Tell of it."""
        super().watch_disabled(disabled)
        self.post_message(self.Toggled())

    def keep(self, about: object, text: str) -> None:
        """Have a text that was in use there when the same is asked for with an empty line."""
        self._left[(about, "")] = text

    def leave(self) -> None:
        """Keep what was typed for the next time, and be asked no more."""
        if self.value != self._asked[1]:
            self._left[self._asked] = self.value
        self.disabled = True

    def close(self) -> None:
        """What was typed is used: be asked no more."""
        self.disabled = True

    def show_mistake(self, error: QueryError) -> None:
        """Select what is wrong; the text stays."""
        self.selection = Selection(error.start, error.end)


T = TypeVar("T")


class PasteInput(LineInput):
    """An input that posts pasted text with all its lines."""

    class Pasted(Message):
        """Text was pasted."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.post_message(self.Pasted(event.text))


class CycleSelect(Widget, Generic[T], can_focus=True):
    """A choice of one of the (value, label) pairs."""

    BINDINGS = [Binding("space,right,l", "turn(1)", show=False), Binding("left,h", "turn(-1)", show=False)]

    class Changed(Message):
        """The value may have changed."""

    def __init__(self, options: Sequence[tuple[T, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = tuple(options)
        self._index = 0

    @property
    def value(self) -> T:
        """The chosen value."""
        return self._options[self._index][0]

    def choose(self, value: T) -> None:
        """Choose a value. Raises StopIteration for one that is not an option."""
        self._index = next(index for index, (known, _) in enumerate(self._options) if known == value)
        self.refresh()
        self.post_message(self.Changed())

    def render(self) -> Content:
        """The label between arrows."""
        label = self._options[self._index][1]
        return Content.assemble(("‹ ", "dim"), label, (" ›", "dim"))

    def action_turn(self, step: int) -> None:
        """Choose the next value, after the last one the first."""
        self._index = (self._index + step) % len(self._options)
        self.refresh()
        self.post_message(self.Changed())
