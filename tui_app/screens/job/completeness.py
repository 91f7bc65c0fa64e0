"""How much of a job's rows is here, in words: loaded, filtered, marked, and what may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.core.text import plural, sanitize

if TYPE_CHECKING:
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job
    from tui_app.jobs.job_watch import JobSubject
    from tui_app.jobs.rows import RowsSnapshot


def what_is_here(rows: RowsSnapshot, subject: JobSubject, marks: int) -> str:
    """How many rows are loaded, match and are marked; what may have changed, and what was left out."""
    shown = len(rows.rows) if rows.rows is not None else 0
    count = f"{rows.loaded:,} loaded"
    if rows.arranged.filter is not None:
        count = f"{shown:,} of {count} match {sanitize(rows.arranged.filter.line)}"
    if not rows.complete:
        count += ", not all: ‹row.last› more, ‹rows.load_all› all"
    if subject.wanted != rows.arranged:
        count = f"Filtering {rows.loaded:,} rows…"
    marked = f" · {marks:,} marked" if marks else ""
    return f"{count}{marked}{_doubts(rows, subject)}"


def _doubts(rows: RowsSnapshot, subject: JobSubject) -> str:
    if rows.shifted:
        return " · rows moved while they were read, some may be missing, ‹view.refresh› reads them again"
    told = " · the server says that part of the answer is missing" if rows.partial else ""
    told += " · some rows may have changed, ‹view.refresh› reads them again" if rows.stale else ""
    if rows.unreadable:
        told += f" · {plural(rows.unreadable, 'row')} can't be read"
    if rows.unasked:
        told += f" · {plural(rows.unasked, 'row')} of another status left out"
    if (missing := subject.missing) and not rows.stale:
        told += f" · {missing}"
    return told


def what_empty_means(job: Job, rows: RowsSnapshot, status: RowStatus | None) -> str:
    """Why no row is listed, and what changes that."""
    if rows.arranged.filter is not None and rows.loaded:
        loaded = f"None of the {rows.loaded:,} loaded rows matches."
        return f"{loaded} ‹screen.back› ends the filter, ‹filter.edit› changes it."
    if status is not None:
        return f"No row is {status.value.lower()} now; 0 shows all."
    return "Nothing was found to act on." if job.ended else "Nothing found yet."
