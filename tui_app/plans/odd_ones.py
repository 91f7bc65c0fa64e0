"""Which messages of a plan are not like the others: one that imitates a sender must not go out among a thousand of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.plans.guard import ODD

if TYPE_CHECKING:
    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.seen_domains import SeenDomains
    from tui_app.core.signs import Sign
    from tui_app.plans.guard import Guarded
    from tui_app.plans.plan import Target
    from tui_app.plans.request import PlanRequest

_LIKENESS: Final = ("like", "holds")
"""How the words about a domain that imitates another one begin."""


def known_domains(targets: Iterable[Target], seen: SeenDomains | None = None) -> KnownDomains:
    """The domains that these messages make known: those of their mailboxes, and their senders' with counts; and what was `seen` before."""
    from tui_app.core.address import domain_in
    from tui_app.core.look_alike import KnownDomains

    own, senders = set[str](), Counter[str]()
    for target in targets:
        senders[domain_in(target.sender.exact)] += 1
        if target.recipients_known:
            own.update(domain_in(recipient.exact) for recipient in target.recipients)
    own.discard("")
    counts = {name: count for name, count in senders.items() if name}
    return KnownDomains.of(own, counts) if seen is None else seen.known(own, counts)


def target_signs(target: Target, known: KnownDomains) -> tuple[Sign, ...]:
    """The signs of its sender's domain, the worst first: nothing else is known of its sender."""
    from tui_app.core.signs import signs_of

    return signs_of(sender=target.sender.exact, from_name="", envelope_from="", reply_to="", known=known)


def find_odd(targets: Iterable[Target], seen: SeenDomains | None = None) -> Mapping[str, str]:
    """Ids of messages that differ from the others of their kind, and what is different, as safe text."""
    from tui_app.core.address import domain_in
    from tui_app.core.outliers import UNREADABLE_SENDER, FamilyTally, common_of, with_common_pattern

    known = [target for target in targets if target.features is not None]
    common = common_of(target.features for target in known if target.features is not None)
    tally = FamilyTally()
    for target in known:
        assert target.features is not None
        tally.add(with_common_pattern(target.features, common))
    domains = known_domains(known, seen)
    found: dict[str, str] = {}
    for target in known:
        assert target.features is not None
        like = domains.likeness(domain_in(target.sender.exact))
        differences = [like.describe()] if like is not None else []
        differences += [UNREADABLE_SENDER] if target.features.unreadable_sender else []
        differences += [difference.describe() for difference in tally.odd(with_common_pattern(target.features, common))]
        if differences:
            found[target.id] = "; ".join(differences)
    return found


@dataclass(frozen=True, slots=True)
class OddOne:
    """A message of a review that is not like the others, and what happens to it."""

    target: Target
    different: str
    """What is different; safe text."""
    held: bool
    """Whether it is not sent."""
    why: str
    """Why it is held back, or goes out all the same, in a few words."""


HELD_AS_ODD: Final = f"{ODD} lets it through"
_BY_HAND: Final = "chosen by hand"
_TYPED: Final = f"{ODD} was given"
_OFF: Final = "guard.hold_odd is off"


def odd_ones(guarded: Guarded, request: PlanRequest) -> list[OddOne]:
    """The messages of a review that are not like the others, the worst first: those that are sent, too."""
    by_word = {kept.target.id for kept in guarded.by_name if kept.include == ODD}
    found = [
        OddOne(kept.target, guarded.odd[kept.target.id], True, HELD_AS_ODD if kept.include == ODD else kept.why)
        for kept in guarded.held_back
        if kept.target.id in guarded.odd
    ]
    for target in guarded.allowed:
        if target.id in guarded.odd:
            why = _OFF if target.id not in by_word else _BY_HAND if target.id in request.by_hand else _TYPED
            found.append(OddOne(target, guarded.odd[target.id], False, why))
    return sorted(found, key=lambda one: severity(one.different))


def severity(different: str) -> tuple[int, int]:
    """How bad it is what a message has, the worst first: a domain that imitates, a worse verdict, then what is less."""
    from tui_app.core.outliers import UNREADABLE_SENDER, DifferenceKind

    if different.startswith((*_LIKENESS, UNREADABLE_SENDER)):
        place = 0
    else:
        kinds = [number for number, kind in enumerate(DifferenceKind, 1) if different.startswith(f"{kind} ")]
        place = kinds[0] if kinds else len(DifferenceKind) + 1
    return place, -different.count("; ")


def odd_sums(ones: Iterable[OddOne], *, lets_through: str) -> list[tuple[str, bool]]:
    """How many are held back and how many go out, and why; whether each sum goes out. `lets_through` = by what the held ones do."""
    counted = Counter((one.held, one.why) for one in ones)
    sums: list[tuple[str, bool]] = []
    others = sum(count for (held, why), count in counted.items() if held and why != HELD_AS_ODD)
    if count := counted[True, HELD_AS_ODD]:
        sums.append((f"{count:,} odd held back, {lets_through} lets {'it' if count == 1 else 'them'} through", False))
    if others:
        sums.append((f"{others:,} odd held back, {lets_through} alone is not enough", False))
    sums += [
        (f"{count:,} odd {'goes' if count == 1 else 'go'} out: {why}", True)
        for (held, why), count in counted.items()
        if not held
    ]
    return sums
