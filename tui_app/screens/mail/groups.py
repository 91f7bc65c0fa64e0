"""The listed mail in groups, and before them the odd ones with what is different in each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual import work

from tui_app import actions
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.text import Untrusted, plural
from tui_app.mail.groups import group_line
from tui_app.screens import format as fmt
from tui_app.screens.find import FindInTable
from tui_app.screens.intent import Intent
from tui_app.screens.mail.choice import BETWEEN, MailChoice
from tui_app.screens.mail.group_rows import COLUMNS, GroupRow, GroupRows, GroupTable
from tui_app.screens.mail.screen import MailScreen
from tui_app.screens.mail.siblings import MessageRef, Siblings
from tui_app.widgets.redaction import AddressText
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import StatusLine
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from datetime import datetime

    from textual.widget import Widget

    from tui_app.api.rows import Message
    from tui_app.mail.search import MailSubject
    from tui_app.screens.copy import Value
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece


class GroupsScreen(FindInTable):
    """Mail by sender's domain, subject pattern and verdict."""

    screen_name = "groups"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("groups")

    class Chosen(Intent):
        """The mail of a group is to be seen: the filter line that shows it."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, service: EmailSecurityService, subject: MailSubject) -> None:
        super().__init__(service)
        self._subject = subject
        self._choice = MailChoice(service, subject)
        self._grouping = True
        self._made_of: tuple[datetime | None, int] | None = None
        """When the mail was read that the shown groups are made of, and how much of it; None before there are any."""

    def content(self) -> Iterable[Widget]:
        """How many, and the table."""
        yield StatusLine(id="whole")
        yield GroupTable(COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[GroupRow]:
        """The groups."""
        return self.query_one("#table", RowTable)

    def _cells(self, row: GroupRow) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [column.cell(row, now) for column in COLUMNS]

    def mounted(self) -> None:
        """Group what is listed."""
        super().mounted()
        self._group()

    def resumed(self) -> None:
        """Marks may have changed while a message was open."""
        super().resumed()
        if (rows := self._rows) is not None:
            rows.recount()
            self.table().refresh_text()

    def time_passed(self) -> None:
        """Also group anew what was read again meanwhile: the list does so when a plan has ended."""
        super().time_passed()
        self._group_what_is_new()

    def _group_what_is_new(self) -> None:
        """Group anew where the groups are of other mail than what is listed by now."""
        search = self._subject.snapshot
        if self.ready and not self._grouping and not search.loading and self._made_of != self._made_of_now():
            self._group()

    def _made_of_now(self) -> tuple[datetime | None, int]:
        search = self._subject.snapshot
        return search.read_at, len(search.found)

    @work(exclusive=True, group="group")
    async def _group(self) -> None:
        self._grouping = True
        self.show_frame()
        made_of = self._made_of_now()
        found = await self._subject.group()
        self._grouping = False
        if found is None:
            return  # another search is under way, and is grouped when it is here
        if not self.ready:
            return  # it was left meanwhile
        self._made_of = made_of
        self.table().show_rows(GroupRows(found, self._subject.store), whole=False)
        self.show_frame()

    @property
    def _rows(self) -> GroupRows | None:
        rows = self.table().marked if self.ready else None
        return rows if isinstance(rows, GroupRows) else None

    # ---- what is shown

    def show_frame(self) -> None:
        """Also how much mail there is, and what is missing."""
        super().show_frame()
        if not self.ready:
            return
        search, rows = self._subject.snapshot, self._rows
        self.set_breadcrumb([(f"{self._subject.preset.title} › ", "dim"), ("groups", "bold")], [])
        if self._grouping or rows is None:
            count = f"Grouping {len(search.found):,} messages…"
        else:
            groups, odd = plural(len(rows.found.groups), "group"), plural(len(rows.found.odd), "odd one")
            count = f"{plural(rows.found.count, 'message')}, {groups}, {odd}"
        missing, read_at = search.missing, self._made_of[0] if self._made_of is not None else None
        how: Sequence[Piece] = (
            ((missing, "$text-warning"),)
            if missing
            else ((f"all loaded {local_time(read_at):%H:%M}", "dim"),)
            if read_at is not None
            else ()
        )
        self.query_one("#whole", StatusLine).set_ends([count], how)
        self.table().set_empty_text("Grouping…" if self._grouping else "No mail is listed.")

    def describe(self) -> Sequence[Piece]:
        """Marks, and of the row under the cursor what is different, or from when to when its mail is."""
        row, marks = self.table().current, self._subject.store.marks
        pieces: list[Piece] = [(f"{marks:,} marked · ", "bold")] if marks else []
        if row is None:
            return pieces
        if row.odd is not None:
            return [*pieces, (f"≠ {row.different}", fmt.SIGN)]
        assert row.group is not None
        times = f"{fmt.local(row.group.first)} to {fmt.local(row.group.last)}"
        return [*pieces, (f"to {plural(row.recipients, 'mailbox', 'mailboxes')} · {times}", "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another row."""
        self.show_about()

    # ---- marks

    async def action_mark_toggle(self) -> None:  # type: ignore[override]
        """Mark or unmark the messages of the row; of a group but the odd ones and what the guard holds back."""
        table, rows, row = self.table(), self._rows, self.table().current
        if rows is None or row is None:
            return
        if row.odd is not None:
            index = table.cursor_row
            table.toggle_mark()
            self._choice.note(self._subject.store.id(row.odd.slot), marked=rows.is_marked(index))
            return
        if rows.marked_of(table.cursor_row):
            table.toggle_mark()
            return
        sentence = await self._mark(rows.slots(row), anew=False)
        if table.cursor_row < len(table.shown) - 1:
            table.move_by(1)
        self.notice(sentence, late=True)

    async def action_mark_all(self) -> None:
        """Mark all listed messages but the odd ones and what the guard holds back."""
        found = self._subject.snapshot.found
        self.notice(await self._mark(found.slots[: len(found)], anew=True), late=True)

    def action_mark_range(self) -> None:
        """Groups are marked one by one."""
        self.notice("Groups are marked one by one: space. ‹mark.all› marks all.")

    def action_mark_none(self) -> None:
        """Unmark all, also what was left out of the marks."""
        super().action_mark_none()
        self._choice.forget()

    async def _mark(self, slots: array[int], *, anew: bool) -> str:
        self.notice(f"Marking {len(slots):,} messages…")
        try:
            sentence = await self._choice.mark(slots, anew=anew)
        except SluiceError as error:
            return str(error)
        if (rows := self._rows) is not None:
            rows.recount()
        self.table().refresh_text()
        self.show_about()
        return sentence

    # ---- intents

    def action_row_open(self) -> None:
        """Open an odd message; of a group show its mail in the list."""
        row = self.table().current
        if row is None:
            return
        if row.group is not None:
            self.post_message(self.Chosen(group_line(row.group)))
        elif (message := self._reference(row)) is not None:
            self.post_message(MailScreen.MessageChosen(message, self._siblings()))

    def _siblings(self) -> Siblings[MessageRef]:
        rows = self._rows
        return Siblings(self.table(), self._reference, len(rows.found.odd) if rows is not None else 0)

    def _reference(self, row: GroupRow) -> MessageRef | None:
        if row.odd is None:
            return None
        return MessageRef(message=self._subject.store.row(row.odd.slot), odd=row.odd.differences)

    def action_view_refresh(self) -> None:
        """Group anew what is listed by now."""
        self._group()

    @property
    def _is_at_odd(self) -> bool:
        row = self.table().current
        return row is not None and row.odd is not None

    def _current(self) -> Sequence[Message]:
        row, rows = self.table().current, self._rows
        return tuple(map(rows.store.row, rows.slots(row))) if row is not None and rows is not None else ()

    async def action_release_review(self) -> None:
        """Take the marked messages, or else those of the row, to the review."""
        chosen = await self._choice.review(self._current(), alone=self._is_at_odd)
        if chosen is None:
            self.notice(f"{BETWEEN}: nothing was taken.", late=True)
        elif not chosen.marked:
            self.notice("Nothing to release.")
        else:
            self.post_message(MailScreen.ReviewWanted(chosen))

    @work(exclusive=True, group="move")
    async def action_rows_move(self) -> None:
        """Take the marked messages, or else those of the row, to the review of a move."""
        chosen = await self._choice.review(self._current(), alone=self._is_at_odd)
        if chosen is None:
            self.notice(f"{BETWEEN}: nothing was taken.", late=True)
        elif not chosen.marked:
            self.notice("Nothing to move.")
        elif destination := await self.choose_destination(f"Move {plural(len(chosen.marked), 'message')} to"):
            self.post_message(MailScreen.ReviewWanted(chosen.moved_to(destination)))

    def copy_id(self) -> str:
        """The id of an odd message; of a group how much mail it is."""
        row = self.table().current
        if row is None:
            return ""
        if row.odd is not None:
            return str(Untrusted(self._subject.store.id(row.odd.slot)))
        return f"{row.sender} {row.subject}: {plural(row.count, 'message')}"

    def copied_as(self, name: str) -> str:
        """Of a group what it is: its sender and subject are for the clipboard only."""
        row = self.table().current
        return "what the group is" if row is not None and row.odd is None else super().copied_as(name)

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the row."""
        row = self.table().current
        if row is None:
            return ()
        values = [
            ("from", AddressText(row.sender)),
            ("subject", row.subject),
            ("messages", f"{row.count:,}"),
            ("verdict", str(row.verdict or "none")),
            ("different", row.different),
        ]
        return [(name, text) for name, text in values if text]

    def marked_ids(self) -> Sequence[str]:
        """The ids of the marked messages."""
        return [str(message.id) for message in self._subject.marked()]
