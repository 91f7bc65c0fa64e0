"""What can be copied of a job, of one of its rows, of a message: names and safe text of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.core.text import DETAIL_LIMIT, Untrusted, safe
from tui_app.jobs.progress import search_in_words

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage, Message

Value = tuple[str, str]
PRIVATE: Final = frozenset({"subject", "name", "comment", "search"})
"""Names of values that the veil hides whole."""


def _value(name: str, content: object) -> list[Value]:
    """A value in its safe form; nothing when there is none."""
    if content is None or content == "":
        return []
    text = content.detail() if isinstance(content, Untrusted) else safe(str(content), DETAIL_LIMIT)
    return [(name, text)] if text else []


def job_values(job: Job) -> list[Value]:
    """Of a job."""
    return [
        *_value("job id", job.job_id),
        *_value("comment", job.comment),
        *_value("search", search_in_words(job)),
        *_value("why", job.status_message),
    ]


def row_values(row: JobMessage) -> list[Value]:
    """Of a job's row."""
    return [
        *_value("investigate id", row.investigate_id),
        *_value("recipient", row.recipient),
        *_value("subject", row.subject),
        *_value("from", row.sender),
        *_value("why", row.status_message),
        *_value("postfix id", row.postfix_id),
        *_value("Message-ID", row.email_message_id),
        *_value("row id", row.message_id),
    ]


def message_values(message: Message) -> list[Value]:
    """Of a message."""
    return [
        *_value("investigate id", message.id),
        *_value("from", message.sender),
        *_value("to", ", ".join(map(str, message.recipients))),
        *_value("subject", message.subject),
        *_value("postfix id", message.postfix_id),
        *_value("Message-ID", message.message_id),
        *_value("alert id", message.alert_id),
        *_value("reasons", "; ".join(map(str, message.detection_reasons))),
    ]
