"""How a plan stands for the operator: what may be done with it now, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.actions import ACTIONS, EVERYWHERE
from tui_app.core.errors import GuardError
from tui_app.core.text import sanitize
from tui_app.plans.follow_up import undo_effect
from tui_app.plans.report import sums_checked
from tui_app.plans.response import anything_done
from tui_app.plans.state import SAID_DONE, UNSEEN, Outcome, Phase, PlanState
from tui_app.plans.submission import why_not
from tui_app.screens.frame import MORE

if TYPE_CHECKING:
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.widgets.text_lines import Piece


OF_ITS_ACCOUNT: Final = frozenset(
    action.id
    for action in ACTIONS
    if "plan" in action.where
    and action.where is not EVERYWHERE
    and (action.writes or action.id.startswith("plan.") or action.id == "row.open")
    and action.id != "plan.report"
)
"""What asks the account of the plan, or changes something there."""


@dataclass(frozen=True)
class Standing:
    """A plan at rest or at work; `entry` is what the ledger had of an earlier one, `lock_holder` who works on it elsewhere."""

    state: PlanState
    entry: LedgerEntry | None = None
    lock_holder: str = ""
    lock_unseen: str = ""
    """Why it can't be seen whether somebody does: what is begun then fails by the lock itself, and says why."""
    read_only: bool = False
    whose: str = ""
    """The other account that it belongs to: nothing is done with it here. Empty for a plan of this account."""

    @property
    def why_not_here(self) -> str:
        """Why nothing is done with it here; empty for a plan of this account."""
        return f"This plan is of {self.whose}: only to read here; ‹profiles.open› switches." if self.whose else ""

    def fits(self, action_id: str) -> bool:
        """Whether an action makes sense now."""
        state = self.state
        if self.whose and action_id in OF_ITS_ACCOUNT:
            return False
        match action_id:
            case "plan.stop":
                return not state.ended or state.phase is Phase.WAITING
            case "plan.pause":
                return not state.ended and state.phase not in (Phase.PAUSED, Phase.CANARY)
            case "plan.continue":
                return state.phase in (Phase.PAUSED, Phase.CANARY) or self.may_resume
            case "plan.settle":
                return self.may_settle
            case "plan.check":
                return self.may_check
            case "plan.resend":
                return bool(state.with_outcome(*UNSEEN)) and self.may_resume
            case "plan.close":
                return self.may_resume
            case "plan.retry":
                return state.ended and bool(state.retryable)
            case "rows.undo":
                return self.may_undo
            case "plan.submit":
                return self.may_submit
            case "plan.report":
                return state.ended and bool(state.head)
            case _:
                return True

    @property
    def damaged(self) -> str:
        """What is wrong with the journal of an earlier plan; nobody can go on with it."""
        return self.entry.damaged if self.entry is not None else ""

    @property
    def may_settle(self) -> bool:
        """Whether it can be asked what became of what is unknown."""
        return (
            not self.damaged
            and self.state.ended
            and self.state.unknown
            and bool(self.state.head)
            and not self.lock_holder
            and not self.read_only
        )

    @property
    def may_check(self) -> bool:
        """Whether what was done can be looked at again."""
        idle = self.state.ended and bool(self.state.head) and not self.lock_holder and not self.read_only
        return idle and bool(self.state.with_outcome(*SAID_DONE))

    @property
    def may_resume(self) -> bool:
        """Whether the rest can be sent, or the plan closed."""
        idle = not self.damaged and self.state.ended and bool(self.state.head) and not self.lock_holder
        idle = idle and not self.read_only
        return idle and self.state.unfinished

    @property
    def may_undo(self) -> bool:
        """Whether something was done that can be taken back."""
        state = self.state
        at_rest = state.ended and bool(state.head) and not self.damaged
        try:
            undo_effect(state.plan.effect, state.plan.source, None)
        except GuardError:
            return False
        return at_rest and bool(state.with_outcome(*SAID_DONE))

    @property
    def why_not_submitted(self) -> str:
        """Why nothing of it can be reported to the service, in a sentence; empty where something may be."""
        if self.read_only:
            return "This profile is read-only; nothing can be reported."
        if self.lock_holder:
            return f"Nothing can be done here while {self.lock_holder} is acting."
        if self.damaged or (self.state.ended and not self.state.head):
            return "Without a journal that can be read nothing can be reported."
        return why_not(self.state)

    @property
    def may_submit(self) -> bool:
        """Whether what it did can be reported to the service."""
        return not self.why_not_submitted

    @property
    def why_not_left(self) -> str:
        """Why the screen of a plan at work is not left, and the way out."""
        match self.state.phase:
            case Phase.CANARY | Phase.PAUSED:
                return "The plan waits for you: ‹plan.continue› sends the rest, ‹plan.stop› stops."
            case Phase.SETTLING:
                return "It is being asked what became of them. ‹plan.stop› stops asking."
            case Phase.CHECKING:
                return "It is being looked at what was done. ‹plan.stop› stops looking."
            case _:
                return (
                    "The plan is being sent. ‹plan.stop› stops after the request in flight, ctrl+q also quits after it."
                )

    def next_step(self) -> Sequence[Piece]:
        """What to do next, in a sentence; an error first."""
        state = self.state
        outcome_counts = state.outcome_counts()
        if self.whose:
            return [(self.why_not_here, "$text-warning bold")]
        if self.entry is not None and self.damaged:
            name = sanitize(self.entry.file)
            return [
                (
                    f"{name} is damaged: {self.damaged}. Nothing can be sent for it; ‹plan.report› reports it.",
                    "$text-error",
                )
            ]
        if self.entry is not None and self.entry.doubts and state.error is None:
            more = f" and {len(self.entry.doubts) - 1:,} more" if len(self.entry.doubts) > 1 else ""
            return [(f"{sanitize(self.entry.doubts[0])}{more}", "$text-warning bold")]
        if state.error is not None and not self.may_resume and state.phase is not Phase.CANARY:
            return [(f"{state.error} ", "$text-error"), MORE]
        if state.phase in (Phase.CANARY, Phase.PAUSED):
            first = "Now check them." if anything_done(state) else "None of the first went out: see why."
            what = first if state.phase is Phase.CANARY else "Paused."
            why = [MORE] if state.error is not None else []
            return [
                (
                    f"{what} ‹plan.continue› sends the other {len(state.unsent):,}, ‹plan.stop› stops. ",
                    "$text-warning bold",
                ),
                *why,
            ]
        if state.phase is Phase.WAITING:
            return [
                (
                    "It is sent at its time while this console runs; you may leave. ‹plan.stop› stops waiting.",
                    "$text-warning",
                )
            ]
        if self.read_only and state.unfinished:
            return [("Unfinished. This profile is read-only: nothing can be done about it here.", "$text-warning")]
        if self.lock_holder:
            return [(f"Watching: {self.lock_holder} acts on this account.", "$text-warning bold")]
        if self.lock_unseen and state.unfinished and state.ended:
            said = (
                f"It can't be seen whether another mailsluice acts on this account. {sanitize(self.lock_unseen, 200)}"
            )
            return [(said, "$text-warning bold")]
        if self.may_settle and state.closed:
            return [("Closed, and some are unknown: ‹plan.settle› asks; nothing more is sent.", "$text-warning")]
        if self.may_settle and outcome_counts[Outcome.UNKNOWN]:
            return [
                (
                    "Some are unknown: ‹plan.settle› asks; ‹plan.continue› asks, then sends what was never sent.",
                    "$text-warning",
                )
            ]
        if self.may_settle:
            return [
                (
                    "Not moved when asked, but they may still be. ‹plan.resend› sends them again, at that risk."
                    if state.plan.effect.is_move
                    else "Still held when asked, but they may still be released. ‹plan.resend› sends them again, at that risk.",
                    "$text-warning",
                )
            ]
        if self.may_resume:
            if state.error is not None:
                return [
                    (f"{state.error} ", "$text-error"),
                    ("‹plan.continue› sends the rest, ‹plan.close› closes.", "$text-warning"),
                    MORE,
                ]
            return [
                (
                    "‹plan.continue› shows what was never sent and sends it, ‹plan.close› closes the plan.",
                    "$text-warning",
                )
            ]
        if not state.ended:
            return []
        whole, sentence = sums_checked(state)
        if not whole:
            return [(sentence, "$text-error")]
        held = f" {len(state.plan.held_back):,} held back by the guard, not sent." if state.plan.held_back else ""
        if state.remarks:
            more = f" and {len(state.remarks) - 1:,} more" if len(state.remarks) > 1 else ""
            return [(f"Look at this: {sanitize(state.remarks[0])}{more}. ", "$text-error"), MORE]
        return [(f"Every id is accounted for.{held}", "dim")]
