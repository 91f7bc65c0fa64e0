"""Finds out by the action logs whether messages were reported."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import Operation
from tui_app.api.errors import ApiError
from tui_app.api.pagination import read_action_log
from tui_app.core.errors import SluiceError
from tui_app.core.id_form import is_investigate_id
from tui_app.core.text import Untrusted
from tui_app.plans.log_words import GOOD, is_understood, words_of
from tui_app.plans.mail_report import Acceptance, MailAnswer, describe_acceptances, report_facts
from tui_app.plans.record_values import moment_of
from tui_app.plans.settle import CLOCKS_DIFFER, SAME_CLOCK

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.details import LogEntry
    from tui_app.api.submission import SubmittedMail
    from tui_app.plans.write_entry import WriteEntry

_LONGEST: Final = 400
_MOST_WORDS: Final = 2_000
_GOOD: Final = GOOD | {"accepted", "submitted"}
"""What an entry says beside success."""


async def settled_facts(client: EmailSecurityClient, entry: WriteEntry) -> tuple[dict[str, Any] | None, str]:
    """What the action logs show of a report that is open, as the ledger keeps it, and in words; None when nothing new.

    Raises ApiError when no message could be asked about.
    """
    assert entry.report is not None
    before = entry.acceptances
    open_mails = [mail for mail in entry.report.mails if before[mail.id].acceptance is Acceptance.UNKNOWN]
    seen: dict[str, MailAnswer] = {}
    failed: SluiceError | None = None
    asked = 0
    for mail in open_mails:
        try:
            answer = await _seen(client, mail, entry)
            asked += 1
        except SluiceError as error:  # also an id that makes no address
            failed = error
            continue
        if answer is not None:
            seen[mail.id] = answer
    if isinstance(failed, ApiError) and not asked:
        raise failed
    if all(before[name] == answer for name, answer in seen.items()):
        return None, "the action logs tell nothing new" if seen else "the action logs show no such report"
    mails = [seen.get(mail.id, before[mail.id]) for mail in entry.report.mails]
    facts: dict[str, Any] = {
        "outcome": "done",
        "job": "",
        "status": "",
        "differences": [],
        "http": None,
        "ray": "",
        "why": "",
    }
    return report_facts(facts, mails), describe_acceptances(mail.acceptance for mail in mails)


async def _seen(client: EmailSecurityClient, mail: SubmittedMail, entry: WriteEntry) -> MailAnswer | None:
    """What the action log of a message tells of this report of it; None when it shows none.

    Raises ApiError, and UsageError for what is no id. A message of which only a postfix id is known can't be asked for.
    """
    if not is_investigate_id(mail.id):
        return None
    log = await read_action_log(client, mail.id)
    answers = [
        _answer(each) for each in log.entries if each.operation is Operation.SUBMISSION and _is_ours(each, entry)
    ]
    if len({answer.acceptance for answer in answers}) > 1:
        # It was sent once: one of them is somebody else's, and nothing tells which.
        words = "; ".join(dict.fromkeys(answer.why for answer in answers))
        return MailAnswer(Acceptance.UNKNOWN, why=f"the action log contradicts itself: {words}"[:_MOST_WORDS])
    if not answers and not log.complete:
        return MailAnswer(Acceptance.UNKNOWN, why="not all of its action log could be read")
    return answers[0] if answers else None


def _is_ours(each: LogEntry, entry: WriteEntry) -> bool:
    """Whether a submission is this one: not an older one, and not one of another type or verdict as far as it tells them."""
    report = entry.report
    assert report is not None
    server_at = moment_of(report.server_at)
    sent_at, at = server_at or entry.at, each.started_at or each.completed_at
    margin: timedelta = SAME_CLOCK if server_at is not None else CLOCKS_DIFFER
    if at is None or sent_at is None or at < sent_at - margin:
        return False
    told = each.properties
    return _fits(told.requested_disposition, report.expected) and _fits(told.submission_type, report.kind)


def _fits(told: Untrusted | None, asked: str) -> bool:
    return told is None or told.exact.strip().casefold() == asked.casefold()


def _answer(each: LogEntry) -> MailAnswer:
    """What an entry says of a report; one that says neither yes nor no, or both, settles nothing."""
    told = each.properties
    submission = told.submission_id.exact[:_LONGEST] if told.submission_id is not None else ""
    status = each.status.exact.strip()[:_LONGEST] if each.status is not None else ""
    by = f", requested by {told.requested_by.exact[:_LONGEST]}" if told.requested_by is not None else ""
    good = status.casefold() in _GOOD
    if is_understood(each) and ((each.success is True and (good or not status)) or (each.success is None and good)):
        return MailAnswer(Acceptance.ACCEPTED, submission, f"seen in the action log{by}")
    if each.success is False and not good:
        return MailAnswer(
            Acceptance.NOT_ACCEPTED, submission, f"the action log says that it failed: {status or 'no reason'}{by}"
        )
    says = {None: "neither accepted nor failed", True: "accepted, and also", False: "failed, and also"}[each.success]
    status = status if is_understood(each) else words_of(each)
    return MailAnswer(Acceptance.UNKNOWN, submission, f"the action log says {says}: {status or 'no word'}{by}")
