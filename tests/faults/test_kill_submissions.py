"""kill -9 between a report of mail and its answer: it is on record as unknown, is never sent again, and is read back."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.test_kill import wait
from tests.faults.test_kill_job_writes import Machine, machine_with
from tests.support.commands import run_with

ROUNDS = 6


def released(machine: Machine, count: int) -> str:
    """Release so many messages; the plan."""
    mails = [mail for mail in machine.simulator.account.held if mail.disposition == "BULK"][:count]
    ids = [mail.investigate_id for mail in mails]
    ended = run_with(machine.variables, "release", *ids, "--reason", "INC-1", "--yes", "--expect", str(count))
    assert ended.returncode == 0, ended.stderr
    return ended.stderr.rpartition("plan ")[2].split()[0]


def submitted(machine: Machine) -> list[str]:
    return [line["id"] for line in machine.simulator.account.truth.of("submission")]


@pytest.mark.parametrize(
    ("faults", "done"),
    [("stall_after@submit", True), pytest.param("stall_before@submit", False, marks=pytest.mark.long)],
)
def test_a_report_that_was_killed_before_its_answer_is_unknown_and_is_not_sent_again(
    faults: str, done: bool, tmp_path: Path
) -> None:
    with machine_with(faults, tmp_path) as machine:
        plan = released(machine, 3)
        report = ("ledger", "submit", plan, "--as", "NONE", "--yes")
        command = machine.starts(*report)
        assert wait(command, lambda: machine.asked("submit") and bool(submitted(machine)) is done) is None
        command.kill()
        wait(command)
        machine.simulator.set_faults("none")
        (entry,) = machine.writes
        assert (entry.what, entry.standing, entry.answers) == ("report mail", "unknown", ())
        again = run_with(machine.variables, *report)
        assert (again.returncode, "3 (reported before)" in again.stderr) == (3, True), again.stderr
        assert machine.settles(entry) == (0 if done else 5)
        (entry,) = machine.writes
        assert (entry.standing, entry.sums()) == (("done", "3 accepted") if done else ("unknown", "3 unknown"))
        assert len(submitted(machine)) == (3 if done else 0)


def test_killed_at_any_moment_no_message_is_reported_that_is_not_on_record_and_none_twice(tmp_path: Path) -> None:
    random = Random(7)
    with machine_with("latency=8@submit", tmp_path) as machine:
        plan = released(machine, 6)
        for _ in range(ROUNDS):
            command = machine.starts("ledger", "submit", plan, "--as", "NONE", "--yes")
            end = time.monotonic() + random.uniform(0.02, 0.6)
            if wait(command, lambda end=end: time.monotonic() >= end) is None:
                command.kill()
                wait(command)
            on_record = {mail.id for entry in machine.writes if entry.report for mail in entry.report.mails}
            assert set(submitted(machine)) <= on_record
        assert len(submitted(machine)) == len(set(submitted(machine)))
