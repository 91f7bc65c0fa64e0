"""What is known of a job's row, each thing declared once: by which name it is filtered and sorted, exported and copied.

A screen adds how it draws what it shows (`screens/job/rows.py`); a new field of the wire is added in `api/rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from msgspec.structs import astuple

from tui_app.api.enums import RowStatus
from tui_app.api.rows import JobMessage, RawRow
from tui_app.rows.shape import Row, RowColumn, RowShape

_COLUMNS: Final = (
    RowColumn("message_id", "id", export_width=36, copied_as="row id", copy_place=8),
    RowColumn("status", "status", in_words=True, export_width=10, values=tuple(RowStatus)),
    RowColumn("recipient", "to", in_words=True, export_width=30, copied_as="recipient", copy_place=2),
    RowColumn("subject", "subject", in_words=True, export_width=30, copied_as="subject", copy_place=3),
    RowColumn("retry_count", "tries", is_number=True, export_width=11),
    RowColumn("retry_after", "retry", is_time=True, export_width=20),
    RowColumn("status_message", "why", in_words=True, export_width=50, copied_as="why", copy_place=5),
    RowColumn("postfix_id", "postfix", in_words=True, export_width=16, copied_as="postfix id", copy_place=6),
    RowColumn("investigate_id", "mail", export_width=52, copied_as="investigate id", copy_place=1),
    RowColumn("sender", "from", in_words=True, copied_as="from", copy_place=4),
    RowColumn("email_message_id", copied_as="Message-ID", copy_place=7),
    RowColumn("created_at", "created", is_time=True),
    RowColumn("processed_at", "processed", is_time=True),
)
_raw: Final = attrgetter("raw")


def _keep(messages: Iterable[JobMessage]) -> list[Row]:
    return [*map(astuple, map(_raw, messages))]


JOB_ROWS: Final = RowShape[JobMessage](
    names=RawRow.__struct_fields__,
    keep=_keep,
    make=lambda row: JobMessage(RawRow(*row)),
    identity="message_id",
    state="status",
    columns=_COLUMNS,
    fixed=("investigate_id", "postfix_id", "alert_id"),
)
