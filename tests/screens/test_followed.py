"""A followed job or plan ends while another screen is shown: bell, notice, activity, title."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from tests.conftest import MOMENT
from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.config.schema import UiSettings
from tui_app.jobs import poller
from tui_app.simulator.server import Options, Simulator, running


class Time:
    """The account's time; that of the console stands still."""

    def __init__(self) -> None:
        self.now = MOMENT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def account(time: Time, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    # What is behind the screen is asked at once, not in half a minute.
    monkeypatch.setattr(poller, "SLOWEST_STILL", 0.02)
    with running(Options(quota=0, messages=600, held=20, faults="none"), clock=time) as simulator:
        yield simulator


@contextmanager
def rings(console: Console) -> Iterator[list[None]]:
    heard: list[None] = []
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(console.app, "bell", lambda: heard.append(None))
        yield heard


def title(console: Console) -> str:
    return console.app.window_title._text


def running_ids(account: Simulator) -> list[str]:
    states = ("PENDING", "DISCOVERING", "PROCESSING")
    return [job["job_id"][:8] for job in account.account.list_jobs(None, None) if job["status"] in states]


async def test_the_end_of_a_job_is_told_on_another_screen(
    account: Simulator, still_clock: StillClock, time: Time
) -> None:
    ids = running_ids(account)
    async with console_on(settings_for(account, profile="prod"), clock=still_clock) as console:
        await console.sees("12 loaded, 3 running")
        assert title(console).startswith("mailsluice prod · ")
        assert title(console).endswith(" % · 3 running")
        with rings(console) as heard:
            await console.press("Q")
            await console.sees("Quarantine")
            assert heard == []
            time.now += timedelta(hours=1)
            await console.until(lambda: len(heard) == 3, "three ends")
            await console.sees("ended: completed")
        said = [entry.sentence for entry in console.app.service.activities]
        assert all(any(sentence.startswith(f"Job {short} ended: completed") for sentence in said) for short in ids)
        assert title(console) in {f"mailsluice prod · {short} completed" for short in ids}
        asked = len(account.wire())
        await console.press("j")
        await console.loses("ended: completed")
        assert len(account.wire()) == asked, "nothing runs, nothing is asked"


async def test_the_open_job_is_asked_for_by_its_id_and_the_others_by_the_list(
    account: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(account), clock=still_clock) as console:
        await console.sees("12 loaded, 3 running")
        before = len(account.wire())
        await open_job(console, "INC-4713")
        job = console.app.screen._job.id  # type: ignore[attr-defined]

        def asked() -> list[str]:
            return [request["path"].rpartition("/investigate/")[2] for request in account.wire()[before:]]

        await console.until(lambda: f"bulk/{job}" in asked() and asked().count("bulk") > 2, "polls of both kinds")
        assert set(asked()) == {"bulk", f"bulk/{job}", f"bulk/{job}/messages"}


async def test_nobody_who_wants_no_bell_hears_one(account: Simulator, still_clock: StillClock, time: Time) -> None:
    settings = settings_for(account, ui=UiSettings(bell=False))
    async with console_on(settings, clock=still_clock) as console:
        await console.sees("12 loaded, 3 running")
        with rings(console) as heard:
            time.now += timedelta(hours=1)
            await console.press("r")
            await console.sees("ended: completed")
        assert heard == []


async def test_a_sparkline_stands_beside_the_bar_and_changes_only_with_news(
    account: Simulator, still_clock: StillClock, time: Time
) -> None:
    async with console_on(settings_for(account), clock=still_clock) as console:
        await open_job(console, "INC-4711")
        line = console.app.screen.query_one("#progress")
        assert "no estimate yet" in console.text
        for _ in range(4):
            asked = len(account.wire())
            time.now += timedelta(seconds=1)
            await console.press("r")
            await console.until(lambda asked=asked: len(account.wire()) > asked + 1, "a poll")
        await console.until(lambda: "left (±" in console.text, "an estimate")
        shown = str(line.render())  # type: ignore[attr-defined]
        assert set(shown) & set("▁▂▃▄▅▆▇█")
        assert len(shown) <= 80


async def test_the_end_of_a_plan_rings_once_is_in_the_title_and_jobs_that_end_leave_its_next_step_alone(
    account: Simulator, still_clock: StillClock, time: Time
) -> None:
    async with console_on(settings_for(account), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("found, all loaded")
        with rings(console) as heard:
            await console.press("space", "R")
            await console.sees("not sent yet")
            await console.type("INC-1")
            await console.press("enter")
            await console.type("1")
            await console.press("enter")
            await console.sees("all sent", "esc back")
            await console.until(lambda: bool(heard), "the bell")
            plan = console.app.service.plan_state
            assert plan is not None
            assert len(heard) == 1
            assert title(console).endswith(f" · plan {plan.plan.plan_id} {plan.phase.value}")
            time.now += timedelta(hours=1)
            await console.until(lambda: len(heard) == 4, "three jobs end")
            assert "Every id is accounted for" in await console.settles()
        said = [entry.sentence for entry in console.app.service.activities]
        assert len([sentence for sentence in said if "ended: completed" in sentence]) == 3
