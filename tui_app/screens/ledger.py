"""The ledger: all plans and writes to jobs of this machine, who made them and why, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app import actions
from tui_app.config.schema import View
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.plans.ledger_entry import PlanSummary
from tui_app.plans.ledger_filter import GRAMMAR, LedgerFilter, parse_ledger_filter
from tui_app.plans.state import Outcome
from tui_app.plans.write_entry import WriteEntry, WriteOutcome
from tui_app.remembered import parse_sort, written_sort
from tui_app.screens import format as fmt
from tui_app.screens.as_command import AsCommand
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.filter import FilterScreen
from tui_app.screens.intent import Intent
from tui_app.screens.journal_watch import JournalWatch
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.inputs import OpenedLine
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.plans.ledger import Listed
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_WRITES: Final = {
    WriteOutcome.DONE: ("✔", "success"),
    WriteOutcome.REFUSED: ("✖", "error"),
    WriteOutcome.NOT_SENT: ("✖", "error"),
    WriteOutcome.UNKNOWN: ("?", "warning"),
}
_PLANS: Final = {
    "damaged": ("✖", "error"),
    "unfinished": ("?", "warning"),
    "closed": ("■", "muted"),
    "none done": ("✖", "error"),
}


def state_of(each: Listed) -> Cell:
    """Where it stands: glyph, word, tone. Only what was done whole, and as it was asked for, has a tick."""
    word = each.standing
    if word in _PLANS:
        glyph, tone = _PLANS[word]
    elif isinstance(each, WriteEntry):
        glyph, tone = _WRITES[each.outcome]
        if each.outcome is WriteOutcome.DONE and not each.as_asked:
            glyph, tone = "!", "warning"
    else:
        glyph, tone = ("✔", "success") if each.done == each.messages else ("!", "warning")
    return Cell(f"{glyph} {word}", tone)


def _time(each: Listed, now: datetime) -> Cell:
    """When, in local time; of another year the day."""
    if each.at is None:
        return Cell("–", "muted")
    at = local_time(each.at)
    return Cell(f"{at:%m-%d %H:%M}" if at.year == local_time(now).year else f"{at:%Y-%m-%d}", "muted")


def _tone_of(each: Listed) -> str:
    """`error` where its counts say that something failed."""
    return "error" if not isinstance(each, WriteEntry) and each.count_of(Outcome.FAILED, Outcome.REFUSED) else ""


def _size(each: Listed) -> int:
    """How many messages it is about; fewest where nobody knows."""
    if isinstance(each, WriteEntry):
        if each.report is not None:
            return len(each.report.mails)
        return each.preview.count if each.preview is not None else -1
    return each.messages


COLUMNS: Final[tuple[CellColumn[Listed], ...]] = (
    CellColumn("STATE", 13, field="state", sort=lambda each: state_of(each).text, cell=lambda each, _: state_of(each)),
    CellColumn("TIME", 11, from_width=66, field="time", sort=lambda each: fmt.by_age(each.at), cell=_time),
    CellColumn(
        "WHO",
        weight=1,
        from_width=110,
        field="who",
        sort=lambda each: each.origin.who,
        cell=lambda each, _: Cell(sanitize(each.origin.who)),
    ),
    CellColumn("ACTION", 14, field="action", sort=lambda each: each.what, cell=lambda each, _: Cell(each.what)),
    CellColumn("TARGET", 8, field="target", sort=lambda each: each.target, cell=lambda each, _: Cell(each.target)),
    CellColumn("COUNTS", weight=2, field="counts", sort=_size, cell=lambda each, _: Cell(each.counts, _tone_of(each))),
    CellColumn(
        "REASON",
        weight=2,
        from_width=72,
        private=True,
        field="reason",
        sort=lambda each: each.reason.casefold(),
        cell=lambda each, _: Cell(sanitize(each.reason), "muted"),
    ),
)
SORTS: Final = {column.field: column.sort for column in COLUMNS if column.sort is not None}


class LedgerScreen(FilterScreen):
    """All plans and writes to jobs, the newest first."""

    screen_name = "ledger"
    FILTER_HINT = "words -words who: action: state: target: reason: since:24h"
    FILTER_GRAMMAR = GRAMMAR
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("ledger")

    class Chosen(Intent):
        """A plan or a write to a job was opened; `record`: what is on record of it, not the job."""

        def __init__(self, entry: Listed, *, record: bool = False) -> None:
            super().__init__()
            self.entry = entry
            self.record = record

    def __init__(self, service: EmailSecurityService, line: str = "") -> None:
        """`line` = a filter to begin with. Raises QueryError."""
        super().__init__(service)
        self._listed: Sequence[Listed] = ()
        self._filter: LedgerFilter | None = parse_ledger_filter(line, service.clock.now())
        self._nothing = ""
        self._journals = JournalWatch(lambda: service.plans.ledger.folder)

    def content(self) -> Iterable[Widget]:
        """A line to type in, and the table."""
        yield OpenedLine(id="typed-line", placeholder="words who:… state:… since:24h")
        yield RowTable["Listed"](COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[Listed]:
        """Plans and writes."""
        return self.query_one("#table", RowTable)

    def _cells(self, each: Listed) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [column.cell(each, now) for column in COLUMNS]

    def resumed(self) -> None:
        """Read the journals."""
        super().resumed()
        self.action_view_refresh()

    def time_passed(self) -> None:
        """Follow what another mailsluice writes: new journals, and those of what is not over."""
        super().time_passed()
        if any(worker.node is self and worker.group == "read" and not worker.is_finished for worker in self.workers):
            return
        not_over = (each for each in self._listed if each.open or (isinstance(each, PlanSummary) and each.unfinished))
        if self._journals.changed(each.file for each in not_over):
            self._read()

    def action_view_refresh(self) -> None:
        """Read the journals again."""
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """In a thread: there may be ten thousand."""
        listed: Sequence[Listed] = ()
        said, self._nothing = "", "Nothing was written from this machine yet."
        try:
            overview = await asyncio.to_thread(self.service.plans.ledger.overview)
        except SluiceError as error:
            self._nothing = str(error)
        else:
            listed = overview.listed
            if overview.unexpected:
                said = f"Nothing is sent until {overview.unexpected[0]} is moved away: it is no journal. ‹ledger.verify› checks."
            elif overview.unreadable:
                # Their plans are not in the list, and their ids are held back.
                said = overview.unreadable[0]
        if not self.ready:
            return  # it was left meanwhile
        self._listed = listed
        self._show_listed()
        if said:
            self.notice(said)

    def _show_listed(self) -> None:
        """What passes the filter, in the order that was chosen."""
        table, listed = self.table(), self._listed
        shown = listed if self._filter is None else [each for each in listed if self._filter.matches(each)]
        if table.sorted_by:
            shown = sorted(shown, key=SORTS[table.sorted_by], reverse=table.reversed)
        table.show_rows(ListRows(shown, lambda each: each.file))
        plans = [each for each in listed if isinstance(each, PlanSummary)]
        writes = [each for each in listed if isinstance(each, WriteEntry)]
        jobs = sum(each.report is None for each in writes)
        unfinished, unknown = sum(each.unfinished for each in plans), sum(each.open for each in writes)
        words = [plural(len(plans), "plan")] + [plural(jobs, "job write")] * bool(jobs)
        words += [plural(len(writes) - jobs, "report")] * (len(writes) > jobs)
        words += [f"{unfinished:,} unfinished"] * bool(unfinished) + [f"{unknown:,} unknown"] * bool(unknown)
        right: list[Piece] = ["on this machine"]
        if self._filter is not None:
            right = [f"{len(shown):,} match ", (PrivateText(sanitize(self._filter.line, 60)), "bold")]
        self.set_breadcrumb([("Ledger", "bold"), f"  {', '.join(words)}"], right)
        if self._filter is not None and listed:
            table.set_empty_text(
                f"None of the {len(listed):,} matches. ‹screen.back› ends the filter, ‹filter.edit› changes it."
            )
        else:
            table.set_empty_text(self._nothing)
        self.show_footer()
        self.show_about()

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show them in the order of a field; with an empty one the newest first."""
        self.table().show_sort(field, reverse=reverse)
        self._show_listed()

    def view(self) -> View:
        """Filter and order."""
        table = self.table()
        filtered = self.filter_line
        return View("ledger", filter=filtered, sort=written_sort(table.sorted_by, reverse=table.reversed))

    def show_view(self, view: View) -> None:
        """Filter and order as a view keeps them. Raises QueryError."""
        field, reverse = parse_sort(view.sort)
        self.filter_by(view.filter)
        self.sort_rows(field if field in SORTS else "", reverse=reverse)
        self.tell_unknown_sort(field, SORTS)

    def reopened(self) -> Callable[[], ConsoleScreen]:
        """The ledger again."""
        service, line = self.service, self.filter_line
        return lambda: LedgerScreen(service, line)

    def as_command(self) -> AsCommand:
        """The list."""
        filtered = f"the filter {self.filter_line}" if self.filter_line else ""
        return AsCommand(["ledger", "list"], note=filtered)

    # ---- filtering

    @property
    def filter_line(self) -> str:
        """The line by which the list is filtered; empty for none."""
        return self._filter.line if self._filter is not None else ""

    def filter_by(self, line: str) -> None:
        """Show only what a filter lets through; all of it for an empty line. Raises QueryError."""
        self._filter = parse_ledger_filter(line, self.service.clock.now())
        self._show_listed()

    # ---- the line under the cursor

    def describe(self) -> Sequence[Piece]:
        """Who and why, of what is under the cursor."""
        each = self.table().current
        if each is None:
            return []
        if whose := self.service.settings.whose(each.account):
            return [(f"of {whose} · ", "$text-warning"), *self._described(each)]
        return self._described(each)

    def _described(self, each: Listed) -> Sequence[Piece]:
        if each.damaged:
            return [(f"Its journal is damaged: {each.damaged}. Keep {sanitize(each.file)}.", "$text-error")]
        if each.doubts:
            return [(f"{each.doubts[0]} ", "$text-warning"), (sanitize(each.origin.describe()), "dim")]
        reason: list[Piece] = [" · ", (PrivateText(sanitize(each.reason)), "dim")] if each.reason else []
        who = (sanitize(each.origin.describe()), "dim")
        if isinstance(each, WriteEntry):
            waits = " · ‹record.open› shows the record, ‹record.settle› there settles it" if each.open else ""
            return [(f"{each.describe()}{waits} · ", "" if each.open else "dim"), who, *reason]
        waits = " · enter opens it, to settle and go on" if each.open else ""
        return [(f"{each.describe()} · ", "$text-error" if _tone_of(each) else "dim"), who, *reason, (waits, "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another one."""
        self.show_about()

    def action_row_open(self) -> None:
        """Open the plan, or the job."""
        if entry := self.table().current:
            self.post_message(self.Chosen(entry))

    def action_record_open(self) -> None:
        """Show what is on record of a write to a job; a plan is opened."""
        if entry := self.table().current:
            self.post_message(self.Chosen(entry, record=True))

    @work(exclusive=True, group="verify")
    async def action_ledger_verify(self) -> None:
        """Follow the chain, with every journal read again."""
        self.notice("Reading all journals…")
        try:
            verdict = await asyncio.to_thread(self.service.plans.ledger.verify)
        except SluiceError as error:
            self.notice(str(error))
            return
        for problem in verdict.problems:
            self.service.record(f"Ledger: {problem}")
        for note in verdict.notes:
            self.service.record(f"Ledger: {note}")
        elsewhere = f"; {len(verdict.notes):,} from elsewhere, ‹activity.open› tells" if verdict.notes else ""
        if verdict.problems:
            self.notice(f"NOT intact: {verdict.problems[0]} ‹activity.open› shows all.")
        else:
            self.notice(f"{plural(verdict.journals, 'journal')}, whole; head {verdict.head[:16] or 'none'}{elsewhere}")

    def copy_id(self) -> str:
        """The plan's id or the job's, or the file where that has the name of another plan."""
        each = self.table().current
        if isinstance(each, WriteEntry):
            return sanitize(each.job) or each.name
        return each.name if each is not None else ""
