"""`messages`: the rows of a job."""

import click

from tui_app.api.client import MAX_PER_PAGE
from tui_app.api.enums import RowStatus
from tui_app.api.messages import JobMessage
from tui_app.api.pages import all_job_messages
from tui_app.cli.output import Column, Listing, format_option, with_ours, write_pages
from tui_app.cli.session import converse
from tui_app.clock import rfc3339
from tui_app.config import check_job_id
from tui_app.service import EmailSecurityService

ASKABLE_ROW_STATUS = [status.value for status in RowStatus if status is not RowStatus.DISCOVERING]

COLUMNS = (
    Column[JobMessage]("message_id", 36, lambda row: str(row.message_id)),
    Column[JobMessage]("status", 10, lambda row: str(row.status).lower()),
    Column[JobMessage]("recipient", 30, lambda row: str(row.recipient)),
    Column[JobMessage]("subject", 30, lambda row: str(row.subject or "")),
    Column[JobMessage]("retry_count", 11, lambda row: str(row.retry_count), right=True),
    Column[JobMessage]("retry_after", 20, lambda row: rfc3339(row.retry_after) if row.retry_after else ""),
    Column[JobMessage]("status_message", 50, lambda row: str(row.status_message or "")),
    Column[JobMessage]("postfix_id", 16, lambda row: str(row.postfix_id or "")),
    Column[JobMessage]("investigate_id", 52, lambda row: str(row.investigate_id or "")),
)


@click.command()
@click.argument("job_id")
@click.option("--status", type=click.Choice(ASKABLE_ROW_STATUS, case_sensitive=False), help="Only rows in this state.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@format_option
@click.pass_context
def messages(ctx: click.Context, job_id: str, status: str | None, limit: int | None, output_format: str) -> None:
    """List the messages of a job: one row per message and recipient."""
    job_id = check_job_id(job_id)

    async def work(service: EmailSecurityService) -> None:
        pages = all_job_messages(
            service.client,
            job_id,
            status=RowStatus(status) if status else None,
            per_page=min(limit or MAX_PER_PAGE, MAX_PER_PAGE),
            exact=True,
        )
        await write_pages(pages, lambda: Listing(output_format, COLUMNS, lambda row: with_ours(row.wire)), limit)

    converse(ctx, work)
