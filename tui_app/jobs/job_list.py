"""Watching the list of jobs: it answers the poller and tells its listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.pagination import job_pages
from tui_app.jobs.poller import PollResult
from tui_app.jobs.progress import counters_of

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import ActionType, JobStatus
    from tui_app.api.models import Job
    from tui_app.jobs.followed import FollowedJobs
    from tui_app.jobs.progress import Eta

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
    etas: dict[str, Eta]
    incomplete: tuple[str, ...] = ()
    """Why some may be missing, in words; beside those that are left out."""
    left_out: int = 0
    """How many jobs could not be read, or were not asked for."""


def newest_first(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Jobs by creation time; the API promises no order."""
    return tuple(sorted(jobs, key=lambda job: (job.created_at or _EPOCH, job.id), reverse=True))


@dataclass
class JobsSubject:
    """The job list under one query."""

    reach: Callable[[], EmailSecurityClient]
    """The client, when it is there: the list is on the screen before it."""
    followed: FollowedJobs
    query: JobsQuery
    listener: Callable[[JobsSnapshot], None]
    _known: dict[str, tuple[object, ...]] = field(default_factory=dict)
    """The counters of the jobs of the last poll, by id."""

    def ask(self, query: JobsQuery) -> None:
        """Ask for something else from the next poll on."""
        self.query = query

    def tells_of(self, job_id: str) -> bool:
        """Whether the last answer had this job: it may be under another filter, or gone."""
        return job_id.lower() in self._known

    async def poll(self) -> PollResult:
        """Read the whole list under the query. Raises ApiError."""
        query, requests = self.query, 0
        found: list[Job] = []
        pages = job_pages(self.reach(), status=query.status, action=query.action)
        async for page in pages:
            found += page
            requests += 1
        if query != self.query:
            return PollResult(moved=True)
        known, self._known = self._known, {job.id.lower(): counters_of(job) for job in found}
        moved = any(job.countable and known.get(job.id.lower(), counters_of(job)) != counters_of(job) for job in found)
        self.followed.take(found)
        etas = {job.id: self.followed.eta(job) for job in found if not job.ended}
        incomplete = pages.lack.uncounted.doubts("job")
        self.listener(
            JobsSnapshot(query, newest_first(tuple(found)), etas, incomplete, pages.unreadable + pages.unasked)
        )
        left = [eta.left for eta in etas.values() if eta.left is not None]
        return PollResult(moved or len(found) != len(known), min(left, default=None), requests=requests)
