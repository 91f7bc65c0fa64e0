"""Sends a plan batch by batch, one request at a time, and says of every id what became of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from tui_app.api.errors import ApiError, Forbidden, RateLimited, Unauthenticated, Unreadable
from tui_app.api.outcome import Ambiguous, Done, Outcome, Refused, Unsent

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient, ReleaseShape
    from tui_app.api.models import ReleaseItem
    from tui_app.config import Settings
    from tui_app.plans.plan import Plan, Target
    from tui_app.remembered import Remembered
    from tui_app.text import Untrusted


class Fate(StrEnum):
    """What became of one message."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"
    IN_FLIGHT = "in flight"


class Phase(Enum):
    """Where a run stands."""

    RUNNING = "running"
    STOPPING = "stopping after this batch"
    STOPPED = "stopped"
    HALTED = "halted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Result:
    """The fate of one target, with the recipients the API named for each outcome."""

    target: Target
    fate: Fate
    delivered: tuple[Untrusted, ...] = ()
    undelivered: tuple[Untrusted, ...] = ()
    failed: tuple[Untrusted, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class RunState:
    """A snapshot of a run: one result per sent target so far, in order."""

    plan: Plan
    phase: Phase = Phase.RUNNING
    results: tuple[Result, ...] = ()
    batches_done: int = 0
    batches: int = 0
    in_flight: tuple[Target, ...] = ()
    """The batch whose answer is waited for."""
    error: ApiError | None = None
    waiting: float | None = None
    """Seconds that a 429 asked for, while it is sat out."""

    def fates(self) -> Mapping[Fate, int]:
        """How many messages met which fate; those without a result were not sent."""
        counted = Counter(result.fate for result in self.results)
        counted[Fate.IN_FLIGHT] = len(self.in_flight)
        counted[Fate.NOT_SENT] += len(self.plan.targets) - len(self.results) - len(self.in_flight)
        return counted

    @property
    def unknown(self) -> bool:
        """Whether any outcome is unknown."""
        return bool(self.fates()[Fate.UNKNOWN])

    def abandoned(self) -> RunState:
        """The same run when nobody waits for it any longer: what is in flight stays unknown."""
        if self.ended:
            return self
        why = "the program ended before the answer"
        lost = tuple(Result(target, Fate.UNKNOWN, why=why) for target in self.in_flight)
        return replace(self, phase=Phase.HALTED, results=self.results + lost, in_flight=())

    def told(self) -> str:
        """The sums in words: `1,194 delivered, 3 failed`."""
        return ", ".join(f"{count:,} {fate}" for fate, count in self.fates().items() if count)

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent."""
        return self.phase in (Phase.STOPPED, Phase.HALTED, Phase.DONE)


_RELEASE_BODY: Final = "release_body"
_SHAPE_STATUS: Final = frozenset({400, 415, 422})
_ABOUT_THE_SHAPE: Final = re.compile(
    r"\b(expected|must be|should be|is not)( an?)? (array|object|list)\b|\b(request body|json|schema)\b"
)
_WHOLE_BODY: Final = frozenset({"", "/", "#", "/ids", "/body", "ids"})


def rejects_the_shape(error: ApiError) -> bool:
    """Whether a refusal is about the form of the body as a whole, not about one id in it or about something else."""
    if error.status not in _SHAPE_STATUS or isinstance(error, Unauthenticated):
        return False
    pointers = [notice.pointer.exact for notice in error.notices if notice.pointer is not None]
    if pointers:
        return all(pointer in _WHOLE_BODY for pointer in pointers)
    words = " ".join(notice.message.exact for notice in error.notices).casefold()
    return _ABOUT_THE_SHAPE.search(words) is not None


def fate_of(item: ReleaseItem) -> Fate:
    """A message is delivered only if the API names recipients, and all of them as delivered."""
    if item.failed:
        return Fate.FAILED
    if item.undelivered:
        return Fate.UNDELIVERED
    return Fate.DELIVERED if item.delivered else Fate.UNKNOWN


@dataclass
class Engine:
    """Runs one plan at a time. `report` gets a snapshot after every step."""

    client: EmailSecurityClient
    settings: Settings
    remembered: Remembered
    _understood: bool = field(default=False, init=False)
    """Whether a body was accepted since the program started: then a refusal is about something else."""
    _stopping: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Send nothing after the batch in flight."""
        self._stopping = True

    async def run(self, plan: Plan, report: Callable[[RunState], None]) -> RunState:
        """Send every batch once. Ends early when told to, when access is refused, or when an outcome is unknown."""
        self._stopping = False
        batches = plan.batches()
        state = RunState(plan, batches=len(batches))
        report(state)
        for batch in batches:
            if self._stopping:
                state = replace(state, phase=Phase.STOPPED)
                break
            state = replace(state, in_flight=batch)
            report(state)
            try:
                outcome, shape = await self._send(batch)
            except Exception as fault:
                # A fault of ours tells nothing of what is on the wire.
                why = f"The answer could not be used ({type(fault).__name__})."
                outcome, shape = Ambiguous(Unreadable(why, request="POST investigate/release")), "ids"
            results, error, halt = self._judge(batch, outcome, shape)
            state = replace(
                state,
                results=state.results + results,
                batches_done=state.batches_done + 1,
                in_flight=(),
                error=error or state.error,
            )
            if halt:
                state = replace(state, phase=Phase.HALTED)
                break
            report(state if not self._stopping else replace(state, phase=Phase.STOPPING))
        else:
            state = replace(state, phase=Phase.DONE)
        report(state)
        return state

    # ---- the body has generations

    def _shape_for(self, batch: Iterable[Target]) -> ReleaseShape:
        configured = self.settings.release_body
        if configured != "auto":
            return configured
        if not all(target.investigate_id for target in batch):
            return "postfix"
        return "postfix" if self._remembers_postfix and all(target.postfix_id for target in batch) else "ids"

    @property
    def _remembers_postfix(self) -> bool:
        return self.remembered.get(self.settings.identity, _RELEASE_BODY) == "postfix"

    async def _send(self, batch: tuple[Target, ...]) -> tuple[Outcome[tuple[ReleaseItem, ...]], ReleaseShape]:
        """One batch, in the body that is known to work, else the newest.

        Only a definite "this body is not understood" may be followed by the other body, once and for the same batch: it
        says that nothing was done. The body that worked is remembered for the account.
        """
        shape = self._shape_for(batch)
        outcome = await self._post(batch, shape)
        known_both_ways = all(target.investigate_id and target.postfix_id for target in batch)
        if (
            self.settings.release_body == "auto"
            and known_both_ways
            and not self._understood
            and isinstance(outcome, Refused)
            and rejects_the_shape(outcome.error)
            and not self._stopping
        ):
            other: ReleaseShape = "postfix" if shape == "ids" else "ids"
            again = await self._post(batch, other)
            if isinstance(again, Refused) and rejects_the_shape(again.error):
                return outcome, shape  # neither body is understood: the first refusal is the one to show
            outcome, shape = again, other
        if (
            isinstance(outcome, Done)
            and all(target.investigate_id for target in batch)
            and _tells(batch, outcome, shape)
        ):
            self._understood = True
            self.remembered.put(self.settings.identity, _RELEASE_BODY, "postfix" if shape == "postfix" else None)
        return outcome, shape

    async def _post(self, batch: tuple[Target, ...], shape: ReleaseShape) -> Outcome[tuple[ReleaseItem, ...]]:
        ids = [_sent_id(target, shape) for target in batch]
        return await self.client.release_messages(ids, shape, may_wait=lambda: not self._stopping)

    # ---- what an answer means

    @staticmethod
    def _judge(
        batch: tuple[Target, ...], outcome: Outcome[tuple[ReleaseItem, ...]], shape: ReleaseShape
    ) -> tuple[tuple[Result, ...], ApiError | None, bool]:
        """Results for a batch, the error to show, and whether to send no further batch."""
        match outcome:
            case Done(items, _):
                results = _match(batch, items, shape)
                return results, None, any(result.fate is Fate.UNKNOWN for result in results)
            case Refused(error):
                halt = isinstance(error, (Unauthenticated, Forbidden, RateLimited))
                return tuple(Result(target, Fate.REFUSED, why=str(error)) for target in batch), error, halt
            case Unsent(error):
                return tuple(Result(target, Fate.NOT_SENT, why=str(error)) for target in batch), error, True
            case Ambiguous(error):
                return tuple(Result(target, Fate.UNKNOWN, why=str(error)) for target in batch), error, True
        assert_never(outcome)


def _match(batch: tuple[Target, ...], items: tuple[ReleaseItem, ...], shape: ReleaseShape) -> tuple[Result, ...]:
    """Each target with the one item that names it by the identity that was sent; any other target is unknown.

    Only the oldest shape is matched by postfix id. An identity that two items name tells nothing.
    """
    named: dict[str, list[ReleaseItem]] = {}
    for item in items:
        identity = (item.postfix_id or item.id) if shape == "postfix" else item.id
        if identity:
            named.setdefault(identity.exact, []).append(item)
    results = []
    for target in batch:
        answers = named.get(_sent_id(target, shape), [])
        if len(answers) != 1:
            why = "the answer names it more than once" if answers else "the answer does not name it"
            results.append(Result(target, Fate.UNKNOWN, why=why))
            continue
        (answer,) = answers
        fate = fate_of(answer)
        why = "the answer names no recipient" if fate is Fate.UNKNOWN else ""
        results.append(Result(target, fate, answer.delivered, answer.undelivered, answer.failed, why))
    return tuple(results)


def _tells(batch: tuple[Target, ...], outcome: Done[tuple[ReleaseItem, ...]], shape: ReleaseShape) -> bool:
    """Whether an answer says of any id what became of it: only then was the body understood."""
    return any(result.fate is not Fate.UNKNOWN for result in _match(batch, outcome.value, shape))


def _sent_id(target: Target, shape: ReleaseShape) -> str:
    return (target.postfix_id if shape == "postfix" else target.investigate_id) or target.id
