"""The first screen: all bulk jobs, alive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual import work
from textual.message import Message

from tui_app import actions
from tui_app.api.enums import ActionType, JobStatus
from tui_app.config.schema import View
from tui_app.core.text import plural, sanitize
from tui_app.jobs.job_filter import GRAMMAR, HINT, JobFilter, parse_job_filter
from tui_app.jobs.job_list import JobsQuery, JobsSnapshot
from tui_app.jobs.progress import Eta, describe_search
from tui_app.remembered import parse_sort, written_sort
from tui_app.screens import format as fmt
from tui_app.screens.as_command import AsCommand
from tui_app.screens.filter import FilterScreen
from tui_app.screens.frame import MORE
from tui_app.screens.intent import Intent
from tui_app.screens.job_columns import COLUMNS, SORTS
from tui_app.screens.job_follow_up import why_no_follow_up
from tui_app.screens.mail.siblings import Siblings
from tui_app.widgets.inputs import OpenedLine
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import Piece, Tabs
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.jobs.poller import Subject
    from tui_app.screens.copy import Value
    from tui_app.service import EmailSecurityService

NEXT_ACTION: Final = {None: ActionType.MOVE, ActionType.MOVE: ActionType.RELEASE, ActionType.RELEASE: None}
ACTION_WORDS: Final = {None: "move+release", ActionType.MOVE: "moves only", ActionType.RELEASE: "releases only"}
_ON_JOBS: Final = frozenset({"mark.all", "job.cancel", "job.delete", "rows.retry", "rows.undo"})


def _spark_cells(width: int) -> int:
    """Cells for a sparkline in the line about the row: the words of the row come first."""
    return min(24, max(0, width - 92))


class JobsScreen(FilterScreen):
    """All jobs under a status and an action that the server is asked for."""

    screen_name = "jobs"
    FILTER_HINT = HINT
    FILTER_GRAMMAR = GRAMMAR
    BINDINGS = actions.bindings("jobs")

    class Arrived(Message):
        """News from the service."""

        def __init__(self, snapshot: JobsSnapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class Chosen(Intent):
        """A job was opened."""

        def __init__(self, job: Job, siblings: Siblings[Job]) -> None:
            super().__init__()
            self.job = job
            self.siblings = siblings

    class NewWanted(Intent):
        """Somebody wants to start a job."""

    class Drawn(Intent):
        """The screen was drawn for the first time."""

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._query = JobsQuery()
        self._subject = service.jobs.watch_list(self._query, self._arrived)
        self._snapshot: JobsSnapshot | None = None
        self._marks: dict[str, None] = {}
        """Ids of marked jobs; they outlive each reading of the list."""
        self._filter: JobFilter | None = None

    def content(self) -> Iterable[Widget]:
        """Tabs, a line to type in, the table."""
        yield Tabs(id="tabs")
        yield OpenedLine(id="typed-line", placeholder="words comment:… failed:>0 age:<1d")
        table: RowTable[Job] = RowTable(COLUMNS, self._cells, id="table")
        yield table

    def mounted(self) -> None:
        """Draw, then tell of it."""
        super().mounted()
        self.call_after_refresh(self.post_message, self.Drawn())

    def subject(self) -> Subject:
        """The list."""
        return self._subject

    def table(self) -> RowTable[Job]:
        """The jobs."""
        return self.query_one("#table", RowTable)

    def _cells(self, job: Job) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [column.cell(job, now) for column in COLUMNS]

    # ---- news

    def _arrived(self, snapshot: JobsSnapshot) -> None:
        self.post_message(self.Arrived(snapshot))

    def on_jobs_screen_arrived(self, message: Arrived) -> None:
        """Show the difference."""
        if message.snapshot.query != self._query:
            return
        self._snapshot = message.snapshot
        self._show_jobs()
        self.show_breadcrumb()

    def _show_jobs(self) -> None:
        jobs = self._snapshot.jobs if self._snapshot is not None else ()
        table = self.table()
        if (wanted := self._filter) is not None:
            now = self.service.clock.now()
            jobs = tuple(job for job in jobs if wanted.matches(job, now))
        if table.sorted_by:
            jobs = tuple(sorted(jobs, key=SORTS[table.sorted_by], reverse=table.reversed))
        snapshot = self._snapshot
        # Under a filter a job may be marked that is not listed; what is gone from all jobs is not there any more.
        whole = (
            snapshot is not None and snapshot.query == JobsQuery() and not (snapshot.left_out or snapshot.incomplete)
        )
        whole = whole and wanted is None
        table.show_rows(ListRows(jobs, lambda job: job.id, self._marks), whole=whole)
        self.show_footer()

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show the jobs in the order of a field."""
        self.table().show_sort(field, reverse=reverse)
        self._show_jobs()
        self.show_breadcrumb()

    def show_frame(self) -> None:
        """Also the breadcrumb and what an empty list means."""
        super().show_frame()
        if self.ready:
            self.show_breadcrumb()

    def show_breadcrumb(self) -> None:
        """How many jobs, under which filter."""
        snapshot = self._snapshot
        self.query_one("#tabs", Tabs).show_tabs(fmt.tabs({}, fmt.NOT_OF_JOBS), fmt.STATUSES.index(self._query.status))
        narrowed = self._query != JobsQuery()
        if snapshot is None:
            self.set_breadcrumb([("Jobs", "bold")], [ACTION_WORDS[self._query.action]])
            self.table().set_empty_text(self.service.problem or "Asking the API for bulk jobs…")
            return
        running = sum(1 for job in snapshot.jobs if not job.ended)
        count = f"  {len(snapshot.jobs):,} loaded" + (f", {running:,} running" if running else "")
        # Not to be read, or not asked for: `mailsluice jobs` tells which.
        count += f", {snapshot.left_out:,} left out" if snapshot.left_out else ""
        if self._filter is not None:
            count = f"  {len(self.table().shown):,} of{count[1:]}"
        if snapshot.incomplete:
            count += " · may be incomplete"
        self.set_breadcrumb(
            [("Jobs", "bold"), count], [f"{ACTION_WORDS[self._query.action]} · {self._describe_order()}"]
        )
        if self._filter is not None and snapshot.jobs:
            said = f"None of the {plural(len(snapshot.jobs), 'job')} matches the filter."
            self.table().set_empty_text(
                f"{said} {self._key('screen.back')} ends the filter, {self._key('filter.edit')} changes it."
            )
        elif snapshot.incomplete:
            self.table().set_empty_text("No job came, and the answer may be incomplete: ‹view.refresh› reads again.")
        elif snapshot.left_out:
            self.table().set_empty_text("All jobs that came were left out; mailsluice jobs tells why.")
        elif narrowed:
            self.table().set_empty_text("No job matches; 0 shows all states, ‹filter.action› changes the action.")
        elif self.service.settings.read_only:
            self.table().set_empty_text("No bulk jobs in this account yet. ‹quarantine.open› shows held mail.")
        else:
            self.table().set_empty_text(
                "No bulk jobs in this account yet. ‹job.new› starts one, ‹quarantine.open› shows held mail."
            )
        self.show_about()

    def _describe_order(self) -> str:
        table = self.table()
        return f"by {table.sorted_by} {'↓' if table.reversed else '↑'}" if table.sorted_by else "created ↓"

    def describe(self) -> Sequence[Piece]:
        """Comment, search, pace of the job under the cursor; an error of the line comes first."""
        if self.service.problem and self._snapshot is not None:
            return [(f"{self.service.problem} ", "$text-error"), MORE]
        job = self.table().current
        if job is None or self._snapshot is None:
            return []
        eta = self._snapshot.etas.get(job.id, Eta())
        marks = self.table().marked.marks
        filtered = sanitize(self._filter.line, 40) if self._filter is not None else ""
        words = [
            PrivateText(job.comment or ""),
            str(job.status_message or ""),
            PrivateText(describe_search(job)),
        ]
        pieces: list[Piece] = fmt.pace_pieces(eta, _spark_cells(self.size.width))
        for word in filter(None, words):
            pieces += [" · ", word] if pieces else [word]
        if job.unaccounted:
            pieces.insert(0, (f"unaccounted {job.unaccounted:,} · ", "$text-error"))
        marked: list[Piece] = [(f"{marks:,} marked · ", "bold")] if marks else []
        filter_pieces: list[Piece] = [("filter ", "$text-accent"), (PrivateText(filtered), "$text-accent"), " · "]
        doubts: list[Piece] = [(f"{'; '.join(self._snapshot.incomplete)} · ", "$text-warning")]
        return [
            *marked,
            *(doubts if self._snapshot.incomplete else []),
            *(filter_pieces if filtered else []),
            *pieces,
        ]

    def _key(self, action_id: str) -> str:
        return self.key_map.key(action_id)

    def why_not(self, action_id: str) -> str:
        """Cancel is for jobs that go on, delete, retry and undo are for those that have ended; with marks, for those."""
        if not self.ready or action_id not in _ON_JOBS:
            return ""
        if not len(self.table().shown):
            return "No job is listed."
        if action_id in ("rows.retry", "rows.undo"):
            job = self.table().current
            return why_no_follow_up(job, action_id) if job is not None else "No job is listed."
        ended = {job.ended for job in self._chosen() or ()}
        if ended == {True} and action_id == "job.cancel":
            return "It has ended: it can't be cancelled any more."
        return (
            "It still runs: only ended jobs can be deleted." if ended == {False} and action_id == "job.delete" else ""
        )

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another row, and of what can be done with it."""
        self.show_footer()
        self.show_about()

    # ---- views

    @property
    def jobs(self) -> Sequence[Job]:
        """All that are loaded, whatever the filter shows."""
        return self._snapshot.jobs if self._snapshot is not None else ()

    def view(self) -> View:
        """State, action, filter and order."""
        status, action = self._query.status, self._query.action
        return View(
            "jobs",
            filter=self.filter_line,
            status=status.lower() if status else "",
            action="move" if action is ActionType.MOVE else "release" if action is ActionType.RELEASE else "",
            sort=written_sort(self.table().sorted_by, reverse=self.table().reversed),
        )

    def show_view(self, view: View) -> None:
        """Show what a view keeps. A column that this version has not is no order. Raises QueryError."""
        self.filter_by(view.filter)
        field, reverse = parse_sort(view.sort)
        self.sort_rows(field if field in SORTS else "", reverse=reverse)
        self.tell_unknown_sort(field, SORTS)
        status = JobStatus(view.status.upper()) if view.status else None
        self._ask(JobsQuery(status, ActionType(view.action.upper()) if view.action else None))

    def as_command(self) -> AsCommand:
        """The list under its state and action."""
        status, action = self._query.status, self._query.action
        options = ["--status", status.value] if status else []
        options += ["--action", action.value] if action else []
        query = {"page": "1", "per_page": "100"} | ({"status": status.value} if status else {})
        query |= {"action_type": action.value} if action else {}
        filtered = f"the filter {self.filter_line}" if self.filter_line else ""
        return AsCommand(["jobs", *options], ["bulk"], query, filtered)

    # ---- filtering

    @property
    def filter_line(self) -> str:
        """The line by which the list is filtered; empty for none."""
        return self._filter.line if self._filter is not None else ""

    def filter_by(self, line: str) -> None:
        """Show only the jobs that a filter lets through; all of them for an empty line. Raises QueryError."""
        self._filter = parse_job_filter(line, self.service.clock.now())
        self._show_jobs()
        self.show_breadcrumb()
        self.show_footer()

    def show_all_by(self, line: str) -> None:
        """Show the jobs of all states and actions that a filter lets through. Raises QueryError."""
        self.filter_by(line)
        self._ask(JobsQuery())

    def handle_back(self) -> bool:
        """Esc leaves the line, then ends the filter. Marks stay: u removes them."""
        if super().handle_back():
            return True
        marks = self.table().marked.marks
        quits = f"{self._key('screen.leave')} quits"
        kept = (
            f"{plural(marks, 'job')} {'stays' if marks == 1 else 'stay'} marked, {self._key('mark.none')} unmarks; "
            if marks
            else ""
        )
        self.notice(f"This is the first screen: {kept}{quits}.")
        return True

    # ---- intents

    def _ask(self, query: JobsQuery) -> None:
        if query == self._query:
            return
        self._query, self._snapshot = query, None
        self._show_jobs()
        self._subject.ask(query)
        self.service.refresh()
        self.show_breadcrumb()

    def action_filter_status(self, digit: str) -> None:
        """Ask the server for one state."""
        if int(digit) == fmt.NOT_OF_JOBS:
            self.notice(f"No job is ever skipped, only rows are: {digit} on a job shows those.")
            return
        named = fmt.STATUSES[int(digit)]
        status = JobStatus(named) if named else None
        if status is self._query.status:
            self.notice(fmt.shown_already(digit, named))
            return
        self._ask(JobsQuery(status, self._query.action))

    def action_filter_action(self) -> None:
        """Ask the server for moves, releases, or both."""
        self._ask(JobsQuery(self._query.status, NEXT_ACTION[self._query.action]))

    def action_row_open(self) -> None:
        """Open the job."""
        if job := self.table().current:
            self.post_message(self.Chosen(job, Siblings(self.table(), lambda job: job)))

    def copy_id(self) -> str:
        """The job's id."""
        job = self.table().current
        return str(job.job_id) if job is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the job."""
        from tui_app.screens.copy import job_values

        job = self.table().current
        return job_values(job) if job is not None else ()

    def action_job_new(self) -> None:
        """Start a job."""
        self.post_message(self.NewWanted())

    def action_mark_all(self) -> None:
        """Mark all jobs that are listed."""
        self.table().mark_shown()
        shown, marks = len(self.table().shown), self.table().marked.marks
        others = f"; {marks - shown:,} more that are not listed" if marks > shown else ""
        self.notice(f"{plural(shown, 'job')} marked, all that are listed{others}.")

    def marked_ids(self) -> Sequence[str]:
        """The ids of the marked jobs."""
        return list(self._marks)

    def _chosen(self) -> Sequence[Job] | None:
        """The marked jobs, else the one under the cursor; None when marked ones are not listed now."""
        table = self.table()
        marked = table.marked.marked_rows()
        if len(marked) != table.marked.marks:
            return None  # never fall back to less than what was marked: the operator means the marks
        return marked or ((table.current,) if table.current is not None else ())

    def _chosen_or_said(self) -> Sequence[Job]:
        jobs = self._chosen()
        if jobs is None:
            missing = self.table().marked.marks - len(self.table().marked.marked_rows())
            self.notice(
                f"{plural(missing, 'marked job')} not listed now: 0 and ‹filter.action› show all, ‹mark.none› unmarks all."
            )
        return jobs or ()

    def action_rows_retry(self) -> None:
        """Try again what failed of the job."""
        if job := self.table().current:
            retry = self.service.follow_ups.retry_job
            self.post_message(self.PlanWanted(f"Reading what failed{self._of_which(job)}…", lambda: retry(job.id)))

    @work
    async def action_rows_undo(self) -> None:
        """Take back what the job did."""
        if job := self.table().current:
            from tui_app.screens import job_commands

            await job_commands.undo(self, job, of=self._of_which(job))

    def _of_which(self, job: Job) -> str:
        """What a key is about that acts on one job, whatever is marked."""
        which = ", the one under the cursor" if self.table().marked.marks else ""
        return f" of job {str(job.job_id)[:8]}{which}"

    @work
    async def action_job_cancel(self) -> None:
        """Review and cancel what is marked, else the job under the cursor."""
        if jobs := self._chosen_or_said():
            from tui_app.screens import job_commands

            self.table().unmark(job.id for job in await job_commands.cancel(self, jobs))

    @work
    async def action_job_delete(self) -> None:
        """Review and delete what is marked, else the job under the cursor."""
        if jobs := self._chosen_or_said():
            from tui_app.screens import job_commands

            self.table().unmark(deleted.id.exact for deleted in await job_commands.delete(self, jobs))
