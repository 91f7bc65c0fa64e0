"""The rules that take messages out of a plan before anybody is asked to confirm it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.core.address import RecipientRule, canonical_address
from tui_app.core.errors import GuardError
from tui_app.core.text import Untrusted, plural, sanitize
from tui_app.core.verdict import NO_VERDICT, UNKNOWN_VERDICT, VERDICTS, canonical_verdict

if TYPE_CHECKING:
    from tui_app.config.schema import GuardSettings
    from tui_app.plans.effect import Effect
    from tui_app.plans.plan import Target


@dataclass(frozen=True, slots=True)
class Policy:
    """What the guard goes by: verdicts to hold back unless included by name, the largest plan, mailboxes to leave alone."""

    hold_dispositions: frozenset[str]
    max_messages: int
    hold_recipients: tuple[RecipientRule, ...] = ()
    hold_odd: bool = True
    """Whether mail that is not like the others of its kind is held back."""
    verdicts_count: bool = True
    """Whether mail without a verdict, or with one that nobody knows, is held back."""

    @classmethod
    def of(cls, rules: GuardSettings, effect: Effect) -> Policy:
        """The policy that the configuration asks for, of an effect: verdicts and recipients speak against what brings mail
        into mailboxes.
        """
        if not effect.into_mailbox:
            return cls(frozenset(), rules.max_messages, hold_odd=False, verdicts_count=False)
        return cls.make(
            rules.hold_dispositions, rules.max_messages, rules.hold_recipient_domains, hold_odd=rules.hold_odd
        )

    @classmethod
    def make(
        cls, dispositions: Iterable[str], max_messages: int, recipients: Iterable[str] = (), *, hold_odd: bool = True
    ) -> Policy:
        """A policy; verdicts and recipients in any spelling. Raises ValueError for a recipient rule that is not one."""
        verdicts = frozenset(map(canonical_verdict, dispositions))
        return cls(verdicts, max_messages, tuple(map(RecipientRule.parse, recipients)), hold_odd)


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
    """What the guard holds back."""
    unfit: tuple[HeldBack, ...] = ()
    """What the action can't be done to, whatever anybody types, such as mail that is not held now."""
    by_name: tuple[HeldBack, ...] = ()
    """What is allowed only because it was included by name."""
    odd: Mapping[str, str] = field(default_factory=dict)
    """What is different in messages that are not like the others, by id, whether that holds them back or not; safe text."""

    def reasons(self) -> dict[str, int]:
        """How many the guard holds back for which reason; what is odd is one reason, whatever is different."""
        return dict(Counter(REASON_ODD if item.include == ODD else item.why for item in self.held_back))

    def unfit_reasons(self) -> dict[str, int]:
        """To how many the action can't be done for which reason."""
        return dict(Counter(item.why for item in self.unfit))

    def without(self, gone: Mapping[str, str]) -> Guarded:
        """The same where these ids may not be sent any more, and why."""
        allowed = tuple(target for target in self.allowed if target.id not in gone)
        by_name = tuple(kept for kept in self.by_name if kept.target.id not in gone)
        left = tuple(HeldBack(target, gone[target.id]) for target in self.allowed if target.id in gone)
        return replace(self, allowed=allowed, by_name=by_name, unfit=(*self.unfit, *left))

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


_NAMED: Final = 5
"""Messages that share an id and are told one by one."""
UNSEEN: Final = "UNSEEN"
"""The word that lets through what a closed plan has sent and of which nobody knows what became: it may go out twice."""
UNREADABLE_RECIPIENT: Final = "UNREADABLE-RECIPIENT"
"""The word that lets through recipients that can't be read, where some are to be left alone."""
UNCHECKED: Final = "UNCHECKED"
"""The word that lets through what nothing is known about."""
ODD: Final = "ODD"
"""The word that lets through what is not like the others."""
REASON_ODD: Final = "odd"
"""The reason that all of them have in common."""


def guard_targets(
    targets: Iterable[Target],
    policy: Policy,
    *,
    unfit: Callable[[Target], str],
    include: Callable[[Target], Collection[str]] = lambda _: (),
    open_ids: Mapping[str, OpenElsewhere] | None = None,
    hopeless: Mapping[str, tuple[str, str]] | None = None,
    odd: Mapping[str, str] | None = None,
) -> Guarded:
    """Apply the policy to an action; `include` gives the words, in any case, that let a message through: verdicts, domains, UNCHECKED.

    `unfit` says why the action can't be done to a message, or nothing.

    `open_ids` are ids that other journals hold back; `hopeless` are those of which trying again can't help, with the reason
    and the word that lets one through; `odd` are not like the others, with what is different. Raises GuardError when more is left than the policy's maximum.
    """
    allowed: list[Target] = []
    held_back: list[HeldBack] = []
    by_name: list[HeldBack] = []
    unfit_ones: list[HeldBack] = []
    for target in targets:
        reasons = _reasons(target, policy, open_ids or {}, hopeless or {}, (odd or {}).get(target.id, ""))
        why_not = unfit(target)
        included = {word.upper() for word in include(target)} if reasons else ()
        standing = [kept for kept in reasons if kept.include.upper() not in included or not kept.include]
        if why_not and not any(not kept.include for kept in standing):
            unfit_ones.append(HeldBack(target, why_not))
        elif standing:
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
    return Guarded(tuple(allowed), tuple(held_back), tuple(unfit_ones), tuple(by_name), odd or {})


def _reasons(
    target: Target,
    policy: Policy,
    open_ids: Mapping[str, OpenElsewhere],
    hopeless: Mapping[str, tuple[str, str]],
    odd: str,
) -> list[HeldBack]:
    """All that speaks against a message, what no word lets through first: one word never answers for another."""
    reasons: list[HeldBack] = []
    held = next((open_ids[name] for name in target.names if name in open_ids), None)
    if held is not None:
        reasons.append(HeldBack(target, held.why, held.include))
    if (without_hope := next((hopeless[name] for name in target.names if name in hopeless), None)) is not None:
        reasons.append(HeldBack(target, *without_hope))
    if target.shared_by:
        return [HeldBack(target, _shared(target.shared_by))]
    if not target.checked and target.named:  # it can't be sent by
        why = "no message goes by it: give the investigate id" if target.looked_up else "not looked up: too many ids"
        return [HeldBack(target, why)]
    if not target.checked:
        why = "not found (unchecked)" if target.looked_up else "not looked up: too many ids (unchecked)"
        reasons.append(HeldBack(target, why, UNCHECKED))
        return sorted(reasons, key=lambda kept: bool(kept.include))  # nothing else is known of it
    reasons += _verdict_reasons(target, policy)
    reasons += _recipient_reasons(target, policy)
    if odd and policy.hold_odd:
        reasons.append(HeldBack(target, f"odd: {odd}", ODD))
    return sorted(reasons, key=lambda kept: bool(kept.include))


def _shared(messages: Sequence[Target]) -> str:
    """That an id is that of several messages, and their own ids, to be copied."""
    verdicts = ", ".join(sorted(_written(target) for target in messages))
    named = ", ".join(f"{sanitize(target.id)} ({_written(target)})" for target in messages[:_NAMED])
    more = f", and {len(messages) - _NAMED:,} more" if len(messages) > _NAMED else ""
    return f"names {len(messages)} messages ({verdicts}): give the investigate id: {named}{more}"


def _written(target: Target) -> str:
    return sanitize(str(target.disposition or "no verdict"), 40)


def _verdict_reasons(target: Target, policy: Policy) -> list[HeldBack]:
    """What is not understood is held back, as what the policy names."""
    if not policy.verdicts_count:
        return []
    written = target.disposition.exact if isinstance(target.disposition, Untrusted) else target.disposition
    verdict = canonical_verdict(written or "")
    if not verdict:
        return [HeldBack(target, "no verdict", NO_VERDICT)]
    if verdict not in VERDICTS:
        return [HeldBack(target, f"unknown verdict {sanitize(str(written), 40)}", UNKNOWN_VERDICT)]
    return [HeldBack(target, verdict, verdict)] if verdict in policy.hold_dispositions else []


def _recipient_reasons(target: Target, policy: Policy) -> list[HeldBack]:
    """Where recipients are to be left alone, a recipient that can't be read may be one of them."""
    if not policy.hold_recipients:
        return []
    addresses = [canonical_address(recipient.exact) for recipient in target.recipients]
    reasons = [
        HeldBack(target, f"recipient at {rule.text}", rule.text)
        for rule in policy.hold_recipients
        if any(address is not None and rule.matches(address) for address in addresses)
    ]
    if not addresses or None in addresses or not target.recipients_known:
        reasons.append(HeldBack(target, "recipients can't be read", UNREADABLE_RECIPIENT))
    return reasons
