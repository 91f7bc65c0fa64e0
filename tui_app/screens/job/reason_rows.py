"""Groups of rows as rows of a table: a mark of a group is one of each of its rows, so that they are marked on Job too."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.core.clock import local_time
from tui_app.jobs.reasons import ReasonGroup, RowsByReason
from tui_app.screens import format as fmt
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage
    from tui_app.rows.store import RowStore


def _retry_cell(group: ReasonGroup, now: datetime) -> Cell:
    at = group.earliest_retry
    return Cell("–", "muted") if at is None else Cell(f"{local_time(at):%H:%M}", "" if at > now else "muted")


COLUMNS: Final[tuple[CellColumn[ReasonGroup], ...]] = (
    CellColumn(
        "ROWS",
        7,
        right=True,
        cell=lambda group, _: Cell(fmt.count(group.count, 7), "error" if group.count > group.skipped else ""),
    ),
    CellColumn("REASON", weight=4, cell=lambda group, _: Cell(group.label)),
    CellColumn("TRIES", 5, cell=lambda group, _: Cell(group.tries.replace("-", "–"))),
    CellColumn("RETRY", 5, cell=_retry_cell),
    CellColumn("WHAT TO DO", weight=3, cell=lambda group, _: Cell(group.cause.advice)),
)


class ReasonRows:
    """Groups as rows of a table; a mark of a group is one of each of its rows in the job's store."""

    def __init__(self, found: RowsByReason, store: RowStore[JobMessage]) -> None:
        self.found = found
        self._store = store
        self._place = {group.key: place for place, group in enumerate(found.groups)}
        self._marked = [self._count(group) for group in found.groups]
        """How many rows of each group are marked: only keys of this screen change it."""

    def _count(self, group: ReasonGroup) -> int:
        return sum(map(self._store.is_marked, self.found.slots[group.key])) if self._store.marks else 0

    def __len__(self) -> int:
        return len(self.found.groups)

    def __getitem__(self, index: int, /) -> ReasonGroup:
        return self.found.groups[index]

    def key_at(self, index: int) -> str:
        """The key of the group at an index."""
        return self.found.groups[index].key

    def index_of(self, key: str) -> int | None:
        """Where a group is; None if it is not here."""
        return self._place.get(key)

    # ---- marks

    @property
    def marks(self) -> int:
        """How many rows of the groups are marked."""
        return sum(self._marked)

    def marked_of(self, index: int) -> int:
        """How many rows of a group are marked."""
        return self._marked[index]

    def is_marked(self, index: int) -> bool:
        """Whether all rows of a group are marked."""
        return self._marked[index] == self.found.groups[index].count

    def mark(self, positions: Iterable[int], *, on: bool) -> None:
        """Mark or unmark all rows of groups."""
        for position in positions:
            group = self.found.groups[position]
            self._store.mark(self.found.slots[group.key], on=on)
            self._marked[position] = group.count if on else 0

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark the rows of these groups."""
        self.mark([self._place[key] for key in keys if key in self._place], on=False)

    def unmark_all(self) -> None:
        """Mark no row of the job."""
        self._store.unmark_all()
        self._marked = [0] * len(self)

    def unmark_absent(self) -> None:
        """Nothing is absent: rows that are in no group keep their marks."""

    def marked_rows(self) -> tuple[ReasonGroup, ...]:
        """Groups of which any row is marked."""
        return tuple(group for group, marked in zip(self.found.groups, self._marked, strict=True) if marked)

    def marked_slots(self) -> array[int]:
        """All marked rows of the groups."""
        marked = self._store.is_marked
        return array("I", [slot for slots in self.found.slots.values() for slot in slots if marked(slot)])


class ReasonTable(RowTable[ReasonGroup], inherit_bindings=False):
    """Groups; one of which only some rows are marked has a sign of its own."""

    def mark_at(self, index: int) -> str:
        """All rows, some, or none."""
        rows = self.marked
        if not isinstance(rows, ReasonRows) or not rows.marked_of(index):
            return " "
        return "✓" if rows.is_marked(index) else "~"
