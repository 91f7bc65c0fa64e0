"""`job --reasons`, `messages --why` and jobs by the beginning of their ids, as scripts see them."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import run_with
from tests.support.services import service_on
from tui_app.core.errors import UsageError
from tui_app.jobs.job_id import check_job, whole_job_ids
from tui_app.simulator.demo_data import HOSTILE_SUBJECTS
from tui_app.simulator.jobs import Ending, SimulatedJob
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=10, held=1, faults="none")) as simulator:
        yield simulator


def job_of(account: Simulator, comment: str) -> SimulatedJob:
    return next(job for job in account.account.jobs.values() if comment in str(job.comment))


def run(account: Simulator, *arguments: str) -> Any:
    return run_with(account.environment(), *arguments)


def test_reasons_in_every_format_and_only_failed_rows_are_asked_for(account: Simulator) -> None:
    job = job_of(account, "140 to retry")
    ended = run(account, "job", job.job_id[:8], "--reasons", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    groups = json.loads(ended.stdout)
    assert [(group["cause"], group["rows"], group["word"], group["worth_retrying"]) for group in groups] == [
        ("throttled", 96, None, 96),
        ("no-mailbox", 31, "NO-MAILBOX", 0),
        ("gone", 13, "GONE", 0),
    ]
    assert groups[0]["tries"] == {"fewest": 3, "most": 3}
    assert groups[0]["retry_after"]["earliest"] < groups[0]["retry_after"]["latest"]
    assert sum(domain["rows"] for domain in groups[1]["domains"]) == 31
    assert groups[1]["status_message"] == "Mailbox not found for recipient"
    table = run(account, "job", job.job_id, "--reasons").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["ROWS", "96", "31", "13"]
    rows = list(csv.DictReader(io.StringIO(run(account, "job", job.job_id, "--reasons", "--format", "csv").stdout)))
    assert [row["what_to_do"] for row in rows] == ["retry", "export, hand over", "nothing to do"]


def test_reasons_that_may_not_be_whole_say_so(account: Simulator) -> None:
    job = job_of(account, "140 to retry")
    account.set_faults("unreadable_row@job_messages#1")
    ended = run(account, "job", job.job_id, "--reasons", "--format", "ndjson")
    account.set_faults("none")
    assert ended.returncode == 4
    assert "Perhaps NOT all: 1 failed row can't be read" in ended.stderr
    assert json.loads(ended.stdout.splitlines()[0])["cause"] == "throttled", "what came is told all the same"


def test_rows_by_why_in_our_words_or_the_server_s(account: Simulator, tmp_path: Path) -> None:
    job = job_of(account, "140 to retry")
    ours = run(account, "messages", job.job_id[:8], "--why", "the message is NO LONGER there", "--format", "ndjson")
    assert (ours.returncode, len(ours.stdout.splitlines())) == (0, 13), ours.stderr
    theirs = run(account, "messages", job.job_id, "--status", "FAILED", "--why", "from graph", "--limit", "5", "--json")
    assert (theirs.returncode, len(json.loads(theirs.stdout))) == (0, 5)
    path = tmp_path / "rows.csv"
    written = run(account, "messages", job.job_id, "--status", "FAILED", "--why", "mailbox not", "--output", str(path))
    assert (written.returncode, len(path.read_text().splitlines())) == (0, 32), written.stderr
    nothing = run(account, "messages", job.job_id, "--why", "no such reason", "--json")
    assert (nothing.returncode, json.loads(nothing.stdout)) == (0, [])
    assert run(account, "messages", job.job_id, "--why", " ").returncode == 2


async def test_a_job_is_known_by_the_beginning_of_its_id(account: Simulator) -> None:
    first, second = list(account.account.jobs.values())[:2]
    async with service_on(account) as service:
        names = [check_job(first.job_id[:6].upper()), check_job(second.job_id), check_job(first.job_id)]
        assert await whole_job_ids(service.client, names) == [first.job_id, second.job_id]
        with pytest.raises(UsageError, match="No job's id begins with ffffff"):
            await whole_job_ids(service.client, ["ffffff"])
        twin = vars(second)["job_id"] = f"{first.job_id[:-1]}{'0' if first.job_id[-1] != '0' else '1'}"
        account.account.jobs[twin] = second
        with pytest.raises(UsageError, match=rf"{first.job_id} \(move → Junk\), {twin}|{twin} .*{first.job_id}"):
            await whole_job_ids(service.client, [first.job_id[:8]])
        del account.account.jobs[twin]
        # Whole ids are not looked up: nobody is asked.
        account.set_faults("status=500@jobs")
        assert await whole_job_ids(service.client, [first.job_id]) == [first.job_id]
        account.set_faults("unreadable_row@jobs")
        with pytest.raises(UsageError, match="write the whole id"):
            await whole_job_ids(service.client, [first.job_id[:8]])
        account.set_faults("none")
    for name in ("abc", "nothex!", "../../x", first.job_id + "0"):
        with pytest.raises(UsageError, match="first 6 characters"):
            check_job(name)


@pytest.mark.parametrize("output_format", ["table", "csv", "ndjson"])
def test_hostile_reasons_are_written_as_text(account: Simulator, output_format: str) -> None:
    hostile = [*HOSTILE_SUBJECTS, "\x1b[31m" + "9k " * 3000, "\u202ekcehc \u2066\u2069", "=1+1 said no", "-\ncut"]
    job = job_of(account, "malware attachment")
    job.ending = lambda index: Ending("FAILED", hostile[index % len(hostile)])
    for cached in ("_endings", "_finished_after", "_order", "_times_by_state"):
        vars(job).pop(cached, None)
    ended = run(account, "job", job.job_id, "--reasons", "--format", output_format)
    assert ended.returncode == 0, ended.stderr
    controls = [c for c in ended.stdout if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    assert not controls
    if output_format == "csv":
        cells = [cell for row in csv.reader(io.StringIO(ended.stdout)) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    elif output_format == "ndjson":
        samples = {json.loads(line)["status_message"] for line in ended.stdout.splitlines()}
        assert "=1+1 said no" in samples
