"""All that is drawn can be read: what the compositor has made of the running console, in every theme, is measured."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.theme import Theme
from textual.widgets import Static

from tests.conftest import MOMENT
from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.colours import READABLE, contrast, drawn_pair, in_256, in_grey
from tests.support.environment import ROOT
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.screens.base import ConsoleScreen
from tui_app.simulator.server import Options, Simulator, running
from tui_app.terminal.profile_color import BAR, header_style, style_on_bar
from tui_app.terminal.themes import ANSI, COLOUR_BLIND, DARK, HIGH_CONTRAST, LIGHT, PLAIN, THEMES, put_on
from tui_app.widgets.inputs import CycleSelect
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import TextLine
from tui_app.widgets.virtual_table import Cell

pytestmark = pytest.mark.slow

IN_COLOURS = (DARK, LIGHT, HIGH_CONTRAST, COLOUR_BLIND)
LEAST = {DARK.name: READABLE, LIGHT.name: READABLE, COLOUR_BLIND.name: READABLE, HIGH_CONTRAST.name: 7.0}
"""What each theme promises in `docs/configuration.md`."""
WORD = r"(?:bold|dim|reverse|underline|\$text-[a-z]+)"


def styles_of_pieces() -> list[str]:
    """All styles that our code gives to a piece of a line."""
    code = "".join(module.read_text() for module in (ROOT / "tui_app").rglob("*.py"))
    return sorted(
        {*re.findall(rf'"({WORD}(?: {WORD})*)"', code), "$text-error", "$text-success", "$text-secondary", ""}
    )


def letters(console: Console) -> Iterator[tuple[str, Style]]:
    """Every piece that is drawn on the screen, with its style; of a question not what shines through behind it."""
    screen = console.app.screen
    questions = screen.query("#question")
    within = questions.first().region if questions else Region(0, 0, *screen.size)
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            if segment.text.strip() and segment.style is not None and within.contains(x, y):
                yield segment.text.strip(), segment.style
            x += segment.cell_length


async def wear(console: Console, theme: Theme) -> None:
    put_on(console.app, theme)
    await console.pilot.pause()
    await console.press()  # waits for all widgets


async def look(console: Console, place: str) -> None:
    """Measure what is drawn now, in each theme."""
    for theme in THEMES:
        await wear(console, theme)
        measure(console, theme, place)


def measure(console: Console, theme: Theme, place: str) -> None:
    drawn = {style: text for text, style in letters(console)}
    assert len(drawn) > 1, place
    for style, text in drawn.items():
        where = f"{theme.name}, {place}: {text!r} {style}"
        if theme in IN_COLOURS:
            assert style.color is not None and style.color.triplet is not None and not style.dim, where
            pair = drawn_pair(style)
            pairs = ((pair, LEAST[theme.name]), (tuple(map(in_256, pair)), LEAST[theme.name]))
            for each, least in (*pairs, (tuple(map(in_grey, pair)), READABLE)):
                found = contrast(*each)
                assert found >= least, f"{where}: {each} {found:.2f}"
        else:
            numbers = {colour.number for colour in (style.color, style.bgcolor) if colour is not None}
            assert numbers <= ({None, 1, 5} if theme is ANSI else {None}), where


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=600, held=120), clock=lambda: MOMENT) as simulator:
        yield simulator


def held_still(console: Console) -> ConsoleScreen:
    """The screen; nothing but the test changes what is in its lines from now on."""
    screen = console.app.screen
    assert isinstance(screen, ConsoleScreen)
    for name in ("show_frame", "show_about", "show_footer", "show_breadcrumb", "_show_jobs"):
        setattr(screen, name, lambda: None)
    return screen


def every_tone(table: RowTable[Any]) -> None:
    """Marked rows with a cell of every tone; the cursor is on the first one."""
    tones = ["", *(name.removeprefix("row-table--") for name in RowTable.COMPONENT_CLASSES if "row-table--" in name)]
    tones.remove("mark")
    count = len(table._wanted)
    rows = [tones[start : start + count] for _ in "12" for start in range(0, len(tones), count)]
    table._cells_of = lambda row: [Cell(tone or "plain", tone) for tone in [*row, *[""] * count][:count]]
    table.show_rows(ListRows(rows, lambda row: f"{id(row)}", dict.fromkeys(f"{id(row)}" for row in rows)))


async def test_every_tone_and_every_style_can_be_read_in_rows_and_bars(account: Simulator) -> None:
    pieces = [(f"{style or 'plain'} ", style) for style in styles_of_pieces()]
    async with console_on(settings_for(account), clock=StillClock(MOMENT), size=(400, 24)) as console:
        await console.sees("12 loaded", "live")
        screen = held_still(console)
        every_tone(screen.query_one(RowTable))
        screen.why_not_here = lambda _: ""  # type: ignore[method-assign]  # its rows are no jobs now
        for line in ("#header", "#breadcrumb", "#tabs", "#about", "#footer"):
            TextLine.set_text(screen.query_one(line, TextLine), *pieces)
        await look(console, "every tone, marked")
        await console.press("space", "k")
        await look(console, "every tone")


async def test_every_style_can_be_read_in_a_form(account: Simulator) -> None:
    styles = styles_of_pieces()
    assert {"dim", "bold", "bold reverse", "$text-secondary bold", "bold $text-error"} <= set(styles)
    pieces = [(f"{style or 'plain'} ", style) for style in styles]
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        await console.press("n")
        await console.sees("new job")
        console.app.screen.query_one("#preview", TextLine).set_text(*pieces)
        console.app.screen.query(CycleSelect).first().focus()
        await console.press()
        await look(console, "a form with empty fields and a choice")


async def test_every_style_can_be_read_in_a_question(account: Simulator) -> None:
    pieces = [(f"{style or 'plain'} ", style) for style in styles_of_pieces()]
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        await console.press("j", "X")
        await console.sees("Cancel this job?")
        console.app.screen.query_one("#facts", Static).update(Content.assemble(*pieces))
        await look(console, "a question")
        await console.press("tab")
        await console.type("why")
        await console.press("shift+left", "shift+left")
        await look(console, "a question with a selection in a field")
        for theme in (ANSI, PLAIN):
            await wear(console, theme)
            field = {(text, bool(style.reverse), bool(style.underline)) for text, style in letters(console)}
            assert {("w", False, False), ("h", True, True), ("y", False, True)} <= field, "cursor and selection"


async def test_the_bar_of_a_profile_can_be_read_in_every_theme(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        header = held_still(console).query_one("#header", TextLine)
        header.add_class(BAR)
        for color in ("red", "#808080"):
            for theme in THEMES:
                await wear(console, theme)
                header.styles.background, header.styles.color = header_style(color, theme)
                header.set_text(*((f"{style} ", style_on_bar(style)) for style in styles_of_pieces()))
                await console.pilot.pause()
                bar = list(console.app.screen._compositor.render_strips()[0])
                measure(console, theme, f"bar in {color}")
                looks = {(style.bold, style.reverse) for _, style, _ in bar if style is not None}
                assert looks == {(True, True if theme in (ANSI, PLAIN) else None)} or theme in IN_COLOURS


async def test_a_theme_put_on_later_looks_as_one_from_the_start(account: Simulator) -> None:
    looks = []
    for first in (PLAIN, DARK, COLOUR_BLIND):
        async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
            await wear(console, first)
            await console.sees("12 loaded", "live")
            await console.press("j", "space")
            await wear(console, COLOUR_BLIND)
            looks.append(list(letters(console)))
    assert looks[0] == looks[1] == looks[2]


@pytest.mark.long
async def test_all_screens_can_be_read(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded", "live")
        await console.press("j", "space")
        await look(console, "jobs")
        await console.press("u", "question_mark")
        await console.sees("Help")
        await look(console, "help")
        await console.press("escape", "n")
        await console.sees("new job")
        await look(console, "an empty form")
        await console.type("billing@evil.example")
        await console.press("enter")
        await console.sees("Enter again to confirm")
        await look(console, "a form")
        await console.press("enter")
        await console.sees("start this job?")
        await look(console, "start a job")
        await console.press("escape", "escape")
        await console.sees("12 loaded")
        await open_job(console, "140 to retry")
        await look(console, "a job")
        await console.press("4", "space")
        await console.sees("1 marked")
        await look(console, "failed rows")
        await console.press("w")
        await console.sees("140 failed rows, 3 reasons", "all loaded")
        await look(console, "reasons")
        await console.press("escape")
        await console.sees("140 loaded")
        await console.press("enter")
        await console.sees("read 12:00:00")
        await look(console, "a row's message")
        await console.press("escape", "escape", "escape")
        await console.sees("12 loaded")
        await mail(console)


async def mail(console: Console) -> None:
    await console.press("Q")
    await console.sees("1,223 found, all loaded", "read 12:00")
    await console.press(*["space"] * 6)
    await console.sees("6 marked")
    await look(console, "quarantine")
    await console.press("w")
    await console.sees("all loaded 12:00")
    await look(console, "groups")
    await console.press("escape", "slash")
    await look(console, "an empty search line")
    await console.type("from:evil.example")
    await console.press("shift+left", "shift+left")
    await look(console, "a search line")
    await console.press("enter")
    await console.sees("23 found, all loaded", "read 12:00")
    await look(console, "hostile mail")
    await console.press("enter")
    await console.sees("read 12:00:00")
    for part in "1234567":
        await console.press(part)
        await console.settles()
        await look(console, f"part {part}")
    await console.press("escape", "R")
    await console.sees("not sent yet")
    await look(console, "review")
    await console.press("f2")
    await console.settles()
    await look(console, "targets")
