"""`create`: a new bulk job, previewed by a search first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tui_app.api.enums import ActionType, Destination, Disposition
from tui_app.api.write_result import Ambiguous, Done, describe
from tui_app.cli.jobs import write_job
from tui_app.cli.listing import format_option, print_status
from tui_app.cli.runner import confirmed, run_command
from tui_app.cli.search_options import delivery_option, search_options, search_params, verdict_option
from tui_app.cli.watch import Watch, exit_code_of
from tui_app.core.clock import describe_window
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.core.text import json_text, plural, sanitize
from tui_app.jobs.job_write import DIFFERS, PreviewFacts, describe_write
from tui_app.jobs.new_job import CreatedJob, JobPreview, NewJob

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.search import SearchParams
    from tui_app.service import EmailSecurityService

IRREVERSIBLE = frozenset({Destination.HARD_DELETE})


def preview_json(preview: JobPreview) -> dict[str, Any]:
    """The preview as JSON: counts of messages and recipients, and the fields that the search can't express."""
    return {
        "mailsluice": {
            "count": preview.count,
            "complete": preview.complete,
            "dispositions": dict(preview.dispositions),
            "recipients": preview.recipients,
            "not_searchable": list(preview.not_searchable),
        }
    }


def _print_preview(preview: JobPreview, params: SearchParams) -> None:
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in preview.dispositions)
    print_status(
        f"Found {'' if preview.complete else 'at least '}{plural(preview.count, 'message')} for {plural(preview.recipients, 'mailbox', 'mailboxes')}. {verdicts}"
    )
    print_status(f"Searched {describe_window(params.start, params.end)}.")
    for message in preview.sample:
        print_status(f"  {message.sender}  {message.subject}")
    if preview.unasked:
        print_status(f"{plural(preview.unasked, 'message')} that the search did not ask for: the job may take them.")
    if preview.not_searchable:
        print_status(
            f"The search can't express {', '.join(preview.not_searchable)}: the job acts on other messages than this count."
        )
    if not preview.count and not preview.unasked:
        print_status("The search finds nothing now: a job over it would do nothing.")


async def _told_differences(service: EmailSecurityService, created: CreatedJob) -> ExitCode:
    """Say what the job does differently, and cancel it if somebody is there who agrees."""
    job = created.job
    print_status(f"Job {sanitize(job.id)} differs from what was asked for:")
    for difference in created.differences:
        print_status(f"  {difference}")
    try:
        confirmed("Cancel this job?", yes=False)
    except (UsageError, GuardError):
        print_status(f"It was not cancelled. To cancel it: mailsluice cancel {sanitize(job.id)}")
        return ExitCode.UNKNOWN_OUTCOME
    result = await service.jobs.cancel(job, DIFFERS)
    print_status(describe_write("cancel", result))
    for line in describe(result)[1]:
        print_status(f"  {line}")
    return ExitCode.UNKNOWN_OUTCOME


async def _watched(service: EmailSecurityService, job: Job, output_format: str) -> ExitCode:
    """Watch the new job to its end; standard output gets it as it ended."""
    print_status(f"Job {sanitize(job.id)} is started.")
    (end,) = await Watch(service).run([job])
    write_job(end.job, output_format)
    return exit_code_of(end)


@click.command()
@click.option("--action", type=click.Choice(["move", "release"], case_sensitive=False), required=True)
@click.option(
    "--destination",
    type=click.Choice([d.value for d in Destination], case_sensitive=False),
    help="Folder to which a move puts the messages.",
)
@search_options
@verdict_option(Disposition)
@delivery_option
@click.option("--exact-subject", help="The complete subject.")
@click.option("--submissions", is_flag=True, help="Search submissions instead of mail.")
@click.option("--all-mail", is_flag=True, help="Also messages without a detection (detections_only: false).")
@click.option(
    "--include-disposition",
    multiple=True,
    type=click.Choice([d.value for d in Disposition], case_sensitive=False),
    help="Release also this verdict, which the guard would take out.",
)
@click.option("--comment", default="", help="Why; stored with the job.")
@click.option("--preview", "preview_only", is_flag=True, help="Count the messages and stop.")
@click.option("--expect", type=click.IntRange(min=0), help="Stop unless the preview counts exactly this many.")
@click.option("--wait", is_flag=True, help="Watch the job until it ends; the exit code says how, as that of watch.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@format_option
@click.pass_context
def create(
    ctx: click.Context,
    /,
    action: str,
    destination: str | None,
    comment: str,
    preview_only: bool,
    expect: int | None,
    wait: bool,
    yes: bool,
    output_format: str,
    all_mail: bool,
    include_disposition: tuple[str, ...],
    **fields: Any,
) -> None:
    """Start a bulk job on the messages that a search finds. A release acts only on held messages."""
    kind = ActionType(action.upper())
    if kind is ActionType.MOVE and destination is None:
        raise UsageError("A move needs --destination. Nothing was sent.")
    if kind is ActionType.RELEASE and destination is not None:
        raise UsageError("A release has no --destination. Nothing was sent.")

    if wait and preview_only:
        raise UsageError("--preview starts no job that --wait could watch. Nothing was sent.")

    async def work(service: EmailSecurityService) -> ExitCode:
        now = service.clock.now()
        params = replace(search_params(now, **fields), detections_only=not all_mail)
        new = NewJob(
            action=kind, params=params, destination=Destination(destination) if destination else None, comment=comment
        ).checked(now)
        preview = await service.jobs.preview(new.params)
        _print_preview(preview, new.params)
        if preview_only:
            if output_format != "table":
                print(json_text(preview_json(preview)))
            return ExitCode.DONE
        service.jobs.guard(new, preview, include=include_disposition)
        if new.destination in IRREVERSIBLE and expect is None:
            raise GuardError(
                f"{new.destination} can't be undone by the user. Repeat with --expect {preview.count}. Nothing was sent."
            )
        if new.into_mailbox and yes and expect is None and preview.count != 1:
            raise GuardError(
                f"{plural(preview.count, 'message')} would reach mailboxes: repeat with --expect {preview.count}. Nothing was sent."
            )
        if expect is not None and not preview.complete:
            raise GuardError(
                f"The preview may not be whole: it counts at least {preview.count:,}. Narrow the search. Nothing was sent."
            )
        if expect is not None and expect != preview.count:
            raise GuardError(f"The preview counts {preview.count:,}, not the expected {expect:,}. Nothing was sent.")
        confirmed(f"Start this {kind.lower()} job over {plural(preview.count, 'message')}?", preview.count, yes=yes)
        result = await service.jobs.create(new, preview=PreviewFacts.of(preview))
        if isinstance(result, Done):
            watched = wait and not (result.errors or result.value.differences)
            if watched:
                return await _watched(service, result.value.job, output_format)
            write_job(result.value.job, output_format)
            if result.errors:
                words, details = describe(result)
                print_status(f"New job: {words}")
                for line in details:
                    print_status(f"  {line}")
            if result.value.differences:
                return await _told_differences(service, result.value)
            return ExitCode.UNKNOWN_OUTCOME if result.errors else ExitCode.DONE
        if isinstance(result, Ambiguous):
            words, _ = describe(result)
            print_status(f"New job: {words} It is not in the list yet. Look again with: mailsluice jobs")
            return ExitCode.UNKNOWN_OUTCOME
        raise result.error

    ctx.exit(run_command(ctx, work, writes=not preview_only))
