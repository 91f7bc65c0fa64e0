"""What is on record about a job or a plan: the writes to it, what followed it, and what became of each message by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_app.plans.effect import Source
from tui_app.plans.report import told
from tui_app.plans.state import ALL_DONE, Outcome

if TYPE_CHECKING:
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.ledger_entry import PlanSummary
    from tui_app.plans.state import Result
    from tui_app.plans.write_entry import WriteEntry

UNTRIED: Final = frozenset({Outcome.NOT_SENT, Outcome.LEFT_OUT, Outcome.HELD_BACK})
"""Outcomes of what was to be tried again and was not."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What a retry made of one message."""

    plan: str
    result: Result

    def outcome_for(self, recipient: str) -> Outcome:
        """What became of it for one recipient; the same as for all where the answer named none."""
        wanted = recipient.casefold()
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
    """What its retries made of each message, by all ids of it that are on record."""
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


def _fates(ledger: Ledger, job_id: str) -> dict[str, Fate]:
    found: dict[str, Fate] = {}
    for plan in followers(ledger, Source.JOB, job_id, wanted=lambda source: source.is_retry):
        for result in told(ledger.in_full(plan).state):
            for name in result.target.names:
                before = found.get(name)
                # What was done once stays done, and what was tried stays tried.
                if before is not None and (before.result.outcome in ALL_DONE or result.outcome in UNTRIED):
                    continue
                found[name] = Fate(plan.plan_id, result)
    return found


def trail_of_job(ledger: Ledger, job_id: str) -> JobTrail:
    """All that is on record about a job. Raises JournalError."""
    return JobTrail(
        tuple(ledger.writes_to(job_id)), tuple(followers(ledger, Source.JOB, job_id)), _fates(ledger, job_id)
    )
