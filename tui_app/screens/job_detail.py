"""One job: where it stands, and its rows by status."""

from collections.abc import Iterable, Sequence
from typing import Final

from textual import work
from textual.message import Message
from textual.widget import Widget

from tui_app import actions
from tui_app.api.enums import RowStatus
from tui_app.api.errors import ApiError
from tui_app.api.messages import JobMessage
from tui_app.api.models import Job
from tui_app.jobs.poller import Subject
from tui_app.jobs.progress import acted_share, action_in_words, search_in_words
from tui_app.jobs.watching import JobSnapshot
from tui_app.screens import ending, looks
from tui_app.screens.place import MORE, Place
from tui_app.service import EmailSecurityService
from tui_app.widgets.lines import Line, Piece, Tabs, bar
from tui_app.widgets.row_table import Cell, Column, RowTable

STATUS_TABS: Final = (
    None,
    RowStatus.PENDING,
    RowStatus.PROCESSING,
    RowStatus.COMPLETED,
    RowStatus.FAILED,
    RowStatus.SKIPPED,
    RowStatus.CANCELLED,
)
COLUMNS: Final = (
    Column("STATUS", 12),
    Column("RECIPIENT", weight=4),
    Column("SUBJECT", weight=3),
    Column("TRIES", 5, right=True),
    Column("WHY", weight=6),
    Column("PROCESSED", 23, from_width=130),
)


class JobScreen(Place):
    """A job with its rows under a status that the server is asked for."""

    place = "job"
    BINDINGS = actions.bindings("job")

    class Arrived(Message):
        """News from the service."""

        def __init__(self, snapshot: JobSnapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class RowChosen(Message):
        """A row was opened."""

        def __init__(self, job: Job, row: JobMessage) -> None:
            super().__init__()
            self.job = job
            self.row = row

    def __init__(self, service: EmailSecurityService, job: Job) -> None:
        super().__init__(service)
        self._job = job
        self._status: RowStatus | None = None
        self._snapshot: JobSnapshot | None = None
        self._loading = False
        self._subject = service.watch_job(job.id, self._arrived)

    def content(self) -> Iterable[Widget]:
        """Progress, counters, the search, tabs, rows."""
        yield Line(id="progress")
        yield Line(id="counters")
        yield Line(id="search")
        yield Tabs(id="tabs")
        yield RowTable[JobMessage](COLUMNS, lambda row: row.id, self._cells, id="table")

    def subject(self) -> Subject:
        """The job."""
        return self._subject

    def table(self) -> RowTable[JobMessage]:
        """The rows."""
        return self.query_one("#table", RowTable)

    def _cells(self, row: JobMessage) -> Sequence[Cell]:
        why = str(row.status_message or "")
        if row.retry_after is not None:
            why = f"{why}, retry {row.retry_after.astimezone():%H:%M}"
        subject = Cell(str(row.subject)) if row.subject is not None else Cell(str(row.postfix_id or "–"), "muted")
        return (
            looks.row_state(row.status),
            Cell(str(row.recipient)),
            subject,
            Cell(str(row.retry_count), "" if row.retry_count else "muted"),
            Cell(why),
            Cell(looks.local(row.processed_at), "muted"),
        )

    # ---- news

    def _arrived(self, snapshot: JobSnapshot) -> None:
        self.post_message(self.Arrived(snapshot))

    def on_job_screen_arrived(self, message: Arrived) -> None:
        """Show the difference."""
        snapshot = message.snapshot
        if snapshot.status is not self._status:
            return
        before, self._snapshot, self._job = self._snapshot, snapshot, snapshot.job
        if snapshot.rows is not None and (before is None or snapshot.rows is not before.rows):
            self.table().show_rows(snapshot.rows, whole=snapshot.complete and self._status is None)
        self.show_frame()

    def show_frame(self) -> None:
        """Also progress, counters and tabs."""
        super().show_frame()
        if not self.ready:
            return
        job = self._job
        snapshot = self._snapshot
        state = looks.job_state(job)
        self.say_place([("Jobs › ", "dim"), (action_in_words(job), "bold"), f"  {str(job.job_id)[:8]}"], [state.text])
        share = acted_share(job)
        outlook = snapshot.outlook.words() if snapshot else ""
        percent = "" if share is None else f"  {int(share * 100)} %"
        reason = f"  {job.status_message}" if job.status_message else ""
        wide = max(10, min(40, self.size.width - 40))
        self.query_one("#progress", Line).say(
            (bar(share, wide), "$text-accent"), percent, f"  {outlook}", (reason, "$text-error")
        )
        self.query_one("#counters", Line).say(*self._counters(job))
        comment = f'"{job.comment}" · ' if job.comment else ""
        self.query_one("#search", Line).say((f"{comment}{search_in_words(job)}", "dim"))
        self.query_one("#tabs", Tabs).show_tabs(self._tabs(job), STATUS_TABS.index(self._status))
        self.table().say_if_empty(self._what_empty_means())

    @staticmethod
    def _counters(job: Job) -> list[Piece]:
        pieces: list[Piece] = [
            f"{job.total_messages_discovered:,} found · {job.successful:,} ok · ",
            (f"{job.failed:,} failed", "bold $text-error" if job.failed else ""),
            f" · {job.skipped_or_cancelled:,} skipped or cancelled"
            if job.skipped_or_cancelled
            else f" · {job.skipped:,} skipped · {job.cancelled:,} cancelled",
            f" · {job.pending:,} pending",
        ]
        if job.unaccounted:
            pieces.append((f" · unaccounted {job.unaccounted:,}", "bold $text-error"))
        return pieces

    @staticmethod
    def _tabs(job: Job) -> list[tuple[str, str, int | None]]:
        return [
            ("all", "all", job.total_messages_discovered),
            ("pending", "pend", job.messages_pending),
            ("processing", "proc", None),
            ("completed", "done", job.messages_successful),
            ("failed", "fail", job.messages_failed),
            ("skipped", "skip", job.messages_skipped),
            ("cancelled", "canc", job.messages_cancelled),
        ]

    def _what_empty_means(self) -> str:
        snapshot = self._snapshot
        if snapshot is None or snapshot.rows is None:
            return self.service.problem or "Asking the API for the job's messages…"
        if self._status is not None:
            return f"No row is {self._status.value.lower()} now; 0 shows all."
        return "Nothing was found to act on." if self._job.ended else "Nothing found yet."

    def describe(self) -> Sequence[Piece]:
        """How much is loaded, and why the row under the cursor is as it is."""
        snapshot = self._snapshot
        if self.service.problem and snapshot is not None and snapshot.rows is not None:
            return [(f"{self.service.problem} ", "$text-error"), MORE]
        if snapshot is None or snapshot.rows is None:
            return []
        table = self.table()
        count = f"{len(snapshot.rows):,} loaded" + ("" if snapshot.complete else ", more with G")
        marked = f" · {len(table.marked):,} marked" if table.marked else ""
        stale = " · some rows may have changed, r reads them again" if snapshot.stale_rows else ""
        if snapshot.shifted:
            stale = " · rows moved while they were read, some may be missing, r reads them again"
        row = table.cursor_row
        why = f" · {row.status_message}" if row is not None and row.status_message else ""
        return [f"{count}{marked}{stale}", (why, "dim")]

    def on_row_table_moved(self) -> None:
        """Tell of another row."""
        self.show_about()

    def on_row_table_marked(self) -> None:
        """Tell how many are marked."""
        self.show_about()

    @work(group="rows")
    async def on_row_table_at_end(self) -> None:
        """Load the next page, when there is one; keys that come meanwhile ask for nothing more."""
        snapshot = self._snapshot
        if self._loading or snapshot is None or snapshot.complete or snapshot.rows is None:
            return
        self._loading = True
        self.notice("Loading more rows…")
        try:
            await self._subject.load_more()
            self.notice("")
        except ApiError as error:
            self.service.record(str(error), error.details())
            self.notice(f"{error} ! tells more.")
        finally:
            self._loading = False

    # ---- intents

    def action_filter_status(self, digit: str) -> None:
        """Ask the server for rows of one status."""
        status = STATUS_TABS[int(digit)]
        if status is self._status:
            return
        self._status = status
        self.table().forget_cursor()
        self.table().show_rows((), whole=False)
        self._subject.ask(status)
        if self._snapshot is not None:
            self._snapshot = None
        self.service.refresh()
        self.show_frame()

    def action_view_refresh(self) -> None:
        """Read the job and its loaded rows again."""
        self._subject.read_all_again()
        super().action_view_refresh()

    def action_row_open(self) -> None:
        """Open the row."""
        if row := self.table().cursor_row:
            self.post_message(self.RowChosen(self._job, row))

    def action_mark_all(self) -> None:
        """Mark all loaded rows."""
        table = self.table()
        table.mark(row.id for row in table.rows)
        complete = self._snapshot is not None and self._snapshot.complete
        self.notice(
            f"{len(table.marked):,} marked"
            + (", all that match." if complete else ": all that are loaded; G at the end loads more.")
        )

    def action_view_copy(self) -> None:
        """Copy the row's id."""
        if row := self.table().cursor_row:
            name = row.investigate_id or row.postfix_id or row.message_id
            self.app.copy_to_clipboard(str(name))
            self.notice(f"{name} (copied, if the terminal allows)")

    @work
    async def action_job_cancel(self) -> None:
        """Review and cancel."""
        if job := await ending.cancel(self, self._job):
            # The answer is newer than the last poll: what follows acts on this.
            self._job = job
            self._subject.take(job)
            self.show_frame()

    @work
    async def action_job_delete(self) -> None:
        """Review and delete; a deleted job has no screen."""
        if await ending.delete(self, self._job) and self.is_current:
            self.app.pop_screen()
            if isinstance(self.app.screen, Place):
                self.app.screen.notice("Delete: deleted.")
