"""Standard output that takes nothing: what was done, what is said and the exit code stay."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.commands import Ended, run_with
from tui_app.simulator.server import Options, Simulator, running

NOBODY = "00000000-0000-4000-8000-000000000000"
LOST = "mailsluice: the output can't be written: No space left on device."


@contextmanager
def nowhere(kind: str) -> Iterator[int]:
    """A file that is full, or a pipe whose reader has gone."""
    if kind == "full":
        taker = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, taker = os.pipe()
        os.close(reader)
    try:
        yield taker
    finally:
        os.close(taker)


def run_into(kind: str, variables: dict[str, str], *arguments: str) -> Ended:
    with nowhere(kind) as output:
        ended = run_with(variables, *arguments, output=output, hurried=True)
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count(LOST) == (kind == "full")
    return ended


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=600, held=60, speed=NO_JOB_ENDS, faults="none")) as simulator:
        yield simulator


def ended_jobs(simulator: Simulator) -> list[str]:
    return [
        job["job_id"]
        for state in ("COMPLETED", "FAILED", "CANCELLED")
        for job in simulator.account.list_jobs(state, None)
    ]


@pytest.mark.parametrize("kind", ["full", "left"])
def test_what_a_write_came_to_is_told(account: Simulator, kind: str) -> None:
    create = ("create", "--action", "move", "--destination", "JunkEmail", "--sender", "billing@evil.example", "--yes")
    account.set_faults("stored_changed=2@create_job")
    made = run_into(kind, account.environment(), *create, "--json")
    account.set_faults("none")
    assert made.returncode == 5
    (job,) = re.findall(r"Job (\S+) DIFFERS from what was asked for:", made.stderr)
    assert account.account.jobs[job].cancelled_at is not None
    assert "It was cancelled at once." in made.stderr
    made = run_into(kind, account.environment(), *create)
    (job,) = re.findall(r"Job (\S+) was started: pending\.", made.stderr)
    assert made.returncode == (kind == "full")
    for write, word in (("cancel", "cancelled"), ("delete", "deleted")):
        done = run_into(kind, account.environment(), write, job, "--yes")
        assert done.returncode == (kind == "full")
        assert f"{job} {word}\n" in done.stderr
    two = ended_jobs(account)[:2]
    account.set_faults("close_before@delete_job#2")
    deleted = run_into(kind, account.environment(), "delete", *two, "--yes")
    account.set_faults("none")
    assert deleted.returncode == 5
    assert f"{two[0]} deleted\n" in deleted.stderr
    assert f"{two[1]}: outcome unknown." in deleted.stderr
    bulk = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"]
    mail = bulk[kind == "full"]
    released = run_into(kind, account.environment(), "release", mail, "--reason", "x", "--yes", "--json")
    assert released.returncode == (kind == "full")
    assert ("1 delivered" in released.stderr, f"{mail} delivered" in released.stderr) == (True, kind == "full")


@pytest.mark.parametrize("kind", ["full", "left"])
def test_the_exit_code_is_that_of_the_command(account: Simulator, kind: str, tmp_path: Path) -> None:
    variables = {**account.environment(), "XDG_STATE_HOME": str(tmp_path)}
    for deleted in ended_jobs(account)[-2:]:
        assert run_with(variables, "delete", deleted, "--yes").returncode == 0
    first, *_ = sorted((tmp_path / "mailsluice" / "plans").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    first.write_bytes(first.read_bytes() + b"{}\n")
    job = max(account.account.list_jobs(None, None), key=lambda job: job["total_messages_discovered"])["job_id"]
    config = tmp_path / "wrong.toml"
    config.write_text("[guard]\nmax_messages = 'many'\n")
    config.chmod(0o600)
    for code, changes, arguments in (
        (5, {}, ("watch", NOBODY)),
        (1, {}, ("ledger", "verify")),
        (2, {"MAILSLUICE_CONFIG": str(config)}, ("config", "check")),
        (6, {"CLOUDFLARE_API_TOKEN": "wrong"}, ("doctor",)),
        (6, {"CLOUDFLARE_API_TOKEN": "wrong"}, ("handover",)),
    ):
        assert run_into(kind, variables | changes, *arguments).returncode == code, arguments
    for arguments in (("--help",), ("completion", "bash"), ("handover",), ("job", job), ("messages", job, "--json")):
        assert run_into(kind, variables, *arguments).returncode == (kind == "full"), arguments


def test_no_prompt_opens_behind_a_command_where_python_is_to_be_inspected(simulator: Simulator) -> None:
    inspect = {**simulator.environment(), "PYTHONINSPECT": "1"}
    for code, arguments in ((0, ("config", "path")), (2, ("job", "x"))):
        ended, usual = run_with(inspect, *arguments), run_with(simulator.environment(), *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr) == (code, usual.stdout, usual.stderr)
