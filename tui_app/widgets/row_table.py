"""A table of any number of rows: only the visible ones are rendered, and the cursor and marks follow ids."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_app.text import safe

T = TypeVar("T")


class Cell(NamedTuple):
    """Text of one cell and its tone: ``, `error`, `warning`, `success`, `muted` or `strong`."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, width in cells (0 takes what is left, by `weight`), and the table width from which it shows."""

    title: str
    width: int = 0
    weight: int = 1
    right: bool = False
    from_width: int = 0


class RowTable(ScrollView, Generic[T], can_focus=True):
    """Rows of one kind. `key` is a row's identity, `cells` its text, one per column."""

    COMPONENT_CLASSES = {
        "row-table--header",
        "row-table--cursor",
        "row-table--mark",
        "row-table--error",
        "row-table--warning",
        "row-table--success",
        "row-table--muted",
        "row-table--strong",
    }

    class Moved(Message):
        """The cursor is on another row, or on the same row with other content."""

    class Marked(Message):
        """Rows were marked or unmarked."""

    class AtEnd(Message):
        """Somebody wants to go past the last loaded row."""

    def __init__(
        self,
        columns: Sequence[Column],
        key: Callable[[T], str],
        cells: Callable[[T], Sequence[Cell]],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._key = key
        self._cells = cells
        self._rows: Sequence[T] = ()
        self._place: dict[str, int] = {}
        self._cursor = 0
        self._cursor_key: str | None = None
        self._marks: dict[str, None] = {}
        self._mark_anchor: str | None = None
        self._empty = ""
        self._painted: dict[int, object] = {}

    # ---- what is shown

    def show_rows(self, rows: Sequence[T], *, whole: bool = True) -> None:
        """Show these rows. The cursor stays on its row; if that is gone, on its place. `whole`: marks of absent rows go."""
        self._rows = rows
        self._place = {self._key(row): index for index, row in enumerate(rows)}
        if self._cursor_key in self._place:
            self._cursor = self._place[self._cursor_key]
        self._cursor = max(0, min(self._cursor, len(rows) - 1))
        if rows:
            self._cursor_key = self._key(rows[self._cursor])
        if whole:
            gone = [key for key in self._marks if key not in self._place]
            for key in gone:
                del self._marks[key]
            if gone:
                self.post_message(self.Marked())
        size = Size(self.size.width, len(rows) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        self._keep_cursor_visible()
        self._repaint_changed()
        self.post_message(self.Moved())

    def say_if_empty(self, text: str) -> None:
        """What to show when there are no rows."""
        if text != self._empty:
            self._empty = text
            if not self._rows:
                self.refresh()

    @property
    def rows(self) -> Sequence[T]:
        """All rows."""
        return self._rows

    @property
    def cursor_row(self) -> T | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def cursor_index(self) -> int:
        """Its place, from 0."""
        return self._cursor

    def forget_cursor(self) -> None:
        """Start at the first row with the next rows: they are other ones."""
        self._cursor, self._cursor_key = 0, None
        self.scroll_to(y=0, animate=False, immediate=True, force=True)

    # ---- moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; past either end it stops there, and past the last one asks for more."""
        if index >= len(self._rows):
            self.post_message(self.AtEnd())
        index = max(0, min(index, len(self._rows) - 1))
        if not self._rows or index == self._cursor:
            return
        self._cursor, self._cursor_key = index, self._key(self._rows[index])
        self._keep_cursor_visible()
        self._repaint_changed()
        self.post_message(self.Moved())

    def move_by(self, rows: int) -> None:
        """Move the cursor up or down."""
        self.move_to(self._cursor + rows)

    def move_last(self) -> None:
        """To the last loaded row; if it is there already, ask for more."""
        self.move_to(len(self._rows) - 1 if self._cursor < len(self._rows) - 1 else len(self._rows))

    @property
    def page_rows(self) -> int:
        """Rows that fit under the header."""
        return max(1, self.size.height - 1)

    def _keep_cursor_visible(self) -> None:
        top = int(self.scroll_offset.y)
        wanted = min(max(top, self._cursor - self.page_rows + 1), self._cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)

    # ---- marks

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of marked rows, in the order they were marked; rows not loaded now included."""
        return tuple(self._marks)

    def marked_rows(self) -> tuple[T, ...]:
        """Marked rows that are loaded, in table order."""
        return tuple(row for row in self._rows if self._key(row) in self._marks)

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor, and go on to the next."""
        if self._cursor_key is None or not self._rows:
            return
        if self._cursor_key in self._marks:
            del self._marks[self._cursor_key]
        else:
            self._marks[self._cursor_key] = None
            self._mark_anchor = self._cursor_key
        self._marks_changed()
        if self._cursor < len(self._rows) - 1:
            self.move_by(1)

    def mark_range(self) -> None:
        """Mark all rows between the last marked one and the cursor."""
        if self._cursor_key is None or not self._rows:
            return
        start = self._place.get(self._mark_anchor or "", self._cursor)
        for index in range(min(start, self._cursor), max(start, self._cursor) + 1):
            self._marks[self._key(self._rows[index])] = None
        self._mark_anchor = self._cursor_key
        self._marks_changed()

    def mark(self, keys: Iterable[str]) -> None:
        """Mark these."""
        self._marks.update(dict.fromkeys(keys))
        self._marks_changed()

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark these."""
        for key in keys:
            self._marks.pop(key, None)
        self._marks_changed()

    def unmark_all(self) -> None:
        """Mark none."""
        self._marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._repaint_changed()
        self.post_message(self.Marked())

    # ---- painting

    def _state_of_line(self, y: int) -> object:
        """All that the look of a line depends on, so that an unchanged line is not painted again."""
        index = y - 1 + int(self.scroll_offset.y)
        if y == 0 or not 0 <= index < len(self._rows):
            return (y == 0, self.size.width, self._empty if not self._rows else "")
        key = self._key(self._rows[index])
        return (tuple(self._cells(self._rows[index])), index == self._cursor, key in self._marks, self.size.width)

    def _repaint_changed(self) -> None:
        for y in range(self.size.height):
            if self._painted.get(y) != self._state_of_line(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def _widths(self) -> list[tuple[int, Column, int]]:
        """Shown columns with their place among the cells and their width."""
        shown = [(place, column) for place, column in enumerate(self._columns) if self.size.width >= column.from_width]
        fixed = sum(column.width for _, column in shown) + len(shown) - 1
        flexible = sum(column.weight for _, column in shown if not column.width)
        spare = max(0, self.size.width - 2 - fixed)
        widths: list[tuple[int, Column, int]] = []
        given = taken = 0
        for place, column in shown:
            if column.width:
                widths.append((place, column, column.width))
                continue
            taken += column.weight
            width = spare * taken // flexible - given
            given += width
            widths.append((place, column, width))
        return widths

    @staticmethod
    def _fit(text: str, width: int, *, right: bool) -> str:
        missing = width - cell_len(text)
        if missing < 0:
            return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
        return " " * missing + text if right else text + " " * missing

    def _tone(self, tone: str) -> Style:
        """Colour and weight of a tone; the ground is the row's."""
        toned = self.get_component_rich_style(f"row-table--{tone}")
        return Style(color=toned.color, bold=toned.bold)

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header, a row, or nothing."""
        self._painted[y] = self._state_of_line(y)
        base = self.rich_style
        index = y - 1 + int(self.scroll_offset.y)
        if y == 0:
            style = base + self._tone("header")
            return self._strip([Cell(column.title) for column in self._columns], "  ", style, style)
        if not 0 <= index < len(self._rows):
            said = textwrap.wrap(self._empty, max(20, self.size.width - 4)) if not self._rows else []
            text = f"  {said[y - 2]}" if 0 <= y - 2 < len(said) else ""
            return Strip([Segment(set_cell_size(text, self.size.width), base)], self.size.width)
        on_cursor, marked = index == self._cursor, self._key(self._rows[index]) in self._marks
        style = base + self.get_component_rich_style("row-table--cursor", partial=True) if on_cursor else base
        edge = style + self.get_component_rich_style("row-table--mark", partial=True) if marked else style
        prefix = ("▸" if on_cursor else " ") + ("✓" if marked else " ")
        return self._strip(self._cells(self._rows[index]), prefix, style, edge)

    def _strip(self, cells: Sequence[Cell], prefix: str, style: Style, edge: Style) -> Strip:
        segments = [Segment(prefix, edge)]
        for place, column, width in self._widths():
            if place:
                segments.append(Segment(" ", style))
            cell = cells[place]
            # Cells are safe text already; once more here, so that no caller can forget it.
            text = self._fit(safe(cell.text), width, right=column.right)
            segments.append(Segment(text, style + self._tone(cell.tone) if cell.tone else style))
        return Strip(segments).adjust_cell_length(self.size.width, style)

    def on_resize(self) -> None:
        """Rows keep their place; the cursor stays in sight."""
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._keep_cursor_visible()
        self.refresh()
