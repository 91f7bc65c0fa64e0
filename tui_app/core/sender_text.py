"""A sender as safe text: what is left out of a long one is never its domain, and where there is none a word stands in its place."""

from __future__ import annotations

from typing import Final

from tui_app.core.address import domain_in
from tui_app.core.organisations import LONGEST_DOMAIN
from tui_app.core.text import LIST_LIMIT, one_blank, sanitize

NO_SENDER: Final = "no sender"
_SHORTEST: Final = 8
"""Characters of what is before a domain, however long that is."""
_NOTHING: Final = " <>"


def before_domain(written: str) -> str:
    """What is written before the domain that counts; not safe to show."""
    before, at, _ = written.rpartition(f"@{domain_in(written)}")
    return before if at else written.rpartition("@")[0]


def with_domain(written: str, domain: str, most: int) -> str:
    """A sender as safe text: in about so many characters what is written before its domain, and the domain as it is told.

    The bracket around an address is closed where it is opened: else nobody sees where the address ends.
    """
    local = sanitize(before_domain(written), most)
    _, _, behind = written.rpartition(f"@{domain_in(written)}")
    if behind.lstrip(" .").startswith(">") and local.rfind("<") > local.rfind(">"):
        name, note_begin, note = domain.partition(" (")
        domain = f"{name}>{note_begin}{note}"
    return f"{local}@{domain}"


def sender_text(written: str, most: int = LIST_LIMIT) -> str:
    """A sender as it was written, in about so many characters: of a long one its beginning and its whole domain."""
    if len(written) <= most or not (domain := domain_in(written)):
        return sanitize(written, most)
    return with_domain(written, sanitize(domain, LONGEST_DOMAIN), max(_SHORTEST, most - len(domain)))


def sender_in_sentence(written: str, most: int) -> str:
    """A sender beside a subject, in about so many characters: a word where nobody is named, and no row of blanks.

    Else what a sender writes in the subject, or behind blanks, would be read in the place of the sender.
    """
    return one_blank(sender_text(written, most)) if names_somebody(written) else NO_SENDER


def names_somebody(written: str) -> bool:
    """Whether anything can be seen of a sender."""
    return bool(sanitize(written).strip(_NOTHING))
