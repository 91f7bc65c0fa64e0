"""Submissions: requests for another verdict on messages, checked, answered one by one, and kept."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tui_app.simulator.account import Account
from tui_app.simulator.action_log import ActionRecord
from tui_app.simulator.actions import BY_REQUEST
from tui_app.simulator.mail import Mail, Wire, row_uuid, stamp
from tui_app.simulator.validation import SEARCH_DISPOSITIONS, InvalidRequest, one_of

TYPES: Final = ("reclassification", "missed_detection")
NO_SUCH_MESSAGE: Final = "no such message"
ALREADY: Final = "already submitted"
HAS_DETECTION: Final = "message has a detection"
TRY_LATER: Final = "try again later"
_FIELDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "reclassification": (("alert_id",), ("escalated_submission_id",)),
    "missed_detection": (("postfix_id", "message_id"), ("eml_content",)),
}
"""The text fields of a message in a submission of each type: those it must have, and those it may have."""
_OF_SUBMISSIONS: Final = -2
"""Where a job's number is in a UUID: submissions of this kind have none."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted request for another verdict."""

    submission_id: str
    type: str
    alert_id: str
    expected: str
    requested_at: datetime

    @property
    def wire(self) -> Wire:
        """The submission object."""
        return {
            "submission_id": self.submission_id,
            "type": self.type,
            "alert_id": self.alert_id,
            "requested_disposition": self.expected,
            "requested_at": stamp(self.requested_at),
            "status": "unreviewed",
        }


class SubmissionLog:
    """All submissions to an account; each message is submitted once, and once more to escalate what came of it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._count = 0
        self._all: list[Submission] = []
        self._by_mail: dict[int, list[str]] = {}

    def listed(self) -> list[Wire]:
        """The submission objects, newest first."""
        return [submission.wire for submission in reversed(self._all)]

    def submit(self, body: object, *, partial: bool = False) -> list[Wire]:
        """Take a request; returns one result per message, in order. Raises InvalidRequest for the whole request.

        With `partial` every other message is to be tried again later.
        """
        kind, messages = _checked(body)
        request, now = self._account.truth.next_request(), self._account.settle()
        results: list[Wire] = []
        for index, message in enumerate(messages):
            self._count += 1
            submission_id = row_uuid(self._account.seed, _OF_SUBMISSIONS, self._count)
            expected: str = message["expected_disposition"]
            mail = self._mail(kind, message)
            error = TRY_LATER if partial and index % 2 else self._objection(kind, message, mail)
            if mail is not None and error is None:
                self._accept(Submission(submission_id, kind, mail.alert_id, expected, now), mail)
            self._account.truth.add(
                request,
                now,
                "submission",
                type=kind,
                id=mail.investigate_id if mail else None,
                expected=expected,
                accepted=error is None,
                submission=submission_id,
                error=error,
                asked=message.get("alert_id") or message.get("postfix_id"),
            )
            accepted: Wire = {"id": submission_id, "accepted": error is None}
            results.append(accepted if error is None else {**accepted, "error": error})
        return results

    def _mail(self, kind: str, message: dict[str, Any]) -> Mail | None:
        if kind == "reclassification":
            alert_id: str = message["alert_id"]
            # An alert id is the postfix id and a time of 19 characters.
            fits: Callable[[Mail], bool] = lambda mail: mail.alert_id == alert_id  # noqa: E731
            return next(filter(fits, self._account.of_postfix(alert_id[:-20])), None)
        wanted = {address.casefold() for address in message["recipient_emails"]}
        return next(
            (
                mail
                for mail in self._account.of_postfix(message["postfix_id"])
                if mail.header_id == message["message_id"] and wanted & {to.casefold() for to in mail.recipients}
            ),
            None,
        )

    def _objection(self, kind: str, message: dict[str, Any], mail: Mail | None) -> str | None:
        """Why a message is not accepted; None: it is."""
        if mail is None:
            return NO_SUCH_MESSAGE
        before = self._by_mail.get(mail.number, [])
        if before and (len(before) > 1 or message.get("escalated_submission_id") != before[0]):
            return ALREADY
        return HAS_DETECTION if kind == "missed_detection" and mail.is_detection else None

    def _accept(self, submission: Submission, mail: Mail) -> None:
        self._all.append(submission)
        self._by_mail.setdefault(mail.number, []).append(submission.submission_id)
        at = submission.requested_at
        self._account.actions.record(
            mail,
            ActionRecord(
                "SUBMISSION",
                at,
                at,
                BY_REQUEST,
                disposition=submission.expected,
                submission=submission.submission_id,
                submission_type=submission.type,
            ),
        )


def _checked(body: object) -> tuple[str, list[dict[str, Any]]]:
    """The type and the messages of a submission. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be an object", "")
    kind, messages = one_of(body.get("type"), TYPES, "/type"), body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("must be an array of at least 1 message", "/messages")
    _no_others(body, {"type", "messages"}, "")
    for index, message in enumerate(messages):
        _check(kind, message, f"/messages/{index}")
    return kind, messages


def _check(kind: str, message: object, pointer: str) -> None:
    if not isinstance(message, dict):
        raise InvalidRequest("must be an object", pointer)
    required, optional = _FIELDS[kind]
    for name in required:
        if not isinstance(message.get(name), str) or not message[name]:
            raise InvalidRequest("is required and must be a string", f"{pointer}/{name}")
    for name in optional:
        if message.get(name) is not None and not isinstance(message[name], str):
            raise InvalidRequest("must be a string", f"{pointer}/{name}")
    one_of(message.get("expected_disposition"), SEARCH_DISPOSITIONS, f"{pointer}/expected_disposition")
    known = {*required, *optional, "expected_disposition"}
    if kind == "missed_detection":
        known.add("recipient_emails")
        addresses = message.get("recipient_emails")
        if not isinstance(addresses, list) or not addresses or not all(isinstance(to, str) for to in addresses):
            raise InvalidRequest("must be an array of at least 1 string", f"{pointer}/recipient_emails")
        try:
            base64.b64decode(message.get("eml_content") or "", validate=True)
        except ValueError:
            raise InvalidRequest("must be base64", f"{pointer}/eml_content") from None
    _no_others(message, known, pointer)


def _no_others(part: dict[str, Any], known: set[str], pointer: str) -> None:
    for name in part:
        if name not in known:
            raise InvalidRequest("unknown field", f"{pointer}/{name}")
