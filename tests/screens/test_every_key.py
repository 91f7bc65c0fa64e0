"""Every key of the keyboard on every screen: it does something that can be seen, or the line above the footer says why not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

from tests.conftest import MOMENT
from tests.screens.test_jobs import open_job
from tests.screens.test_prompt import command
from tests.screens.test_review import confirm
from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.actions import ACTIONS
from tui_app.config.schema import View
from tui_app.key_map import SIGNS, USUAL
from tui_app.screens.base import ConsoleScreen
from tui_app.simulator.server import Options, Simulator, running

_NAMES: Final = {sign: name for name, sign in SIGNS.items()} | {" ": "space"}
PRINTABLE: Final = tuple(_NAMES.get(key, key) for key in map(chr, range(32, 127)) if key != "z")
"""All but the one that suspends, which would stop the tests; pty/test_keys.py presses it."""
OTHERS: Final = (
    *(f"f{number}" for number in range(1, 13)), *(f"ctrl+{letter}" for letter in "defgklnoprtuvwxy"), "enter", "up", "down",
    "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace", "escape",
)  # fmt: skip
NOTHING_TO_SEE: Final = {
    "screen.repaint": "paints what is there already",
    "row.first": "there already",
    "row.last": "there already",
    "row.up": "at the top",
    "row.down": "at the end",
    "page.up": "at the top",
    "page.down": "at the end",
    "view.refresh": "the header tells when it was read: to the minute, and here no time passes",
}
"""Actions that may leave the screen as it is, and why nobody misses a word about that."""
SOON: Final = 3.0
"""Seconds in which a key has its answer here: most have it in a frame."""

Way = Callable[[Console], Awaitable[None]]


async def to_jobs(console: Console) -> None:
    await console.sees("12 loaded")


async def to_job(console: Console) -> None:
    await open_job(console, "140 to retry")
    await console.press("0", "j")  # which tab it was left at is remembered, and so is a filter
    await console.sees("140 failed", "loaded", "▸")
    if " match " in console.text:
        await console.press("escape")
    await console.sees("00 loaded")


async def to_reasons(console: Console) -> None:
    await to_job(console)
    await console.press("w")
    await console.sees("3 reasons", "all loaded")


async def to_quarantine(console: Console) -> None:
    await console.press("Q")
    await console.sees("found, all loaded")


async def to_mail(console: Console) -> None:
    await command(console, "mail 30d")
    await console.sees("Mail", " found", "▸")


async def to_groups(console: Console) -> None:
    await to_quarantine(console)
    await console.press("w")
    await console.sees("› groups")


async def to_message(console: Console) -> None:
    await to_quarantine(console)
    await console.press("j", "enter")
    await console.sees("Quarantine › message", "held  read")


async def to_copy(console: Console) -> None:
    await to_quarantine(console)
    await console.press("Y")
    await console.sees("t plain text")


async def to_columns(console: Console) -> None:
    await command(console, "columns")
    await console.sees("take or leave")


async def to_plan(console: Console) -> None:
    await to_ledger(console)
    await console.press("enter")
    await console.sees("Release › plan", "all sent")


async def to_ledger(console: Console) -> None:
    await console.press("H")
    await console.sees("Ledger", "1 plan")


async def to_record(console: Console) -> None:
    await to_ledger(console)
    await console.press("i")
    await console.sees("on record")


async def to_targets(console: Console) -> None:
    await to_quarantine(console)
    await console.press("space", "space", "R")
    await console.sees("not sent yet")
    await console.press("f2")
    await console.loses("Include")


async def to_help(console: Console) -> None:
    await console.press("question_mark")
    await console.sees("Help › jobs")


async def to_activity(console: Console) -> None:
    await console.press("exclamation_mark")
    await console.sees("Activity")


async def to_handover(console: Console) -> None:
    await command(console, "handover")
    await console.sees("# Handover")


async def to_doctor(console: Console) -> None:
    await command(console, "doctor")
    await console.sees("Doctor")


async def to_profiles(console: Console) -> None:
    await console.press("P")
    await console.sees("Profiles")


async def to_all_jobs(console: Console) -> None:
    await command(console, "jobs all")
    await console.sees("Jobs of all profiles")


WAYS: Final[dict[str, Way]] = {
    "jobs": to_jobs,
    "job": to_job,
    "reasons": to_reasons,
    "quarantine": to_quarantine,
    "mail": to_mail,
    "groups": to_groups,
    "message": to_message,
    "copy": to_copy,
    "columns": to_columns,
    "plan": to_plan,
    "ledger": to_ledger,
    "targets": to_targets,
    "help": to_help,
    "activity": to_activity,
    "handover": to_handover,
    "doctor": to_doctor,
    "profiles": to_profiles,
    "all_jobs": to_all_jobs,
}


def test_every_screen_of_the_registry_is_tried() -> None:
    known = {place for action in ACTIONS for place in action.where} - {"app"}
    assert known - set(WAYS) == {"record"}, "a record is a text with a few keys of the ledger's"


@asynccontextmanager
async def console_with_a_plan(account: Simulator) -> AsyncIterator[Console]:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await to_quarantine(console)
        await console.press("space", "space", "R")
        await console.sees("not sent yet", "Reason")
        await confirm(console, 2)
        await console.sees("all sent")
        await console.press("escape", "u", "escape")
        await console.sees("12 loaded")
        yield console


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


async def home(console: Console) -> None:
    """Back to the jobs, whatever is open."""
    while len(console.app.screen_stack) > 2:
        console.app.pop_screen()
        await console.pilot.pause()
    await console.press("escape")
    console.app.screen.show_view(View("jobs"))  # type: ignore[attr-defined]
    await console.sees("12 loaded")


def looks(console: Console, said: list[str]) -> tuple[object, ...]:
    """What somebody sees: the screen, what lies over it, and what was said, be it for a moment."""
    return (*map(id, console.app.screen_stack), console.text, len(said))


async def is_silent(console: Console, key: str) -> bool:
    """Whether a key is pressed and nothing comes of it."""
    screen = console.app.screen
    if isinstance(screen, ConsoleScreen):
        screen.notice("")
        if (table := screen.table()) is not None and len(table.shown) > 2:
            table.move_to(1)
    said: list[str] = []

    def notice(screen: ConsoleScreen, sentence: str, **how: bool) -> None:
        said.extend([sentence] if sentence else [])
        tell(screen, sentence, **how)

    tell, before = ConsoleScreen.notice, looks(console, said)
    with patch.object(ConsoleScreen, "notice", notice):
        await console.press(key)
        end = asyncio.get_running_loop().time() + SOON
        while looks(console, said) == before:
            if asyncio.get_running_loop().time() > end:
                return True
            await console.pilot.pause(0.01)
    return False


async def silent_keys(console: Console, place: str, keys: tuple[str, ...]) -> list[str]:
    """Which of these keys do nothing and say nothing on a screen."""
    silent, at = [], None
    for key in keys:
        if console.app.screen is not at or looks_busy(console):
            await home(console)
            await WAYS[place](console)
            at = console.app.screen
        if await is_silent(console, key):
            silent.append(key)
    return silent


def looks_busy(console: Console) -> bool:
    """Whether a line is open, a search was begun or rows are left out: what the next key does would be another thing."""
    screen = console.app.screen
    return not isinstance(screen, ConsoleScreen) or screen.line_help() is not None


def excused(place: str, key: str) -> bool:
    """Whether the key has an action of which nothing need be seen."""
    here = [action for action in USUAL.at(place, read_only=False) if key in action.keys]
    return bool(here) and here[0].id in NOTHING_TO_SEE


@pytest.mark.long
@pytest.mark.parametrize("place", WAYS)
async def test_every_key_is_answered(
    place: str, account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = tuple(key for key in (*PRINTABLE, *OTHERS) if (key, place) != ("q", "jobs"))
    async with console_with_a_plan(account) as console:
        silent = [key for key in await silent_keys(console, place, keys) if not excused(place, key)]
    assert not silent, silent


async def test_every_key_is_answered_on_jobs(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        silent = await silent_keys(console, "jobs", tuple(key for key in PRINTABLE if key != "q"))
    assert [key for key in silent if not excused("jobs", key)] == []
