"""What the screens watch: the list of jobs, and one job with its rows. Each answers the poller and tells its listener."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from tui_app.api.ahead import pages_of
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, JobStatus, RowStatus
from tui_app.api.errors import ApiError
from tui_app.api.models import Job
from tui_app.api.pages import all_jobs
from tui_app.clock import Clock
from tui_app.jobs.arrangement import Arranged
from tui_app.jobs.job_rows import JobRows, RowsSnapshot
from tui_app.jobs.poller import Pulse
from tui_app.jobs.progress import Outlook, Progress

_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class JobsQuery:
    """What the server is asked for."""

    status: JobStatus | None = None
    action: ActionType | None = None


@dataclass(frozen=True, slots=True)
class JobsSnapshot:
    """All jobs that match, newest first, with what can be said of those that run."""

    query: JobsQuery
    jobs: tuple[Job, ...]
    outlooks: dict[str, Outlook]
    read_at: datetime
    shifted: bool = False
    """Whether jobs moved from page to page while they were read: some may be missing."""


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """One job, its outlook, and what is loaded of its rows."""

    job: Job
    outlook: Outlook
    rows: RowsSnapshot


def newest_first(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Jobs by creation time; the API promises no order."""
    return tuple(sorted(jobs, key=lambda job: (job.created_at or _EPOCH, job.id), reverse=True))


@dataclass
class JobsSubject:
    """The job list under one query."""

    client: EmailSecurityClient
    clock: Clock
    query: JobsQuery
    listener: Callable[[JobsSnapshot], None]
    _progress: dict[str, Progress] = field(default_factory=dict)

    def ask(self, query: JobsQuery) -> None:
        """Ask for something else from the next poll on."""
        self.query = query

    async def poll(self) -> Pulse:
        """Read the whole list under the query. Raises ApiError."""
        query, requests = self.query, 0
        found: list[Job] = []
        pages = all_jobs(self.client, status=query.status, action=query.action)
        async for page in pages:
            found += page
            requests += 1
        if query != self.query:
            return Pulse(moved=True)
        at, moved = self.clock.monotonic(), False
        known, self._progress = self._progress, {}
        for job in found:
            progress = known.get(job.id) or Progress()
            moved |= progress.add(job, at) and job.id in known
            self._progress[job.id] = progress
        outlooks = {job.id: self._progress[job.id].outlook(job, at) for job in found if not job.ended}
        self.listener(JobsSnapshot(query, newest_first(tuple(found)), outlooks, self.clock.now(), pages.shifted))
        left = [outlook.left for outlook in outlooks.values() if outlook.left is not None]
        return Pulse(moved or len(found) != len(known), min(left, default=None), requests=requests)


@dataclass
class JobSubject:
    """One job, with its rows under one status."""

    client: EmailSecurityClient
    clock: Clock
    job_id: str
    listener: Callable[[JobSnapshot], None]
    _progress: Progress = field(default_factory=Progress)
    _snapshot: JobSnapshot | None = None
    _read_again: bool = False
    _newer: int = 0
    """Counts answers to writes, so that an older reading can't undo what they told."""

    def __post_init__(self) -> None:
        self._rows = JobRows(self.client, self.clock, self.job_id, self._rows_changed)

    async def ask(self, status: RowStatus | None) -> None:
        """Turn to rows of another status: at once if they are here, else the server is asked with the next poll."""
        await self._rows.ask(status)
        if self._snapshot is not None:
            self._snapshot = replace(self._snapshot, rows=self._rows.snapshot)

    def take(self, job: Job) -> None:
        """The job as the answer to a write has it: newer than any reading that is still on its way."""
        self._newer += 1
        self._read_again = True
        if self._snapshot is not None:
            self._tell(replace(self._snapshot, job=job, outlook=Outlook()))

    def read_all_again(self) -> None:
        """Read the loaded rows again with the next poll, even if nothing moved."""
        self._read_again = True

    async def poll(self) -> Pulse:
        """Read the job; only if it moved, or when asked, its rows too. Raises ApiError."""
        newer = self._newer
        job = await self.client.get_job(self.job_id)
        if newer != self._newer:
            return Pulse(moved=True)  # read before an answer that is newer: ask again
        at = self.clock.monotonic()
        moved = self._progress.add(job, at)
        if moved:
            self._rows.counters_moved()
        # Counters first: the operator sees where the job stands before its rows are here.
        self._tell(JobSnapshot(job, self._progress.outlook(job, at), self._rows.snapshot))
        requests = 1
        if (self._rows.due or self._read_again) and not self._rows.busy:
            whole, self._read_again = self._read_again, False
            try:
                requests += await self._rows.read_again(whole=whole)
            except ApiError:
                self._read_again = True
                raise
        return Pulse(moved, self._progress.outlook(job, at).left, job.ended, 1 if requests <= 2 else 2)

    @property
    def wanted(self) -> Arranged:
        """Filter and sort, as asked for last."""
        return self._rows.wanted

    async def arrange(self, wanted: Arranged) -> None:
        """Filter and sort the loaded rows from now on."""
        await self._rows.arrange(wanted)

    async def load_more(self) -> None:
        """Load the next page of rows. Raises ApiError."""
        await self._rows.load_more()

    async def load_all(self) -> None:
        """Load all rows under this status. What was loaded stays, if it fails or is cancelled. Raises ApiError."""
        await self._rows.load_all(self.expected)

    @property
    def expected(self) -> int:
        """How many rows there are under this status by the job's counters; 0 where none tells."""
        job = self._snapshot.job if self._snapshot is not None else None
        return job.counted(self._rows.snapshot.status) if job is not None else 0

    @property
    def requests_to_load_all(self) -> int:
        """How many requests loading the rest takes, as far as the counters tell."""
        rows = self._rows.snapshot
        loaded = 0 if rows.complete else rows.loaded
        return pages_of(max(0, self.expected - loaded), self._rows.per_page)

    def _rows_changed(self, rows: RowsSnapshot) -> None:
        if self._snapshot is not None:
            self._tell(replace(self._snapshot, rows=rows))

    def _tell(self, snapshot: JobSnapshot) -> None:
        self._snapshot = snapshot
        self.listener(snapshot)
