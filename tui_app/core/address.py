"""Mail addresses and domains in one form, so that no rule about them depends on how somebody wrote one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LONGEST_DOMAIN: Final = 255
"""Characters; what is longer is no domain, and would take long to be made ASCII."""
_DOMAIN: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_IN_BRACKETS: Final = re.compile(r"[^<>]*<([^<>]*)>\s*")


def canonical_domain(text: str) -> str:
    """A domain in lower case, without dots and blanks around it, in ASCII (IDNA). Raises ValueError when it is not one."""
    if len(text) > _LONGEST_DOMAIN:
        raise ValueError(text[:_LONGEST_DOMAIN])
    name = text.strip().strip(".").casefold()
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(text) from None
    if not _DOMAIN.fullmatch(ascii_name):
        raise ValueError(text)
    return ascii_name


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


_NO_DOMAIN: Final = re.compile(r"[\s<>@\",;:()\[\]\\]")


def domain_in(text: str) -> str:
    """The domain of an address or of `Name <address>`, as written; empty when none can be read. Not safe to show."""
    inside = text.strip()
    if inside.endswith(">"):
        inside = inside[inside.rfind("<") + 1 : -1]
    domain = inside.rpartition("@")[2].strip().strip(".") if "@" in inside else ""
    return "" if len(domain) > _LONGEST_DOMAIN or _NO_DOMAIN.search(domain) else domain


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
        """Whether it is about an address in its one form, as `canonical_address` gives it."""
        if "@" in self.text:
            return address == self.text
        domain = address.rpartition("@")[2]
        if self.text.startswith("*."):
            return domain.endswith(self.text[1:])
        return domain == self.text or domain.endswith(f".{self.text}")
