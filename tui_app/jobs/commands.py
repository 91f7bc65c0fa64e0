"""Starting, stopping and removing jobs: one request each, and what leaves it open is settled by reading.

Each takes a function that is told of an answer that leaves it open, before that is settled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tui_app.api.errors import NotFound, Unreadable
from tui_app.api.models import DeletedJob, Job
from tui_app.api.pagination import job_pages
from tui_app.api.read_back import settle
from tui_app.api.write_result import Ambiguous, Done, Refused, WriteResult
from tui_app.core.text import Untrusted, sanitize

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.jobs.new_job import NewJob

T = TypeVar("T")
Answered = Callable[[WriteResult[Any]], Awaitable[None]]
"""Is told of an answer that leaves a write open."""


class StillAtWork(Unreadable):
    """A job was asked to stop, and the server says that it has not."""

    def __init__(self, job: Job, request: str) -> None:
        self.state = sanitize(str(job.status).lower(), 40)
        super().__init__(f"The server says: still {self.state}.", request=request)


async def _settled(
    client: EmailSecurityClient, result: WriteResult[T], look: Callable[[], Awaitable[T | None]], answered: Answered
) -> WriteResult[T]:
    if not isinstance(result, Ambiguous):
        return result
    await answered(result)
    return await settle(client.transport, result, look)


async def cancel_job(client: EmailSecurityClient, job_id: str, answered: Answered) -> WriteResult[Job]:
    """Stop a job; an open outcome, also an answer that shows the job still at work, is settled by reading the job."""
    request = f"POST investigate/bulk/{job_id}/cancel"
    last: Job | None = None

    async def ended() -> Job | None:
        nonlocal last
        last = await client.get_job(job_id)
        return last if last.ended else None

    result = await client.cancel_job(job_id)
    if isinstance(result, Done) and not result.value.ended:
        # What was stopped has ended: an answer that says otherwise says nothing of what became of it.
        result = Ambiguous(StillAtWork(result.value, request))
    result = await _settled(client, result, ended, answered)
    if isinstance(result, Ambiguous) and last is not None and isinstance(result.error, StillAtWork):
        return Ambiguous(StillAtWork(last, request))
    return result


async def delete_job(client: EmailSecurityClient, job_id: str, answered: Answered) -> WriteResult[DeletedJob]:
    """Remove an ended job from the lists; one that is gone already is done."""
    result = await client.delete_job(job_id)
    if isinstance(result, Refused) and isinstance(result.error, NotFound):
        result = Ambiguous(result.error)
    return await _settled(client, result, lambda: find_gone(client, job_id), answered)


async def find_gone(client: EmailSecurityClient, job_id: str) -> DeletedJob | None:
    """A job that is in no list any more; None while it is there, or nobody can say. Raises ApiError."""
    try:
        await client.get_job(job_id)
    except NotFound as error:
        # A 404 that is not in the API's own words may be anybody's.
        return DeletedJob(id=Untrusted(job_id)) if error.notices else None
    return None


async def create_job(client: EmailSecurityClient, new: NewJob, mark: str, answered: Answered) -> WriteResult[Job]:
    """Start a job: one POST. If its outcome is unknown the job is looked for by the mark at the end of its comment."""
    comment = f"{new.comment} {mark}".strip()
    result = await client.create_job(new.action, new.params, destination=new.destination, comment=comment)
    if isinstance(result, Done) and not _bears(result.value, mark):
        # Another job than ours: whoever cancels it stops somebody else's.
        name = sanitize(result.value.id, 80)
        lost = Unreadable(
            f"The answer is about job {name}, which does not bear our mark: it may be another one than was asked for.",
            request="POST investigate/bulk",
        )
        result = Ambiguous(lost)
    return await _settled(client, result, lambda: find_marked(client, mark), answered)


async def find_marked(client: EmailSecurityClient, mark: str) -> Job | None:
    """The job whose comment ends with a mark; None when it is not in the list, or when several do. Raises ApiError."""
    found: dict[str, Job] = {}
    async for page in job_pages(client):
        found.update((job.id, job) for job in page if _bears(job, mark))
    return next(iter(found.values())) if len(found) == 1 else None


def _bears(job: Job, mark: str) -> bool:
    """Whether a job is the one that was made with a mark: others may speak of it in their comments."""
    return job.comment is not None and job.comment.exact.split()[-1:] == [mark]
