"""A plan in the ledger: who made it, when and why, what became of it; in short, and whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property

from tui_app.config.settings import canonical_account
from tui_app.core.clock import local_time
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize
from tui_app.plans.effect import TO_RELEASE, Effect, Source
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan
from tui_app.plans.record_values import moment_of
from tui_app.plans.state import ALL_DONE, OPEN, Outcome, PlanState, describe_counts


@dataclass(frozen=True, kw_only=True)
class JournalSummary:
    """What the journals of plans and of writes to jobs have in common: who, when, why, and the place in the chain."""

    number: int
    plan_id: str
    """The eight hex digits in the name of its file: the id of the plan, or of the write."""
    account: str
    made_at: str
    origin: Origin
    version: str
    previous: str
    """The hash of the first line of the journal before, empty for the first of all."""
    head: str
    """The hash of its journal's first line."""
    reason: str
    last_at: datetime | None = None
    """When it was last worked on."""
    file: str = ""
    damaged: str = ""
    """What is wrong with the journal; empty when nothing is."""
    doubts: tuple[str, ...] = ()
    """What speaks against its journal, in sentences. A plan is sent on only by somebody who has read them."""
    folder: str = ""
    """Where the journal lay when it was begun; empty in journals that did not keep it."""

    @property
    def at(self) -> datetime | None:
        """When it was made."""
        return moment_of(self.made_at)

    @property
    def expected_file(self) -> str:
        """The name of the file that it was begun in."""
        return f"{self.number:06d}-{self.plan_id}.jsonl"

    def check_account(self, identity: str) -> None:
        """Raise UsageError for what is another account's: nothing that this account answers is about it."""
        if canonical_account(self.account) != identity:
            raise UsageError(f"{self.name} belongs to another account, {sanitize(self.account)}. Nothing was sent.")

    @property
    def name(self) -> str:
        """What it is asked for by: its id, or its file where that has the name of another one."""
        return self.plan_id if self.file in ("", self.expected_file) else sanitize(self.file)


@dataclass(frozen=True, kw_only=True)
class PlanSummary(JournalSummary):
    """A plan in a line of the ledger: who, when, why and how many, without its messages."""

    digest: str
    messages: int
    outcomes: Mapping[Outcome, int]
    """How many messages there are of each outcome; those without a result were not sent."""
    closed: bool
    """Whether nothing more will ever be sent for it."""
    effect: Effect = TO_RELEASE
    source: Source | None = None
    """What it follows from; None for a plan of its own."""

    @property
    def what(self) -> str:
        """What it does: `release`, `move → Junk`."""
        return self.effect.describe()

    @property
    def target(self) -> str:
        """What it is about: itself."""
        return self.name

    @property
    def standing(self) -> str:
        """Where it stands, in a word."""
        if self.damaged:
            return "damaged"
        if self.unfinished:
            return "unfinished"
        if not self.finished:
            return "closed"
        return "finished" if self.done else "none done"

    @property
    def done(self) -> int:
        """How many messages are seen, or said, to be done in full."""
        return self.count_of(*ALL_DONE)

    @property
    def counts(self) -> str:
        """The sums in words."""
        return self.describe()

    def count_of(self, *outcomes: Outcome) -> int:
        """How many messages have one of these outcomes."""
        return sum([self.outcomes.get(outcome, 0) for outcome in outcomes])

    @cached_property
    def open(self) -> bool:
        """Whether any outcome may still change."""
        return self.count_of(*OPEN) > 0

    @property
    def finished(self) -> bool:
        """Whether all was sent and no outcome is open."""
        return not self.count_of(Outcome.NOT_SENT) and not self.open

    @property
    def unfinished(self) -> bool:
        """Whether somebody still has to do something about it."""
        return not self.closed and not self.finished

    def describe(self) -> str:
        """The sums in words: `1,194 delivered, 3 failed`."""
        return describe_counts(self.outcomes)

    def in_short(self) -> PlanSummary:
        """The same without its messages."""
        return PlanSummary(**{each.name: getattr(self, each.name) for each in fields(PlanSummary)})


@dataclass(frozen=True, kw_only=True)
class LedgerEntry(PlanSummary):
    """A plan as its journal tells of it, with what became of each message."""

    state: PlanState
    sent_at: datetime | None = None
    """When it last was about to send something."""
    first_sent_at: datetime | None = None
    """When it first was."""
    answered_at: datetime | None = None
    """When it was last known by an answer, or by reading back, what became of something."""
    unfinished_before: frozenset[str] = frozenset()
    """The files of plans that might still send something when it was made; empty in journals that did not keep it."""

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.state.plan

    @property
    def counts(self) -> str:
        """The sums in words, and before them the time that an unfinished plan has to wait for."""
        due = self.plan.not_before if self.unfinished else None
        return f"not before {local_time(due):%m-%d %H:%M} · {self.describe()}" if due is not None else self.describe()
