"""The main screens with the longest texts and counters, in windows of four sizes: kept as text, and with rules that hold at each."""

import unicodedata
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from tests.conftest import MOMENT
from tests.support.clock import StillClock
from tests.support.golden import assert_golden
from tests.support.longest import COUNTERS, TEXTS, LongAccount, long_account
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.text_lines import Footer

SIZES: Final = ((60, 16), (80, 24), (120, 40), (200, 50))
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@pytest.fixture(scope="module")
def account() -> Iterator[LongAccount]:
    with long_account(lambda: MOMENT) as account:
        yield account


def console_at(account: LongAccount) -> AbstractAsyncContextManager[Console]:
    settings = settings_for(account.simulator)
    plans = replace(settings.plans, canary=1, batch_size=2)
    guard = replace(settings.guard, hold_odd=False)
    return console_on(replace(settings, plans=plans, guard=guard), clock=StillClock(MOMENT))


async def at_all_sizes(console: Console, name: str, *counters: str) -> None:
    """The screen that is shown, in each of the windows."""
    for columns, lines in SIZES:
        await console.pilot.resize_terminal(columns, lines)
        await console.until(lambda size=(columns, lines): laid_out(console, *size), "it is laid out")  # type: ignore[misc]
        text = await console.settles()
        assert_in_order(console, text, columns, lines)
        for counter in counters:
            assert counter in text, f"{counter} is not whole at {columns}x{lines}\n{text}"
        assert_golden(f"longest-{name}-{columns}x{lines}", text)


def laid_out(console: Console, columns: int, lines: int) -> bool:
    footer = console.app.screen.query_one("#footer").region
    return console.app.size == (columns, lines) and columns - 3 < footer.width <= columns and footer.bottom <= lines


def assert_in_order(console: Console, text: str, columns: int, lines: int) -> None:
    """What holds of every screen of every size."""
    shown = text.split("\n")
    assert len(shown) == lines
    wide = [line for line in shown if cell_len(line) > columns]
    assert not wide, f"wider than the window: {wide}"
    odd = {character for line in shown for character in line if unicodedata.category(character) in _INVISIBLE}
    assert not odd, f"not to be seen: {odd}"
    screen = console.app.screen
    footer = next(line for line in reversed(shown) if line.strip())
    keys, ways_out = screen.query_one("#footer", Footer)._keys
    pairs = [f"{key} {label}" for key, label in (*keys, *ways_out)]
    assert footer.split("  ") == [pair for pair in pairs if pair in footer.split("  ")], "labels are whole"
    if isinstance(screen, ConsoleScreen):
        assert_writes_first(screen, footer)
        assert_columns_whole(screen, shown)


def assert_writes_first(screen: ConsoleScreen, footer: str) -> None:
    """No write that is offered here loses its label while something else keeps one."""
    known = screen.key_map.at(screen.screen_name, read_only=False)
    writes = [
        screen.key_map.key(action.id)
        for action in known
        if action.writes and screen.screen_name in action.footer and not screen.why_not_here(action.id)
    ]
    keys = [pair.split(" ")[0] for pair in footer.split("  ")]
    others = [key for key in keys if key not in writes and key not in ("?", "esc", ":", "f1")]
    missing = [key for key in writes if key not in keys]
    assert not (missing and others), f"{missing} has no label, {others} have one"
    assert keys[: len(writes)] == writes[: len(keys)] or missing, footer


def assert_columns_whole(screen: ConsoleScreen, shown: list[str]) -> None:
    table = screen.table()
    if table is None:
        return
    titles = [column.title for _, column, _ in table._laid_out if column.title]
    (heading,) = [line for line in shown if all(title in line for title in titles)][:1]
    cells = [width for _, _, width in table._laid_out]
    assert 2 + sum(cells) + len(cells) - 1 <= table.size.width, heading


async def test_jobs(account: LongAccount) -> None:
    async with console_at(account) as console:
        await console.sees("8 loaded", "live")
        await at_all_sizes(console, "jobs", "7.65M", "1.23M", "876.5k", "54,321", "34,567")


async def test_a_job(account: LongAccount) -> None:
    async with console_at(account) as console:
        await console.sees("8 loaded", "live")
        await console.press("enter")
        await console.sees("1,234,567 failed")
        await console.press("5")
        await console.sees("✖ failed", "final")
        await console.press("j", "space")
        await console.sees("1 marked")
        await at_all_sizes(console, "job", *(f"{count:,}" for name, count in COUNTERS[0].items()))


async def test_quarantine(account: LongAccount) -> None:
    async with console_at(account) as console:
        await console.sees("8 loaded", "live")
        await console.press("Q")
        await console.sees(" found, all loaded")
        await console.press("space", "space", "j")
        await console.sees("2 marked")
        await at_all_sizes(console, "quarantine", "10,000")


async def test_a_message_and_help(account: LongAccount) -> None:
    async with console_at(account) as console:
        await console.sees("8 loaded", "live")
        await console.press("Q")
        await console.sees(" found, all loaded")
        await console.press("enter")
        await console.sees("› message", "held  read")
        await at_all_sizes(console, "message")
        await console.press("question_mark")
        await console.sees("Help › message")
        await at_all_sizes(console, "help")


@pytest.mark.parametrize("screen", ["review", "canary"])
async def test_a_plan(account: LongAccount, screen: str) -> None:
    async with console_at(account) as console:
        await console.sees("8 loaded", "live")
        await console.press("Q")
        await console.sees(" found, all loaded")
        await console.press("space", "space", "space", "space", "space", "R")
        await console.sees("not sent yet")
        console.app.screen.query_one("#reason", Input).value = TEXTS[0][:500]
        if screen == "canary":
            await console.press("enter")
            await console.type("4")
            await console.press("enter")
            await console.sees("A sends the other")
        await at_all_sizes(console, screen)
