"""A report of messages to the service, as the ledger keeps it: which, after which plan, as what, and what was answered of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from tui_app.api.submission import MOST_SUBMITTED, SubmissionType, SubmittedMail
from tui_app.core.text import sanitize
from tui_app.plans.record_values import text_of

_LONGEST: Final = 2_000
_MOST_RECIPIENTS: Final = 10_000


class Acceptance(StrEnum):
    """What became of one message of a report."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """What was told of one message."""

    acceptance: Acceptance
    submission: str = ""
    """The id of the submission, in the server's words."""
    why: str = ""

    def record(self) -> dict[str, str]:
        """As a journal keeps it."""
        return {"acceptance": self.acceptance.value, "submission": self.submission, "why": self.why}

    @classmethod
    def of(cls, kept: Any) -> MailAnswer:
        """Out of a journal. Raises ValueError, KeyError and TypeError."""
        acceptance = Acceptance(text_of(kept["acceptance"]))
        if acceptance is Acceptance.NOT_SENT:
            raise ValueError("an answer to what was not sent")
        return cls(acceptance, text_of(kept["submission"])[:_LONGEST], text_of(kept["why"])[:_LONGEST])


@dataclass(frozen=True, slots=True)
class MailReport:
    """What was asked for: messages, the plan that they are from, and the verdict that they should have had."""

    plan: str
    kind: str
    """A `SubmissionType`."""
    expected: str
    mails: tuple[SubmittedMail, ...]
    server_at: str = ""
    """When, by the server's clock; empty where that was not known."""

    def record(self) -> dict[str, Any]:
        """As a journal keeps it."""
        return {
            "follows": self.plan,
            "kind": self.kind,
            "expected": self.expected,
            "server_at": self.server_at,
            "messages": [
                {
                    "id": mail.id,
                    "alert_id": mail.alert_id,
                    "postfix_id": mail.postfix_id,
                    "message_id": mail.message_id,
                    "recipients": list(mail.recipients),
                }
                for mail in self.mails
            ],
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> MailReport:
        """Out of a journal. Raises ValueError, KeyError and TypeError."""
        mails = kept["messages"]
        if not isinstance(mails, list) or not 1 <= len(mails) <= MOST_SUBMITTED:
            raise ValueError("no messages")
        kind = SubmissionType(text_of(kept["kind"]))
        report = cls(
            text_of(kept["follows"], least=1),
            kind.value,
            text_of(kept["expected"], least=1),
            tuple(map(_mail, mails)),
            text_of(kept["server_at"]),
        )
        if len({mail.id for mail in report.mails}) != len(mails):
            raise ValueError("a message twice")
        return report

    @property
    def what(self) -> str:
        """As what they are reported: `false positive, expected NONE`, as safe text."""
        return f"{SubmissionType(self.kind).label}, expected {sanitize(self.expected, 40)}"


def _mail(kept: Any) -> SubmittedMail:
    recipients = kept["recipients"]
    if not isinstance(recipients, list) or len(recipients) > _MOST_RECIPIENTS:
        raise ValueError("no list")
    return SubmittedMail(
        text_of(kept["id"], least=1),
        text_of(kept["alert_id"]),
        text_of(kept["postfix_id"]),
        text_of(kept["message_id"]),
        tuple(map(text_of, recipients)),
    )


def answers_of(kept: Any, report: MailReport, before: Sequence[MailAnswer]) -> tuple[MailAnswer, ...]:
    """What a record of an answer tells of each message; nothing, or as many as were asked for. Raises ValueError and KeyError.

    What was known `before` does not change any more.
    """
    if not isinstance(kept, list) or (kept and len(kept) != len(report.mails)):
        raise ValueError("not one for each message")
    answers = tuple(map(MailAnswer.of, kept))
    for was, now in zip(before, answers, strict=False):
        if was.acceptance is not Acceptance.UNKNOWN and was != now:
            raise ValueError("another answer to what was answered")
    if any(was.acceptance is not Acceptance.UNKNOWN for was in before) and not answers:
        raise ValueError("an answer that takes others back")
    return answers


def describe_acceptances(acceptances: Iterable[Acceptance]) -> str:
    """Sums in words: `38 accepted, 2 not accepted`."""
    counted = Counter(acceptances)
    return ", ".join(f"{counted[each]:,} {each.value}" for each in Acceptance if counted[each]) or "none"


def report_facts(facts: Mapping[str, Any], mails: Sequence[MailAnswer]) -> dict[str, Any]:
    """An answer as the ledger keeps it: unknown while any message is."""
    unknown = any(mail.acceptance is Acceptance.UNKNOWN for mail in mails)
    outcome = "unknown" if unknown else facts["outcome"]
    return {**facts, "outcome": outcome, "messages": [mail.record() for mail in mails]}
