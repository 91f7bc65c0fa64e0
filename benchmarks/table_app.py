"""An app with nothing but the program's own table of messages, and one with a DataTable of the same rows, without a terminal."""

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tui_app.api.messages import JobMessage
from tui_app.app import style_sheets
from tui_app.screens.job_detail import COLUMNS
from tui_app.widgets.row_table import Cell, RowTable

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
    """Our table, with the columns of the job screen."""

    def __init__(self) -> None:
        super().__init__(css_path=list(style_sheets()))
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield RowTable[JobMessage](COLUMNS, lambda row: row.id, self._cells, id="table")

    @staticmethod
    def _cells(row: JobMessage) -> Sequence[Cell]:
        return tuple(map(Cell, texts(row)))

    @property
    def table(self) -> RowTable[JobMessage]:
        return self.query_one("#table", RowTable)


class PlainTable(App[None]):
    """Textual's table."""

    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        self.table.add_columns(*(column.title for column in COLUMNS))

    @property
    def table(self) -> DataTable[str]:
        return self.query_one(DataTable)
