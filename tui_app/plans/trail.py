"""What is on record about a job or a plan: the writes to it, what followed it, and what became of each message by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tui_app.plans.effect import Source
from tui_app.plans.report import told
from tui_app.plans.state import ALL_DONE, OPEN, Outcome

if TYPE_CHECKING:
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.ledger_entry import PlanSummary
    from tui_app.plans.state import Result
    from tui_app.plans.write_entry import WriteEntry

UNTRIED: Final = frozenset({Outcome.NOT_SENT, Outcome.LEFT_OUT, Outcome.HELD_BACK})
"""Outcomes of what was to be tried again and was not."""


_IN_PART: Final = frozenset({Outcome.PARTLY, Outcome.PARTLY_MOVED})


class Stands(IntEnum):
    """Whether what a plan did to a message still holds."""

    NO = 0
    PERHAPS = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Fate:
    """What a retry, or an undo, made of one message, and what an undo of that made of it."""

    plan: str
    result: Result
    undo: Fate | None = None

    def done(self, recipient: str | None = None) -> Stands:
        """Whether the plan did it, whatever followed; for one recipient, by default for all."""
        outcome = self.outcome_for(recipient)
        if outcome in ALL_DONE:
            return Stands.YES
        return Stands.PERHAPS if outcome in OPEN or outcome in _IN_PART else Stands.NO

    def stands(self, recipient: str | None = None) -> Stands:
        """Whether the plan did it and no undo took it back."""
        taken_back = self.undo.stands(recipient) if self.undo is not None else Stands.NO
        return min(self.done(recipient), Stands(Stands.YES - taken_back))

    def deciding(self) -> str:
        """The last plan of those that follow from this one and say how it stands."""
        if self.undo is None or self.undo.done() is Stands.NO:
            return self.plan
        return self.undo.deciding()

    def outcome_for(self, recipient: str | None) -> Outcome:
        """What became of it for one recipient; the same as for all where the answer named none."""
        wanted = recipient.casefold() if recipient is not None else None
        for outcome, names in self.result.by_recipient():
            if any(name.exact.casefold() == wanted for name in names):
                return outcome
        return self.result.outcome


@dataclass(frozen=True)
class JobTrail:
    """What the ledger of this machine tells about a job."""

    writes: tuple[WriteEntry, ...] = ()
    """Who created, cancelled and deleted it, the oldest first."""
    followed: tuple[PlanSummary, ...] = ()
    """Retries and undos of it, and of those, the oldest first."""
    fates: Mapping[str, Fate] = field(default_factory=dict)
    """What its retries made of each message, and undos of them, by all ids of it that are on record."""
    problem: str = ""
    """Why the ledger can't be read, in a sentence; empty when it could."""

    @property
    def retried(self) -> bool:
        """Whether anything of it was tried again."""
        return any(plan.source is not None and plan.source.is_retry for plan in self.followed)


def followers(
    ledger: Ledger, kind: str, name: str, *, wanted: Callable[[Source], bool] = lambda source: True
) -> list[PlanSummary]:
    """The plans that follow from a job or a plan (`Source.kind`), and those that follow from them; the oldest first, each once.

    `wanted` = from which of them. Raises JournalError.
    """
    found: dict[tuple[str, str], PlanSummary] = {}
    left = [(kind, name)]
    while left:
        for plan in ledger.following(*left.pop()):
            # A copy of a journal tells of the same plan.
            known = plan.plan_id, plan.digest
            if known not in found and plan.source is not None and wanted(plan.source):
                found[known] = plan
                left.append((Source.PLAN, plan.plan_id))
    return sorted(found.values(), key=lambda plan: (plan.number, plan.file))


def _later(before: Fate | None, fate: Fate) -> Fate:
    """Which of two fates of a message counts, the second from a later plan."""
    if before is None:
        return fate
    # What was done stays done until it is taken back, and what was tried stays tried.
    stays = fate.result.outcome in UNTRIED or before.stands() is Stands.YES or before.stands() > fate.stands()
    return before if stays else fate


def _follow(ledger: Ledger, kind: str, name: str, found: dict[str, Fate], above: frozenset[str]) -> None:
    """Bring what the retries and undos of a job or a plan did into what is known of each message."""
    known = set()
    for plan in ledger.following(kind, name):
        # A copy of a journal tells of the same plan.
        if plan.source is None or (plan.plan_id, plan.digest) in known:
            continue
        known.add((plan.plan_id, plan.digest))
        if plan.source.is_retry:
            for each, fate in _fates_of(ledger, plan, above).items():
                found[each] = _later(found.get(each), fate)
        elif plan.source.relation == Source.UNDO:
            for each, undo in _fates_of(ledger, plan, above).items():
                # The undo may know a message by one of its names only.
                names = (each, *found[each].result.target.names) if each in found else ()
                for same in names:
                    if (before := found.get(same)) is not None:
                        found[same] = replace(before, undo=_later(before.undo, undo))


def _fates_of(ledger: Ledger, plan: PlanSummary, above: frozenset[str]) -> dict[str, Fate]:
    """What a plan made of each message, and those that follow from it."""
    if plan.plan_id in above:
        return {}
    found: dict[str, Fate] = {}
    for result in told(ledger.in_full(plan).state):
        fate = Fate(plan.plan_id, result)
        for name in result.target.names:
            found[name] = _later(found.get(name), fate)
    _follow(ledger, Source.PLAN, plan.plan_id, found, above | {plan.plan_id})
    return found


def _fates(ledger: Ledger, job_id: str) -> dict[str, Fate]:
    found: dict[str, Fate] = {}
    _follow(ledger, Source.JOB, job_id, found, frozenset())
    return found


def trail_of_job(ledger: Ledger, job_id: str) -> JobTrail:
    """All that is on record about a job. Raises JournalError."""
    return JobTrail(
        tuple(ledger.writes_to(job_id)), tuple(followers(ledger, Source.JOB, job_id)), _fates(ledger, job_id)
    )


def done_since(ledger: Ledger, kind: str, name: str, relation: str) -> dict[str, str]:
    """Ids that the retries, or the undos, of a job or a plan have done, or may have, each with the plan.

    What their own retries did counts too, and what their own undos took back does not. Raises JournalError.
    """
    found: dict[str, str] = {}
    for plan in ledger.following(kind, name):
        if plan.source is not None and plan.source.relation == relation:
            found.update(_standing_of(ledger, plan, frozenset()))
    return found


def _standing_of(ledger: Ledger, plan: PlanSummary, above: frozenset[str]) -> dict[str, str]:
    """Ids that a plan and its retries did, or may have, and no undo took back for certain; each with the plan."""
    if plan.plan_id in above:
        return {}
    entry, above = ledger.in_full(plan), above | {plan.plan_id}
    # What was done in some mailboxes only is not done.
    done = (*ALL_DONE, *OPEN, *((Outcome.NOT_SENT,) if entry.state.unfinished else ()))
    found = {name: plan.name for target in entry.state.with_outcome(*done) for name in target.names}
    for follower in ledger.following(Source.PLAN, plan.plan_id):
        stands = _standing_of(ledger, follower, above)
        if follower.source is not None and follower.source.is_retry:
            found.update(stands)
        elif follower.source is not None and follower.source.relation == Source.UNDO:
            not_sure = ledger.in_full(follower).state.with_outcome(*OPEN, Outcome.NOT_SENT)
            open_ids = {name for target in not_sure for name in target.names}
            found = {name: by for name, by in found.items() if name not in stands or name in open_ids}
    return found
