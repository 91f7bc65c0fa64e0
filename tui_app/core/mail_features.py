"""What is compared of a mail, of its values as a server wrote them."""

from __future__ import annotations

from typing import Any, Final

from tui_app.core.outliers import Features
from tui_app.core.text import Untrusted

COMPARED: Final = (
    "sender",
    "subject",
    "final_disposition",
    "envelope_from",
    "replyto",
    "smtp_helo_server_ip",
    "spf",
    "dkim",
    "dmarc",
)
"""The names of the values, in their order."""


def text_of(value: Any) -> str:
    """A value as text, exactly as it was written; null is empty."""
    return value if type(value) is str else "" if value is None else Untrusted.of(value).exact


def features_of(values: tuple[Any, ...]) -> Features:
    """The features of these values, in the order of `COMPARED`."""
    sender, subject, verdict, envelope, reply_to, helo, spf, dkim, dmarc = map(text_of, values)
    return Features.of(
        sender=sender,
        subject=subject,
        verdict=verdict,
        envelope_from=envelope,
        reply_to=reply_to,
        helo_ip=helo,
        spf=spf,
        dkim=dkim,
        dmarc=dmarc,
    )
