"""What the last line offers, from 60 to 200 columns: what can be done here and now, and what acts on mail before the rest."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from tests.conftest import MOMENT
from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on, held_open
from tests.support.services import held_mail, settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.plans.plan import Plan
from tui_app.plans.records import intent_record, result_record, settled_record
from tui_app.plans.state import Outcome, Result
from tui_app.simulator.server import Options, Simulator, running

WIDTHS = ((60, 16), (80, 24), (120, 40), (200, 50))
FORMERLY = "4NAAAAAAAAAAAA0{}-2026-11-20T11:00:00-{}"


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=20, messages=60, faults="none"), clock=lambda: MOMENT) as account:
        yield account


def is_as_wide(console: Console, columns: int) -> bool:
    return columns - 3 < console.app.screen.query_one("#footer").size.width <= columns


async def footers(console: Console) -> list[list[str]]:
    """The labels with their keys, in each of the windows."""
    found = []
    for columns, lines in WIDTHS:
        await console.pilot.resize_terminal(columns, lines)
        await console.until(partial(is_as_wide, console, columns), "it is laid out")
        found.append((await console.settles()).rstrip().split("\n")[-1].split("  "))
    return found


def halted(console: Console, *outcomes: Outcome) -> str:
    """A plan of this account that was begun before: one message of each outcome, and one that was never sent; its id."""
    service = console.app.service
    targets = [held_mail(FORMERLY.format(number, number)) for number in range(len(outcomes) + 1)]
    plan = Plan.make(targets, "INC-4802", 25, Random(1))
    journal, _ = service.plans.ledger.begin(plan, service.settings.identity)
    journal.add(intent_record(targets[:-1], "ids", MOMENT))
    for target, outcome in zip(targets, outcomes, strict=False):
        result = Result(target, outcome)
        if outcome in (Outcome.NOT_SEEN, Outcome.UNKNOWN):
            journal.add(settled_record(result, MOMENT))
        else:
            journal.add(result_record([result], http=200, ray=None, ms=1, at=MOMENT))
    journal.close()
    return plan.plan_id


async def test_a_halted_plan_offers_what_ends_the_doubt_before_all_else(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        halted(console, Outcome.NOT_SEEN, Outcome.DELIVERED)
        await console.press("H")
        await console.sees("1 plan, 1 unfinished")
        await console.press("enter")
        await console.sees("Release › plan", "W sends them again")
        narrow, *others = await footers(console)
        assert narrow[:2] == ["A send the rest", "W send again"] and narrow[-2:] == ["esc back", "? help"]
        for keys in others:
            assert keys[:2] == ["A send the rest", "W send again"] and keys[2].startswith("C close")
            assert keys[-2:] == ["esc back", "? help"]
            assert "v settle" in keys
        assert {"E report", "c check"} <= set(keys)
        assert not {"p pause", "S stop", "T retry failed"} & set(keys), "it is not at work, and nothing failed"


async def test_a_job_offers_no_cancel_when_it_has_ended_and_no_delete_before(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await open_job(console, "140 to retry")
        await console.sees("140 failed")
        for keys in await footers(console):
            assert keys[:3] == ["T retry failed", "U undo", "D delete"]
            assert not [key for key in keys if key.startswith("X ")]
        await console.press("escape")
        await console.sees("12 loaded")
        await open_job(console, "INC-4711 wave 2")
        for keys in await footers(console):
            assert keys[0] == "X cancel"
            assert not [key for key in keys if key[:2] in ("D ", "T ", "U ")]


async def test_a_job_without_rows_offers_nothing_that_acts_on_rows(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await open_job(console, "queued")
        await console.sees("Nothing found yet")
        for keys in await footers(console):
            assert not {"R release", "V move", "a mark all", "space mark"} & set(keys)
        await console.press("R")
        await console.sees("No row is listed.")
        await console.press("question_mark")
        await console.sees("release · not now: No row is listed.")


async def test_help_says_why_not_now_and_the_key_says_what_to_do_about_it(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded")
        await console.press("slash")
        await console.type("nothing-like-this")
        await console.press("enter")
        await console.sees("None of the 12 jobs matches the filter. esc ends the filter")
        await console.press("question_mark")
        await console.sees("mark · not now: None of the 12 jobs matches the filter.")
        assert "esc ends the filter" not in console.text
        await console.press("q", "space")
        await console.sees("esc ends the filter")


async def test_while_rows_are_awaited_no_key_comes_and_goes(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await open_job(console, "140 to retry")
        await console.sees("R release", "1,000 loaded")
        gate = held_open(monkeypatch, EmailSecurityClient, "list_job_messages")
        await console.press("5")
        await console.sees("Asking the API for the job's messages…", "R release")
        await console.press("R")
        await console.until(lambda: console.text.count("Asking the API for the job's messages…") == 2, "the answer")
        gate.set()
        await console.sees("140 loaded", "R release")


async def test_a_read_only_profile_is_offered_no_write_at_any_width(account: Simulator) -> None:
    settings = replace(settings_for(account), read_only=True)
    async with console_on(settings, clock=StillClock(MOMENT)) as console:
        await open_job(console, "140 to retry")
        for keys in await footers(console):
            assert not [key for key in keys if key[:2] in ("X ", "D ", "T ", "U ", "R ", "V ", "n ")]


async def test_what_acts_on_what_is_under_the_cursor_loses_no_label_while_a_look_keeps_one(account: Simulator) -> None:
    """T, U, R and V act on rows; the keys that only open a form for ids or a job are ways to another screen."""
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        while "140 to retry" not in console.text.splitlines()[-2]:
            await console.press("j")
        on_jobs = [f"{key} " for key in "nDTU"]
        on_job = [f"{key} " for key in "TUDRV"]
        for keys in await footers(console):
            assert_in_order(keys, on_jobs)
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded")
        for keys in await footers(console):
            assert_in_order(keys, on_job)


async def test_no_undo_is_offered_of_what_is_gone_for_good(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT)) as console:
        await console.sees("12 loaded", "live")
        while "Hard delete" not in console.text.split("▸")[1].splitlines()[0]:
            await console.press("j")
        assert "T retry failed" in console.text and "U undo" not in console.text
        await console.press("enter")
        await console.sees("Jobs ›", "Hard delete")
        assert "U undo" not in console.text


async def test_marks_change_what_is_offered_at_once(account: Simulator) -> None:
    async with console_on(settings_for(account), clock=StillClock(MOMENT), size=(200, 50)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded", "final")
        assert "u unmark" not in console.text
        await console.press("space")
        assert "u unmark" in console.text
        await console.press("u")
        assert "u unmark" not in console.text


def assert_in_order(keys: list[str], acting: list[str]) -> None:
    """As many of the acting ones as have room; others only behind all of them."""
    offered = [key[:2] for key in keys[:-2]]
    assert set(offered[: len(acting)]) <= set(acting), keys
