"""Which messages of a plan can be reported to the service, and as what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import Destination, Disposition
from tui_app.api.submission import EXPECTED, MOST_SUBMITTED, SubmissionType, SubmittedMail
from tui_app.core.text import plural
from tui_app.plans.mail_report import Acceptance, describe_acceptances
from tui_app.plans.state import Outcome, PlanState, Result
from tui_app.plans.submission_names import foreign

if TYPE_CHECKING:
    from tui_app.plans.effect import Effect
    from tui_app.plans.plan import Target
    from tui_app.plans.write_entry import WriteEntry

NO_ALERT_ID: Final = "its alert id is not known"
NOT_KNOWN: Final = "its Message-ID or postfix id is not known"
NO_MAILBOX: Final = "no answer names the mailboxes in which it was moved"
HAS_DETECTION: Final = "it has a verdict: nothing was missed"
_RELEASED: Final = frozenset({Outcome.DELIVERED, Outcome.PARTLY, Outcome.RELEASED})
_MOVED: Final = frozenset({Outcome.MOVED, Outcome.PARTLY_MOVED, Outcome.SEEN_MOVED})
_CLEAN: Final = frozenset({None, Disposition.NONE, Disposition.UNKNOWN, Disposition.EXTERNAL, Disposition.ENCRYPTED})
"""Verdicts of mail without a detection."""
_DONE_WITH: Final = frozenset({Acceptance.ACCEPTED, Acceptance.UNKNOWN})
"""What is not reported again: what is unknown may have been accepted."""


@dataclass(frozen=True, slots=True)
class ToSubmit:
    """Messages that can be reported, and why others can't, by their ids."""

    kind: SubmissionType
    mails: tuple[SubmittedMail, ...]
    left_out: Mapping[str, str]
    reported: int = 0
    """How many were reported before, and not refused."""

    @property
    def verdicts(self) -> tuple[Disposition, ...]:
        """The verdicts that can be asked for."""
        return EXPECTED[self.kind]

    def batches(self) -> tuple[tuple[SubmittedMail, ...], ...]:
        """One tuple a request."""
        return tuple(self.mails[at : at + MOST_SUBMITTED] for at in range(0, len(self.mails), MOST_SUBMITTED))

    def describe_left_out(self) -> str:
        """`Left out: 3 (its alert id is not known).`; empty where none are."""
        counted = Counter(self.left_out.values())
        parts = [f"{count:,} ({why})" for why, count in counted.most_common()]
        if self.reported:
            parts.append(f"{self.reported:,} (reported before)")
        return f"Left out: {', '.join(parts)}." if parts else ""


def type_for(effect: Effect) -> SubmissionType | None:
    """As what the mail of a plan is reported; None for a move to the Inbox."""
    if not effect.is_move:
        return SubmissionType.RECLASSIFICATION
    return None if effect.destination in (None, Destination.INBOX) else SubmissionType.MISSED_DETECTION


def why_not(state: PlanState) -> str:
    """Why nothing of a plan can be reported, in a sentence; empty where something may be."""
    if type_for(state.plan.effect) is None:
        return "A move to the Inbox says nothing about a verdict: there is nothing to report."
    if not state.ended:
        return "The plan has not ended yet."
    if state.unfinished:
        return "The plan is unfinished: send or settle the rest, or close it. Then what it did can be reported."
    if not done_by(state):
        return f"Nothing was {'moved' if state.plan.effect.is_move else 'delivered'}: there is nothing to report."
    return ""


def done_by(state: PlanState) -> list[Result]:
    """What a plan delivered, or moved, in its order."""
    wanted = _MOVED if state.plan.effect.is_move else _RELEASED
    return [
        result
        for target in state.plan.targets
        if (result := state.results_by_id.get(target.id)) is not None and result.outcome in wanted
    ]


def knows_enough(target: Target | None, kind: SubmissionType) -> bool:
    """Whether what is known of a message does for a report of it."""
    if target is None:
        return False
    if kind is SubmissionType.RECLASSIFICATION:
        return bool(target.alert_id)
    return bool(target.checked and target.header_id and target.postfix_id)


def choose(
    state: PlanState, kind: SubmissionType, known: Mapping[str, Target], reports: Iterable[WriteEntry]
) -> ToSubmit:
    """Those of a plan that can be reported: not what was reported before, nor under the name of another mail.

    `known` = mail by its id in the plan.
    """
    entries = tuple(reports)
    before = reported_in(entries)
    mails, left_out, reported = [], {}, 0
    ids: dict[str, tuple[str, ...]] = {}
    for result in done_by(state):
        if result.target.id in before:
            reported += 1
            continue
        mail, why = _mail_of(result, known.get(result.target.id), kind)
        if mail is None:
            left_out[result.target.id] = why
        else:
            mails.append(mail)
            found = known[result.target.id].investigate_id
            ids[mail.id] = (mail.id, found) if found else (mail.id,)
    others = [mail for entry in entries if entry.report for mail in entry.report.mails if mail.id in before]
    why_foreign = foreign(mails, ids, others)
    own = tuple(mail for mail in mails if mail.id not in why_foreign)
    return ToSubmit(kind, own, {**left_out, **why_foreign}, reported)


def reported_in(reports: Iterable[WriteEntry]) -> frozenset[str]:
    """The ids of messages that were accepted, or may have been."""
    return frozenset(
        name
        for entry in reports
        for name, answer in entry.acceptances.items()
        if answer.acceptance in _DONE_WITH or entry.damaged
    )


def without(asked: ToSubmit, reports: Iterable[WriteEntry]) -> ToSubmit:
    """The same without what was reported meanwhile."""
    before = reported_in(reports)
    return replace(asked, mails=tuple(mail for mail in asked.mails if mail.id not in before))


def _mail_of(result: Result, target: Target | None, kind: SubmissionType) -> tuple[SubmittedMail | None, str]:
    """A message as it is reported, or why it can't be."""
    if kind is SubmissionType.RECLASSIFICATION:
        if target is None or not target.alert_id:
            return None, NO_ALERT_ID
        return SubmittedMail(result.target.id, alert_id=target.alert_id), ""
    if target is None or not knows_enough(target, kind):
        return None, NOT_KNOWN
    if target.disposition not in _CLEAN:
        return None, HAS_DETECTION
    if not result.moved:
        return None, NO_MAILBOX
    recipients = tuple(dict.fromkeys(name.exact for name in result.moved))
    return (
        SubmittedMail(
            result.target.id,
            postfix_id=target.postfix_id or "",
            message_id=target.header_id,
            recipients=recipients,
        ),
        "",
    )


def fates(reports: Iterable[WriteEntry]) -> dict[str, str]:
    """What became of each message that was reported, by the last report of it: `reported as NONE: accepted`."""
    told: dict[str, str] = {}
    for entry in reports:
        assert entry.report is not None
        for name, answer in entry.acceptances.items():
            why = f" ({answer.why})" if answer.why else ""
            told[name] = f"reported as {entry.report.expected}: {answer.acceptance.value}{why}"
    return told


def describe_reports(reports: Sequence[WriteEntry]) -> str:
    """The sums of a plan's reports, each message by its last one: `38 accepted, 2 not accepted`; empty without reports."""
    last = {name: answer.acceptance for entry in reports for name, answer in entry.acceptances.items()}
    return describe_acceptances(last.values()) if last else ""


def describe_report(entry: WriteEntry) -> str:
    """A report in a sentence without an end, for activity and the report of a plan."""
    assert entry.report is not None
    return f"{plural(len(entry.report.mails), 'message')} as {entry.report.what}: {entry.sums()}"
