"""What chosen messages are, in counts: verdicts and sender domains, so that one bad one among many is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui_app.core.address import canonical_domain, domain_in
from tui_app.core.look_alike import idn_forms, skeleton
from tui_app.core.organisations import LONGEST_DOMAIN
from tui_app.core.text import Untrusted, sanitize
from tui_app.core.verdict import NO_VERDICT

if TYPE_CHECKING:
    from tui_app.plans.plan import Target

NO_DOMAIN = "no readable domain"


def verdict_counts(targets: Iterable[Target]) -> list[tuple[str, int]]:
    """Verdicts with their counts, the rarest first."""
    counted = Counter(verdict_of(target) for target in targets)
    return sorted(counted.items(), key=lambda pair: (pair[1], pair[0]))


def verdict_of(target: Target) -> str:
    """The verdict as the server wrote it, as safe text; a word where there is none."""
    written = target.disposition.exact if isinstance(target.disposition, Untrusted) else target.disposition
    if not target.checked:
        return "unchecked"
    return sanitize(str(written), 60).strip() if written else NO_VERDICT


def sender_domain(target: Target) -> str:
    """The domain of the sender, whole and as safe text; where the guard finds none, a word that says so.

    One with letters of other scripts has its form on the wire behind it: many look like the usual ones.
    """
    # As it is written: `exampIe` is not `example`, and in small letters nobody would see what it imitates.
    domain = domain_in(target.sender.exact)
    if not domain:
        return NO_DOMAIN
    return domain if domain.isascii() else f"{sanitize(domain, LONGEST_DOMAIN)} ({canonical_domain(domain)})"


def sender_local(target: Target) -> str:
    """What is written before the sender's domain; not safe to show."""
    sender = target.sender.exact
    before, at, _ = sender.rpartition(f"@{domain_in(sender)}")
    return before if at else sender.rpartition("@")[0]


def _alike_key(domain: str) -> str:
    """A rough form that domains share which look like each other: for sorting, never for a decision.

    Only the first label counts, without hyphens, and i is l: `acme.example.evil.test` and `acrne.example` have the key
    of `acme.example`.
    """
    shown, _ = idn_forms(domain.lower()) or (domain.lower(), domain)
    return skeleton(shown).split(".")[0].replace("-", "").replace("i", "l")


def sender_domain_counts(targets: Iterable[Target]) -> list[tuple[str, int]]:
    """Sender domains with their counts; none at all first, then those that look alike beside each other, then the rarest."""
    counted = Counter(map(sender_domain, targets))
    alike: dict[str, list[int]] = {}
    for domain, count in counted.items():
        alike.setdefault(_alike_key(domain), []).append(count)

    def place(pair: tuple[str, int]) -> tuple[bool, bool, int, str, str]:
        key = _alike_key(pair[0])
        return pair[0] != NO_DOMAIN, len(alike[key]) == 1, min(alike[key]), key, pair[0]

    return sorted(counted.items(), key=place)


def rarest_first(targets: Iterable[Target]) -> list[Target]:
    """Messages with the rarest verdict first; within one those whose sender domains look alike stand together, rare ones first."""
    listed = list(targets)
    verdicts = dict(verdict_counts(listed))
    domains = [domain for domain, _ in sender_domain_counts(listed)]
    place = {domain: at for at, domain in enumerate(domains)}
    return sorted(listed, key=lambda each: (verdicts[verdict_of(each)], verdict_of(each), place[sender_domain(each)]))
