"""How a job looks in a list: its columns, and by what they are sorted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.core.bars import bar
from tui_app.jobs.progress import acted_share, describe_action, describe_search
from tui_app.screens import format as fmt
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.api.models import Job

_PROGRESS, _COMP, _FAIL, _SKIP = 15, 8, 6, 6
"""Cells of the columns with counters."""


def _progress_cell(job: Job, now: datetime) -> Cell:
    share = acted_share(job)
    if share is None and (job.total_messages_discovered or not job.countable):
        return Cell(f"found {fmt.count(job.total_messages_discovered, _PROGRESS - 6)}", "muted")
    percent = "" if share is None else f"{int(share * 100):>3}%"
    return Cell(f"{bar(share, 10)} {percent}", "progress" if share is not None and not job.ended else "progress-over")


def _number_cell(job: Job, number: int | None, cells: int, tone: str = "") -> Cell:
    """A counter for a column of so many cells; a dash before anything was acted on."""
    begun = acted_share(job) is not None or job.ended or not job.countable
    return Cell(
        fmt.count(number, cells) if begun and number is not None else "–", tone if number and begun else "muted"
    )


COLUMNS: Final[tuple[CellColumn[Job], ...]] = (
    CellColumn("STATUS", 13, field="status", sort=lambda job: str(job.status), cell=lambda job, _: fmt.job_state(job)),
    CellColumn("ACTION", 18, field="action", sort=describe_action, cell=lambda job, _: Cell(describe_action(job))),
    CellColumn(
        "PROGRESS",
        _PROGRESS,
        from_width=78,
        field="progress",
        sort=lambda job: acted_share(job) or 0.0,
        cell=_progress_cell,
    ),
    CellColumn(
        "COMP",
        _COMP,
        right=True,
        field="completed",
        sort=lambda job: job.successful,
        cell=lambda job, _: _number_cell(job, job.messages_successful, _COMP),
    ),
    CellColumn(
        "FAIL",
        _FAIL,
        right=True,
        field="failed",
        sort=lambda job: job.failed,
        cell=lambda job, _: _number_cell(job, job.messages_failed, _FAIL, "error"),
    ),
    CellColumn(
        "SKIP",
        _SKIP,
        right=True,
        from_width=62,
        field="skipped",
        sort=lambda job: job.skipped,
        cell=lambda job, _: _number_cell(job, job.messages_skipped, _SKIP),
    ),
    CellColumn(
        "AGE",
        4,
        right=True,
        field="age",
        sort=lambda job: fmt.by_age(job.created_at),
        cell=lambda job, now: Cell(fmt.age(job.created_at, now), "muted"),
    ),
    CellColumn(
        "COMMENT",
        weight=2,
        from_width=110,
        field="comment",
        private=True,
        sort=lambda job: str(job.comment or "").casefold(),
        cell=lambda job, _: Cell(str(job.comment or "")),
    ),
    CellColumn(
        "SEARCH", weight=2, from_width=130, private=True, cell=lambda job, _: Cell(describe_search(job), "muted")
    ),
    CellColumn("CREATED", 23, from_width=160, cell=lambda job, _: Cell(fmt.local(job.created_at), "muted")),
)
SORTS: Final = {column.field: column.sort for column in COLUMNS if column.sort is not None}
