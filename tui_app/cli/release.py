"""`release` and `move`: chosen mail, by id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from tui_app.api.enums import Destination, Disposition, RowStatus
from tui_app.api.submission import SubmissionType
from tui_app.cli.completion import InputFile
from tui_app.cli.destination import destination_option
from tui_app.cli.listing import print_status
from tui_app.cli.messages import ASKABLE_ROW_STATUS
from tui_app.cli.plan_review import ReviewOptions, parsed_ids, review_and_send, review_options
from tui_app.cli.runner import run_command
from tui_app.cli.submission import check_expected, verdict_option
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.text import plural
from tui_app.jobs.failures import has_reason
from tui_app.jobs.job_id import check_job, whole_job_id
from tui_app.plans.effect import TO_RELEASE, Effect
from tui_app.plans.follow_up import id_of_row, row_names
from tui_app.plans.request import PlanRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.service import EmailSecurityService


async def _rows_of_job(
    service: EmailSecurityService, job_id: str, status: str | None, why: str, effect: Effect
) -> PlanRequest:
    job_id = await whole_job_id(service.client, job_id)
    wanted = RowStatus(status) if status else None
    read = await service.jobs.all_rows(job_id, wanted)
    rows = [row for row in read.rows if not why or has_reason(row, why)]
    names = [id_of_row(row, effect) for row in rows]
    ids = dict.fromkeys(filter(None, names))
    if nameless := names.count(""):
        print_status(f"{plural(nameless, 'row')} of the job without an id of a message: left out.")
    if strange := sum(wanted is not None and row.status is not wanted for row in rows):
        print_status(f"{plural(strange, 'row')} of a status that nobody knows: taken, it may be {wanted}.")
    if read.missing:
        print_status(f"Perhaps NOT all of the job: {read.missing}.")
    return PlanRequest(effect, tuple(ids), row_names=row_names(rows))


def _sources(command: Any) -> Any:
    """Where ids come from."""
    for option in reversed(
        (
            click.argument("ids", nargs=-1, metavar="[ID]..."),
            click.option(
                "--from",
                "source",
                type=InputFile("rb"),
                help="Read ids from a file; - is standard input. Nothing in it is ever an option.",
            ),
            click.option("--job", "job_id", metavar="JOB", help="Take the messages of this job."),
            click.option(
                "--status",
                type=click.Choice(ASKABLE_ROW_STATUS, case_sensitive=False),
                help="With --job: only rows in this state.",
            ),
            click.option("--why", default="", metavar="TEXT", help="With --job: only rows whose reason contains this."),
        )
    ):
        command = option(command)
    return command


def _send(
    ctx: click.Context,
    effect: Effect,
    options: ReviewOptions,
    ids: Sequence[str],
    source: BinaryIO | None,
    job_id: str | None,
    status: str | None,
    why: str,
    expected: str | None,
) -> None:
    if expected is not None:
        if options.plan_only:
            raise UsageError("--report-as reports what was done; with --plan-only nothing is.")
        options = replace(options, report_as=Disposition(expected))
        check_expected(effect, Disposition(expected))
    if (status or why) and not job_id:
        raise UsageError(f"--{'status' if status else 'why'} goes with --job. Nothing was sent.")
    if job_id is not None:
        job_id = check_job(job_id)
    parsed = parsed_ids(ids, source)
    if not parsed.ids and job_id is None:
        raise UsageError("No ids: name some, or use --from or --job. Nothing was sent.")
    options.check(effect.action)

    async def work(service: EmailSecurityService) -> ExitCode:
        request = await _rows_of_job(service, job_id, status, why, effect) if job_id else PlanRequest(effect)
        return await review_and_send(service, replace(request, ids=(*parsed.ids, *request.ids)), options)

    ctx.exit(run_command(ctx, work, writes=not options.plan_only))


_REPORT_AS: Final = "Afterwards report what was {} to Cloudflare as {}, with the verdict that it should have had."


@click.command()
@_sources
@verdict_option("--report-as", _REPORT_AS.format("delivered", "false positive"), SubmissionType.RECLASSIFICATION)
@review_options
@click.pass_context
def release(ctx: click.Context, /, options: ReviewOptions, **sources: Any) -> None:
    """Release held mail by investigate id, postfix id, alert id or Message-ID.

    Every id is looked up first; malicious mail is held back unless it is included by name.

    Ids out of a file: with --from FILE, or behind --. Never through xargs alone: a line of the file that begins with a
    hyphen, such as --yes, would be obeyed as an option.
    """
    _send(ctx, TO_RELEASE, options, **sources)


@click.command()
@_sources
@destination_option("The folder. RecoverableItemsPurges can't be undone: it always needs --expect.", required=True)
@verdict_option("--report-as", _REPORT_AS.format("moved", "missed detection"), SubmissionType.MISSED_DETECTION)
@review_options
@click.pass_context
def move(ctx: click.Context, /, options: ReviewOptions, destination: str, **sources: Any) -> None:
    """Move delivered mail to a folder, by investigate id, alert id or Message-ID.

    Every id is looked up first; held mail is left out: release it instead. To the Inbox, malicious mail is held back unless
    it is included by name.
    """
    _send(ctx, Effect.move(Destination(destination)), options, **sources)
