"""`create`: a new bulk job, previewed by a search first."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.api.enums import ActionType, Destination, Disposition
from tui_app.api.write_result import Ambiguous, Done, describe
from tui_app.cli.destination import destination_option
from tui_app.cli.jobs import write_job
from tui_app.cli.listing import format_option, print_status
from tui_app.cli.mail_line import print_mail
from tui_app.cli.plan_review import ReviewOptions, review_and_send
from tui_app.cli.runner import confirmed, run_command, run_write
from tui_app.cli.search_options import delivery_option, search_options, search_params, verdict_option
from tui_app.cli.streams import output_failure
from tui_app.cli.watch import Watch, exit_code_of
from tui_app.core.clock import describe_window
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.core.text import json_text, plural, sanitize
from tui_app.jobs.job_id import check_job, whole_job_id
from tui_app.jobs.new_job import DEFAULT_AGE, TEXT_FIELDS, CreatedJob, JobPreview, NewJob
from tui_app.plans.plan import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.api.models import Job
    from tui_app.api.search import SearchParams
    from tui_app.api.write_result import WriteResult
    from tui_app.service import EmailSecurityService

LIKE_FIELDS: Final = (*TEXT_FIELDS, "message_action", "final_disposition", "delivery_status")
"""Fields of a search that `--like` fills where no option does."""


def preview_json(preview: JobPreview) -> dict[str, Any]:
    """The preview as JSON: counts of messages and recipients, and the fields that the search can't express."""
    return {
        "mailsluice": {
            "count": preview.count,
            "complete": preview.complete,
            "dispositions": dict(preview.dispositions),
            "recipients": preview.recipients,
            "not_searchable": list(preview.not_searchable),
            "sha256": preview.digest,
        }
    }


def _print_preview(preview: JobPreview, params: SearchParams) -> None:
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in preview.dispositions)
    print_status(
        f"Found {'' if preview.complete else 'at least '}{plural(preview.count, 'message')} for {plural(preview.recipients, 'mailbox', 'mailboxes')}. {verdicts}"
    )
    print_status(f"Searched {describe_window(params.start, params.end)}.")
    for message in preview.sample:
        print_mail("", Target.of(message), between="  ")
    if preview.unasked:
        print_status(f"{plural(preview.unasked, 'message')} that the search did not ask for: the job may take them.")
    if preview.not_searchable:
        print_status(
            f"The search can't express {', '.join(preview.not_searchable)}: the job acts on other messages than this count."
        )
    if preview.nothing:
        print_status(preview.nothing)


def _told_differences(created: CreatedJob) -> None:
    """Say what the job does differently, and what came of cancelling it."""
    name = sanitize(created.job.id)
    print_status(f"Job {name} DIFFERS from what was asked for:")
    for difference in created.differences:
        print_status(f"  {difference}")
    print_status(created.what_became_of_it())
    if not created.stopped:
        print_status(f"Look at it: mailsluice job {name}; to cancel it: mailsluice cancel {name}")


def _check_expected(new: NewJob, preview: JobPreview, expect: int | None, *, yes: bool) -> None:
    """Raises GuardError where the number of messages has to be said and is not, or is another one."""
    if new.is_final and expect is None:
        raise GuardError(f"A hard delete can't be undone. Repeat with --expect {preview.count}. Nothing was sent.")
    if new.into_mailbox and yes and expect is None and preview.count > 1:
        raise GuardError(
            f"{plural(preview.count, 'message')} would reach mailboxes: repeat with --expect {preview.count}. Nothing was sent."
        )
    nothing = yes and expect is None and not preview.count
    if not preview.complete and (expect is not None or nothing):
        raise GuardError(
            f"The preview may not be whole: it counts at least {preview.count:,}. Narrow the search. Nothing was sent."
        )
    if nothing:
        raise GuardError(
            "The search finds nothing now. To start the job all the same, repeat with --expect 0. Nothing was sent."
        )
    if expect is not None and expect != preview.count:
        raise GuardError(f"The preview counts {preview.count:,}, not the expected {expect:,}. Nothing was sent.")


def _check_reason(options: ReviewOptions, *, exactly: bool) -> None:
    """Raises UsageError where a plan would have no reason, or nobody could confirm it."""
    if not exactly or options.plan_only:
        return
    if not options.reason:
        raise UsageError("--exactly needs --comment: it is the reason of the plan. Nothing was sent.")
    options.check("plan")


async def _confirmed(
    service: EmailSecurityService,
    new: NewJob,
    preview: JobPreview,
    *,
    include: Sequence[str],
    expect: int | None,
    yes: bool,
) -> JobPreview:
    """Ask until the search finds again what was confirmed; what it found last. Raises GuardError, UsageError and ApiError."""
    service.jobs.guard(new, preview, include=include)
    _check_expected(new, preview, expect, yes=yes)
    while True:
        confirmed(
            f"Start this {new.action.lower()} job over {plural(preview.count, 'message')}?",
            preview.count,
            yes=yes,
            final=new.is_final,
        )
        again = await service.jobs.preview(new.params)
        service.jobs.guard(new, again, include=include)
        drift, preview = preview.drift(again), again
        if not drift:
            return preview
        print_status(f"{drift.describe()}.")
        _print_preview(preview, new.params)
        _check_expected(new, preview, expect, yes=yes)
        # The same number of other messages is another job: what can't be undone takes none that nobody has seen.
        if yes and expect is not None and not new.is_final:
            return preview
        if yes:
            raise GuardError(
                f"The search does not find what its preview found. Repeat with --expect {preview.count}. Nothing was sent."
            )


def _asked_for(
    now: datetime,
    like: NewJob | None,
    *,
    action: str | None,
    destination: str | None,
    comment: str,
    all_mail: bool,
    fields: dict[str, Any],
) -> NewJob:
    """The job of these options; what they leave open is that of `like`. Raises UsageError and GuardError."""
    params = replace(search_params(now, default_start=DEFAULT_AGE, **fields), detections_only=not all_mail)
    if like is None:
        kind = ActionType((action or "").upper())
    else:
        kind = ActionType(action.upper()) if action else like.action
        before, open_fields = like.params, {name for name in LIKE_FIELDS if getattr(params, name) is None}
        if fields["start"] is None and fields["end"] is None:
            open_fields |= {"start", "end"}
        params = replace(
            params,
            detections_only=before.detections_only and not all_mail,
            submissions=before.submissions or params.submissions,
            **{name: getattr(before, name) for name in open_fields},
        )
    folder = Destination(destination) if destination else None
    if like is not None and kind is ActionType.MOVE:
        folder = folder or like.destination
    if kind is ActionType.MOVE and folder is None:
        raise UsageError("A move needs --destination. Nothing was sent.")
    if kind is ActionType.RELEASE and folder is not None:
        raise UsageError("A release has no --destination. Nothing was sent.")
    told = comment or (like.comment if like is not None else "")
    return NewJob(action=kind, params=params, destination=folder, comment=told).checked(now)


def _write_new(job: Job, output_format: str) -> None:
    """Write a job that was started; where standard output takes nothing any more, its id is told."""
    write_job(job, output_format)
    sys.stdout.flush()
    if output_failure():
        print_status(f"Job {sanitize(job.id)} was started: {str(job.status).lower()}.")


def _told(result: WriteResult[CreatedJob], output_format: str) -> ExitCode:
    """Say what became of it; standard output gets the job. Raises ApiError where none was started."""
    if isinstance(result, Done):
        created = result.value
        if result.errors:
            words, details = describe(result)
            print_status(f"New job: {words}")
            for line in details:
                print_status(f"  {line}")
        if created.differences:
            _told_differences(created)
        _write_new(created.cancelled.value if isinstance(created.cancelled, Done) else created.job, output_format)
        return ExitCode.UNKNOWN_OUTCOME if result.errors or created.differences else ExitCode.DONE
    if isinstance(result, Ambiguous):
        words, _ = describe(result)
        print_status(f"New job: {words} It is not in the list yet. Look again with: mailsluice jobs")
        return ExitCode.UNKNOWN_OUTCOME
    raise result.error


async def _watched(service: EmailSecurityService, job: Job, output_format: str) -> ExitCode:
    """Watch the new job to its end; standard output gets it as it ended."""
    (end,) = await Watch(service).run([job])
    _write_new(end.job, output_format)
    return exit_code_of(end)


@click.command()
@click.option("--action", type=click.Choice(["move", "release"], case_sensitive=False), help="Needed without --like.")
@destination_option("Folder to which a move puts the messages.")
@click.option(
    "--like",
    metavar="JOB_ID",
    help="Run this job again: what no other option says is taken from it. --start or --end replace its whole time.",
)
@search_options(DEFAULT_AGE)
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
@click.option(
    "--exactly",
    is_flag=True,
    help="Not a job, but a plan over the messages that the preview found, by their ids; --comment is its reason.",
)
@click.option("--preview", "preview_only", is_flag=True, help="Count the messages and stop.")
@click.option("--expect", type=click.IntRange(min=0), help="Stop unless the preview counts exactly this many.")
@click.option("--wait", is_flag=True, help="Watch the job until it ends; the exit code says how, as that of watch.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@format_option
@click.pass_context
def create(
    ctx: click.Context,
    /,
    action: str | None,
    destination: str | None,
    like: str | None,
    comment: str,
    exactly: bool,
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
    if action is None and like is None:
        raise UsageError("Say --action move or --action release, or --like JOB. Nothing was sent.")
    job_id = check_job(like) if like is not None else ""
    given: dict[str, Any] = {
        "action": action, "destination": destination, "comment": comment, "all_mail": all_mail, "fields": fields,
    }  # fmt: skip
    options = ReviewOptions(comment.strip(), preview_only, expect, include_disposition, yes, None, output_format)
    if job_id:
        _check_reason(replace(options, reason="that of the job"), exactly=exactly)
    else:
        _asked_for(datetime.now(UTC), None, **given)
        _check_reason(options, exactly=exactly)

    if wait and exactly:
        raise UsageError("--wait is for a job; what --exactly sends is followed to its end anyway. Nothing was sent.")
    if wait and preview_only:
        raise UsageError("--preview starts no job that --wait could watch. Nothing was sent.")

    async def work(service: EmailSecurityService) -> ExitCode:
        before = (
            NewJob.like(await service.client.get_job(await whole_job_id(service.client, job_id))) if job_id else None
        )
        new = _asked_for(service.clock.now(), before, **given)
        preview = await service.jobs.preview(new.params)
        _print_preview(preview, new.params)
        if preview_only:
            if output_format != "table":
                print(json_text(preview_json(preview)))
            return ExitCode.DONE
        if exactly:
            chosen = replace(options, reason=new.comment.strip())
            _check_reason(chosen, exactly=True)
            return await review_and_send(service, await service.follow_ups.plan_exactly(new, preview), chosen)
        preview = await _confirmed(service, new, preview, include=include_disposition, expect=expect, yes=yes)
        watched: list[Job] = []

        def tell(result: WriteResult[CreatedJob]) -> ExitCode:
            if wait and isinstance(result, Done) and not (result.errors or result.value.differences):
                watched.append(result.value.job)
                print_status(f"Job {sanitize(result.value.job.id)} is started.")
                return ExitCode.DONE
            return _told(result, output_format)

        code = await run_write(service, service.jobs.create(new, preview), tell)
        return await _watched(service, watched[0], output_format) if watched else code

    ctx.exit(run_command(ctx, work, writes=not preview_only))
