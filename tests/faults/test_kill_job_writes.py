"""kill -9 at any moment of a write to a job: whatever reached the server is on record, and what is open is said to be."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.faults.test_kill import wait
from tests.support.commands import run_with
from tests.support.environment import environment
from tests.support.forker import Child, Program, forker
from tui_app.core.clock import SystemClock
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import origin_of
from tui_app.plans.write_entry import WriteEntry
from tui_app.simulator.server import Options, Simulator, running

CREATE = (
    "create", "--action", "move", "--destination", "JunkEmail", "--sender", "news@acme-news.example", "--all-mail",
    "--comment", "INC-1", "--yes",
)  # fmt: skip
ROUNDS = 8


class Machine:
    """Kills commands of one account, and reads what is on record."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.variables = environment(folder, simulator)
        self.plans = folder / ".local/state/mailsluice/plans"

    def starts(self, *arguments: str) -> Child:
        with Path(os.devnull).open("r+b") as nothing:
            return forker().start(Program(arguments), self.variables, [nothing.fileno()] * 3)

    @property
    def writes(self) -> list[WriteEntry]:
        """All of them, the oldest first."""
        return list(reversed(Ledger(self.plans, origin_of({}), SystemClock().now).overview().writes))

    @property
    def seen(self) -> list[str]:
        """The comments of jobs that were created."""
        return [str(entry["body"]["comment"]) for entry in self.simulator.account.truth.of("create_job")]

    def asked(self, endpoint: str) -> bool:
        return any(seen["endpoint"] == endpoint for seen in self.simulator.wire())

    def settles(self, entry: WriteEntry) -> int:
        return run_with(self.variables, "ledger", "settle", entry.plan_id, "--json").returncode


@contextmanager
def machine_with(faults: str, folder: Path) -> Iterator[Machine]:
    with running(Options(quota=0, messages=100, held=60, faults=faults)) as simulator:
        yield Machine(simulator, folder)


@pytest.mark.parametrize(
    ("faults", "done"),
    [("stall_after@create_job", True), pytest.param("stall_before@create_job", False, marks=pytest.mark.long)],
)
def test_a_create_that_was_killed_before_its_answer_is_found_by_its_mark_and_never_sent_again(
    faults: str, done: bool, tmp_path: Path
) -> None:
    with machine_with(faults, tmp_path) as machine:
        command = machine.starts(*CREATE)
        assert wait(command, lambda: machine.asked("create_job") and bool(machine.seen) is done) is None
        command.kill()
        wait(command)
        (entry,) = machine.writes
        assert (entry.standing, entry.answers, entry.preview is not None) == ("unknown", (), True)
        machine.simulator.set_faults("none")
        assert machine.settles(entry) == (0 if done else 5)
        (entry,) = machine.writes
        assert (entry.standing, bool(entry.job)) == (("done", True) if done else ("unknown", False))
        assert machine.seen == ([f"INC-1 {entry.mark}"] if done else [])


@pytest.mark.parametrize("kind", ["cancel", pytest.param("delete", marks=pytest.mark.long)])
def test_a_job_whose_write_was_killed_is_read_back(kind: str, tmp_path: Path) -> None:
    with machine_with(f"stall_after@{kind}_job", tmp_path) as machine:
        state = "PENDING" if kind == "cancel" else "CANCELLED"
        job = machine.simulator.account.list_jobs(state, None)[0]["job_id"]
        command = machine.starts(kind, job, "--reason", "INC-1", "--yes")
        acted = machine.simulator.account.truth
        assert wait(command, lambda: bool(acted.of(f"{kind}_job"))) is None
        command.kill()
        wait(command)
        machine.simulator.set_faults("none")
        (entry,) = machine.writes
        assert (entry.standing, entry.job, entry.reason) == ("unknown", job, "INC-1")
        assert machine.settles(entry) == 0
        assert [each.standing for each in machine.writes] == ["done"]
        assert len(acted.of(f"{kind}_job")) == 1


def test_killed_at_any_moment_nothing_reaches_the_server_that_is_not_on_record(tmp_path: Path) -> None:
    random = Random(5)
    with machine_with("latency=8@create_job", tmp_path) as machine:
        for _ in range(ROUNDS):
            command = machine.starts(*CREATE)
            end = time.monotonic() + random.uniform(0.02, 0.3)
            if wait(command, lambda end=end: time.monotonic() >= end) is None:
                command.kill()
                wait(command)
            by_mark = {entry.mark: entry for entry in machine.writes}
            for comment in machine.seen:
                assert by_mark[comment.split()[-1]].standing in ("done", "unknown")
            done = {mark for mark, entry in by_mark.items() if entry.standing == "done"}
            assert done <= {comment.split()[-1] for comment in machine.seen}
        ledger = Ledger(machine.plans, origin_of({}), SystemClock().now)
        assert ledger.verify().problems == ()
        listed = json.loads(run_with(machine.variables, "ledger", "--json").stdout)
        assert len(listed) == len(machine.writes)
