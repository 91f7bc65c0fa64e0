"""`move`, `retry` and `undo`: what is sent, the exit code, and what is told of each message."""

import asyncio
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.support.commands import Ended, Run, run_with, started, told
from tests.support.faulty import ACCOUNT, faulty
from tests.support.one_mail import OneMail
from tests.support.trials import TO_JUNK
from tui_app.simulator.mail import Mail
from tui_app.simulator.obstacles import THROTTLED
from tui_app.simulator.server import Options, Simulator, running

JUNK, INBOX, HARD = "JunkEmail", "Inbox", "RecoverableItemsPurges"
WHY = ("--reason", "INC-1")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """An account with sixty delivered newsletters."""
    with running(Options(quota=0, held=60, messages=100, faults="none")) as simulator:
        TO_JUNK.fresh(simulator)
        yield simulator


@pytest.fixture
def bodies(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bodies of all moves that come to the account."""
    seen, move = [], simulator.account.move

    def recorded(body: Any, *others: Any, **more: Any) -> Any:
        seen.append(body)
        return move(body, *others, **more)

    monkeypatch.setattr(simulator.account, "move", recorded)
    return seen


def ids_of(mails: list[Mail]) -> list[str]:
    return [mail.investigate_id for mail in mails]


def outcomes(ended: Ended) -> dict[str, str]:
    return {row["id"]: row["mailsluice"]["outcome"] for row in json.loads(ended.stdout)}


def plan_of(ended: Ended) -> str:
    (name,) = re.findall(r" · plan (\w{8})$", ended.stderr, re.MULTILINE)
    return str(name)


def folders(simulator: Simulator, ids: list[str]) -> set[str | None]:
    known = simulator.account.folders()
    return {folder for name in ids for folder in known[name].values()}


# ---- move


def test_a_move_its_undo_and_the_undo_of_that_end_where_each_says(
    run: Run, simulator: Simulator, bodies: list[Any]
) -> None:
    ids = ids_of(simulator.account.held[:3])
    done = run("move", *ids, "--destination", "junkemail", *WHY, "--yes", "--expect", "3", "--json")
    assert (done.returncode, outcomes(done)) == (0, dict.fromkeys(ids, "moved")), done.stderr
    assert folders(simulator, ids) == {JUNK}
    again = run("move", *ids, "--destination", JUNK, *WHY, "--yes", "--expect", "3", "--json")
    assert (again.returncode, outcomes(again)) == (0, dict.fromkeys(ids, "already there"))
    back = run("undo", plan_of(done), "--yes", "--expect", "3", "--json")
    assert (back.returncode, outcomes(back)) == (0, dict.fromkeys(ids, "moved")), back.stderr
    assert folders(simulator, ids) == {INBOX}
    forth = run("undo", plan_of(back), "--yes", "--expect", "3", "--format", "csv")
    assert (forth.returncode, folders(simulator, ids)) == (0, {JUNK})
    assert "moved" in forth.stdout.splitlines()[0].split(",")
    nothing = run("undo", plan_of(again), "--yes")
    assert (nothing.returncode, "3 already there" in nothing.stderr) == (3, True)
    assert bodies == [{"destination": where, "ids": ids} for where in (JUNK, JUNK, INBOX, JUNK)], "and nothing else"
    assert run("ledger", "verify").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--yes"], 2, "--destination"),
        (["--destination", JUNK, "--yes", "--reason", ""], 2, "--reason"),
        (["--destination", JUNK, "--yes"], 3, "add --expect 2"),
        (["--destination", JUNK, "--yes", "--expect", "3"], 3, "2 would be sent, not the expected 3"),
        (["--destination", JUNK, "--yes", "--expect", "2", "--not-before", "soon"], 2, "--not-before"),
    ],
)
def test_what_is_not_clear_is_not_sent(
    arguments: list[str], code: int, words: str, run: Run, simulator: Simulator, bodies: list[Any]
) -> None:
    ended = run("move", *ids_of(simulator.account.held[:2]), *WHY, *arguments)
    assert (ended.returncode, words in ended.stderr, bodies) == (code, True, []), ended.stderr


def test_what_nobody_brings_back_needs_its_number_even_for_one(
    run: Run, simulator: Simulator, bodies: list[Any]
) -> None:
    (name,) = ids_of(simulator.account.held[:1])
    delete = ("move", name, "--destination", HARD, *WHY, "--yes")
    refused = run(*delete)
    assert (refused.returncode, bodies) == (3, [])
    assert "can't be undone" in refused.stderr
    assert "add --expect 1" in refused.stderr
    done = run(*delete, "--expect", "1")
    assert (done.returncode, folders(simulator, [name])) == (0, {HARD})
    back = run("undo", plan_of(done), "--yes", "--expect", "1")
    assert (back.returncode, "hard delete can't be undone" in back.stderr, len(bodies)) == (3, True, 1)


def test_held_mail_and_what_is_known_by_its_postfix_id_only_are_left_out(
    run: Run, simulator: Simulator, bodies: list[Any]
) -> None:
    held, other, fine = simulator.account.held[:3]
    held.quarantined, held.delivery_status = True, ["quarantined"]
    wanted = [held.investigate_id, other.postfix_id, fine.investigate_id]
    move = ("move", *wanted, "--destination", JUNK, *WHY, "--yes", "--include-unchecked", "--json")
    ended = run(*move)
    assert ended.returncode == 0, ended.stderr
    assert outcomes(ended) == dict(zip(wanted, ("left out", "left out", "moved"), strict=True))
    assert f"Left out: {held.investigate_id} (held: a move acts on delivered mail)" in ended.stderr
    assert "only its postfix id is known: a move needs the investigate id" in ended.stderr
    assert bodies == [{"destination": JUNK, "ids": [fine.investigate_id]}]


def test_malicious_mail_is_moved_anywhere_but_to_the_inbox(run: Run, simulator: Simulator, bodies: list[Any]) -> None:
    bad = simulator.account.held[0]
    bad.disposition = "MALICIOUS"
    move = ("move", bad.investigate_id, *WHY, "--yes", "--destination")
    assert run(*move, JUNK).returncode == 0
    assert (run(*move, INBOX).returncode, len(bodies)) == (3, 1)
    assert run(*move, INBOX, "--include-disposition", "MALICIOUS").returncode == 0


@pytest.mark.parametrize(
    ("faults", "code", "outcome"),
    [
        ("close_after@move#1", 0, "seen moved"),
        ("close_before@move#1", 5, "not seen moved"),
        ("status=403@move#1", 6, "not sent"),
        ("partial@move#1", 4, "partly moved"),
        ("move_answers=2@move#1", 5, "moved"),  # and something that nobody asked for
    ],
)
def test_the_exit_code_says_how_it_ended(faults: str, code: int, outcome: str, simulator: Simulator) -> None:
    mail = next(mail for mail in simulator.account.held if len(mail.recipients) > 1)
    simulator.set_faults(faults)
    arguments = ("move", mail.investigate_id, "--destination", JUNK, *WHY, "--yes", "--json")
    ended = run_with(simulator.environment(), *arguments, hurried=True)
    assert len(simulator.account.truth.of("move")) <= 1, "never sent again by itself"
    assert outcomes(ended) == {mail.investigate_id: outcome}
    assert ended.returncode == code, ended.stderr


def test_what_may_not_be_sent_yet_waits(run: Run, simulator: Simulator) -> None:
    (name,) = ids_of(simulator.account.held[:1])
    ended = run("move", name, "--destination", JUNK, *WHY, "--yes", "--not-before", "2s")
    assert (ended.returncode, "not sent before its time" in ended.stderr) == (0, True), ended.stderr
    (line,) = simulator.account.truth.of("move")
    (entry,) = json.loads(run("ledger", "list", "--json").stdout)
    assert datetime.fromisoformat(line["time"]) >= datetime.fromisoformat(entry["not_before"])


def test_who_leaves_a_plan_that_waits_has_sent_nothing_and_finds_it_again(run: Run, simulator: Simulator) -> None:
    (name,) = ids_of(simulator.account.held[:1])
    arguments = ("move", name, "--destination", JUNK, *WHY, "--yes", "--not-before", "10m")
    with started(simulator.environment(), *arguments) as process:
        told(process, "Waiting until ")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err, simulator.account.truth.of("move")) == (130, False, [])
    (entry,) = json.loads(run("ledger", "list", "--json").stdout)
    assert entry["not_before"] is not None
    closed = run("ledger", "close", entry["plan"], "--yes")
    assert (closed.returncode, run("ledger", "resume", entry["plan"], "--yes").returncode) == (0, 3)
    assert simulator.account.truth.of("move") == []


def test_the_rest_of_a_hard_delete_needs_its_number_too(run: Run, simulator: Simulator) -> None:
    (name,) = ids_of(simulator.account.held[:1])
    arguments = ("move", name, "--destination", HARD, *WHY, "--yes", "--expect", "1", "--not-before", "12s")
    with started(simulator.environment(), *arguments) as process:
        told(process, "Waiting until ")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    (entry,) = json.loads(run("ledger", "list", "--json").stdout)
    refused = run("ledger", "resume", entry["plan"], "--yes")
    assert (refused.returncode, "can't be undone" in refused.stderr) == (3, True), refused.stderr
    assert "add --expect 1" in refused.stderr
    assert simulator.account.truth.of("move") == []
    assert run("ledger", "resume", entry["plan"], "--yes", "--expect", "1").returncode == 0
    assert folders(simulator, [name]) == {HARD}


async def test_a_clock_that_is_a_day_behind_is_told_before_anybody_waits_for_it() -> None:
    server = OneMail(behind=-86_400)
    async with faulty(server.answers) as listening:
        environment = {
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_BASE_URL": listening.base_url,
        }  # fmt: skip
        arguments = ("move", server.mail.investigate_id, "--destination", JUNK, *WHY, "--plan-only", "--not-before")
        waits = await asyncio.to_thread(run_with, environment, *arguments, "10m")
        server.behind = 0
        right = await asyncio.to_thread(run_with, environment, *arguments, "10m")
    assert re.search(r"it waits until .*; this machine's clock is 24 h behind the server's\.", waits.stderr)
    assert (waits.returncode, right.returncode, "clock" in right.stderr) == (0, 0, False)


# ---- jobs


def test_a_retry_of_a_job_and_the_next_one(run: Run, simulator: Simulator, bodies: list[Any]) -> None:
    job = next(job for job in simulator.account.jobs.values() if (job.comment or "").startswith("INC-4699"))
    planned = run("retry", job.job_id, "--plan-only", "--json")
    assert planned.returncode == 0, planned.stderr
    assert Counter(outcomes(planned).values()) == {"not sent": 96, "held back": 44}
    done = run("retry", job.job_id, "--yes", "--expect", "96", "--json")
    assert done.returncode == 4, done.stderr
    assert Counter(outcomes(done).values()) == {"moved": 94, "failed": 2, "held back": 44}
    assert {body["destination"] for body in bodies} == {job.destination}
    assert all(body.keys() == {"destination", "ids"} for body in bodies)
    assert sum(len(body["ids"]) for body in bodies) == 96
    again = run("retry", job.job_id, "--plan-only", "--include", "NO-MAILBOX", "--json")
    assert Counter(outcomes(again).values()) == {"not sent": 2 + 31, "held back": 13}
    assert "94 in plan" in again.stderr
    chosen = run("retry", job.job_id, "--plan-only", "--why", THROTTLED[:9], "--json")
    assert Counter(outcomes(chosen).values()) == {"not sent": 2}


def test_an_undo_of_a_job_is_one_of_its_completed_rows(run: Run, simulator: Simulator) -> None:
    job = next(job for job in simulator.account.jobs.values() if (job.comment or "").startswith("INC-4699"))
    planned = run("undo", job.job_id, "--plan-only", "--format", "ndjson")
    assert planned.returncode == 0, planned.stderr
    now = simulator.account.settle()
    done = {job.target(index).mail.investigate_id for index in job.rows_in("COMPLETED", now)}
    assert {json.loads(line)["id"] for line in planned.stdout.splitlines()} == done
    assert "Can't be undone: 140 failed" in planned.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["retry", "abcdef12", "--yes"], 2),
        (["undo", "00000000-0000-4000-8000-000000000000", *WHY, "--yes"], 6),
        (["retry", "abcdef12", "--why", "x", "--yes"], 2),
    ],
)
def test_what_is_not_known_is_not_taken_for_something(arguments: list[str], code: int, run: Run) -> None:
    ended = run(*arguments)
    assert (ended.returncode, "Traceback" in ended.stderr) == (code, False), ended.stderr
