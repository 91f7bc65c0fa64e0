"""Watching the list of jobs: it answers the poller and tells its listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.pagination import job_pages
from tui_app.jobs.poller import PollResult
from tui_app.jobs.progress import Eta, Progress

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import ActionType, JobStatus
    from tui_app.api.models import Job
    from tui_app.core.clock import Clock

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
    shifted: bool = False
    """Whether jobs moved from page to page while they were read: some may be missing."""
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
    clock: Clock
    query: JobsQuery
    listener: Callable[[JobsSnapshot], None]
    _progress: dict[str, Progress] = field(default_factory=dict)

    def ask(self, query: JobsQuery) -> None:
        """Ask for something else from the next poll on."""
        self.query = query

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
        at, moved = self.clock.monotonic(), False
        known, self._progress = self._progress, {}
        for job in found:
            progress = known.get(job.id) or Progress()
            moved |= progress.add(job, at) and job.id in known
            self._progress[job.id] = progress
        etas = {job.id: self._progress[job.id].eta(job, at) for job in found if not job.ended}
        self.listener(
            JobsSnapshot(query, newest_first(tuple(found)), etas, pages.shifted, pages.unreadable + pages.unasked)
        )
        left = [eta.left for eta in etas.values() if eta.left is not None]
        return PollResult(moved or len(found) != len(known), min(left, default=None), requests=requests)
