"""The table of the console: rows of any number, with marks, tones and columns that fit the width."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets.data_table import Column as TableColumn
from textual.widgets.data_table import ColumnKey

from tui_app.core.fitting import end_of, fitted, short_address
from tui_app.key_map import key_map_of
from tui_app.widgets.columns import Column, shares
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText, redaction_of
from tui_app.widgets.virtual_table import Cell, Rows, VirtualTable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_NARROWEST: Final = 8
"""Cells of a flexible column that somebody chose."""
_STEP: Final = 4
_EDGE: Final = 2
"""Cells before the first column: the cursor and the mark."""


class MarkedRows(Rows[T_co], Protocol[T_co]):
    """Rows of which some are marked; marks are kept by key, so that they last when rows move."""

    @property
    def marks(self) -> int:
        """How many rows are marked, here or not."""
        ...

    def is_marked(self, index: int) -> bool:
        """Whether the row at an index is marked."""
        ...

    def mark(self, positions: Iterable[int], *, on: bool) -> None:
        """Mark or unmark rows by their indexes."""
        ...

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark these, here or not."""
        ...

    def unmark_all(self) -> None:
        """Mark none, here or not."""
        ...

    def unmark_absent(self) -> None:
        """Mark nothing that is not here."""
        ...

    def marked_rows(self) -> tuple[T_co, ...]:
        """Marked rows, as far as they are known."""
        ...


class RowTable(VirtualTable[T], Generic[T], inherit_bindings=False):
    """Job messages, held messages or jobs; the keys are the screen's. The cursor stays on its row wherever that goes."""

    COMPONENT_CLASSES = {
        "row-table--mark",
        "row-table--error",
        "row-table--warning",
        "row-table--success",
        "row-table--accent",
        "row-table--sign",
        "row-table--muted",
        "row-table--strong",
        "row-table--progress",
        "row-table--progress-over",
    }

    class Marked(Message):
        """Rows were marked or unmarked."""

    class AtEnd(Message):
        """Somebody wants to go past the last loaded row."""

    def __init__(
        self, columns: Sequence[Column], cells: Callable[[T], Sequence[Cell]], *, id: str | None = None
    ) -> None:
        self._wanted = tuple(columns)
        self._laid_out: tuple[tuple[int, Column, int], ...] = ()
        self._chosen: tuple[int, ...] = ()
        """The columns that somebody chose, by their positions; empty for the usual ones."""
        self._fitted_for: frozenset[str] = frozenset()
        """The rows on the screen when columns were fitted to a list last."""
        self._needs: dict[int, int] = {}
        """Cells that the flexible columns need, by their positions, as far as rows were on the screen."""
        self._painted: dict[int, object] = {}
        self._tones: dict[tuple[Style, str], Style] = {}
        self._made: tuple[int, Sequence[Cell]] = (-1, ())
        """The cells of the line that is being painted."""
        self._strips: dict[int, tuple[object, Strip]] = {}
        """Lines as they were painted last, and what that depended on."""
        self.cursor_key: str | None = None
        """The row that the cursor is on, or will be on when it is shown."""
        self._mark_anchor: str | None = None
        self._empty = ""
        self.sorted_by = ""
        """The field of the column that rows are sorted by; empty when they are as the server has them."""
        self.reversed = False
        super().__init__(cells, id=id, cell_padding=0)
        self.marked: MarkedRows[T] = ListRows[T]((), str)
        """The rows with their marks."""

    # ---- what is shown

    def show_rows(self, rows: MarkedRows[T], *, whole: bool = True) -> None:
        """Show these rows. The cursor stays on its row; if that is gone, on its place. `whole`: marks of absent rows go."""
        before = self.cursor_row
        self.shown = self.marked = rows
        position = rows.index_of(self.cursor_key) if self.cursor_key is not None else None
        self._update_count += 1
        self._measure()
        at = max(0, min(before if position is None else position, len(rows) - 1))
        top = int(self.scroll_offset.y)
        if at != before:
            # The row stays on its line of the screen, if there is enough above it.
            self._look_from(top + at - before)
        key, waits = self.cursor_key, position is None and self.cursor_key is not None and not whole
        self._put_cursor(at)
        if waits:
            # More is on its way: the cursor's row may be among it.
            self.cursor_key = key
        if whole and rows.marks:
            marks = rows.marks
            rows.unmark_absent()
            if rows.marks != marks:
                self.post_message(self.Marked())
        seen = frozenset(map(rows.key_at, self._on_screen()))
        if 2 * len(seen & self._fitted_for) < len(seen):
            self.refit()  # other rows, not the same ones with news
        self._fitted_for = seen
        self._fit_columns()
        self._repaint_changed()

    def _on_screen(self) -> range:
        """The places of the rows on the screen."""
        top = int(self.scroll_offset.y)
        return range(top, min(top + self.page_rows, len(self.shown)))

    def set_empty_text(self, text: str) -> None:
        """What to show when there are no rows."""
        text = key_map_of(self).told(text) if self.is_attached else text
        if text != self._empty:
            self._empty = text
            if not len(self.shown):
                self.refresh()

    @property
    def empty_text(self) -> str:
        """What is shown when there are no rows."""
        return self._empty

    @property
    def current(self) -> T | None:
        """The row under the cursor."""
        return self.shown[self.cursor_row] if self.cursor_row < len(self.shown) else None

    def forget_cursor(self) -> None:
        """Start at the first row with the next rows: they are other ones."""
        self.cursor_key = None
        self._needs = {}
        self.cursor_coordinate = self.cursor_coordinate._replace(row=0)
        self._look_from(0)

    def refit(self) -> None:
        """Other rows are to be shown: the columns are as wide as those need, whatever the ones before did."""
        self._needs = {}

    def show_sort(self, field: str, *, reverse: bool) -> None:
        """Point an arrow at the column that rows are sorted by; none for an empty field."""
        if (field, reverse) != (self.sorted_by, self.reversed):
            self.sorted_by, self.reversed = field, reverse
            self.refit()
            self._lay_out()

    def next_sort(self) -> str:
        """The field after the one that rows are sorted by, among the columns that show; empty after the last."""
        fields = ["", *(column.field for _, column, _ in self._laid_out if column.field)]
        return fields[(fields.index(self.sorted_by) + 1) % len(fields)] if self.sorted_by in fields else ""

    # ---- moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; past either end it stops there, and past the last one asks for more."""
        if index >= len(self.shown):
            self.post_message(self.AtEnd())
        self._put_cursor(max(0, min(index, len(self.shown) - 1)))

    def move_by(self, rows: int) -> None:
        """Move the cursor up or down."""
        self.move_to(self.cursor_row + rows)

    def move_last(self) -> None:
        """To the last loaded row; if it is there already, ask for more."""
        self.move_to(len(self.shown) - 1 if self.cursor_row < len(self.shown) - 1 else len(self.shown))

    @property
    def page_rows(self) -> int:
        """Rows that fit under the header."""
        return max(1, self.size.height - self._header_lines)

    def _put_cursor(self, index: int) -> None:
        if index != self.cursor_row:
            self.cursor_coordinate = self.cursor_coordinate._replace(row=index)
        self.cursor_key = self.shown.key_at(index) if index < len(self.shown) else self.cursor_key
        self._scroll_cursor_into_view()

    def _scroll_cursor_into_view(self, animate: bool = False) -> None:
        top = int(self.scroll_offset.y)
        self._look_from(min(max(top, self.cursor_row - self.page_rows + 1), self.cursor_row))

    def _look_from(self, row: int) -> None:
        """Let a row be the first under the header, or as near to that as there are rows."""
        row = max(0, min(row, len(self.shown) - self.page_rows))
        if row != int(self.scroll_offset.y):
            self.scroll_to(y=row, animate=False, immediate=True, force=True)
            self._fit_columns()

    # ---- marks

    def toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor, and go on to the next."""
        if not len(self.shown):
            return
        on = not self.marked.is_marked(self.cursor_row)
        self.marked.mark([self.cursor_row], on=on)
        if on:
            self._mark_anchor = self.cursor_key
        self._marks_changed()
        if self.cursor_row < len(self.shown) - 1:
            self.move_by(1)

    def mark_range(self) -> None:
        """Mark all rows between the last marked one and the cursor."""
        if not len(self.shown):
            return
        anchor = self.shown.index_of(self._mark_anchor) if self._mark_anchor is not None else None
        start = self.cursor_row if anchor is None else anchor
        self.marked.mark(range(min(start, self.cursor_row), max(start, self.cursor_row) + 1), on=True)
        self._mark_anchor = self.cursor_key
        self._marks_changed()

    def mark_shown(self, positions: Iterable[int] | None = None) -> None:
        """Mark all rows, or those at some places."""
        self.marked.mark(range(len(self.shown)) if positions is None else positions, on=True)
        self._marks_changed()

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark these."""
        self.marked.unmark(keys)
        self._marks_changed()

    def unmark_all(self) -> None:
        """Mark none."""
        self.marked.unmark_all()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._repaint_changed()
        self.post_message(self.Marked())

    # ---- columns

    def on_mount(self) -> None:
        """Lay the columns out."""
        self._lay_out()

    def _on_resize(self, event: Any) -> None:
        super()._on_resize(event)
        self._needs = {}
        self._lay_out()
        self._scroll_cursor_into_view()
        self._fit_columns()
        self.refresh()

    def notify_style_update(self) -> None:
        """Other colours: all lines are painted anew."""
        super().notify_style_update()
        self._strips.clear()
        self._tones.clear()

    def choose_columns(self, titles: Sequence[str] | None) -> None:
        """Show only these columns, in this order, as far as there is room; with None the usual ones for the width."""
        known = {column.title: position for position, column in reversed(list(enumerate(self._wanted)))}
        chosen = tuple(dict.fromkeys(known[title] for title in titles or () if title in known))
        if chosen != self._chosen:
            self._chosen = chosen
            self._lay_out()

    @property
    def column_titles(self) -> Sequence[str]:
        """The headings of all columns that there are, each once."""
        return tuple(dict.fromkeys(column.title for column in self._wanted if column.title))

    @property
    def usual_titles(self) -> Sequence[str]:
        """The headings of the columns that the width has when nobody chose any."""
        chosen, self._chosen = self._chosen, ()
        usual = self.shown_titles
        self._chosen = chosen
        return usual

    @property
    def sort_fields(self) -> Sequence[str]:
        """What rows can be sorted by."""
        return tuple(column.field for column in self._wanted if column.field)

    @property
    def shown_titles(self) -> Sequence[str]:
        """The headings of the columns that are shown, or would be if they were not empty."""
        return tuple(dict.fromkeys(column.title for _, column in self._in_width() if column.title))

    def _in_width(self) -> list[tuple[int, Column]]:
        """The columns for the width there is, by their positions among all."""
        if not self._chosen:
            return [
                (position, column)
                for position, column in enumerate(self._wanted)
                if self.size.width >= column.from_width and not 0 < column.until_width <= self.size.width
            ]
        shown: list[tuple[int, Column]] = []
        left = self.size.width - _EDGE
        for position in self._chosen:
            column = self._wanted[position]
            left -= (column.width or _NARROWEST) + bool(shown)
            if left < 0:
                break
            shown.append((position, column))
        return shown

    def _lay_out(self) -> None:
        """Give the columns the width there is; never wider gaps, and never a column half on the screen.

        A flexible column is as wide as what the rows on the screen need, or as there is room for; one in which none of
        them has anything takes none. What is left over is the last one's.
        """
        needs = self._needs
        shown = [
            (position, column)
            for position, column in self._in_width()
            if column.width or not needs or needs.get(position, 0)
        ]
        fixed = sum(column.width for _, column in shown) + len(shown) - 1
        flexible = [(position, column) for position, column in shown if not column.width]
        widths = shares(
            [(column.weight, max(needs.get(position, 0), len(column.title) + 2)) for position, column in flexible],
            max(0, self.size.width - _EDGE - fixed),
            fitted=bool(needs),
        )
        given = dict(zip((position for position, _ in flexible), widths, strict=True))
        if flexible and flexible[-1][0] == shown[-1][0]:
            # The end of the line is free: a text that gets longer has room there.
            given[flexible[-1][0]] += max(0, self.size.width - _EDGE - fixed - sum(widths))
        self._laid_out = tuple((position, column, column.width or given[position]) for position, column in shown)
        # DataTable's own columns: the edge, then each with the blank before it.
        self.columns.clear()
        self._column_locations = type(self._column_locations)({})
        self._add(" " * _EDGE, "", _EDGE)
        for number, (position, column, width) in enumerate(self._laid_out):
            gap = 1 if number else 0
            heading = fitted(column.title + self._arrow(column), width, right=column.right)
            self._add(" " * gap + heading, str(position), width + gap)
        self._clear_caches()
        self._painted.clear()
        self._strips.clear()
        self._measure()
        self.refresh()

    def _fit_columns(self) -> None:
        """Widen the columns for what the rows on the screen need; they never get narrower under somebody's eyes."""
        if not len(self.shown):
            self._needs = {}
            return
        flexible = [position for position, column in self._in_width() if not column.width]
        if not flexible:
            return
        needs = dict(self._needs)
        for index in self._on_screen():
            cells = self._cells_of(self.shown[index])
            for position in flexible:
                needed = cell_len(cells[position].text)
                # In steps, so that a letter more does not move all columns.
                if needed > needs.get(position, 0):
                    needs[position] = -(-needed // _STEP) * _STEP
        if needs != self._needs or not self._needs:
            before, self._needs = self._laid_out, needs or {-1: 1}
            self._lay_out()
            if self._laid_out != before:
                self.refresh()

    def _add(self, heading: str, key: str, width: int) -> None:
        column_key = ColumnKey(key)
        self._column_locations[column_key] = len(self.columns)
        self.columns[column_key] = TableColumn(column_key, Text(heading), width, content_width=width)

    def _arrow(self, column: Column) -> str:
        if not column.field or column.field != self.sorted_by:
            return ""
        return "▼" if self.reversed else "▲"

    # ---- painting

    def text_of(self, index: int) -> str:
        """What a row says in all of its columns, as it is shown: what is hidden is not found either."""
        redaction = redaction_of(self)
        texts = []
        for cell, column in zip(self._cells_of(self.shown[index]), self._wanted, strict=False):
            private = column.private and redaction.on
            texts.append(
                redaction.over(PrivateText(cell.text) if private else cell.text) if redaction.on else cell.text
            )
        return "\n".join(texts)

    def mark_at(self, index: int) -> str:
        """The sign of a row's mark, one cell."""
        return "✓" if self.marked.is_marked(index) else " "

    def _line_cells(self, index: int) -> Sequence[Cell]:
        if index == self._made[0]:
            return self._made[1]
        cells = self._cells_of(self.shown[index])
        redaction = redaction_of(self)
        mark = self.mark_at(index)
        edge = ("▸" if index == self.cursor_row else " ") + mark
        line: list[Cell] = [Cell(edge, "mark" if mark != " " else "")]
        for number, (position, column, width) in enumerate(self._laid_out):
            text, tone = cells[position]
            if redaction.on:
                text = redaction.over(PrivateText(text) if column.private else text)
            text = end_of(text, width) if column.ends else short_address(text, width) if column.address else text
            line.append(Cell(" " * bool(number) + fitted(text, width, right=column.right), tone))
        return tuple(line)

    def _toned(self, style: Style, tone: str) -> Style:
        """Colour and weight of a tone; the ground is the row's."""
        if not tone:
            return style
        known = self._tones.get((style, tone))
        if known is None:
            toned = self.get_component_rich_style(f"row-table--{tone}")
            # In the reverse of its row a bar would show what is not done.
            reverse = False if tone.startswith("progress") else None
            known = self._tones[style, tone] = style + Style(color=toned.color, bold=toned.bold, reverse=reverse)
        return known

    def _placed(self, style: Style, row: int, column: int, **more: bool) -> Style:
        # The console has no mouse that would want to know.
        return style

    def _measure(self) -> None:
        # There are no scrollbars: nothing but the end of scrolling depends on it, and no layout is worth it.
        self.set_reactive(RowTable.virtual_size, self._whole_size)

    def _state_of_line(self, y: int) -> object:
        """All that the look of a line depends on, so that an unchanged line is not painted again."""
        index = y - self._header_lines + int(self.scroll_offset.y)
        if y < self._header_lines or not 0 <= index < len(self.shown):
            return (y < self._header_lines, "" if len(self.shown) else self._empty)
        return self._line_cells(index)

    def refresh_text(self) -> None:
        """Redaction was switched."""
        self._repaint_changed()

    def _repaint_changed(self) -> None:
        for y in range(self.size.height):
            if self._painted.get(y) != self._state_of_line(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the header, a row, or what is said when there are none."""
        state = self._painted[y] = self._state_of_line(y)
        if len(self.shown) or y < self._header_lines:
            hovered = self.hover_row if self._show_hover_cursor else -1
            look = (state, y + int(self.scroll_offset.y), hovered, self.rich_style)
            known = self._strips.get(y)
            if known is None or known[0] != look:
                if len(self.shown) and y >= self._header_lines:
                    self._made = (y - self._header_lines + int(self.scroll_offset.y), cast(Sequence[Cell], state))
                known = self._strips[y] = (look, super().render_line(y))
                self._made = (-1, ())
            return known[1]
        said = textwrap.wrap(self._empty, max(20, self.size.width - 4))
        number = y - self._header_lines - 1
        text = f"  {said[number]}" if 0 <= number < len(said) else ""
        return Strip([Segment(fitted(text, self.size.width), self.rich_style)], self.size.width)
