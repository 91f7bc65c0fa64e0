"""`release`: held mail, by id."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

import click
from rich.cells import cell_len, set_cell_size

from tui_app.api.enums import RowStatus
from tui_app.api.errors import ApiError
from tui_app.api.pagination import job_message_pages
from tui_app.cli.job_id import check_job, whole_job_id
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status
from tui_app.cli.messages import ASKABLE_ROW_STATUS
from tui_app.cli.runner import confirmed, run_command
from tui_app.cli.streams import OutputFailedError, ReaderGone, discard_output
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.core.verdict import NO_VERDICT, UNKNOWN_VERDICT, VERDICTS
from tui_app.jobs.progress import describe_missing
from tui_app.plans.commands import Send
from tui_app.plans.guard import UNCHECKED, UNSEEN
from tui_app.plans.ids import ParsedIds, parse_ids, text_of
from tui_app.plans.journal import JournalError
from tui_app.plans.report import result_json, told
from tui_app.plans.state import OPEN, Outcome, Phase, PlanState, Result
from tui_app.plans.summary import rarest_first, sender_domain_counts, verdict_counts, verdict_of

if TYPE_CHECKING:
    from tui_app.api.budget import Forecast
    from tui_app.plans.commands import Command
    from tui_app.plans.guard import Guarded
    from tui_app.plans.plan import Target
    from tui_app.service import EmailSecurityService

COLUMNS: Final = (
    ListingColumn[Result]("id", 52, lambda result: sanitize(result.target.id)),
    ListingColumn[Result]("outcome", 17, lambda result: result.outcome.value),
    ListingColumn[Result]("delivered", 40, lambda result: " ".join(map(str, result.delivered))),
    ListingColumn[Result]("undelivered", 30, lambda result: " ".join(map(str, result.undelivered))),
    ListingColumn[Result]("failed", 30, lambda result: " ".join(map(str, result.failed))),
    ListingColumn[Result]("why", 60, lambda result: sanitize(result.why)),
)


_TOLD_ONE_BY_ONE: Final = 20
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file of ids: a device would never end."""
"""Messages; more that are held back are told by their reasons."""
_DOMAINS: Final = 20
_SAMPLE: Final = 10


def exit_code(state: PlanState) -> ExitCode:
    """How a release ended, for scripts: unknown before the disk before the API before partly failed."""
    outcome_counts, every = state.outcome_counts(), len(state.plan.targets)
    if any(outcome_counts[outcome] for outcome in OPEN) or state.remarks:
        return ExitCode.UNKNOWN_OUTCOME
    if isinstance(state.error, JournalError):
        return ExitCode.UNEXPECTED
    if isinstance(state.error, GuardError):
        return ExitCode.GUARD
    if outcome_counts[Outcome.REFUSED] + outcome_counts[Outcome.NOT_SENT] == every and state.error is not None:
        return ExitCode.API
    return (
        ExitCode.DONE
        if outcome_counts[Outcome.DELIVERED] + outcome_counts[Outcome.RELEASED] == every
        else ExitCode.PARTLY_FAILED
    )


def _parsed(ids: Sequence[str], source: BinaryIO | None) -> ParsedIds:
    """The ids of the command line and of a file: two texts, and nothing in the second is ever an option."""
    parsed = parse_ids(ids)
    if source is not None:
        data = source.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise UsageError("The file of ids is larger than 64 MiB. Split it. Nothing was sent.")
        parsed = parsed.shifted(len(ids)).followed_by(parse_ids([text_of(data)]))
    searched = [found for found in parsed.found if found.excerpt]
    for found in searched[:_TOLD_ONE_BY_ONE]:
        print_status(f"Line {found.line:,}: {sanitize(found.name)} out of '{sanitize(found.excerpt, 200)}'")
    if len(searched) > _TOLD_ONE_BY_ONE:
        print_status(f"{plural(len(searched) - _TOLD_ONE_BY_ONE, 'more id')} out of free text.")
    for sentence in (*parsed.headings(), *parsed.sentences()):
        print_status(sentence)
    return parsed


async def _ids_of_job(service: EmailSecurityService, job_id: str, status: str | None) -> list[str]:
    ids: dict[str, None] = {}
    rows = nameless = strange = 0
    wanted = RowStatus(status) if status else None
    job_id = await whole_job_id(service, job_id)
    job = await service.client.get_job(job_id)
    pages = job_message_pages(service.client, job_id, status=wanted, expected=job.counted(wanted))
    async for page in pages:
        rows += len(page)
        for row in page:
            strange += wanted is not None and row.status is not wanted
            name = row.investigate_id or row.postfix_id
            if name:
                ids[name.exact] = None
            else:
                nameless += 1
    if nameless:
        print_status(f"{plural(nameless, 'row')} of the job without an id of a message: left out.")
    if strange:
        print_status(f"{plural(strange, 'row')} of a status that nobody knows: taken, it may be {wanted}.")
    if pages.unreadable:
        print_status(f"{plural(pages.unreadable, 'row')} left out: not to be read.")
    if pages.unasked:
        print_status(f"{plural(pages.unasked, 'row')} left out: the server sent what was not asked for.")
    missing = describe_missing(job, wanted, rows) or ("rows moved while they were read" if pages.shifted else "")
    if missing:
        print_status(f"Perhaps NOT all of the job: {missing}, and {plural(rows, 'row')} could be read.")
    return list(ids)


def print_to_send(allowed: Sequence[Target], asked: int, forecast: Forecast) -> None:
    """What would be sent, in counts: one bad one among many is to be seen."""
    recipients = sum(len(target.recipients) for target in allowed)
    print_status(
        f"{len(allowed):,} of {plural(asked, 'message')} to release, {plural(recipients, 'recipient')}, {forecast.describe()}."
    )
    if not allowed:
        return
    print_status("Verdicts: " + ", ".join(f"{count:,} {verdict}" for verdict, count in verdict_counts(allowed)))
    domains = sender_domain_counts(allowed)
    more = f", and {len(domains) - _DOMAINS:,} more domains" if len(domains) > _DOMAINS else ""
    print_status("From: " + ", ".join(f"{count:,} {domain}" for domain, count in domains[:_DOMAINS]) + more)
    for target in rarest_first(allowed)[:_SAMPLE]:
        _print_mail(f"  ▸ {verdict_of(target)}  {target.sender}  {target.subject}")
    if len(allowed) > _SAMPLE:
        print_status(f"  … and {len(allowed) - _SAMPLE:,} more")


def _print_mail(line: str) -> None:
    """A line with what somebody wrote in a mail; on a terminal in one row: he would choose what begins the next one."""
    if sys.stderr.isatty() and cell_len(line) > (width := shutil.get_terminal_size().columns):
        line = set_cell_size(line, width - 1) + "…"
    print_status(line)


def _print_guarded(guarded: Guarded, asked: int, forecast: Forecast) -> None:
    print_to_send(guarded.allowed, asked, forecast)
    if len(guarded.allowed) > _SAMPLE:
        print_status("All of them, each with its verdict: --plan-only --json")
    for word, taken_out in (("Held back", guarded.held_back), ("Left out", guarded.unfit)):
        for item in taken_out[:_TOLD_ONE_BY_ONE]:
            if item.target.shared_by:
                _print_shared(item.target)
                continue
            name = sanitize(item.target.id)
            _print_mail(f"{word}: {name} ({item.why}) {item.target.sender} {item.target.subject}".rstrip())
        rest = Counter(item.why for item in taken_out[_TOLD_ONE_BY_ONE:])
        for why, count in rest.items():
            print_status(f"{word}: {count:,} more {why}; --json lists all")


def _print_shared(shared: Target) -> None:
    """All messages that go by one id, so that one can be chosen."""
    count = len(shared.shared_by)
    print_status(f"Held back: {sanitize(shared.id)} names {plural(count, 'message')}. Give the investigate id of one:")
    for target in shared.shared_by[:_TOLD_ONE_BY_ONE]:
        _print_mail(f"  {sanitize(target.id)}  {target.disposition or 'no verdict'}  {target.subject}")
    if count > _TOLD_ONE_BY_ONE:
        print_status(f"  and {count - _TOLD_ONE_BY_ONE:,} more")


def _print_named(targets: Sequence[Target]) -> None:
    """Which message a Message-ID or an alert id stands for: a sender chose the first, so it is shown before anything is sent."""
    for target in targets:
        if target.named and target.checked:
            _print_mail(
                f"{sanitize(target.named)} is {sanitize(target.id)}  {target.disposition or 'no verdict'}  {target.subject}"
            )


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--from",
    "source",
    type=click.File("rb"),
    help="Read ids from a file; - is standard input. Nothing in it is ever an option.",
)
@click.option("--job", "job_id", metavar="JOB", help="Take the messages of this job.")
@click.option(
    "--status", type=click.Choice(ASKABLE_ROW_STATUS, case_sensitive=False), help="With --job: only rows in this state."
)
@click.option("--reason", help="Why; goes on record.")
@click.option("--plan-only", is_flag=True, help="Look everything up, apply the guard, send nothing.")
@click.option(
    "--expect",
    type=click.IntRange(min=0),
    help="How many will be sent after the guard; needed with --yes for more than one.",
)
@click.option(
    "--include-disposition",
    multiple=True,
    type=click.Choice([*VERDICTS, UNKNOWN_VERDICT, NO_VERDICT], case_sensitive=False),
    help="Release this verdict although the guard holds it back.",
)
@click.option(
    "--include-domain", multiple=True, metavar="DOMAIN", help="Release to this domain although the guard holds it back."
)
@click.option(
    "--include-unseen",
    is_flag=True,
    help="Also send what a closed plan sent and was never seen released. It may go out twice.",
)
@click.option("--include-unchecked", is_flag=True, help="Also send ids of which nothing could be found.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@format_option
@click.pass_context
def release(
    ctx: click.Context,
    ids: tuple[str, ...],
    source: BinaryIO | None,
    job_id: str | None,
    status: str | None,
    reason: str | None,
    plan_only: bool,
    expect: int | None,
    include_disposition: tuple[str, ...],
    include_domain: tuple[str, ...],
    include_unseen: bool,
    include_unchecked: bool,
    yes: bool,
    output_format: str,
) -> None:
    """Release held mail by investigate id, postfix id, alert id or Message-ID.

    Every id is looked up first; malicious mail is held back unless it is included by name.

    Ids out of a file: with --from FILE, or behind --. Never through xargs alone: a line of the file that begins with a
    hyphen, such as --yes, would be obeyed as an option.
    """
    if status and not job_id:
        raise UsageError("--status goes with --job. Nothing was sent.")
    if job_id is not None:
        job_id = check_job(job_id)
    parsed = _parsed(ids, source)
    if not parsed.ids and job_id is None:
        raise UsageError("No ids: name some, or use --from or --job. Nothing was sent.")
    if not plan_only and not (reason or "").strip():
        raise UsageError("A release needs --reason. Nothing was sent.")
    if not plan_only and not yes and not sys.stdin.isatty():
        raise UsageError("This writes; add --yes to do it without being asked. Nothing was sent.")

    async def work(service: EmailSecurityService) -> ExitCode:
        if not plan_only:
            service.plans.check_unlocked()
        wanted = [*parsed.ids, *(await _ids_of_job(service, job_id, status) if job_id else ())]
        least = service.plans.least_requests(wanted)
        print_status(f"Looking up {plural(len(wanted), 'id')}: {plural(least, 'request')} at the least.")
        targets = await service.plans.look_up(wanted)
        _print_named(targets)
        if twice := len(set(wanted)) - len(targets):
            print_status(
                f"{plural(twice, 'id')} left out: another id names the same message. Each message is sent once."
            )
        include = (
            *include_disposition,
            *include_domain,
            *([UNCHECKED] if include_unchecked else []),
            *([UNSEEN] if include_unseen else []),
        )
        guarded = service.plans.guard(targets, include=include)
        plan = service.plans.plan(guarded, (reason or "").strip())
        _print_guarded(guarded, len(targets), service.forecast(len(plan.batches())))
        count, known = len(plan.targets), {target.id: target for target in targets}
        if not count:
            _write(output_format, told(PlanState(plan), known))
            raise GuardError("No messages are left to release. Nothing was sent.")
        refusal = ""
        if expect is not None and expect != count:
            refusal = f"{count:,} would be sent, not the expected {expect:,}. Nothing was sent."
        elif yes and expect is None and count > 1 and not plan_only:
            refusal = f"{plural(count, 'message')} need --expect {count} beside --yes. Nothing was sent."
        if refusal or plan_only:
            written = _write(output_format, told(PlanState(plan), known))
            if refusal:
                raise GuardError(refusal)
            return written
        confirmed(f"Release {plural(count, 'message')}?", count, yes=yes)
        return await run_plan(service, Send(plan), output_format, known)

    ctx.exit(run_command(ctx, work, writes=not plan_only))


async def run_plan(
    service: EmailSecurityService, command: Command, output_format: str, known: Mapping[str, Target] | None = None
) -> ExitCode:
    """Start a command, tell how it goes and what became of every id; the exit code.

    A signal stops it after the request in flight, a second one leaves that unknown.
    """
    service.on_plan = _Progress()
    started = service.plans.start(command)
    interrupted = False
    try:
        state = await started
    except asyncio.CancelledError:
        # ctrl+c: the request in flight can't be taken back, so its outcome is waited for and told.
        print_status("Stopping after the request in flight.")
        interrupted = True
        service.stop_plan()
        try:
            state = await started
        except asyncio.CancelledError:
            # ctrl+c once more: nobody waits any longer, and what is on the wire stays unknown.
            assert service.plan_state is not None
            state = service.plan_state.abandoned()
            service.abandon()
    name = "" if isinstance(command, Send) else command.entry.name
    _print_outcome(state, output_format, known, name)
    if interrupted:
        raise asyncio.CancelledError
    return exit_code(state)


def _print_outcome(state: PlanState, output_format: str, known: Mapping[str, Target] | None, name: str) -> None:
    """Write every result; when standard output is gone or full, the outcome still stands in the narration and exit code."""
    rows = told(state, known)
    try:
        _write(output_format, rows)
    except (ReaderGone, OutputFailedError) as gone:
        if isinstance(gone, OutputFailedError):
            for result in rows:
                print_status(f"{sanitize(result.target.id)} {result.outcome} {sanitize(result.why)}".rstrip())
        discard_output()
    if state.error is not None:
        print_status(f"{state.error}")
        for line in state.error.details() if isinstance(state.error, ApiError) else ():
            print_status(f"  {line}")
    for remark in state.remarks:
        print_status(f"Look at this: {sanitize(remark)}")
    print_status(f"{state.describe()} · plan {state.plan.plan_id}")
    if state.unfinished and state.head:
        if state.unknown and not state.unsent and not any(t.investigate_id for t in state.with_outcome(*OPEN)):
            print_status(
                "What is unknown has a postfix id only, and can't be asked for. See what arrived, then close it:"
            )
            print_status(f"  mailsluice ledger close {name or state.plan.plan_id}")
        else:
            print_status(
                f"Unfinished. Settle it and send the rest: mailsluice ledger resume {name or state.plan.plan_id}"
            )


class _Progress:
    """Tells of a run what is new."""

    def __init__(self) -> None:
        self._told = ""

    def __call__(self, state: PlanState) -> None:
        batches = len(state.plan.batches())
        line = ""
        if state.phase is Phase.SETTLING:
            wait = f", next in {state.next_question:.0f} s" if state.next_question else ""
            line = f"settling {plural(len(state.with_outcome(*OPEN)), 'message')}: asked {plural(state.asked, 'time')}{wait}"
        elif state.phase is Phase.RUNNING and batches > 1 and state.requests and not state.in_flight:
            line = f"request {state.requests:,} of {max(batches, state.requests):,}"
        if line and line != self._told:
            self._told = line
            print_status(line)


def _write(output_format: str, results: Sequence[Result]) -> ExitCode:
    listing = Listing(output_format, COLUMNS, result_json)
    for result in results:
        listing.write(result)
    listing.close()
    return ExitCode.DONE
