"""The columns of a file of mail: which of them, remembered for the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tui_app import actions
from tui_app.core.text import plural
from tui_app.mail.columns import MAIL_ROWS
from tui_app.rows.shape import RowColumn
from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import Column, RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_COLUMNS: Final = (Column("TAKEN", 5), Column("COLUMN", weight=1))


class ColumnsScreen(ConsoleScreen):
    """All columns that a file can have."""

    screen_name = "columns"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("columns")

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._taken = {column.name for column in service.mail_columns}

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable[RowColumn](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[RowColumn]:
        """The columns."""
        return self.query_one("#table", RowTable)

    def _cells(self, column: RowColumn) -> Sequence[Cell]:
        taken = column.name in self._taken
        return (Cell("  ✓" if taken else "  –", "success" if taken else "muted"), Cell(column.name.replace("_", " ")))

    def on_mount(self) -> None:
        """Show them."""
        super().on_mount()
        self.set_breadcrumb([("Export › ", "dim"), ("columns", "bold")], ["CSV and Markdown; JSON has all"])
        self.table().show_rows(ListRows(MAIL_ROWS.columns, lambda column: column.name))

    def describe(self) -> Sequence[Piece]:
        """How many are taken."""
        return [(f"{plural(len(self._taken), 'column')} · remembered for the next file", "dim")]

    def action_columns_toggle(self) -> None:
        """Take the column under the cursor, or leave it out."""
        column = self.table().current
        if column is None:
            return
        if self._taken == {column.name}:
            self.notice("A file needs a column.")
            return
        self._taken ^= {column.name}
        self._changed()
        self.table().move_by(1)

    def action_columns_usual(self) -> None:
        """Take the usual ones."""
        self._taken = {column.name for column in MAIL_ROWS.exported}
        self._changed()

    def _changed(self) -> None:
        self.service.mail_columns = tuple(column for column in MAIL_ROWS.columns if column.name in self._taken)
        self.table().refresh_text()
        self.show_about()
