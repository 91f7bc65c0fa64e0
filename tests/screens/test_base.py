"""What the console shows of the token's quota, and that it recovers; what it tells of an API that is not as documented."""

import asyncio
from typing import Any

import pytest
from textual.events import Key

from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import PATIENCE, console_on
from tests.support.services import settings_for
from tui_app.simulator.jobs import SimulatedJob
from tui_app.simulator.quota import Quota
from tui_app.simulator.server import Options, running


async def test_a_429_on_a_write_stops_the_polls_and_counts_down_everywhere() -> None:
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("live")
            await console.press("Q")
            await console.sees("found, all loaded")
            simulator.set_faults("rate_limit=120@search")
            await console.press("r")
            await console.sees("rate limit, again in 1")
            await console.press("escape")
            await console.sees("Jobs", "rate limit, again in 1")
            asked = len(simulator.wire())
            await console.press("r")
            await console.press("Q")
            await console.sees("rate limit, again in 1")
            assert len(simulator.wire()) == asked, "nothing is sent into a 429"


async def test_a_request_without_an_answer_is_counted_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.screens.frame.LONG_WAIT", 0.2)
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("live")
            simulator.set_faults("stall_before@search")
            await console.press("Q")
            await console.sees("Quarantine", "no answer for ")
            await console.press("escape")
            await console.sees("12 loaded")
            await console.loses("no answer for ")


async def test_the_last_requests_are_kept_for_the_operator() -> None:
    with running(Options(quota=60, messages=20, held=20, speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("live")
            simulator.api.quota._used = 45  # somebody else used the token
            await console.press("r")
            await console.sees("saving requests, again in", "10+ requests left")
            await console.press("Q")
            await console.sees("found, all loaded")


async def test_the_review_says_when_a_release_costs_more_than_is_left() -> None:
    with running(Options(quota=0, messages=20, held=60, speed=NO_JOB_ENDS)) as simulator:
        simulator.account.jobs.clear()  # a running one would be asked for meanwhile
        async with console_on(settings_for(simulator)) as console:
            await console.press("Q")
            await console.sees("found, all loaded")
            simulator.api.quota = Quota(3)
            await console.press("r")
            await console.until(lambda: console.app.service.budget.remaining == 2)
            await console.settles()
            await console.sees("found, all loaded")
            await console.press("a")
            await console.sees("marked")
            await console.press("R")
            await console.sees("4 requests, 25 messages each", "only 2 left")


async def test_a_key_is_answered_whatever_the_clock_of_frames_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("live")
            await console.settles()
            painted = asyncio.Event()
            console.app.screen._update_timer.stop()  # it paints no more
            monkeypatch.setattr(type(console.app), "post_display_hook", lambda _: painted.set())
            console.app.post_message(Key("j", "j"))
            await asyncio.wait_for(painted.wait(), PATIENCE)


async def test_what_is_in_flight_is_neither_not_sent_nor_done() -> None:
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.press("Q")
            await console.sees("found, all loaded")
            simulator.set_faults("stall_after@release")
            await console.press("space", "R")
            await console.sees("not sent yet")
            await console.type("x")
            await console.press("enter")
            await console.type("1")
            await console.press("enter")
            await console.sees("1 in flight")
            assert "1 not sent" not in console.text
            state = console.app.service.plan_state
            assert state is not None
            assert state.abandoned().describe() == "1 unknown"
            simulator.stop()  # the server goes away, and with it the answer
            await console.sees("1 unknown")
    assert len(simulator.account.truth.of("release")) == 1


async def test_the_activity_page_tells_what_the_api_sent_that_is_not_documented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = SimulatedJob.wire

    def wire(job: SimulatedJob, *arguments: Any) -> dict[str, Any]:
        return {**original(job, *arguments), "shard\x1b[2J": 7, "comment": "[/]"}

    monkeypatch.setattr(SimulatedJob, "wire", wire)
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("live")
            await console.press("exclamation_mark")
            await console.sees("1 not documented", "The API sent 1 thing that is not documented:")
            await console.sees("Job has the field 'shard␛[2J'")


@pytest.mark.parametrize("key", ["exclamation_mark", "H", "Q", "enter", "question_mark"])
async def test_a_screen_that_is_being_removed_shows_nothing_more(key: str) -> None:
    """Its widgets go one by one: news that comes meanwhile must not look for one that is gone already."""
    with running(Options(quota=0, messages=20, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await console.sees("12 loaded")
            await console.press(key)
            await console.settles()
            screen: Any = console.app.screen
            assert screen.ready
            leaving = console.app.pop_screen()
            removing = screen.remove()
            assert not screen.ready
            screen.show_frame()
            screen.notice("nobody sees this")
            await removing
            await leaving
            screen.show_frame()
            screen.notice("nor this")
