"""The ledger's commands with journals that are not where, or whose, they should be."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.support.commands import run_with
from tui_app.core.clock import SystemClock
from tui_app.plans.journal import Journal, line_of, read
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import origin_of
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.screens.ledger import state_of
from tui_app.simulator.server import Options, Simulator, running

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Machine:
    """A simulated account and a folder with one plan of three messages that were never sent."""

    simulator: Simulator
    environment: dict[str, str]
    journal: Path

    @property
    def ids(self) -> list[str]:
        return [mail.investigate_id for mail in self.simulator.account.held if mail.disposition == "BULK"][:3]

    @property
    def sent(self) -> list[str]:
        return [entry["id"] for entry in self.simulator.account.truth.of("release")]


def machine_with(simulator: Simulator, folder: Path, host: str = "") -> Machine:
    environment = {**simulator.environment(), "XDG_STATE_HOME": str(folder)}
    origin = origin_of({})
    ledger = Ledger(folder / "mailsluice" / "plans", replace(origin, host=host or origin.host), SystemClock().now)
    account = f"{environment['CLOUDFLARE_ACCOUNT_ID']}@{environment['CLOUDFLARE_BASE_URL']}"
    made = Machine(simulator, environment, Path())
    journal, _ = ledger.begin(Plan.make([Target(name) for name in made.ids], "INC-1", 25, Random(1)), account)
    journal.close()
    return replace(made, journal=journal.path)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with running(Options(quota=0, held=120, messages=100)) as started:
        yield started


def test_a_copy_is_told_by_its_file_and_resumed_only_by_somebody_who_says_so(
    simulator: Simulator, tmp_path: Path
) -> None:
    machine = machine_with(simulator, tmp_path)
    copy = machine.journal.with_name(f"000002{machine.journal.name[6:]}")
    shutil.copy(machine.journal, copy)
    says = f"{copy.name} is a copy of {machine.journal.name}"
    listed = run_with(machine.environment, "ledger", "list", "--json")
    assert [bool(plan["doubts"]) for plan in json.loads(listed.stdout)] == [True, False]
    assert all(plan["uid"] is not None for plan in json.loads(listed.stdout))
    assert says in listed.stderr
    assert copy.name[:7] in run_with(machine.environment, "ledger", "list").stdout
    for arguments in (["show", copy.name], ["show", "000002"], ["verify"]):
        assert says in run_with(machine.environment, "ledger", *arguments).stderr
    assert says not in run_with(machine.environment, "ledger", "show", copy.stem[7:]).stderr
    refused = run_with(machine.environment, "ledger", "resume", copy.name, "--yes")
    assert refused.returncode == 3
    assert says in refused.stderr
    assert f"ledger show {copy.name}" in refused.stderr
    assert "--despite-doubts" in refused.stderr
    assert machine.sent == []
    resumed = run_with(machine.environment, "ledger", "resume", copy.name, "--yes", "--despite-doubts", "--expect", "3")
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(machine.sent) == sorted(machine.ids)
    run_with(machine.environment, "ledger", "resume", machine.journal.name, "--yes")
    assert sorted(machine.sent) == sorted(machine.ids), "the original sends nothing again"


def test_a_plan_of_another_host_is_closed_but_not_resumed(simulator: Simulator, tmp_path: Path) -> None:
    machine = machine_with(simulator, tmp_path, host="jump2")
    refused = run_with(machine.environment, "ledger", "resume", machine.journal.stem, "--yes")
    assert (refused.returncode, machine.sent) == (3, [])
    assert "was written on another host" in refused.stderr
    closed = run_with(machine.environment, "ledger", "close", machine.journal.stem, "--yes")
    assert closed.returncode == 0, closed.stderr


@pytest.mark.parametrize(("command", "outcome"), [("retry", Outcome.FAILED), ("undo", Outcome.DELIVERED)])
def test_a_follow_up_of_a_plan_of_another_host_is_sent_only_by_somebody_who_says_so(
    command: str, outcome: Outcome, simulator: Simulator, tmp_path: Path
) -> None:
    machine = machine_with(simulator, tmp_path, host="jump9")
    targets = [Target(name) for name in machine.ids]
    journal, _ = Journal.reopen(machine.journal)
    journal.add(intent_record(targets, "ids", NOON))
    journal.add(result_record([Result(each, outcome) for each in targets], http=200, ray=None, ms=5, at=NOON))
    journal.close()
    arguments = (command, machine.journal.name, "--reason", "x", "--plan-only")
    refused = run_with(machine.environment, *arguments)
    assert refused.returncode == 3
    assert "was written on another host" in refused.stderr
    assert f"mailsluice {command} {machine.journal.stem[7:]} --despite-doubts" in refused.stderr
    taken = run_with(machine.environment, *arguments, "--despite-doubts", "--json")
    assert "was written on another host" in taken.stderr, "it is still said"
    assert {row["id"] for row in json.loads(taken.stdout)} == {*machine.ids}
    unfit = run_with(machine.environment, command, "abcdef12", "--reason", "x", "--plan-only", "--despite-doubts")
    assert (unfit.returncode, "goes with a plan" in unfit.stderr) == (2, True)


def test_a_journal_that_is_not_understood_is_told_by_its_file(simulator: Simulator, tmp_path: Path) -> None:
    machine = machine_with(simulator, tmp_path)
    odd = machine.journal.with_name("000001-0badcafe.jsonl~")
    odd.write_bytes(line_of({"type": "plan", "format": 1, "ids": [[machine.ids[0], None]]}))
    odd.chmod(0o600)
    for arguments in (["list"], ["show", odd.name], ["verify"]):
        assert odd.name in run_with(machine.environment, "ledger", *arguments).stderr
    assert "1 id held back" in run_with(machine.environment, "ledger", "list").stderr
    refused = run_with(machine.environment, "release", machine.ids[0], "--reason", "x", "--yes")
    assert (refused.returncode, machine.sent) == (3, [])


def test_a_damaged_journal_is_called_damaged_before_anything_else_and_sends_nothing(
    simulator: Simulator, tmp_path: Path
) -> None:
    machine = machine_with(simulator, tmp_path, host="jump2")
    (first,) = read(machine.journal).records
    machine.journal.write_bytes(line_of({**first, "reason": "another"}))
    refused = run_with(machine.environment, "ledger", "resume", machine.journal.name, "--yes", "--despite-doubts")
    assert refused.returncode != 0
    assert "can't be used: its digest does not fit its ids. Nothing was sent." in refused.stderr
    assert "nothing to resume" not in refused.stderr
    assert simulator.account.truth.entries == []


def test_what_an_answer_told_beside_what_was_asked_is_shown(simulator: Simulator, tmp_path: Path) -> None:
    machine = machine_with(simulator, tmp_path)
    now, target = SystemClock().now(), Target(machine.ids[0])
    told = "the answer names 4NX, which was not sent"
    records = [
        *read(machine.journal).records,
        intent_record([target], "ids", now),
        result_record([Result(target, Outcome.DELIVERED)], http=200, ray=None, ms=1, at=now, remarks=[told]),
    ]
    machine.journal.write_bytes(b"".join(map(line_of, records)))
    assert f"Look at this: {told}" in run_with(machine.environment, "ledger", "show", "000001").stderr
    report = run_with(machine.environment, "report", "000001").stdout
    assert "**Look at what answers told beside what was asked: 1 thing, below.**" in report
    assert told in report.replace("`", "").replace("\\", "")
    assert "Nothing has to be looked at." not in report


def test_plans_of_several_accounts_are_told_apart(simulator: Simulator, tmp_path: Path) -> None:
    machine = machine_with(simulator, tmp_path)
    heading, *rows = run_with(machine.environment, "ledger", "list").stdout.splitlines()
    assert "ACCOUNT" not in heading and len(rows) == 1
    ledger = Ledger(tmp_path / "mailsluice" / "plans", origin_of({}), SystemClock().now)
    ledger.begin(Plan.make([Target(name) for name in machine.ids], "INC-2", 25, Random(2)), f"{'f' * 32}@x")[0].close()
    listed = run_with(machine.environment, "ledger", "list").stdout.splitlines()
    own = machine.environment["CLOUDFLARE_ACCOUNT_ID"]
    assert [line.split()[1] for line in listed] == ["ACCOUNT", "ffff…ffff", f"{own[:4]}…{own[-4:]}"]
    written = csv.DictReader(io.StringIO(run_with(machine.environment, "ledger", "list", "--format", "csv").stdout))
    assert [row["account"][:4] for row in written] == ["ffff", own[:4]]


def test_the_ledger_itself_lists_in_every_format_and_a_plan_that_is_not_there_is_a_usage_error(
    simulator: Simulator, tmp_path: Path
) -> None:
    machine = machine_with(simulator, tmp_path)
    listed = run_with(machine.environment, "ledger", "--json")
    assert listed.stdout == run_with(machine.environment, "ledger", "list", "--json").stdout
    assert [plan["messages"] for plan in json.loads(listed.stdout)] == [3]
    for command in (("ledger", "show", "zzz"), ("report", "nope")):
        ended = run_with(machine.environment, *command)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "No plan begins with" in ended.stderr


@pytest.mark.parametrize(
    ("outcomes", "shown"),
    [
        ([Outcome.DELIVERED, Outcome.RELEASED], "✔ finished"),
        ([Outcome.DELIVERED, Outcome.FAILED], "! finished"),
        ([Outcome.FAILED, Outcome.FAILED], "✖ none done"),
    ],
)
def test_a_finished_plan_has_a_tick_only_if_all_of_it_was_done(
    outcomes: list[Outcome], shown: str, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "plans", origin_of({}), SystemClock().now)
    plan = Plan.make([Target(f"4NAAAAAAAAAAAA0{n}-2026-11-20T10:00:00-1") for n in range(2)], "x", 25, Random(1))
    journal, _ = ledger.begin(plan, "a@b")
    journal.add(intent_record(plan.targets, "ids", SystemClock().now()))
    results = [Result(target, outcome) for target, outcome in zip(plan.targets, outcomes, strict=True)]
    journal.add(result_record(results, http=200, ray=None, ms=1, at=SystemClock().now()))
    journal.close()
    (entry,) = ledger.entries()
    assert state_of(entry).text == shown
