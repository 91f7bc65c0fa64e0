"""What is written as differences shows the same as what plain Textual writes, cell by cell, frame by frame."""

import os
from random import Random

import pytest
from rich.color import ColorSystem
from textual.pilot import Pilot

from tests.support.gallery import ACTIONS, KEYS, Gallery
from tests.support.twins import TwinApp

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
    for seed in range(3):
        await session(seed, system, 12, contested=0.05 if seed else 0)


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
