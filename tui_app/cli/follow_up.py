"""`retry` and `undo`: what a job or a plan left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from tui_app.api.enums import Destination
from tui_app.cli.completion import complete_plan
from tui_app.cli.destination import destination_option
from tui_app.cli.ledger import despite_doubts_option, of_this_account, plan_named, print_doubts
from tui_app.cli.plan_review import ReviewOptions, review_and_send, review_options
from tui_app.cli.runner import run_command
from tui_app.core.errors import ExitCode, UsageError
from tui_app.jobs.failures import KNOWN_CAUSES, has_reason
from tui_app.jobs.job_id import check_job, whole_job_id
from tui_app.plans.follow_up import UNDO_OF_RELEASE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.request import PlanRequest
    from tui_app.service import EmailSecurityService

_WORDS: Final = tuple(dict.fromkeys(cause.word for cause in KNOWN_CAUSES if cause.word))


def _follow_up(
    ctx: click.Context,
    name: str,
    options: ReviewOptions,
    despite_doubts: bool,
    of_job: Callable[[EmailSecurityService, str], Awaitable[PlanRequest]],
    of_plan: Callable[[EmailSecurityService, LedgerEntry], Awaitable[PlanRequest]],
) -> None:
    """Find the job or the plan, and send what is asked for it."""
    found = plan_named(name)
    if despite_doubts and found is None:
        raise UsageError("--despite-doubts goes with a plan. Nothing was sent.")
    job_name = check_job(name) if found is None else ""
    if not options.plan_only:
        replace(options, reason=options.reason or "taken over").check("follow-up")

    async def work(service: EmailSecurityService) -> ExitCode:
        if found is not None:
            entry = of_this_account(service, found)
            print_doubts(entry)
            request = await of_plan(service, entry)
        else:
            try:
                job_id = await whole_job_id(service.client, job_name)
            except UsageError as error:
                raise UsageError(f"{error} No plan goes by it, either: mailsluice ledger") from None
            request = await of_job(service, job_id)
        chosen = replace(options, reason=options.reason or request.reason)
        chosen.check("follow-up")
        return await review_and_send(service, request, chosen)

    ctx.exit(run_command(ctx, work, writes=not options.plan_only))


@click.command()
@click.argument("name", metavar="JOB|PLAN", shell_complete=complete_plan)
@click.option("--why", default="", metavar="TEXT", help="Of a job: only rows whose reason contains this.")
@click.option(
    "--include",
    "include_word",
    multiple=True,
    type=click.Choice(_WORDS, case_sensitive=False),
    help="Also what trying again can't help, by its word.",
)
@despite_doubts_option
@review_options
@click.pass_context
def retry(ctx: click.Context, options: ReviewOptions, name: str, why: str, despite_doubts: bool) -> None:
    """Try again what failed of a job or of a plan: the same action, folder and reason.

    What trying again can't help is held back. Where the server said when to try again, the plan waits until then.
    """

    async def of_job(service: EmailSecurityService, job_id: str) -> PlanRequest:
        if not why:
            return await service.follow_ups.retry_job(job_id)
        return await service.follow_ups.retry_job(job_id, wanted=lambda row: has_reason(row, why))

    if why and plan_named(name) is not None:
        raise UsageError("--why goes with a job. Nothing was sent.")
    _follow_up(
        ctx,
        name,
        options,
        despite_doubts,
        of_job,
        lambda service, entry: service.follow_ups.retry_plan(entry, despite_doubts=despite_doubts),
    )


@click.command()
@click.argument("name", metavar="JOB|PLAN", shell_complete=complete_plan)
@destination_option(
    "Where released mail goes; JunkEmail by default. Moved mail goes back to the Inbox.", UNDO_OF_RELEASE
)
@despite_doubts_option
@review_options
@click.pass_context
def undo(ctx: click.Context, options: ReviewOptions, name: str, destination: str | None, despite_doubts: bool) -> None:
    """Take back exactly what a job or a plan did: moved mail goes back, released mail to Junk or Soft delete.

    At most guard.max_messages at once; run it again for the rest.
    """
    chosen = Destination(destination) if destination else None
    _follow_up(
        ctx,
        name,
        options,
        despite_doubts,
        lambda service, job_id: service.follow_ups.undo_job(job_id, chosen),
        lambda service, entry: service.follow_ups.undo_plan(entry, chosen, despite_doubts=despite_doubts),
    )
