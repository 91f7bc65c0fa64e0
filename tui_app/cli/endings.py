"""`cancel` and `delete`: ending jobs, and removing ended ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, assert_never

import click

from tui_app.api.enums import JobStatus
from tui_app.api.errors import NotFound
from tui_app.api.models import DeletedJob, Job
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.cli.listing import narrate
from tui_app.cli.runner import confirmed, converse
from tui_app.config.settings import check_job_id
from tui_app.core.errors import ExitCode
from tui_app.jobs.progress import action_in_words

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService


def _finish(ctx: click.Context, job_ids: tuple[str, ...], verb: str, *, yes: bool, wants_ended: bool) -> None:
    ids = list(dict.fromkeys(check_job_id(job_id) for job_id in job_ids))

    async def work(service: EmailSecurityService) -> ExitCode:
        fitting: list[Job] = []
        for job_id in ids:
            try:
                job = await service.client.get_job(job_id)
            except NotFound:
                narrate(f"{job_id}: no such job; left alone.")
                continue
            if job.ended is wants_ended:
                fitting.append(job)
            else:
                state = str(job.status).lower()
                narrate(
                    f"{job_id}: {state}; {'only ended jobs can be deleted' if wants_ended else 'there is nothing to stop'}; left alone."
                )
        if not fitting:
            narrate("Nothing was sent.")
            return ExitCode.GUARD
        for job in fitting:
            narrate(f"{job.job_id}  {action_in_words(job)}  {str(job.status).lower()}  {job.comment or ''}")
        confirmed(f"{verb.capitalize()} {len(fitting)} job{'s' if len(fitting) > 1 else ''}?", yes=yes)
        # What was left alone was asked for too: all done would be a lie.
        codes = [ExitCode.PARTLY_FAILED] if len(fitting) < len(ids) else []
        codes += [
            await _one(job.id, verb, service.delete_job if wants_ended else service.cancel_job) for job in fitting
        ]
        return next(
            (code for code in (ExitCode.UNKNOWN_OUTCOME, ExitCode.API, ExitCode.PARTLY_FAILED) if code in codes),
            ExitCode.DONE,
        )

    ctx.exit(converse(ctx, work, writes=True))


async def _one(
    job_id: str, verb: str, act: Callable[[str], Awaitable[WriteResult[Job] | WriteResult[DeletedJob]]]
) -> ExitCode:
    outcome = await act(job_id)
    match outcome:
        case Done(Job() as job, _):
            print(f"{job_id} {str(job.status).lower()}")
            return ExitCode.DONE if job.status is JobStatus.CANCELLED or not job.ended else ExitCode.PARTLY_FAILED
        case Done(_, _):
            print(f"{job_id} deleted")
            return ExitCode.DONE
        case Refused(error) | Unsent(error):
            narrate(f"{job_id}: not {verb}{'d' if verb.endswith('e') else 'led'}. {error}")
            for line in error.details():
                narrate(f"  {line}")
            return ExitCode.API
        case Ambiguous(error):
            narrate(f"{job_id}: outcome unknown. {error} Look again with: mailsluice job {job_id}")
            return ExitCode.UNKNOWN_OUTCOME
    assert_never(outcome)


@click.command()
@click.argument("job_id", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def cancel(ctx: click.Context, job_id: tuple[str, ...], yes: bool) -> None:
    """Stop running jobs; what they did already stays done."""
    _finish(ctx, job_id, "cancel", yes=yes, wants_ended=False)


@click.command()
@click.argument("job_id", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def delete(ctx: click.Context, job_id: tuple[str, ...], yes: bool) -> None:
    """Remove ended jobs from the lists; mail is not touched. There is no undelete."""
    _finish(ctx, job_id, "delete", yes=yes, wants_ended=True)
