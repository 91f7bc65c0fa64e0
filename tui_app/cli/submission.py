"""Reporting the mail of a plan to the service from the command line: as what, asked, sent, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tui_app.api.enums import Disposition
from tui_app.api.submission import EXPECTED, SubmissionType
from tui_app.cli.listing import print_status
from tui_app.cli.runner import confirmed, run_write
from tui_app.core.errors import ExitCode, GuardError, SluiceError, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.plans.mail_report import Acceptance
from tui_app.plans.submission import type_for, why_not

if TYPE_CHECKING:
    from tui_app.plans.effect import Effect
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.plan import Target
    from tui_app.service import EmailSecurityService

F = TypeVar("F", bound=Callable[..., Any])
_ALL: Final = tuple(dict.fromkeys(verdict.value for verdicts in EXPECTED.values() for verdict in verdicts))


def verdict_option(
    name: str, about: str, kind: SubmissionType | None = None, *, required: bool = False
) -> Callable[[F], F]:
    """Add an option for the verdict that mail should have had; the command gets it as `expected`. `about` is its help."""
    among = _ALL if kind is None else tuple(verdict.value for verdict in EXPECTED[kind])
    return click.option(name, "expected", type=click.Choice(among, case_sensitive=False), required=required, help=about)


def check_expected(effect: Effect, expected: Disposition) -> None:
    """Raises UsageError for a verdict as which the mail of such a plan can't be reported."""
    kind = type_for(effect)
    if kind is None:
        raise UsageError(
            "A move to the Inbox says nothing about a verdict: there is nothing to report. Nothing was sent."
        )
    if expected not in EXPECTED[kind]:
        verdicts = ", ".join(verdict.value for verdict in EXPECTED[kind])
        raise UsageError(f"After a {effect.action} mail is reported as one of {verdicts}. Nothing was sent.")


async def submit(
    service: EmailSecurityService,
    entry: LedgerEntry,
    expected: Disposition,
    *,
    yes: bool,
    known: Mapping[str, Target] | None = None,
) -> ExitCode:
    """Report what a plan delivered, or moved: tell what it is, ask, send, tell what became of each; the exit code.

    Raises GuardError when there is nothing to report or it is not confirmed, UsageError where nobody can be asked.
    """
    asked = await service.submissions.prepare(entry, known)
    count = len(asked.mails)
    if told := asked.describe_left_out():
        print_status(told)
    print_status(
        f"As {asked.kind.label}, expected {expected.value}. It teaches the detection, and can't be taken back; "
        "mail is not touched."
    )
    confirmed(f"Report {plural(count, 'message')} of plan {entry.name} to Cloudflare?", count, yes=yes)

    def tell(said: str) -> ExitCode:
        fates = {
            name: answer
            for report in service.plans.ledger.reports_of(entry.plan_id)
            for name, answer in report.acceptances.items()
        }
        mine = [(mail.id, fates.get(mail.id)) for mail in asked.mails]
        for name, answer in mine:
            if answer is not None and answer.acceptance is not Acceptance.ACCEPTED:
                print_status(f"  {sanitize(name)}  {answer.acceptance.value}  {sanitize(answer.why, 400)}".rstrip())
        print_status(said)
        if any(answer is not None and answer.acceptance is Acceptance.UNKNOWN for _, answer in mine):
            return ExitCode.UNKNOWN_OUTCOME
        whole = all(answer is not None and answer.acceptance is Acceptance.ACCEPTED for _, answer in mine)
        return ExitCode.DONE if whole else ExitCode.PARTLY_FAILED

    return await run_write(service, service.submissions.send(entry, asked, expected), tell)


async def submit_after(
    service: EmailSecurityService, expected: Disposition, ended: ExitCode, *, yes: bool, known: Mapping[str, Target]
) -> ExitCode:
    """Report what the plan that has just ended did; the exit code of both. `ended` = that of the plan."""
    state = service.plan_state
    if state is None or not state.head:
        return ended
    entry = service.plans.ledger.find(state.plan.plan_id)
    try:
        reported = await submit(service, entry, expected, yes=yes, known=known)
    except SluiceError as error:
        # The plan was sent: its exit code counts.
        print_status(f"{error}")
        if not why_not(entry.state):
            print_status(f"To report it later: mailsluice ledger submit {entry.name} --as {expected.value}")
        return ended if isinstance(error, GuardError) or ended is not ExitCode.DONE else error.exit_code
    if ExitCode.UNKNOWN_OUTCOME in (ended, reported):
        return ExitCode.UNKNOWN_OUTCOME
    return ended if ended is not ExitCode.DONE else reported
