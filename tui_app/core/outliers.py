"""The odd ones in a family of mail: messages of one sender with one kind of subject, and what one has that the others have not."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tui_app.core.address import canonical_domain, domain_in, domains_in, unreadable_sender
from tui_app.core.organisations import organisation
from tui_app.core.subject import common_patterns, subject_pattern
from tui_app.core.text import sanitize
from tui_app.core.verdict import canonical_verdict

_SMALLEST_FAMILY: Final = 4
_LARGE_FAMILY: Final = 10
_SHARE: Final = 0.9
_SMALL_SHARE: Final = 0.75
_SMALL_EXCEPTIONS: Final = 2
_FEW: Final = 3
_FEW_SHARE: Final = 0.02
_HARMLESS: Final = frozenset({"", "SPAM", "BULK", "UCE", "ENCRYPTED", "EXTERNAL", "UNKNOWN", "NONE", "BENIGN"})
"""Verdicts that are no reason to look twice; any other word is worse than these."""
_RANKS: Final = {"SUSPICIOUS": 2, "SPOOF": 3, "MALICIOUS": 4, "MALICIOUS-BEC": 5}
_UNKNOWN_WORD: Final = 1
UNREADABLE_SENDER: Final = "the sender's address can't be read"
"""What is different in a message whose sender can't be read."""
UNREADABLE: Final = "unreadable"
"""Stands for an envelope's sender, or addresses of a reply-to, that can't be read."""
_LONGEST_VALUE: Final = 120
_LONGEST_KEPT: Final = 1_000
"""Characters of what is remembered of a message: longer values are read anew each time."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is compared of a message. Empty where it is not known; an empty `reply_to` says that there is none."""

    domain: str
    """Of the sender, in its one form."""
    pattern: str
    """Of the subject, by `subject_pattern`."""
    verdict: str = ""
    envelope: str = ""
    """The organisation of the envelope's sender."""
    reply_to: str = ""
    """The organisations that replies go to, without the sender's own; see `foreign_organisations`."""
    network: str = ""
    """Of the server that handed it in, by `network_of`."""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    unreadable_sender: bool = False
    """Whether a sender is written, but can't be read: such a message has no family, and is odd for that alone."""

    @classmethod
    def of(
        cls,
        *,
        sender: str,
        subject: str,
        verdict: str = "",
        envelope_from: str = "",
        reply_to: str = "",
        helo_ip: str = "",
        spf: str = "",
        dkim: str = "",
        dmarc: str = "",
    ) -> Features:
        """Of a message's values as they were written."""
        # Very many messages differ in their subject alone.
        parts = (sender, envelope_from, reply_to, verdict, helo_ip, spf, dkim, dmarc)
        read = _read if sum(map(len, parts)) <= _LONGEST_KEPT else _read.__wrapped__
        domain, canonical, envelope, replies, network, *results = read(*parts)
        return cls(
            domain,
            subject_pattern(subject),
            canonical,
            envelope,
            replies,
            network,
            spf=results[0],
            dkim=results[1],
            dmarc=results[2],
            unreadable_sender=not domain and unreadable_sender(sender),
        )


@lru_cache(maxsize=20_000)
def _read(
    sender: str, envelope_from: str, reply_to: str, verdict: str, helo_ip: str, spf: str, dkim: str, dmarc: str
) -> tuple[str, ...]:
    """All features but the pattern: the domain, then the others in their order."""
    domain = domain_in(sender)
    return (
        _one_form(domain),
        canonical_verdict(verdict),
        organisation(domain_in(envelope_from)) or (UNREADABLE if unreadable_sender(envelope_from) else ""),
        ", ".join(sorted(each or UNREADABLE for each in foreign_organisations(reply_to, organisation(domain)))),
        network_of(helo_ip),
        spf.strip().lower(),
        dkim.strip().lower(),
        dmarc.strip().lower(),
    )


def foreign_organisations(reply_to: str, home: str) -> dict[str, str]:
    """The organisations that replies go to and that are not the sender's, each with its first domain as it was written.

    An empty one stands for addresses that can't be read. This is how every part of the program reads a reply-to.
    """
    found: dict[str, str] = {}
    for domain in domains_in(reply_to):
        other = organisation(domain)
        if not other or other != home:
            found.setdefault(other, domain)
    return found


def common_of(found: Iterable[Features]) -> Mapping[str, Mapping[str, str]]:
    """By sender's domain, the subject patterns that are taken together, and as what: see `common_patterns`."""
    patterns: dict[str, set[str]] = {}
    for features in found:
        patterns.setdefault(features.domain, set()).add(features.pattern)
    return {domain: merged for domain, own in patterns.items() if (merged := common_patterns(own))}


def with_common_pattern(features: Features, common: Mapping[str, Mapping[str, str]]) -> Features:
    """The same features with the pattern that its own is taken together with."""
    merged = common.get(features.domain)
    pattern = merged.get(features.pattern) if merged is not None else None
    return features if pattern is None else replace(features, pattern=pattern)


@lru_cache(maxsize=10_000)
def _one_form(domain: str) -> str:
    try:
        return canonical_domain(domain)
    except ValueError:
        return domain.casefold()


@lru_cache(maxsize=10_000)
def network_of(ip: str) -> str:
    """The network of an IP address, /24 or /48 of version 6; empty if it is none."""
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address), 48), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((int(address), 24), strict=False))


class DifferenceKind(StrEnum):
    """What of a message is not as usual, the worst first."""

    VERDICT = "verdict"
    DMARC = "DMARC"
    DKIM = "DKIM"
    SPF = "SPF"
    REPLY_TO = "reply-to"
    ENVELOPE = "envelope"
    NETWORK = "helo network"


_AUTHENTICATION: Final = frozenset({DifferenceKind.SPF, DifferenceKind.DKIM, DifferenceKind.DMARC})
_PASSED: Final = "pass"
_ODD_WHEN_FEW: Final = frozenset({DifferenceKind.ENVELOPE, DifferenceKind.NETWORK})
"""Honest senders change these: one of them alone is odd for few messages only."""
_COUNT_FOR_ALL: Final = _AUTHENTICATION | {DifferenceKind.REPLY_TO, DifferenceKind.ENVELOPE}
"""What is compared among all mail of an organisation, which sends mail of many kinds."""
_SEVERAL: Final = 2
_LEFT_OUT_WHEN_UNKNOWN: Final = frozenset({DifferenceKind.ENVELOPE, DifferenceKind.NETWORK})


def _values(features: Features) -> tuple[str, ...]:
    """In the order of `DifferenceKind`."""
    return (
        features.verdict,
        features.dmarc.lower(),
        features.dkim.lower(),
        features.spf.lower(),
        features.reply_to,
        features.envelope,
        features.network,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """What one message has, and what is usual in its family; not yet safe text."""

    kind: DifferenceKind
    value: str
    usual: str

    def describe(self) -> str:
        """`SPF fail, the others pass`: short and safe."""
        none = "none" if self.kind is DifferenceKind.REPLY_TO else "unknown"
        value, usual = (sanitize(text, _LONGEST_VALUE) or none for text in (self.value, self.usual))
        return f"{self.kind} {value}, the others {usual}"


@dataclass(slots=True)
class _Family:
    size: int = 0
    messages: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Values of messages, in the order of `DifferenceKind`, with how many messages have just these."""
    traits: tuple[_Trait, ...] | None = None
    """Reckoned when it is first asked for."""


@dataclass(frozen=True, slots=True)
class _Trait:
    """One kind of value in a family: which is usual, if one is, and how many messages have each."""

    kind: DifferenceKind
    usual: str | None
    counts: Counter[str]
    few: int

    def differs(self, value: str) -> bool:
        """Whether a value is not the usual one, and is no better than it."""
        if self.usual is None or value == self.usual:
            return False
        if self.kind is DifferenceKind.VERDICT:
            return _rank(value) > _rank(self.usual)
        return self.usual == _PASSED if self.kind in _AUTHENTICATION else bool(value)

    def is_odd_alone(self, value: str) -> bool:
        """Whether a value that differs is odd in a message that has no other difference."""
        return self.kind not in _ODD_WHEN_FEW or self.counts[value] <= self.few


class FamilyTally:
    """Counts what the messages of each family have, and says what is odd in one of them.

    A family is the messages of one organisation with one subject pattern, whatever their verdict; and once more all of
    an organisation, of which SPF, DKIM, DMARC, reply-to and envelope are compared. It has a usual value when it has four
    messages or more, and nine of ten have this value; below ten messages, when three of four and all but two have it.

    A value that is not the usual one is odd, however many messages have it: who sends two forged messages is not believed
    more than who sends one. Only an envelope or a network that is the one difference of a message has to be rare: three
    messages have it, or one in fifty. A message with two differences or more is odd for all of them.

    - Envelope and network: messages for which it is not known are left out of the reckoning.
    - SPF, DKIM and DMARC: only what did not pass, or has no result, where the others pass is odd. To pass is never odd.
    - Reply-to: one where the others have none is odd. None where the others have one is not.
    - Verdict: only a worse one is odd; harmless ones count as one. A word that this version does not know is worse than a harmless verdict.
    """

    def __init__(self) -> None:
        self._families: dict[tuple[str, str | None], _Family] = {}

    def add(self, features: Features, count: int = 1) -> None:
        """Count a message, or several that have the same features."""
        sender, values = organisation(features.domain), _values(features)
        for key in ((sender, features.pattern), (sender, None)):
            family = self._families.get(key)
            if family is None:
                family = self._families[key] = _Family()
            family.size += count
            family.messages[values] += count
            family.traits = None

    def odd(self, features: Features) -> tuple[Difference, ...]:
        """What a message has and the others of its family have not, the worst first. Ask when all are added: then it is quick."""
        if not features.domain:
            return ()
        sender = organisation(features.domain)
        found: dict[DifferenceKind, Difference] = {}
        alone = False
        for key in ((sender, None), (sender, features.pattern)):
            for difference, is_odd_alone in self._differences(key, features):
                if key[1] is not None or difference.kind in _COUNT_FOR_ALL:
                    found[difference.kind] = difference
                    alone = alone or is_odd_alone
        if not alone and len(found) < _SEVERAL:
            return ()
        return tuple(found[kind] for kind in DifferenceKind if kind in found)

    def _differences(self, key: tuple[str, str | None], features: Features) -> Iterator[tuple[Difference, bool]]:
        """What differs from the usual in a family, and whether it is odd by itself."""
        family = self._families.get(key)
        if family is None or family.size < _SMALLEST_FAMILY:
            return
        if family.traits is None:
            family.traits = tuple(_traits(family.messages))
        for trait, value in zip(family.traits, _values(features), strict=True):
            if trait.differs(value):
                yield Difference(trait.kind, value, trait.usual or ""), trait.is_odd_alone(value)


def _traits(messages: Counter[tuple[str, ...]]) -> Iterator[_Trait]:
    for place, kind in enumerate(DifferenceKind):
        counts: Counter[str] = Counter()
        for values, count in messages.items():
            if values[place] or kind not in _LEFT_OUT_WHEN_UNKNOWN:
                counts[values[place]] += count
        size = counts.total()
        usual = _usual(_harmless_as_one(counts) if kind is DifferenceKind.VERDICT else counts, size)
        if usual == "" and kind is not DifferenceKind.REPLY_TO:
            usual = None
        yield _Trait(kind, usual, counts, max(_FEW, int(size * _FEW_SHARE)))


def _harmless_as_one(counts: Counter[str]) -> Counter[str]:
    """Verdicts with the harmless ones counted together, under the most common of them that says something."""
    harmless = Counter({word: count for word, count in counts.items() if _rank(word) == 0})
    if not harmless:
        return counts
    name = max(harmless, key=lambda word: (bool(word), harmless[word]))
    others = {word: count for word, count in counts.items() if _rank(word)}
    return Counter({**others, name: harmless.total()})


def _usual(counts: Counter[str], size: int) -> str | None:
    """The value that is settled, as nearly all have it; None if there is none."""
    if size < _SMALLEST_FAMILY:
        return None
    ((usual, count),) = counts.most_common(1)
    if size < _LARGE_FAMILY:
        return usual if count >= max(size * _SMALL_SHARE, size - _SMALL_EXCEPTIONS) else None
    return usual if count >= size * _SHARE else None


def _rank(verdict: str) -> int:
    """How bad a verdict is; none at all is no reason to look twice."""
    word = canonical_verdict(verdict)
    return 0 if word in _HARMLESS else _RANKS.get(word, _UNKNOWN_WORD)
