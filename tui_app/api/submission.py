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
from tui_app.core.id_form import IdKind, is_investigate_id, kind_of
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def read_submission(
    envelope: Envelope, asked: Sequence[SubmittedMail], drift: Drift | None
) -> tuple[SubmissionItem, ...]:
    """One item for each message, in the order in which they were sent.

    Their places say which item is about which message, unless they name the messages in another order, each of them once.
    Raises DecodeError when there are fewer or more, and when items name messages in any other way.
    """
    result = envelope.result
    items = read_many(
        lambda data: SubmissionItem.from_wire(data, drift), result.get("results") if isinstance(result, dict) else None
    )
    if len(items) != len(asked):
        raise DecodeError(f"the answer tells of {len(items):,} messages, not of {len(asked):,}")
    places = _places(asked)
    dated = all(is_investigate_id(mail.id) for mail in asked)
    named = [_named(item, places, dated=dated) for item in items]
    if all(found is None or place in found for place, found in enumerate(named)):
        return items
    order = {
        min(found): item for found, item in zip(named, items, strict=True) if found is not None and len(found) == 1
    }
    if len(order) != len(asked):
        raise DecodeError("the answer tells of the messages in another order")
    return tuple(order[place] for place in range(len(asked)))


def _plain(name: str) -> str:
    return name.strip().strip("<>").casefold()


def _places(asked: Sequence[SubmittedMail]) -> Mapping[str, frozenset[int]]:
    """At which places the messages are that go by a name; by some names several do."""
    places: dict[str, set[int]] = {}
    for place, mail in enumerate(asked):
        names = [mail.id, mail.alert_id, mail.postfix_id, mail.message_id]
        if is_investigate_id(mail.id):
            # An investigate id is the alert id and a number, which is the postfix id and a time.
            names += [mail.id.rpartition("-")[0], mail.id.partition("-")[0]]
        for name in filter(None, map(_plain, names)):
            places.setdefault(name, set()).add(place)
    return {name: frozenset(found) for name, found in places.items()}


def _named(item: SubmissionItem, places: Mapping[str, frozenset[int]], *, dated: bool) -> frozenset[int] | None:
    """The places of the messages that an item may be about by what it names; None when it names none.

    `dated` = the ids of all messages are known: another one of such a form is that of another message. Raises DecodeError.
    """
    values = [value for name, value in item.wire.items() if name != "error"]
    values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
    named: frozenset[int] | None = None
    for value in values:
        if not isinstance(value, str):
            continue
        found = places.get(_plain(value))
        if found is None:
            if dated and kind_of(value.strip()) in (IdKind.INVESTIGATE, IdKind.ALERT):
                raise DecodeError("the answer tells of a message that was not asked for")
            continue
        named = found if named is None else named & found
    if named is not None and not named:
        raise DecodeError("the answer names two messages at once")
    return named
