"""One job: where it stands, and its rows by status, filtered, sorted, loaded and exported."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import work
from textual.message import Message
from textual.widgets import Input

from tui_app import actions
from tui_app.api.enums import RowStatus
from tui_app.api.prefetch import pages_of
from tui_app.api.rows import JobMessage
from tui_app.core.bars import bar
from tui_app.core.errors import GuardError, SluiceError
from tui_app.core.files import free_path
from tui_app.core.query import QueryError
from tui_app.core.text import plural
from tui_app.jobs.filters import parse_filter, reason_line
from tui_app.jobs.progress import acted_share, counters_of, describe_action, describe_search
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.plans.effect import Source
from tui_app.rows.export import SUFFIXES, export_path
from tui_app.rows.store import OrderedRows
from tui_app.rows.view import RowView, Sort
from tui_app.screens import format as fmt
from tui_app.screens import job_commands
from tui_app.screens.as_command import AsCommand
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.copy import Value, job_values, row_values
from tui_app.screens.frame import MORE
from tui_app.screens.intent import Intent
from tui_app.screens.job.choice import marked_or_current, marked_or_filtered
from tui_app.screens.job.completeness import what_empty_means, what_is_here
from tui_app.screens.job.row_task import RowTask
from tui_app.screens.job.rows import COLUMNS
from tui_app.screens.job.typed_line import Purpose, TypedLine
from tui_app.screens.job_follow_up import why_no_follow_up
from tui_app.screens.line_help import FILE_HELP, LineHelp, filter_help
from tui_app.screens.line_screen import LineScreen
from tui_app.screens.mail.siblings import MessageRef, Siblings
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import Piece, Tabs, TextBlock, TextLine
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.jobs.job_watch import JobSnapshot, JobSubject
    from tui_app.jobs.poller import Subject
    from tui_app.jobs.rows import RowsSnapshot
    from tui_app.plans.request import PlanRequest
    from tui_app.service import EmailSecurityService

REPORT_SUFFIXES: Final = ("md", "csv", "json")
_SHORTEST_BAR: Final = 10
_BESIDE_A_REASON: Final = 12
"""Cells that the percentage takes between the bar and why a job failed."""
_ON_ROWS: Final = frozenset({"release.review", "rows.move", "mark.all"})
"""Actions that are about what is marked, else about what is listed."""


class JobScreen(LineScreen):
    """A job with its rows under a status that the server is asked for."""

    screen_name = "job"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("job")
    _long: RowTask

    class Arrived(Message):
        """News from the service."""

        def __init__(self, snapshot: JobSnapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class RowChosen(Intent):
        """A row was opened."""

        def __init__(self, message: MessageRef, siblings: Siblings[MessageRef]) -> None:
            super().__init__()
            self.message = message
            self.siblings = siblings

    class ReasonsWanted(Intent):
        """Failed and skipped rows are to be seen by reason."""

        def __init__(self, job: Job, subject: JobSubject) -> None:
            super().__init__()
            self.job = job
            self.subject = subject

    class ReleaseWanted(Intent):
        """The mail of chosen rows is to be looked up and released."""

        def __init__(self, request: PlanRequest) -> None:
            super().__init__()
            self.request = request

    class SiblingChosen(Intent):
        """Another job of the list is to be shown in place of this one."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self.job = job

    class AgainWanted(Intent):
        """The job is to be run again, as a new one."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self.job = job

    def __init__(self, service: EmailSecurityService, job: Job, siblings: Siblings[Job] | None = None) -> None:
        super().__init__(service)
        self._job = job
        self.listed = siblings
        """The list that it was opened from."""
        self._snapshot: JobSnapshot | None = None
        self._subject = service.jobs.watch(job.id, self._arrived)
        self._status = self._subject.rows.snapshot.status
        kept = self._subject.job
        if kept is not None and (kept.status, counters_of(kept)) != (job.status, counters_of(job)):
            self._subject.take(job)  # what it is opened with is newer than what was kept
        self._long = RowTask(self, self._subject, lambda: self._arrange(self._subject.wanted))
        self._cursors: dict[RowStatus | None, str | None] = {}
        """The row under the cursor, by status, for when somebody comes back."""

    def content(self) -> Iterable[Widget]:
        """Progress, counters, the search, tabs, a line to type in, rows."""
        yield TextLine(id="progress")
        yield TextBlock(id="counters")
        yield TextLine(id="search")
        yield Tabs(id="tabs")
        yield TypedLine(id="typed-line")
        yield RowTable[JobMessage](COLUMNS, self._cells, id="table")

    def mounted(self) -> None:
        """As it was left: status, filter, order, marks and the row under the cursor."""
        super().mounted()
        self._take_up()

    def _take_up(self) -> None:
        """Show what is known of the job's rows, whoever turned to them."""
        self._subject.listener = self._arrived
        wanted, snapshot = self._subject.wanted, self._subject.snapshot
        sort = wanted.sort
        if snapshot is None and sort is None:
            if field := self.table().sorted_by:  # as the rows of other jobs were sorted last
                self._arrange(RowView(wanted.filter, Sort(field, self.table().reversed)))
            return
        self.table().show_sort(sort.field if sort else "", reverse=bool(sort and sort.reverse))
        self.table().cursor_key = self._subject.cursor
        if snapshot is not None:
            self._status = snapshot.rows.status
            self._arrived(snapshot)

    def suspended(self) -> None:
        """Keep the row for whoever comes back."""
        super().suspended()
        self._subject.cursor = self.table().cursor_key

    def resumed(self) -> None:
        """Also read what followed; another screen may have turned to other rows meanwhile."""
        super().resumed()
        if self._snapshot is not None and self._subject.rows.snapshot.status is not self._status:
            self._take_up()
        self._subject.listener = self._arrived
        self.read_followers(Source.JOB, self._job.id)

    def subject(self) -> Subject:
        """The job."""
        return self._subject

    def table(self) -> RowTable[JobMessage]:
        """The rows."""
        return self.query_one("#table", RowTable)

    def _cells(self, row: JobMessage) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [column.cell(row, now) for column in COLUMNS]

    # ---- news

    def _arrived(self, snapshot: JobSnapshot) -> None:
        self.post_message(self.Arrived(snapshot))

    def on_job_screen_arrived(self, message: Arrived) -> None:
        """Show the difference."""
        snapshot = message.snapshot
        if snapshot.rows.status is not self._status:
            return
        before, self._snapshot, self._job = self._snapshot, snapshot, snapshot.job
        rows = snapshot.rows
        if rows.rows is not None and (before is None or rows is not before.rows):
            listed = rows.complete and not rows.stale and not rows.lack.may_miss
            whole = listed and self._status is None and rows.arranged.filter is None
            self.table().show_rows(rows.rows, whole=whole)
        self.answered()

    def show_frame(self) -> None:
        """Also progress, counters and tabs."""
        super().show_frame()
        if not self.ready:
            return
        job = self._job
        snapshot = self._snapshot
        state = fmt.job_state(job)
        self.set_breadcrumb(
            [("Jobs › ", "dim"), (describe_action(job), "bold"), f"  {str(job.job_id)[:8]}"], [fmt.as_piece(state)]
        )
        share = acted_share(job)
        percent = "" if share is None else f"  {int(share * 100)} %"
        reason = f"  {job.status_message}" if job.status_message else ""
        pace = fmt.pace_pieces(snapshot.eta, self._spark_cells) if snapshot else []
        # The bar has one width while the job goes on: beside it is room for how it goes, and for why it failed.
        wide = min(40, self.size.width - (40 if job.ended else 54))
        if reason:
            wide = min(wide, self.size.width - _BESIDE_A_REASON - cell_len(reason))
        parts: list[Piece] = [*pace, (reason, "$text-error")]
        if wide >= _SHORTEST_BAR or not (reason and percent):
            parts = [(bar(share, max(_SHORTEST_BAR, wide)), "$text-accent"), percent, "  ", *parts]
        else:
            parts = [percent.strip(), *parts]  # a bar says no more than it
        self.query_one("#progress", TextLine).set_text(*parts)
        self.query_one("#counters", TextBlock).set_items(fmt.counter_pieces(job))
        comment = f'"{job.comment}" · ' if job.comment else ""
        followers = f"{self.followers} · " if self.followers else ""
        self.query_one("#search", TextLine).set_text(
            followers, (PrivateText(f"{comment}{describe_search(job)}"), "dim")
        )
        self.query_one("#tabs", Tabs).show_tabs(fmt.job_tabs(job), fmt.STATUSES.index(self._status), bad="failed")
        self.table().set_empty_text(self._what_empty_means())

    @property
    def _spark_cells(self) -> int:
        """Cells for a sparkline, beside the bar, the percentage and the longest estimate."""
        return min(40, max(8, self.size.width - 84))

    def _what_empty_means(self) -> str:
        rows = self._rows
        if rows is None:
            return self.service.problem or "Asking the API for the job's messages…"
        return what_empty_means(self._job, rows, self._status)

    @property
    def _rows(self) -> RowsSnapshot | None:
        """What is loaded; None before the first page."""
        rows = self._snapshot.rows if self._snapshot is not None else None
        return rows if rows is not None and rows.rows is not None else None

    def describe(self) -> Sequence[Piece]:
        """How much is loaded, and why the row under the cursor is as it is; long work and errors come first."""
        rows = self._rows
        if told := self._long.describe():
            return told
        if self.service.problem and rows is not None:
            return [(f"{self.service.problem} ", "$text-error"), MORE]
        if rows is None or rows.rows is None:
            return []
        row = self.table().current
        why = f" · {row.status_message}" if row is not None and row.status_message else ""
        return [what_is_here(rows, self._subject, self.table().marked.marks), (why, "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another row."""
        self.show_about()

    # ---- loading

    def reopened(self) -> Callable[[], ConsoleScreen]:
        """The job again; its rows, marks and filter are kept."""
        service, job, listed = self.service, self._job, self.listed
        return lambda: JobScreen(service, job, listed)

    def as_command(self) -> AsCommand:
        """Its rows under their status."""
        job_id, status = str(self._job.job_id), self._status
        query = {"page": "1", "per_page": "1000"} | ({"status": status.value} if status else {})
        options = ["--status", status.value] if status else []
        wanted = self._subject.wanted.filter
        filtered = f"the filter {wanted.line}" if wanted is not None else ""
        return AsCommand(["messages", job_id, *options], ["bulk", job_id, "messages"], query, filtered)

    def why_not(self, action_id: str) -> str:
        """One that has ended can't be cancelled, one at work not deleted, tried again or undone."""
        if action_id in ("rows.retry", "rows.undo"):
            return why_no_follow_up(self._job, action_id)
        if action_id in _ON_ROWS:
            return self._why_no_rows if self._rows is not None else ""  # while they are awaited, no key comes and goes
        if action_id == "reasons.open" and self._job.countable and not (self._job.failed or self._job.skipped):
            return "No row failed or was skipped."
        if action_id == "job.cancel":
            return "It has ended: it can't be cancelled any more." if self._job.ended else ""
        return (
            "It still runs: only ended jobs can be deleted."
            if action_id == "job.delete" and not self._job.ended
            else ""
        )

    @property
    def _why_no_rows(self) -> str:
        """Why there is nothing to act on; empty where a row is listed or marked."""
        table = self.table()
        if len(table.shown) or table.marked.marks:
            return ""
        return "No row is listed." if self._rows is not None else table.empty_text

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        if not self._line.is_open:
            return None
        return (
            FILE_HELP
            if self._line.purpose.is_file
            else filter_help(JOB_ROWS, ("reason:", "why it failed, by its cause"))
        )

    def on_row_table_at_end(self) -> None:
        """Load the next page, when there is one."""
        if self._rows is not None:
            self._long.load_more(self._rows)

    def action_rows_load_all(self) -> None:
        """Load all rows under this status."""
        if self._rows is not None:
            self._long.load_all(self._rows)

    # ---- typing: a filter, or the name of a file

    @property
    def _line(self) -> TypedLine:
        return self.query_one("#typed-line", TypedLine)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Filter, export, or write the report."""
        purpose = self._line.purpose
        try:
            if purpose is Purpose.FILTER:
                wanted = parse_filter(event.value)
            elif purpose is Purpose.REPORT:
                path = export_path(event.value, REPORT_SUFFIXES)
            else:
                path = export_path(event.value)
        except (SluiceError, ValueError) as error:
            self.notice(str(error))
            if isinstance(error, QueryError):
                self._line.show_mistake(error)
            return
        self._close_line()
        if purpose is Purpose.FILTER:
            self._arrange(RowView(wanted, self._subject.wanted.sort))
        elif purpose is Purpose.REPORT:
            self._long.report(self._job, path)
        else:
            self._long.export(self._job, self._status, path)

    def action_filter_edit(self) -> None:
        """Type a filter of the loaded rows."""
        wanted = self._subject.wanted.filter
        self._line.open(Purpose.FILTER, wanted.line if wanted else "")
        self.notice("words -words to: from: subject: status: why: tries:>1")

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show the loaded rows in the order of a field."""
        self.table().show_sort(field, reverse=reverse)
        self._arrange(RowView(self._subject.wanted.filter, Sort(field, reverse) if field else None))

    @work(exclusive=True, group="arrange")
    async def _arrange(self, wanted: RowView) -> None:
        if not self.ready:
            return
        self.table().refit()
        asking = self._subject.arrange(wanted)
        self.call_later(self.show_about)
        await asking

    def action_job_export(self) -> None:
        """Ask for the name of a file to write the rows to, or the report."""
        if not self._long.busy():
            self._ask_for_file(Purpose.ROWS)

    def on_typed_line_turned(self, message: TypedLine.Turned) -> None:
        """Ask for the other file."""
        self._ask_for_file(message.purpose)

    def _ask_for_file(self, purpose: Purpose) -> None:
        name, report = f"job-{str(self._job.job_id)[:8]}", purpose is Purpose.REPORT
        under = f"-{self._status.value.lower()}" if self._status is not None else ""
        proposed = free_path(f"report-{name}", ".md") if report else free_path(f"{name}{under}", ".csv")
        self._line.open(purpose, proposed.name)
        count = self._job.counted(None if report else self._status)
        cost = f" · {plural(pages_of(count, 1000), 'request')}" if count else ""
        endings = " .".join(REPORT_SUFFIXES if report else SUFFIXES)
        what = "the report · tab rows" if report else f"{plural(count, 'row') if count else 'rows'} · tab the report"
        self.notice(f"enter writes {what} · .{endings}{cost}")

    def end_filter(self) -> bool:
        """Show all loaded rows again."""
        if (wanted := self._subject.wanted.filter) is None:
            return False
        self._line.keep(Purpose.FILTER, wanted.line)
        self._arrange(RowView(None, self._subject.wanted.sort))
        return True

    # ---- intents

    def action_filter_status(self, digit: str) -> None:
        """Turn to rows of one status."""
        if int(digit) == fmt.NOT_OF_ROWS:
            self.notice(f"No row is ever discovering, only jobs are: {digit} on Jobs shows those.")
            return
        named = fmt.STATUSES[int(digit)]
        status = RowStatus(named) if named else None
        if status is self._status:
            self.notice(fmt.shown_already(digit, named))
        else:
            self._turn_to(status)

    def _turn_to(self, status: RowStatus | None) -> None:
        if self._long.busy():
            return
        self._cursors[self._status] = self.table().cursor_key
        self._status, self._snapshot = status, None
        self._long.forget_offer()
        self.table().forget_cursor()
        # Nothing is here yet, but the marks: they are the store's.
        self.table().show_rows(OrderedRows(self._subject.rows.store, array("I")), whole=False)
        self.table().cursor_key = self._cursors.get(status)
        self._subject.turn_to(status)
        self._arrange(self._subject.wanted)
        self.service.refresh()
        self.show_frame()

    def action_reasons_open(self) -> None:
        """See failed and skipped rows by reason."""
        if not self._long.busy():
            self.post_message(self.ReasonsWanted(self._job, self._subject))

    def show_reason(self, key: str, status: RowStatus | None) -> None:
        """Show the rows of one reason, under a status."""
        if status is not self._status:
            self._turn_to(status)
        self._arrange(RowView(parse_filter(reason_line(key)), self._subject.wanted.sort))

    def action_view_refresh(self) -> None:
        """Read the job and its loaded rows again."""
        self._subject.read_all_again()
        super().action_view_refresh()

    def action_row_open(self) -> None:
        """Open the row."""
        if row := self.table().current:
            siblings = Siblings(self.table(), lambda row: MessageRef(job=self._job, row=row))
            self.post_message(self.RowChosen(MessageRef(job=self._job, row=row), siblings))

    def action_mark_all(self) -> None:
        """Mark all loaded rows."""
        table, rows = self.table(), self._rows
        table.mark_shown()
        shown, marks = len(table.shown), table.marked.marks
        others = f"; {marks - shown:,} more that are not shown" if marks > shown else ""
        more = (
            ""
            if rows is not None and rows.complete
            else ": all that are loaded; ‹row.last› at the end loads more, ‹rows.load_all› all"
        )
        self.notice(f"{shown:,} marked, all that match{others}." if not more else f"{shown:,} marked{others}{more}.")

    def copy_id(self) -> str:
        """The row's id, by which its mail is known."""
        row = self.table().current
        return str(row.mail_id or row.message_id) if row is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the row, or of the job where there are no rows."""
        row = self.table().current
        return row_values(row) if row is not None else job_values(self._job)

    def marked_ids(self) -> Sequence[str]:
        """By which the mail of the marked rows is known."""
        return [str(row.mail_id or row.message_id) for row in self.table().marked.marked_rows()]

    def action_release_review(self) -> None:
        """Take the mail of the marked rows, or else of the one under the cursor, to a review."""
        from tui_app.plans.follow_up import row_names
        from tui_app.plans.request import PlanRequest

        rows = marked_or_current(self.table())
        if ids := dict.fromkeys(row.mail_id.exact for row in rows if row.mail_id is not None):
            self.post_message(self.ReleaseWanted(PlanRequest(ids=tuple(ids), row_names=row_names(rows))))
        else:
            self.notice(
                "These rows do not tell which mail they are about." if rows else self._why_no_rows, until_news=True
            )

    def action_rows_retry(self) -> None:
        """Try the marked rows again, else those that the filter shows, else all that failed."""
        try:
            rows = marked_or_filtered(self.table(), self._subject.wanted, self._rows)
        except GuardError as error:
            self.notice(str(error))
            return
        job, retry = self._job, self.service.follow_ups.retry_job
        self.post_message(self.PlanWanted("Reading what failed…", lambda: retry(job.id, rows)))

    @work
    async def action_rows_undo(self) -> None:
        """Take back what the job did: of the marked rows, else of all."""
        try:
            rows = marked_or_filtered(self.table(), self._subject.wanted, self._rows)
        except GuardError as error:
            self.notice(str(error))
            return
        await job_commands.undo(self, self._job, rows)

    @work
    async def action_rows_move(self) -> None:
        """Move the mail of the marked rows, or else of the one under the cursor, to a folder."""
        rows = marked_or_current(self.table())
        if not rows:
            self.notice(self._why_no_rows, until_news=True)
        elif destination := await self.choose_destination(f"Move the mail of {plural(len(rows), 'row')} to"):
            move, job = self.service.follow_ups.move_rows, self._job
            self.post_message(self.PlanWanted("Looking up the mail…", lambda: move(job, rows, destination)))

    def action_sibling_next(self) -> None:
        """The next job of the list."""
        self._go(1)

    def action_sibling_previous(self) -> None:
        """The one before."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if self.listed is None:
            self.notice("This job was not opened from a list.")
        elif not self.may_leave():
            return
        elif (job := self.listed.go(step)) is None:
            self.notice("That is the last one listed." if step > 0 else "That is the first one.")
        else:
            self.post_message(self.SiblingChosen(job))

    def action_job_again(self) -> None:
        """Run it again: the form, filled with what it did."""
        self.post_message(self.AgainWanted(self._job))

    @work
    async def action_job_cancel(self) -> None:
        """Review and cancel."""
        for job in await job_commands.cancel(self, [self._job]):
            # The answer is newer than the last poll: what follows acts on this.
            self._job = job
            self._subject.take(job)
            self.show_frame()

    @work
    async def action_job_delete(self) -> None:
        """Review and delete; a deleted job has no screen."""
        if await job_commands.delete(self, [self._job]) and self.is_current:
            said = self.noticed
            self.app.pop_screen()
            if isinstance(self.app.screen, ConsoleScreen):
                self.app.screen.notice(said)
