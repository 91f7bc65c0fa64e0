"""`report`: what a job or a plan came to, for the ticket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_app.api.errors import NotFound
from tui_app.cli.completion import complete_plan
from tui_app.cli.ledger import ledger_here
from tui_app.cli.listing import print_status
from tui_app.cli.runner import run_command
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.files import new_file
from tui_app.core.text import plural, sanitize
from tui_app.jobs.failures import advice_without_hope
from tui_app.jobs.job_id import check_job, whole_job_id
from tui_app.plans.effect import Source
from tui_app.plans.journal import JournalError, NoSuchPlan
from tui_app.plans.report import FORMATS, as_markdown
from tui_app.plans.trail import followers
from tui_app.plans.write_entry import WriteEntry
from tui_app.rows.export import export_path

if TYPE_CHECKING:
    from tui_app.plans.ledger import Ledger
    from tui_app.service import EmailSecurityService

_SUFFIXES: Final = tuple(suffix.removeprefix(".") for suffix in FORMATS)


def check_output(output: Path | None) -> Path | None:
    """Where a report goes, by what was typed. Raises UsageError for a name that can't be used: it says no format of ours,
    its folder is not there, or it is taken.
    """
    return None if output is None else export_path(str(output), _SUFFIXES)


def write_plan_report(ledger: Ledger, name: str, output: Path | None) -> None:
    """Write what a plan came to. Raises NoSuchPlan, JournalError and SluiceError."""
    entry = ledger.find(name)
    followed = followers(ledger, Source.PLAN, entry.plan_id)
    reports = ledger.reports_of(entry.plan_id)
    if output is None:
        print(as_markdown(entry, followed, advice_without_hope, reports), end="")
        return
    new_file(output, FORMATS[output.suffix.lower()](entry, followed, advice_without_hope, reports))
    print_status(f"{sanitize(str(output))}: {plural(len(entry.plan.targets), 'message')}.")


def _job_of_write(ledger: Ledger, name: str) -> str:
    """The job that a write was about, where the name is that of the write itself; empty for anything else."""
    try:
        write = ledger.find_any(name)
    except JournalError:
        return ""
    # The beginning of a job's id may begin others, which are on no record of ours.
    return write.job if isinstance(write, WriteEntry) and not write.job.startswith(name.lower()) else ""


def _told_of_gone(ledger: Ledger, job_id: str) -> None:
    """Say what is on record about a job that the server does not know any more."""
    for write in ledger.writes_to(job_id):
        print_status(f"{write.title}, {sanitize(write.origin.who)}, {sanitize(write.made_at, 40)}: {write.describe()}")


async def _write_job_report(service: EmailSecurityService, name: str, output: Path | None) -> ExitCode:
    from tui_app.reports import job_formats

    job_id = await whole_job_id(service.client, name)
    try:
        report = await service.job_report(job_id)
    except NotFound:
        _told_of_gone(service.plans.ledger, job_id)
        raise
    if output is not None:
        print_status(job_formats.write_report(report, output))
    else:
        print(job_formats.as_markdown(report), end="")
        if report.missing:
            print_status(f"Rows may be missing: {'; '.join(report.missing)}.")
    return ExitCode.PARTLY_FAILED if report.missing else ExitCode.DONE


@click.command()
@click.argument("name", metavar="JOB|PLAN", shell_complete=complete_plan)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file: .md, .csv or .json.")
@click.pass_context
def report(ctx: click.Context, name: str, output: Path | None) -> None:
    """Write what a job or a plan came to, for the ticket: Markdown, or by the ending of --output CSV or JSON.

    JOB is an id, or the beginning of one (6 characters or more); all rows of the job are read. Ends with 4 when rows may
    be missing.
    """
    output = check_output(output)
    ledger = ledger_here()
    try:
        write_plan_report(ledger, name, output)
        return
    except NoSuchPlan as no_plan:
        try:
            job = _job_of_write(ledger, name) or check_job(name)
        except UsageError:
            raise UsageError(f"{no_plan}. No job's id begins so, either. Nothing was written.") from None
    ctx.exit(run_command(ctx, lambda service: _write_job_report(service, job, output)))
