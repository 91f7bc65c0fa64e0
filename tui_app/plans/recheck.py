"""A look at messages right before they are sent: what changed since somebody decided is left out, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.core.text import Untrusted, sanitize
from tui_app.core.verdict import NO_VERDICT, canonical_verdict
from tui_app.plans.guard import Policy, guard_targets
from tui_app.plans.lookup import SINGLE_LOOK_UPS, UNCHANGING, look_up, plain_senders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.core.clock import Clock
    from tui_app.plans.plan import Plan, Target

LOOK_AGAIN_AFTER: Final = 30.0
"""Seconds for which a look at a message counts."""
NOT_LOOKED_UP: Final = "Too many messages are found by no search, and can't be looked at again."
LOOK_AHEAD: Final = SINGLE_LOOK_UPS
"""Messages that one look before a batch is about: the ones behind it will be sent before the look is old."""


@dataclass
class LastLooks:
    """When each message was last looked at, by both clocks: after a sleep of the machine one of them is too young."""

    clock: Clock
    _at: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def now(self) -> tuple[float, datetime]:
        """This moment by both clocks: a look counts from when it began, however slow the answers are."""
        return self.clock.monotonic(), self.clock.now()

    def looked(self, ids: Iterable[str], began: tuple[float, datetime]) -> None:
        """These were looked at by a look that began then."""
        self._at.update(dict.fromkeys(ids, began))

    def is_old(self, identity: str) -> bool:
        """Whether a message has to be looked at again before it is sent."""
        at = self._at.get(identity)
        if at is None:
            return True
        passed = (self.clock.monotonic() - at[0], (self.clock.now() - at[1]).total_seconds())
        return max(passed) > LOOK_AGAIN_AFTER or min(passed) < 0


@dataclass(frozen=True, slots=True)
class Look:
    """What messages of a plan are by now: those that may be sent as they were found, and why others may not, by id."""

    fit: tuple[Target, ...]
    why_not: Mapping[str, str]
    not_looked_up: frozenset[str] = frozenset()
    """Those that were not asked for: too many are found by no search."""


async def look_again(
    client: EmailSecurityClient,
    policy: Policy,
    unfit: Callable[[Target], str],
    plan: Plan,
    targets: Sequence[Target],
    now: datetime,
) -> Look:
    """Look at these targets as the account knows them by now; `unfit` says why the plan's action can't be done to one.

    Not to be sent is what the guard holds back, and what has another verdict than when the plan was made. Raises
    ApiError, and GuardError when the rest is more than the policy's maximum.
    """
    if not targets:
        return Look((), {})
    found = await look_up(
        client,
        [target.id for target in targets],
        now,
        delivered=plan.effect.is_move,
        senders=senders_of(targets),
    )
    return judge_look(policy, unfit, plan, targets, found)


def senders_of(targets: Iterable[Target]) -> frozenset[str]:
    """The addresses of those who sent these, where they are plain ones."""
    return plain_senders(target.sender.exact for target in targets)


def judge_look(
    policy: Policy, unfit: Callable[[Target], str], plan: Plan, targets: Sequence[Target], found: Sequence[Target]
) -> Look:
    """What a look found of these targets, in the same order, compared with what was reviewed. Raises GuardError."""
    guarded = guard_targets(found, policy, unfit=unfit, include=lambda known: plan.words_for(known.id))
    held_back = {kept.target.id: kept.why for kept in (*guarded.held_back, *guarded.unfit)}
    why: dict[str, str] = {}
    fit: list[Target] = []
    not_looked_up = frozenset(
        target.id for target, known in zip(targets, found, strict=True) if not known.looked_up and not known.checked
    )
    for target, known in zip(targets, found, strict=True):
        if target.id in not_looked_up:
            continue
        if known.id in held_back:
            why[target.id] = held_back[known.id]
        elif differs := difference(target, known):
            why[target.id] = differs
        else:
            # By the id that the plan knows it by.
            fit.append(replace(known, investigate_id=target.investigate_id, postfix_id=target.postfix_id))
    return Look(tuple(fit), why, not_looked_up)


def difference(shown: Target, known: Target) -> str:
    """What makes a message another one than somebody saw and decided about; empty where nothing does."""
    if _is_another(shown, known):
        return "its sender, subject or recipients are different"
    if changed := _changed(shown, known):
        return f"the server tells it differently now: {', '.join(changed)}"
    if _verdict(shown) and _verdict(known) != _verdict(shown):
        return f"its verdict is {_verdict(known) or NO_VERDICT}, it was {_verdict(shown)}"
    return ""


def _is_another(target: Target, known: Target) -> bool:
    """Whether a message is not the one that was shown; of one out of a journal only what that keeps is compared."""
    if not target.checked or not known.checked:
        return False
    written = (
        (target.sender, known.sender),
        (target.subject, known.subject),
    )
    shown = target.features is not None
    other = any((shown or reviewed) and reviewed.exact != now.exact for reviewed, now in written)
    return other or bool((shown or target.recipients) and set(target.recipients) != set(known.recipients))


def _changed(target: Target, known: Target) -> list[str]:
    """What never changes of a mail, and is told in another way than when it was reviewed: then nobody knows what it is."""
    if target.features is None or known.features is None:
        return []
    return [
        name.replace("_", "-")
        for name in UNCHANGING
        if (getattr(target.features, name) and getattr(target.features, name) != getattr(known.features, name))
        or (name == "reply_to" and known.features.reply_to and not target.features.reply_to)
    ]


def _verdict(target: Target) -> str:
    """The verdict in its one form; empty where none is known."""
    written = target.disposition.exact if isinstance(target.disposition, Untrusted) else target.disposition
    return sanitize(canonical_verdict(written or ""), 40) if target.checked else ""
