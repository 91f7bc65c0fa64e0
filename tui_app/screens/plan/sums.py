"""Where a plan stands, in a word and in sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.core.clock import local_time
from tui_app.core.text import plural
from tui_app.plans.state import WRONG, Outcome, Phase, PlanState
from tui_app.plans.submission import describe_reports
from tui_app.screens.plan.recipients import outcome_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.plans.write_entry import WriteEntry
    from tui_app.widgets.text_lines import Piece

_OVER: Final = (
    Outcome.DELIVERED,
    Outcome.RELEASED,
    Outcome.MOVED,
    Outcome.SEEN_MOVED,
    Outcome.ALREADY_THERE,
    Outcome.PARTLY,
    Outcome.PARTLY_MOVED,
    Outcome.UNDELIVERED,
    Outcome.FAILED,
    Outcome.REFUSED,
    Outcome.LEFT_OUT,
)
_TO_DO: Final = (
    Outcome.UNKNOWN,
    Outcome.NOT_SEEN,
    Outcome.NOT_SEEN_MOVED,
    Outcome.IN_FLIGHT,
    Outcome.NOT_SENT,
)
"""What somebody still has to do something about has a line of its own: a narrow window cuts the end of one."""


def at_work_or_waits(state: PlanState) -> str:
    """Of a plan that has not ended, in a word: whether it waits for somebody."""
    return "waits" if state.phase in (Phase.CANARY, Phase.PAUSED) else "at work"


def phase_of(state: PlanState) -> str:
    """Where it stands."""
    outcome_counts = state.outcome_counts()
    if state.closed and state.ended and not state.finished:
        return "closed"
    if state.phase is Phase.HALTED:
        return "halted, see below"
    if state.phase is Phase.DONE:
        return (
            "over, not all was sent"
            if outcome_counts[Outcome.REFUSED] + outcome_counts[Outcome.LEFT_OUT]
            else "all sent"
        )
    return str(state.phase.value)


def _sum(outcome: Outcome, count: int) -> Piece:
    tone = outcome_cell(outcome).tone
    style = f"$text-{tone} bold" if count and tone in ("error", "warning", "success") else ""
    return (f"{count:,} {outcome.value}", style)


def sums_of(state: PlanState, reports: Sequence[WriteEntry] = ()) -> list[list[Piece]]:
    """Lines of sums: what came of how many, what is still to be done, what answers told beside that, what a second look saw, what it did beside that, and
    what became of its `reports`.
    """
    outcome_counts = state.outcome_counts()
    wanted = Outcome.MOVED if state.plan.effect.is_move else Outcome.DELIVERED
    # Nobody is to read "0 delivered" while it is unknown.
    told = [
        _sum(outcome, outcome_counts[outcome])
        for outcome in _OVER
        if outcome_counts[outcome] or (outcome is wanted and not state.unknown)
    ]
    lines: list[list[Piece]] = [[plural(len(state.plan.targets), "message"), *told]]
    if to_do := [_sum(outcome, outcome_counts[outcome]) for outcome in _TO_DO if outcome_counts[outcome]]:
        lines.append(["left" if state.closed else "still to be done", *to_do])
    if state.remarks:
        # Not what it was: it may name mail, and who copies the screen into a form must not take that for part of the plan.
        beside = f"answers told {plural(len(state.remarks), 'thing')} beside what was asked"
        lines.append([(beside, "$text-error bold")])
    if (arrival := state.arrival) is not None:
        wrong = "$text-warning" if any(sighting in WRONG for sighting in arrival.sightings.values()) else ""
        looked_at: list[Piece] = [(text, wrong) for text in arrival.sums()]
        if undelivered := outcome_counts[Outcome.UNDELIVERED]:
            looked_at.append(f"{undelivered:,} undelivered, not looked at")
        lines.append([f"checked {local_time(arrival.at):%H:%M}", *looked_at])
        lines += [[(sentence, "$text-warning bold")] for sentence in arrival.side_effects()]
    if reported := describe_reports(reports):
        style = "$text-warning" if any(not entry.as_asked for entry in reports) else ""
        lines.append(["reported", *((part, style) for part in reported.split(", "))])
    return lines
