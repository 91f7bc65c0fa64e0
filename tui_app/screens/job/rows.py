"""How a row of a job looks in its list: its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.api.rows import JobMessage
from tui_app.core.clock import local_time
from tui_app.screens import format as fmt
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.redaction import AddressText
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from datetime import datetime


def _subject_cell(row: JobMessage, now: datetime) -> Cell:
    """The subject; a row may come without one: then an id stands for the mail."""
    return Cell(str(row.subject)) if row.subject is not None else Cell(str(row.postfix_id or "–"), "muted")


def _why_cell(row: JobMessage, now: datetime) -> Cell:
    why = str(row.status_message or "")
    return Cell(why if row.retry_after is None else f"{why}, retry {local_time(row.retry_after):%H:%M}")


COLUMNS: Final[tuple[CellColumn[JobMessage], ...]] = (
    CellColumn("STATUS", 12, field="status", cell=lambda row, _: fmt.row_state(row.status)),
    CellColumn("RECIPIENT", weight=4, field="to", cell=lambda row, _: Cell(AddressText(row.recipient))),
    CellColumn("SUBJECT", weight=3, field="subject", private=True, cell=_subject_cell),
    CellColumn(
        "TRIES",
        6,
        right=True,
        field="tries",
        cell=lambda row, _: Cell(str(row.retry_count), "" if row.retry_count else "muted"),
    ),
    CellColumn("WHY", weight=6, field="why", cell=_why_cell),
    CellColumn(
        "PROCESSED",
        23,
        from_width=130,
        field="processed",
        cell=lambda row, _: Cell(fmt.local(row.processed_at), "muted"),
    ),
)
"""What a row shows; how a field is filtered, sorted, exported and copied is in `jobs/row_columns.py`."""
