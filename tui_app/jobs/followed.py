"""The jobs that are followed to their end: how they stand, and that one has ended, from whatever screen that is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.api.errors import NotFound
from tui_app.api.pagination import job_pages
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize
from tui_app.jobs.poller import PollResult
from tui_app.jobs.progress import Eta, Progress, acted_share, counters_of, setback

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job
    from tui_app.core.clock import Clock
    from tui_app.jobs.poller import Subject

_LOOKED_AFTER: Final = 3
"""Jobs that the list does not have and that are asked for alone, in one poll."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """A followed job that goes on no more: as it was seen last, and whether it is gone from the account."""

    job: Job
    gone: bool = False

    @property
    def outcome(self) -> str:
        """`completed`, `failed`, `cancelled`, or `deleted`."""
        return "deleted" if self.gone else str(self.job.status).lower()

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        if self.gone:
            return f"Job {short_id(self.job)} was deleted; how it ended is not known."
        return f"Job {short_id(self.job)} ended: {self.outcome}{self._but}."

    @property
    def title(self) -> str:
        """The same in a few characters: `ff6c73b8 completed`."""
        return f"{short_id(self.job)} {self.outcome}"

    @property
    def _but(self) -> str:
        job = self.job
        if not job.countable:
            return ", its counters can't be read"
        parts = [f"{job.failed:,} failed"] if job.failed else []
        parts += [f"{job.pending:,} still pending"] if job.pending else []
        parts += [f"unaccounted {job.unaccounted:,}"] if job.unaccounted else []
        return "".join(f", {part}" for part in parts)


def _key(job_id: str) -> str:
    """One spelling of an id: lists and single answers may differ in theirs."""
    return job_id.lower()


def short_id(job: Job) -> str:
    """The beginning of a job's id, by which people call it."""
    return sanitize(job.id[:8])


class FollowedJobs:
    """Each running job that was seen, until it ends: every reading of a job comes here, whoever made it.

    `on_ended` learns of each end once, `on_news` of everything that may have moved. It is a subject of its own, for when
    no screen shows these jobs.
    """

    def __init__(self, reach: Callable[[], EmailSecurityClient], clock: Clock, record: Callable[[str], object]) -> None:
        self._reach = reach
        self._clock = clock
        self._record = record
        self._running: dict[str, tuple[Job, Progress]] = {}
        self._over: dict[str, Job] = {}
        """Those that ended while they were followed: an answer may take that back."""
        self._told: set[tuple[str, str]] = set()
        self._missed: set[str] = set()
        """Those that the API did not find when they were asked for last."""
        self.on_ended: Callable[[JobEnd], None] = lambda _: None
        self.on_news: Callable[[], None] = lambda: None

    @property
    def running(self) -> tuple[Job, ...]:
        """Those that go on, as they were seen last."""
        return tuple(job for job, _ in self._running.values())

    @property
    def share(self) -> float | None:
        """The share of their rows that are through, 0 to 1, of those whose number of rows is known; None for none."""
        known = [(job, share) for job in self.running if (share := acted_share(job)) is not None]
        found = sum(job.total_messages_discovered for job, _ in known)
        return sum(job.total_messages_discovered * share for job, share in known) / found if found else None

    def take(self, jobs: Sequence[Job]) -> None:
        """Take readings that were made now."""
        at = self._clock.monotonic()
        for job in jobs:
            self._take(job, at)
        self.on_news()

    def _take(self, job: Job, at: float) -> None:
        key = _key(job.id)
        self._missed.discard(key)
        before, progress = self._running.get(key) or (self._over.get(key), Progress())
        if before is not None and (back := setback(before, job)):
            self._tell_once(job, back)
        if job.ended:
            if self._running.pop(key, None) is not None:
                self._over[key] = job
                self.on_ended(JobEnd(job))
            return
        self._over.pop(key, None)
        progress.add(job, at)
        self._running[key] = (job, progress)

    def _tell_once(self, job: Job, back: str) -> None:
        # The figures of a counter that goes up and down are others each time.
        what = (_key(job.id), back if back.startswith("went") else "counts")
        if what not in self._told:
            self._told.add(what)
            self._record(f"Job {short_id(job)} {back}.")

    def eta(self, job: Job) -> Eta:
        """What can be said of a job that was taken last."""
        known = self._running.get(_key(job.id))
        return known[1].eta(job, self._clock.monotonic()) if known is not None else Eta()

    def forget(self, job_id: str) -> None:
        """Follow it no more: whoever ended it here knows of it."""
        if self._running.pop(_key(job_id), None) is not None:
            self.on_news()

    def not_found(self, job_id: str, error: NotFound, *, unlisted: bool = False) -> bool:
        """Take that a job was not found; whether it is gone, which is told then.

        It is by a second answer in a row, or by one where a whole list does not have it either (`unlisted`). An answer that
        is not in the API's own words may be anybody's, and tells nothing.
        """
        key = _key(job_id)
        if not error.notices:
            self._missed.discard(key)
            return False
        if not unlisted and key not in self._missed:
            self._missed.add(key)
            return False
        self._gone(key)
        return True

    def _gone(self, key: str) -> None:
        self._missed.discard(key)
        if (known := self._running.pop(key, None)) is not None:
            self.on_ended(JobEnd(known[0], gone=True))
            self.on_news()

    # ---- when no screen shows them

    def wanted(self, shown: Subject | None) -> bool:
        """Whether there are any that what is polled for the screen does not tell of."""
        return any(shown is None or not shown.tells_of(job_id) for job_id in self._running)

    def tells_of(self, job_id: str) -> bool:
        """Whether its answers tell of that job."""
        return _key(job_id) in self._running

    async def poll(self) -> PollResult:
        """Read those that go on: one alone by its id, several with the list in one request. Raises ApiError."""
        asked = dict(self._running)
        found, missed, requests = await self._read(asked)
        self.take(list(found.values()))
        lost = [error for key, (error, unlisted) in missed.items() if not self.not_found(key, error, unlisted=unlisted)]
        if trouble := next((error for error in lost if not error.notices), None):
            raise trouble
        moved = bool(missed) or any(counters_of(job) != counters_of(asked[key][0]) for key, job in found.items())
        left = [eta.left for job in self.running if (eta := self.eta(job)).left is not None]
        return PollResult(moved, min(left, default=None), not self._running, requests)

    async def _read(
        self, asked: dict[str, tuple[Job, Progress]]
    ) -> tuple[dict[str, Job], dict[str, tuple[NotFound, bool]], int]:
        """The jobs by id, those that were not found with whether a whole list does not have them either, and the requests.

        Those that nothing was told of are in neither.
        """
        client, requests, whole = self._reach(), 0, False
        found: dict[str, Job] = {}
        missed: dict[str, tuple[NotFound, bool]] = {}
        if len(asked) > 1:
            pages = job_pages(client)
            async for page in pages:
                requests += 1
                found |= {key: job for job in page if (key := _key(job.id)) in asked}
                if len(found) == len(asked):
                    break
            whole = pages.complete and not pages.may_miss
        for key in [key for key in asked if key not in found][:_LOOKED_AFTER]:
            try:
                found[key] = await client.get_job(key)
            except NotFound as error:
                missed[key] = error, whole
            except UsageError:
                continue  # an id by which nothing can be asked for
            requests += 1
        return found, missed, max(1, requests)
