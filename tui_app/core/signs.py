"""Signs that a message may not be from whom it seems to be: what a domain looks like, and who else is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tui_app.core.address import domain_in
from tui_app.core.look_alike import (
    LONGEST_DOMAIN,
    KnownDomains,
    address_in_name,
    idn_forms,
    mixed_scripts,
    organisation,
    whole_script_confusable,
)
from tui_app.core.text import sanitize

_MOST_ADDRESSES: Final = 20
"""Of a reply-to: who writes more hides something, and the first are told."""
_LONGEST_REPLY_TO: Final = 8192


class SignKind(StrEnum):
    """What a sign is about, the worst first."""

    LOOK_ALIKE = "look-alike"
    SCRIPTS = "scripts"
    NAME = "name"
    REPLY_TO = "reply-to"
    PUNYCODE = "punycode"
    ENVELOPE = "envelope"

    @property
    def glyph(self) -> str:
        """`≈` for what looks like something else, `≠` for what is somebody else's."""
        return "≈" if self in (SignKind.LOOK_ALIKE, SignKind.SCRIPTS, SignKind.PUNYCODE) else "≠"

    @property
    def word(self) -> str:
        """The kind in at most eight letters, for a narrow column."""
        return "alike" if self is SignKind.LOOK_ALIKE else self.value


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its kind, its word for a narrow column, and what was seen; safe text."""

    kind: SignKind
    word: str
    detail: str


def _sign(kind: SignKind, detail: str) -> Sign:
    return Sign(kind, kind.word, sanitize(detail))


def signs_of(
    *, sender: str, from_name: str, envelope_from: str, reply_to: str, known: KnownDomains
) -> tuple[Sign, ...]:
    """The signs of a message, the worst first. Any text has an answer; what is missing or can't be read gives no sign."""
    domain = domain_in(sender)
    if not domain:
        return ()
    home = organisation(domain)
    found: list[Sign] = []
    if likeness := known.likeness(domain):
        found.append(_sign(SignKind.LOOK_ALIKE, likeness.describe()))
    found.extend(_scripts(domain))
    found.extend(_other_name(from_name, domain, home))
    found.extend(_other_reply_to(reply_to, home, known))
    found.extend(_punycode(domain))
    envelope = organisation(domain_in(envelope_from))
    if envelope and envelope != home:
        found.append(_sign(SignKind.ENVELOPE, f"the envelope is from {_safe(envelope)}, not from {_safe(home)}"))
    return tuple(found)


def _safe(domain: str) -> str:
    return sanitize(domain, LONGEST_DOMAIN)


@lru_cache(maxsize=10_000)
def _scripts(domain: str) -> tuple[Sign, ...]:
    shown, _ = idn_forms(domain) or (domain, domain)
    if mixed := mixed_scripts(shown):
        return (_sign(SignKind.SCRIPTS, f"mixes {' and '.join(mixed)} letters: {_safe(shown)}"),)
    labels = shown.split(".")
    # Under an ending of the same script, as рф, words that look like Latin ones are only words.
    if labels[-1].isascii() and any(map(whole_script_confusable, labels)):
        return (_sign(SignKind.SCRIPTS, f"looks Latin, but is not: {_safe(shown)}"),)
    return ()


@lru_cache(maxsize=10_000)
def _punycode(domain: str) -> tuple[Sign, ...]:
    if (forms := idn_forms(domain)) is None:
        return ()
    shown, wire = forms
    return (_sign(SignKind.PUNYCODE, f"{_safe(shown)} is {_safe(wire)}"),)


def _other_name(from_name: str, domain: str, home: str) -> Iterator[Sign]:
    named = address_in_name(from_name)
    if named and organisation(named.rpartition("@")[2]) != home:
        yield _sign(SignKind.NAME, f"the name says {sanitize(named, LONGEST_DOMAIN)}, the sender is of {_safe(domain)}")


def _other_reply_to(reply_to: str, home: str, known: KnownDomains) -> Iterator[Sign]:
    for address in reply_to[:_LONGEST_REPLY_TO].split(",", _MOST_ADDRESSES)[:_MOST_ADDRESSES]:
        domain = domain_in(address)
        if domain and (other := organisation(domain)) != home:
            likeness = known.likeness(domain)
            like = f" ({likeness.describe()})" if likeness else ""
            yield _sign(SignKind.REPLY_TO, f"replies go to {_safe(other)}, not to {_safe(home)}{like}")
            return
