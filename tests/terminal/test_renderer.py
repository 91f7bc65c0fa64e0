"""What is written as differences shows the same as what plain Textual writes, cell by cell, frame by frame."""

import os
from random import Random

import pytest
from rich.color import ColorSystem
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.gallery import ACTIONS, KEYS, Gallery
from tests.support.twins import MemoryDriver, TwinApp
from tui_app.terminal.renderer import erases_in_colour
from tui_app.terminal.screen_buffer import ScreenBuffer

SIZES = ((40, 14), (52, 18), (33, 12), (80, 24))
SYSTEMS = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "16": ColorSystem.STANDARD,
    "none": None,
}


async def session(seed: int, system: str, steps: int, *, contested: float) -> Gallery:
    random = Random(seed)
    size = random.choice(SIZES)
    app = Gallery(size, seed, contested=contested)
    app.console._color_system = SYSTEMS[system]
    app._sync_available = random.random() < 0.5
    async with app.run_test(headless=False, size=size, notifications=True) as pilot:
        await pilot.pause()
        for number in range(steps):
            what = await one_step(app, pilot, random)
            await pilot.pause()
            if app.differences:
                print(app.differences[:6], app.evidence)
                pytest.fail(f"seed {seed}, {system}, step {number}, {what}: {app.differences[0]}")
    return app


async def one_step(app: Gallery, pilot: Pilot[None], random: Random) -> str:
    dice = random.random()
    if dice < 0.4:
        key = random.choice(KEYS)
        await pilot.press(*[key] * random.choice((1, 1, 2, 5)))
        return key
    if dice < 0.47:
        width, height = random.choice(SIZES)
        app.resize_papers(width, height)
        if app._size == (width, height):
            app.repaint_all()
        else:
            await pilot.resize_terminal(width, height)
            while app._resize_timer is not None or app.screen.size != (width, height):
                await pilot.pause(0.01)
        return f"{width}x{height}"
    action = random.choice(ACTIONS)
    app.step(action)
    return action


def report(capsys: pytest.CaptureFixture[str], sessions: int) -> None:
    with capsys.disabled():
        print(
            f"\n{sessions} sessions, {TwinApp.frames} frames, {TwinApp.lines_compared} lines equal to plain Textual's,"
            f" {TwinApp.guesses} lines of contested width, 0 differences; {dict(TwinApp.kinds)}"
        )


@pytest.mark.parametrize("system", SYSTEMS)
async def test_random_sessions_look_as_plain_textual(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if system == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    await session(list(SYSTEMS).index(system), system, 4, contested=0.05 if system == "256" else 0)


@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
async def test_hundreds_of_sessions_look_as_plain_textual(
    system: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if system == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    count = int(os.environ.get("SESSIONS", "100"))
    first = int(os.environ.get("FIRST_SEED", "1000"))
    for seed in range(first, first + count):
        await session(seed, system, 20, contested=Random(seed).choice((0, 0.02, 0.2)))
    report(capsys, count)


async def test_a_screen_cleared_behind_its_back_is_whole_again_on_demand() -> None:
    app = Gallery((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.pause()
        app.lose_terminal()
        app.repaint_all()
        await pilot.pause()
        assert app.settled and not app.differences
        assert "?" not in "".join(app.ours.display)


async def test_a_frame_without_news_writes_nothing() -> None:
    app = Gallery((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.pause()
        app.label().update("same", layout=False)
        await pilot.pause()
        before, frames = app.bytes_ours, TwinApp.frames
        for widget in app.screen.query("*"):
            widget.refresh()
        await pilot.pause()
        assert (app.bytes_ours, TwinApp.frames > frames) == (before, True)


async def test_the_cursor_stands_in_the_field_that_is_typed_in_and_is_left_alone_elsewhere() -> None:
    app = Gallery((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.pause()
        app.query_one(Input).focus()
        await pilot.pause()
        await pilot.press("a", "字", "left")
        await pilot.pause()
        assert (app.ours.cursor.x, app.ours.cursor.y) == tuple(app.cursor_position)
        app.table.focus()
        await pilot.pause()
        before = app.bytes_ours
        app.table.refresh()
        await pilot.pause()
        assert app.bytes_ours == before


async def test_a_fault_of_ours_is_painted_by_textual_and_the_next_frame_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Gallery((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.pause()
        right, faults = ScreenBuffer.frame, list[int]()

        def frame(self: ScreenBuffer, *arguments: object) -> str:
            if not faults:
                faults.append(len(app.written))
                raise RuntimeError
            return right(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(ScreenBuffer, "frame", frame)
        app.label().update("fault", layout=False)
        await pilot.pause()
        app.label().update("after", layout=False)
        await pilot.pause()
        painted, whole = app.written[faults[0] : faults[0] + 2]
        assert painted.startswith("\x1b[m\x1b[") and "\x1b[2J" not in painted
        assert "\x1b[2J" in whole
        assert "after" in "".join(app.ours.display) and not app.differences


async def test_turned_off_it_is_plain_textual_byte_for_byte() -> None:
    class Plain(Gallery):
        output_diffed = False

    app = Plain((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.press("down", "down", "pagedown")
        await pilot.pause()
        assert app.exact_frames == len(app.written) > 3 and app._buffer is None


async def test_the_pen_is_plain_when_the_terminal_is_given_back() -> None:
    app = Gallery((40, 14), 1, contested=0)
    async with app.run_test(headless=False, size=(40, 14)) as pilot:
        await pilot.pause()
        driver = app._driver
        assert isinstance(driver, MemoryDriver)
        with app.suspend():
            assert driver.written[-1] == "\x1b[m"


@pytest.mark.parametrize(("name", "erases"), [("xterm-256color", True), ("screen-256color", False), ("screen.xterm-new", False), ("screen-256color-bce", True), ("tmux-256color", True), ("", True)])  # fmt: skip
def test_gnu_screen_erases_without_colour(name: str, erases: bool) -> None:
    assert erases_in_colour(name) is erases
