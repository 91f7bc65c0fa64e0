"""Two of us on one account: one acts, the other says who does; journals stay whole and follow each other."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from socket import gethostname
from tempfile import TemporaryFile

import pytest

from tests.support.environment import environment
from tests.support.forker import Program, forker
from tests.support.terminal import Terminal
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode
from tui_app.plans.journal import read
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import origin_of
from tui_app.simulator.server import Options, Simulator, running

RACES = int(os.environ.get("RACES", "100"))
IDS, BATCH = 40, 10
PATIENCE = 60.0
HELD_UP = "latency=600@release"
"""So long an answer takes that whoever came second finds the first one acting."""


@contextmanager
def account_with(held: int) -> Iterator[Simulator]:
    with running(Options(quota=0, messages=60, held=held, faults="none")) as simulator:
        yield simulator


@pytest.fixture
def account() -> Iterator[Simulator]:
    with account_with(600) as simulator:
        yield simulator


@pytest.fixture
def variables(tmp_path: Path, account: Simulator) -> dict[str, str]:
    return variables_for(account, tmp_path)


def variables_for(account: Simulator, tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "config.toml"
    config.write_text(f"[plans]\nbatch_size = {BATCH}\n")
    return environment(tmp_path, account, MAILSLUICE_CONFIG=str(config))


def ledger_of(variables: dict[str, str]) -> Ledger:
    return Ledger(Path(variables["HOME"], ".local/state/mailsluice/plans"), origin_of({}), SystemClock().now)


def held_by(account: Simulator) -> list[str]:
    return [mail.investigate_id for mail in account.account.held if mail.disposition in ("BULK", "SPAM")]


class Release:
    """A release from the command line that runs while the test goes on; what it says is in a file."""

    def __init__(self, variables: dict[str, str], ids: Sequence[str]) -> None:
        arguments = ("release", *ids, "--reason", "race", "--yes", "--expect", str(len(ids)))
        self._says = TemporaryFile("w+")  # noqa: SIM115 - as long as the release
        with Path(os.devnull).open("r+b") as nothing:
            streams = [nothing.fileno(), nothing.fileno(), self._says.fileno()]
            self.process = forker().start(Program(arguments), variables, streams)

    def ends(self) -> tuple[int, str]:
        """Wait for its end: the exit code, and what it said on standard error."""
        code = self.process.ended(PATIENCE)
        assert code is not None
        self._says.seek(0)
        return code, self._says.read()

    def close(self) -> None:
        self.process.kill()
        self._says.close()


def first_to_end(releases: Sequence[Release]) -> Release:
    end = time.monotonic() + PATIENCE
    while True:
        for one in releases:
            if one.process.ended(0.01) is not None:
                return one
        assert time.monotonic() < end


def assert_whole(ledger: Ledger, plans: int) -> None:
    """Each journal parses to its last byte and holds one plan; the chain goes through all of them."""
    verdict = ledger.verify()
    assert verdict.problems == ()
    assert verdict.journals == plans
    for path in ledger.folder.glob("*.jsonl"):
        reading = read(path)
        assert not reading.torn
        assert reading.damaged_at is None
        assert [record["type"] for record in reading.records].count("plan") == 1
        ids = {pair[0] for pair in reading.records[0]["ids"]}
        assert all(set(record["ids"]) <= ids for record in reading.records if record["type"] == "intent")


def race(account: Simulator, variables: dict[str, str], ids: Sequence[Sequence[str]]) -> None:
    """Two releases start at once; which is first is theirs to find out."""
    account.set_faults(HELD_UP)
    before = len(account.account.truth.of("release"))
    racing = [Release(variables, chosen) for chosen in ids]
    try:
        second = first_to_end(racing)
        account.set_faults("none")
        (first,) = (one for one in racing if one is not second)
        code, said = second.ends()
        assert code == ExitCode.GUARD, said
        holder = f"mailsluice with pid {first.process.pid} on {gethostname()}"
        if f"{holder} (of" not in said or "is acting on this account" not in said:
            # It came so late that it found its mail in the first one's journal already.
            assert ids[0] == ids[1], said
            open_there = f"unknown in plan {ledger_of(variables).entries()[0].plan.plan_id}"
            assert open_there in said or "already released" in said
        assert "Nothing was sent." in said
        code, said = first.ends()
        assert code in (ExitCode.DONE, ExitCode.PARTLY_FAILED), said
    finally:
        for one in racing:
            one.close()
    sent = [entry["id"] for entry in account.account.truth.of("release")[before:]]
    assert sent == list(ids[racing.index(first)]), "what the first one was asked for, once each, and nothing else"


def races(account: Simulator, variables: dict[str, str], count: int, seed: int) -> None:
    random, ids = Random(seed), held_by(account)
    for number in range(count):
        mine = ids[number * 2 * IDS : number * 2 * IDS + IDS]
        other = ids[number * 2 * IDS + IDS : (number + 1) * 2 * IDS]
        # The same mail for both, or mail of their own: the lock is the account's.
        race(account, variables, (mine, random.choice((mine, other))))
        assert_whole(ledger_of(variables), number + 1)


def test_of_two_releases_at_once_one_acts_and_the_other_names_it(account: Simulator, variables: dict[str, str]) -> None:
    races(account, variables, 5, seed=1)


@pytest.mark.long
def test_a_hundred_races(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`RACES` changes how many."""
    with account_with((RACES + 5) * 2 * IDS) as account:
        races(account, variables_for(account, tmp_path), RACES, seed=2)
    with capsys.disabled():
        print(f"\n{RACES} races: one acted in each, journals and chain whole")


# ---- with the console

Console = Callable[[], Terminal]


@pytest.fixture
def console(variables: dict[str, str]) -> Iterator[Console]:
    opened: list[Terminal] = []

    def start() -> Terminal:
        opened.append(Terminal(Program(), variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.kill()


def with_an_open_plan(terminal: Terminal) -> None:
    """Release forty messages, less the one that the guard holds back, up to the first ones, which wait to be looked at."""
    terminal.sees("12 loaded", "live")
    terminal.press("Q")
    terminal.sees("all loaded")
    terminal.press(" " * IDS)
    terminal.sees(f"{IDS} marked")
    terminal.press("R")
    terminal.sees("not sent yet")
    terminal.press("INC-1\r")
    terminal.answers()
    terminal.press(f"{IDS - 1}")
    terminal.submit()
    terminal.sees("check them", "A send the rest")


@pytest.mark.long
def test_while_the_console_has_an_open_plan_the_command_line_names_it_and_sends_nothing(
    account: Simulator, variables: dict[str, str], console: Console
) -> None:
    terminal = console()
    with_an_open_plan(terminal)
    sent = len(account.account.truth.of("release"))
    free = [mail.investigate_id for mail in account.account.held[100:120] if mail.disposition == "BULK"]
    with closing(Release(variables, free)) as late:
        code, said = late.ends()
    assert code == ExitCode.GUARD
    assert f"mailsluice with pid {terminal.pid} on {gethostname()}" in said
    assert len(account.account.truth.of("release")) == sent
    terminal.submit("A", "A")
    terminal.sees("all sent")
    with closing(Release(variables, free)) as free_now:
        code, said = free_now.ends()
    assert code in (ExitCode.DONE, ExitCode.PARTLY_FAILED), said
    assert_whole(ledger_of(variables), 2)


def test_a_second_console_sees_the_open_plan_can_t_touch_it_and_watches_jobs(
    account: Simulator, variables: dict[str, str], console: Console
) -> None:
    first = console()
    with_an_open_plan(first)
    sent = len(account.account.truth.of("release"))
    second = console()
    second.sees("worked on elsewhere", "not sent", f"pid {first.pid} on {gethostname()}")
    assert "send the rest" not in second.text
    second.press("A")
    second.sees("Nothing can be done here while")
    assert len(account.account.truth.of("release")) == sent
    second.press("\x1b")
    second.sees("12 loaded", "live")
    second.press("H")
    second.sees("Ledger", "unfinished")
    second.press("\r")
    second.sees("worked on elsewhere")
    first.submit("A", "A")
    first.sees("all sent")
    second.sees("all sent", "Every id is accounted for")  # seen as it went
    second.press("qq\r")
    second.sees("Jobs ›", "live")
    assert_whole(ledger_of(variables), 1)
