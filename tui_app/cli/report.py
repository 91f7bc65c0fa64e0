"""`report`: what a job or a plan came to, for the ticket."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.api.errors import NotFound
from tui_app.cli.job_id import check_job, whole_job_id
from tui_app.cli.ledger import ledger_here
from tui_app.cli.listing import print_status
from tui_app.cli.runner import run_command
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.files import new_file
from tui_app.core.text import plural, sanitize
from tui_app.plans import report as plan_report
from tui_app.plans.effect import Source
from tui_app.plans.journal import NoSuchPlan
from tui_app.plans.trail import followers

if TYPE_CHECKING:
    from tui_app.plans.ledger import Ledger
    from tui_app.service import EmailSecurityService

_SUFFIXES: Final = tuple(plan_report.FORMATS)


def check_output(output: Path | None) -> None:
    """Raises UsageError for a name that says no format of ours, or that is there already."""
    if output is None:
        return
    if output.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"A report ends in {', '.join(_SUFFIXES)}; nothing was written.")
    if os.path.lexists(output):
        raise UsageError(f"{sanitize(str(output))} exists; nothing was overwritten. Choose another name.")


def _write(formats: Mapping[str, Callable[..., str]], output: Path | None, told: str, *facts: Any) -> None:
    """Write a report of these facts to a new file, or as Markdown to standard output. Raises SluiceError."""
    if output is None:
        print(formats[".md"](*facts), end="")
        return
    new_file(output, formats[output.suffix.lower()](*facts))
    print_status(f"{sanitize(str(output))}: {told}.")


def write_plan_report(ledger: Ledger, name: str, output: Path | None) -> None:
    """Write what a plan came to. Raises NoSuchPlan, JournalError and SluiceError."""
    entry = ledger.find(name)
    followed = followers(ledger, Source.PLAN, entry.plan_id)
    _write(plan_report.FORMATS, output, plural(len(entry.plan.targets), "message"), entry, followed)


def _told_of_gone(ledger: Ledger, job_id: str) -> None:
    """Say what is on record about a job that the server does not know any more."""
    for write in ledger.writes_to(job_id):
        print_status(f"{write.title}, {sanitize(write.origin.who)}, {sanitize(write.made_at, 40)}: {write.describe()}")


async def _write_job_report(service: EmailSecurityService, name: str, output: Path | None) -> ExitCode:
    from tui_app.reports.job_formats import FORMATS

    job_id = await whole_job_id(service, name)
    try:
        report = await service.job_report(job_id)
    except NotFound:
        _told_of_gone(service.plans.ledger, job_id)
        raise
    _write(FORMATS, output, f"{plural(sum(report.rows_read.values()), 'row')} read", report)
    if report.missing:
        print_status(f"Rows may be missing: {'; '.join(report.missing)}.")
        return ExitCode.PARTLY_FAILED
    return ExitCode.DONE


@click.command()
@click.argument("name", metavar="JOB|PLAN")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file: .md, .csv or .json.")
@click.pass_context
def report(ctx: click.Context, name: str, output: Path | None) -> None:
    """Write what a job or a plan came to, for the ticket: Markdown, or by the ending of --output CSV or JSON.

    JOB is an id, or the beginning of one (6 characters or more); all rows of the job are read. Ends with 4 when rows may
    be missing.
    """
    check_output(output)
    try:
        write_plan_report(ledger_here(), name, output)
        return
    except NoSuchPlan as no_plan:
        try:
            job = check_job(name)
        except UsageError:
            raise UsageError(f"{no_plan}, and no job's id does. Nothing was written.") from None
    ctx.exit(run_command(ctx, lambda service: _write_job_report(service, job, output)))
