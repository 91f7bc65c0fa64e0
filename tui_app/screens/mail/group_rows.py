"""Groups of mail as rows of a table, the odd ones before them; a mark is one of each of the messages."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.core.sender_text import names_somebody, sender_text
from tui_app.core.text import Untrusted
from tui_app.plans.odd_ones import severity
from tui_app.plans.summary import NO_DOMAIN
from tui_app.screens import format as fmt
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.api.enums import Disposition
    from tui_app.api.rows import Message
    from tui_app.mail.groups import GroupedMail, MailGroup, OddMail
    from tui_app.rows.store import RowStore


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group, or one odd message."""

    key: str
    count: int
    sender: str
    subject: str
    verdict: Disposition | Untrusted | None
    recipients: int
    last: datetime | None
    different: str
    """What is different, or how many odd ones are in the group; safe text."""
    group: MailGroup | None = None
    odd: OddMail | None = None

    @classmethod
    def of_group(cls, group: MailGroup) -> GroupRow:
        """The row of a group."""
        return cls(
            f"group {group.key}",
            group.count,
            str(group.domain) or NO_DOMAIN,
            str(group.pattern) or "(no subject)",
            group.verdict,
            group.recipients,
            group.last,
            f"{group.odd:,} odd, above" if group.odd else "",
            group=group,
        )

    @classmethod
    def of_odd(cls, odd: OddMail, message: Message) -> GroupRow:
        """The row of an odd message."""
        return cls(
            f"mail {message.id.exact}",
            1,
            sender_text(message.sender.exact) if names_somebody(message.sender.exact) else NO_DOMAIN,
            str(message.subject),
            message.final_disposition,
            len(message.recipients),
            message.when,
            odd.why,
            odd=odd,
        )


def _worst_first(odd: OddMail) -> tuple[int, int]:
    return severity(odd.why)


_ROOMY: Final = 70
"""Cells of a table from which it tells all; in less, a whole domain comes first, and the line below the table tells the rest."""
COLUMNS: Final[tuple[CellColumn[GroupRow], ...]] = (
    CellColumn("MAIL", 6, right=True, cell=lambda row, _: Cell(fmt.count(row.count, 6) if row.odd is None else "odd", "" if row.odd is None else "sign")),
    CellColumn("FROM", weight=6, address=True, cell=lambda row, _: Cell(AddressText(row.sender))),
    CellColumn("SUBJECT", weight=4, cell=lambda row, _: Cell(PrivateText(row.subject))),
    CellColumn("VERDICT", 12, until_width=100, cell=lambda row, _: fmt.verdict(row.verdict)),
    CellColumn("VERDICT", 15, from_width=100, cell=lambda row, _: fmt.verdict(row.verdict)),
    CellColumn("TO", 6, right=True, from_width=100, cell=lambda row, _: Cell(fmt.count(row.recipients, 6), "muted")),
    CellColumn("AGE", 4, right=True, from_width=_ROOMY, cell=lambda row, now: Cell(fmt.age(row.last, now), "muted")),
    CellColumn("DIFFERENT", weight=3, from_width=_ROOMY, cell=lambda row, _: Cell(row.different, "sign")),
)  # fmt: skip


class GroupRows:
    """Odd messages and groups as rows of a table; marks are those of the list. A group's mark leaves its odd ones out."""

    def __init__(self, found: GroupedMail, store: RowStore[Message]) -> None:
        self.found = found
        self.store = store
        self.rows = [
            *(GroupRow.of_odd(odd, store.row(odd.slot)) for odd in sorted(found.odd.values(), key=_worst_first)),
            *map(GroupRow.of_group, found.groups),
        ]
        self._place = {row.key: place for place, row in enumerate(self.rows)}
        self.recount()

    def recount(self) -> None:
        """Marks were changed elsewhere."""
        self._marked = [sum(map(self.store.is_marked, self.slots(row))) if self.store.marks else 0 for row in self.rows]

    def slots(self, row: GroupRow) -> array[int]:
        """The messages of a row: of a group without its odd ones."""
        if row.odd is not None:
            return array("I", [row.odd.slot])
        assert row.group is not None
        slots = self.found.slots[row.group.key]
        return array("I", [slot for slot in slots if slot not in self.found.odd]) if row.group.odd else slots

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int, /) -> GroupRow:
        return self.rows[index]

    def key_at(self, index: int) -> str:
        """The key of the row at an index."""
        return self.rows[index].key

    def index_of(self, key: str) -> int | None:
        """Where a row is; None if it is not here."""
        return self._place.get(key)

    # ---- marks

    @property
    def marks(self) -> int:
        """How many messages are marked."""
        return self.store.marks

    def marked_of(self, index: int) -> int:
        """How many messages of a row are marked."""
        return self._marked[index]

    def is_marked(self, index: int) -> bool:
        """Whether all messages of a row are marked."""
        return 0 < self._marked[index] == len(self.slots(self.rows[index]))

    def mark(self, positions: Iterable[int], *, on: bool) -> None:
        """Mark or unmark all messages of rows."""
        for position in positions:
            slots = self.slots(self.rows[position])
            self.store.mark(slots, on=on)
            self._marked[position] = len(slots) if on else 0

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark the messages of these rows."""
        self.mark([self._place[key] for key in keys if key in self._place], on=False)

    def unmark_all(self) -> None:
        """Mark nothing of the list."""
        self.store.unmark_all()
        self._marked = [0] * len(self)

    def unmark_absent(self) -> None:
        """Nothing is absent."""

    def marked_rows(self) -> tuple[GroupRow, ...]:
        """Rows of which any message is marked."""
        return tuple(row for row, marked in zip(self.rows, self._marked, strict=True) if marked)


class GroupTable(RowTable[GroupRow], inherit_bindings=False):
    """Groups; one of which only some messages are marked has a sign of its own."""

    def mark_at(self, index: int) -> str:
        """All messages, some, or none."""
        rows = self.marked
        if not isinstance(rows, GroupRows) or not rows.marked_of(index):
            return " "
        return "✓" if rows.is_marked(index) else "~"
