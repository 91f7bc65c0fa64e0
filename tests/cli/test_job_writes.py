"""Jobs that are created, cancelled and deleted on the command line: with a reason, and on record."""

import json
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import START, Ended, run_with, started, told
from tui_app.plans.journal import read
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=3012)) as simulator:
        yield simulator


class Machine:
    """A home of its own on the account."""

    def __init__(self, simulator: Simulator, home: Path, **more: str) -> None:
        self._environment = {**simulator.environment(), "XDG_STATE_HOME": str(home), **more}
        self.folder = home / "mailsluice" / "plans"

    @property
    def environment(self) -> dict[str, str]:
        return self._environment

    def run(self, *arguments: str, script: str = "") -> Ended:
        return run_with(self._environment, *arguments, script=script)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("ledger", "list", "--json", *arguments).stdout)
        return found


@pytest.fixture
def machine(account: Simulator, tmp_path: Path) -> Machine:
    return Machine(account, tmp_path / "state")


def test_every_write_is_in_the_ledger_with_its_reason_and_answer(machine: Machine, account: Simulator) -> None:
    created = machine.run(
        "create", "--action", "move", "--destination", "JunkEmail", "--sender", "news@acme-news.example",
        "--all-mail", "--comment", "INC-1", "--yes", "--json",
    )  # fmt: skip
    assert created.returncode == 0, created.stderr
    job = json.loads(created.stdout)["job_id"]
    cancelled = machine.run("cancel", job, "--reason", "wrong folder", "--yes")
    assert (cancelled.returncode, cancelled.stdout) == (0, f"{job} cancelled\n")
    deleted = machine.run("delete", job, "--reason", "clean up", "--yes")
    assert (deleted.returncode, deleted.stdout) == (0, f"{job} deleted\n")
    listed = machine.listed()
    assert [(each["write"], each["job"], each["reason"], each["outcome"]) for each in listed] == [
        ("delete", job, "clean up", "done"),
        ("cancel", job, "wrong folder", "done"),
        ("create", job, "INC-1", "done"),
    ]
    assert not any("plan" in each for each in listed)
    assert listed[2]["preview"]["complete"] is True
    assert listed[2]["search"]["sender"] == "news@acme-news.example"
    assert listed[1]["destination"] == "JunkEmail", "what was known of the job"
    table = machine.run("ledger").stdout.splitlines()
    assert table[0].split()[:6] == ["ID", "WHEN", "WHO", "ACTION", "TARGET", "STATE"]
    assert all(job[:8] in line and job in line for line in table[1:])
    verified = machine.run("ledger", "verify")
    assert (verified.returncode, verified.stdout.split(",")[0]) == (0, "3 journals")
    shown = machine.run("ledger", "show", listed[2]["id"])
    assert "search     start: " in shown.stdout
    assert f"mark       {listed[2]['mark']}" in shown.stdout
    assert json.loads(machine.run("ledger", "show", listed[0]["id"], "--json").stdout) == listed[0]
    several = machine.run("ledger", "show", job)
    assert several.returncode != 0
    assert "3 journals go by" in several.stderr
    resumed = machine.run("ledger", "resume", listed[0]["id"], "--yes")
    assert resumed.returncode == 2
    assert "is no plan: somebody wanted to delete job" in resumed.stderr


def test_the_list_begins_where_it_is_asked_to(machine: Machine, account: Simulator) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    assert machine.run("cancel", gone, "--yes").returncode == 3, "no such job: nothing is sent"
    assert machine.listed() == []
    job = account.account.list_jobs("COMPLETED", None)[-1]["job_id"]
    machine.run("delete", job, "--yes")
    assert len(machine.listed("--since", "1h")) == 1
    assert machine.listed("--since", "2100-01-01") == []
    wrong = machine.run("ledger", "--since", "soon")
    assert (wrong.returncode, "is not a time" in wrong.stderr) == (2, True)


def test_a_policy_that_asks_for_a_reason_refuses_a_write_without_one(account: Simulator, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[guard]\nrequire_reason = true\n")
    machine = Machine(account, tmp_path / "state", MAILSLUICE_CONFIG=str(config))
    job = account.account.list_jobs("CANCELLED", None)[0]["job_id"]
    before = list(account.account.truth.entries)
    for command in (
        ("cancel", job, "--yes"),
        ("delete", job, "--reason", " ", "--yes"),
        ("create", "--action", "release", "--sender", "news@acme-news.example", "--yes", "--expect", "1"),
    ):
        refused = machine.run(*command)
        assert refused.returncode == 3, refused.stderr
        assert "guard.require_reason" in refused.stderr
    assert account.account.truth.entries == before
    assert machine.run("delete", job, "--reason", "INC-1", "--yes").returncode == 0


def test_without_a_record_nothing_is_sent(account: Simulator, tmp_path: Path) -> None:
    machine = Machine(account, tmp_path / "state")
    machine.folder.parent.mkdir(parents=True, mode=0o700)
    machine.folder.write_text("")
    job = account.account.list_jobs("COMPLETED", None)[-1]["job_id"]
    before = list(account.account.truth.entries)
    refused = machine.run("delete", job, "--yes")
    assert refused.returncode == 2
    assert "is not a folder: move it away" in refused.stderr
    assert account.account.truth.entries == before


def test_a_write_that_was_never_answered_is_told_and_settled(machine: Machine, account: Simulator) -> None:
    job = account.account.list_jobs("COMPLETED", None)[-1]["job_id"]
    machine.run("delete", job, "--yes")
    (path,) = machine.folder.glob("*.jsonl")
    first = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(first + b"\n")
    listed = machine.run("ledger")
    assert "unknown: no answer is on record" in listed.stdout
    assert f"mailsluice ledger settle {path.stem[7:]}" in listed.stderr
    settled = machine.run("ledger", "settle", path.stem[7:], "--json")
    assert settled.returncode == 0, settled.stderr
    assert json.loads(settled.stdout)["outcome"] == "done"
    assert [record["type"] for record in read(path).records] == ["job_write", "answer"]
    assert machine.run("ledger", "settle", path.stem[7:]).returncode == 3
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("action", "destination", "told"),
    [
        ("MOVE", "JunkEmail", "; to move them back: mailsluice undo {}"),
        ("MOVE", "Inbox", ". Where this mail was before the Inbox is not known; move it to a folder."),
        ("MOVE", "RecoverableItemsPurges", ". A hard delete can't be undone; ask an administrator of the mailboxes."),
        ("RELEASE", None, "; to move them to Junk: mailsluice undo {}"),
    ],
)
def test_a_cancel_tells_what_was_completed_and_how_that_is_taken_back(
    action: str, destination: str | None, told: str, slow: tuple[Simulator, Machine]
) -> None:
    simulator, machine = slow
    name = simulator.account.list_jobs("PROCESSING", None)[0]["job_id"]
    job = simulator.account.jobs[name]
    job.action, job.destination = action, destination
    cancelled = machine.run("cancel", name, "--yes")
    assert (cancelled.returncode, cancelled.stdout) == (0, f"{name} cancelled\n")
    done = simulator.account.list_jobs("CANCELLED", None)[0]["messages_successful"]
    assert done > 1
    assert f"{done} rows are completed and stay so{told.format(name[:8])}\n" in cancelled.stderr


def test_a_cancel_of_a_job_that_did_nothing_tells_no_way_back(slow: tuple[Simulator, Machine]) -> None:
    simulator, machine = slow
    name = simulator.account.list_jobs("PENDING", None)[0]["job_id"]
    cancelled = machine.run("cancel", name, "--yes")
    assert (cancelled.returncode, "completed" in cancelled.stderr) == (0, False)


# ---- ctrl+c, and a disk that is full

CREATE = (
    "create", "--action", "move", "--destination", "Junk", "--sender", "news@acme-news.example", "--all-mail",
    "--comment", "INC-1", "--yes",
)  # fmt: skip


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Simulator, Machine]]:
    with running(Options(quota=0, held=60, messages=3000, faults="none")) as simulator:
        yield simulator, Machine(simulator, tmp_path / "state")


def until_asked(simulator: Simulator, endpoint: str) -> None:
    """Wait until such a request is there."""
    while not any(seen["endpoint"] == endpoint for seen in simulator.wire()):
        select.select([], [], [], 0.01)


def test_the_job_that_was_created_while_ctrl_c_was_pressed_is_told(slow: tuple[Simulator, Machine]) -> None:
    simulator, machine = slow
    simulator.set_faults("latency=300@create_job")
    with started(machine.environment, *CREATE) as process:
        until_asked(simulator, "create_job")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    (made,) = simulator.account.truth.of("create_job")
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert made["job_id"] in out
    assert "Stopping after the request in flight." in err
    assert [each["outcome"] for each in machine.listed()] == ["done"]


@pytest.mark.parametrize("kind", ["create", "cancel", "delete"])
def test_who_does_not_wait_for_the_answer_is_told_how_to_find_out(kind: str, slow: tuple[Simulator, Machine]) -> None:
    simulator, machine = slow
    simulator.set_faults(f"stall_after@{kind}_job")
    job = simulator.account.list_jobs("PENDING" if kind == "cancel" else "CANCELLED", None)[0]["job_id"]
    arguments = CREATE if kind == "create" else (kind, job, "--reason", "INC-1", "--yes")
    with started(machine.environment, *arguments) as process:
        while not simulator.account.truth.of(f"{kind}_job"):
            select.select([], [], [], 0.01)
        process.send_signal(signal.SIGINT)
        told(process, "Stopping after the request in flight.")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    (write,) = machine.listed()
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert f"unknown in the ledger. To find out: mailsluice ledger settle {write['id']}" in err
    assert write["outcome"] == "unknown"
    simulator.set_faults("none")
    assert machine.run("ledger", "settle", write["id"]).returncode == 0
    assert len(simulator.account.truth.of(f"{kind}_job")) == 1


def test_of_several_only_the_one_on_its_way_is_sent_after_ctrl_c(slow: tuple[Simulator, Machine]) -> None:
    simulator, machine = slow
    simulator.set_faults("latency=1500@cancel_job")
    ids = [simulator.account.list_jobs(state, None)[0]["job_id"] for state in ("PROCESSING", "PENDING")]
    with started(machine.environment, "cancel", *ids, "--yes") as process:
        until_asked(simulator, "cancel_job")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == f"{ids[0]} cancelled\n"
    assert f"{ids[1]}: not cancelled. It was stopped before." in err
    assert len(simulator.account.truth.of("cancel_job")) == 1


_FULL = """
from tui_app.plans.storage import Storage
write, lines = Storage.write, []
def full(self, descriptor, data):
    lines.append(data)
    return write(self, descriptor, data) if len(lines) == 1 else 0
Storage.write = full
"""


@pytest.mark.parametrize("kind", ["create", "cancel"])
def test_an_answer_that_the_disk_has_no_room_for_is_told_and_ends_with_5(
    kind: str, slow: tuple[Simulator, Machine]
) -> None:
    simulator, machine = slow
    job = simulator.account.list_jobs("PENDING", None)[0]["job_id"]
    arguments = CREATE if kind == "create" else (kind, job, "--yes")
    ended = machine.run(*arguments, script=_FULL + START)
    (made,) = simulator.account.truth.of(f"{kind}_job")
    assert ended.returncode == 5
    assert made["job_id"] in ended.stdout, "what came of it is told all the same"
    assert "its answer is not on record." in ended.stderr
    (write,) = machine.listed()
    assert f"mailsluice ledger settle {write['id']}" in ended.stderr
    assert machine.run("ledger", "settle", write["id"]).returncode == 0
