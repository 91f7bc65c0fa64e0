"""Stories of jobs at a terminal of 80x24 on a line of 150 ms, their keys counted: a campaign, and what a job left behind."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.pty.test_story import Operator
from tests.support.environment import environment
from tests.support.terminal import PATIENCE
from tui_app.simulator.server import Options, Simulator, running

LATENCY_MS = 150
CAMPAIGN, SUBJECT = "billing@evil.example", "Invoice"
FAILED, THROTTLED, NO_MAILBOX, GONE = 140, 96, 31, 13
FAIL_AGAIN = 2
DUE_IN = 45.0
"""Seconds after the start at which the last throttled row may be tried again: later than the story takes to come there."""
LEFT, SHIFT_TAB = "\x1b[D", "\x1b[Z"

pytestmark = (
    pytest.mark.long
)  # screens/test_follow_up.py and screens/test_new_job.py walk the same steps without a line


@contextmanager
def operator_on(tmp_path: Path, **options: object) -> Iterator[tuple[Simulator, Operator]]:
    folder = tmp_path / "reports"
    folder.mkdir()
    with running(Options(latency_ms=LATENCY_MS, **options)) as account:  # type: ignore[arg-type]
        operator = Operator(environment(tmp_path, account), folder)
        operator.start()
        try:
            yield account, operator
        finally:
            operator.terminal.kill()


def paste(operator: Operator, text: str) -> None:
    """A paste is one key."""
    operator.keys += 1
    operator.terminal.answers()
    operator.terminal.press(f"\x1b[200~{text}\x1b[201~")
    operator.terminal.sees(text)


def until(operator: Operator, holds: Callable[[], bool]) -> None:
    """Read what comes until it is so."""
    end = time.monotonic() + PATIENCE
    while not holds():
        operator.terminal.read(0.05)
        assert time.monotonic() < end, operator.terminal.text


def requests_of(account: Simulator, endpoint: str) -> int:
    return sum(request["endpoint"] == endpoint for request in account.wire())


def told(capsys: pytest.CaptureFixture[str], what: str, operator: Operator, began: float, more: str = "") -> None:
    with capsys.disabled():
        took = time.monotonic() - began
        print(f"\n{what}: {operator.keys} keys and {operator.text} characters of text, {took:.1f} s in all{more}")


def creates_the_job(operator: Operator) -> str:
    """From the list of jobs to the typed number of a job that moves a campaign out of reach; that number."""
    operator.terminal.sees("12 loaded", "live")
    operator.press("n", "new job")
    for key in (SHIFT_TAB, LEFT, LEFT):
        operator.press(key)
        operator.terminal.answers()
    operator.press("\t")
    paste(operator, CAMPAIGN)
    operator.press("\t")
    operator.press("\t")
    paste(operator, SUBJECT)
    for key in ("\t", "\t", "\t", " ", "\t"):
        operator.press(key)
        operator.terminal.answers()
    operator.type("INC-4711 invoice campaign")
    operator.press("\r", "Enter again to confirm", "Soft delete")
    operator.press("\r", "Move to Soft delete: start this job?")
    (number,) = [line for line in operator.terminal.text.splitlines() if "To do it, type" in line]
    return number.split("type")[1].split()[0]


def confirms(operator: Operator, count: str, *words: str) -> None:
    operator.keys += len(count)
    operator.terminal.press(count)
    operator.terminal.sees(count)
    operator.submit(*words)


def reports(operator: Operator) -> None:
    """The report of the job that is shown."""
    operator.press("E", "tab the report")
    operator.press("\t", "report-job-")
    operator.press("\r")
    until(operator, lambda: bool(list(operator.folder.glob("report-job-*.md"))))


def test_a_campaign_is_moved_out_of_reach_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with operator_on(tmp_path, speed=20.0) as (account, operator):
        began = time.monotonic()
        count = creates_the_job(operator)
        confirms(operator, count, "Jobs › move → Soft delete")
        operator.sees_within(3 * PATIENCE, "final")
        reports(operator)
        told(capsys, "campaign", operator, began)
        (created,) = account.account.truth.of("create_job")
        assert created["body"]["destination"] == "RecoverableItemsDeletions"
        assert created["body"]["search_params"]["detections_only"] is False
        assert created["rows"] == int(count.replace(",", ""))
    assert operator.keys <= 25


def test_a_create_whose_answer_is_lost_makes_one_job_and_finds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with operator_on(tmp_path, speed=20.0, faults="close_after@create_job#1") as (account, operator):
        began = time.monotonic()
        count = creates_the_job(operator)
        confirms(operator, count)
        operator.sees_within(3 * PATIENCE, "Jobs › move → Soft delete")
        operator.sees_within(3 * PATIENCE, "final")
        told(capsys, "campaign, the answer to create lost", operator, began)
        assert len(account.account.truth.of("create_job")) == 1


def test_a_line_that_drops_while_a_job_is_watched_costs_one_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with operator_on(tmp_path, speed=4.0) as (account, operator):
        began = time.monotonic()
        count = creates_the_job(operator)
        confirms(operator, count, "Jobs › move → Soft delete")
        operator.terminal.hang_up()
        operator.terminal.kill()
        before = operator.keys
        operator.start()
        operator.terminal.sees("13 loaded", "INC-4711 invoice campaign")
        operator.press("\r", "Jobs › move → Soft delete")
        operator.sees_within(3 * PATIENCE, "final")
        told(capsys, "campaign, dropped while it ran", operator, began)
        assert operator.keys == before + 1
        assert len(account.account.truth.of("create_job")) == 1


def test_what_a_job_left_behind_is_sorted_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with operator_on(tmp_path, retry_in=DUE_IN, faults="none") as (account, operator):
        began = time.monotonic()
        operator.terminal.sees("12 loaded", "live")
        operator.press("/", "words -words")
        operator.type(f"{FAILED}")
        operator.press("\r", "1 of 12 loaded", "INC-4699")
        operator.press("\r", "Jobs › move → Junk", f"{FAILED} failed")
        operator.press("w", f"{FAILED} failed rows, 3 reasons", "all loaded")
        operator.press("T", f"{THROTTLED} messages", "Not before", "INC-4699")
        operator.type(f"{THROTTLED}", f"Messages       {THROTTLED}")
        operator.submit("waits until", "you may leave")
        assert account.account.truth.of("move") == [], "not before its time"
        due = account.account.start + timedelta(seconds=DUE_IN)
        operator.sees_within(DUE_IN + 3 * PATIENCE, f"{THROTTLED - FAIL_AGAIN} moved", f"{FAIL_AGAIN} failed")
        first = min(entry["time"] for entry in account.account.truth.of("move"))
        assert datetime.fromisoformat(first) >= due - timedelta(seconds=1), "retry times are told in whole seconds"
        operator.press("\x1b", "by reason")
        operator.press("j")
        operator.press("E", "mailbox-not-found.csv")
        operator.press("\r")
        operator.sees_within(PATIENCE, f"{NO_MAILBOX} rows in")
        operator.press("\x1b", "then retry")
        reports(operator)
        told(capsys, "what a job left behind", operator, began, f", {requests_of(account, 'move')} moves")
        moved = Counter(entry["id"] for entry in account.account.truth.of("move"))
    assert len(moved) == THROTTLED
    assert set(moved.values()) == {1}
    (listed,) = operator.folder.glob("job-*-mailbox-not-found.csv")
    with listed.open() as file:
        assert len(list(csv.DictReader(file))) == NO_MAILBOX
    (report,) = operator.folder.glob("report-job-*.md")
    words = report.read_text()
    assert all(str(count) in words for count in (FAILED, THROTTLED, NO_MAILBOX, GONE))
    assert f"{THROTTLED - FAIL_AGAIN} moved" in words
    assert operator.keys <= 15


def opens_the_running_job(operator: Operator) -> None:
    operator.terminal.sees("12 loaded", "live")
    operator.press("j")
    operator.press("\r", "Jobs › move → Junk", "INC-4711 wave 2", "1,000 loaded")


def test_a_job_that_somebody_deletes_while_it_is_open_is_told_as_gone(tmp_path: Path) -> None:
    with operator_on(tmp_path, faults="none") as (account, operator):
        opens_the_running_job(operator)
        account.set_faults("job_deleted@job#1")
        operator.sees_within(3 * PATIENCE, "404")
        operator.press("\x1b", "11 loaded")
        assert "INC-4711 wave 2" not in operator.terminal.text


def test_rows_that_end_in_a_404_are_told_as_not_all(tmp_path: Path) -> None:
    with operator_on(tmp_path, faults="none") as (account, operator):
        operator.press("4", "6 loaded")
        operator.press("j")
        operator.press("j")
        operator.press("\r", "140 failed", "1,000 loaded")
        account.set_faults("status=404@job_messages")
        operator.press("L")
        operator.sees_within(PATIENCE, "not all")
        assert "1,000 loaded" in operator.terminal.text


def test_a_job_that_goes_back_tells_no_negative_pace(tmp_path: Path) -> None:
    with operator_on(tmp_path, faults="none") as (account, operator):
        opens_the_running_job(operator)
        operator.sees_within(3 * PATIENCE, "/s")
        account.set_faults("stale_jobs=25")
        operator.sees_within(3 * PATIENCE, "live")
        operator.press("!", "Activity")
        operator.sees_within(3 * PATIENCE, " back ")
        assert not [word for word in operator.terminal.text.split() if word.startswith("-") and word.endswith("/s")]


def test_a_move_whose_answer_is_lost_is_read_back_and_not_sent_again(tmp_path: Path) -> None:
    with operator_on(tmp_path, faults="close_after@move#1") as (account, operator):
        operator.press("4", "6 loaded")
        operator.press("j")
        operator.press("j")
        operator.press("\r", "140 failed")
        operator.press("w", "3 reasons", "all loaded")
        operator.press("T", f"{THROTTLED} messages", "not sent yet")
        operator.type(f"{THROTTLED}", f"Messages       {THROTTLED}")
        operator.submit("settling")
        operator.sees_within(4 * PATIENCE, "seen moved", "all sent")
        moved = Counter(entry["id"] for entry in account.account.truth.of("move"))
        assert len(moved) == THROTTLED
        assert set(moved.values()) == {1}
