"""What the screens watch: the list of jobs, and one job with its rows. Each answers the poller and tells its listener."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, JobStatus, RowStatus
from tui_app.api.errors import ApiError, TooLarge
from tui_app.api.messages import JobMessage
from tui_app.api.models import Job
from tui_app.api.pages import SMALLEST_PAGE, all_jobs, past_the_end
from tui_app.clock import Clock
from tui_app.jobs.listing import Listing
from tui_app.jobs.poller import Pulse
from tui_app.jobs.progress import Outlook, Progress

ROWS_PER_PAGE: Final = 1000
PAGES_KEPT_FRESH: Final = 3
"""Loaded pages that are read again when counters moved; more would cost more requests than news is worth."""
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
    """One job, its outlook, and the rows loaded so far under one status; `rows` is None before the first page."""

    job: Job
    outlook: Outlook
    status: RowStatus | None
    rows: tuple[JobMessage, ...] | None
    complete: bool
    rows_read_at: datetime | None
    stale_rows: bool
    """Whether counters moved since some of the loaded rows were read."""
    shifted: bool = False
    """Whether rows moved from page to page between the readings: some may be missing."""


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
    _listing: Listing = field(default_factory=lambda: Listing(None, ROWS_PER_PAGE))
    _read_again: bool = True
    _newer: int = 0
    """Counts answers to writes, so that an older reading can't undo what they told."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def ask(self, status: RowStatus | None) -> None:
        """Ask the server for rows of another status from the next poll on."""
        self._listing = Listing(status, ROWS_PER_PAGE)
        self._read_again = True
        if self._snapshot is not None:
            self._snapshot = replace(self._snapshot, status=status, rows=None, complete=False, stale_rows=False)

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
        outlook = self._progress.outlook(job, at)
        before = self._snapshot
        if before is None:
            # Counters first: the operator sees where the job stands before its rows are here.
            self._tell(JobSnapshot(job, outlook, self._listing.status, None, False, None, False))
        else:
            self._tell(replace(before, job=job, outlook=outlook))
        requests = 1
        if moved or self._read_again:
            whole, self._read_again = self._read_again, False
            try:
                requests += await self._read_rows(whole=whole)
            except ApiError:
                self._read_again = True
                raise
        return Pulse(moved, outlook.left, job.ended, 1 if requests <= 2 else 2)

    async def load_more(self) -> None:
        """Load the next page of rows. Raises ApiError."""
        async with self._one_at_a_time:
            listing = self._listing
            number = listing.next_page
            if number is not None and self._snapshot is not None:
                await self._read_page(listing, number)
                self._tell_rows(listing, stale=self._snapshot.stale_rows)

    async def _read_rows(self, *, whole: bool) -> int:
        async with self._one_at_a_time:
            while True:
                listing = self._listing
                try:
                    return await self._read_loaded(listing, whole=whole)
                except TooLarge:
                    if listing is not self._listing or listing.per_page < 2 * SMALLEST_PAGE:
                        raise
                    self._listing = listing.in_smaller_pages()

    async def _read_loaded(self, listing: Listing, *, whole: bool) -> int:
        count, loaded = 0, max(1, len(listing.pages))
        last = loaded if whole else min(loaded, PAGES_KEPT_FRESH)
        for number in range(1, last + 1):
            if number > max(1, len(listing.pages)):
                break
            await self._read_page(listing, number)
            count += 1
        self._tell_rows(listing, stale=len(listing.pages) > last)
        return count

    async def _read_page(self, listing: Listing, number: int) -> None:
        try:
            page = await self.client.list_job_messages(
                self.job_id, page=number, per_page=listing.per_page, status=listing.status
            )
        except ApiError as error:
            if number == 1 or not past_the_end(error):
                raise
            listing.end_before(number)
            return
        listing.put(number, page.items)

    def _tell_rows(self, listing: Listing, *, stale: bool) -> None:
        if listing is self._listing and self._snapshot is not None:
            rows = listing.rows()
            self._tell(
                replace(
                    self._snapshot,
                    status=listing.status,
                    rows=rows,
                    complete=listing.complete,
                    rows_read_at=self.clock.now(),
                    stale_rows=stale,
                    shifted=listing.shifted,
                )
            )

    def _tell(self, snapshot: JobSnapshot) -> None:
        self._snapshot = snapshot
        self.listener(snapshot)
