"""The records of a write to a job: what is kept before it is sent and after each answer, and the way back from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tui_app.plans.journal import Record
from tui_app.plans.origin import Origin
from tui_app.plans.record_values import moment_of, text_of, whole_of
from tui_app.plans.records import timestamp
from tui_app.plans.write_entry import CANCEL, CREATE, WRITES, PreviewKept, WriteAnswer, WriteEntry, WriteOutcome

JOB_WRITE: Final = "job_write"
"""The type of the first record."""
WRITE_FORMAT: Final = 1
"""Of the journals of writes that this version writes."""
_WRITE_ID: Final = re.compile(r"[0-9a-f]{8}")
_LONGEST: Final = {"job": 200, "action": 60, "destination": 60, "mark": 60}
_MOST_FIELDS: Final = 100
_SETTLED: Final = frozenset({WriteOutcome.DONE, WriteOutcome.UNKNOWN})
"""What reading back can show."""


def write_record(
    facts: Record, *, number: int, account: str, origin: Origin, at: datetime, version: str, previous: str, folder: str
) -> Record:
    """The first record: what is about to be sent. `facts` has plan (the id), write, job, action, destination, search, reason,
    preview, mark.
    """
    return {
        "type": JOB_WRITE,
        "format": WRITE_FORMAT,
        "number": number,
        **facts,
        "account": account,
        **origin.record(),
        "at": timestamp(at),
        "version": version,
        "previous": previous,
        "folder": folder,
    }


def answer_record(facts: Record, at: datetime) -> Record:
    """After an answer, or after reading back. `facts` has outcome, job, status, differences, http, ray, why."""
    return {"type": "answer", **facts, "at": timestamp(at)}


def write_of(records: Sequence[Record], *, file: str = "", head: str = "", damaged: str = "") -> WriteEntry:
    """The write that records tell of. Raises ValueError when they are not those of one that this version understands."""
    first = records[0] if records else {}
    if first.get("type") != JOB_WRITE or whole_of(first.get("format")) != WRITE_FORMAT:
        raise ValueError("not a write that this version can read")
    try:
        short = {name: _short(first[name], most) for name, most in _LONGEST.items()}
        write = text_of(first["write"])
        if write not in WRITES or not _WRITE_ID.fullmatch(text_of(first["plan"])):
            raise ValueError("no write")
        if bool(short["job"]) is (write == CREATE):
            raise ValueError("a new job with an id, or none to act on")
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
            answers=_answers(records[1:], short["job"], write),
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


def _answers(records: Sequence[Record], asked_for: str, write: str) -> tuple[WriteAnswer, ...]:
    answers: list[WriteAnswer] = []
    job = asked_for
    for record in records:
        if record["type"] != "answer":
            raise ValueError("a record of an unknown kind")
        answer = _answer(record)
        if answers and not (answers[-1].outcome is WriteOutcome.UNKNOWN and answer.outcome in _SETTLED):
            raise ValueError("an answer to what was answered")
        if answer.job and job and answer.job.lower() != job.lower():
            raise ValueError("an answer about another job")
        job = job or answer.job
        if answer.outcome is WriteOutcome.DONE and (not job or (write == CANCEL and not answer.status)):
            raise ValueError("done to nothing")
        answers.append(answer)
    return tuple(answers)


def _answer(record: Record) -> WriteAnswer:
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
    )
