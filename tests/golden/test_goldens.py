"""The screens at 80x24, at a moment that does not pass."""

import pytest

from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.golden import assert_golden
from tests.support.screens import console_on
from tests.support.services import settings_for
from tui_app.simulator.server import Simulator


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_jobs(still_simulator: Simulator, still_clock: StillClock, size: tuple[int, int]) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=size) as console:
        await console.sees("12 loaded", "live")
        await console.press("j", "j", "j", "j")
        await console.sees("INC-4705 gift card campaign · sender")
        assert_golden(f"jobs-{size[0]}x{size[1]}", await console.settles())


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_a_job_with_failures(still_simulator: Simulator, still_clock: StillClock, size: tuple[int, int]) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=size) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded", "final")
        await console.press("space", "space")
        await console.sees("2 marked")
        assert_golden(f"job-{size[0]}x{size[1]}", await console.settles())


async def test_a_job_by_reason(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.press("w")
        await console.sees("140 failed rows, 3 reasons", "all loaded 12:00")
        await console.press("j", "space", "r")
        await console.sees("all loaded 12:00", "final")
        await console.sees("31 marked")
        assert_golden("reasons-80x24", await console.settles())


async def test_a_row(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("enter")
        await console.sees("read 12:00:00")
        assert_golden("message", await console.settles())


async def test_quarantine_review_and_outcome(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded", "read 12:00")
        await console.press(*["space"] * 6)
        await console.sees("6 marked")
        assert_golden("quarantine", await console.settles())
        await console.press("R")
        await console.sees("not sent yet", "Held back")
        await console.until(
            lambda: console.app.focused is not None and console.app.focused.id == "reason", "the reason has the focus"
        )
        assert_golden("review", await console.settles())
        await console.type("INC-4802")
        await console.press("enter")
        await console.type("5")
        await console.press("enter")
        await console.sees("all sent", "esc back")
        assert_golden("outcome", await console.settles())


async def test_hostile_mail(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded")
        await console.press("slash")
        await console.type("from:evil.example")
        await console.press("enter")
        await console.sees("23 found, all loaded", "read 12:00")
        assert_golden("hostile", await console.settles())


async def test_new_job_and_its_confirmation(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("new job")
        await console.type("billing@evil.example")
        await console.press("enter")
        await console.sees("Enter again to confirm")
        assert_golden("new-job", await console.settles())
        await console.press("enter")
        await console.sees("start this job?")
        assert_golden("new-job-confirm", await console.settles())


async def test_cancel_review_and_help(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded", "live")
        await console.press("j", "X")
        await console.sees("Cancel this job?")
        assert_golden("cancel", await console.settles())
        await console.press("escape")
        await console.sees("Nothing was sent")
        await console.press("question_mark")
        await console.sees("Help ›")
        assert_golden("help", await console.settles())
