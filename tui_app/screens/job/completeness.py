"""How much of a job's rows is here, in words: loaded, filtered, marked, and what may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.core.text import sanitize

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
    told = [*rows.lack.doubts("row"), *(["some rows may have changed"] if rows.stale else [])]
    if rows.lack.may_miss or rows.stale:
        told[-1] += ", ‹view.refresh› reads again"
    if (missing := subject.missing) and not rows.stale:
        told.append(missing)
    return "".join(f" · {words}" for words in told)


def what_empty_means(job: Job, rows: RowsSnapshot, status: RowStatus | None) -> str:
    """Why no row is listed, and what changes that."""
    if rows.arranged.filter is not None and rows.loaded:
        loaded = f"None of the {rows.loaded:,} loaded rows matches."
        return f"{loaded} ‹screen.back› ends the filter, ‹filter.edit› changes it."
    if rows.lack.may_miss:
        return "No row came, and the answer may be incomplete: ‹view.refresh› reads again."
    if not rows.complete:
        return "No row came yet: ‹row.last› loads more."
    counted = job.counted(status)
    if rows.lack.unasked or counted:
        asked = " that was asked for" if rows.lack.unasked else ""
        but = f", but the job counts {counted:,}" if counted else ""
        return f"No row{asked} came{but}: ‹view.refresh› reads again."
    if status is not None:
        return f"No row is {status.value.lower()} now; 0 shows all."
    return "Nothing was found to act on." if job.ended else "Nothing found yet."
