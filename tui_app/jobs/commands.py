"""Starting, stopping and removing jobs: one request each, and what leaves it open is settled by reading.

Each takes a function that is told of an answer before anything is read for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tui_app.api.errors import ApiError, NotFound, Unreadable
from tui_app.api.models import DeletedJob, Job
from tui_app.api.pagination import job_pages
from tui_app.api.read_back import settle
from tui_app.api.write_result import Ambiguous, Done, Refused, WriteResult
from tui_app.config.settings import check_job_id
from tui_app.core.errors import UsageError
from tui_app.core.mark import ends_with
from tui_app.core.text import Untrusted, sanitize
from tui_app.jobs.new_job import CreatedJob

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.jobs.new_job import NewJob

T = TypeVar("T")
Answered = Callable[[WriteResult[Any]], Awaitable[None]]
"""Is told of an answer before anything is read for it; `Done` as well, which the job may belie."""


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
    if isinstance(result, Done) and result.value.ended and _may_look(client):
        await answered(result)
        with suppress(ApiError):
            result = replace(result, value=await client.get_job(job_id))
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
    said = isinstance(result, Done)
    if isinstance(result, Refused) and isinstance(result.error, NotFound):
        result, said = Ambiguous(result.error), bool(result.error.notices)
    if isinstance(result, Done) and _may_look(client):
        await answered(result)
        with suppress(ApiError):
            job = await client.get_job(job_id)
            there = (
                f"The answer calls it deleted, and the server still has it: {sanitize(str(job.status).lower(), 40)}."
            )
            result = Ambiguous(Unreadable(there, request=f"DELETE investigate/bulk/{job_id}"))
    return await _settled(client, result, lambda: find_gone(client, job_id, said=said), answered)


def _may_look(client: EmailSecurityClient) -> bool:
    """Whether a job may be looked at after an answer that calls it done: nobody waits minutes for the quota for that."""
    return client.transport.budget.wait() <= 0


async def find_gone(client: EmailSecurityClient, job_id: str, *, said: bool = False) -> DeletedJob | None:
    """A job that the server does not have, by two answers; None while it is there, or nobody can say. Raises ApiError.

    `said` = one answer said so already.
    """
    for _ in range(1 if said else 2):
        try:
            await client.get_job(job_id)
        except NotFound as error:
            if not error.notices:
                return None  # not in the API's own words: it may be anybody's
        else:
            return None
    return DeletedJob(id=Untrusted(job_id))


async def create_job(
    client: EmailSecurityClient, new: NewJob, mark: str, answered: Answered
) -> WriteResult[CreatedJob]:
    """Start a job: one POST. If its outcome is unknown the job is looked for by the mark at the end of its comment.

    What it does differently is taken from the job as it is read, not from the answer, wherever it can be read.
    """
    comment = f"{new.comment} {mark}".strip()
    result = await client.create_job(new.action, new.params, destination=new.destination, comment=comment)
    if isinstance(result, Done):
        seen, error = await _look_at_new(client, result.value, mark)
        if error is None:
            job = seen or result.value
            created = CreatedJob(job, new.differences(job), seen=seen is not None)
            return Done(created, result.notices, result.errors)
        result = Ambiguous(error)
    found = await _settled(client, result, lambda: find_marked(client, mark), answered)
    if not isinstance(found, Done):
        return found
    return Done(CreatedJob(found.value, new.differences(found.value)))


async def _look_at_new(client: EmailSecurityClient, job: Job, mark: str) -> tuple[Job | None, ApiError | None]:
    """The new job as the server has it, None where nobody can say, and why the answer may be about another job.

    An answer can carry our comment and somebody else's id: whoever cancels that one stops another's job.
    """
    name, request = sanitize(job.id, 80), "POST investigate/bulk"
    lost = Unreadable(
        f"The answer is about job {name}, which does not bear our mark: it may be another one than was asked for.",
        request=request,
    )
    try:
        check_job_id(job.id)
    except UsageError:
        return None, Unreadable(f"The answer calls the new job '{name}', which is no id of a job.", request=request)
    if not _bears(job, mark):
        return None, lost
    if not _may_look(client):
        return None, None
    try:
        seen = await client.get_job(job.id)
    except NotFound:
        return None, Unreadable(f"The answer is about job {name}, which the server does not have.", request=request)
    except ApiError:
        return None, None
    return (seen, None) if _bears(seen, mark) else (None, lost)


async def find_marked(client: EmailSecurityClient, mark: str) -> Job | None:
    """The job whose comment ends with a mark; None when it is not in the list, or when several do. Raises ApiError."""
    found: dict[str, Job] = {}
    async for page in job_pages(client):
        found.update((job.id, job) for job in page if _bears(job, mark))
    return next(iter(found.values())) if len(found) == 1 else None


def _bears(job: Job, mark: str) -> bool:
    """Whether a job is the one that was made with a mark: others may speak of it in their comments."""
    return job.comment is not None and ends_with(job.comment.exact, mark)
