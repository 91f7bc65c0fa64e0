"""An app with nothing but the program's own table of messages, and one with a DataTable of the same rows, without a terminal."""

from collections.abc import Sequence
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tui_app.api.rows import JobMessage
from tui_app.app import style_sheets
from tui_app.screens.job.screen import COLUMNS

SIZE = (80, 24)


def texts(row: JobMessage) -> tuple[str, ...]:
    """What both tables show of a row."""
    return (
        str(row.status),
        str(row.recipient),
        str(row.subject or ""),
        str(row.retry_count),
        str(row.status_message or ""),
        str(row.processed_at),
    )


class OurTable(App[None]):
    """Our table, with the columns of the job screen; `told` takes what the keeper of the rows tells."""

    def __init__(self) -> None:
        super().__init__(css_path=list(style_sheets()))
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        from tui_app.widgets.table import RowTable

        yield RowTable[JobMessage](COLUMNS, self._cells, id="table")

    @staticmethod
    def _cells(row: JobMessage) -> Sequence[Any]:
        from tui_app.widgets.virtual_table import Cell

        return tuple(map(Cell, texts(row)))

    @property
    def table(self) -> Any:
        return self.query_one("#table")

    def told(self, snapshot: Any) -> None:
        """Show the rows, as the job screen does."""
        if snapshot.rows is not None:
            self.table.show_rows(snapshot.rows)


class PlainTable(App[None]):
    """Textual's table."""

    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        self.table.add_columns(*(column.title for column in COLUMNS))

    @property
    def table(self) -> DataTable[str]:
        return self.query_one(DataTable)
