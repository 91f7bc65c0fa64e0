"""`--report-as` and `ledger submit`: what is reported, the exit code, and what is never asked."""

import json
from collections.abc import Iterator

import pytest

from tests.support.commands import Ended, Run
from tests.support.trials import RELEASE, TO_JUNK
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

WHY = ("--reason", "INC-1", "--yes")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as simulator:
        RELEASE.fresh(simulator)
        yield simulator


def bulk(simulator: Simulator, count: int) -> list[Mail]:
    return [mail for mail in simulator.account.held if mail.disposition == "BULK"][:count]


def ids_of(mails: list[Mail]) -> list[str]:
    return [mail.investigate_id for mail in mails]


def released(run: Run, mails: list[Mail], *more: str) -> Ended:
    ended: Ended = run("release", *ids_of(mails), *WHY, "--expect", str(len(mails)), *more)
    return ended


def plan_of(ended: Ended) -> str:
    return next(line for line in ended.stderr.splitlines() if " · plan " in line).rpartition(" ")[2]


def submitted(simulator: Simulator) -> list[tuple[str, str]]:
    return [(line["id"], line["expected"]) for line in simulator.account.truth.of("submission") if line["accepted"]]


def test_what_was_released_is_reported_in_one_go(run: Run, simulator: Simulator) -> None:
    mails = bulk(simulator, 3)
    ended = released(run, mails, "--report-as", "none")
    assert ended.returncode == 0, ended.stderr
    assert submitted(simulator) == [(mail.investigate_id, "NONE") for mail in mails]
    assert "Reported: 3 accepted." in ended.stderr
    listed = json.loads(run("ledger", "--json").stdout)
    assert [each.get("write", "a plan") for each in listed] == ["report", "a plan"]
    shown = run("ledger", "show", listed[0]["id"])
    assert shown.stdout.count("accepted") >= 3
    page = run("ledger", "report", plan_of(ended)).stdout
    assert "reported to Cloudflare" in page
    assert "3 accepted" in page


def test_a_plan_of_before_is_reported_and_only_once(run: Run, simulator: Simulator) -> None:
    plan = plan_of(released(run, bulk(simulator, 2)))
    report = ("ledger", "submit", plan, "--as", "BULK")
    assert (run(*report).returncode, submitted(simulator)) == (2, []), "nobody can be asked"
    ended = run(*report, "--yes")
    assert (ended.returncode, len(submitted(simulator))) == (0, 2), ended.stderr
    again = run(*report, "--yes")
    assert (again.returncode, "2 (reported before)" in again.stderr) == (3, True)
    assert len(submitted(simulator)) == 2


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("partial@submit#1", 4, "2 accepted, 1 not accepted"),
        ("status=403@submit", 4, "3 not accepted"),
        ("status_after=504@submit", 5, "3 unknown"),
        ("missing_ids@submit", 5, "3 unknown"),
        ("rate_limit=0@submit", 4, "3 not accepted"),
    ],
)
def test_the_exit_code_says_what_was_not_accepted(
    run: Run, simulator: Simulator, fault: str, code: int, says: str
) -> None:
    simulator.set_faults(fault)
    ended = released(run, bulk(simulator, 3), "--report-as", "NONE")
    assert (ended.returncode, f"Reported: {says}" in ended.stderr) == (code, True), ended.stderr
    simulator.set_faults("none")
    if code == 5:
        (lost,) = [each["id"] for each in json.loads(run("ledger", "--json").stdout) if each.get("write")]
        assert f"mailsluice ledger settle {lost}" in ended.stderr
        settled = run("ledger", "settle", lost, "--json")
        assert (settled.returncode, json.loads(settled.stdout)["outcome"]) == (0, "done")


def test_a_plan_that_did_nothing_keeps_its_own_exit_code(run: Run, simulator: Simulator) -> None:
    simulator.set_faults("status=403@release")
    ended = released(run, bulk(simulator, 2), "--report-as", "NONE")
    assert (ended.returncode, "The plan is unfinished" in ended.stderr) == (6, True)
    assert simulator.account.truth.of("submission") == []


def test_clean_mail_that_was_moved_is_reported_as_missed(run: Run, simulator: Simulator) -> None:
    TO_JUNK.fresh(simulator)
    mails = simulator.account.held[:3]
    for mail in mails:
        mail.disposition = "NONE"
    to = ("--destination", "JunkEmail")
    wrong = run("move", *ids_of(mails), *to, *WHY, "--expect", "3", "--report-as", "NONE")
    assert (wrong.returncode, simulator.account.truth.of("move")) == (2, [])
    ended = run("move", *ids_of(mails), *to, *WHY, "--expect", "3", "--report-as", "SPOOF")
    assert ended.returncode == 0, ended.stderr
    assert submitted(simulator) == [(mail.investigate_id, "SPOOF") for mail in mails]


def test_what_makes_no_sense_is_said_before_anything_is_sent(run: Run, simulator: Simulator) -> None:
    mails = bulk(simulator, 1)
    into = ("move", *ids_of(mails), "--destination", "Inbox", *WHY, "--report-as", "SPAM")
    for command in (
        into,
        ("release", *ids_of(mails), "--reason", "x", "--plan-only", "--report-as", "NONE"),
        ("release", *ids_of(mails), *WHY, "--report-as", "MALICIOUS"),
    ):
        assert run(*command).returncode == 2, command
    plan = plan_of(released(run, mails))
    for more in (("--yes",), ("--as", "SPOOF", "--yes")):
        assert run("ledger", "submit", plan, *more).returncode == 2, more
    assert simulator.account.truth.of("submission") == []


def test_a_read_only_profile_reports_nothing(run: Run, simulator: Simulator) -> None:
    plan = plan_of(released(run, bulk(simulator, 1)))
    ended = run("--read-only", "ledger", "submit", plan, "--as", "NONE", "--yes")
    assert (ended.returncode, "read-only" in ended.stderr) == (3, True), ended.stderr
    assert simulator.account.truth.of("submission") == []
