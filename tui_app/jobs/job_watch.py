"""Watching one job with its rows: it answers the poller and tells its listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_app.api.errors import ApiError, NotFound
from tui_app.api.prefetch import pages_of
from tui_app.jobs.poller import PollResult
from tui_app.jobs.progress import Eta, counters_of, describe_missing
from tui_app.jobs.rows import JobRows, RowsSnapshot

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job
    from tui_app.core.clock import Clock
    from tui_app.jobs.followed import FollowedJobs
    from tui_app.rows.view import RowView


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """One job, its outlook, and what is loaded of its rows."""

    job: Job
    eta: Eta
    rows: RowsSnapshot


@dataclass
class JobSubject:
    """One job, with its rows under one status."""

    client: EmailSecurityClient
    clock: Clock
    followed: FollowedJobs
    job_id: str
    listener: Callable[[JobSnapshot], None]
    _counters: tuple[object, ...] = ()
    """Those of the last reading that could be read."""
    _snapshot: JobSnapshot | None = None
    _read_again: bool = False
    cursor: str | None = None
    """The row that somebody was on when the screen was left."""
    _newer: int = 0
    """Counts answers to writes, so that an older reading can't undo what they told."""

    def __post_init__(self) -> None:
        self._rows = JobRows(self.client, self.clock, self.job_id, self._rows_changed)

    def turn_to(self, status: RowStatus | None) -> None:
        """Turn to rows of another status; `arrange` shows those that are here, the next poll asks for the others."""
        self._rows.turn_to(status)
        if self._snapshot is not None:
            self._snapshot = replace(self._snapshot, rows=self._rows.snapshot)

    def take(self, job: Job) -> None:
        """The job as the answer to a write has it: newer than any reading that is still on its way."""
        self._newer += 1
        self._read_again = True
        if self._snapshot is not None:
            self._tell(replace(self._snapshot, job=job, eta=Eta()))

    def read_all_again(self) -> None:
        """Read the loaded rows again with the next poll, even if nothing moved."""
        self._read_again = True

    def tells_of(self, job_id: str) -> bool:
        """Whether it is this job."""
        return job_id.lower() == self.job_id.lower()

    async def poll(self) -> PollResult:
        """Read the job; only if it moved, or when asked, its rows too. Raises ApiError."""
        result = await self._read_job()
        if result is None or not (self._rows.due or self._read_again) or self._rows.busy:
            return result or PollResult(moved=True)
        whole, self._read_again = self._read_again, False
        try:
            requests = 1 + await self._rows.read_again(whole=whole, expected=self.expected)
        except ApiError:
            self._read_again = True
            raise
        return replace(result, requests=1 if requests <= 2 else 2)

    async def poll_counters(self) -> PollResult:
        """Read the job, and none of its rows: while others than this subject's are shown. Raises ApiError."""
        return await self._read_job() or PollResult(moved=True)

    async def _read_job(self) -> PollResult | None:
        """Read the job; None when what was read is older than the answer to a write: ask again."""
        newer = self._newer
        try:
            job = await self.client.get_job(self.job_id)
        except NotFound as error:
            self.followed.not_found(self.job_id, error)
            raise
        if newer != self._newer:
            return None
        moved = job.countable and counters_of(job) != self._counters
        self._counters = counters_of(job) if job.countable else self._counters
        if moved or not (job.countable or job.ended):
            # Of counters that can't be read nobody knows whether they moved.
            self._rows.counters_moved()
        self.followed.take([job])
        eta = self.followed.eta(job)
        # Counters first: the operator sees where the job stands before its rows are here.
        self._tell(JobSnapshot(job, eta, self._rows.snapshot))
        return PollResult(moved, eta.left, job.ended)

    @property
    def wanted(self) -> RowView:
        """Filter and sort, as asked for last."""
        return self._rows.wanted

    async def arrange(self, wanted: RowView) -> None:
        """Filter and sort the loaded rows from now on."""
        await self._rows.arrange(wanted)

    async def load_more(self) -> None:
        """Load the next page of rows. Raises ApiError."""
        await self._rows.load_more(self.expected)

    async def load_all(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Load all rows under this status. What was loaded stays, if it fails or is cancelled. Raises ApiError."""
        await self._rows.load_all(self.expected, on_progress)

    @property
    def expected(self) -> int:
        """How many rows there are under this status by the job's counters; 0 where none tells."""
        job = self._snapshot.job if self._snapshot is not None else None
        return job.counted(self._rows.snapshot.status) if job is not None else 0

    @property
    def missing(self) -> str:
        """Why the rows under this status may not be all when the list has come to its end; empty if they are."""
        job, rows = (self._snapshot.job if self._snapshot is not None else None), self._rows.snapshot
        return describe_missing(job, rows.status, rows.loaded) if job is not None and rows.complete else ""

    @property
    def requests_to_load_all(self) -> int:
        """How many requests loading the rest takes, as far as the counters tell."""
        rows = self._rows.snapshot
        loaded = 0 if rows.complete else rows.loaded
        return pages_of(max(0, self.expected - loaded), self._rows.per_page)

    @property
    def rows(self) -> JobRows:
        """All that was read of the job's rows, under any status; its store has the marks."""
        return self._rows

    @property
    def snapshot(self) -> JobSnapshot | None:
        """What is known of it; None before the first reading."""
        return self._snapshot

    @property
    def job(self) -> Job | None:
        """The job as it was read last."""
        return self._snapshot.job if self._snapshot is not None else None

    def _rows_changed(self, rows: RowsSnapshot) -> None:
        if self._snapshot is not None:
            self._tell(replace(self._snapshot, rows=rows))

    def _tell(self, snapshot: JobSnapshot) -> None:
        self._snapshot = snapshot
        self.listener(snapshot)
