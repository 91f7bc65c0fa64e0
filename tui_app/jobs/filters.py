"""The filter line over a job's loaded rows: what `rows/filters.py` reads, and `reason:` for why a row failed."""

from __future__ import annotations

from typing import Final

from tui_app.core.text import Untrusted
from tui_app.jobs.failures import cause_of, is_failure, reason_contains
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.rows.filters import RowFilter, Test, quoted_value
from tui_app.rows.filters import parse_filter as parse
from tui_app.rows.shape import Row

_reason: Final = JOB_ROWS.value_of("status", "status_message")
REASON: Final = "reason"
"""The field of a row's reason by its cause: no column has it, it is made of what the server said."""


def parse_filter(line: str) -> RowFilter | None:
    """The filter of a line; None for an empty one. Raises QueryError: what is wrong, and where."""
    return parse(line, JOB_ROWS, {REASON: _of_reason})


def reason_line(key: str) -> str:
    """The filter line of the rows of one group of `reasons.RowsByReason`."""
    return f"{REASON}:={quoted_value(key)}"


def _of_reason(term: str, value: str) -> Test:
    """Failed and skipped rows by their reason: `=` and the label of their cause, or words of either."""
    exact, words = value.startswith("="), value.removeprefix("=").casefold()
    if not words:
        raise ValueError(f"'{term}' names a field without a value.")

    def matches(row: Row) -> bool:
        status, found = _reason(row)
        if not is_failure(status):
            return False
        message = "" if found is None else Untrusted.of(found).exact
        return cause_of(message).label == words if exact else reason_contains(message, words)

    return matches
