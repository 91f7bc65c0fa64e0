"""The records of a write to a job, and of a report of mail: what is kept before it is sent and after each answer, and the way back from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tui_app.plans.journal import Record
from tui_app.plans.mail_report import Acceptance, MailAnswer, MailReport, answers_of
from tui_app.plans.origin import Origin
from tui_app.plans.record_values import moment_of, text_of, whole_of
from tui_app.plans.records import timestamp
from tui_app.plans.write_entry import CANCEL, CREATE, REPORT, WRITES, PreviewKept, WriteAnswer, WriteEntry, WriteOutcome

JOB_WRITE: Final = "job_write"
"""The type of the first record."""
WRITE_FORMAT: Final = 2
"""The newest of the journals of writes that this version writes: that of a report of mail."""
_JOB_FORMAT: Final = 1
"""Of a write to a job: earlier versions read it."""
_WRITE_ID: Final = re.compile(r"[0-9a-f]{8}")
_LONGEST: Final = {"job": 200, "action": 60, "destination": 60, "mark": 60}
_MOST_FIELDS: Final = 100
_SETTLED: Final = frozenset({WriteOutcome.DONE, WriteOutcome.UNKNOWN})
"""What reading back can show."""


def write_record(
    facts: Record, *, number: int, account: str, origin: Origin, at: datetime, version: str, previous: str, folder: str
) -> Record:
    """The first record: what is about to be sent. `facts` has plan (the id), write, job, action, destination, search, reason,
    preview, mark; a report of mail also has follows, kind, expected, server_at, messages.
    """
    return {
        "type": JOB_WRITE,
        "format": _format_of(facts.get("write")),
        "number": number,
        **facts,
        "account": account,
        **origin.record(),
        "at": timestamp(at),
        "version": version,
        "previous": previous,
        "folder": folder,
    }


def _format_of(write: object) -> int:
    return WRITE_FORMAT if write == REPORT else _JOB_FORMAT


def answer_record(facts: Record, at: datetime) -> Record:
    """After an answer, or after reading back. `facts` has outcome, job, status, differences, http, ray, why; of a report also
    messages.
    """
    return {"type": "answer", **facts, "at": timestamp(at)}


def write_of(records: Sequence[Record], *, file: str = "", head: str = "", damaged: str = "") -> WriteEntry:
    """The write that records tell of. Raises ValueError when they are not those of one that this version understands."""
    first = records[0] if records else {}
    if first.get("type") != JOB_WRITE or whole_of(first.get("format")) != _format_of(first.get("write")):
        raise ValueError("not a write that this version can read")
    try:
        short = {name: _short(first[name], most) for name, most in _LONGEST.items()}
        write = text_of(first["write"])
        if write not in WRITES or not _WRITE_ID.fullmatch(text_of(first["plan"])):
            raise ValueError("no write")
        if bool(short["job"]) is (write in (CREATE, REPORT)):
            raise ValueError("a new job with an id, or none to act on")
        report = MailReport.of(first) if write == REPORT else None
        return WriteEntry(
            number=whole_of(first["number"], least=1),
            plan_id=first["plan"],
            account=text_of(first["account"], least=1),
            made_at=text_of(first["at"]),
            origin=Origin.of(first),
            version=text_of(first["version"]),
            previous=text_of(first["previous"]),
            head=head,
            reason=text_of(first["reason"]),
            last_at=moment_of(records[-1].get("at")),
            file=file,
            damaged=damaged,
            folder=text_of(first["folder"]),
            write=write,
            asked_for=short["job"],
            action=short["action"],
            destination=short["destination"],
            search=_search(first["search"]),
            preview=_preview(first["preview"]),
            mark=short["mark"],
            answers=_answers(records[1:], short["job"], write, report),
            report=report,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a write that this version can read ({type(error).__name__})") from None


def _short(text: Any, most: int) -> str:
    if len(text_of(text)) > most:
        raise ValueError("too long")
    return str(text)


def _search(kept: Any) -> Mapping[str, Any]:
    if not isinstance(kept, dict) or len(kept) > _MOST_FIELDS:
        raise ValueError("no search")
    if not all(value is None or isinstance(value, (str, bool, int, float)) for value in kept.values()):
        raise ValueError("no search")
    return kept


def _preview(kept: Any) -> PreviewKept | None:
    if kept is None:
        return None
    if not isinstance(kept["complete"], bool):
        raise ValueError("no preview")
    return PreviewKept(whole_of(kept["count"]), kept["complete"], _short(kept["hash"], 200))


def _answers(
    records: Sequence[Record], asked_for: str, write: str, report: MailReport | None
) -> tuple[WriteAnswer, ...]:
    answers: list[WriteAnswer] = []
    job = asked_for
    for record in records:
        if record["type"] != "answer":
            raise ValueError("a record of an unknown kind")
        mails = answers_of(record["messages"], report, answers[-1].mails if answers else ()) if report else ()
        answer = _answer(record, mails)
        if answers and not (answers[-1].outcome is WriteOutcome.UNKNOWN and answer.outcome in _SETTLED):
            raise ValueError("an answer to what was answered")
        if answer.job and job and answer.job.lower() != job.lower():
            raise ValueError("an answer about another job")
        job = job or answer.job
        if report is not None:
            _check_report(answer)
        elif answer.outcome is WriteOutcome.DONE and (not job or (write == CANCEL and not answer.status)):
            raise ValueError("done to nothing")
        answers.append(answer)
    return tuple(answers)


def _check_report(answer: WriteAnswer) -> None:
    """An answer is one of each message, and what was not sent, or was refused, is so of all."""
    unknown = any(mail.acceptance is Acceptance.UNKNOWN for mail in answer.mails)
    done = answer.outcome is WriteOutcome.DONE
    fits = answer.outcome is WriteOutcome.UNKNOWN or not answer.mails
    if answer.job or (unknown or not answer.mails if done else not fits):
        raise ValueError("an answer that does not tell of each message")


def _answer(record: Record, mails: tuple[MailAnswer, ...] = ()) -> WriteAnswer:
    differences, http = record["differences"], record["http"]
    if not isinstance(differences, list):
        raise ValueError("no list")
    return WriteAnswer(
        outcome=WriteOutcome(text_of(record["outcome"])),
        at=text_of(record["at"]),
        job=_short(record["job"], _LONGEST["job"]),
        status=_short(record["status"], 200),
        differences=tuple(map(text_of, differences)),
        http=None if http is None else whole_of(http, least=100, most=999),
        ray=_short(record["ray"], 200),
        why=text_of(record["why"]),
        mails=mails,
    )
