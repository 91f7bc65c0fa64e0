"""The verdicts of the API in one spelling, so that no rule about them depends on how somebody wrote one."""

from __future__ import annotations

from typing import Final

VERDICTS: Final = (
    "MALICIOUS",
    "MALICIOUS-BEC",
    "SUSPICIOUS",
    "SPOOF",
    "SPAM",
    "BULK",
    "ENCRYPTED",
    "EXTERNAL",
    "UNKNOWN",
    "NONE",
)
"""https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/"""

NO_VERDICT: Final = "NO-VERDICT"
"""The word that lets through a message without a verdict."""
UNKNOWN_VERDICT: Final = "UNKNOWN-VERDICT"
"""The word that lets through a verdict that this version does not know."""


def canonical_verdict(text: str) -> str:
    """A verdict in upper case, its parts joined by `-`: `malicious_bec` is `MALICIOUS-BEC`. Empty for blanks."""
    return "-".join(text.upper().replace("_", " ").replace("-", " ").split())
