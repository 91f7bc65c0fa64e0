"""A short list to choose one of: by j and k, by its number, by enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

_DIGITS: Final = range(1, 10)


class ChoiceList(Widget, can_focus=True):
    """Lines of a left and a right text, `most` of them at once; the first nine have a number."""

    BINDINGS = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g,home", "move_to(0)", show=False),
        Binding("G,end", "move_to(-1)", show=False),
        Binding("enter,l", "choose", show=False),
        *(Binding(str(number), f"choose_number({number})", show=False) for number in _DIGITS),
    ]

    class Moved(Message):
        """Another line is under the cursor."""

    class Chosen(Message):
        """A line was chosen."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[tuple[str, str]] = ()
        self.cursor = 0
        self._top = 0

    def show(self, lines: Sequence[tuple[str, str]], most: int, cursor: int = 0) -> None:
        """Show these lines; each text is one that may be shown."""
        self._lines = lines
        self.cursor = max(0, min(cursor, len(lines) - 1))
        self.styles.height = max(1, min(len(lines), most))
        self._follow()

    def render(self) -> Content:
        """The lines that there is room for."""
        width = self.content_size.width
        shown: list[Content] = []
        for index in range(self._top, min(len(self._lines), self._top + self._room)):
            left, right = self._lines[index]
            number = f"{index + 1} " if index < len(_DIGITS) else "  "
            room = max(8, width - 4 - (cell_len(right) + 2 if right else 0))
            cut = f"{set_cell_size(left, room - 1)}…" if cell_len(left) > room else set_cell_size(left, room)
            here = index == self.cursor
            line = f"{'▸' if here else ' '} {number}{cut}" + (f"  {right}" if right else "")
            shown.append(
                Content.assemble((line, "bold reverse" if here and self.has_focus else "bold" if here else ""))
            )
        return Content("\n").join(shown)

    @property
    def _room(self) -> int:
        return self.content_size.height or len(self._lines)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._follow()

    def on_focus(self) -> None:
        """Show where the keys go."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.refresh()

    def _follow(self) -> None:
        self._top = max(min(self._top, self.cursor), self.cursor - self._room + 1, 0)
        self.refresh(layout=True)

    def _go(self, index: int) -> None:
        if self._lines:
            self.cursor = max(0, min(index, len(self._lines) - 1))
            self._follow()
            self.post_message(self.Moved())

    def action_move(self, step: int) -> None:
        """Move by a line."""
        self._go(self.cursor + step)

    def action_move_to(self, index: int) -> None:
        """Move to the first or the last line."""
        self._go(index if index >= 0 else len(self._lines) - 1)

    def action_choose(self) -> None:
        """Choose the line under the cursor."""
        if self._lines:
            self.post_message(self.Chosen(self.cursor))

    def action_choose_number(self, number: int) -> None:
        """Choose the line with this number."""
        if number <= len(self._lines):
            self._go(number - 1)
            self.action_choose()
