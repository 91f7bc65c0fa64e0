"""The story of an operator: 1,200 newsletters are held by mistake, three of them are malicious, and the line drops half way."""

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.environment import PROGRAM, environment
from tests.support.terminal import PATIENCE, Terminal
from tui_app.simulator.server import Options, Simulator, running

HELD, RIDING_ALONG, LATENCY_MS = 1200, 3, 150
TO_RELEASE = HELD - RIDING_ALONG
CANARY, BATCH = 5, 100
CONFIRMED, OUT = CANARY + 6 * BATCH, BATCH
"""When the seventh batch is out: what was answered before, and what waits for its answer."""
NEVER_SENT = TO_RELEASE - CONFIRMED - OUT
NO_MORE_KEYS = 25
SOON = 2.0
WHOLLY_RELEASED = 49
"""A seed with which no message fails for all of its recipients: each one must be released in the end."""
REASON = "INC-4802 newsletter held by mistake"


@dataclass
class Operator:
    """Somebody at a terminal of 80x24 on a jump host, whose keys are counted; what is typed as text is counted apart."""

    environment: dict[str, str]
    folder: Path
    terminal: Terminal = field(init=False)
    keys: int = 0
    text: int = 0
    frame: float = 0.0
    """When the first frame of the last start was there."""

    def start(self) -> None:
        self.terminal = Terminal(PROGRAM, self.environment, folder=self.folder)
        self.terminal.sees("? help")
        self.frame = time.monotonic()

    def press(self, key: str, *words: str) -> None:
        """Press one key, and see what it does."""
        self.keys += 1
        self.terminal.press(key)
        self.terminal.sees(*words)

    def sees_within(self, seconds: float, *words: str) -> None:
        """See what takes longer than a key does."""
        end = time.monotonic() + seconds
        while not all(word in self.terminal.text for word in words):
            self.terminal.read(0.2)
            assert time.monotonic() < end, self.terminal.text

    def submit(self, *words: str) -> None:
        """Press enter behind a number, and see what comes."""
        self.keys += 1
        self.terminal.submit()
        self.terminal.sees(*words)

    def sends_on(self, *words: str) -> None:
        """Send the rest after the first ones, and see what comes."""
        self.keys += 1
        self.terminal.submit("A", "A")
        self.terminal.sees(*words)

    def type(self, text: str, *words: str) -> None:
        """Type text, and see it."""
        self.text += len(text)
        self.terminal.press(text)
        self.terminal.sees(*words or (text,))


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(seed=WHOLLY_RELEASED, held=HELD, latency_ms=LATENCY_MS)) as simulator:
        yield simulator


@pytest.fixture
def operator(account: Simulator, tmp_path: Path) -> Iterator[Operator]:
    with operator_at(account, tmp_path) as operator:
        yield operator


@contextmanager
def operator_at(account: Simulator, tmp_path: Path) -> Iterator[Operator]:
    config = tmp_path / "config.toml"
    config.write_text(f"[plans]\nbatch_size = {BATCH}\ncanary = {CANARY}\n")
    folder = tmp_path / "reports"
    folder.mkdir()
    operator = Operator(environment(tmp_path, account, MAILSLUICE_CONFIG=str(config)), folder)
    operator.start()
    try:
        yield operator
    finally:
        operator.terminal.kill()


def finds_marks_and_confirms(operator: Operator) -> None:
    """From the list of jobs to the first five, released and looked at."""
    operator.terminal.sees("12 loaded", "live")
    operator.press("Q", "all loaded")
    operator.press("/", "words from:")
    operator.type("acme-news")
    operator.press("\r", f"{HELD:,} found, all loaded")
    operator.press("a", f"{TO_RELEASE:,} of {HELD:,} marked", f"{RIDING_ALONG} odd ones left out")
    operator.press("R", f"{TO_RELEASE:,} messages", "13 requests", f"The first {CANARY} are sent alone", "not sent yet")
    operator.type(REASON)
    operator.press("\r")
    operator.terminal.answers()
    operator.type(f"{TO_RELEASE}", f"Messages       {TO_RELEASE}")
    operator.submit("check them", f"{CANARY} of {TO_RELEASE:,}", "A send the rest")


def released(account: Simulator) -> list[str]:
    return [entry["id"] for entry in account.account.truth.of("release")]


def sends_the_rest(operator: Operator, count: int, *words: str) -> None:
    """Looks at what is left, and types its number."""
    operator.press("A", "Send the rest of this plan?", f"type {count} and enter")
    operator.type(f"{count}", f"and enter: {count}")
    operator.submit(*words)


def until_batch_seven_is_out(account: Simulator, operator: Operator) -> None:
    """It has reached the server, and its answer is on its way."""
    end = time.monotonic() + PATIENCE
    while len(released(account)) < CONFIRMED + OUT:
        operator.terminal.read(0.002)
        assert time.monotonic() < end


def comes_back(operator: Operator, *words: str) -> float:
    """A new process on the same state; seconds from its first frame to the unfinished plan."""
    operator.keys += 1  # the command's enter
    operator.text += len("mailsluice")
    operator.start()
    operator.terminal.sees("Release › plan", "unfinished", *words)
    return time.monotonic() - operator.frame


def assert_each_once(account: Simulator) -> None:
    """By the simulator's own record: everything that was marked once, and nothing that was malicious."""
    entries = account.account.truth.of("release")
    wanted = [mail for mail in account.account.held[:HELD] if mail.disposition != "MALICIOUS"]
    assert Counter(entry["id"] for entry in entries) == Counter(mail.investigate_id for mail in wanted)
    assert all(entry["outcome"] == "released" for entry in entries)
    assert not any(mail.quarantined for mail in wanted)
    riding_along = [mail for mail in account.account.held[:HELD] if mail.disposition == "MALICIOUS"]
    assert len(riding_along) == RIDING_ALONG
    assert all(mail.quarantined for mail in riding_along)


def assert_reported(account: Simulator, folder: Path) -> None:
    """Three files: every id once for programs, and what has to be looked at for people."""
    (in_markdown,), (as_csv,), (as_json,) = (
        list(folder.glob(f"plan-*{suffix}")) for suffix in (".md", ".csv", ".json")
    )
    ids = sorted(released(account))
    report = json.loads(as_json.read_text())
    assert sorted(row["id"] for row in report["results"]) == ids
    assert report["messages"] == sum(report["sums"].values()) == TO_RELEASE
    assert report["sums_add_up"] is True
    with as_csv.open() as file:
        listed = list(csv.DictReader(file))
    rows = [row for row in listed if row["outcome"] != "held back"]
    assert len(listed) == len(rows) + RIDING_ALONG, "what the guard held back when it was marked is told"
    assert sorted(row["id"] for row in rows) == ids
    assert Counter(row["outcome"] for row in rows) == report["sums"]
    words = in_markdown.read_text()
    assert REASON in words.replace("`", "")
    done = {"delivered", "seen released"}
    assert all(words.count(f"| {row['id']} |") == (row["outcome"] not in done) for row in listed), "exceptions alone"
    assert f"All {len(listed):,} ids with their outcomes: " in words


def print_line(capsys: pytest.CaptureFixture[str], what: str, operator: Operator, back: float, began: float) -> None:
    with capsys.disabled():
        print(
            f"\n{what}: {operator.keys} keys and {operator.text} characters of text, the unfinished plan {back:.2f} s "
            f"after the first frame, {time.monotonic() - began:.1f} s in all"
        )


@pytest.mark.long  # the same steps are in test_release_screens.py and test_kill.py; with a line of 150 ms it takes ten seconds
def test_a_line_that_drops_with_everything_behind_it_costs_no_message_and_releases_none_twice(
    account: Simulator, operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    finds_marks_and_confirms(operator)
    operator.sends_on("requests")
    until_batch_seven_is_out(account, operator)
    operator.terminal.hang_up()
    operator.terminal.kill()
    assert len(released(account)) == CONFIRMED + OUT
    back = comes_back(operator, f"{CONFIRMED + OUT} of {TO_RELEASE:,}", f"{OUT} unknown", "v settle")
    assert back < SOON
    operator.press("v", f"{OUT} seen released", "A send the rest")
    assert len(released(account)) == CONFIRMED + OUT, "asking sends nothing"
    sends_the_rest(operator, NEVER_SENT, "all sent", f"{TO_RELEASE:,} of {TO_RELEASE:,} · 13 requests")
    operator.press("E", "Written here:")
    print_line(capsys, "hung up and killed", operator, back, began)
    assert_each_once(account)
    assert_reported(account, operator.folder)
    assert operator.keys <= NO_MORE_KEYS


@pytest.mark.long
def test_a_line_that_drops_lets_the_batch_on_its_way_end_and_the_rest_waits_for_the_next_start(
    account: Simulator, operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    finds_marks_and_confirms(operator)
    operator.sends_on("requests")
    until_batch_seven_is_out(account, operator)
    operator.terminal.hang_up()
    assert operator.terminal.ends_unread(PATIENCE) == 129
    back = comes_back(operator, f"{CONFIRMED + OUT} of {TO_RELEASE:,}", f"{NEVER_SENT} not sent", "A send the rest")
    assert back < SOON
    assert "unknown" not in operator.terminal.text
    sends_the_rest(operator, NEVER_SENT, "all sent", f"{TO_RELEASE:,} of {TO_RELEASE:,} · 13 requests")
    operator.press("E", "Written here:")
    print_line(capsys, "hung up", operator, back, began)
    assert_each_once(account)
    assert_reported(account, operator.folder)
    assert operator.keys <= NO_MORE_KEYS


@pytest.mark.long
def test_a_batch_that_never_arrived_is_asked_for_a_minute_then_sent_again_by_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole schedule of questions, on the real clock."""
    began = time.monotonic()
    options = Options(seed=WHOLLY_RELEASED, held=HELD, latency_ms=LATENCY_MS, faults="stall_before@release#8", quota=0)
    with running(options) as account, operator_at(account, tmp_path) as operator:
        finds_marks_and_confirms(operator)
        operator.sends_on("requests")
        end = time.monotonic() + PATIENCE
        while sum(request["endpoint"] == "release" for request in account.wire()) < 8:
            operator.terminal.read(0.002)
            assert time.monotonic() < end
        operator.terminal.hang_up()
        operator.terminal.kill()
        account.set_faults("none")
        back = comes_back(operator, f"{CONFIRMED + OUT} of {TO_RELEASE:,}", f"{OUT} unknown", "v settle")
        account.api.latency = 0.0  # a hundred messages are read one by one in the end
        asked = time.monotonic()
        operator.press("v", "settling")
        operator.sees_within(3 * PATIENCE, "? not seen released", "W send again")
        took = time.monotonic() - asked
        assert len(released(account)) == CONFIRMED, "asking sends nothing"
        operator.press("W", "Send these again?", f"type {OUT + NEVER_SENT} and enter")
        operator.type(f"{OUT + NEVER_SENT}", f"and enter: {OUT + NEVER_SENT}")
        operator.submit()
        operator.sees_within(3 * PATIENCE, "all sent", f"{TO_RELEASE:,} of {TO_RELEASE:,}")
        operator.press("E", "Written here:")
        print_line(capsys, f"killed before it arrived, asked for {took:.0f} s", operator, back, began)
        assert_each_once(account)
        assert_reported(account, operator.folder)
    assert 55 < took < 75
    assert operator.keys <= NO_MORE_KEYS
