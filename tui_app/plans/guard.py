"""The rules that take messages out of a plan before anybody is asked to confirm it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.errors import GuardError

if TYPE_CHECKING:
    from tui_app.plans.plan import Target


@dataclass(frozen=True, slots=True)
class Policy:
    """What the guard goes by: verdicts to hold back unless included by name, the largest plan, mailboxes to leave alone."""

    hold_dispositions: frozenset[str]
    max_messages: int
    hold_recipient_domains: frozenset[str] = frozenset()

    def holds_recipient(self, address: str) -> bool:
        """Whether a recipient's domain is one to leave alone."""
        return address.rpartition("@")[2].casefold() in {domain.casefold() for domain in self.hold_recipient_domains}


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A message that will not be sent, and why, in a few words."""

    target: Target
    why: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """What may be sent and what was taken out."""

    allowed: tuple[Target, ...]
    held_back: tuple[HeldBack, ...]

    def reasons(self) -> dict[str, int]:
        """How many were taken out for which reason."""
        return dict(Counter(item.why for item in self.held_back))


def guard_release(
    targets: Iterable[Target], policy: Policy, *, include: Iterable[str] = (), include_unchecked: bool = False
) -> Guarded:
    """Apply the policy to a release; `include` names verdicts that are released all the same.

    Raises GuardError when more is left than the policy's maximum.
    """
    included = frozenset(include)
    allowed: list[Target] = []
    held_back: list[HeldBack] = []
    for target in targets:
        verdict = str(target.disposition) if target.disposition is not None else ""
        if not target.checked:
            if include_unchecked:
                allowed.append(target)
            else:
                held_back.append(HeldBack(target, "not found, unchecked"))
        elif not target.held:
            held_back.append(HeldBack(target, "not held now"))
        elif verdict in policy.hold_dispositions and verdict not in included:
            held_back.append(HeldBack(target, verdict))
        elif any(policy.holds_recipient(recipient.exact) for recipient in target.recipients):
            held_back.append(HeldBack(target, "recipient's domain"))
        else:
            allowed.append(target)
    if len(allowed) > policy.max_messages:
        raise GuardError(
            f"{len(allowed):,} messages are more than the policy allows at once ({policy.max_messages:,}, "
            "guard.max_messages in the configuration). Nothing was sent."
        )
    return Guarded(tuple(allowed), tuple(held_back))
