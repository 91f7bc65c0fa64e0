"""A pager shows every character of every line at any width, goes where it is told, and takes no time for long text."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from tests.support.screens import PATIENCE, painted
from tui_app.core.text import sanitize
from tui_app.widgets.pager import Margin, Pager, PagerLine, find_in, rows_of
from tui_app.widgets.redaction import PrivateText, RedactingApp, Redaction
from tui_app.widgets.text_lines import breaks

LONGEST_CALL = 0.05
"""Seconds that a call may take on the event loop."""
SEVERAL = " ".join(f"word{number}" for number in range(40))
LINES = [f"line {number}" for number in range(100)]


class Paged(RedactingApp):
    """A pager and nothing else."""

    CSS = "Screen { layers: base; } Pager { height: 100%; }"

    def __init__(self, lines: Sequence[PagerLine]) -> None:
        super().__init__()
        self.lines = lines
        self.found = 0

    def compose(self) -> ComposeResult:
        yield Pager(id="pager")

    def on_mount(self) -> None:
        self.pager.show_lines(self.lines)

    def on_pager_found(self) -> None:
        self.found += 1

    @property
    def pager(self) -> Pager:
        return self.query_one("#pager", Pager)

    @property
    def rows(self) -> list[str]:
        """What is on the screen."""
        return [strip.text.rstrip() for strip in painted(self.pager)]

    @property
    def reversed(self) -> list[str]:
        """What is marked as found on the screen."""
        return [part.text for strip in painted(self.pager) for part in strip if part.style and part.style.reverse]


Driven = tuple[Paged, Pilot[None]]


@asynccontextmanager
async def paged(lines: Sequence[str | PagerLine], size: tuple[int, int] = (40, 10)) -> AsyncIterator[Driven]:
    app = Paged([(line,) if isinstance(line, str) else line for line in lines])
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        await pilot.pause(0.01)


async def look(app: Paged, pilot: Pilot[None], words: str) -> None:
    before = app.found
    app.pager.find(words)
    await until(pilot, lambda: app.found > before)


def bare(text: str) -> str:
    return "".join(text.split())


# ---- moving


async def test_it_goes_by_rows_and_pages_and_stops_at_both_ends() -> None:
    async with paged(LINES) as (app, _):
        pager = app.pager
        pager.move_by(-1)
        assert (pager.shown, app.rows[0]) == ((1, 10), "line 0")
        pager.move_by(3)
        assert app.rows[0] == "line 3"
        pager.move_by(pager.page_rows)
        assert app.rows[0] == "line 12", "a row is seen again"
        pager.move_last()
        assert (pager.shown, app.rows[-1]) == ((91, 100), "line 99")
        pager.move_by(1)
        pager.move_by(500)
        assert pager.shown == (91, 100)
        pager.move_to(95)
        assert pager.shown == (91, 100), "no empty rows below the text"
        pager.move_by(-10_000)
        assert pager.shown == (1, 10)


@pytest.mark.parametrize("width", [8, 30, 41, 200])
async def test_the_way_down_is_the_way_up(width: int) -> None:
    async with paged([SEVERAL, "", "short", SEVERAL * 3, "end"], (width, 5)) as (app, _):
        seen = [app.rows]
        while True:
            app.pager.move_by(1)
            if app.rows == seen[-1]:
                break
            seen.append(app.rows)
        assert app.rows[-1] == "end"
        for rows in reversed(seen[:-1]):
            app.pager.move_by(-1)
            assert app.rows == rows
        for _ in seen:
            app.pager.move_by(-1)
        assert app.rows == seen[0]


async def test_short_and_empty_texts_stay_where_they_are() -> None:
    async with paged(["one", "two"]) as (app, _):
        pager = app.pager
        assert pager.is_whole
        for move in (pager.move_last, lambda: pager.move_by(5), lambda: pager.move_to(1)):
            move()
            assert app.rows[:3] == ["one", "two", ""]
        pager.show_lines([])
        assert (pager.shown, pager.is_whole, pager.next_hit()) == ((0, 0), True, "")
        for move in (pager.move_last, lambda: pager.move_by(5), lambda: pager.move_by(-5), lambda: pager.move_to(1)):
            move()
        assert app.rows == [""] * 10


async def test_new_text_begins_at_its_top_and_the_same_read_anew_stays() -> None:
    async with paged(LINES) as (app, _):
        app.pager.move_to(50)
        app.pager.show_lines(app.lines, keep=True)
        assert app.rows[0] == "line 50"
        app.pager.show_lines(app.lines[:20], keep=True)
        assert app.rows[-1] == "line 19"
        app.pager.show_lines(app.lines)
        assert app.rows[0] == "line 0"


async def test_another_size_leaves_no_empty_rows() -> None:
    async with paged([SEVERAL] * 5, (20, 10)) as (app, pilot):
        app.pager.move_last()
        await pilot.resize_terminal(120, 12)
        await pilot.pause()
        assert app.rows[-1]
        assert bare(app.rows[-1]) in bare(SEVERAL)
        app.pager.move_last()
        assert bare(SEVERAL).endswith(bare(app.rows[-1]))


async def test_deep_in_a_long_line_another_width_shows_the_same_place() -> None:
    line = " ".join(f"word{number}" for number in range(900))
    async with paged([line, "end"], (40, 10)) as (app, pilot):
        app.pager.move_by(100)
        for width in (80, 33, 40):
            first = app.rows[0].split()[0]
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            assert first in app.rows[0].split()


# ---- wrapping


@given(
    st.lists(st.text(max_size=120).map(lambda text: sanitize(text, 400)), min_size=1, max_size=5),
    st.integers(8, 90),
    st.integers(0, 30).map(lambda hang: " " * hang) | st.just("│ "),
)
def test_every_character_of_a_line_is_on_some_row_and_fits(lines: list[str], width: int, begin: str) -> None:
    indent = min(len(begin), width // 2)
    for line in lines:
        rows = rows_of(Content(line), width, begin)
        shown = [content.plain for _, content in rows]
        assert all(row.startswith(begin[:indent]) for row in shown[1:])
        parts = [shown[0], *(row[indent:] for row in shown[1:])]
        assert "".join(parts) == line
        assert [start for start, _ in rows] == [sum(map(len, parts[:number])) for number in range(len(parts))]
        # Blanks at the end of a row may stand beyond the edge: nobody misses them.
        assert all(cell_len(row.rstrip()) <= width for row in shown)


async def test_a_line_with_a_margin_has_it_in_each_row_and_words_in_it_are_found() -> None:
    async with paged([((Margin("│ "), "dim"), SEVERAL)]) as (app, pilot):
        assert all(row.startswith("│ word") for row in app.rows if row)
        assert len([row for row in app.rows if row]) > 5
        await look(app, pilot, "word30")
        app.pager.next_hit()
        assert app.reversed == ["word30"]


@given(st.lists(st.integers(0, 70), max_size=6), st.integers(2, 60), st.integers(1, 60))
def test_a_long_word_behind_a_blank_fits_also_where_there_is_less_room(words: list[int], width: int, rest: int) -> None:
    text = " ".join("w" * length for length in words)
    cuts = breaks(text, width, rest)
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert all(len(part.rstrip()) <= (width if number == 0 else rest) for number, part in enumerate(parts))


async def test_a_long_word_behind_a_label_begins_beside_it() -> None:
    async with paged([(("to  ", "dim"), "w" * 60)], (30, 4)) as (app, _):
        assert app.rows == ["to  " + "w" * 26, "    " + "w" * 26, "    " + "w" * 8, ""]


@given(st.text(alphabet="ab 字́👩", max_size=200), st.integers(2, 30))
def test_breaks_are_in_order_and_end(text: str, width: int) -> None:
    cuts = breaks(text, width, max(1, width - 3))
    assert cuts == sorted(set(cuts))
    assert all(0 < cut < len(text) for cut in cuts)


@pytest.mark.parametrize("size", [(8, 4), (60, 16), (80, 24), (200, 50)], ids=str)
async def test_all_pages_together_are_the_text(size: tuple[int, int]) -> None:
    lines = ["x" * 4000, "", SEVERAL, "請求書のご確認 " * 40, "👩 mixed " * 50, "a\u0301 mark", "last"]
    async with paged(lines, size) as (app, _):
        assert bare("".join(every_row(app))) == bare("".join(lines))


def every_row(app: Paged) -> list[str]:
    """All rows from the top to the end, row by row."""
    app.pager.move_to(0)
    rows = app.rows
    while True:
        before = app.pager._top
        app.pager.move_by(1)
        if app.pager._top == before:
            return rows
        rows.append(app.rows[-1])


# ---- finding


async def test_words_are_found_in_any_case_one_after_the_other_and_round() -> None:
    async with paged([*LINES, "Two Words, two words"]) as (app, pilot):
        assert app.pager.next_hit() == ""
        await look(app, pilot, "tWo wOrds")
        assert app.pager.next_hit() == "1 of 2"
        assert app.rows[-1] == "Two Words, two words"
        assert app.reversed == ["Two Words", "two words"]
        assert [app.pager.next_hit() for _ in range(2)] == ["2 of 2", "1 of 2"]
        assert app.pager.next_hit(-1) == "2 of 2"


async def test_the_first_place_is_the_next_from_what_is_shown() -> None:
    async with paged(LINES) as (app, pilot):
        app.pager.move_to(35)
        await look(app, pilot, "line")
        assert app.pager.next_hit() == "36 of 100"
        await look(app, pilot, "line")
        assert app.pager.next_hit(-1) == "35 of 100"
        assert "line 34" in app.rows


async def test_a_place_deep_in_a_long_line_is_shown() -> None:
    async with paged(["x " * 1500 + "needle" + " y" * 400, "end"], (40, 6)) as (app, pilot):
        await look(app, pilot, "needle")
        assert app.pager.next_hit() == "1 of 1"
        assert app.reversed == ["needle"]


async def test_a_place_that_goes_on_in_the_next_row_is_marked_in_both() -> None:
    async with paged(["abcdefghijklmnopqrstuvwxyz"], (10, 6)) as (app, pilot):
        await look(app, pilot, "ijkl")
        app.pager.next_hit()
        assert app.reversed == ["ij", "kl"]


async def test_no_words_find_nothing_and_what_was_found_is_forgotten() -> None:
    async with paged(LINES) as (app, pilot):
        await look(app, pilot, "line 7")
        app.pager.find("")
        await pilot.pause()
        assert (app.pager.next_hit(), app.pager.words, app.reversed, app.found) == ("", "", [], 1)
        await look(app, pilot, "nowhere")
        assert app.pager.next_hit() == ""


async def test_new_text_is_looked_through_for_the_same_words() -> None:
    async with paged(LINES) as (app, pilot):
        await look(app, pilot, "other")
        app.pager.show_lines([("other text",), ("Other",)])
        await until(pilot, lambda: app.reversed == ["other", "Other"])
        assert app.found == 1, "nobody is taken anywhere"


async def test_what_redaction_hides_is_neither_shown_nor_found() -> None:
    async with paged([(("to ", "dim"), PrivateText("Salaries")), "ana@acme.example"]) as (app, pilot):
        await look(app, pilot, "a")
        assert len(app.reversed) == 6
        app.redaction.on = True
        app.pager.refresh_text()
        assert app.rows[:2] == ["to ▒▒▒▒▒▒", "▒▒▒@acme.example"]
        await until(pilot, lambda: app.reversed == ["a", "a"])
        app.pager.next_hit()
        assert app.pager.next_hit() == "2 of 2"


@given(
    st.lists(st.text(alphabet="ab ßA", max_size=30), min_size=1, max_size=6),
    st.text(alphabet="abß", min_size=1, max_size=3),
)
def test_hits_are_where_the_words_are(lines: list[str], words: str) -> None:
    hits = find_in([(line,) for line in lines], words, Redaction())
    assert bool(hits) == any(words.casefold() in line.casefold() for line in lines)
    for line, column in hits:
        assert words.casefold()[0] in lines[line][column].casefold()


# ---- time


async def test_no_call_takes_long_with_hundreds_of_thousands_of_lines() -> None:
    lines: list[PagerLine] = [
        ((f"{number}", "dim"), PrivateText("0123456789 of a long text, mail to x@y.example"))
        for number in range(200_000)
    ]
    async with paged([], (80, 24)) as (app, pilot):
        pager, took = app.pager, dict[str, float]()

        def timed(name: str, call: Callable[[], object]) -> None:
            # The processor's time of this thread: other programs, and the thread that finds, are not counted.
            begun = time.thread_time()
            call()
            took[name] = time.thread_time() - begun

        timed("show", lambda: pager.show_lines(lines))
        timed("find", lambda: pager.find("long"))
        await until(pilot, lambda: app.found > 0)
        assert pager.next_hit() == "1 of 10,000+"
        for name, move in (("next", pager.next_hit), ("end", pager.move_last), ("top", lambda: pager.move_to(0))):
            timed(name, move)
            timed(f"{name} painted", lambda: app.rows)
        app.redaction.on = True
        timed("redact", pager.refresh_text)
        timed("redact painted", lambda: app.rows)
        timed("again", lambda: pager.show_lines(lines, keep=True))
        assert {name: seconds for name, seconds in took.items() if seconds > LONGEST_CALL} == {}


async def test_a_line_full_of_places_is_painted_at_once() -> None:
    async with paged(["a" * 4000] * 20, (200, 50)) as (app, pilot):
        await look(app, pilot, "a")
        begun = time.thread_time()
        assert len(app.rows) == 50
        assert time.thread_time() - begun < 4 * LONGEST_CALL
