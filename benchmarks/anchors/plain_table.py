"""A plain Textual app with a line, a DataTable and a footer: `python -m benchmarks.anchors.plain_table ROWS`.

j and k move, c changes one counter in the line, u one cell of the table, o opens a screen.
"""

import sys
from collections.abc import Iterable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static

COLUMNS = ("STATUS", "ACTION", "PROGRESS", "OK", "FAIL", "SKIP", "AGE", "SENDER")
STATES = ("completed", "processing", "failed", "pending")


def rows(count: int) -> Iterable[tuple[str, ...]]:
    """Rows about as wide as a terminal of 80 columns."""
    for index in range(count):
        done = f"{index * 37 % 3000:,}"
        yield STATES[index % 4], "move to Junk", "#" * (index % 10), done, "3", "1", "2h", f"sender{index}@example.com"


class Table(DataTable[str]):
    """A table of so many rows."""

    BINDINGS: ClassVar[list[BindingType]] = [("j", "cursor_down", "down"), ("k", "cursor_up", "up")]

    def __init__(self, count: int) -> None:
        super().__init__(cursor_type="row")
        self.count = count

    def on_mount(self) -> None:
        for name in COLUMNS:
            self.add_column(name, key=name)
        for index, row in enumerate(rows(self.count)):
            self.add_row(*row, key=str(index))


class Opened(Screen[None]):
    """A screen of the same kind."""

    def compose(self) -> ComposeResult:
        yield Static("Opened")
        yield Table(50)
        yield Footer()


class PlainTable(App[None]):
    """The app."""

    BINDINGS: ClassVar[list[BindingType]] = [("c", "count", "counter"), ("u", "cell", "cell"), ("o", "open", "open")]

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.done = 1234

    def line(self) -> str:
        return f"12 loaded · {self.done:,} done · 5 running · 12 failed"

    def compose(self) -> ComposeResult:
        yield Static(self.line(), id="line")
        yield Table(self.count)
        yield Footer()

    def action_count(self) -> None:
        self.done += 1
        self.query_one("#line", Static).update(self.line())

    def action_cell(self) -> None:
        table = self.query_one(Table)
        now = table.get_cell("3", "STATUS")
        table.update_cell("3", "STATUS", STATES[(STATES.index(now) + 1) % 4])

    def action_open(self) -> None:
        self.push_screen(Opened())


if __name__ == "__main__":
    PlainTable(int(sys.argv[1])).run()
