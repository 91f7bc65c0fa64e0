"""A write to a job, in facts for the record: what is about to be sent and why, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from tui_app.api.models import DeletedJob, Job
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult, describe
from tui_app.core import mark
from tui_app.core.text import Untrusted, sanitize
from tui_app.jobs.commands import StillAtWork
from tui_app.jobs.new_job import CreatedJob

if TYPE_CHECKING:
    from tui_app.jobs.new_job import JobPreview, NewJob

Kind = Literal["create", "cancel", "delete"]
DIFFERS: Final = "it differs from what was asked for"
"""The reason for which a job is cancelled that is another one than was wanted."""
_LONGEST: Final = 2_000
"""Characters of one value that is kept of what a server said."""
_MOST_FIELDS: Final = 50


@dataclass(frozen=True, slots=True)
class PreviewFacts:
    """What the search of a new job found: how many messages, whether those are all, and the hash of the preview if it has one."""

    count: int
    complete: bool
    hash: str = ""

    @classmethod
    def of(cls, preview: JobPreview) -> PreviewFacts:
        """Those of a preview."""
        return cls(preview.count, preview.complete, preview.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWrite:
    """One write to a job. `write_id` = eight hex digits, by which it is found on record."""

    write_id: str
    kind: Kind
    job: str = ""
    """The id of the job that it is about; empty for a new one."""
    action: str = ""
    destination: str = ""
    search: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    preview: PreviewFacts | None = None

    @classmethod
    def of_new(cls, write_id: str, new: NewJob, preview: PreviewFacts | None) -> JobWrite:
        """The creation of a job; why it is created is in its comment."""
        return cls(
            write_id=write_id,
            kind="create",
            action=new.action.value,
            destination=new.destination.value if new.destination is not None else "",
            search=new.params.as_body(),
            reason=new.comment,
            preview=preview,
        )

    @classmethod
    def of_job(cls, write_id: str, kind: Kind, job: Job | str, reason: str) -> JobWrite:
        """A write to a job that is there: with what the server told of it, where that is known."""
        if isinstance(job, str):
            return cls(write_id=write_id, kind=kind, job=job, reason=reason)
        return cls(
            write_id=write_id,
            kind=kind,
            job=job.id,
            action=_text(job.action_type, 60),
            destination=_text(job.action_params.destination or "", 60),
            search=dict([_field(name, value) for name, value in job.search_params.items()][:_MOST_FIELDS]),
            reason=reason,
        )

    @property
    def mark(self) -> str:
        """What stands at the end of a new job's comment, so that it is known again."""
        return mark.make(self.write_id) if self.kind == "create" else ""

    def record(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        preview = self.preview
        return {
            "plan": self.write_id,
            "write": self.kind,
            "job": self.job,
            "action": self.action,
            "destination": self.destination,
            "search": dict(self.search),
            "reason": self.reason,
            "preview": None
            if preview is None
            else {"count": preview.count, "complete": preview.complete, "hash": preview.hash},
            "mark": self.mark,
        }

    def answer(self, result: WriteResult[Any]) -> dict[str, Any]:
        """What a result tells, as the ledger keeps it."""
        return answer_facts(result)


def _text(value: object, longest: int = _LONGEST) -> str:
    return (value.exact if isinstance(value, Untrusted) else str(value))[:longest]


def _field(name: object, value: object) -> tuple[str, Any]:
    """A field of a search as the server tells it; what is no plain value is kept as its text."""
    plain = value is None or isinstance(value, bool | int)
    return _text(name, 100), value if plain else _text(value)


def answer_facts(result: WriteResult[Any]) -> dict[str, Any]:
    """What a result tells, as the ledger keeps it."""
    facts: dict[str, Any] = {"job": "", "status": "", "differences": [], "http": None, "ray": "", "why": ""}
    match result:
        case Done(value, _, errors):
            job = value.job if isinstance(value, CreatedJob) else value
            facts["outcome"] = "done"
            if isinstance(job, Job):
                facts |= {"job": _text(job.id, 200), "status": _text(job.status, 200)}
            elif isinstance(job, DeletedJob):
                facts["job"] = _text(job.id, 200)
            if isinstance(value, CreatedJob):
                facts["differences"] = list(value.differences)
            facts["why"] = "; ".join(error.message.exact[:_LONGEST] for error in errors)
        case Unsent(error) | Refused(error) | Ambiguous(error):
            facts["outcome"] = (
                "not sent" if isinstance(result, Unsent) else "refused" if isinstance(result, Refused) else "unknown"
            )
            facts |= {
                "http": error.status if error.status is not None and 100 <= error.status <= 999 else None,
                "ray": _text(error.ray, 200) if error.ray is not None else "",
                "why": str(error)[:_LONGEST],
            }
            if isinstance(error, StillAtWork):
                facts["status"] = error.state
    return facts


def describe_write(kind: Kind, result: WriteResult[Any]) -> str:
    """What became of a write, in a sentence: the state that the server tells, never the one that was wished for."""
    asked = f"Asked to {kind}"
    match result:
        case Done(_, _, errors) if errors:
            return f"{asked}: {describe(result)[0]} Look at the job again."
        case Done(Job() as job):
            return f"{asked}; the server says: {sanitize(str(job.status).lower(), 40)}."
        case Done(DeletedJob()):
            return f"{kind.capitalize()}: deleted."
        case Ambiguous(StillAtWork() as error):
            return f"{asked}; the server says: still {error.state}."
        case Ambiguous():
            return f"{asked}: {describe(result)[0]} Look at the job again."
        case _:
            return f"{asked}: {describe(result)[0]}"
