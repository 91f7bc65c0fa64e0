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
        return not self.why_not(action_id)

    def why_not(self, action_id: str) -> str:
        """Why an action makes no sense now, in a sentence; empty where it does.

        What holds it back is said before what there is to do: of a plan that can't be touched, or that somebody else works
        on, it is not known here that nothing is.
        """
        state = self.state
        if self.whose and action_id in OF_ITS_ACCOUNT:
            return self.why_not_here
        match action_id:
            case "plan.stop":
                return self._why_not_sending if state.phase is not Phase.WAITING else ""
            case "plan.pause":
                return self._why_not_paused
            case "plan.continue":
                if state.phase in (Phase.PAUSED, Phase.CANARY):
                    return ""
                if not state.ended:
                    return "It is being sent. ‹plan.stop› stops after the request in flight."
                return self._why_not_touched or self._why_over("Nothing is left to send.") or self._why_all_sent
            case "plan.settle":
                return self._why_not_touched or ("" if state.unknown else "Nothing is unknown.")
            case "plan.check":
                done = bool(state.with_outcome(*SAID_DONE))
                return self._why_not_touched or ("" if done else "There is nothing to check.")
            case "plan.resend":
                none = "No message waits to be sent again."
                return self._why_not_touched or self._why_over(none) or ("" if state.with_outcome(*UNSEEN) else none)
            case "plan.close":
                return self._why_not_touched or self._why_over("The plan is over: there is nothing to close.")
            case "plan.retry":
                return self._why_at_work or ("" if state.retryable else "Nothing failed.")
            case "rows.undo":
                return self._why_not_undone
            case "plan.submit":
                return self._why_not_reachable or why_not(state)
            case "plan.report":
                return self._why_no_journal if state.ended else "A report can be written when the plan has ended."
            case _:
                return ""

    @property
    def damaged(self) -> str:
        """What is wrong with the journal of an earlier plan; nobody can go on with it."""
        return self.entry.damaged if self.entry is not None else ""

    @property
    def may_settle(self) -> bool:
        """Whether it can be asked what became of what is unknown."""
        return self.fits("plan.settle")

    @property
    def may_resume(self) -> bool:
        """Whether the rest can be sent, or the plan closed."""
        return self.fits("plan.close")

    @property
    def _why_at_work(self) -> str:
        return "" if self.state.ended else "The plan has not ended yet."

    @property
    def _why_no_journal(self) -> str:
        # A plan at work has one that is being made.
        return "It has no journal that can be read." if self.state.ended and not self.state.head else ""

    @property
    def _why_damaged(self) -> str:
        if not self.damaged:
            return self._why_no_journal
        return f"Its journal is damaged: {sanitize(self.damaged, 200)}. Nothing can be done for it; ‹plan.report› reports it."

    @property
    def _why_not_reachable(self) -> str:
        """Why nothing can be asked for it, or sent, whatever there is to do."""
        if self._why_damaged:
            return self._why_damaged
        if self.lock_holder:
            return f"Nothing can be done here while {self.lock_holder} is acting."
        return "This profile is read-only: nothing can be done about a plan here." if self.read_only else ""

    @property
    def _why_not_touched(self) -> str:
        return self._why_at_work or self._why_not_reachable

    def _why_over(self, sentence: str) -> str:
        """Why nothing of it is to be sent any more, if it is so: it was closed before its end, or else this sentence."""
        if self.state.unfinished:
            return ""
        # What has come to its end is closed on record, too; nobody closed it.
        by_somebody = self.state.closed and not self.state.finished
        return "The plan is closed: nothing more is sent for it." if by_somebody else sentence

    @property
    def _why_all_sent(self) -> str:
        if self.state.unsent:
            return ""
        unknown = bool(self.state.outcome_counts()[Outcome.UNKNOWN])
        return f"All was sent: {'‹plan.settle› asks what is unknown' if unknown else '‹plan.resend› sends again what was not seen done'}."

    @property
    def _why_not_paused(self) -> str:
        match self.state.phase:
            case Phase.CANARY | Phase.PAUSED:
                return "The plan already waits: ‹plan.continue› sends the rest, ‹plan.stop› stops."
            case _:
                return self._why_not_sending

    @property
    def _why_not_sending(self) -> str:
        if not self.state.ended:
            return ""
        return "Nothing of it is being sent now." if self.state.unfinished else "The plan has ended."

    @property
    def _why_not_undone(self) -> str:
        state = self.state
        if why := self._why_at_work or self._why_damaged:
            return why
        try:
            undo_effect(state.plan.effect, state.plan.source, None)
        except GuardError as error:
            return str(error)
        return "" if state.with_outcome(*SAID_DONE) else "There is nothing to undo."

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
            case _ if self.state.ended:
                return "It is just beginning: wait a moment."
            case _:
                return (
                    "The plan is being sent. ‹plan.stop› stops after the request in flight, ctrl+q also quits after it."
                )

    def next_step(self) -> Sequence[Piece]:
        """What to do next, in a sentence; an error first, and before all else that answers told more than was asked."""
        step, remarks = self._next_step(), self.state.remarks
        if remarks and step:
            # Beside what is to be done there is no room for more than where it stands.
            return [("Look at ‹activity.open› first. ", "$text-error bold"), *step]
        if remarks:
            more = f" and {len(remarks) - 1:,} more" if len(remarks) > 1 else ""
            return [(f"Look at this: {sanitize(remarks[0])}{more}. ", "$text-error"), MORE]
        return step

    def _next_step(self) -> Sequence[Piece]:
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
            rest = "; ‹plan.continue› asks, then sends what was never sent" if state.unsent else ""
            return [(f"Some are unknown: ‹plan.settle› asks{rest}.", "$text-warning")]
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
        if state.remarks:
            return []
        held = f" {len(state.plan.held_back):,} held back by the guard, not sent." if state.plan.held_back else ""
        return [(f"Every id is accounted for.{held}", "dim")]
