"""`report`: of a job or of a plan, by whatever names it, and what is told when something is missing."""

import json
from pathlib import Path

import pytest

from tests.support.commands import Run, run_with
from tui_app.simulator.server import Options, running


@pytest.fixture
def wave(run: Run) -> str:
    """A job of which 140 of 2,400 rows failed."""
    jobs = json.loads(run("jobs", "--json").stdout)
    return next(str(job["job_id"]) for job in jobs if "140 to retry" in job["comment"])


def test_a_job_is_reported_by_its_id_or_the_beginning_of_it_in_every_format(
    run: Run, wave: str, tmp_path: Path
) -> None:
    whole = run("report", wave)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "completed with failures, 140 of 2,400 rows failed\n" in whole.stdout
    assert "All 2,400 rows were read, and they fit the counters." in whole.stdout
    assert run("report", wave[:6]).stdout == whole.stdout
    for suffix in ("md", "csv", "json"):
        ended = run("report", wave, "--output", str(tmp_path / f"r.{suffix}"))
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr == f"Report of 2,400 rows in {tmp_path / f'r.{suffix}'}.\n"
    assert (tmp_path / "r.md").read_text() == whole.stdout
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 141
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["job_id"], told["mailsluice"]["rows_read"]) == (wave, {"COMPLETED": 2260, "FAILED": 140})
    again = run("report", wave, "--output", str(tmp_path / "r.md"))
    assert again.returncode == 2
    assert "exists; nothing was overwritten" in again.stderr


def test_rows_that_may_be_missing_end_it_with_4_and_the_report_says_so() -> None:
    with running(Options(quota=0, messages=600, held=120, faults="page_shift@job_messages")) as simulator:
        ended = run_with(simulator.environment(), "report", "ff6c73b8")
    assert ended.returncode == 4
    assert "**Rows may be missing: " in ended.stdout
    assert ended.stderr.startswith("Rows may be missing: ")


def test_a_retry_is_in_the_report_of_its_job_and_the_job_in_that_of_the_retry(run: Run, wave: str) -> None:
    retry = run("retry", wave, "--yes", "--expect", "96")
    plan = json.loads(run("ledger", "--json").stdout)[0]["plan"]
    markdown = run("report", wave).stdout.replace("`", "")
    assert f"- followed by: retry of job {wave[:8]} · plan {plan} · move → Junk: " in markdown, retry.stderr
    assert "not tried again (31 mailbox not found, 13 the message is no longer there).\n" in markdown
    assert f"- follows from: retry of job {wave}\n" in run("report", plan).stdout.replace("`", "")
    assert run("ledger", "report", plan).stdout == run("report", plan).stdout


def test_a_retry_that_was_undone_is_told_as_taken_back(run: Run, wave: str) -> None:
    run("retry", wave, "--yes", "--expect", "96")
    retry = json.loads(run("ledger", "--json").stdout)[0]
    moved = retry["sums"]["moved"]
    assert run("undo", retry["plan"], "--yes", "--expect", str(moved)).returncode == 0
    undo = json.loads(run("ledger", "--json").stdout)[0]["plan"]
    markdown = run("report", wave).stdout.replace("`", "")
    assert f"140 failed = {moved} moved, then taken back + " in markdown
    assert f"| moved, then taken back in plan {undo} |" in markdown
    assert f"| moved, plan {retry['plan']} |" not in markdown


def test_a_write_names_the_job_that_it_was_about_also_when_that_is_gone(run: Run) -> None:
    made = run("create", "--action", "move", "--destination", "JunkEmail", "--sender", "nobody.example", "--start", "1h", "--comment", "INC-9", "--yes", "--expect", "0", "--json")  # fmt: skip
    job = json.loads(made.stdout)
    mark = job["comment"].rpartition("#op-")[2]
    markdown = run("report", mark).stdout
    assert job["job_id"][:8] in markdown.splitlines()[0]
    assert "- asked for by: " in markdown
    assert "INC-9" in markdown
    run("cancel", job["job_id"], "--yes")
    run("delete", job["job_id"], "--yes")
    gone = run("report", job["job_id"])
    assert (gone.returncode, gone.stdout) == (6, "")
    assert [line.split(" ")[0] for line in gone.stderr.splitlines()[:3]] == ["Create", "Cancel", "Delete"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "No plan begins with nope"),
        (("abcdef",), "No job's id begins with abcdef"),
        (("abcdef", "--output", "r.txt"), "it must end in .md, .csv or .json"),
        (("abcdef", "--output", "~nosuch/r.md"), "That name can't be used for a file"),
    ],
)
def test_what_names_nothing_is_a_usage_error(run: Run, arguments: tuple[str, ...], said: str) -> None:
    ended = run("report", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
