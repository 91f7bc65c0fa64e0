"""What is known of a job's row, each thing declared once: by which name it is filtered and sorted, exported and copied.

A screen adds how it draws what it shows (`screens/job/screen.py`); a new field of the wire is added in `api/rows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from tui_app.core.clock import rfc3339
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One value of a row; `name` is its name in a row and in an export."""

    name: str
    field: str = ""
    """What a filter line and a sort call it; empty if neither can."""
    in_words: bool = False
    """Whether a filter's bare word looks here."""
    is_number: bool = False
    is_time: bool = False
    export_width: int = 0
    """Cells that it takes in a listing; 0 keeps it out of listings and exports."""
    copied_as: str = ""
    """Its name on the copy page; empty keeps it out of there."""
    copy_place: int = 0
    """Its place on the copy page."""

    def text(self, row: JobMessage) -> str:
        """The value as safe text for a file or a listing."""
        match getattr(row, self.name):
            case None:
                return ""
            case Untrusted() as text:
                return text.detail().lower() if self.name == "status" else text.detail()
            case datetime() as moment:
                return rfc3339(moment)
            case Enum() as member:
                return str(member).lower()
            case value:
                return str(value)


ROW_COLUMNS: Final = (
    RowColumn("message_id", "id", export_width=36, copied_as="row id", copy_place=8),
    RowColumn("status", "status", in_words=True, export_width=10),
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
EXPORTED: Final = tuple(column for column in ROW_COLUMNS if column.export_width)
"""The columns of CSV, Markdown and listings, in their order. JSON has the API's own objects, unchanged."""
COPIED: Final = tuple(sorted((column for column in ROW_COLUMNS if column.copied_as), key=lambda c: c.copy_place))
BY_FIELD: Final = {column.field: column for column in ROW_COLUMNS if column.field}
"""The columns that a filter line or a sort can name."""
