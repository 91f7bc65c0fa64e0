"""All mail: searched in one grammar, filtered, sorted, marked and exported; left and found again as it was."""

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key

from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.api.pagination import CursorPages
from tui_app.mail.search import MailSubject
from tui_app.simulator.server import Options, Simulator, running


async def open_mail(console: Console, line: str = "", sees: str = "found") -> None:
    await console.press("F")
    await console.sees("Mail  the last 24 hours", "found")
    if line:
        await search(console, line)
        await console.until(lambda: line in console.text.splitlines()[1], f"{line} is what is listed")
        await console.sees(sees)


async def test_a_list_that_was_left_before_its_answer_came_is_asked_for_again(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that no mail matches, and nobody had asked."""
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        with monkeypatch.context() as patches:
            patches.setattr(CursorPages, "load", lambda _: asyncio.Event().wait())
            await console.press("Q")
            await console.sees("Searching held mail…")
            await console.press("q")
            await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("Quarantine", "found, all loaded")


async def test_a_page_that_came_while_its_list_was_left_is_not_lost(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        taken = asyncio.Event()
        with monkeypatch.context() as patches:
            take = MailSubject._take

            async def slowly(subject: MailSubject, *page: Any) -> None:
                await taken.wait()
                await take(subject, *page)

            patches.setattr(MailSubject, "_take", slowly)
            await console.press("Q")
            await console.sees("Searching held mail…")
            await console.press("q")
            await console.sees("12 loaded")
            taken.set()
        await console.press("Q")
        await console.sees("Quarantine", "found, all loaded")
        assert "0 found" not in console.text


async def search(console: Console, line: str) -> None:
    await console.press("slash", "ctrl+u")
    await console.type(line)
    await console.press("enter")


@pytest.fixture
def counting() -> Iterator[Simulator]:
    """An account that counts its requests."""
    with running(Options(quota=0, messages=600, held=120, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def requests(simulator: Simulator) -> int:
    return sum(entry["endpoint"] == "search" for entry in simulator.wire())


async def test_mail_of_any_kind_is_found_and_the_table_says_where_it_is(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(140, 40)) as console:
        await open_mail(console)
        await console.sees("WHERE", "delivered", "Invoice 4711")
        await search(console, "delivery:held from:acme-news.example")
        await console.sees("held", "Weekly digest 46", "all loaded")


async def test_a_search_that_makes_no_sense_stays_with_its_mistake_selected(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console)
        await search(console, "from:evil.example verdict:NICE")
        await console.sees("verdict: is one of MALICIOUS", "from:evil.example verdict:NICE")
        line = console.app.screen.query_one("#typed-line")
        assert line.value[slice(*line.selection)] == "verdict:NICE"  # type: ignore[attr-defined]
        await console.type("verdict:SPAM")
        await console.press("enter")
        await console.sees("from:evil.example verdict:SPAM", "all loaded")


async def test_tab_completes_and_the_history_comes_back(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console, "from:evil.example", "from:evil.example")
        await console.press("slash", "ctrl+u")
        await console.type("ver")
        await console.press("tab")
        await console.sees("verdict:MALICIOUS  verdict:SUSPICIOUS")
        await console.type("sp")
        await console.press("tab")
        await console.sees("verdict:SPOOF  verdict:SPAM")
        await console.press("up")
        await console.sees("from:evil.example")
        await console.press("down")
        line = console.app.screen.query_one("#typed-line")
        assert line.value == "verdict:SP"  # type: ignore[attr-defined]


async def test_a_filter_shows_some_of_what_is_listed_and_asks_nothing(counting: Simulator) -> None:
    async with console_on(settings_for(counting)) as console:
        await open_mail(console, "from:billing@evil.example", "found, all loaded")
        asked = requests(counting)
        await console.press("ampersand")
        await console.type("subject:4722 -verdict:none")
        await console.press("enter")
        await console.sees("13 of 600 found", "filter subject:4722")
        await console.press("ampersand", "ctrl+u")
        await console.type("colour:red")
        await console.press("enter")
        await console.sees("'colour' is not a field")
        await console.press("escape", "escape")
        await console.sees("600 found, all loaded")
        assert asked and requests(counting) == asked
        assert "of 600 found" not in console.text


async def test_the_list_is_sorted_by_severity_first(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded")
        await console.press("o")
        await console.sees("VERDICT▲", "▸ ▲ MALICIOUS")
        await console.press("O")
        await console.sees("VERDICT▼", "▸ ▪ BULK")


async def test_search_marks_cursor_filter_and_sort_survive_leaving(counting: Simulator) -> None:
    async with console_on(settings_for(counting)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded")
        await search(console, "from:acme-news.example")
        await console.sees("117 found, all loaded")
        await console.press("space", "space", "j", "j", "o", "o")
        await console.sees("FROM▲", "2 marked")
        await console.press("ampersand")
        await console.type("46")
        await console.press("enter")
        await console.sees("of 117 found", "filter 46")
        key = console.app.screen.table().cursor_key  # type: ignore[attr-defined]
        asked = requests(counting)
        assert asked
        await console.press("q")
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("of 117 found", "from:acme-news.example", "FROM▲", "2 marked", "filter 46")
        assert console.app.screen.table().cursor_key == key  # type: ignore[attr-defined]
        assert requests(counting) == asked


async def test_esc_never_drops_marks(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded")
        await console.press("space", "space", "escape")
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("2 marked")
        await console.press("u")
        await console.loses("2 marked")


@pytest.mark.parametrize("what", ["marked", "shown", "found"])
async def test_what_is_marked_or_shown_or_found_goes_into_a_file(
    what: str, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded")
        if what == "marked":
            await console.press("space", "space")
        elif what == "shown":
            await console.press("ampersand")
            await console.type("exampIe")
            await console.press("enter")
            await console.sees("3 of 143")
        await console.press("E")
        told = {"marked": "2 marked messages", "shown": "3 messages shown", "found": "all 143 found"}[what]
        await console.sees(told, "quarantine.csv")
        await console.press("enter")
        count = {"marked": 2, "shown": 3, "found": 143}[what]
        await console.sees(f"{count} rows in quarantine.csv.")
    rows = list(csv.DictReader((tmp_path / "quarantine.csv").open()))
    assert len(rows) == len({row["id"] for row in rows}) == count
    assert oct((tmp_path / "quarantine.csv").stat().st_mode & 0o777) == "0o600"


async def test_the_columns_of_a_file_are_chosen_and_remembered(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded")
        await console.press("space", "E")
        await console.sees("tab columns")
        await console.press("tab")
        await console.sees("Export › columns", "✓   id")
        await console.press("space")  # without the id
        await console.press("slash")
        await console.type("spf")
        await console.press("enter", "space", "escape")  # with spf
        await console.press("enter")
        await console.sees("1 row in quarantine.csv.")
        (row,) = csv.DictReader((tmp_path / "quarantine.csv").open())
        assert "id" not in row
        assert row["spf"] == "pass"
        await console.press("E", "ctrl+u")
        await console.type("again.json")
        await console.press("enter")
        await console.sees("1 row in again.json.")
        (whole,) = json.loads((tmp_path / "again.json").read_text())
        assert whole["id"] and whole["validation"]
        await console.press("E", "tab")
        await console.sees("–   id", "✓   spf")
        await console.press("u", "escape")
        await console.sees("quarantine")


async def test_a_move_of_marked_mail_opens_its_review(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console, "from:billing@evil.example subject:4722", "found, all loaded")
        await console.press("a")
        await console.sees("15 of 15 marked")
        await console.press("V")
        await console.sees("Move 15 messages to")
        await console.press("2")
        await console.sees("Move → Junk", "15 messages", "not sent yet")


async def test_all_of_a_search_is_loaded_when_it_is_asked_for() -> None:
    with running(Options(quota=0, messages=0, sample=6_500)) as account:
        async with console_on(settings_for(account)) as console:
            await console.press("Q")
            await console.sees("5,000 found so far")
            await console.press("a")
            await console.sees("More is not loaded: L loads all.")
            await console.press("u", "L")
            await console.sees("6,500 found, all loaded")


async def test_signs_are_a_glyph_in_narrow_lists_and_a_word_in_wide_ones(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("143 found, all loaded", "≈ ne…@acme-news.exampIe")
        await console.press(*["j"] * 5)
        await console.sees("≈ like acme-news.example: I for l")
        await console.pilot.resize_terminal(120, 30)
        await console.sees("SIGN", "≈ alike", "news@acme-news.exampIe")


async def test_what_was_typed_is_there_again_when_the_line_was_left(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console)
        await console.press("slash")
        await console.sees("enter search  tab complete", "esc leave")
        await console.type("from:evil.example verd")
        await console.press("escape")
        await console.sees("enter open")
        await console.press("slash")
        line = console.app.screen.query_one("#typed-line")
        assert line.value == "from:evil.example verd"  # type: ignore[attr-defined]
        await console.press("f1")
        await console.sees("In the search line", "complete the word", "from:          sender's address or domain")


async def test_a_filter_that_makes_no_sense_stays_with_its_mistake_selected(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console)
        await console.press("ampersand")
        await console.type("from:evil.example colour:red x")
        await console.press("enter")
        await console.sees("'colour' is not a field.")
        line = console.app.screen.query_one("#typed-line")
        assert line.value[slice(*line.selection)] == "colour:red"  # type: ignore[attr-defined]


async def test_what_a_marked_is_said_also_behind_keys_that_were_pressed_before_it_was_marked(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console, "from:acme-news.example all", "all loaded")
        gate = held_open(monkeypatch, console.app.screen._subject, "group")  # type: ignore[attr-defined]
        console.app.post_message(Key("a", "a"))
        console.app.post_message(Key("j", "j"))
        await console.sees("Marking ")
        gate.set()
        await console.sees(" marked", "▸✓")
        await console.settles()
        assert "of " in console.text.splitlines()[-2]
        await console.press("j")
        await console.loses("odd ones left out")


async def test_a_line_that_was_hidden_by_a_small_window_has_its_focus_again(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console)
        await console.press("slash")
        await console.type("abc")
        await console.pilot.resize_terminal(30, 8)
        await console.sees("Too small")
        await console.pilot.resize_terminal(80, 24)
        await console.sees("enter search")
        line = console.app.screen.query_one("#typed-line")
        await console.until(lambda: console.app.focused is line, "the line has the focus")
        await console.type("a")
        assert line.value == "abca"  # type: ignore[attr-defined]
        assert "marked" not in console.text


async def test_a_sender_is_known_as_an_imitation_where_it_is_listed_alone_later(
    simulator: Simulator, tmp_path: Path
) -> None:
    settings = settings_for(simulator)
    async with console_on(settings) as console:
        await console.press("Q")
        await console.sees("all loaded")
        await search(console, "from:acme-news.exampIe")
        await console.sees("3 found, all loaded", "≈ like acme-news.example: I for l")


@pytest.mark.parametrize("key", ["R", "V"])
@pytest.mark.parametrize("place", ["list", "groups"])
async def test_a_review_waits_until_it_is_known_what_is_odd(
    key: str, place: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await console.press("Q")
        await console.sees("all loaded")
        subject = console.app.screen._subject  # type: ignore[attr-defined]
        if place == "groups":
            await console.press("w")
            await console.sees("3 odd ones", "weekly digest #")
            await console.press("G", "k")
        gate = held_open(monkeypatch, subject, "group")
        console.app.post_message(Key(key, key))
        await console.settles()
        assert not {"not sent yet", "Move 1 message to"} & set(console.text.splitlines())
        assert "not sent yet" not in console.text and "Junk" not in console.text
        gate.set()
        await console.sees("not sent yet" if key == "R" else "Junk")


@pytest.mark.parametrize("place", ["list", "groups"])
async def test_nothing_is_marked_or_taken_where_another_search_came_between(
    place: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def superseded() -> None:
        return None

    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("all loaded")
        subject = console.app.screen._subject  # type: ignore[attr-defined]
        if place == "groups":
            await console.press("w")
            await console.sees("3 odd ones")
        monkeypatch.setattr(subject, "group", superseded)
        for key in ("R", "V"):
            await console.press(key)
            await console.sees("Another search came between: nothing was taken.")
        await console.press("a")
        await console.sees("Another search came between: nothing was marked.")
        assert subject.store.marks == 0


async def test_marks_stay_when_the_same_search_is_read_again(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_mail(console, "from:acme-news.example all", "all loaded")
        await console.press("space", "space")
        await console.sees("2 marked")
        await console.press("r")
        await console.settles()
        await console.sees("2 marked", "all loaded")


async def test_what_was_left_out_is_forgotten_when_all_are_marked_anew(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await console.press("Q")
        await console.sees("all loaded")
        subject = console.app.screen._subject  # type: ignore[attr-defined]
        await console.press("a")
        await console.sees("odd ones left out")
        assert subject.left_out
        await console.press("ampersand")
        await console.type("from:acme-news.example verdict:bulk")
        await console.press("enter")
        await console.sees("112 of 143 found")
        await console.press("a")
        await console.sees("112 of 112 marked.")
        assert not subject.left_out
        assert subject.marked_with == {subject.store.id(slot) for slot in subject.store.marked_slots()}


async def test_mail_is_moved_from_the_list(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_mail(console, "delivery:delivered", "found")
        await console.sees("▸")
        await console.press("space")
        await console.sees("1 marked")
        await console.press("V")
        await console.sees("Move 1 message to", "Junk")
        await console.press("2")
        await console.sees("not sent yet", "1 message")
        await console.press("escape")
        await console.sees("1 marked")
