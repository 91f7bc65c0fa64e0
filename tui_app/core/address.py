"""Mail addresses and domains in one form, so that no rule about them depends on how somebody wrote one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final

from tui_app.core.text import normal, visible

_LONGEST_DOMAIN: Final = 255
"""Characters; what is longer is no domain, and would take long to be made ASCII."""
_DOMAIN: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_IN_BRACKETS: Final = re.compile(r"[^<>]*<([^<>]*)>\s*")


def canonical_domain(text: str) -> str:
    """A domain in lower case, without dots and blanks around it, in ASCII (IDNA). Raises ValueError when it is not one."""
    if len(text) > _LONGEST_DOMAIN:
        raise ValueError(text[:_LONGEST_DOMAIN])
    name = text.strip().strip(".")
    ascii_name = name.lower() if name.isascii() else _ascii_domain(name)
    if not _DOMAIN.fullmatch(ascii_name):
        raise ValueError(text)
    return ascii_name


def _ascii_domain(name: str) -> str:
    """As mail programs of today write it on the wire (IDNA 2008, UTS 46): `ß` stays a letter of its own."""
    import idna  # with its tables it takes a while to load

    try:
        labels = idna.uts46_remap(name, std3_rules=False).strip(".").split(".")
        return ".".join(label if label.isascii() else idna.encode(label).decode("ascii") for label in labels)
    except (ValueError, IndexError, OverflowError):
        raise ValueError(name) from None


# What older programs (IDNA 2003) write instead of these, or leave out.
_OLDER_LETTERS: Final = str.maketrans({"ß": "ss", "ς": "σ", "\u200c": None, "\u200d": None})


@lru_cache(maxsize=10_000)
def _older_form(domain: str) -> str:
    """A domain in its one form as older programs write it: `großbank.example` is `grossbank.example` to them."""
    if "xn--" not in domain:
        return domain
    import idna

    try:
        # Each label by itself: one that can't be read leaves the others as they are.
        return ".".join(
            canonical_domain(idna.decode(label).translate(_OLDER_LETTERS)) if label.startswith("xn--") else label
            for label in domain.split(".")
        )
    except (ValueError, IndexError, OverflowError):
        return domain


def canonical_address(text: str) -> str | None:
    """`local@domain` of an address or of `Name <address>`, both parts in one form; None when it can't be read."""
    inside = match[1] if (match := _IN_BRACKETS.fullmatch(text)) else text
    local, at, domain = inside.strip().rpartition("@")
    if not at or not local or re.search(r'[\s<>@",;]', local):
        return None
    try:
        return f"{local.casefold()}@{canonical_domain(domain)}"
    except ValueError:
        return None


_BLANK: Final = " \t\r\n"
"""What may stand around an address. Other blanks and controls do not: they are a part of what is written."""
_MOST_ADDRESSES: Final = 20
_LONGEST_LIST: Final = 8192


def domain_in(text: str) -> str:
    """The domain of an address or of `Name <address>`, as written; empty when none can be read. Not safe to show.

    What is not empty is a domain, as `canonical_domain` reads it: every rule about senders asks here, none asks twice.
    A comment after the address is passed over. Of two addresses nobody knows which one counts: there is no domain.
    """
    if text.count("@") > 1 and len(text) > _LONGEST_LIST:
        return ""
    if text.count("@") > 1 and len(pieces := _pieces(text)) > 1:
        written = [piece for piece in pieces if "@" in piece]
        return _domain_of(pieces[-1]) if len(written) == 1 and pieces[-1] is written[0] else ""
    return _domain_of(text)


def unreadable_sender(sender: str) -> bool:
    """Whether a sender is written, but its domain can't be read."""
    return bool(sender.strip(_NOBODY)) and not domain_in(sender)


def domains_in(text: str) -> list[str]:
    """The domains of all addresses of a list, as written, an empty text for each piece that can't be read.

    A list that is too long to be an honest one can't be read at its end.
    """
    found: list[str] = []
    named = False
    for piece in reversed(_pieces(text[:_LONGEST_LIST])):
        if "@" in piece:
            named = without_comment(piece).endswith(">")
            found.append(_domain_of(piece))
        elif not named and piece.strip(_NOBODY):  # else it is of a name, as in `Doe, Jo <jo@acme.example>`
            found.append("")
    found.reverse()
    return found if len(text) <= _LONGEST_LIST and len(found) <= _MOST_ADDRESSES else [*found[:_MOST_ADDRESSES], ""]


_NOBODY: Final = f"{_BLANK}<>"
"""What is left of an empty address."""


def _domain_of(text: str) -> str:
    inside = without_comment(text).strip(_BLANK)
    if inside.endswith(">"):
        inside = without_comment(inside[inside.rfind("<") + 1 : -1])
    local, _, domain = inside.rpartition("@")
    if "@" in local and not (local.startswith('"') and local.endswith('"')):
        return ""
    domain = domain.strip(_BLANK).strip(".") if "@" in inside else ""
    return domain if 0 < len(domain) <= _LONGEST_DOMAIN and _is_domain(domain) else ""


@lru_cache(maxsize=20_000)
def _is_domain(written: str) -> bool:
    """Whether it is a domain, to every program the same one."""
    try:
        name = canonical_domain(written)
    except ValueError:
        return False
    before, _, ending = name.rpartition(".")
    if before and "_" in ending:  # no name ends so, but it hides what it imitates
        return False
    if written.isascii():
        return not any(map(str.isspace, written))
    # `acme.example` with an invisible character, or in wide letters, is acme.example to some programs and nobody's
    # domain to those that check whose mail it is. Nobody writes his own domain so.
    return "xn--" in name and _folded(written) == _folded(name)


def _folded(domain: str) -> str:
    """Its letters in a form that their spellings share, as small and capital ones do; what is invisible stays."""
    return unicodedata.normalize("NFKC", letters_of(normal(domain).casefold())).casefold()


def letters_of(domain: str) -> str:
    """A domain with the letters that `xn--` stands for, in each label that can be read. Sanitize it before a screen."""
    return ".".join(map(_letters_of, domain.split(".")))


def _letters_of(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.decode(label)
    except (ValueError, IndexError, OverflowError):
        return label


def without_comment(text: str) -> str:
    """A text without the comments in brackets at its end; as it is where a bracket is missing."""
    if not text.rstrip(_BLANK).endswith(")"):
        return text
    deep = 0
    for at in range(len(text) - 1, -1, -1):
        sign = text[at]
        if sign == ")":
            deep += 1
        elif sign == "(":
            deep -= 1
        elif not deep and sign not in _BLANK:
            return text[: at + 1]
        if deep < 0:
            return text
    return text


_SPECIAL: Final = re.compile(r"\\.|[\"(),;<>]", re.DOTALL)


def _pieces(text: str) -> list[str]:
    """What stands between the commas and semicolons of a list that are outside of quotes, comments and `<>`."""
    found: list[str] = []
    start = deep = 0
    quoted = bracketed = was_bracketed = False
    for match in _SPECIAL.finditer(text):
        sign = match[0]
        if sign == '"' and not deep:
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "(":
            deep += 1
        elif sign == ")":
            deep = max(0, deep - 1)
        elif deep:
            continue
        elif sign == ">":
            bracketed, was_bracketed = False, True
        elif sign == "<":
            if was_bracketed:  # a second address, without a comma before it
                found.append(text[start : match.start()])
                start = match.start()
            bracketed, was_bracketed = True, False
        elif sign in ",;" and not bracketed:
            found.append(text[start : match.start()])
            start, was_bracketed = match.end(), False
    return [piece for piece in (*found, text[start:]) if piece.strip()]


_LONGEST_NAME: Final = 4096
"""Characters of a display name that are looked at: no screen shows more."""
_LONGEST_BLANK: Final = 1_000_000
_ENDS_ADDRESS: Final = r"\s<>()\[\]{}\"'`,;:|\\/@“”‘’«»„"
_END_OF_ADDRESS: Final = re.compile(rf"[{_ENDS_ADDRESS}]")
_BEFORE_DOMAIN: Final = re.compile(r"\A\W+")
_BEHIND_LOCAL: Final = re.compile(rf"\A[{_ENDS_ADDRESS}]+")
"""Blanks and signs around the @ hide an address from programs, not from people."""
_BEFORE_LOCAL: Final = re.compile(r"\A(?:_*\W)+(?=\w)")
"""Up to the last sign before the first letter; an underscore before it belongs to the signs, one behind it does not."""
_FULL_STOPS: Final = str.maketrans(dict.fromkeys("\u2024\u3002\uff0e\uff61", "."))
_AT: Final = str.maketrans({"\uff20": "@", "\ufe6b": "@"})
_TWICE: Final = re.compile(r"@(?:\W*@)+")
"""An @ written several times, also with signs between: one of them would stand beside nothing."""
_LIKE_FULL_STOPS: Final = str.maketrans(
    dict.fromkeys(
        "\u00b7\u02d9\u0387\u0660\u06d4\u06f0\u0701\u0702\u1427\u16eb\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff65\ua4f8\ua60e\ua78f\U00010101\U00010a50\U0001d16d",
        ".",
    )
)
_AROUND_FULL_STOP: Final = re.compile(rf"[^\w{_ENDS_ADDRESS}]*\.[^\w{_ENDS_ADDRESS}]*")
_JOINERS: Final = re.compile("([\u200c\u200d])")
"""Invisible, but a part of words in some languages."""
_LONGEST_LOCAL: Final = 64
_MOST_TRIED: Final = 300
"""Ends of a domain that are tried in one name."""


def address_in_name(name: str) -> str:
    """The first address that a display name holds, as in `ceo@acme.example via docs`; empty if it holds none.

    Its domain is the longest one that can be read there: what a sender puts behind it hides it from nobody.
    """
    if not _HAS_AT.search(name):
        return ""
    # Blanks and what is invisible take no room on a screen.
    text = _seen(" ".join(name[:_LONGEST_BLANK].split())[: 4 * _LONGEST_NAME])[:_LONGEST_NAME]
    text = text.translate(_AT).translate(_FULL_STOPS)
    tried = 0
    for before, after in pairwise(_TWICE.sub("@", text).split("@")):
        if not (local := _local_at_end(before)):
            continue
        run = _END_OF_ADDRESS.split(_BEFORE_DOMAIN.sub("", after), maxsplit=1)[0][:_LONGEST_DOMAIN]
        # As it is written comes first: what looks like a full stop may be a letter of the domain, or a sign behind it.
        for host in chain.from_iterable(map(_prefixes, dict.fromkeys((run, _with_full_stops(run))))):
            tried += 1
            # Who makes it too long to be read has something to hide: it is told as it is written.
            if tried > _MOST_TRIED or _is_full_domain(host):
                return f"{local}@{host}"
    return ""


_HAS_AT: Final = re.compile("[@\uff20\ufe6b]")


def _seen(text: str) -> str:
    """What people see of a name: without controls and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(piece if _JOINERS.match(piece) else visible(piece) for piece in _JOINERS.split(text))


def _local_at_end(before: str) -> str:
    """What stands before an @, without signs around it."""
    backwards = before.rstrip()[-2 * _LONGEST_LOCAL :][::-1]
    local = _END_OF_ADDRESS.split(_BEHIND_LOCAL.sub("", backwards), maxsplit=1)[0]
    return _BEFORE_LOCAL.sub("", local[:_LONGEST_LOCAL][::-1])


def _with_full_stops(run: str) -> str:
    """A domain as people read it: with a full stop for each sign that looks like one, and no other signs around it."""
    return _AROUND_FULL_STOP.sub(".", run.translate(_LIKE_FULL_STOPS))


def _prefixes(run: str) -> Iterator[str]:
    """What a domain with something behind it may be, the longest first; a letter or a digit of ASCII belongs to what is before it."""
    for end in range(len(run), 3, -1):
        cut = end < len(run)
        if cut and run[end].isascii() and run[end].isalnum():
            continue
        host = run[:end]
        _, dot, ending = host.rpartition(".")
        # Most of them need not be read to see that they are none.
        if dot and len(ending) > 1 and (ending.isalpha() or not ending.isascii() or ending[:4].lower() == "xn--"):
            yield host


def _is_full_domain(host: str) -> bool:
    """Whether it is a domain with an ending, as `acme.example`; `v1.2` and `localhost` are none."""
    try:
        _, dot, ending = canonical_domain(host).rpartition(".")
    except ValueError:
        return False
    return bool(dot) and (ending.isalpha() or ending.startswith("xn--"))


@dataclass(frozen=True, slots=True)
class RecipientRule:
    """Which recipients a rule is about: a domain with its subdomains, `*.domain` its subdomains only, or one address."""

    text: str
    """The rule in its one form; it is also the word that lets messages through."""

    @classmethod
    def parse(cls, text: str) -> RecipientRule:
        """The rule that somebody wrote: `acme.example`, `@acme.example`, `*.acme.example`, an address. Raises ValueError."""
        written = text.strip()
        if written.startswith("*."):
            return cls(f"*.{canonical_domain(written[2:])}")
        if written.startswith("@"):
            return cls(canonical_domain(written[1:]))
        if "@" in written:
            address = canonical_address(written)
            if address is None:
                raise ValueError(text)
            return cls(address)
        return cls(canonical_domain(written))

    def matches(self, address: str) -> bool:
        """Whether it is about an address in its one form, as `canonical_address` gives it.

        Older programs write some domains otherwise, as `grossbank` for `großbank`: a rule is about both.
        """
        local, _, domain = address.rpartition("@")
        domain = _older_form(domain)
        only_local, at, ours = self.text.rpartition("@")
        if at:
            return local == only_local and domain == _older_form(ours)
        if ours.startswith("*."):
            return domain.endswith(f".{_older_form(ours[2:])}")
        ours = _older_form(ours)
        return domain == ours or domain.endswith(f".{ours}")
