"""What is known about a message besides its envelope: how its sender was checked, what was found, and what is in it."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

CATEGORIES: Final = {
    "CredentialHarvester": (1, "Leads to a form that asks for credentials"),
    "BusinessEmailCompromise": (2, "Poses as a colleague to have money moved"),
    "Suspicious": (3, "Looks like campaigns seen elsewhere"),
    "Spoof": (4, "Claims a sender that it is not from"),
    "Spam": (5, "Unasked advertising"),
    "Bulk": (6, "Sent to many at once"),
    "BrandImpersonation": (7, "Poses as a known company"),
    "InvoiceFraud": (8, "Asks for a payment that is not due"),
}
"""The threat categories by name: the number and the description of each."""
_BY_VERDICT: Final = {
    "MALICIOUS": ("CredentialHarvester",),
    "MALICIOUS-BEC": ("BusinessEmailCompromise",),
    "SUSPICIOUS": ("Suspicious",),
    "SPOOF": ("Spoof",),
    "SPAM": ("Spam",),
    "BULK": ("Bulk",),
}


def categories_of(verdict: str) -> tuple[str, ...]:
    """The threat categories of a message that has none of its own."""
    return _BY_VERDICT.get(verdict, ())


class Validation(NamedTuple):
    """How a sender was checked: pass, neutral, fail, error or none. A tuple: a page of 1,000 looks many up."""

    spf: str = "pass"
    dkim: str = "pass"
    dmarc: str = "pass"
    comment: str | None = None

    @property
    def wire(self) -> dict[str, Any]:
        """The `validation` object."""
        return {"comment": self.comment, "dkim": self.dkim, "dmarc": self.dmarc, "spf": self.spf}


PASSED: Final = Validation()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stood out in a message; the score goes from 0 to 1."""

    name: str
    reason: str
    score: float
    field: str = "body"
    value: str | None = None
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message, as its scan describes it; the size is what was claimed."""

    name: str
    size: int
    content_type: str
    content: bytes = b""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a message has of its own; what is None or empty is made up from the message.

    `raw` is its whole text; else `body` comes below the usual headers, with a `content_type` of its own.
    """

    findings: tuple[Finding, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Address and text of each link."""
    attachments: tuple[Attachment, ...] = ()
    content_type: str = "text/plain; charset=utf-8"
    body: str | None = None
    raw: str | None = None
