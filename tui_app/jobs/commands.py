"""Starting, stopping and removing jobs: one request each, and what leaves it open is settled by reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.api.errors import NotFound, Unreadable
from tui_app.api.models import DeletedJob, Job
from tui_app.api.pagination import job_pages
from tui_app.api.read_back import settle
from tui_app.api.write_result import Ambiguous, Done, Refused, WriteResult
from tui_app.core.text import Untrusted, sanitize

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.jobs.new_job import NewJob


async def cancel_job(client: EmailSecurityClient, job_id: str) -> WriteResult[Job]:
    """Stop a job; an open outcome, also an answer that shows the job still at work, is settled by reading the job."""

    async def ended() -> Job | None:
        job = await client.get_job(job_id)
        return job if job.ended else None

    result = await client.cancel_job(job_id)
    if isinstance(result, Done) and not result.value.ended:
        # What was stopped has ended: an answer that says otherwise says nothing of what became of it.
        status = sanitize(str(result.value.status), 40)
        still = Unreadable(
            f"The answer says that the job is still {status}.", request=f"POST investigate/bulk/{job_id}/cancel"
        )
        result = Ambiguous(still)
    return await settle(client.transport, result, ended) if isinstance(result, Ambiguous) else result


async def delete_job(client: EmailSecurityClient, job_id: str) -> WriteResult[DeletedJob]:
    """Remove an ended job from the lists; one that is gone already is done."""
    gone_already = DeletedJob(id=Untrusted(job_id))

    async def gone() -> DeletedJob | None:
        try:
            await client.get_job(job_id)
        except NotFound as error:
            # A 404 that is not in the API's own words may be anybody's.
            return gone_already if error.notices else None
        return None

    result = await client.delete_job(job_id)
    if isinstance(result, Refused) and isinstance(result.error, NotFound):
        return await settle(client.transport, Ambiguous(result.error), gone)
    return await settle(client.transport, result, gone) if isinstance(result, Ambiguous) else result


async def create_job(client: EmailSecurityClient, new: NewJob, mark: str) -> WriteResult[Job]:
    """Start a job: one POST. If its outcome is unknown the job is looked for by the mark at the end of its comment."""
    comment = f"{new.comment} {mark}".strip()

    async def there() -> Job | None:
        async for page in job_pages(client):
            for job in page:
                if job.comment is not None and mark in job.comment.exact:
                    return job
        return None

    result = await client.create_job(new.action, new.params, destination=new.destination, comment=comment)
    if isinstance(result, Done) and (result.value.comment is None or mark not in result.value.comment.exact):
        # Another job than ours: whoever cancels it stops somebody else's.
        name = sanitize(result.value.id, 80)
        lost = Unreadable(
            f"The answer is about job {name}, which does not bear our mark: it may be another one than was asked for.",
            request="POST investigate/bulk",
        )
        result = Ambiguous(lost)
    return await settle(client.transport, result, there) if isinstance(result, Ambiguous) else result
