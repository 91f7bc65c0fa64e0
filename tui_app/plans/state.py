"""What became of a plan so far: a snapshot for screens, reports and exit codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final

from tui_app.core.text import plural

if TYPE_CHECKING:
    from tui_app.core.errors import SluiceError
    from tui_app.core.text import Untrusted
    from tui_app.plans.plan import Plan, Target


class Outcome(StrEnum):
    """What became of one message."""

    DELIVERED = "delivered"
    PARTLY = "partly delivered"
    """Released, but not to every recipient that the answer names."""
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REFUSED = "refused"
    RELEASED = "seen released"
    """No answer said so, but reading back did; of its recipients nothing is known."""
    NOT_SEEN = "not seen released"
    """No answer, and it was still held each time it was read back; it may yet be released."""
    MOVED = "moved"
    ALREADY_THERE = "already there"
    """It lay in the folder before: this plan did nothing to it."""
    PARTLY_MOVED = "partly moved"
    """Moved in some of its mailboxes; in the others it failed."""
    SEEN_MOVED = "seen moved"
    """No answer said so, but reading back did; of its mailboxes nothing is known."""
    NOT_SEEN_MOVED = "not seen moved"
    """No answer, and nothing showed a move each time it was read back; it may yet be moved."""
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"
    LEFT_OUT = "left out"
    """Not sent on purpose: since the plan was made something changed."""
    IN_FLIGHT = "in flight"
    HELD_BACK = "held back"
    """Asked for and taken out by the guard: it never was in the plan."""


UNSEEN: Final = frozenset({Outcome.NOT_SEEN, Outcome.NOT_SEEN_MOVED})
"""Outcomes of what was sent, was not answered, and was not seen done: it is sent again only at a risk that was named."""


OPEN: Final = frozenset({Outcome.UNKNOWN, Outcome.IN_FLIGHT}) | UNSEEN
"""Outcomes that may still change."""


ALL_DONE: Final = frozenset(
    {Outcome.DELIVERED, Outcome.RELEASED, Outcome.MOVED, Outcome.SEEN_MOVED, Outcome.ALREADY_THERE}
)
"""Outcomes of messages to which nothing is left to do."""


SAID_DONE: Final = frozenset(
    {
        Outcome.DELIVERED,
        Outcome.PARTLY,
        Outcome.RELEASED,
        Outcome.MOVED,
        Outcome.PARTLY_MOVED,
        Outcome.SEEN_MOVED,
    }
)
"""Outcomes of messages that this plan should have brought to where they are, at least in part."""


WORST_FIRST: Final = (
    Outcome.UNKNOWN,
    Outcome.NOT_SEEN,
    Outcome.NOT_SEEN_MOVED,
    Outcome.FAILED,
    Outcome.REFUSED,
    Outcome.PARTLY,
    Outcome.PARTLY_MOVED,
    Outcome.UNDELIVERED,
    Outcome.LEFT_OUT,
    Outcome.HELD_BACK,
    Outcome.IN_FLIGHT,
    Outcome.NOT_SENT,
    Outcome.RELEASED,
    Outcome.SEEN_MOVED,
    Outcome.ALREADY_THERE,
    Outcome.DELIVERED,
    Outcome.MOVED,
)
"""The order in which somebody has to look at them."""


def describe_counts(counts: Mapping[Outcome, int]) -> str:
    """Sums in words: `1,194 delivered, 3 failed`."""
    return ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)


class Sighting(StrEnum):
    """How a message was seen that was said to be released, or moved."""

    DELIVERED = "seen delivered"
    PARTLY = "seen delivered, not to all"
    """Of a message that was told as delivered to some of its recipients."""
    RELEASED = "released, not seen delivered"
    MOVED = "seen moved"
    PARTLY_MOVED = "seen moved, not everywhere"
    HELD = "held again"
    NOT_SEEN = "not seen released"
    NOT_SEEN_MOVED = "not seen moved"


WRONG: Final = frozenset({Sighting.HELD, Sighting.NOT_SEEN, Sighting.NOT_SEEN_MOVED})
"""Sightings that contradict what was said."""


BY_A_RELEASE: Final = "quarantine_release"
"""The kind of an allow-list pattern that a release makes, in the API's word."""


@dataclass(frozen=True)
class ArrivalCheck:
    """What a second look showed, by message; what could not be looked at is not in it."""

    at: datetime
    wanted: int
    """How many messages it was about."""
    sightings: Mapping[str, Sighting]
    allowed: frozenset[str] = frozenset()
    """Those that name an allow-list entry that a release made."""

    def sums(self) -> list[str]:
        """Each sum in words: `1,194 seen delivered`."""
        counted = Counter(self.sightings.values())
        sums = [f"{counted[sighting]:,} {sighting}" for sighting in Sighting if counted[sighting]]
        if missed := self.wanted - len(self.sightings):
            sums.append(f"{missed:,} not looked at")
        return sums or ["nothing to look at"]

    def describe(self) -> str:
        """The sums in words: `1,194 seen delivered, 3 held again`."""
        return "; ".join(self.sums())

    def side_effects(self) -> tuple[str, ...]:
        """What the release did to the allow list, in sentences, and what that means; none when it did nothing to it."""
        if not self.allowed:
            return ()
        count = len(self.allowed)
        return (
            f"{plural(count, 'message')} put {'patterns' if count > 1 else 'a pattern'} on the allow list ({BY_A_RELEASE}).",
            f"Future mail of {'these senders' if count > 1 else 'this sender'} may pass the filter.",
        )


class Phase(Enum):
    """Where a run stands."""

    RUNNING = "running"
    WAITING = "waiting"
    """It may not be sent before a time that has not come."""
    PAUSED = "paused"
    CANARY = "first messages sent"
    SETTLING = "settling unknown outcomes"
    CHECKING = "checking what was done"
    STOPPING = "stopping after this batch"
    STOPPED = "stopped"
    HALTED = "halted"
    INTERRUPTED = "unfinished"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one message, with the recipients that the API named for each outcome."""

    target: Target
    outcome: Outcome
    delivered: tuple[Untrusted, ...] = ()
    undelivered: tuple[Untrusted, ...] = ()
    failed: tuple[Untrusted, ...] = ()
    why: str = ""
    moved: tuple[Untrusted, ...] = ()
    already_there: tuple[Untrusted, ...] = ()

    def by_recipient(self) -> tuple[tuple[Outcome, tuple[Untrusted, ...]], ...]:
        """The recipients that the API named for each outcome, in the order of reports; outcomes without one are left out."""
        told = (
            (Outcome.DELIVERED, self.delivered),
            (Outcome.UNDELIVERED, self.undelivered),
            (Outcome.MOVED, self.moved),
            (Outcome.ALREADY_THERE, self.already_there),
            (Outcome.FAILED, self.failed),
        )
        return tuple((outcome, names) for outcome, names in told if names)


@dataclass(frozen=True)
class PlanState:
    """A snapshot of a run: one result per target that something is known of, by id, in the order it became known."""

    plan: Plan
    phase: Phase = Phase.RUNNING
    results_by_id: Mapping[str, Result] = field(default_factory=dict)
    in_flight: tuple[Target, ...] = ()
    """The batch whose answer is waited for."""
    requests: int = 0
    """Requests that were answered, or not, so far."""
    error: SluiceError | None = None
    waiting: float | None = None
    """Seconds that a 429 asked for, while it is sat out."""
    due_in: float | None = None
    """Seconds until it may be sent, while it waits for its time."""
    asked: int = 0
    """How many times the server was asked what became of what is unknown."""
    next_question: float | None = None
    """Seconds until it is asked again."""
    head: str = ""
    """The hash of the journal's first line, by which a report names this plan in the chain."""
    sent_at: Mapping[str, datetime] = field(default_factory=dict)
    """When each message was last about to be sent, by the server's clock where that was known."""
    server_dated: frozenset[str] = frozenset()
    """Those of which it is by the server's clock."""
    remarks: tuple[str, ...] = ()
    """What answers told beside what was asked."""
    closed: bool = False
    """Whether nothing more will ever be sent for this plan."""
    resent: frozenset[str] = frozenset()
    """Ids that were confirmed to be sent again: what was sent before may yet be done, whatever is answered now."""
    resends: tuple[str, ...] = ()
    """Who confirmed that, when, and of how many, in words."""
    arrival: ArrivalCheck | None = None
    """What the last second look at what was released has shown."""

    @property
    def results(self) -> tuple[Result, ...]:
        """What is known, in the order it became known."""
        return tuple(self.results_by_id.values())

    def outcome_counts(self) -> Mapping[Outcome, int]:
        """How many messages there are of each outcome; those without a result were not sent."""
        counted = Counter(result.outcome for result in self.results_by_id.values())
        flying = sum(1 for target in self.in_flight if target.id not in self.results_by_id)
        counted[Outcome.IN_FLIGHT] = flying
        counted[Outcome.NOT_SENT] += len(self.plan.targets) - len(self.results_by_id) - flying
        return counted

    def outcome_of(self, target: Target) -> Outcome:
        """The outcome of one message."""
        known = self.results_by_id.get(target.id)
        if known is not None:
            return known.outcome
        return Outcome.IN_FLIGHT if target in self.in_flight else Outcome.NOT_SENT

    def with_outcome(self, *outcomes: Outcome) -> tuple[Target, ...]:
        """The messages with one of these outcomes, in the plan's order."""
        return tuple(target for target in self.plan.targets if self.outcome_of(target) in outcomes)

    @property
    def unsent(self) -> tuple[Target, ...]:
        """What was never sent, in sending order."""
        return self.with_outcome(Outcome.NOT_SENT)

    @property
    def unknown(self) -> bool:
        """Whether any outcome is open."""
        outcome_counts = self.outcome_counts()
        return any(outcome_counts[outcome] for outcome in OPEN)

    @property
    def ended(self) -> bool:
        """Whether nothing is done any more by itself."""
        return self.phase in (Phase.STOPPED, Phase.HALTED, Phase.DONE, Phase.INTERRUPTED, Phase.WAITING)

    @property
    def finished(self) -> bool:
        """Whether the plan is over: all was sent and no outcome is open."""
        outcome_counts = self.outcome_counts()
        return not outcome_counts[Outcome.NOT_SENT] and not any(outcome_counts[outcome] for outcome in OPEN)

    @property
    def unfinished(self) -> bool:
        """Whether somebody still has to do something about it."""
        return not self.closed and not self.finished

    def abandoned(self) -> PlanState:
        """The same run when nobody waits for it any longer: what is in flight stays unknown."""
        if self.ended:
            return self
        why = "the program ended before the answer"
        lost = {target.id: Result(target, Outcome.UNKNOWN, why=why) for target in self.in_flight}
        return replace(self, phase=Phase.HALTED, results_by_id={**self.results_by_id, **lost}, in_flight=())

    def describe(self) -> str:
        """The sums in words: `1,194 delivered, 3 failed`."""
        return describe_counts(self.outcome_counts())

    @property
    def retryable(self) -> tuple[Target, ...]:
        """What may be tried again in a new plan: failed, refused, failed in some mailboxes, seen held again or not moved; what is
        open is settled first.
        """
        sightings = self.arrival.sightings if self.arrival is not None else {}
        return tuple(
            target
            for target in self.plan.targets
            if self.outcome_of(target) in (Outcome.FAILED, Outcome.REFUSED, Outcome.PARTLY_MOVED)
            or sightings.get(target.id) in (Sighting.HELD, Sighting.NOT_SEEN_MOVED)
        )
