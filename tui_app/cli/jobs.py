"""`jobs`, `job`, `cancel` and `delete`: bulk jobs on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_never

import click

from tui_app.api.enums import ActionType, JobStatus
from tui_app.api.errors import NotFound
from tui_app.api.models import DeletedJob, Job
from tui_app.api.page import MAX_PER_PAGE
from tui_app.api.pagination import job_pages
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult, describe
from tui_app.cli.listing import (
    Listing,
    ListingColumn,
    format_option,
    print_outcome,
    print_status,
    with_ours,
    write_pages,
)
from tui_app.cli.runner import confirmed, run_command, run_write
from tui_app.core.clock import rfc3339
from tui_app.core.errors import ExitCode, GuardError
from tui_app.core.text import json_text, plural
from tui_app.jobs.commands import StillAtWork
from tui_app.jobs.followed import short_id
from tui_app.jobs.job_id import check_job, whole_job_id, whole_job_ids
from tui_app.jobs.job_write import Kind
from tui_app.jobs.progress import acted_share, describe_action, describe_search
from tui_app.jobs.several import SeveralWrites, one_after_another

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService

ASKABLE_JOB_STATUS = [status.value for status in JobStatus if status is not JobStatus.SKIPPED]


def _percent(job: Job) -> str:
    share = acted_share(job)
    return "" if share is None else f"{int(share * 100)}%"


JOB_COLUMNS = (
    ListingColumn[Job]("job_id", 36, lambda job: str(job.job_id)),
    ListingColumn[Job]("status", 11, lambda job: str(job.status).lower()),
    ListingColumn[Job]("action", 18, describe_action),
    ListingColumn[Job]("done", 4, _percent, right=True),
    ListingColumn[Job]("found", 9, lambda job: str(job.total_messages_discovered), right=True),
    ListingColumn[Job]("completed", 9, lambda job: str(job.successful), right=True),
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
        print(json_text(job_json(job)))
        return
    if output_format != "table":
        listing = Listing(output_format, JOB_COLUMNS, job_json)
        listing.write(job)
        listing.close()
        return
    for column in JOB_COLUMNS:
        print(f"{column.name:<10} {column.text(job)}")
    print(f"{'search':<10} {describe_search(job)}")
    if job.status_message:
        print(f"{'reason':<10} {job.status_message.detail()}")
    if job.unaccounted:
        print(f"{'unaccounted':<10} {job.unaccounted}")


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

    async def work(service: EmailSecurityService) -> ExitCode:
        pages = job_pages(
            service.client,
            status=JobStatus(status) if status else None,
            action=ActionType(action) if action else None,
            per_page=min(limit or MAX_PER_PAGE, MAX_PER_PAGE),
        )
        await write_pages(pages, lambda: Listing(output_format, JOB_COLUMNS, job_json), limit)
        return ExitCode.PARTLY_FAILED if pages.may_miss else ExitCode.DONE

    ctx.exit(run_command(ctx, work))


@click.command()
@click.argument("job")
@click.option("--reasons", is_flag=True, help="Why rows failed or were skipped, and what to do next.")
@format_option
@click.pass_context
def job(ctx: click.Context, job: str, reasons: bool, output_format: str) -> None:
    """Show one bulk job, or why its rows failed. JOB is an id, or the beginning of one (6 characters or more)."""
    name = check_job(job)

    async def work(service: EmailSecurityService) -> ExitCode:
        job_id = await whole_job_id(service.client, name)
        if reasons:
            from tui_app.cli.reasons import write_reasons

            return await write_reasons(service, job_id, output_format)
        write_job(await service.client.get_job(job_id), output_format)
        return ExitCode.DONE

    ctx.exit(run_command(ctx, work))


def _finish(ctx: click.Context, jobs: tuple[str, ...], kind: Kind, *, reason: str, yes: bool) -> None:
    names = [*map(check_job, jobs)]
    wants_ended = kind == "delete"

    async def work(service: EmailSecurityService) -> ExitCode:
        service.jobs.check_reason(reason)
        ids = await whole_job_ids(service.client, names)
        fitting: list[Job] = []
        for job_id in ids:
            try:
                job = await service.client.get_job(job_id)
            except NotFound as error:
                if not error.notices:
                    raise  # it may be anybody's: only the API knows its jobs
                print_status(f"{job_id}: no such job; left alone.")
                continue
            if job.ended is wants_ended:
                fitting.append(job)
            else:
                state = str(job.status).lower()
                print_status(
                    f"{job_id}: {state}; {'only ended jobs can be deleted' if wants_ended else 'there is nothing to stop'}; left alone."
                )
        if not fitting:
            print_status("Nothing was sent.")
            return ExitCode.GUARD
        for job in fitting:
            print_status(f"{job.job_id}  {describe_action(job)}  {str(job.status).lower()}  {job.comment or ''}")
        confirmed(f"{kind.capitalize()} {plural(len(fitting), 'job')}?", len(fitting), yes=yes)
        # What was left alone was asked for too: all done would be a lie.
        codes = [ExitCode.PARTLY_FAILED] if len(fitting) < len(ids) else []
        act = service.jobs.delete if wants_ended else service.jobs.cancel

        async def send(job: Job, on_answer: Callable[[], None]) -> WriteResult[Any]:
            return await act(job, reason, on_answer)

        def tell_rest(tried: SeveralWrites[Job, Any]) -> ExitCode:
            for job in tried.not_tried:
                print_status(f"{job.job_id}: not tried.")
            if tried.error is not None:
                if not tried.results:
                    raise tried.error
                print_status(f"{tried.error}")
                codes.append(ExitCode.PARTLY_FAILED)
            return next(
                (code for code in (ExitCode.UNKNOWN_OUTCOME, ExitCode.API, ExitCode.PARTLY_FAILED) if code in codes),
                ExitCode.DONE,
            )

        trying = one_after_another(fitting, send, lambda job, result: codes.append(_told(job.id, kind, result)))
        return await run_write(service, trying, tell_rest)

    ctx.exit(run_command(ctx, work, writes=True))


def _way_back(job: Job) -> str:
    """What a cancelled job did before, and how that is taken back, or why it can't be."""
    from tui_app.plans.follow_up import effect_of, way_back

    one = job.successful == 1
    stay = f"{plural(job.successful, 'row')} {'is completed and stays' if one else 'are completed and stay'} so"
    try:
        done = effect_of(job)
    except GuardError:
        return f"{stay}."
    try:
        back = way_back(job)
    except GuardError as error:
        return f"{stay}. {error}"
    where = "back" if done.is_move or back.destination is None else f"to {back.destination.label}"
    return f"{stay}; to move {'it' if one else 'them'} {where}: mailsluice undo {short_id(job)}"


def _told(job_id: str, kind: Kind, result: WriteResult[Job] | WriteResult[DeletedJob]) -> ExitCode:
    """Say what became of one, as the server says it."""
    match result:
        case Done(_, _, errors) if errors:
            words, details = describe(result)
            print_status(f"{job_id}: {words} Look again with: mailsluice job {job_id}")
            for line in details:
                print_status(f"  {line}")
            return ExitCode.UNKNOWN_OUTCOME
        case Done(Job() as job, _):
            print_outcome(f"{job_id} {str(job.status).lower()}")
            if job.ended and job.successful:
                print_status(_way_back(job))
            return ExitCode.DONE if job.status is JobStatus.CANCELLED or not job.ended else ExitCode.PARTLY_FAILED
        case Done(_, _):
            print_outcome(f"{job_id} deleted")
            return ExitCode.DONE
        case Refused(error) | Unsent(error):
            print_status(f"{job_id}: not {kind}{'d' if kind.endswith('e') else 'led'}. {error}")
            for line in error.details():
                print_status(f"  {line}")
            return ExitCode.API
        case Ambiguous(StillAtWork() as error):
            print_status(f"{job_id}: asked to cancel; the server says: still {error.state}.")
            return ExitCode.UNKNOWN_OUTCOME
        case Ambiguous(error):
            print_status(f"{job_id}: outcome unknown. {error} Look again with: mailsluice job {job_id}")
            return ExitCode.UNKNOWN_OUTCOME
    assert_never(result)


_reason_option = click.option(
    "--reason", default="", help="Why; kept in the ledger. The policy may ask for it (guard.require_reason)."
)


@click.command()
@click.argument("job", nargs=-1, required=True)
@_reason_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def cancel(ctx: click.Context, job: tuple[str, ...], reason: str, yes: bool) -> None:
    """Stop running jobs; what they did already stays done."""
    _finish(ctx, job, "cancel", reason=reason, yes=yes)


@click.command()
@click.argument("job", nargs=-1, required=True)
@_reason_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def delete(ctx: click.Context, job: tuple[str, ...], reason: str, yes: bool) -> None:
    """Remove ended jobs from the lists; mail is not touched. There is no undelete."""
    _finish(ctx, job, "delete", reason=reason, yes=yes)
