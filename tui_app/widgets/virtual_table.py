"""A DataTable whose rows are never mounted: only those on the screen are looked at, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey, RowDoesNotExist, RowKey
from textual.widgets.data_table import Row as TableRow

from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from textual.coordinate import Coordinate

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
_HEIGHT: Final = 1


class Cell(NamedTuple):
    """Text of one cell and its tone: ``, `error`, `warning`, `success`, `accent`, `sign`, `muted`, `strong`, `progress`, `progress-over`."""

    text: str
    tone: str = ""


class Rows(Protocol[T_co]):
    """Rows in the order in which a table shows them. All but `index_of` takes the same time for any number of rows."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> T_co: ...
    def key_at(self, index: int) -> str:
        """The key of the row at an index."""
        ...

    def index_of(self, key: str) -> int | None:
        """Where a row is; None if it is not here."""
        ...


class NoRows:
    """An empty table."""

    def __len__(self) -> int:
        return 0

    def __getitem__(self, index: int, /) -> Any:
        raise IndexError(index)

    def key_at(self, index: int) -> str:
        """Nothing is there."""
        raise IndexError(index)

    def index_of(self, key: str) -> int | None:
        """Nothing is here."""
        return None


class _ByKey(Mapping[RowKey, Any]):
    """What DataTable keeps in dicts by row key, made when it is asked for."""

    def __init__(self, table: VirtualTable[Any]) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table.shown)

    def __iter__(self) -> Iterator[RowKey]:
        return (RowKey(self._table.shown.key_at(index)) for index in range(len(self)))

    def __contains__(self, key: object) -> bool:
        return self._place(key) is not None

    def __getitem__(self, key: RowKey) -> Any:
        position = self._place(key)
        if position is None:
            raise KeyError(key)
        return self._made(position, key)

    def _place(self, key: object) -> int | None:
        value = key.value if isinstance(key, RowKey) else key
        return self._table.shown.index_of(value) if isinstance(value, str) else None

    def _made(self, position: int, key: RowKey) -> Any:
        raise NotImplementedError


class _TableRows(_ByKey):
    def _made(self, position: int, key: RowKey) -> TableRow:
        return TableRow(key, _HEIGHT)


class _Data(_ByKey):
    def _made(self, position: int, key: RowKey) -> dict[ColumnKey, str]:
        return dict(zip(self._table.columns, self._table.get_row_at(position), strict=False))


class _Places(_ByKey):
    def _made(self, position: int, key: RowKey) -> int:
        return position

    def get_key(self, index: int) -> RowKey | None:
        """The key of the row at a place."""
        return RowKey(self._table.shown.key_at(index)) if 0 <= index < len(self) else None


class _InOrder(Sequence[Any]):
    """What DataTable keeps in lists by place."""

    def __init__(self, table: VirtualTable[Any], made: Callable[[RowKey], Any]) -> None:
        self._table = table
        self._made = made

    def __len__(self) -> int:
        return len(self._table.shown)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            # Whoever slices wants heights, and stops after a page of them.
            return (TableRow(RowKey(), _HEIGHT) for _ in range(*index.indices(len(self))))
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._made(RowKey(self._table.shown.key_at(index)))

    def clear(self) -> None:
        """Nothing is kept here."""


class VirtualTable(DataTable[str], Generic[T]):
    """A DataTable over `Rows`: its cursor, keys, mouse and events, and its look; `cells` makes a row's text.

    Rows change by `show`, never one by one: what DataTable has for that is refused with NotImplementedError. Rows are one
    line high, the cursor is a row's.
    """

    def __init__(self, cells: Callable[[T], Sequence[Cell]], **widget: Any) -> None:
        self.shown: Rows[T] = NoRows()
        self._cells_of = cells
        self._rows_in_order = _InOrder(self, lambda key: TableRow(key, _HEIGHT))
        self._lines_in_order = _InOrder(self, lambda key: (key, 0))
        super().__init__(cursor_type="row", **widget)
        # DataTable keeps all three in dicts and only ever looks things up in them.
        self.rows = _TableRows(self)  # type: ignore[assignment]
        self._data = _Data(self)  # type: ignore[assignment]
        self._row_locations = _Places(self)  # type: ignore[assignment]

    # ---- what is shown

    def show(self, rows: Rows[T]) -> None:
        """Show these rows; the cursor stays on its place, or on the last row if there are fewer."""
        empty, self.shown = not len(self.shown), rows
        self._update_count += 1
        self._clear_caches()
        self._measure()
        self.cursor_coordinate = self.cursor_coordinate
        if empty and len(rows) and self.show_cursor:
            self._highlight_cursor()
        self.refresh()

    def _measure(self) -> None:
        if self._whole_size != self.virtual_size:
            self.virtual_size = self._whole_size

    @property
    def _whole_size(self) -> Size:
        """How large the whole table is."""
        width = sum(column.get_render_width(self) for column in self.columns.values())
        return Size(width, len(self.shown) + self._header_lines)

    @property
    def _header_lines(self) -> int:
        return int(self.header_height) if self.show_header else 0

    # ---- DataTable's own ways to its rows, none of them longer for more rows

    @property
    def ordered_rows(self) -> Any:
        """All rows, in order."""
        return self._rows_in_order

    @property
    def _y_offsets(self) -> Any:
        return self._lines_in_order

    def get_row_at(self, row_index: int) -> list[str]:
        """The cells of a row by its place. Raises RowDoesNotExist."""
        if not self.is_valid_row_index(row_index):
            raise RowDoesNotExist(f"No row exists at {row_index!r}.")
        return [cell.text for cell in self._cells_of(self.shown[row_index])]

    def add_column(self, *args: Any, **options: Any) -> ColumnKey:
        """Add a column; rows have as many cells as there are columns."""
        # DataTable would go through all rows to give each a cell.
        rows, self.rows = self.rows, {}
        try:
            return super().add_column(*args, **options)
        finally:
            self.rows = rows

    def _get_row_region(self, row_index: int) -> Region:
        if not self.is_valid_row_index(row_index):
            return Region(0, 0, 0, 0)
        width = max(self.size.width, int(self.virtual_size.width))
        return Region(0, row_index + self._header_lines, width, _HEIGHT)

    def _get_cell_region(self, coordinate: Coordinate) -> Region:
        if not self.is_valid_coordinate(coordinate):
            return Region(0, 0, 0, 0)
        widths = [column.get_render_width(self) for column in self.ordered_columns]
        left = sum(widths[: coordinate.column])
        return Region(left, coordinate.row + self._header_lines, widths[coordinate.column], _HEIGHT)

    def _update_column_widths(self, updated_cells: Any) -> None:
        """Widths are given, not measured."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("Rows of this table change all together, by show().")

    add_row = add_rows = remove_row = remove_column = update_cell = update_cell_at = sort = clear = _refuse

    # ---- painting

    def _line_cells(self, index: int) -> Sequence[Cell]:
        """The cells of a row, one per column, before they are fitted."""
        return self._cells_of(self.shown[index])

    def _toned(self, style: Style, tone: str) -> Style:
        """The style of a cell of some tone, on a row's style."""
        return style

    def _placed(self, style: Style, row: int, column: int, **more: bool) -> Style:
        """The style of a piece of a line, from which the mouse learns where it is."""
        return style + Style.from_meta({"row": row, "column": column, **more})

    def _render_line(self, y: int, x1: int, x2: int, base_style: Style) -> Strip:
        index = y - self._header_lines
        if index < 0:
            return super()._render_line(y, x1, x2, base_style)
        if index >= len(self.shown):
            return Strip.blank(self.size.width, base_style)
        on_cursor = index == self.cursor_row and self.show_cursor
        hovered = index == self.hover_row and self._show_hover_cursor and self.show_cursor
        component, _ = self._get_styles_to_render_cell(
            False, False, False, hovered, on_cursor, self.show_cursor, self._show_hover_cursor, False, False
        )
        row_style = self._get_row_style(index, base_style) + component
        pad = " " * self.cell_padding
        segments: list[Segment] = []
        for position, (cell, column) in enumerate(zip(self._line_cells(index), self.ordered_columns, strict=False)):
            width = column.get_render_width(self) - 2 * self.cell_padding
            style = self._placed(self._toned(row_style, cell.tone), index, position)
            segments.append(Segment(f"{pad}{set_cell_size(sanitize(cell.text), width)}{pad}", style))
        beyond = self._placed(row_style, index, 0, out_of_bounds=True)
        return Strip(segments).crop(x1, x2).adjust_cell_length(self.size.width, beyond)
