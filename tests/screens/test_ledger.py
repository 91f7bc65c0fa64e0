"""The ledger on the screen: plans and writes to jobs in one list, filtered, sorted, and what is on record of each."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.plans.test_write_records import facts, told
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import held_mail, settings_for
from tui_app.plans.plan import Plan
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.plans.write_entry import WriteEntry
from tui_app.screens.ledger import LedgerScreen, state_of
from tui_app.simulator.server import Simulator

MAIL = "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1"


def write(console: Console, write_id: str, kind: str, job: str, *answers: dict[str, Any], **more: Any) -> None:
    """A write of this account that was made before, with these answers."""
    service = console.app.service
    about = facts(write_id, kind, **{"job": "" if kind == "create" else job, **more})
    journal = service.plans.ledger.begin_write(about, service.settings.identity)
    for each in answers:
        journal.add({**each, "job": job if each["outcome"] == "done" else ""})
    journal.close()


def plan(console: Console, reason: str, outcome: Outcome) -> None:
    service = console.app.service
    target, now = held_mail(MAIL), service.clock.now()
    journal, _ = service.plans.ledger.begin(
        Plan.make([target], reason, 25, service.plans.random), service.settings.identity
    )
    journal.add(intent_record([target], "ids", now))
    journal.add(result_record([Result(target, outcome)], http=200, ray=None, ms=1, at=now))
    journal.close()


def rows(console: Console) -> list[str]:
    """What is done and how it stands, line by line."""
    screen = console.app.screen
    assert isinstance(screen, LedgerScreen)
    return [f"{each.what}: {state_of(each).text}" for each in screen.table().shown]


def jobs_of(simulator: Simulator, *states: str) -> Sequence[str]:
    return [simulator.account.list_jobs(state, None)[0]["job_id"] for state in states]


async def filtered(console: Console, line: str) -> list[str]:
    await console.press("slash", "ctrl+u")
    await console.type(line)
    await console.press("enter")
    await console.settles()
    return rows(console)


async def ledger_of_all_kinds(console: Console, simulator: Simulator) -> None:
    running, ended = jobs_of(simulator, "PROCESSING", "CANCELLED")
    await console.sees("12 loaded")
    write(console, "00000001", "create", running, told(status="PENDING"), reason="INC-4711 wave 2")
    write(console, "00000002", "cancel", running, told("refused"), reason="wrong folder")
    plan(console, "INC-1", Outcome.DELIVERED)
    plan(console, "INC-2", Outcome.FAILED)
    write(console, "00000003", "delete", ended, told(status=""), reason="clean up")
    write(console, "00000004", "create", "", reason="lost")
    write(console, "00000005", "cancel", ended, told(status="COMPLETED"), reason="too late")
    await console.press("H")
    await console.sees("Ledger", "2 plans, 5 job writes, 1 unknown")


async def test_all_writes_are_one_list_and_what_failed_has_no_tick(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await ledger_of_all_kinds(console, still_simulator)
        assert rows(console) == [
            "cancel job: ! completed",
            "create job: ? unknown",
            "delete job: ✔ done",
            "release: ✖ none done",
            "release: ✔ finished",
            "cancel job: ✖ refused",
            "create job: ✔ done",
        ]
        await console.sees("3,012 found", "11-20 12:00", "INC-4711 wave", "the server says: completed")
        assert all(len(line) <= 80 for line in console.text.splitlines())


async def test_it_is_filtered_and_sorted(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await ledger_of_all_kinds(console, still_simulator)
        assert "enter open" in console.text.splitlines()[-1], "what can be done, as soon as rows are there"
        assert await filtered(console, "action:cancel") == ["cancel job: ! completed", "cancel job: ✖ refused"]
        await console.sees("2 match action:cancel")
        assert await filtered(console, "who:nobody") == []
        await console.sees("None of the 7 matches. esc ends the filter, / changes it.")
        await filtered(console, "a:b")
        await console.sees("'a' is not a field. Fields: who, action, target, state, reason, since.")
        await console.press("escape", "escape")
        await console.sees("on this machine")
        await console.press("o")
        await console.sees("STATE▲")
        assert rows(console)[0] == "cancel job: ! completed"
        await console.press("O")
        assert rows(console)[-1] == "cancel job: ! completed"
        await console.press("o", "o", "o", "o")
        await console.sees("COUNTS▲")
        assert [row.partition(":")[0] for row in rows(console)][-2:] == ["create job", "create job"]


async def test_enter_opens_the_job_and_the_record_is_one_key_away(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await ledger_of_all_kinds(console, still_simulator)
        await console.press("G", "enter")
        await console.sees("Jobs › move → Junk", "processing")
        await console.press("escape")
        await console.sees("Ledger  2 plans")
        await console.press("i")
        await console.sees("Ledger › create job", "reason     INC-4711 wave 2", "3,012 messages, all counted")
        await console.sees(
            "search     sender: billing@evil.example", "           detections_only: False", "mark       #op-"
        )
        await console.sees("done · the server says: pending", "chain")
        await console.press("M")
        await console.loses("billing@evil.example")
        await console.press("M", "v")
        await console.sees("It is done: there is nothing to settle.")
        await console.press("enter")
        await console.sees("Jobs › move → Junk")


async def test_a_job_that_is_gone_is_a_sentence_and_what_is_on_record(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        write(console, "00000001", "cancel", "00000000-0000-4000-8000-000000000000", told())
        write(console, "00000002", "delete", "00000000-0000-4000-8000-000000000001", told(status=""))
        await console.press("H")
        await console.sees("2 job writes")
        await console.press("enter")
        await console.sees("The job was deleted; this is what is on record.", "Ledger › delete job")
        await console.press("escape", "j", "enter")
        await console.sees("Job 00000000 is not there any more", "Ledger › cancel job")
        await console.press("enter")
        await console.sees("Job 00000000 is not there any more")


async def test_an_unknown_write_is_told_at_the_start_and_settled_from_its_record(simulator: Simulator) -> None:
    settings = settings_for(simulator)
    async with console_on(settings) as console:
        await console.sees("12 loaded")
        job = simulator.account.list_jobs("PENDING", None)[0]["job_id"]
        write(console, "00000001", "cancel", job)
    async with console_on(settings) as console:
        await console.sees("12 loaded")
        await console.press("exclamation_mark")
        await console.sees(f"Cancel job {job[:8]} (00000001): unknown: no answer is on record.")
        await console.press("escape", "H", "i")
        await console.sees("none on record: it may have been done", "v settle")
        await console.press("v")
        await console.sees("Still unknown: not seen done. v asks again.")
        simulator.account.cancel_job(simulator.account.jobs[job])
        await console.press("v")
        await console.sees("Settled: it was done.", "the server says: cancelled")
        assert "v settle" not in console.text.splitlines()[-1]
        await console.press("escape")
        await console.sees("✔ done")
        (entry,) = console.app.service.plans.ledger.overview().writes
        assert isinstance(entry, WriteEntry)
        assert simulator.account.truth.of("create_job") == []


@pytest.mark.parametrize("size", [(60, 16), (200, 50)])
async def test_it_fits_any_window(size: tuple[int, int], still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=size) as console:
        await ledger_of_all_kinds(console, still_simulator)
        await console.sees("ACTION", "TARGET", "COUNTS", "3,012")
        assert ("WHO" in console.text) is (size[0] == 200)
        await console.press("G", "i")
        await console.sees("Ledger › create job", "reason")
