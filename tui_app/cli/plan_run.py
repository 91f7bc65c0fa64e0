"""A plan at work on the command line: how it goes, what became of every id, and the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tui_app.api.errors import ApiError
from tui_app.cli.listing import Listing, ListingColumn, print_status
from tui_app.cli.streams import why_lost
from tui_app.core.errors import ExitCode, GuardError, SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.plans.commands import Send, plan_of
from tui_app.plans.journal import JournalError
from tui_app.plans.report import result_json, told
from tui_app.plans.state import ALL_DONE, OPEN, Outcome, Phase, PlanState, Result
from tui_app.plans.wait import describe_wait

if TYPE_CHECKING:
    from tui_app.plans.commands import Command
    from tui_app.plans.effect import Effect
    from tui_app.plans.plan import Target
    from tui_app.service import EmailSecurityService

_RELEASED: Final = (Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.FAILED)
_MOVED: Final = (Outcome.MOVED, Outcome.ALREADY_THERE, Outcome.FAILED)

NOTHING_ODD: Final[Mapping[str, str]] = {}
"""No message is unlike the others."""


def outcome_columns(effect: Effect) -> tuple[ListingColumn[Result], ...]:
    """The columns of what became of messages: for a release and for a move."""

    def names(outcome: Outcome) -> ListingColumn[Result]:
        width = 40 if outcome in (Outcome.DELIVERED, Outcome.MOVED) else 30
        return ListingColumn[Result](
            outcome.value.replace(" ", "_"),
            width,
            lambda result: " ".join(map(str, dict(result.by_recipient()).get(outcome, ()))),
        )

    return (
        ListingColumn[Result]("id", 52, lambda result: sanitize(result.target.id)),
        ListingColumn[Result]("outcome", 17, lambda result: result.outcome.value),
        *map(names, _MOVED if effect.is_move else _RELEASED),
        ListingColumn[Result]("why", 60, lambda result: sanitize(result.why)),
    )


def exit_code(state: PlanState) -> ExitCode:
    """How a plan ended, for scripts: unknown before the disk before the API before partly failed."""
    outcome_counts, every = state.outcome_counts(), len(state.plan.targets)
    if any(outcome_counts[outcome] for outcome in OPEN) or state.remarks:
        return ExitCode.UNKNOWN_OUTCOME
    if isinstance(state.error, JournalError):
        return ExitCode.UNEXPECTED
    if isinstance(state.error, GuardError):
        return ExitCode.GUARD
    if outcome_counts[Outcome.REFUSED] + outcome_counts[Outcome.NOT_SENT] == every and state.error is not None:
        return ExitCode.API
    return ExitCode.DONE if sum(outcome_counts[outcome] for outcome in ALL_DONE) == every else ExitCode.PARTLY_FAILED


async def run_plan(
    service: EmailSecurityService,
    command: Command,
    output_format: str,
    known: Mapping[str, Target] | None = None,
    odd: Mapping[str, str] = NOTHING_ODD,
) -> ExitCode:
    """Start a command, tell how it goes and what became of every id; the exit code.

    A signal stops it after the request in flight, a second one leaves that unknown.
    """
    service.on_plan = _Progress()
    interrupted = False
    state: PlanState | None = None
    started = service.plans.start(command)
    try:
        state = await started
        while state.phase is Phase.WAITING:
            state = await _at_its_time(service, state)
    except asyncio.CancelledError:
        # ctrl+c: the request in flight can't be taken back, so its outcome is waited for and told.
        print_status("Stopping after the request in flight.")
        interrupted = True
        service.stop_plan()
        service.plans.forget_time(plan_of(command).plan_id)
        try:
            # One whose time had come was started once more since.
            state = await service.plans.latest()
        except SluiceError as error:
            if state is None:
                raise
            # Its time had come, and somebody else acts on the account: it waits as before.
            print_status(str(error))
        except asyncio.CancelledError:
            # ctrl+c once more: nobody waits any longer, and what is on the wire stays unknown.
            assert service.plan_state is not None
            state = service.plan_state.abandoned()
            service.abandon()
    name = "" if isinstance(command, Send) else command.entry.name
    _print_outcome(state, output_format, known, name, odd)
    if interrupted:
        raise asyncio.CancelledError
    return exit_code(state)


async def _at_its_time(service: EmailSecurityService, state: PlanState) -> PlanState:
    """Wait until a plan that waits for its time was sent."""
    plan = state.plan
    assert plan.not_before is not None
    print_status(
        f"Waiting {describe_wait(plan.not_before, service.clock.now(), service.server_now)}. "
        f"ctrl+c ends that; mailsluice ledger resume {plan.plan_id} waits again."
    )
    return await service.plans.when_due(plan.plan_id) or state


def _print_outcome(
    state: PlanState, output_format: str, known: Mapping[str, Target] | None, name: str, odd: Mapping[str, str]
) -> None:
    """Write every result; where a full disk takes them, they are told."""
    rows = told(state, known)
    write_results(output_format, state.plan.effect, rows, odd)
    for result in rows if why_lost() else ():
        print_status(f"{sanitize(result.target.id)} {result.outcome} {sanitize(result.why)}".rstrip())
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
        if state.waiting is not None:
            line = f"rate limit: waits {state.waiting:.0f} s"
        if line and line != self._told:
            self._told = line
            print_status(line)


def write_results(
    output_format: str, effect: Effect, results: Sequence[Result], odd: Mapping[str, str] = NOTHING_ODD
) -> ExitCode:
    """Write what became of messages; `odd` = what is different in those that are not like the others, by id."""
    listing = Listing(
        output_format,
        outcome_columns(effect),
        lambda row: result_json(row, moved=effect.is_move, odd=odd.get(row.target.id, "")),
    )
    for result in results:
        listing.write(result)
    listing.close()
    return ExitCode.DONE
