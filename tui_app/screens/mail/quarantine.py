"""Held mail: search it, mark it, take it to a release review."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual import work
from textual.message import Message as Event
from textual.widgets import Input

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.api.rows import Message
from tui_app.core.clock import describe_window, local_time
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.mail.search import LOADED_AT_ONCE
from tui_app.plans.plan import Target
from tui_app.plans.state import OPEN, SAID_DONE, Outcome, PlanState
from tui_app.screens import format as fmt
from tui_app.screens.base import MORE, ConsoleScreen
from tui_app.screens.copy import Value, message_values
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.table import CellColumn, RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.search import SearchParams
    from tui_app.mail.search import MailSnapshot
    from tui_app.plans.journal_file import JournalSizes
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

STILL_SEARCHING: Final = "Still searching: no mail is listed yet."
COLUMNS: Final[tuple[CellColumn[Message], ...]] = (
    CellColumn(
        "VERDICT",
        15,
        field="verdict",
        sort=lambda message: str(message.final_disposition or ""),
        cell=lambda message, _: fmt.verdict(message.final_disposition),
    ),
    CellColumn(
        "FROM",
        weight=3,
        field="from",
        sort=lambda message: str(message.sender).casefold(),
        cell=lambda message, _: Cell(AddressText(message.sender)),
    ),
    CellColumn(
        "SUBJECT",
        weight=4,
        field="subject",
        private=True,
        sort=lambda message: str(message.subject).casefold(),
        cell=lambda message, _: Cell(str(message.subject)),
    ),
    CellColumn(
        "TO",
        weight=2,
        field="to",
        sort=lambda message: (len(message.recipients), str(next(iter(message.recipients), "")).casefold()),
        cell=lambda message, _: Cell(fmt.people(message.recipients), "muted"),
    ),
    CellColumn(
        "AGE",
        4,
        right=True,
        field="age",
        sort=lambda message: fmt.by_age(message.when),
        cell=lambda message, now: Cell(fmt.age(message.when, now), "muted"),
    ),
    CellColumn(
        "REASONS",
        weight=3,
        from_width=130,
        cell=lambda message, _: Cell("; ".join(map(str, message.detection_reasons)), "muted"),
    ),
    CellColumn("SCANNED", 23, from_width=150, cell=lambda message, _: Cell(fmt.local(message.when), "muted")),
)
SORTS: Final = {column.field: column.sort for column in COLUMNS if column.sort is not None}


class QuarantineScreen(ConsoleScreen):
    """The held mail that a search finds; `line` is what it begins with."""

    CSS_PATH = sheet("screens/quarantine")
    screen_name = "quarantine"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("quarantine")

    class MessageChosen(Event):
        """A message was opened."""

        def __init__(self, message: Message) -> None:
            super().__init__()
            self.message = message

    class Found(Event):
        """News of the search."""

    class ReleaseWanted(Event):
        """Chosen messages go to the review; `search` is what they were found by, `journals` as they were before it."""

        def __init__(self, targets: Sequence[Target], search: SearchParams, journals: JournalSizes | None) -> None:
            super().__init__()
            self.journals = journals
            self.targets = targets
            self.search = search

    def __init__(self, service: EmailSecurityService, line: str = "") -> None:
        super().__init__(service)
        self._first_line = line
        self._journals: JournalSizes | None = None
        """The journals before the search that is shown."""
        self._marks: dict[str, None] = {}
        """Marked ids; they outlive each reading of the list."""
        self._taken_out: tuple[Target, ...] = ()
        """What `a` did not mark, since the guard holds it back or it can't be released: the review tells of it."""
        self._marked_with_it: frozenset[str] = frozenset()
        """What `a` marked when it took those out: they belong to those marks, and go with the last of them."""
        self._subject = service.mail.watch(self._found)

    def content(self) -> Iterable[Widget]:
        """The search line and the table."""
        yield LineInput(
            placeholder="sender:… recipient:… subject:… verdict:SPAM 24h words", id="search-line", disabled=True
        )
        yield RowTable[Message](COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[Message]:
        """The messages."""
        return self.query_one("#table", RowTable)

    def on_mount(self) -> None:
        """Already searched when it opens."""
        super().on_mount()
        self.search(self._first_line)

    def _cells(self, message: Message) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [column.cell(message, now) for column in COLUMNS]

    # ---- searching

    @property
    def _search(self) -> MailSnapshot:
        return self._subject.snapshot

    def search(self, line: str) -> None:
        """Search anew. A line that makes no sense is said, and nothing is sent."""
        before, table = self._search.line, self.table()
        try:
            self._subject.ask(line)
        except ValueError as error:
            self.notice(str(error))
            return
        if line != before:
            if dropped := table.marked.marks:
                # Marks of mail that is not listed any more must not wait for the next R.
                table.unmark_all()
                self._taken_out = ()
                self.notice(f"Another search: {plural(dropped, 'mark')} removed.")
            table.forget_cursor()
            self._show_found(())
        self._load(LOADED_AT_ONCE, anew=True)

    def _show_found(self, found: Sequence[Message], *, whole: bool = False) -> None:
        table = self.table()
        if table.sorted_by:
            found = sorted(found, key=SORTS[table.sorted_by], reverse=table.reversed)
        table.show_rows(ListRows(found, lambda message: message.id.exact, self._marks), whole=whole)

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show what is loaded in the order of a field."""
        self.table().show_sort(field, reverse=reverse)
        self._show_found(self._search.found)

    @work(exclusive=True, group="search")
    async def _load(self, at_most: int, *, anew: bool = False) -> None:
        """Load pages of the search until so many more are here; `anew` = it is another search."""
        if anew:
            self._journals = await self._journals_now()
        await self._subject.load(at_most)
        if (problem := self._search.problem) is not None:
            details = problem.details() if isinstance(problem, ApiError) else ()
            self.service.record(self._problem, details)

    async def _journals_now(self) -> JournalSizes | None:
        try:
            ledger = self.service.plans.ledger
        except UsageError:
            return None  # there is no folder for records: nothing can be sent either
        return await asyncio.to_thread(ledger.sizes)

    @property
    def _problem(self) -> str:
        """What went wrong with the search, in a sentence; empty when nothing did."""
        search = self._search
        return f"{search.problem} {search.diagnosis}".strip() if search.problem is not None else ""

    def _found(self, snapshot: MailSnapshot) -> None:
        self.post_message(self.Found())

    def on_quarantine_screen_found(self) -> None:
        """Show what is here."""
        if self.ready:
            search = self._search
            if search.found or search.complete:
                self._show_found(search.found, whole=search.complete)
            self.show_breadcrumb()

    def freshness(self) -> Piece:
        """When the search was answered: it is not polled, r searches again."""
        return super().freshness() or (f"read {local_time(read_at):%H:%M}" if (read_at := self._search.read_at) else "")

    def show_breadcrumb(self) -> None:
        """What is searched, how much of it is here, what is marked."""
        if not self.ready:
            return
        search = self._search
        what: Piece = (PrivateText(sanitize(search.line)), "") if search.line else "the last 7 days"
        found = len(search.found)
        loaded = f"{found:,} found" + (
            ", may be incomplete"
            if search.maybe_more
            else ", all loaded"
            if search.complete
            else ", loading…"
            if search.loading
            else " so far, G loads more"
        )
        if self._problem and not found:
            loaded = "no answer; what is listed is older" if len(self.table().shown) else "no answer"
        if search.unreadable:
            loaded += f", {search.unreadable:,} can't be read"
        if search.unasked:
            loaded += f", {search.unasked:,} not asked for left out"
        self.set_breadcrumb([("Quarantine", "bold"), "  held · ", what], [loaded])
        if self._problem:
            empty = self._problem
        elif search.loading:
            empty = "Searching held mail…"
        else:
            params = self._search.params
            empty = f"No held mail matches {describe_window(params.start, params.end)}. / changes the search: / 30d"
        self.table().set_empty_text(empty)
        self.show_about()

    def show_frame(self) -> None:
        """Also the breadcrumb."""
        super().show_frame()
        self.show_breadcrumb()

    def describe(self) -> Sequence[Piece]:
        """Marks, and the message under the cursor."""
        table = self.table()
        if self._problem and len(table.shown):
            again = "G tries again." if self._search.found else "r searches again."
            return [(f"{self._problem} {again}", "$text-error"), MORE]
        pieces: list[Piece] = [(f"{table.marked.marks:,} marked · ", "bold")] if table.marked.marks else []
        message = table.current
        if message is not None:
            reasons = "; ".join(map(str, message.detection_reasons)) or "no reasons given"
            recipients = AddressText(", ".join(map(str, message.recipients[:3])))
            pieces += [(f"{reasons} · to ", "dim"), (recipients or "nobody", "dim")]
        return pieces

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another message."""
        self.show_about()

    def on_row_table_marked(self) -> None:
        """Tell how many are marked."""
        self.show_about()

    def on_row_table_at_end(self) -> None:
        """Load more, when there is more."""
        if not self._search.complete and not self._search.loading:
            self._load(1)

    # ---- intents

    def action_search_edit(self) -> None:
        """Edit the search."""
        box = self.query_one("#search-line", Input)
        box.disabled = False
        box.value = self._search.line
        self.set_focus(box)

    def _close_search(self) -> None:
        self.query_one("#search-line", Input).disabled = True
        self.set_focus(self.table())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        self._close_search()
        self.search(event.value.strip())

    def handle_back(self) -> bool:
        """Esc leaves the search line first, then unmarks."""
        if not self.query_one("#search-line", Input).disabled:
            self._close_search()
            return True
        if super().handle_back():
            self._taken_out = ()
            return True
        return False

    def action_mark_none(self) -> None:
        """Unmark all, also what `a` took out: it belongs to those marks."""
        super().action_mark_none()
        self._taken_out = ()

    def action_row_open(self) -> None:
        """Open the message."""
        if message := self.table().current:
            self.post_message(self.MessageChosen(message))

    def action_view_refresh(self) -> None:
        """Search again."""
        self.search(self._search.line)

    async def action_mark_all(self) -> None:
        """Mark all loaded messages that the guard lets through."""
        table = self.table()
        if self._search.loading and not self._search.found:
            self.notice(f"{STILL_SEARCHING} a marks what is listed then.")
            return
        searched = self._search
        try:
            # Waited for here, and the next key waits for this: R typed right after it means what it marks.
            guarded = await asyncio.to_thread(self.service.plans.guard, list(map(Target.of, searched.found)))
        except SluiceError as error:
            self.notice(str(error))
            return
        if self._search.params != searched.params:
            return  # of another search these rows may not be there
        table.unmark_all()
        self._taken_out = tuple(kept.target for kept in (*guarded.held_back, *guarded.unfit))
        self._marked_with_it = frozenset(target.id for target in guarded.allowed)
        places = (table.shown.index_of(target.id) for target in guarded.allowed)
        table.mark_shown([place for place in places if place is not None])
        held_back = f", {len(guarded.held_back):,} held back by guard" if guarded.held_back else ""
        held_back += "".join(f", {count:,} {reason}" for reason, count in guarded.unfit_reasons().items())
        rest = "" if searched.complete else "; more is not loaded, G at the end loads it"
        self.notice(f"{table.marked.marks:,} of {len(searched.found):,} marked{held_back}{rest}.")

    def copy_id(self) -> str:
        """The message's id."""
        message = self.table().current
        return str(message.id) if message is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the message."""
        message = self.table().current
        return message_values(message) if message is not None else ()

    def marked_ids(self) -> Sequence[str]:
        """The ids of the marked messages."""
        return [str(message.id) for message in self.table().marked.marked_rows()]

    def action_release_review(self) -> None:
        """Take the marked messages, or else the one under the cursor, to the review."""
        table = self.table()
        chosen = table.marked.marked_rows()
        if len(chosen) != table.marked.marks:
            # Never fall back to the cursor while marks exist: the operator means the marks.
            missing = table.marked.marks - len(chosen)
            self.notice(
                f"{plural(missing, 'marked message')} not loaded now: wait, load more with G, or u unmarks all."
            )
            return
        if not chosen and table.current is not None:
            chosen = (table.current,)
        if not chosen:
            self.notice(STILL_SEARCHING if self._search.loading else "Nothing to release: no held mail is listed.")
            return
        targets = {message.id.exact: Target.of(message) for message in chosen}
        # A few that were unmarked, or sent since, change nothing of what `a` took out.
        if table.marked.marks and self._taken_out and self._marked_with_it & targets.keys():
            targets.update((target.id, target) for target in self._taken_out if target.id not in targets)
        self.post_message(self.ReleaseWanted(list(targets.values()), self._search.params, self._journals))

    def plan_moved(self, state: PlanState) -> None:
        """After a release: what was sent is unmarked, what was refused or not sent stays marked; the list is read again."""
        if not state.ended:
            return
        sent = (*SAID_DONE, *OPEN, Outcome.UNDELIVERED, Outcome.FAILED)
        self.table().unmark(result.target.id for result in state.results if result.outcome in sent)
        self.search(self._search.line)
