"""`handover`: what the next shift is given, its exit codes, and that every command in it can be typed."""

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import click
import pytest

from tests.plans.test_mail_report import asked
from tests.plans.test_write_records import facts, told
from tests.support.commands import Ended, run_with
from tests.support.commands_here import run_here
from tests.support.tickets import more_than_text
from tui_app.cli import cli
from tui_app.core.clock import SystemClock
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import origin_of
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.simulator.server import Options, Simulator, running

HOSTILE = "INC-7\n# x | `a` <b> \x1b[31m @vip https://evil.example/"


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=1200, messages=100, held=1, faults="none")) as simulator:
        yield simulator


def ledger_of(home: Path, at: datetime | None = None) -> Ledger:
    now = SystemClock().now if at is None else lambda: at
    return Ledger(home / ".local" / "state" / "mailsluice" / "plans", origin_of({}), now)


def planted(account: Simulator, *outcomes: Outcome, reason: str = "INC-7", at: datetime | None = None) -> str:
    """A plan of this account that was made before, one message for each outcome; its id."""
    ledger, now = ledger_of(Path.home(), at), at or SystemClock().now()
    targets = [Target(f"4NAAAAAAAAAAAA{n:02d}-2026-11-20T10:00:00-1") for n in range(len(outcomes))]
    plan = Plan.make(targets, reason, 25, Random(len(ledger.entries())))
    journal, _ = ledger.begin(plan, identity(account))
    sent = [
        Result(target, each) for target, each in zip(targets, outcomes, strict=True) if each is not Outcome.NOT_SENT
    ]
    if sent:
        journal.add(intent_record([result.target for result in sent], "ids", now))
        journal.add(result_record(sent, http=200, ray=None, ms=1, at=now))
    journal.close()
    return plan.plan_id


def identity(account: Simulator) -> str:
    variables = account.environment()
    return f"{variables['CLOUDFLARE_ACCOUNT_ID']}@{variables['CLOUDFLARE_BASE_URL']}"


def written(account: Simulator, write_id: str, kind: str, outcome: str = "", job: str = "") -> None:
    """A write to a job of this account, without an answer unless it has an outcome."""
    about = (
        asked(write_id)
        if kind == "report"
        else facts(write_id, kind, reason=HOSTILE, **({"job": job} if job and kind != "create" else {}))
    )
    journal = ledger_of(Path.home()).begin_write(about, identity(account))
    if outcome:
        journal.add(told(outcome, job=job))
    journal.close()


def commands_in(markdown: str) -> list[list[str]]:
    """The commands that a reader types, without the name of the program."""
    return [shlex.split(line)[1:] for line in re.findall(r"`(mailsluice [^`]+)`", markdown)]


def check_typed(words: list[str]) -> None:
    """Parse a command as it would be when it is typed; nothing is run."""
    command: click.Command = cli
    ctx = cli.make_context("mailsluice", [*words], resilient_parsing=False)
    while isinstance(command, click.Group):
        rest = [*ctx._protected_args, *ctx.args]
        name, found, more = command.resolve_command(ctx, rest)
        assert found is not None, words
        ctx, command = found.make_context(name, list(more), parent=ctx), found


def test_what_is_open_failed_and_done_is_told_and_every_command_in_it_can_be_typed(account: Simulator) -> None:
    wave = next(job for job in account.account.jobs.values() if "140 to retry" in str(job.comment))
    wave.comment, before = HOSTILE, wave.comment
    unknown, rest = planted(account, Outcome.UNKNOWN), planted(account, Outcome.DELIVERED, Outcome.NOT_SENT)
    failed, done = planted(account, Outcome.FAILED), planted(account, Outcome.DELIVERED, reason=HOSTILE)
    written(account, "0000abcd", "cancel")
    written(account, "0000abce", "create", "done", wave.job_id)
    written(account, "0000abcf", "report")
    code, markdown, said = run_here(account, "handover", "--since", "24h")
    assert (code, said) == (0, "")
    assert more_than_text(markdown) == []
    titles = [line.lstrip("# ").partition(" (")[0] for line in markdown.splitlines() if line.startswith("#")]
    assert titles[1:] == [
        "Open now", "Running jobs", "Plans that are not over", "Unknown outcomes", "Reports of mail, unknown",
        "Failed", "Jobs with failures", "Plans with failures", "Done", "Jobs that ended", "Plans that are over", "Quota",
    ]  # fmt: skip
    typed = commands_in(markdown)
    for words in typed:
        check_typed(words)
    assert ["ledger", "settle", unknown] in typed
    assert ["ledger", "settle", "0000abcd"] in typed
    assert ["ledger", "settle", "0000abcf"] in typed
    assert ["ledger", "resume", rest] in typed
    assert ["retry", failed] in typed
    assert ["retry", wave.job_id] in typed
    assert done in markdown.partition("## Done")[2]
    plain = markdown.replace("`", "").replace("\\", "")
    assert "96 throttled by the mail provider: retry" in plain
    (line,) = [line for line in plain.splitlines() if wave.job_id in line and "140 failed" in line]
    assert f'· {origin_of({}).who} · reason: "INC-7␊# x | a <b> ␛[31m @vip https://evil.example/"' in line
    assert re.search(r"1,1\d\d of 1,200 requests left, until \d{4}-", markdown)
    code, text, _ = run_here(account, "handover", "--json")
    ours = json.loads(text)
    assert code == 0
    assert [plan["plan"] for plan in ours["open"]["unknown_plans"]] == [unknown]
    assert {write["id"] for write in ours["open"]["unknown_writes"]} == {"0000abcd"}
    assert next(job for job in ours["failed"]["jobs"] if job["job_id"] == wave.job_id)["messages_failed"] == 140
    wave.comment = before
    settled = run_with(account.environment(), "ledger", "settle", unknown, hurried=True)
    assert settled.returncode == 5, "what is typed works"


def test_without_an_answer_the_ledger_is_written_all_the_same_and_the_end_is_6(account: Simulator) -> None:
    with running(Options(messages=0, held=0)) as gone:
        pass
    plan = planted(gone, Outcome.UNKNOWN)
    ended = run_with(gone.environment(), "handover", hurried=True)
    assert ended.returncode == 6
    assert ended.stdout.splitlines()[2].startswith(
        "**The jobs could not be read; what follows is from the ledger of this"
    )
    assert f"mailsluice ledger settle {plan}" in ended.stdout
    assert ended.stderr.startswith("Not read: The jobs: The API can't be reached")


def test_a_journal_that_is_not_understood_ends_it_with_4(account: Simulator) -> None:
    planted(account, Outcome.DELIVERED)
    odd = ledger_of(Path.home()).folder / "000009-0badcafe.jsonl"
    odd.write_bytes(b"x\n")
    odd.chmod(0o600)
    code, markdown, said = run_here(account, "handover")
    assert code == 4
    assert "**Not all could be read: see the end.**" in markdown
    assert "000009-0badcafe.jsonl" in markdown.partition("## Not read")[2]
    assert said.startswith("Not read: 000009-0badcafe.jsonl")


def test_it_goes_back_as_far_as_it_was_told(account: Simulator) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for hours in (1, 13, 30):
        planted(account, Outcome.DELIVERED, reason=f"before {hours} h", at=now - timedelta(hours=hours))

    def found(*arguments: str) -> list[str]:
        code, text, _ = run_here(account, "handover", "--json", *arguments)
        assert code == 0
        return [plan["reason"] for plan in json.loads(text)["done"]["plans"]]

    assert found() == ["before 1 h"]
    assert found("--since", "24h") == ["before 13 h", "before 1 h"]
    assert found("--since", (now - timedelta(hours=30)).isoformat()) == ["before 30 h", "before 13 h", "before 1 h"]
    assert found("--since", (now - timedelta(minutes=1)).isoformat()) == []
    for wrong in ("yesterday", "2100-01-01"):
        code, text, said = run_here(account, "handover", "--since", wrong)
        assert (code, text) == (2, "")
        assert wrong in said


def test_a_file_is_new_and_private_and_its_ending_says_the_format(account: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "shift.md"
    code, text, said = run_here(account, "handover", "--output", str(path))
    assert (code, text) == (0, "")
    assert re.fullmatch(rf"Handover in {path}: \d+ open, \d+ failed, \d+ done\.\n", said)
    assert path.read_text().startswith("# Handover · account ")
    assert path.stat().st_mode & 0o777 == 0o600
    for arguments, why in (
        (("--output", str(path)), "exists; nothing was overwritten"),
        (("--output", str(tmp_path / "x.csv")), "it must end in .md or .json"),
        (("--json", "--output", str(tmp_path / "x.md")), "ends in .json"),
    ):
        code, _, said = run_here(account, "handover", *arguments)
        assert (code, why in said) == (2, True), said
    run_here(account, "handover", "--output", str(tmp_path / "x.json"))
    assert json.loads((tmp_path / "x.json").read_text())["open"]


def test_an_account_without_jobs_and_a_machine_without_a_ledger_have_a_handover() -> None:
    with running(Options(messages=0, held=0)) as empty:
        ended: Ended = run_with(empty.environment(), "handover")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "in short: 0 open, 0 failed, 0 done" in ended.stdout
    assert ended.stdout.endswith("All was read.\n")
