"""Submissions: messages whose verdict was wrong, as they are sent to the service, and what it answers of each.

https://developers.cloudflare.com/api/resources/email_security/subresources/submissions/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.decoding import DecodeError, read_many
from tui_app.api.enums import Disposition
from tui_app.api.wire_model import Identity, Truth, WireModel
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.api.decoding import Envelope
    from tui_app.api.drift import Drift

MOST_SUBMITTED: Final = 100
"""Messages in one request."""


class SubmissionType(StrEnum):
    """What was wrong: a verdict on mail that is none, or no verdict on mail that should have one."""

    RECLASSIFICATION = "reclassification"
    MISSED_DETECTION = "missed_detection"

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_LABELS: Final = {
    SubmissionType.RECLASSIFICATION: "false positive",
    SubmissionType.MISSED_DETECTION: "missed detection",
}

EXPECTED: Final = {
    SubmissionType.RECLASSIFICATION: (Disposition.NONE, Disposition.BULK, Disposition.SPAM),
    SubmissionType.MISSED_DETECTION: (
        Disposition.MALICIOUS,
        Disposition.SPAM,
        Disposition.SPOOF,
        Disposition.SUSPICIOUS,
        Disposition.BULK,
    ),
}
"""The verdicts that can be asked for with each type, the usual one first where there is one."""


@dataclass(frozen=True, slots=True)
class SubmittedMail:
    """One message of a submission. `id` is the one by which a plan knows it; it is not sent."""

    id: str
    alert_id: str = ""
    postfix_id: str = ""
    message_id: str = ""
    recipients: tuple[str, ...] = ()

    def body(self, kind: SubmissionType, expected: Disposition) -> dict[str, Any]:
        """As the API takes it."""
        verdict = {"expected_disposition": expected.value}
        if kind is SubmissionType.RECLASSIFICATION:
            return {"alert_id": self.alert_id, **verdict}
        return {
            "postfix_id": self.postfix_id,
            "message_id": self.message_id,
            "recipient_emails": list(self.recipients),
            **verdict,
        }

    def name(self, kind: SubmissionType) -> str:
        """The id by which the API knows it in a submission of this type."""
        return self.alert_id if kind is SubmissionType.RECLASSIFICATION else self.postfix_id


class SubmissionItem(WireModel):
    """What became of one message of a submission.

    Strict, because it tells the outcome of a write: one that says neither yes nor no is an error.
    """

    id: Identity | None = None
    accepted: Truth
    error: Untrusted | None = None

    @property
    def contradicts_itself(self) -> bool:
        """Whether it says that it was accepted, and why it was not."""
        return self.accepted and self.error is not None and bool(self.error.exact.strip())


def read_submission(envelope: Envelope, asked: Sequence[str], drift: Drift | None) -> tuple[SubmissionItem, ...]:
    """One item for each message, in the order in which they were sent. `asked` = their names there.

    Only their places say which item is about which message: raises DecodeError when there are fewer or more, and when an
    item bears the name of another message.
    """
    result = envelope.result
    items = read_many(
        lambda data: SubmissionItem.from_wire(data, drift), result.get("results") if isinstance(result, dict) else None
    )
    if len(items) != len(asked):
        raise DecodeError(f"the answer tells of {len(items):,} messages, not of {len(asked):,}")
    for place, item in enumerate(items):
        said = item.id.exact if item.id is not None else ""
        if said in asked and asked[place] != said:
            raise DecodeError("the answer tells of the messages in another order")
    return items
