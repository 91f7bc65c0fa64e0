"""A field with a few fixed values: blank or the arrow keys go through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

T = TypeVar("T")


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
