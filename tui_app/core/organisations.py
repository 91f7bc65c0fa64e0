"""Who is behind a domain: the domain that somebody registered, or the name somebody has on a shared platform."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from tui_app.core.address import canonical_domain

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LONGEST_DOMAIN: Final = 255


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # its list takes a while to read: not before the first frame

    return PublicSuffixList()


_SHARED_PLATFORMS: Final = (
    "onmicrosoft.com",
    "amazonses.com",
    "zendesk.com",
    "sharepoint.com",
    "salesforce.com",
    "hubspotemail.net",
    "sendgrid.net",
    "mailgun.org",
    "mcsv.net",
    "myshopify.com",
)
"""Anybody gets a name under these and sends mail from it, but the public suffix list does not have them all."""


def _tenant(name: str) -> str:
    """The name somebody has on a shared platform, as `acme.onmicrosoft.com`; empty if it is on none."""
    if not name.endswith(_SHARED_PLATFORMS):
        return ""
    labels = name.split(".")
    return ".".join(labels[-3:]) if ".".join(labels[-2:]) in _SHARED_PLATFORMS else ""


@lru_cache(maxsize=20_000)
def _organisation(domain: str) -> str:
    try:
        name = canonical_domain(domain)
    except ValueError:
        name = domain.strip().strip(".").casefold()
    if tenant := _tenant(name):
        return tenant
    found = _suffixes().privatesuffix(name)
    return found if isinstance(found, str) else name


def organisation(domain: str) -> str:
    """The domain that somebody registered: `acme.example` of `mail.acme.example`; the domain itself when there is none.

    On a platform that many share it is the name that one of them has there: `acme.onmicrosoft.com`. In ASCII, where it is a domain. What is too long for a domain is cut.
    """
    return _organisation(domain[:LONGEST_DOMAIN])
