"""The virtual table beside Textual's own: the same keys and clicks, the same screens, styles and events."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.coordinate import Coordinate
from textual.widgets import DataTable
from textual.widgets.data_table import RowDoesNotExist

from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.virtual_table import Cell, VirtualTable

COLUMNS = (("id", 8), ("status", 11), ("recipient", 22), ("subject", 30), ("why", 25))
_WORDS = ("Invoice", "приказ", "請求書", "café", "🎉 party", "q\u0307uark", "x" * 60, "")
KEYS = ("up", "down", "pageup", "pagedown", "ctrl+home", "ctrl+end", "home", "end", "left", "right", "enter")
Row = tuple[str, ...]


def made_rows(count: int) -> list[Row]:
    random = Random(7)
    return [
        (
            f"m{number:05d}",
            random.choice(("completed", "failed", "pending")),
            f"user{number}@acme.example",
            f"{random.choice(_WORDS)} {number}",
            random.choice(("", "mailbox not found", "throttled")),
        )
        for number in range(count)
    ]


class Tables(App[None]):
    """One of the two tables, and what it said."""

    CSS = "DataTable { height: 1fr; }"

    def __init__(self, rows: list[Row], *, virtual: bool) -> None:
        super().__init__()
        self.rows, self.virtual = rows, virtual
        self.told: list[tuple[Any, ...]] = []

    def compose(self) -> ComposeResult:
        if self.virtual:
            yield VirtualTable[Row](lambda row: [Cell(text) for text in row])
        else:
            yield DataTable[str](cursor_type="row")

    @property
    def table(self) -> DataTable[str]:
        return self.query_one(DataTable)

    def on_mount(self) -> None:
        for name, width in COLUMNS:
            self.table.add_column(name, width=width, key=name)
        if isinstance(self.table, VirtualTable):
            self.table.show(ListRows(self.rows, lambda row: row[0]))
        else:
            for row in self.rows:
                self.table.add_row(*row, key=row[0])
        self.table.focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self.told.append(("highlighted", event.cursor_row, event.row_key and event.row_key.value))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        self.told.append(("selected", event.cursor_row, event.row_key and event.row_key.value))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        self.told.append(("header", event.column_key.value, event.column_index))

    def painted(self) -> list[list[tuple[str, Any, Any, bool]]]:
        """Every character of the screen with its colours and its weight."""
        return [
            [
                (character, style and style.color, style and style.bgcolor, bool(style and style.bold))
                for segment in strip
                for style in [segment.style]
                for character in segment.text
            ]
            for strip in self.screen._compositor.render_strips()
        ]

    def state(self) -> dict[str, Any]:
        table = self.table
        return {
            "cursor": table.cursor_coordinate,
            "scroll": table.scroll_offset,
            "size": table.virtual_size,
            "told": list(self.told),
        }


async def played(rows: list[Row], steps: list[tuple[str, Any]], *, virtual: bool) -> list[Any]:
    """What the screen and the table are after each step."""
    app = Tables(rows, virtual=virtual)
    seen: list[Any] = []
    async with app.run_test(size=(90, 20)) as pilot:
        for kind, what in steps:
            if kind == "key":
                await pilot.press(what)
            elif kind == "click":
                await pilot.click(DataTable, offset=what)
            elif kind == "hover":
                await pilot.hover(DataTable, offset=what)
            elif kind == "resize":
                await pilot.resize_terminal(*what)
                # Textual's own keeps the right end of a row as it was in the narrower window, until it has to forget.
                app.table.notify_style_update()
            else:
                app.table.move_cursor(row=what)
            await pilot.pause()
            seen.append((kind, what, app.painted(), app.state()))
    return seen


def same(one: list[Any], other: list[Any]) -> None:
    for (kind, what, painted, state), (_, _, other_painted, other_state) in zip(one, other, strict=True):
        assert other_state == state, f"after {kind} {what}"
        for line, other_line in zip(painted, other_painted, strict=True):
            assert other_line == line, f"after {kind} {what}"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("key"), st.sampled_from(KEYS)),
        st.tuples(st.just("click"), st.tuples(st.integers(0, 79), st.integers(0, 15))),
        st.tuples(st.just("hover"), st.tuples(st.integers(0, 79), st.integers(0, 15))),
        st.tuples(st.just("resize"), st.tuples(st.integers(80, 140), st.integers(16, 30))),
        st.tuples(st.just("move"), st.integers(0, 400)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.sampled_from((0, 1, 5, 300)))
async def test_keys_and_mouse_do_the_same(session: list[tuple[str, Any]], count: int) -> None:
    rows = made_rows(count)
    same(await played(rows, session, virtual=False), await played(rows, session, virtual=True))


@pytest.mark.long
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.sampled_from((0, 1, 5, 300)))
async def test_keys_and_mouse_do_the_same_in_long_sessions(session: list[tuple[str, Any]], count: int) -> None:
    rows = made_rows(count)
    same(await played(rows, session, virtual=False), await played(rows, session, virtual=True))


async def test_whoever_asks_the_table_hears_the_same() -> None:
    answers = []
    for virtual in (False, True):
        app = Tables(made_rows(300), virtual=virtual)
        async with app.run_test(size=(90, 20)):
            table = app.table
            with pytest.raises(RowDoesNotExist):
                table.get_row("nobody")
            answers.append(
                (
                    table.row_count,
                    table.get_row_at(7),
                    table.get_row("m00009"),
                    table.get_cell("m00011", "status"),
                    table.get_cell_at(Coordinate(4, 2)),
                    table.get_row_index("m00042"),
                    table.coordinate_to_cell_key(Coordinate(3, 1)),
                    table.get_cell_coordinate("m00042", "why"),
                    list(table.get_column("id"))[:5],
                    list(table.get_column_at(1))[:5],
                    "m00003" in table.rows,
                    "nobody" in table.rows,
                    table.get_row_height(table.coordinate_to_cell_key(Coordinate(3, 1)).row_key),
                    table.is_valid_row_index(300),
                    [row.height for row in table.ordered_rows[:3]],
                )
            )
    assert answers[0] == answers[1]


async def test_rows_change_together_only() -> None:
    app = Tables(made_rows(5), virtual=True)
    async with app.run_test(size=(90, 20)):
        for change in (
            app.table.clear,
            app.table.add_row,
            lambda: app.table.remove_row("m00001"),
            lambda: app.table.sort("id"),
        ):
            with pytest.raises(NotImplementedError):
                change()
