"""`jobs` and `job`: reading bulk jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui_app.api.enums import ActionType, JobStatus
from tui_app.api.models import Job
from tui_app.api.page import MAX_PER_PAGE
from tui_app.api.pagination import all_jobs
from tui_app.cli.listing import Listing, ListingColumn, format_option, with_ours, write_pages
from tui_app.cli.runner import converse
from tui_app.config.settings import check_job_id
from tui_app.core.clock import rfc3339
from tui_app.core.text import json_text
from tui_app.jobs.progress import acted_share, action_in_words, search_in_words

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService

ASKABLE_JOB_STATUS = [status.value for status in JobStatus if status is not JobStatus.SKIPPED]


def _percent(job: Job) -> str:
    share = acted_share(job)
    return "" if share is None else f"{int(share * 100)}%"


JOB_COLUMNS = (
    ListingColumn[Job]("job_id", 36, lambda job: str(job.job_id)),
    ListingColumn[Job]("status", 11, lambda job: str(job.status).lower()),
    ListingColumn[Job]("action", 18, action_in_words),
    ListingColumn[Job]("done", 4, _percent, right=True),
    ListingColumn[Job]("found", 9, lambda job: str(job.total_messages_discovered), right=True),
    ListingColumn[Job]("ok", 9, lambda job: str(job.successful), right=True),
    ListingColumn[Job]("failed", 7, lambda job: str(job.failed), right=True),
    ListingColumn[Job]("skipped", 7, lambda job: str(job.skipped), right=True),
    ListingColumn[Job]("cancelled", 9, lambda job: str(job.cancelled), right=True),
    ListingColumn[Job]("pending", 9, lambda job: str(job.pending), right=True),
    ListingColumn[Job]("created", 20, lambda job: rfc3339(job.created_at) if job.created_at else ""),
    ListingColumn[Job]("comment", 60, lambda job: str(job.comment or "")),
)


def job_json(job: Job) -> dict[str, Any]:
    """The API's object with our share done and the rows no counter claims."""
    share = acted_share(job)
    return with_ours(job.wire, done=None if share is None else round(share, 4), unaccounted=job.unaccounted)


def write_job(job: Job, output_format: str) -> None:
    """Write one job: its fields one a line, or in a format of listings (JSON: one object)."""
    if output_format == "json":
        click.echo(json_text(job_json(job)))
        return
    if output_format != "table":
        listing = Listing(output_format, JOB_COLUMNS, job_json)
        listing.write(job)
        listing.close()
        return
    for column in JOB_COLUMNS:
        click.echo(f"{column.name:<10} {column.text(job)}")
    click.echo(f"{'search':<10} {search_in_words(job)}")
    if job.status_message:
        click.echo(f"{'reason':<10} {job.status_message.detail()}")
    if job.unaccounted:
        click.echo(f"{'unaccounted':<10} {job.unaccounted}")


@click.command()
@click.option("--status", type=click.Choice(ASKABLE_JOB_STATUS, case_sensitive=False), help="Only jobs in this state.")
@click.option(
    "--action", type=click.Choice([a.value for a in ActionType], case_sensitive=False), help="Only this kind."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@format_option
@click.pass_context
def jobs(ctx: click.Context, status: str | None, action: str | None, limit: int | None, output_format: str) -> None:
    """List bulk jobs, in the server's order."""

    async def work(service: EmailSecurityService) -> None:
        pages = all_jobs(
            service.client,
            status=JobStatus(status) if status else None,
            action=ActionType(action) if action else None,
            per_page=min(limit or MAX_PER_PAGE, MAX_PER_PAGE),
        )
        await write_pages(pages, lambda: Listing(output_format, JOB_COLUMNS, job_json), limit)

    converse(ctx, work)


@click.command()
@click.argument("job_id")
@format_option
@click.pass_context
def job(ctx: click.Context, job_id: str, output_format: str) -> None:
    """Show one bulk job."""
    job_id = check_job_id(job_id)
    write_job(converse(ctx, lambda service: service.client.get_job(job_id)), output_format)
