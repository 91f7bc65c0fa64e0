"""`release`: what is sent, what is held back, and what is told of each message."""

import csv
import json
import re
import signal
from pathlib import Path

import pytest

from tests.support.commands import Ended, Run, started, told
from tests.support.tickets import tables
from tests.support.trials import RELEASE
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.server import Options, Simulator, running


def test_a_release_of_three_ids_of_both_kinds(run: Run, simulator: Simulator) -> None:
    mails = simulator.account.held
    ids = [mails[0].investigate_id, mails[1].postfix_id, mails[2].investigate_id, mails[0].investigate_id]
    wrong = run("release", *ids, "--reason", "x", "--yes", "--expect", "4")
    assert (wrong.returncode, simulator.account.truth.entries) == (3, [])
    assert run("release", *ids, "--reason", "x", "--yes").returncode == 3, "several need --expect"
    done = run("release", *ids, "--reason", "x", "--yes", "--expect", "3", "--json")
    results = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [result["mailsluice"]["outcome"] for result in results] == ["delivered"] * 3
    assert [entry["id"] for entry in simulator.account.truth.of("release")] == [
        mail.investigate_id for mail in mails[:3]
    ]
    again = run("release", ids[0], "--reason", "x", "--yes")
    assert (again.returncode, "already released" in again.stderr) == (3, True)


def test_malicious_mail_is_held_back_unless_included(run: Run, simulator: Simulator) -> None:
    bad = next(mail for mail in simulator.account.held if mail.disposition == "MALICIOUS")
    held = run("release", bad.investigate_id, "--reason", "x", "--yes")
    assert (held.returncode, simulator.account.truth.entries) == (3, [])
    assert "MALICIOUS" in held.stderr
    done = run("release", bad.investigate_id, "--reason", "x", "--yes", "--include-disposition", "MALICIOUS")
    assert (done.returncode, len(simulator.account.truth.of("release"))) == (0, 1)


def test_ids_from_standard_input_and_from_a_job(run: Run, simulator: Simulator) -> None:
    mails = simulator.account.held
    text = f"please: {mails[0].investigate_id}\n{mails[1].postfix_id}\njunk\n{mails[0].postfix_id[:-3]} cut\n"
    planned = run("release", "--from", "-", "--plan-only", "--format", "ndjson", stdin=text)
    assert planned.returncode == 0
    listed = [json.loads(line) for line in planned.stdout.splitlines()]
    assert [row["id"] for row in listed[:2]] == [mail.investigate_id for mail in mails[:2]]
    assert [row["mailsluice"]["outcome"] for row in listed] == ["not sent", "not sent"]
    assert [row["mailsluice"]["verdict"] for row in listed[:2]] == [mail.disposition for mail in mails[:2]]
    assert "'junk' (line 3)" in planned.stderr
    assert f"'{mails[0].postfix_id[:-3]}' (line 4)" in planned.stderr or len(mails[0].postfix_id[:-3]) >= 12
    job = next(job for job in simulator.account.list_jobs(None, None) if job["messages_failed"] == 140)
    assert run("release", "--job", job["job_id"], "--status", "CANCELLED", "--plan-only").returncode == 3
    assert simulator.account.truth.entries == []


def test_a_device_is_no_list_of_ids(run: Run) -> None:
    ended = run("release", "--from", "/dev/zero", "--reason", "x", "--yes")
    assert ended.returncode == 2
    assert "The file of ids is larger than 64 MiB. Split it. Nothing was sent." in ended.stderr


def test_an_interrupted_release_ends_after_its_request_and_tells_every_outcome() -> None:
    with running(Options(quota=0, messages=10, held=90)) as simulator:
        ids = [mail.investigate_id for mail in simulator.account.held if mail.disposition == "BULK"][:60]
        arguments = ["release", *ids, "--reason", "x", "--yes", "--expect", "60", "--format", "ndjson"]
        with started(simulator.environment(), *arguments) as process:
            told(process, "Release: ")
            simulator.api.latency = 0.5
            told(process, "request 1 of 3")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        results = [json.loads(line) for line in out.splitlines()]
        truth = simulator.account.truth.of("release")
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [result["id"] for result in results] == ids
    sent = [result["id"] for result in results if result["mailsluice"]["outcome"] != "not sent"]
    assert sorted(entry["id"] for entry in truth) == sorted(sent)
    assert 25 <= len(sent) < 60


@pytest.mark.long
def test_one_that_waited_for_its_time_is_told_as_it_ended_when_it_is_interrupted_then() -> None:
    """It was started twice: what is told is what became of the second run."""
    with running(Options(quota=0, messages=10, held=90)) as simulator:
        ids = [mail.investigate_id for mail in simulator.account.held if mail.disposition == "BULK"][:60]
        arguments = ["release", *ids, "--reason", "x", "--yes", "--expect", "60", "--format", "ndjson"]
        with started(simulator.environment(), *arguments, "--not-before", "10s") as process:
            told(process, "Waiting until")
            simulator.api.latency = 0.5
            told(process, "request 1 of 3")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        results = [json.loads(line) for line in out.splitlines()]
        truth = simulator.account.truth.of("release")
    assert process.returncode == 130
    assert "Traceback" not in err
    sent = [result["id"] for result in results if result["mailsluice"]["outcome"] != "not sent"]
    assert sorted(entry["id"] for entry in truth) == sorted(sent)
    assert 25 <= len(sent) < 60


def test_what_reaches_mailboxes_needs_its_number_beside_yes(run: Run, simulator: Simulator) -> None:
    search = ["--sender", "acme-news.example", "--final-disposition", "BULK", "--yes"]
    for kind in (["move", "--destination", "Inbox"], ["release"]):
        refused = run("create", "--action", *kind, *search)
        assert refused.returncode == 3
        assert "repeat with --expect" in refused.stderr
    assert simulator.account.truth.entries == []


def test_each_message_that_is_not_sent_is_named_with_its_reason(run: Run, simulator: Simulator, tmp_path: Path) -> None:
    held = simulator.account.held
    fine, bad = (
        [mail for mail in held if mail.disposition == "BULK"],
        [mail for mail in held if mail.disposition == "MALICIOUS"],
    )
    gone = fine[2:4]
    simulator.account.release({"ids": [mail.investigate_id for mail in gone]})
    nowhere = f"4NZZZZZZZZZZZZ00-{fine[0].scanned[:19]}-99"
    ids = [mail.investigate_id for mail in (bad[0], fine[0], gone[0], fine[1], gone[1], bad[1])]
    wanted = {
        **{mail.investigate_id: ("delivered", "") for mail in fine[:2]},
        **{mail.investigate_id: ("held back", "MALICIOUS") for mail in bad[:2]},
        **{mail.investigate_id: ("left out", "already released") for mail in gone},
        nowhere: ("held back", "not found (unchecked)"),
    }
    arguments = ("release", *ids, nowhere, "--reason", "x", "--json")

    def outcomes(ended: Ended) -> dict[str, tuple[str, str]]:
        ours = [(row["id"], row["mailsluice"]) for row in json.loads(ended.stdout)]
        assert len(ours) == len(wanted)
        return {name: (told["outcome"], told["why"]) for name, told in ours}

    planned = run(*arguments, "--plan-only")
    assert outcomes(planned) == {
        name: told if told[1] else ("not sent", "it was never sent") for name, told in wanted.items()
    }
    ended = run(*arguments, "--yes", "--expect", "2")
    assert ended.returncode == 0, ended.stderr
    assert outcomes(ended) == wanted
    for name, (outcome, why) in wanted.items():
        assert (f"{outcome.capitalize()}: {name} ({why})" in ended.stderr) is bool(why)
    (plan,) = re.findall(r" · plan (\w{8})$", ended.stderr, re.MULTILINE)
    out = {name: told for name, told in wanted.items() if told[1]}
    for suffix in ("md", "csv", "json"):
        assert run("report", plan, "--output", str(tmp_path / f"report.{suffix}")).returncode == 0
    report = json.loads((tmp_path / "report.json").read_text())
    named = [
        (each["id"], (word, each["why"]))
        for word in ("held back", "left out")
        for each in report[word.replace(" ", "_")]
    ]
    assert len(named) == len(out)
    assert dict(named) == out
    with (tmp_path / "report.csv").open() as file:
        rows = {row["id"]: (row["outcome"], row["why"]) for row in csv.DictReader(file)}
    assert rows == wanted
    *_, (_, *listed) = tables((tmp_path / "report.md").read_text())
    assert {row[0]: (row[1], row[-1]) for row in listed} == wanted
    assert len(listed) == len(wanted)


def test_nothing_in_a_file_of_ids_is_an_option(run: Run, simulator: Simulator, tmp_path: Path) -> None:
    bad = next(mail for mail in simulator.account.held if mail.disposition == "MALICIOUS")
    file = tmp_path / "ids.txt"
    file.write_text(
        f"--yes\n--include-disposition=MALICIOUS\n--include-unchecked\n-- {bad.investigate_id}\n--plan-only\n"
    )
    ended = run("release", "--from", str(file), "--reason", "x")
    assert (ended.returncode, simulator.account.truth.entries) == (2, []), "nobody to ask, and no --yes"
    ended = run("release", "--from", str(file), "--reason", "x", "--yes")
    assert (ended.returncode, simulator.account.truth.entries) == (3, []), "held back, and not included"
    assert "'--include-disposition=MALICIOUS' (line 2)" in ended.stderr
    ended = run("release", "--reason", "x", "--yes", "--", bad.investigate_id, "--include-disposition=MALICIOUS")
    assert (ended.returncode, simulator.account.truth.entries) == (3, [])
    assert "xargs" in run("release", "--help").stdout


def test_a_subject_in_an_export_releases_nothing(run: Run, simulator: Simulator) -> None:
    mails = simulator.account.held
    mails[0].subject = f"Weekly digest {mails[1].investigate_id}"
    for output_format in ("csv", "json", "ndjson", "table"):
        export = run("quarantine", "--subject", "Weekly digest 4N", "--format", output_format).stdout
        ended = run("release", "--from", "-", "--plan-only", "--json", stdin=export)
        assert [row["id"] for row in json.loads(ended.stdout)] == [mails[0].investigate_id], output_format


def test_a_message_id_of_several_messages_is_told_with_their_ids_and_none_is_sent(
    run: Run, simulator: Simulator
) -> None:
    one, other = simulator.account.held[:2]
    other.header_id = one.header_id
    ended = run("release", one.header_id, "--reason", "x", "--yes", "--include-unchecked")
    assert (ended.returncode, simulator.account.truth.entries) == (3, [])
    for mail in (one, other):
        assert f"{mail.investigate_id}  {mail.disposition}, from {mail.sender} {mail.subject}" in ended.stderr
    other.header_id = "<other@x.example>"
    ended = run("release", "--from", "-", "--reason", "x", "--yes", stdin=f"Message-ID: {one.header_id}\n")
    assert ended.returncode == 0
    assert (
        f"{one.header_id} is {one.investigate_id}  {one.disposition}, from {one.sender} {one.subject}" in ended.stderr
    )
    assert [entry["id"] for entry in simulator.account.truth.of("release")] == [one.investigate_id]


@pytest.mark.parametrize("year", ["9999", "0001", "2020"])
def test_an_id_of_a_year_that_no_mail_is_of_is_not_found(run: Run, year: str) -> None:
    ended = run("release", f"4NAAAAAAAAAA-{year}-12-31T23:59:59-0", "4NAAAAAAAAAAAAAA", "--reason", "x", "--yes")
    assert ended.returncode == 3
    assert "2 ids: 1 request at the least" in ended.stderr
    assert ended.stderr.count("not found (unchecked)") == 2


def test_ids_out_of_free_text_are_told_with_their_lines(run: Run, simulator: Simulator) -> None:
    name = simulator.account.held[0].investigate_id
    ended = run("release", "--from", "-", "--plan-only", stdin=f"hello\nplease release {name} today\n")
    assert f"Line 2: {name} out of 'please release {name} today'" in ended.stderr


def test_odd_mail_is_held_back_by_default_told_in_any_case_and_sent_by_its_option(
    run: Run, simulator: Simulator, tmp_path: Path
) -> None:
    held = simulator.account.held
    impostor = next(mail for mail in held if mail.sender == IMPOSTOR)
    impostor.disposition = "BULK"
    plain = [mail for mail in held if mail.sender != IMPOSTOR and mail.disposition == "BULK"][:9]
    names = tmp_path / "ids.txt"
    names.write_text("\n".join(mail.investigate_id for mail in (*plain, impostor)))
    base = ("release", "--from", str(names), "--reason", "x", "--yes", "--json")
    different = "like acme-news.example: I for l"
    kept = run(*base, "--expect", "9")
    assert kept.returncode == 0, kept.stderr
    assert "Not like the others: 1 odd held back, --include-odd lets it through." in kept.stderr
    assert f"Held back, odd: {impostor.investigate_id} ({different}" in kept.stderr
    ours = {row["id"]: row["mailsluice"] for row in json.loads(kept.stdout)}
    assert ours[impostor.investigate_id]["outcome"] == "held back"
    assert ours[impostor.investigate_id]["odd"].startswith(different)
    assert not any("odd" in ours[mail.investigate_id] for mail in plain)
    config = tmp_path / "config.toml"
    config.write_text("[guard]\nhold_odd = false\n")
    config.chmod(0o600)
    simulator.account.log._entries.clear()
    RELEASE.make_ready(simulator, [*plain, impostor])
    planned = run(*base[:3], "--plan-only", "--json", MAILSLUICE_CONFIG=str(config))
    assert "Not like the others: 1 odd goes out: guard.hold_odd is off." in planned.stderr
    assert f"To be sent, odd: {impostor.investigate_id} ({different}" in planned.stderr
    assert len([row for row in json.loads(planned.stdout) if row["mailsluice"].get("odd")]) == 1
    done = run(*base, "--expect", "10", "--include-odd")
    assert done.returncode == 0, done.stderr
    assert "Not like the others: 1 odd goes out: ODD was given." in done.stderr
    assert impostor.investigate_id in {entry["id"] for entry in simulator.account.truth.of("release")}
