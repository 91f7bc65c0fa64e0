"""All rows of a job under one status, read now, and whether they are all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.api.pagination import job_message_pages
from tui_app.jobs.progress import describe_missing

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage


@dataclass(frozen=True, slots=True)
class AllRows:
    """A job, its rows, and in words what may be missing of them; empty when they are all."""

    job: Job
    rows: tuple[JobMessage, ...]
    missing: str = ""


async def read_all_rows(client: EmailSecurityClient, job_id: str, status: RowStatus | None) -> AllRows:
    """The rows of a job under a status, asked of the server. Raises ApiError."""
    job = await client.get_job(job_id)
    rows: dict[str, JobMessage] = {}
    pages = job_message_pages(client, job_id, status=status, expected=job.counted(status))
    async for page in pages:
        rows.update((row.id, row) for row in page)
    why = [*pages.doubts("row")]
    if missing := describe_missing(job, status, len(rows)):
        why.append(f"{missing}, {len(rows):,} came")
    return AllRows(job, tuple(rows.values()), "; ".join(why))
