"""A write in the ledger that is no plan: a job created, cancelled or deleted, or mail reported; who, why, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tui_app.api.enums import Destination
from tui_app.core.clock import local_time
from tui_app.core.text import plural, sanitize
from tui_app.plans.ledger_entry import JournalSummary
from tui_app.plans.mail_report import Acceptance, MailAnswer, MailReport, describe_acceptances
from tui_app.plans.record_values import moment_of

CREATE: Final = "create"
CANCEL: Final = "cancel"
DELETE: Final = "delete"
REPORT: Final = "report"
"""A report of messages to the service: it touches no job and no mail."""
WRITES: Final = (CREATE, CANCEL, DELETE, REPORT)
"""What is written beside plans, as journals call it."""
_LONGEST: Final = 2_000
"""Characters of one value that a record is shown with."""


class WriteOutcome(StrEnum):
    """What became of a write."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


_WITHOUT_MAILS: Final = {WriteOutcome.REFUSED: Acceptance.NOT_ACCEPTED, WriteOutcome.NOT_SENT: Acceptance.NOT_SENT}
"""What became of each message of a report by an answer that tells of none."""


@dataclass(frozen=True, slots=True)
class PreviewKept:
    """What the search of a new job found before it was created: how many, whether that was all, the hash of the preview."""

    count: int
    complete: bool
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAnswer:
    """What was known of a write at a moment: by the answer to it, or by reading back."""

    outcome: WriteOutcome
    at: str
    job: str = ""
    status: str = ""
    """The job's state in the server's words; empty where it told none."""
    differences: tuple[str, ...] = ()
    """What a new job does differently from what was asked for, in sentences."""
    http: int | None = None
    ray: str = ""
    why: str = ""
    mails: tuple[MailAnswer, ...] = ()
    """Of a report: one for each message, in their order; empty where nothing was told of them."""

    def describe(self) -> str:
        """`done · the server says: cancelled`, as safe text."""
        parts = [
            self.outcome.value,
            f"the server says: {sanitize(self.status.lower(), 60)}" if self.status else "",
            sanitize(self.why, _LONGEST),
            f"HTTP {self.http}" if self.http is not None else "",
            f"cf-ray {sanitize(self.ray, 80)}" if self.ray else "",
        ]
        return " · ".join(filter(None, parts))


@dataclass(frozen=True, kw_only=True)
class WriteEntry(JournalSummary):
    """A write as its journal tells of it. One without an answer is unknown: it may have been done."""

    write: str
    """One of `WRITES`."""
    asked_for: str = ""
    """The id of the job that it was about; empty for a new one."""
    action: str = ""
    """What the job does, in the API's words; empty where that was not known."""
    destination: str = ""
    search: Mapping[str, Any] = field(default_factory=dict)
    """The job's search, by the API's names."""
    preview: PreviewKept | None = None
    mark: str = ""
    """By which a new job is known, at the end of its comment."""
    answers: tuple[WriteAnswer, ...] = ()
    report: MailReport | None = None
    """What was reported; None for a write to a job."""

    @property
    def acceptances(self) -> Mapping[str, MailAnswer]:
        """Of a report: what became of each message, by its id in the plan."""
        if self.report is None:
            return {}
        told = self.answers[-1].mails if self.answers else ()
        usual = MailAnswer(
            _WITHOUT_MAILS.get(self.outcome, Acceptance.UNKNOWN), why=self.answers[-1].why if self.answers else ""
        )
        answers = told or (usual,) * len(self.report.mails)
        return {mail.id: answer for mail, answer in zip(self.report.mails, answers, strict=True)}

    @property
    def accepted(self) -> int:
        """Of a report: how many messages were accepted."""
        return sum(answer.acceptance is Acceptance.ACCEPTED for answer in self.acceptances.values())

    def sums(self) -> str:
        """Of a report: `38 accepted, 2 not accepted`."""
        return describe_acceptances(answer.acceptance for answer in self.acceptances.values())

    @property
    def job(self) -> str:
        """The job's id, as far as it is known."""
        return self.asked_for or next((answer.job for answer in reversed(self.answers) if answer.job), "")

    @property
    def outcome(self) -> WriteOutcome:
        """What became of it."""
        return self.answers[-1].outcome if self.answers else WriteOutcome.UNKNOWN

    @property
    def status(self) -> str:
        """The job's state as it was told last; empty when it was not."""
        return next((answer.status for answer in reversed(self.answers) if answer.status), "")

    @property
    def open(self) -> bool:
        """Whether nobody knows yet whether it was done."""
        return self.outcome is WriteOutcome.UNKNOWN

    @property
    def differs(self) -> bool:
        """Whether a new job does something else than was asked for."""
        return bool(self.answers) and bool(self.answers[-1].differences)

    @property
    def as_asked(self) -> bool:
        """Whether it was done, and the server said nothing that speaks against it."""
        last = self.answers[-1] if self.answers else None
        if last is None or last.outcome is not WriteOutcome.DONE or last.why or last.differences:
            return False
        if self.report is not None:
            return self.accepted == len(self.report.mails)
        return self.write != CANCEL or last.status.upper() == "CANCELLED"

    @property
    def what(self) -> str:
        """What it does: `cancel job`."""
        return "report mail" if self.report is not None else f"{self.write} job"

    @property
    def title(self) -> str:
        """What it was, about which job, and its id: `Cancel job 182bd5e5 (7f3a9c01)`."""
        if self.report is not None:
            return f"Report of mail of plan {self.target} ({self.name})"
        about = f" {self.target}" if self.job else ""
        return f"{self.what.capitalize()}{about} ({self.name})"

    @property
    def does(self) -> str:
        """What the job does: `move → Junk`, as safe text; what is not known is as the server calls it."""
        if self.report is not None:
            return self.report.what
        known = {destination.value: destination.label for destination in Destination}
        where = known.get(self.destination, sanitize(self.destination, 60))
        return sanitize(self.action.lower(), 40) + (f" → {where}" if where else "")

    @property
    def target(self) -> str:
        """The job that it is about, in short; of a report the plan."""
        if self.report is not None:
            return sanitize(self.report.plan[:8])
        return sanitize(self.job[:8]) or "–"

    @property
    def standing(self) -> str:
        """Where it stands, in a word; of a cancel that came too late the job's own state."""
        if self.damaged:
            return "damaged"
        if self.write == CANCEL and self.outcome is WriteOutcome.DONE and self.status.upper() != "CANCELLED":
            return sanitize(self.status.lower(), 40)
        if self.report is not None and self.outcome is WriteOutcome.DONE and self.accepted < len(self.report.mails):
            return "partly" if self.accepted else "none done"
        return self.outcome.value

    @property
    def counts(self) -> str:
        """How many messages the preview of a new job found, or what became of those that were reported."""
        if self.report is not None:
            return self.sums()
        if self.preview is None:
            return "–"
        return f"{'' if self.preview.complete else 'at least '}{self.preview.count:,} found"

    def in_short(self) -> WriteEntry:
        """The same: it is short."""
        return self

    def describe(self) -> str:
        """What became of it, in a sentence without an end."""
        told = self.answers[-1].describe() if self.answers else "unknown: no answer is on record"
        return f"{self.sums()} · {told}" if self.report is not None and self.answers else told

    def facts(self) -> Sequence[tuple[str, str]]:
        """All that is on record, as pairs of a name and safe text."""
        about: list[tuple[str, str]] = [
            ("write", f"{self.what} · {self.standing}"),
            ("plan", sanitize(self.report.plan, 60))
            if self.report is not None
            else ("job", sanitize(self.job, 100) or "not known"),
            ("when", f"{local_time(self.at):%Y-%m-%d %H:%M:%S %z}" if self.at else sanitize(self.made_at, 40)),
            ("who", sanitize(self.origin.describe())),
            ("account", sanitize(self.account, 200)),
            ("reason", sanitize(self.reason, _LONGEST) or "none given"),
        ]
        if self.report is not None:
            about += [("as", self.report.what), ("messages", self.sums())]
        if self.action:
            about.append(("job does", self.does))
        about += [
            ("search" if not number else "", f"{sanitize(name, 60)}: {sanitize(str(value), _LONGEST)}")
            for number, (name, value) in enumerate(self.search.items())
        ]
        if self.preview is not None:
            whole = "all counted" if self.preview.complete else "not all counted"
            about.append(("preview", f"{plural(self.preview.count, 'message')}, {whole}"))
            if self.preview.hash:
                about.append(("", f"sha256 {sanitize(self.preview.hash, 130)}"))
        if self.mark:
            about.append(("mark", sanitize(self.mark, 60)))
        for answer in self.answers:
            at = moment_of(answer.at)
            told = answer.describe()
            about.append(("answer", f"{local_time(at):%H:%M:%S} {told}" if at is not None else told))
            about += [("", sanitize(difference, _LONGEST)) for difference in answer.differences]
        about += [
            (
                "" if number else "each",
                " · ".join(
                    filter(
                        None,
                        (
                            sanitize(name, 100),
                            answer.acceptance.value,
                            sanitize(answer.submission, 100),
                            sanitize(answer.why, _LONGEST),
                        ),
                    )
                ),
            )
            for number, (name, answer) in enumerate(self.acceptances.items())
        ]
        if not self.answers:
            about.append(("answer", "none on record: it may have been done"))
        about += [("journal", sanitize(self.file, 100)), ("chain", self.head)]
        about += [("look", sanitize(doubt, 400)) for doubt in self.doubts]
        return [*about, ("damaged", self.damaged)] if self.damaged else about


def write_json(entry: WriteEntry) -> dict[str, Any]:
    """A write in the ledger, for programs."""
    origin = entry.origin
    return {
        "write": entry.write,
        "id": entry.plan_id,
        "job": entry.job,
        "outcome": entry.outcome.value,
        "status": entry.status,
        "account": entry.account,
        "action": entry.action,
        "destination": entry.destination,
        "search": dict(entry.search),
        "reason": entry.reason,
        "preview": None
        if entry.preview is None
        else {"count": entry.preview.count, "complete": entry.preview.complete, "hash": entry.preview.hash},
        "mark": entry.mark,
        "report": _report_json(entry),
        "answers": [
            {
                "outcome": answer.outcome.value,
                "job": answer.job,
                "status": answer.status,
                "differences": list(answer.differences),
                "http": answer.http,
                "ray": answer.ray,
                "why": answer.why,
                "at": answer.at,
            }
            for answer in entry.answers
        ],
        "user": origin.user,
        "uid": origin.uid,
        "host": origin.host,
        "login": origin.login,
        "sudo_user": origin.sudo_user,
        "ssh_client": origin.ssh_client,
        "at": entry.made_at,
        "unfinished": entry.open,
        "damaged": entry.damaged,
        "doubts": list(entry.doubts),
        "journal": entry.file,
        "chain": entry.head,
    }


def _report_json(entry: WriteEntry) -> dict[str, Any] | None:
    """What was reported, and what became of each message; None for a write to a job."""
    report = entry.report
    if report is None:
        return None
    acceptances = entry.acceptances
    return {
        "plan": report.plan,
        "type": report.kind,
        "expected_disposition": report.expected,
        "messages": [
            {
                "id": mail.id,
                "alert_id": mail.alert_id,
                "postfix_id": mail.postfix_id,
                "message_id": mail.message_id,
                "recipients": list(mail.recipients),
                **acceptances[mail.id].record(),
            }
            for mail in report.mails
        ],
    }
