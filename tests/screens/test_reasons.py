"""A job's failed and skipped rows by reason, driven by keys against the simulator."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.api.enums import RowStatus
from tui_app.screens.job.reasons import ReasonsScreen
from tui_app.simulator.demo_data import HOSTILE_SUBJECTS
from tui_app.simulator.jobs import Ending, SimulatedJob
from tui_app.simulator.server import Options, Simulator, running

LATER = Ending("FAILED", "Throttled by the mail provider (HTTP 429 from Graph)", 3, retry_in=5400.0)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ending_so(simulator: Simulator, comment: str, ending: Callable[[int], Ending]) -> SimulatedJob:
    """The job with that comment, whose rows end as told from now on."""
    job = next(job for job in simulator.account.jobs.values() if comment in str(job.comment))
    job.ending = ending
    vars(job).pop("_endings", None)
    return job


def asked_states(console: Console, patches: pytest.MonkeyPatch) -> list[RowStatus | None]:
    """The states by which rows are asked for from now on, one for each request."""
    client, asked = console.app.service.client, []
    real = client.list_job_messages

    async def list_job_messages(*names: Any, **options: Any) -> Any:
        asked.append(options.get("status"))
        return await real(*names, **options)

    patches.setattr(client, "list_job_messages", list_job_messages)
    return asked


def lines(console: Console) -> Sequence[str]:
    """The lines of the table."""
    return [line for line in console.text.splitlines()[4:-4] if line.strip()]


async def test_groups_marks_and_the_way_back(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all")
        await console.press("w")
        await console.sees("140 failed rows, 3 reasons", "all loaded 12:00", "› by reason")
        screen = console.app.screen
        assert isinstance(screen, ReasonsScreen)
        assert [str(row.status_message) for row in screen.chosen_rows()] == [LATER.reason] * 96
        await console.press("j", "space")
        await console.sees("31 marked", "✓     31 mailbox not found")
        assert [group.cause.word for group in screen.chosen_groups()] == ["NO-MAILBOX"]
        assert {str(row.status_message) for row in screen.chosen_rows()} == {"Mailbox not found for recipient"}
        await console.press("k", "k", "enter")
        await console.sees("96 of 140 loaded match", "31 marked", "hrottled")
        await console.press("j", "space")
        await console.sees("32 marked")
        await console.press("w")
        await console.sees("~     96 throttled", "32 marked · 1 of these 96")
        await console.press("space")
        await console.sees("127 marked")
        await console.press("k", "space")
        await console.sees("31 marked")
        await console.press("j", "j", "v", "k")
        await console.press("a")
        await console.sees("140 rows marked.")
        await console.press("escape")
        await console.sees("140 marked", "5 fail 140", "match reason:=")
        await console.press("escape")
        await console.loses("match reason")
        await console.sees("140 loaded · 140 marked")
        await console.press("w")
        await console.sees("3 reasons")
        await console.press("u")
        await console.loses("marked")


async def test_only_failed_and_skipped_rows_are_asked_for(
    still_simulator: Simulator, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "gift card")
        await console.sees("1,000 loaded, not all")
        asked = asked_states(console, monkeypatch)
        await console.press("w")
        await console.sees("failed rows, 2 reasons", "all loaded")
        await console.press("enter")
        await console.sees("loaded match reason:=")
        await console.press("w")
        await console.sees("failed rows, 2 reasons", "all loaded")
        await console.press("r")
        await console.until(lambda: asked == [RowStatus.FAILED] * 2, "once, and once more because it was asked for")


async def test_what_takes_many_requests_waits_for_a_key_and_esc_ends_it() -> None:
    with running(Options(quota=0, messages=11_200, held=1, speed=2000, faults="none")) as large:
        ending_so(large, "INC-4711 wave 2", lambda index: Ending("FAILED", f"Rule {index} of {index % 7} said no"))
        async with console_on(settings_for(large)) as console:
            await open_job(console, "INC-4711 wave 2")
            await console.sees("11,200 found", "1,000 loaded")
            await console.press("w")
            await console.sees("Loading all takes 12 requests: L does it", "not all: 0 of 11,200 loaded, L all")
            large.set_faults("latency=600000@job_messages#4-999")
            await console.press("L")
            await console.sees("loading:", "of 11,200 rows", "esc ends it")
            await console.until(lambda: "loading: 0 " not in console.text, "some rows")
            await console.press("escape")
            await console.sees("Ended:", "L goes on", ", L all", "1 reason ")
            large.set_faults("none")
            await console.press("L")
            await console.sees("11,200 failed rows, 1 reason", "all loaded", "rule … of … said no", "read it")
            await console.press("L")
            await console.sees("11,200 rows loaded, no more came.")


async def test_while_a_job_runs_nothing_is_to_be_retried(still_simulator: Simulator, still_clock: StillClock) -> None:
    ending_so(still_simulator, "INC-4711 wave 2", lambda index: LATER)
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "INC-4711 wave 2")
        await console.press("w")
        await console.sees("1 reason", "wait, the job still runs", "the server may retry at 13:", "● processing")
        assert "T retry" not in console.text
        await console.press("T")
        await console.sees("The job runs: retry when it has ended")
        assert not [line for line in lines(console) if " retry" in line]


async def test_an_export_has_the_chosen_rows_and_a_name_of_ours(
    still_simulator: Simulator, still_clock: StillClock, tmp_path: Path
) -> None:
    job = ending_so(
        still_simulator,
        "140 to retry",
        lambda index: (
            Ending("FAILED", "Mailbox not found")
            if index < 20
            else Ending("SKIPPED", "../../evil said no")
            if index < 25
            else Ending()
        ),
    )
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.press("w")
        await console.sees("25 failed or skipped rows, 2 reasons", "all loaded")
        await console.press("E")
        await console.sees(f"job-{job.job_id[:8]}-mailbox-not-found.csv", "20 rows of this reason")
        await console.press("enter")
        await console.sees("20 rows in job-")
        rows = list(csv.DictReader((tmp_path / f"job-{job.job_id[:8]}-mailbox-not-found.csv").open()))
        assert (len(rows), {row["status_message"] for row in rows}) == (20, {"Mailbox not found"})
        await console.press("j", "E")
        await console.sees(f"job-{job.job_id[:8]}-reasons.csv", "5 rows of this reason")
        await console.press("escape", "a", "E")
        await console.sees("25 rows marked")
        await console.press("ctrl+u")
        await console.type("all.ndjson")
        await console.press("enter")
        await console.sees("25 rows in all.ndjson")
        written = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
        assert sorted(row["status"] for row in written) == ["FAILED"] * 20 + ["SKIPPED"] * 5


async def test_hostile_reasons_are_text(still_simulator: Simulator, still_clock: StillClock) -> None:
    hostile = [
        *HOSTILE_SUBJECTS[::2],
        "\x1b[31m" + "9k " * 3000,
        "\u202ekcehc \u2066\u2069",
        "[b]bold[/b] ✓✓",
        "\x00",
        "Z" * 8192,
    ]
    ending_so(still_simulator, "140 to retry", lambda index: Ending("FAILED", hostile[index % len(hostile)]))
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.press("w")
        await console.sees("2,400 failed rows", "all loaded")
        for _ in hostile:
            await console.press("j")
            shown = console.text
            assert len(shown.splitlines()) == 24
            assert all(character.isprintable() for line in shown.splitlines() for character in line)
            assert all(line[7:].strip() for line in lines(console))
        assert "[b]bold[/b]" in console.text or "[@click=app.quit]" in console.text
        await console.press("Y")
        await console.sees("Copy", "own words")


async def test_a_job_without_failures_says_so(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "held by mistake")
        await console.press("w")
        await console.sees("No failed rows.")
        await console.press("space", "enter", "E", "y", "v", "a", "L")
        await console.press("escape")
        await console.sees("Jobs › release")
