"""Which rows of a job are meant: the marked ones, else the one under the cursor, or all that the filter shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.core.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.api.rows import JobMessage
    from tui_app.jobs.rows import RowsSnapshot
    from tui_app.rows.view import RowView
    from tui_app.widgets.table import RowTable


def marked_or_current(table: RowTable[JobMessage]) -> Sequence[JobMessage]:
    """The marked rows, else the one under the cursor; none where no row is listed."""
    return table.marked.marked_rows() or tuple(filter(None, [table.current]))


def marked_or_filtered(
    table: RowTable[JobMessage], wanted: RowView, listed: RowsSnapshot | None
) -> tuple[JobMessage, ...] | None:
    """The marked rows, else all that the filter shows; None where neither is: the whole job is meant.

    `wanted` = filter and order that were asked for, `listed` = what the screen shows. Raises GuardError while they differ.
    """
    if chosen := tuple(table.marked.marked_rows()):
        return chosen
    if wanted.filter is None:
        return None
    if listed is None or listed.rows is None or listed.arranged != wanted:
        raise GuardError("Wait: what the filter shows is not here yet.")
    return tuple(listed.rows[index] for index in range(len(listed.rows)))
