"""Screens of text say which of their lines are shown."""

import re

from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.simulator.server import Simulator


async def position(console: Console) -> tuple[int, int, int]:
    found = re.search(r"lines (\d+)-(\d+) of (\d+)$", await console.settles(), re.MULTILINE)
    assert found, console.text
    return int(found[1]), int(found[2]), int(found[3])


async def test_the_help_says_which_lines_are_shown(still_simulator: Simulator, still_clock: StillClock) -> None:
    # So wide that no line is folded: lines are counted as they were written.
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(120, 24)) as console:
        await console.sees("12 loaded")
        await console.press("?")
        await console.sees("Help › jobs")
        first, last, lines = await position(console)
        assert first == 1 and last < lines
        await console.press("j")
        assert await position(console) == (2, last + 1, lines)
        await console.press("G")
        assert await position(console) == (lines - last + 1, lines, lines)
        await console.press("g")
        assert await position(console) == (1, last, lines)


async def test_a_larger_window_shows_more_lines(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(60, 16)) as console:
        await console.sees("12 loaded")
        await console.press("?")
        await console.sees("Help › jobs")
        _, last, lines = await position(console)
        await console.pilot.resize_terminal(60, 20)
        _, more, same = await position(console)
        assert (more, same) == (last + 4, lines)
        await console.pilot.resize_terminal(60, 120)
        await console.loses("lines 1-")
