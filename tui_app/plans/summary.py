"""What chosen messages are, in counts: verdicts and sender domains, so that one bad one among many is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tui_app.core.address import canonical_domain, domain_in, letters_of
from tui_app.core.look_alike import idn_forms, skeleton
from tui_app.core.organisations import LONGEST_DOMAIN
from tui_app.core.sender_text import NO_SENDER, names_somebody, with_domain
from tui_app.core.text import Untrusted, one_blank, sanitize
from tui_app.core.verdict import NO_VERDICT

if TYPE_CHECKING:
    from tui_app.plans.plan import Target

NO_DOMAIN = "no readable domain"
_LONGEST_LOCAL: Final = 64
"""Characters of what is before a domain, or of what can't be read."""


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

    One with letters of other scripts has its form on the wire behind it, however it was written: many look like the usual ones.
    """
    domain = domain_in(target.sender.exact)
    return _told(domain) if domain else NO_DOMAIN


@lru_cache(maxsize=10_000)
def _told(domain: str) -> str:
    # As it is written: `exampIe` is not `example`, and in small letters nobody would see what it imitates.
    wire = canonical_domain(domain)
    shown = letters_of(wire) if domain.isascii() else domain
    return domain if shown == wire else f"{sanitize(shown, LONGEST_DOMAIN)} ({wire})"


def domain_of(target: Target) -> str:
    """The sender's domain in the one form by which mail is counted; empty where the guard finds none. Not for a screen."""
    domain = domain_in(target.sender.exact)
    return _one_form(domain) if domain else ""


_one_form: Final = lru_cache(maxsize=10_000)(canonical_domain)


def sender_told(target: Target) -> str:
    """Who sent it, as safe text beside a subject: whatever is cut, the domain is whole.

    A word where it names nobody; empty where it could not be looked at.
    """
    written = target.sender.exact
    if not names_somebody(written):
        return NO_SENDER if target.checked else ""
    domain = sender_domain(target)
    if domain == NO_DOMAIN:
        return one_blank(sanitize(written, _LONGEST_LOCAL))
    return one_blank(with_domain(written, domain, _LONGEST_LOCAL))


def _alike_key(domain: str) -> str:
    """A rough form that domains share which look like each other: for sorting, never for a decision.

    Only the first label counts, without hyphens and underscores, and i is l: `acme.example.evil.test` and `acrne.example` have the key
    of `acme.example`.
    """
    shown, _ = idn_forms(domain.lower()) or (domain.lower(), domain)
    return skeleton(shown).split(".")[0].replace("-", "").replace("_", "").replace("i", "l")


def _counted_domains(targets: Iterable[Target]) -> list[tuple[str, str, int]]:
    """Sender domains in their one form, as they are told, with their counts; in the order of `sender_domain_counts`."""
    spellings: dict[str, Counter[str]] = {}
    for target in targets:
        spellings.setdefault(domain_of(target), Counter())[sender_domain(target)] += 1
    # One domain is told once, as most of its mail writes it; where as much is written otherwise, with capitals.
    counted = [
        (domain, min(found, key=lambda told: (-found[told], told)), found.total())
        for domain, found in spellings.items()
    ]
    alike: dict[str, list[int]] = {}
    for _, told, count in counted:
        alike.setdefault(_alike_key(told), []).append(count)

    def place(entry: tuple[str, str, int]) -> tuple[bool, bool, int, str, str]:
        domain, told, _ = entry
        key = _alike_key(told)
        return bool(domain), len(alike[key]) == 1, min(alike[key]), key, told

    return sorted(counted, key=place)


def sender_domain_counts(targets: Iterable[Target]) -> list[tuple[str, int]]:
    """Sender domains with their counts; none at all first, then those that look alike beside each other, then the rarest."""
    return [(told, count) for _, told, count in _counted_domains(targets)]


def rarest_first(targets: Iterable[Target]) -> list[Target]:
    """Messages with the rarest verdict first; within one those whose sender domains look alike stand together, rare ones first."""
    listed = list(targets)
    verdicts = dict(verdict_counts(listed))
    place = {domain: at for at, (domain, _, _) in enumerate(_counted_domains(listed))}
    return sorted(listed, key=lambda each: (verdicts[verdict_of(each)], verdict_of(each), place[domain_of(each)]))
