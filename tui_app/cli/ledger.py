"""`ledger`: what was done from this machine, by whom and why; going on with what is unfinished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.api.enums import Disposition
from tui_app.cli.completion import complete_plan
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status
from tui_app.cli.plan_review import print_to_send, print_wait, sent_later, why_not_expected
from tui_app.cli.plan_run import exit_code, run_plan, write_results
from tui_app.cli.runner import confirmed, run_command
from tui_app.cli.streams import stop_if_output_gone
from tui_app.cli.submission import check_expected, submit, verdict_option
from tui_app.config.settings import canonical_account, short_account_id
from tui_app.core.clock import SystemClock, local_time, parse_moment
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.core.paths import state_folder
from tui_app.core.text import json_text, plural, sanitize
from tui_app.plans.commands import CheckArrival, Close, Resume, Settle
from tui_app.plans.journal import JournalError, NoSuchPlan
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_filter import happened_since
from tui_app.plans.origin import origin_of
from tui_app.plans.report import accounted, entry_json, result_json, told
from tui_app.plans.state import SAID_DONE, UNSEEN, WRONG, ArrivalCheck, Outcome, Result
from tui_app.plans.write_entry import WriteEntry, write_json

if TYPE_CHECKING:
    from tui_app.plans.ledger import Listed
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.service import EmailSecurityService

_LISTED: Final = (
    ListingColumn["Listed"]("id", 8, lambda each: each.name),
    ListingColumn["Listed"](
        "when", 22, lambda each: local_time(each.at).isoformat(timespec="minutes") if each.at else ""
    ),
    ListingColumn["Listed"]("who", 20, lambda each: sanitize(each.origin.who)),
    ListingColumn["Listed"]("action", 18, lambda each: each.what),
    ListingColumn["Listed"]("target", 8, lambda each: each.target),
    ListingColumn["Listed"]("state", 10, lambda each: each.standing),
    ListingColumn["Listed"]("messages", 8, lambda each: _messages(each), right=True),
    ListingColumn["Listed"]("outcome", 44, lambda each: each.describe()),
    ListingColumn["Listed"]("reason", 60, lambda each: sanitize(each.reason)),
    ListingColumn["Listed"]("job", 36, lambda each: sanitize(each.job) if isinstance(each, WriteEntry) else ""),
)
_ACCOUNT: Final = ListingColumn["Listed"](
    "account", 9, lambda each: sanitize(short_account_id(each.account.partition("@")[0]))
)

_PLAN_NAME: Final = 35
"""Characters that a plan is named by at the most: the id of a job has more."""
_MOST: Final = 10
"""Sentences about journals that a list ends with."""
_SEEN: Final = (
    ListingColumn[tuple[Result, ArrivalCheck]]("id", 52, lambda row: sanitize(row[0].target.id)),
    ListingColumn[tuple[Result, ArrivalCheck]]("outcome", 17, lambda row: row[0].outcome.value),
    ListingColumn[tuple[Result, ArrivalCheck]](
        "seen", 28, lambda row: row[1].sightings.get(row[0].target.id, "not looked at")
    ),
)


def _messages(each: Listed) -> str:
    """How many messages a plan or a report has, or a new job had in its preview."""
    if isinstance(each, WriteEntry):
        if each.report is not None:
            return str(len(each.report.mails))
        return str(each.preview.count) if each.preview is not None else ""
    return str(each.messages)


def print_doubts(entry: LedgerEntry) -> None:
    """Say what speaks against a plan's journal."""
    for doubt in entry.doubts:
        print_status(doubt)


def of_this_account(service: EmailSecurityService, found: LedgerEntry) -> LedgerEntry:
    """The plan as its journal tells of it now. Raises UsageError when it is another account's."""
    entry = service.plans.ledger.find(found.file)
    entry.check_account(service.settings.identity)
    return entry


def ledger_here() -> Ledger:
    """The ledger of this user."""
    return Ledger(state_folder() / "plans", origin_of(os.environ), SystemClock().now)


def plan_named(name: str) -> LedgerEntry | None:
    """The plan that goes by a name that may also be a job's; None when there is none. Raises JournalError for more than one."""
    if len(name) > _PLAN_NAME:
        return None
    try:
        return ledger_here().find(name)
    except NoSuchPlan:
        return None


def _since(given: str | None) -> datetime | None:
    try:
        return parse_moment(given, SystemClock().now()) if given else None
    except ValueError as error:
        raise UsageError(str(error)) from None


_since_option = click.option("--since", help="Only what happened since then: 24h, 7d, a date, RFC 3339.")


@click.group(invoke_without_command=True)
@_since_option
@format_option
@click.pass_context
def ledger(ctx: click.Context, since: str | None, output_format: str) -> None:
    """What was written from this machine, mail and jobs: who, what, when, why, and what became of it.

    `resume`, `settle`, `check`, `close` and `submit` need the account; the rest reads the journals.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(_list, since=since, output_format=output_format)


@ledger.command("list")
@_since_option
@format_option
def _list(since: str | None, output_format: str) -> None:
    """List all plans, reports of mail, and jobs that were created, cancelled or deleted; the newest first."""
    moment = _since(since)
    ledger = ledger_here()
    overview = ledger.overview()

    def wire(each: Listed) -> Mapping[str, Any]:
        # Only JSON tells of each message that was held back: every journal is read for it.
        return write_json(each) if isinstance(each, WriteEntry) else entry_json(ledger.in_full(each))

    listed = [each for each in overview.listed if moment is None or happened_since(each, moment)]
    columns: tuple[ListingColumn[Listed], ...] = (*_LISTED, _ACCOUNT)
    if output_format == "table":
        # Of one account nobody has to be told on each line.
        several = len({canonical_account(each.account) for each in listed}) > 1
        columns = (*_LISTED[:1], _ACCOUNT, *_LISTED[1:]) if several else _LISTED
    listing = Listing["Listed"](output_format, columns, wire)
    for each in listed:
        listing.write(each)
        stop_if_output_gone()
    listing.close()
    # What is over is doubted in `show` and `verify`; here it would hide what somebody still has to look at.
    doubts = [doubt for plan in overview.plans if plan.unfinished for doubt in plan.doubts]
    sentences = [*overview.unreadable, *doubts]
    for sentence in sentences[:_MOST]:
        print_status(sentence)
    if len(sentences) > _MOST:
        print_status(f"{len(sentences) - _MOST:,} more such sentences: mailsluice ledger verify")
    if lost := [write for write in overview.writes if write.open]:
        they = "it was" if len(lost) == 1 else "they were"
        print_status(f"Of {plural(len(lost), 'write')} nobody knows whether {they} done. To look:")
        for write in lost[:_MOST]:
            print_status(f"  mailsluice ledger settle {write.name}")
    for name in overview.unexpected:
        print_status(
            f"{name} is not a journal file. Nothing is sent until it is moved away. See: mailsluice ledger verify"
        )


@ledger.command("show")
@click.argument("name", metavar="PLAN|WRITE|JOB", shell_complete=complete_plan)
@format_option
def _show(name: str, output_format: str) -> None:
    """List what became of every message of a plan; of a write to a job, or a report, all that is on record."""
    entry = ledger_here().find_any(name)
    if isinstance(entry, WriteEntry):
        _show_write(entry, output_format)
        return
    print_doubts(entry)
    write_results(output_format, entry.plan.effect, told(entry.state))
    for remark in entry.state.remarks:
        print_status(f"Look at this: {sanitize(remark)}")
    print_status(
        f"{entry.counts} · {entry.standing} · {sanitize(entry.origin.describe())} · {sanitize(entry.plan.reason)}"
    )


def _show_write(entry: WriteEntry, output_format: str) -> None:
    """Its facts one a line, or in a format of listings (JSON: one object)."""
    if output_format == "json":
        print(json_text(write_json(entry)))
    elif output_format == "table":
        for name, value in entry.facts():
            print(f"{name:<10} {value}")
    else:
        listing = Listing["Listed"](output_format, _LISTED, lambda _: write_json(entry))
        listing.write(entry)
        listing.close()


@ledger.command("verify")
@click.pass_context
def _verify(ctx: click.Context) -> None:
    """Follow the chain of hashes through all journals."""
    verdict = ledger_here().verify()
    for problem in verdict.problems:
        print_status(problem)
    for note in verdict.notes[:_MOST]:
        print_status(note)
    if len(verdict.notes) > _MOST:
        print_status(f"{len(verdict.notes) - _MOST:,} more journals come from elsewhere.")
    print(
        f"{plural(verdict.journals, 'journal')}, head {verdict.head or 'none'}: {'NOT whole' if verdict.problems else 'whole'}"
    )
    ctx.exit(ExitCode.UNEXPECTED if verdict.problems else ExitCode.DONE)


despite_doubts_option = click.option(
    "--despite-doubts",
    is_flag=True,
    help="Also when something speaks against the plan's journal, such as a copy or another host. Read `ledger show` first.",
)


@ledger.command("resume")
@click.argument("plan", shell_complete=complete_plan)
@click.option("--resend-unseen", is_flag=True, help="Also send again what was not seen done. It may be done twice.")
@click.option(
    "--expect",
    type=click.IntRange(min=0),
    help="How many will be sent after the guard; needed with --yes for more than one.",
)
@despite_doubts_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@format_option
@click.pass_context
def _resume(
    ctx: click.Context,
    plan: str,
    resend_unseen: bool,
    expect: int | None,
    despite_doubts: bool,
    yes: bool,
    output_format: str,
) -> None:
    """Settle what is unknown of a plan, then send what was never sent: looked up, guarded and confirmed again."""
    found = ledger_here().find(plan)
    print_doubts(found)
    if found.damaged:
        raise JournalError(f"The journal {found.name} can't be used: {found.damaged}. Nothing was sent.")
    if not found.state.unfinished:
        raise GuardError(
            f"Plan {found.plan.plan_id} is {'closed' if found.closed else 'finished'}: there is nothing to resume."
        )
    if found.doubts and not despite_doubts:
        raise GuardError(
            f"Something speaks against the journal of plan {found.name}; nothing was sent. Read it with: "
            f"mailsluice ledger show {found.name}; then resume it with --despite-doubts."
        )

    async def work(service: EmailSecurityService) -> ExitCode:
        entry = of_this_account(service, found)
        unsent, unseen = len(entry.state.unsent), len(entry.state.with_outcome(*UNSEEN))
        unknown = len(entry.state.with_outcome(Outcome.UNKNOWN))
        print_status(
            f"{plural(unknown, 'message')} to settle, {unsent:,} never sent, {unseen:,} not seen done."
            + (" What is not seen done is sent again, and may be done twice." if resend_unseen else "")
        )
        rest = await service.plans.review_rest(entry, resend_unseen=resend_unseen)
        count = len(rest.fit)
        requests = -(-count // entry.plan.batch_size)
        print_to_send(
            rest.fit, unsent + (unseen if resend_unseen else 0), service.forecast(requests), entry.plan.effect
        )
        for name, why in rest.why_not.items():
            print_status(f"Left out: {sanitize(name)} ({sanitize(why)})")
        final = entry.plan.effect.is_final
        if refusal := why_not_expected(entry.plan.effect, count, expect, yes=yes, asks=count > 0):
            raise GuardError(refusal)
        print_wait(service, entry.plan)
        if count:
            later = sent_later(service, entry.plan)
            question = f"Resume plan {entry.plan.plan_id}, send {plural(count, 'message')}{later}?"
            confirmed(question, count, yes=yes, final=final)
        else:
            print_status("Nothing is left to send. What is unknown is asked about.")
        command = Resume(entry, resend_unseen=resend_unseen, reviewed=rest.fit, despite_doubts=despite_doubts)
        return await run_plan(service, command, output_format)

    ctx.exit(run_command(ctx, work, writes=True))


@ledger.command("settle")
@click.argument("plan", metavar="PLAN|WRITE", shell_complete=complete_plan)
@format_option
@click.pass_context
def _settle(ctx: click.Context, plan: str, output_format: str) -> None:
    """Read back what is unknown of a plan, also of a closed one, or of a write to a job or a report of mail. Sends nothing."""
    found = ledger_here().find_any(plan)

    async def work(service: EmailSecurityService) -> ExitCode:
        if isinstance(found, WriteEntry):
            settled = await service.writes.settle(found)
            _show_write(settled, output_format)
            return ExitCode.UNKNOWN_OUTCOME if settled.open or settled.differs else ExitCode.DONE
        print_doubts(found)
        entry = of_this_account(service, found)
        return await run_plan(service, Settle(entry), output_format)

    if isinstance(found, WriteEntry) and not found.open:
        raise GuardError(f"{found.title} is {found.standing}: there is nothing to settle.")

    ctx.exit(run_command(ctx, work, writes=True))


@ledger.command("check")
@click.argument("plan", shell_complete=complete_plan)
@format_option
@click.pass_context
def _check(ctx: click.Context, plan: str, output_format: str) -> None:
    """Look again at what a plan did: seen delivered or moved, or held again. Sends nothing."""
    found = ledger_here().find(plan)

    async def work(service: EmailSecurityService) -> ExitCode:
        entry = of_this_account(service, found)
        state = await service.plans.start(CheckArrival(entry))
        if state.error is not None:
            raise state.error
        check = state.arrival
        assert check is not None
        listing = Listing(output_format, _SEEN, lambda row: result_json(*row))
        for result in accounted(state):
            if result.outcome in SAID_DONE:
                listing.write((result, check))
        listing.close()
        print_status(f"{check.describe()} · plan {entry.plan.plan_id}. {' '.join(check.side_effects())}".rstrip())
        if any(sighting in WRONG for sighting in check.sightings.values()):
            return ExitCode.PARTLY_FAILED
        return ExitCode.DONE if len(check.sightings) == check.wanted else ExitCode.UNKNOWN_OUTCOME

    ctx.exit(run_command(ctx, work, writes=True))


@ledger.command("close")
@click.argument("plan", shell_complete=complete_plan)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def _close(ctx: click.Context, plan: str, yes: bool) -> None:
    """Put on record that the rest of a plan will never be sent. Sends nothing."""
    found = ledger_here().find(plan)

    async def work(service: EmailSecurityService) -> ExitCode:
        entry = of_this_account(service, found)
        print_doubts(entry)
        confirmed(f"Close plan {entry.name} with {entry.state.describe()}?", yes=yes)
        state = await service.plans.start(Close(entry))
        print_status(f"Closed: {state.describe()}.")
        return exit_code(state) if state.unknown else ExitCode.DONE

    ctx.exit(run_command(ctx, work, writes=True))


@ledger.command("report")
@click.argument("plan", shell_complete=complete_plan)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file: .md, .csv or .json.")
@click.pass_context
def _report(ctx: click.Context, plan: str, output: Path | None) -> None:
    """Write what a plan came to, for the ticket; Markdown on standard output."""
    from tui_app.cli.report import check_output, write_plan_report

    write_plan_report(ledger_here(), plan, check_output(output))


@ledger.command("submit")
@click.argument("plan", shell_complete=complete_plan)
@verdict_option("--as", "The verdict that it should have had.", required=True)
@despite_doubts_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def _submit(ctx: click.Context, plan: str, expected: str, despite_doubts: bool, yes: bool) -> None:
    """Tell Cloudflare of what a plan delivered or moved: which verdict it should have had. It teaches the detection.

    Ends with 4 when some were not accepted, with 5 when that is unknown of some.
    """
    found, verdict = ledger_here().find(plan), Disposition(expected)
    check_expected(found.plan.effect, verdict)
    print_doubts(found)
    if found.doubts and not despite_doubts:
        raise GuardError(
            f"Something speaks against the journal of plan {found.name}; nothing was sent. Read it with: "
            f"mailsluice ledger show {found.name}; then submit it with --despite-doubts."
        )

    async def work(service: EmailSecurityService) -> ExitCode:
        return await submit(service, of_this_account(service, found), verdict, yes=yes)

    ctx.exit(run_command(ctx, work, writes=True))
