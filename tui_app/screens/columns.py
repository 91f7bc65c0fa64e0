"""Which columns a list or a file has, and in which order; remembered for the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app import actions
from tui_app.core.text import plural
from tui_app.screens.find import FindInTable
from tui_app.widgets.columns import Column
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_COLUMNS: Final = (Column("TAKEN", 5), Column("COLUMN", weight=1))


@dataclass(frozen=True)
class ColumnChoice:
    """What is chosen: `known` columns by name, those that are `taken`, the `usual` ones, and who is told of a change."""

    title: str
    note: str
    known: Sequence[str]
    taken: Sequence[str]
    usual: Sequence[str]
    keep: Callable[[Sequence[str]], None]
    """Gets the taken ones in their order; the usual ones as an empty list."""


class ColumnsScreen(FindInTable):
    """All columns that there can be: the taken ones first, in their order."""

    screen_name = "columns"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("columns")

    def __init__(self, service: EmailSecurityService, choice: ColumnChoice) -> None:
        super().__init__(service)
        self._choice = choice
        self._taken = set(choice.taken)
        self._order = [*choice.taken, *(name for name in choice.known if name not in self._taken)]

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable[str](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[str]:
        """The columns."""
        return self.query_one("#table", RowTable)

    def _cells(self, name: str) -> Sequence[Cell]:
        taken = name in self._taken
        return (Cell("  ✓" if taken else "  –", "success" if taken else "muted"), Cell(name.replace("_", " ")))

    def mounted(self) -> None:
        """Show them."""
        super().mounted()
        self.set_breadcrumb([(f"{self._choice.title} › ", "dim"), ("columns", "bold")], [self._choice.note])
        self._show()

    def _show(self) -> None:
        self.table().show_rows(ListRows(list(self._order), str))

    def describe(self) -> Sequence[Piece]:
        """How many are taken."""
        return [(f"{plural(len(self._taken), 'column')} · remembered", "dim")]

    def action_columns_toggle(self) -> None:
        """Take the column under the cursor, or leave it out."""
        name = self.table().current
        if name is None:
            return
        if self._taken == {name}:
            self.notice("One column is needed.")
            return
        self._taken ^= {name}
        self._changed()
        self.table().move_by(1)

    def action_columns_usual(self) -> None:
        """Take the usual ones, in the usual order."""
        self._taken = set(self._choice.usual)
        self._order = [*self._choice.usual, *(name for name in self._choice.known if name not in self._taken)]
        self._show()
        self._changed(usual=True)

    def action_columns_up(self) -> None:
        """Move the column one place up."""
        self._move(-1)

    def action_columns_down(self) -> None:
        """Move it one place down."""
        self._move(1)

    def _move(self, step: int) -> None:
        at, name = self.table().cursor_row, self.table().current
        if name is None or not 0 <= at + step < len(self._order):
            return
        self._order[at], self._order[at + step] = self._order[at + step], self._order[at]
        self._show()
        self._changed()

    def _changed(self, *, usual: bool = False) -> None:
        self._choice.keep([] if usual else [name for name in self._order if name in self._taken])
        self.table().refresh_text()
        self.show_about()
