"""All rows of a job on the screen: filtered, sorted, loaded and exported by keys."""

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.events import Key

from tests.plans.test_follow_up import row
from tests.screens.test_jobs import open_job
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.core.errors import GuardError
from tui_app.jobs.filters import parse_filter
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.jobs.rows import RowsSnapshot
from tui_app.rows.store import OrderedRows, PackedRows, RowStore
from tui_app.rows.view import RowView
from tui_app.screens.job.choice import marked_or_filtered
from tui_app.screens.job.screen import JobScreen
from tui_app.simulator.server import Options, Simulator, running

REST_NEVER_COMES = "latency=600000@job_messages#4-999"
"""What is done meanwhile has all the time that it needs."""


@pytest.fixture
def large() -> Iterator[Simulator]:
    """A job of 14,500 rows that has ended soon."""
    with running(Options(quota=0, messages=14_500, held=1, speed=2000, faults="none")) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(folder: Path) -> list[Path]:
    """What is in a folder, without the test's own home."""
    return [path for path in folder.iterdir() if path.is_file()]


def wave(console: Console) -> list[str]:
    """The lines of the table, whatever the widths of its columns."""
    return [" ".join(line.split()) for line in console.text.splitlines()[7:-2]]


def first_rows(console: Console) -> list[str]:
    """The ids of the rows that are listed first."""
    rows = console.app.screen.table().shown  # type: ignore[attr-defined]
    return [rows.key_at(index) for index in range(min(10, len(rows)))]


async def test_a_filter_counts_says_what_is_missing_and_ends_with_esc(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        await console.press("slash")
        await console.type("failed -throttled")
        await console.press("enter")
        await console.sees("of 1,000 loaded match failed -throttled, not all")
        await console.until(
            lambda: all("✖ failed" in line and "hrottled" not in line for line in wave(console) if line.strip())
        )
        await console.press("slash")
        await console.sees("failed -throttled")
        await console.press("escape")
        await console.sees("match failed")
        await console.press("escape")
        await console.sees("1,000 loaded, not all")
        await console.press("slash")
        await console.type("color:red")
        await console.press("enter")
        await console.sees("'color' is not a field")
        assert not console.app.screen.query_one("#typed-line").disabled, "what was typed is still there to be mended"


async def test_columns_sort_turn_round_and_go_back_to_the_server_s_order(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded")
        before = first_rows(console)
        await console.press("o")
        await console.sees("STATUS▲", "▸")
        await console.until(lambda: "completed" in wave(console)[0], "completed comes before failed")
        await console.press("O")
        await console.sees("STATUS▼")
        await console.press("g")
        await console.until(lambda: "failed" in wave(console)[0], "failed first")
        await console.press("o", "o", "o", "o")
        await console.sees("WHY▲")
        await console.press("o")
        await console.press("g")
        await console.until(lambda: first_rows(console) == before, "the server's order")


async def test_loading_all_asks_first_shows_how_far_and_keeps_what_came(large: Simulator) -> None:
    async with console_on(settings_for(large)) as console:
        await open_job(console, "INC-4711 wave 2")
        await console.sees("1,000 loaded, not all", "14,500 found")
        await console.press("L")
        await console.sees("Loading all takes 14 requests", "L again")
        await console.press("j")
        await console.sees("1,000 loaded, not all")
        large.set_faults(REST_NEVER_COMES)
        await console.press("L")
        await console.sees("loading:", "of 14,500 rows", "esc ends it")
        await console.press("escape")
        await console.sees("Ended:", "rows loaded, not all")
        table = console.app.screen.table()  # type: ignore[attr-defined]
        came = len(table.shown)
        large.set_faults("none")
        await console.until(lambda: not console.app.screen._long.running, "it has ended")  # type: ignore[attr-defined]
        await console.press("L")
        if "L again" in console.text:  # few had come
            await console.press("L")
        await console.sees("14,500 loaded")
        assert len(table.shown) == 14_500 >= came
        await console.press("L")
        await console.sees("All 14,500 rows are loaded")
        await console.press("a")
        await console.sees("14,500 marked, all that match")
        await console.press("5")
        await console.sees("failed", "14,500 marked")
        await console.press("escape")
        await console.loses("marked")


async def test_a_job_is_left_while_its_rows_are_loaded(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        screen = console.app.screen
        assert isinstance(screen, JobScreen)
        held_open(monkeypatch, screen._subject, "load_all")
        await console.press("L")
        await console.sees("loading:", "esc ends it")
        await console.press("q")
        await console.sees("12 loaded")
        await console.until(lambda: not screen._long.running, "it has ended")
        await console.press("j")
        await console.sees("12 loaded")


async def test_one_thing_after_the_other(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        screen = console.app.screen
        assert isinstance(screen, JobScreen)
        gate = held_open(monkeypatch, screen._subject, "load_all")
        await console.press("L")
        await console.sees("loading:", "esc ends it")
        await console.press("E")
        await console.sees("loading first:", "esc ends it")
        await console.press("escape")
        await console.sees("Ended:")
        gate.set()
        await console.until(lambda: not screen._long.running, "it has ended")
        await console.press("E")
        await console.sees("2,400 rows", ".csv")


async def test_what_is_ended_before_it_began_is_over(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        screen = console.app.screen
        assert isinstance(screen, JobScreen)
        screen.action_rows_load_all()
        assert screen._long.end()
        assert not screen._long.running
        await console.press("escape")
        await console.sees("12 loaded")


async def test_an_export_is_whole_private_and_never_overwrites(simulator: Simulator, tmp_path: Path) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("E")
        await console.sees("140 rows", "1 request", "-failed.csv")
        await console.press("enter")
        await console.sees("140 rows in job-")
        (file,) = written(tmp_path)
        lines = file.read_text().splitlines()
        assert len(lines) == 141
        assert lines[0].startswith("message_id,status,recipient,subject")
        assert file.stat().st_mode & 0o777 == 0o600
        await console.press("E")
        await console.sees("-failed-2.csv")
        await console.press("ctrl+u")
        await console.type(file.name)
        await console.press("enter")
        await console.sees("exists; nothing was overwritten")
        await console.press("escape")
        await console.press("E")
        await console.press("ctrl+u")
        await console.type("rows.ndjson")
        await console.press("enter")
        await console.sees("140 rows in rows.ndjson")
        rows = [json.loads(line) for line in (tmp_path / "rows.ndjson").read_text().splitlines()]
        assert {row["status"] for row in rows} == {"FAILED"}
        await console.press("E")
        await console.press("ctrl+u")
        await console.type("rows.exe")
        await console.press("enter")
        await console.sees("must end in .csv")


async def test_an_export_that_is_ended_says_so_in_the_file(large: Simulator, tmp_path: Path) -> None:
    async with console_on(settings_for(large)) as console:
        await open_job(console, "INC-4711 wave 2")
        await console.sees("14,500 found", "1,000 loaded")
        large.set_faults(REST_NEVER_COMES)
        await console.press("E", "enter")
        await console.sees("exporting:", "of 14,500 rows")
        await console.until(lambda: "exporting: 0 " not in console.text, "some rows")
        await console.press("q")
        await console.sees("esc ends it")
        await console.press("escape")
        await console.sees("rows in job-c644f7ba", ".csv.partial, not all")
        await console.loses("exporting:")
    (file,) = written(tmp_path)
    assert file.name.endswith(".csv.partial")
    last = file.read_text().splitlines()[-1]
    assert last.startswith('"PARTIAL: ')
    assert "cancelled" in last


async def test_keys_in_a_burst_go_where_the_first_one_leads(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        for key in ("slash", *"failed", "enter"):
            console.app.post_message(Key(key, key if len(key) == 1 else None))
        await console.sees("of 1,000 loaded match failed")
        for key in ("slash", "escape", "o", "5"):
            console.app.post_message(Key(key, key if len(key) == 1 else None))
        await console.sees("STATUS▲", "140 of 140 loaded match failed")
        for _ in range(4):
            console.app.post_message(Key("o", "o"))
        await console.sees("WHY▲")


async def test_esc_ends_the_filter_before_it_unmarks(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        await console.press("space", "space", "slash")
        await console.type("nothing-like-this")
        await console.press("enter")
        await console.sees("None of the 1,000 loaded rows matches. esc ends the filter")
        await console.press("escape")
        await console.sees("1,000 loaded, not all", "2 marked")
        await console.press("escape")
        await console.loses("marked")


async def test_tab_turns_from_the_rows_to_the_report_and_what_is_written_is_what_it_says(
    simulator: Simulator, tmp_path: Path
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("E")
        await console.sees("enter writes 140 rows", "tab the report", "-failed.csv")
        await console.press("tab")
        await console.sees("enter writes the report", "tab rows", "3 requests", "report-job-ff6c73b8.md")
        await console.press("tab")
        await console.sees("enter writes 140 rows", "job-ff6c73b8-failed.csv")
        await console.press("tab")
        await console.sees("enter writes the report")
        await console.press("ctrl+u")
        await console.type("r.ndjson")
        await console.press("enter")
        await console.sees("must end in .md, .csv or .json")
        await console.press("escape")
        await console.press("E", "tab")
        await console.sees("r.ndjson")
        await console.type("report-job-ff6c73b8.md")
        await console.press("enter")
        await console.sees("Report of 2,400 rows in report-job-ff6c73b8.md.")
        (file,) = written(tmp_path)
        assert "completed with failures, 140 of 2,400 rows failed" in file.read_text().splitlines()[0]
        assert file.stat().st_mode & 0o777 == 0o600
        await console.press("E")
        await console.sees("enter writes 140 rows")
        await console.press("escape")
        await console.press("slash")
        await console.type("failed")
        await console.press("enter")
        await console.sees("140 of 140 loaded match failed")


async def test_esc_ends_the_reading_for_a_report_and_no_file_is_there(large: Simulator, tmp_path: Path) -> None:
    async with console_on(settings_for(large)) as console:
        await open_job(console, "INC-4711 wave 2")
        await console.sees("1,000 loaded, not all")
        large.set_faults(REST_NEVER_COMES)
        await console.press("E", "tab", "enter")
        await console.sees("reading for the report:", "of 14,500 rows", "esc ends it")
        await console.press("escape")
        await console.sees("Ended:", "no report was written.")
        assert written(tmp_path) == []


def test_what_is_marked_comes_before_what_a_filter_shows_and_an_old_filter_is_nothing() -> None:
    """Between a filter that was typed and its rows no key acts on those of the filter before."""
    store = RowStore(JOB_ROWS)
    slots = array("I", store.put(PackedRows.of(JOB_ROWS, [row(1), row(2), row(3)], lambda: None)))
    table: Any = SimpleNamespace(marked=OrderedRows(store, slots))
    failed, completed = RowView(parse_filter("status:failed")), RowView(parse_filter("status:completed"))
    listed = RowsSnapshot(rows=OrderedRows(store, slots[:2]), arranged=failed)
    assert marked_or_filtered(table, RowView(), listed) is None, "the whole job"
    shown = marked_or_filtered(table, failed, listed)
    assert shown is not None and [each.id for each in shown] == [row(1).id, row(2).id]
    for old in (listed, None, RowsSnapshot(arranged=completed)):
        with pytest.raises(GuardError, match="not here yet"):
            marked_or_filtered(table, completed, old)
    store.mark(slots[2:], on=True)
    assert [each.id for each in marked_or_filtered(table, completed, None) or ()] == [row(3).id]
