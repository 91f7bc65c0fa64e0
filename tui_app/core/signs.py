"""Signs that a message may not be from whom it seems to be: what a domain looks like, and who else is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tui_app.core.address import address_in_name, domain_in, unreadable_sender
from tui_app.core.look_alike import (
    KnownDomains,
    idn_forms,
    mixed_scripts,
    whole_script_confusable,
)
from tui_app.core.organisations import LONGEST_DOMAIN, organisation
from tui_app.core.outliers import UNREADABLE_SENDER, foreign_organisations
from tui_app.core.text import sanitize


class SignKind(StrEnum):
    """What a sign is about, the worst first."""

    LOOK_ALIKE = "look-alike"
    SCRIPTS = "scripts"
    SENDER = "sender"
    NAME = "name"
    REPLY_TO = "reply-to"
    PUNYCODE = "punycode"
    ENVELOPE = "envelope"

    @property
    def glyph(self) -> str:
        """`≈` for what looks like something else or hides what it is, `≠` for what is somebody else's."""
        return "≠" if self in (SignKind.NAME, SignKind.REPLY_TO, SignKind.ENVELOPE) else "≈"

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
    """The signs of a message, the worst first. Any text has an answer; what is missing gives no sign."""
    domain = domain_in(sender)
    home = _as_written(organisation(domain), domain)
    found: list[Sign] = []
    if domain:
        if likeness := known.likeness(domain):
            found.append(_sign(SignKind.LOOK_ALIKE, likeness.describe()))
        found.extend(_scripts(domain))
    elif unreadable_sender(sender):
        found.append(_sign(SignKind.SENDER, UNREADABLE_SENDER))
    found.extend(_other_name(from_name, domain, home))
    found.extend(_other_reply_to(reply_to, home, known))
    found.extend(_punycode(domain))
    envelope = _as_written(organisation(domain_in(envelope_from)), domain_in(envelope_from))
    if envelope and envelope.lower() != home.lower():
        found.append(_sign(SignKind.ENVELOPE, f"the envelope is from {_safe(envelope)}, {_not('from', home)}"))
    elif unreadable_sender(envelope_from):
        found.append(_sign(SignKind.ENVELOPE, "the envelope's sender can't be read"))
    return tuple(found)


def _not(word: str, home: str) -> str:
    """`not from acme.example`, or that there is no sender to compare with."""
    return f"not {word} {_safe(home)}" if home else "and no sender can be read"


def _as_written(name: str, domain: str) -> str:
    """An organisation's name in the letters of a domain of it: in small ones nobody would see what `exampIe` imitates."""
    end = domain[len(domain) - len(name) :] if name else ""
    return end if end.lower() == name else name


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
    if named and organisation(named.rpartition("@")[2]) != home.lower():
        sender = f"the sender is of {_safe(domain)}" if domain else _not("", home)
        yield _sign(SignKind.NAME, f"the name says {sanitize(named, LONGEST_DOMAIN)}, {sender}")


def _other_reply_to(reply_to: str, home: str, known: KnownDomains) -> Iterator[Sign]:
    foreign = foreign_organisations(reply_to, home.lower())
    others = [(_as_written(other, domain), known.likeness(domain)) for other, domain in foreign.items() if other]
    if others:
        # One that imitates is told rather than the first.
        other, likeness = next(((name, like) for name, like in others if like), others[0])
        like = f" ({likeness.describe()})" if likeness else ""
        yield _sign(SignKind.REPLY_TO, f"replies go to {_safe(other)}, {_not('to', home)}{like}")
    elif foreign:
        yield _sign(SignKind.REPLY_TO, "replies go to something that can't be read")
