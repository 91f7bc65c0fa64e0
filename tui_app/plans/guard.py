"""The rules that take messages out of a plan before anybody is asked to confirm it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.core.errors import GuardError
from tui_app.core.text import plural

if TYPE_CHECKING:
    from tui_app.config.schema import GuardSettings
    from tui_app.plans.plan import Target


@dataclass(frozen=True, slots=True)
class Policy:
    """What the guard goes by: verdicts to hold back unless included by name, the largest plan, mailboxes to leave alone."""

    hold_dispositions: frozenset[str]
    max_messages: int
    hold_recipient_domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: GuardSettings) -> Policy:
        """The policy that the configuration asks for."""
        return cls(frozenset(rules.hold_dispositions), rules.max_messages, frozenset(rules.hold_recipient_domains))

    def holds_recipient(self, address: str) -> bool:
        """Whether a recipient's domain is one to leave alone."""
        return address.rpartition("@")[2].casefold() in {domain.casefold() for domain in self.hold_recipient_domains}


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A message that will not be sent, and why, in a few words."""

    target: Target
    why: str
    include: str = ""
    """The word that lets it through all the same; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What may be sent and what was taken out."""

    allowed: tuple[Target, ...]
    """What was included by name comes last: the first ones, which are looked at before the rest, are not those."""
    held_back: tuple[HeldBack, ...]
    by_name: tuple[HeldBack, ...] = ()
    """What is allowed only because it was included by name."""

    def reasons(self) -> dict[str, int]:
        """How many were taken out for which reason."""
        return dict(Counter(item.why for item in self.held_back))

    def without(self, gone: Iterable[Target]) -> Guarded:
        """The same without these among what may be sent."""
        left_out = {target.id for target in gone}
        allowed = tuple(target for target in self.allowed if target.id not in left_out)
        by_name = tuple(kept for kept in self.by_name if kept.target.id not in left_out)
        return Guarded(allowed, self.held_back, by_name)

    def included_counts(self) -> dict[str, int]:
        """How many each word did let through."""
        return dict(Counter(item.include for item in self.by_name))

    def includable_counts(self) -> dict[str, int]:
        """How many each word would let through."""
        return dict(Counter(item.include for item in self.held_back if item.include))


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """An id that a journal holds back: another plan may have sent it, and nobody knows what became of it."""

    plan_id: str
    why: str
    include: str = ""
    """The word that lets it through all the same; empty where nothing does."""


UNSEEN: Final = "UNSEEN"
"""The word that lets through what a closed plan has sent and of which nobody knows what became: it may go out twice."""
UNCHECKED: Final = "UNCHECKED"
"""The word that lets through what nothing is known about."""


def guard_targets(
    targets: Iterable[Target],
    policy: Policy,
    *,
    unfit: Callable[[Target], str],
    include: Iterable[str] = (),
    open_ids: Mapping[str, OpenElsewhere] | None = None,
) -> Guarded:
    """Apply the policy to an action; `include` names, in any case, what is sent all the same: verdicts, domains, UNCHECKED.

    `unfit` says why the action can't be done to a message, or nothing.

    `open_ids` are ids that other journals hold back. Raises GuardError when more is left than the policy's maximum.
    """
    included = frozenset(word.upper() for word in include)
    allowed: list[Target] = []
    held_back: list[HeldBack] = []
    by_name: list[HeldBack] = []
    for target in targets:
        reasons = _reasons(target, policy, unfit(target), open_ids or {})
        standing = [kept for kept in reasons if kept.include.upper() not in included or not kept.include]
        if standing:
            held_back.append(standing[0])
        elif reasons:
            by_name += reasons
        else:
            allowed.append(target)
    allowed += dict.fromkeys(kept.target for kept in by_name)
    if len(allowed) > policy.max_messages:
        raise GuardError(
            f"{plural(len(allowed), 'message')}: the policy allows {policy.max_messages:,} at once ("
            "guard.max_messages in the configuration). Nothing was sent."
        )
    return Guarded(tuple(allowed), tuple(held_back), tuple(by_name))


def _reasons(target: Target, policy: Policy, unfit: str, open_ids: Mapping[str, OpenElsewhere]) -> list[HeldBack]:
    """All that speaks against a message, what no word lets through first: one word never answers for another."""
    reasons: list[HeldBack] = []
    if unfit:
        reasons.append(HeldBack(target, unfit))
    if (held := open_ids.get(target.id)) is not None:
        reasons.append(HeldBack(target, held.why, held.include))
    if not target.checked:
        why = "not found (unchecked)" if target.looked_up else "not looked up: too many ids (unchecked)"
        reasons.append(HeldBack(target, why, UNCHECKED))
    verdict = str(target.disposition) if target.disposition is not None else ""
    if verdict in policy.hold_dispositions:
        reasons.append(HeldBack(target, verdict, verdict))
    held_domains = dict.fromkeys(
        str(recipient).rpartition("@")[2].casefold()
        for recipient in target.recipients
        if policy.holds_recipient(recipient.exact)
    )
    reasons += [HeldBack(target, f"recipient at {domain}", domain) for domain in held_domains]
    return sorted(reasons, key=lambda kept: bool(kept.include))
