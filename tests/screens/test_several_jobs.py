"""Marked jobs on the first screen: cancelled and deleted together, each on its own record, and with a reason."""

import os
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from fcntl import LOCK_EX, flock
from typing import Any

import pytest

from tests.screens.test_jobs import move_to_job, open_job
from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.api.errors import Notice
from tui_app.config.schema import GuardSettings
from tui_app.core.text import Untrusted
from tui_app.plans import account_lock
from tui_app.plans.storage import Storage
from tui_app.plans.write_entry import WriteEntry
from tui_app.screens.jobs import JobsScreen
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Its jobs run for longer than any test takes, and its faults can be set."""
    with running(Options(quota=0, messages=3012, held=120, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def acted(simulator: Simulator) -> list[str]:
    """What was done to the account; reading it is nothing."""
    return [entry["action"] for entry in simulator.account.truth.entries if entry["action"] != "wire"]


def marked(console: Console) -> list[str]:
    screen = console.app.screen
    assert isinstance(screen, JobsScreen)
    return list(screen.marked_ids())


def contradicted(patches: pytest.MonkeyPatch, *names: str) -> None:
    """Let the answers to these requests name an error beside success."""

    def contradicting(real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*arguments: Any, **named: Any) -> Any:
            result = await real(*arguments, **named)
            return replace(result, errors=(Notice(10500, Untrusted("went wrong")),))

        return asked

    for name in names:
        patches.setattr(EmailSecurityClient, name, contradicting(getattr(EmailSecurityClient, name)))


def on_record(console: Console) -> list[WriteEntry]:
    """All writes, the oldest first."""
    return list(reversed(console.app.service.plans.ledger.overview().writes))


async def test_marks_are_kept_by_id_through_tabs_sorting_and_reading_again(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded", "live")
        await console.press("space", "j", "v")
        await console.sees("3 marked")
        chosen = marked(console)
        assert len(chosen) == 3
        await console.press("o", "o", "O", "r", "5")
        await console.sees("1 loaded", "3 marked")
        await console.press("X")
        await console.sees("3 marked jobs not listed now: 0 and m show all, u unmarks all.")
        await console.press("a")
        await console.sees("1 job marked, all that are listed; 3 more that are not listed.")
        await console.press("0")
        await console.sees("12 loaded", "4 marked")
        assert set(chosen) < set(marked(console))
        await console.press("u")
        await console.loses("marked ·")
        assert marked(console) == []


async def test_a_job_that_is_gone_is_marked_no_more(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("G", "space")
        await console.sees("1 marked")
        simulator.account.delete_job(simulator.account.jobs[marked(console)[0]])
        await console.press("r")
        await console.sees("11 loaded")
        assert marked(console) == []


async def test_marked_jobs_are_cancelled_one_by_one_and_those_that_have_ended_are_left_alone(
    simulator: Simulator,
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded, 3 running")
        await console.press("a", "X")
        await console.sees(
            "Cancel 3 jobs?",
            "9 marked jobs have ended: left alone.",
            "are completed and stay so",
            "Keep them running (esc)",
        )
        await console.press("y", "enter")
        await console.sees("Not confirmed: type 3")
        assert acted(simulator) == []
        await console.press("ctrl+u", "shift+tab")
        await console.type("INC-4711")
        await console.press("enter")
        await console.type("3")
        await console.press("enter")
        await console.sees("Asked to cancel 3 jobs: 3 cancelled.", "! tells more.")
        await console.sees("12 loaded  ")
        assert [entry["outcome"] for entry in simulator.account.truth.of("cancel_job")] == ["cancelled"] * 3
        assert len(marked(console)) == 9, "what was left alone stays marked"
        entries = on_record(console)
        assert {entry.reason for entry in entries} == {"INC-4711"}
        assert {entry.job for entry in entries} == {e["job_id"] for e in simulator.account.truth.of("cancel_job")}


async def test_marked_jobs_are_deleted_by_their_number(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("g", "space", "G", "space", "k", "space", "D")
        await console.sees(
            "Delete the records of 2 jobs?", "1 marked job is still running: left alone.", "a report first"
        )
        await console.type("2")
        await console.press("enter")
        await console.sees("Asked to delete 2 jobs: 2 deleted.", "10 loaded")
        await console.press("D")
        await console.sees("only ended jobs can be deleted. X cancels it first.")
        assert len(simulator.account.truth.of("delete_job")) == 2


async def test_an_error_beside_success_is_said_of_each_write_to_a_job(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    contradicted(monkeypatch, "delete_job", "create_job")
    async with console_on(settings_for(simulator), size=(120, 30)) as console:
        await console.sees("12 loaded")
        await console.press("G", "space", "k", "space", "D")
        await console.type("2")
        await console.press("enter")
        await console.sees("Asked to delete 2 jobs: 2 deleted with an error told.", "10 loaded")
        await console.press("n")
        await console.sees("more fields")
        await console.type("billing@evil.example")
        await console.press("enter")
        await console.sees("Enter again to confirm")
        await console.press("enter")
        await console.sees("start this job?")
        await console.type(console.text.split("type ")[1].split(" ")[0])
        await console.press("enter")
        await console.sees("New job: done, but the answer also tells an error. ! tells more.", "Jobs › move")


async def test_on_the_screen_of_a_job_an_error_beside_its_deletion_is_said(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    contradicted(monkeypatch, "delete_job")
    async with console_on(settings_for(simulator), size=(120, 30)) as console:
        await console.sees("12 loaded")
        await console.press("G", "enter", "D")
        await console.sees("Delete this job's record?")
        await console.type(console.text.split("type ")[1].split(" ")[0])
        await console.press("enter")
        await console.sees("Asked to delete: done, but the answer also tells an error.", "11 loaded")


async def test_what_fits_none_of_the_marked_jobs_asks_nothing(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("G", "space", "k", "space", "X")
        await console.sees("None of the 2 marked jobs is running: nothing to cancel.")
        await console.press("u", "g", "space", "space", "D")
        await console.sees("None of the 2 marked jobs has ended: only ended jobs can be deleted.")
        assert acted(simulator) == []


async def test_one_of_them_that_is_refused_stops_no_other(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("space", "space", "X")
        await console.sees("Cancel 2 jobs?")
        simulator.set_faults("status=400@cancel_job#1")
        await console.type("2")
        await console.press("enter")
        await console.sees("Asked to cancel 2 jobs: 1 refused, 1 cancelled.")
        assert len(marked(console)) == 1
        assert [entry.standing for entry in on_record(console)] == ["refused", "done"]


async def test_what_concerns_all_of_them_ends_it_and_says_how_many_were_not_tried(
    simulator: Simulator,
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("space", "space", "X")
        await console.sees("Cancel 2 jobs?")
        simulator.set_faults("status=403@cancel_job")
        await console.type("2")
        await console.press("enter")
        await console.sees("Asked to cancel 1 job: 1 refused. 1 not tried.")


async def test_without_a_record_nothing_is_sent_and_the_screen_says_why(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "INC-4713")
        folder = console.app.service.plans.ledger.folder
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.write_text("")
        await console.press("X")
        await console.sees("Cancel this job?")
        await console.press("y")
        await console.until(lambda: console.app.screen.awaiting is False, "the end")  # type: ignore[attr-defined]
        await console.press("exclamation_mark")
        await console.sees("not sent, as it", "can't be put on record", "is not a folder")
        assert acted(simulator) == []


@pytest.mark.parametrize("key", ["X", "D"])
async def test_a_policy_that_asks_for_a_reason_confirms_nothing_without_one(key: str, simulator: Simulator) -> None:
    guard = GuardSettings(require_reason=True)
    async with console_on(settings_for(simulator, guard=guard)) as console:
        await console.sees("12 loaded")
        await console.press("g" if key == "X" else "G", key)
        await console.sees("why; the policy asks for it")
        assert console.app.focused is not None
        assert console.app.focused.id == "reason"
        await console.press("enter")  # on to the answer, though there is no reason
        await answers(console)
        await console.sees("Not confirmed: the policy asks for a reason.")
        assert acted(simulator) == []
        await console.type("yes, INC-1")  # y in a reason is a letter
        await console.press("enter", "ctrl+u")
        await answers(console)
        await console.until(lambda: bool(acted(simulator)), "the write")
        await console.until(lambda: len(on_record(console)) == 1 and not on_record(console)[0].open, "its answer")
        assert on_record(console)[0].reason == "yes, INC-1"


async def answers(console: Console) -> None:
    """Say yes to whatever is asked."""
    wanted = re.findall(r"To do it, type (\w+) and enter", console.text)
    if wanted:
        await console.type(wanted[0])
        await console.press("enter")
    else:
        await console.press("y")


async def test_after_a_cancel_of_a_move_the_way_back_is_offered(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "INC-4711 wave 2")
        await console.press("X")
        await console.sees("Cancel this job?")
        await console.press("y")
        await console.sees("Asked to cancel; the server says: cancelled. U moves back what it moved.")


@pytest.mark.parametrize(("key", "title"), [("X", "Cancel 3 jobs?"), ("D", "Delete the records of 9 jobs?")])
async def test_a_question_about_several_fits_the_smallest_window(
    key: str, title: str, still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(60, 16)) as console:
        await console.sees("12 loaded")
        await console.press("a", key)
        await console.sees(title, "left alone.", "Reason", "To do it, type", "(esc)", "╮", "╯")


async def test_an_answer_that_is_not_on_record_is_said_behind_what_came_of_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = Storage.write

    def full(storage: Storage, descriptor: int, data: bytes) -> int:
        written.append(data)
        return write(storage, descriptor, data) if len(written) == 1 else 0

    monkeypatch.setattr(Storage, "write", full)
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded, 3 running")
        await console.press("X", "y")
        await console.sees("Asked to cancel; the server says: cancelled.", "NOT on record: ! tells why.")
        assert [entry.standing for entry in on_record(console)] == ["unknown"]


async def test_who_writes_to_the_ledger_meanwhile_is_said(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_lock, "_SAID_AFTER", 0.0)
    monkeypatch.setattr(account_lock, "_SIGNED_WITHIN", 0.0)
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded, 3 running")
        ledger = console.app.service.plans.ledger
        ledger._make_folder()
        gate = os.open(ledger.folder / "chain.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            flock(gate, LOCK_EX)
            await console.press("X", "y")
            await console.sees("Waiting for the ledger, 10 s at most: another mailsluice is writing to it.")
            assert acted(simulator) == []
        finally:
            os.close(gate)
        await console.sees("Asked to cancel; the server says: cancelled.")


@pytest.mark.parametrize("marks", [False, True])
@pytest.mark.parametrize(("key", "doing"), [("T", "Reading what failed"), ("U", "Reading what was done")])
async def test_a_key_for_one_job_says_which_one_whatever_is_marked(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, key: str, doing: str, marks: bool
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        for name in ("retry_job", "undo_job"):
            held_open(monkeypatch, console.app.service.follow_ups, name)
        if marks:
            await console.press("space", "space")
        await move_to_job(console, "140")
        name = str(console.app.screen.table().current.job_id)[:8]  # type: ignore[attr-defined]
        await console.press(key)
        await console.sees(f"{doing} of job {name}, the one under the cursor…" if marks else f"{doing} of job {name}…")
