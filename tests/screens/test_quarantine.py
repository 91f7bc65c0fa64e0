"""Held mail: search, marks, review, release, outcome."""

import json
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tests.support.tickets import tables
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.simulator.quota import Quota
from tui_app.simulator.server import Options, Simulator, running


async def open_quarantine(console: Console) -> None:
    """Open the held mail of the smaller demo account."""
    await console.press("Q")
    await console.sees("143 found")


async def send(console: Console, reason: str, count: int) -> None:
    """Fill the review in and send."""
    await console.type(reason)
    await console.press("enter")
    await console.type(str(count))
    await console.press("enter")


def written(folder: Path, suffix: str) -> str:
    """The report of the only plan."""
    (file,) = folder.glob(f"plan-*{suffix}")
    return file.read_text()


async def test_held_mail_of_the_last_week_is_there_when_it_opens(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded", "▲ MALICIOUS", "Weekly digest 46")


async def test_a_search_is_asked_of_the_server(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press("slash")
        await console.type("verdict:malicious from:acme-news.exampIe")
        await console.press("enter")
        await console.sees("3 found, all loaded", "held · verdict:malicious")
        await console.press("slash", "ctrl+u")
        await console.type("colour:red")
        await console.press("enter")
        await console.sees("'colour' is not a field", "3 found")


async def test_mark_all_leaves_out_what_the_guard_holds(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded")
        await console.press("slash")
        await console.type("domain:acme-news.example")
        await console.press("enter")
        await console.sees("1,197 found")
        await console.press("a")
        await console.sees("1,197 of 1,197 marked")
        await console.press("R")
        await console.sees(
            "1,197 messages", "49 requests, 25 messages each", "The first 5 are sent alone", "not sent yet"
        )
        await console.press("escape")
        await console.sees("1,197 marked")


async def test_a_release_needs_a_reason_and_the_number_and_sends_each_id_once(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        # Rows 0-4 are bulk mail, row 5 is malicious: chosen by hand it is held back at the review.
        await console.press(*["space"] * 6, "R")
        await console.sees("5 messages", "Held back by the guard: 1 MALICIOUS")
        await console.press("enter")
        await console.sees("A reason is needed")
        await console.type("INC-4802 false positive")
        await console.press("enter", "enter")
        await console.sees("Not sent: type 5 to send")
        await console.type("6")
        await console.press("enter")
        await console.sees("Not sent: type 5 to send")
        assert simulator.account.truth.entries == []
        await console.press("backspace")
        await console.type("5")
        await console.press("enter")
        await console.sees("all sent", "5 messages · 5 delivered", "reason: INC-4802 false positive")
        released = simulator.account.truth.of("release")
        assert len(released) == len({entry["id"] for entry in released}) == 5
        assert len({entry["request"] for entry in released}) == 1
        for entry in released:
            for recipient in entry["delivered"]:
                assert recipient[:15] in console.text
        await console.press("escape")
        # What was sent is marked no more; the one that was held back is.
        await console.sees("138 found, all loaded", "1 marked")


async def test_what_the_guard_held_back_at_the_marking_is_named_by_the_plan_and_its_report(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = [mail for mail in simulator.account.held if mail.sender.endswith("acme-news.exampIe")]
    assert {mail.disposition for mail in bad} == {"MALICIOUS"}
    names = [mail.investigate_id for mail in bad]
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_quarantine(console)
        await console.press("slash")
        await console.type("acme-news")
        await console.press("enter")
        await console.sees("120 found, all loaded")
        await console.press("a")
        await console.sees("117 of 120 marked", "3 odd ones left out")
        await console.press("R")
        await console.sees("117 messages", "Held back by the guard: 3 MALICIOUS", "type 117 to send")
        await send(console, "INC-1", 117)
        await console.sees("check them")
        await console.press("A")
        await console.sees("all sent", "117 of 117", "3 held back by the guard, not sent")
        await console.press("g")
        told = [line for line in console.text.splitlines() if "○ held back" in line]
        assert len(told) == 3
        assert all("MALICIOUS" in line for line in told)
        await console.press("E")
        await console.sees("Written here: plan-")
    released = {entry["id"] for entry in simulator.account.truth.of("release")}
    assert len(released) == 117
    assert not released & set(names)
    report = json.loads(written(tmp_path, ".json"))
    assert sorted((each["id"], each["why"]) for each in report["held_back"]) == sorted(
        (name, "MALICIOUS") for name in names
    )
    *_, rows = tables(written(tmp_path, ".md"))
    back = [(row[0], row[-1]) for row in rows if row[1] == "held back"]
    assert sorted(back) == sorted((name, "MALICIOUS") for name in names)


async def test_what_a_held_back_is_in_the_review_until_somebody_chooses_otherwise(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_quarantine(console)
        await console.press("a")
        await console.sees("held back by guard")
        await console.press("R")
        await console.sees("to send", "Held back by the guard:")
        await console.press("escape")
        await console.sees("marked · ")
        await console.press("u", "space")
        await console.sees("1 marked")
        await console.press("R")
        await console.sees("1 message · ", "type y to send")
        assert "Held back by the guard" not in console.text


@pytest.mark.parametrize("unmarked", [False, True])
async def test_what_a_held_back_does_not_outlive_its_search(unmarked: bool, simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_quarantine(console)
        await console.press("a")
        await console.sees("held back by guard")
        if unmarked:
            await console.press("u")
        await console.press("slash")
        await console.type("verdict:BULK")
        await console.press("enter")
        await console.sees("held · verdict:BULK", "112 found, all loaded")
        await console.press("space", "R")
        await console.sees("1 message · ", "type y to send")
        assert "Held back by the guard" not in console.text


@pytest.mark.parametrize("searched", [False, True])
async def test_what_a_held_back_is_not_in_a_later_choice_where_it_marked_nothing(
    searched: bool, simulator: Simulator
) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_quarantine(console)
        await console.press("slash")
        await console.type("verdict:malicious from:acme-news.exampIe")
        await console.press("enter")
        await console.sees("3 found, all loaded")
        await console.press("a")
        await console.sees("0 of 3 marked, 3 odd ones left out")
        if searched:
            await console.press("slash", "ctrl+u")
            await console.type("verdict:BULK")
            await console.press("enter")
            await console.sees("112 found, all loaded")
        await console.press("space", "R")
        await console.sees("not sent yet", "1 message · " if searched else "Held back by the guard: 1 MALICIOUS")
        assert ("Held back by the guard" in console.text) is not searched


async def test_the_row_under_the_cursor_is_released_when_nothing_is_marked(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press("j", "R")
        await console.sees("1 message · ")
        await console.press("escape", *["j"] * 4, "R")
        await console.sees("Held back by the guard: 1 MALICIOUS", "type MALICIOUS to send these too")
        await console.type("x")  # where nothing can be sent, what may be included is asked for first
        await console.press("enter")
        await console.sees("Nothing is held back under x; type MALICIOUS.")
        await console.press("tab", "x", "enter", "0", "enter")
        await console.press("shift+tab", "shift+tab", "ctrl+u", "tab", "tab", "enter")
        await console.sees("Nothing is left to send")
        assert simulator.account.truth.entries == []


async def test_a_refused_release_shows_why(simulator: Simulator) -> None:
    reader = TokenCredential(Secret(simulator.authenticator.read_token, "test"))
    async with console_on(settings_for(simulator, credential=reader)) as console:
        await open_quarantine(console)
        await console.press("space", "R")
        await console.sees("Release ›")
        await send(console, "x", 1)
        await console.sees("halted", "1 not sent", "Authentication error (code 10000)")
        await console.press("escape")
        await console.sees("1 marked", "143 found, all loaded")  # it was not sent
        await console.press("exclamation_mark")
        await console.sees("HTTP 403", "cf-ray")


async def test_a_release_works_against_the_oldest_shape(seed_simulator: Simulator) -> None:
    async with console_on(settings_for(seed_simulator)) as console:
        await open_quarantine(console)
        await console.press("space", "space", "space", "R")
        await console.sees("3 messages")
        await send(console, "x", 3)
        await console.sees("all sent")
    released = seed_simulator.account.truth.of("release")
    assert len({entry["id"] for entry in released}) == len(released) == 3


async def test_a_held_message_opens(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press("enter")
        await console.sees("verdict        BULK", "where          held", "quarantined", "1 summary", "1/143")


async def test_the_cursor_stays_in_sight_wherever_it_goes(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded")
        table = console.app.screen.table()  # type: ignore[attr-defined]

        def cursor_line() -> int:
            """Where the cursor is on the screen; -1 when it is not."""
            return next((number for number, line in enumerate(console.text.splitlines()) if line.startswith("▸")), -1)

        for key, index, line in (
            ("G", 1222, 21), ("k", 1221, 20), ("pageup", 1202, 3), ("pageup", 1183, 3), ("g", 0, 3), ("pagedown", 19, 21), ("ctrl+d", 38, 21),
            ("j", 39, 21), ("home", 0, 3), ("k", 0, 3), ("end", 1222, 21),
        ):  # fmt: skip
            await console.press(key)
            await console.until(lambda index=index: table.cursor_row == index, f"{key}: row {index}")
            await console.until(lambda line=line: cursor_line() == line, f"{key}: line {line}, not {cursor_line()}")
        await console.pilot.resize_terminal(80, 16)
        await console.until(lambda: cursor_line() == 13, "the cursor in the smaller window")


async def test_hostile_subjects_stay_in_their_cells() -> None:
    with running(Options(quota=0, messages=10, held=0, speed=NO_JOB_ENDS)) as account:
        async with console_on(settings_for(account), size=(120, 40)) as console:
            await console.press("Q")
            await console.sees(
                "23 found", "[@click=app.quit]", "re: [/x] [red", "⟨202E⟩", "␛]52;c;", "lone surrogate \ufffd"
            )
            lines = console.text.splitlines()
            assert len(lines) == 40
            await console.press("a", "G", *["k"] * 23)
            await console.sees("marked")


async def test_keys_pressed_twice_open_one_screen(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("n", "n")
        await console.sees("new job")
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("X", "X")
        await console.sees("Type y to do it")
        await console.press("escape")
        await console.sees("Nothing was sent")
        await open_quarantine(console)
        await console.press("R", "R")
        await console.sees("Release ›")
        await console.press("escape")
        await console.sees("143 found")


async def test_another_search_takes_the_marks_away(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press("space", "space")
        await console.sees("2 marked")
        await console.press("slash")
        await console.type("from:evil.example")
        await console.press("enter")
        await console.sees("2 marks removed", "23 found")


async def test_the_review_can_be_used_in_the_smallest_window(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(60, 16)) as console:
        await console.sees("12 loaded", "FAIL", "AGE", "? help")
        await open_quarantine(console)
        await console.press("space", "space", "R")
        await console.sees("2 messages", "Reason", "type 2 to send", "Back, nothing is sent (esc)")
        await send(console, "x", 2)
        await console.sees("all sent")


async def test_q_on_a_held_message_goes_back_to_the_list(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press("enter")
        await console.sees("1 summary")
        await open_quarantine(console)


async def test_a_message_with_an_impossible_id_is_no_crash(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        simulator.account.held[0].investigate_id = ".."
        await open_quarantine(console)
        await console.press("enter")
        await console.sees("That is not an id", "as in the list")


async def test_a_release_that_waits_for_the_quota_can_be_given_up() -> None:
    with running(Options(quota=0, messages=10, held=30, speed=NO_JOB_ENDS)) as account:
        async with console_on(settings_for(account)) as console:
            await console.press("Q")
            await console.sees("53 found")
            await console.press("R")
            await console.sees("1 message · ")
            account.api.quota = Quota(1)
            await send(console, "x", 1)
            await console.sees("rate limit, again in", "S gives up")
            await console.press("S")
            await console.sees("halted", "1 not sent", "A send the rest")
            assert account.account.truth.entries == []


async def test_the_cursor_stays_on_its_message_when_the_search_is_read_again(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_quarantine(console)
        await console.press(*["j"] * 5)
        table = console.app.screen.table()  # type: ignore[attr-defined]
        row = table.current
        simulator.account.release({"ids": [simulator.account.held[0].investigate_id]})
        await console.press("r")
        await console.sees("142 found, all loaded")
        assert (table.current.id, table.cursor_row) == (row.id, 4)
