"""A job's rows in a file, asked of the server page by page; what may be missing is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_app.api.pagination import job_message_pages
from tui_app.jobs.progress import describe_missing
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.rows.export import Exported, export_rows

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.rows import JobMessage


async def export_job(
    client: EmailSecurityClient,
    job_id: str,
    statuses: Sequence[RowStatus | None],
    path: Path,
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    only: Callable[[JobMessage], bool] | None = None,
    wanted: int = 0,
    bom: bool = False,
) -> Exported:
    """Write a job's rows under some statuses to a new file; the counters before and after say whether any may be missing.

    `only`: those that pass, of which `wanted` there are if somebody knows. `bom`: a CSV begins with a byte order mark.
    """
    job = await client.get_job(job_id)
    listed = [
        (status, job_message_pages(client, job_id, status=status, exact=True, expected=job.counted(status)))
        for status in statuses
    ]
    read = dict.fromkeys(statuses, 0)

    async def rows() -> AsyncIterator[Sequence[JobMessage]]:
        for status, pages in listed:
            async for page in pages:
                read[status] += len(page)
                yield page if only is None else [row for row in page if only(row)]

    async def missing(written: int) -> str:
        for _, pages in listed:
            if doubts := pages.doubts("row"):
                return "; ".join(doubts)
        after = await client.get_job(job_id)
        moved = any(status is not None for status in statuses) and after.counters != job.counters
        if moved:
            return "rows changed while they were read"
        if written < wanted:
            return f"{wanted:,} were chosen, and the others did not come"
        return next(filter(None, [describe_missing(after, status, count) for status, count in read.items()]), "")

    return await export_rows(rows(), path, missing, on_progress, columns=JOB_ROWS.exported, bom=bom)
