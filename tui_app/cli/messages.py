"""`messages`: the rows of a job, listed or written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui_app.api.enums import RowStatus
from tui_app.api.page import MAX_PER_PAGE
from tui_app.api.pagination import job_message_pages
from tui_app.api.rows import JobMessage
from tui_app.api.wire_values import readable
from tui_app.cli.completion import complete_file
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status, wants_bom, with_ours, write_pages
from tui_app.cli.runner import run_command
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.text import plural
from tui_app.jobs.failures import has_reason
from tui_app.jobs.job_id import check_job, whole_job_id
from tui_app.jobs.progress import describe_missing
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.rows.export import export_path

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.service import EmailSecurityService

ASKABLE_ROW_STATUS = [status.value for status in RowStatus if status is not RowStatus.DISCOVERING]
COLUMNS = tuple(
    ListingColumn[JobMessage](column.name, column.export_width, column.text, right=column.is_number)
    for column in JOB_ROWS.exported
)


def _wanted(job: Job | None, status: RowStatus | None, limit: int | None) -> int:
    """How many rows are to be read, by the job's counters; 0 where nothing tells."""
    counted = job.counted(status) if job is not None else 0
    return min(limit or counted, counted)


@click.command()
@click.argument("job")
@click.option("--status", type=click.Choice(ASKABLE_ROW_STATUS, case_sensitive=False), help="Only rows in this state.")
@click.option("--why", metavar="TEXT", help="Only rows whose reason contains this, in the server's words or in ours.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option(
    "--output",
    metavar="FILE",
    shell_complete=complete_file,
    help="Write all of them to a new file, by its suffix .csv, .json, .ndjson or .md; .partial is added until it is whole.",
)
@format_option
@click.pass_context
def messages(
    ctx: click.Context,
    job: str,
    status: str | None,
    why: str | None,
    limit: int | None,
    output: str | None,
    output_format: str,
) -> None:
    """List the messages of a job: one row per message and recipient. JOB is an id, or the beginning of one."""
    name = check_job(job)
    if why is not None and not why.strip():
        raise UsageError("--why needs a text. Nothing was sent.")
    asked = RowStatus(status) if status else None
    path = export_path(output) if output is not None else None
    if path is not None and (
        limit is not None or ctx.get_parameter_source("output_format") is click.core.ParameterSource.COMMANDLINE
    ):
        raise UsageError("--output writes all rows, in the format of the file's suffix: without --limit and --format.")

    if wants_bom() and (path.suffix.lower() if path is not None else f".{output_format}") != ".csv":
        raise UsageError("--bom is for CSV: --format csv, or --output FILE.csv.")

    async def work(service: EmailSecurityService) -> ExitCode:
        job_id = await whole_job_id(service.client, name)
        only = (lambda row: has_reason(row, why)) if why is not None else None
        # The counters say how many pages there are, so that some can be asked for ahead.
        many = limit is None or limit > MAX_PER_PAGE or only is not None
        if path is not None:
            exported = await service.jobs.export(job_id, asked, path, only=only, bom=wants_bom())
            print_status(exported.sentence)
            return ExitCode.PARTLY_FAILED if exported.missing else ExitCode.DONE
        job = await service.client.get_job(job_id) if many else None
        pages = job_message_pages(
            service.client,
            job_id,
            status=asked,
            per_page=MAX_PER_PAGE if many else min(limit or MAX_PER_PAGE, MAX_PER_PAGE),
            exact=True,
            expected=_wanted(job, asked, None if only is not None else limit),
        )
        read = await write_pages(
            pages, lambda: Listing(output_format, COLUMNS, lambda row: with_ours(row.wire)), limit, only
        )
        if limit is None and job is not None and describe_missing(job, asked, read):
            after = await service.client.get_job(job_id)
            missing = describe_missing(after, asked, read)
            if readable(job.counted(asked)) and after.counted(asked) != job.counted(asked):
                print_status("Rows changed while they were read: some may be missing. Run it again.")
            elif missing:
                print_status(f"Perhaps NOT all: {missing}, and {plural(read, 'row')} came.")
            if missing or readable(job.counted(asked)):
                return ExitCode.PARTLY_FAILED
        return ExitCode.PARTLY_FAILED if pages.may_miss else ExitCode.DONE

    ctx.exit(run_command(ctx, work))
