"""Watching why a job's rows failed or were skipped: loaded by status, beside whatever the job's own screen shows."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from tui_app.api.enums import RowStatus
from tui_app.api.models import Job
from tui_app.api.prefetch import pages_of
from tui_app.api.wire_values import readable
from tui_app.core.text import plural
from tui_app.jobs.failures import FAILURES
from tui_app.jobs.progress import describe_missing
from tui_app.jobs.reasons import RowsByReason, group_by_reason
from tui_app.rows.store import OrderedRows, RowStore

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage
    from tui_app.jobs.job_watch import JobSubject
    from tui_app.jobs.poller import PollResult
    from tui_app.jobs.row_pages import RowPages


@dataclass(frozen=True, slots=True)
class FailuresSnapshot:
    """A job, and how much of its failed and skipped rows is loaded."""

    job: Job
    loaded: int
    missing: str
    """What is not loaded, or may be missing, as part of a sentence; empty when all is here."""
    stale: bool
    """Whether counters moved since some of the rows were read."""


@dataclass
class FailuresSubject:
    """The failed and skipped rows of a job that has a subject already; both share what was read, and its marks."""

    of: JobSubject
    job: Job
    listener: Callable[[FailuresSnapshot], None]

    async def poll(self) -> PollResult:
        """Read the job; its rows are read when somebody asks for it. Raises ApiError."""
        result = await self.of.poll_counters()
        self.job = self.of.job or self.job
        self.listener(self.snapshot)
        return result

    def tells_of(self, job_id: str) -> bool:
        """Whether it is this job."""
        return self.of.tells_of(job_id)

    @property
    def snapshot(self) -> FailuresSnapshot:
        """How it stands now."""
        listed = [*self._listings()]
        loaded = sum(len(listing.rows()) for _, listing in listed)
        doubts = [*dict.fromkeys(words for status, listing in listed for words in self._doubts(status, listing))]
        if not all(listing.complete for _, listing in listed):
            of = f" of {self.expected:,}" if self.expected > loaded else ""
            doubts.insert(0, f"{loaded:,}{of} loaded")
        return FailuresSnapshot(self.job, loaded, ", ".join(doubts), any(listing.stale for _, listing in listed))

    def _listings(self) -> Iterator[tuple[RowStatus, RowPages]]:
        """What is listed of each state in which there may be rows."""
        for status in FAILURES:
            listing = self.of.rows.listing(status)
            counter = {RowStatus.FAILED: self.job.messages_failed, RowStatus.SKIPPED: self.job.messages_skipped}[status]
            # Without a counter, or with one that can't be read, only the server knows.
            if listing.read or counter is None or counter or not readable(counter):
                yield status, listing

    def _doubts(self, status: RowStatus, listing: RowPages) -> Iterator[str]:
        name, loaded, lack = status.value.lower(), len(listing.rows()), listing.lack
        if lack.unasked:
            yield f"{plural(lack.unasked, 'row')} came that nobody asked for"
        if lack.may_miss:
            yield from replace(lack, unasked=0).doubts(f"{name} row")
        elif listing.complete and not listing.stale and (missing := describe_missing(self.job, status, loaded)):
            yield f"{loaded:,} {name} rows came, and {missing}"

    @property
    def requests_to_load(self) -> int:
        """How many requests loading what is not here, or not fresh, takes, as far as the counters tell; 0 when all is here."""
        requests = 0
        for status, listing in self._listings():
            if not listing.complete or listing.stale:
                loaded = 0 if listing.complete else len(listing.rows())
                requests += pages_of(max(0, self.job.counted(status) - loaded), listing.per_page)
        return requests

    @property
    def expected(self) -> int:
        """How many rows there are by the job's counters; 0 where none tells."""
        return sum(self.job.counted(status) for status in FAILURES)

    async def load(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Load what is not here, and read again what is not fresh. What was loaded stays, if it fails or is cancelled.

        Raises ApiError.
        """
        before = 0

        def told(rows: int) -> None:
            on_progress(before + rows)

        for status, listing in [*self._listings()]:
            if not listing.complete or listing.stale:
                await self.of.rows.load_status(status, self.job.counted(status), told)
            before += len(self.of.rows.listing(status).rows())

    @property
    def all_listed(self) -> bool:
        """Whether all rows of the job are loaded, of whatever state."""
        return self.of.rows.listing(None).complete

    def expire(self) -> None:
        """Take all that is here for old: loading reads it again."""
        for _, listing in self._listings():
            listing.stale = listing.read

    @property
    def store(self) -> RowStore[JobMessage]:
        """Where the rows and their marks are."""
        return self.of.rows.store

    async def group(self, now: datetime, *, still: Callable[[], bool] = lambda: True) -> RowsByReason:
        """The loaded rows by reason. Lets others run between steps; raises Superseded as soon as it is not `still` wanted."""
        slots = array("I", dict.fromkeys(chain.from_iterable(listing.rows().slots for _, listing in self._listings())))
        return await group_by_reason(OrderedRows(self.store, slots), now, still=still)
