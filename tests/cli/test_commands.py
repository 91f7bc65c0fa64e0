"""The command line as scripts see it: stdout, stderr, exit codes; each run is a process of its own."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Ended, Run, run_with, started, told
from tests.support.environment import ROOT, environment
from tests.support.faulty import ACCOUNT
from tui_app.simulator.server import Options, Simulator, running, write_env_file


@pytest.fixture
def run(simulator: Simulator) -> Run:
    def call(*arguments: str, stdin: str | None = None, **environment: str) -> Ended:
        return run_with({**simulator.environment(), **environment}, *arguments, stdin=stdin)

    return call


def test_jobs_in_every_format(run: Run, simulator: Simulator) -> None:
    wire = {job["job_id"]: job for job in simulator.account.list_jobs(None, None)}
    listed = json.loads(run("jobs", "--json").stdout)
    assert [job["job_id"] for job in listed] == list(wire)
    for job in listed:
        ours = job.pop("mailsluice")
        assert set(ours) == {"done", "unaccounted"}
        assert job.keys() == wire[job["job_id"]].keys()
        assert job["search_params"] == wire[job["job_id"]]["search_params"]
    lines = run("jobs", "--format", "ndjson", "--status", "CANCELLED").stdout.splitlines()
    assert {json.loads(line)["status"] for line in lines} == {"CANCELLED"}
    rows = list(csv.DictReader(io.StringIO(run("jobs", "--format", "csv", "--action", "release").stdout)))
    assert {row["action"] for row in rows} == {"release"}
    table = run("jobs", "--limit", "2").stdout.splitlines()
    assert table[0].startswith("JOB_ID")
    assert len(table) == 3


def test_one_job_and_its_failed_messages(run: Run, simulator: Simulator) -> None:
    job = next(job for job in simulator.account.list_jobs(None, None) if job["messages_failed"] == 140)
    assert json.loads(run("job", job["job_id"], "--json").stdout)["messages_failed"] == 140
    ended = run("messages", job["job_id"], "--status", "FAILED", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert (ended.returncode, len(rows), {row["status"] for row in rows}) == (0, 140, {"failed"})


def test_a_reader_that_goes_away_is_no_error(simulator: Simulator) -> None:
    script = f"{sys.executable} -m tui_app quarantine --format ndjson | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", script],
        env=environment(Path.home(), simulator),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    first, code = ended.stdout.splitlines()
    assert json.loads(first)["is_quarantined"] is True
    assert (code, ended.stderr) == ("0", "")


def test_csv_holds_no_formula_and_json_the_exact_text(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("quarantine", "--sender", "evil.example", "--format", "csv").stdout)))
    assert [row["subject"] for row in rows if "cmd|" in row["subject"]] == ["'=cmd|' /C calc'!A0"]
    exact = json.loads(run("quarantine", "--sender", "evil.example", "--json").stdout)
    assert "lone surrogate \ud800 in the middle" in [message["subject"] for message in exact]


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


def test_create_cancel_delete(run: Run, simulator: Simulator) -> None:
    search = ["--sender", "acme-news.example"]
    previewed = run("create", "--action", "release", *search, "--preview", "--json")
    count = json.loads(previewed.stdout)["mailsluice"]["count"]
    assert run("create", "--action", "release", *search).returncode == 2, "nobody to ask, and no --yes"
    assert run("create", "--action", "release", *search, "--yes", "--expect", str(count + 1)).returncode == 3
    assert simulator.account.truth.entries == []
    made = run(
        "create", "--action", "release", *search, "--comment", "INC-1", "--yes", "--expect", str(count), "--json"
    )
    job_id = json.loads(made.stdout)["job_id"]
    assert run("delete", job_id, "--yes").returncode == 3, "it is running"
    assert run("cancel", job_id).returncode == 2
    assert run("cancel", job_id, "--yes").returncode == 0
    assert run("cancel", job_id, "--yes").returncode == 3
    assert run("delete", job_id, "--yes").returncode == 0
    assert [entry["action"] for entry in simulator.account.truth.entries] == ["create_job", "cancel_job", "delete_job"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["create", "--action", "move", "--sender", "a.example", "--yes"], 2),
        (["create", "--action", "release", "--destination", "Inbox", "--sender", "a.example", "--yes"], 2),
        (["create", "--action", "move", "--destination", "JunkEmail", "--yes"], 3),
        (
            [
                "create",
                "--action",
                "move",
                "--destination",
                "RecoverableItemsPurges",
                "--sender",
                "evil.example",
                "--yes",
            ],
            3,
        ),
        (["create", "--action", "release", "--query", "invoice", "--yes"], 3),
        (["create", "--action", "move", "--destination", "Inbox", "--sender", "x", "--start", "soon", "--yes"], 2),
        (["release", "--reason", "x", "--yes"], 2),
        (["release", "4NAAAAAAAAAAAAAA", "--yes"], 2),
        (["release", "4NAAAAAAAAAAAAAA", "--reason", "x", "--yes"], 3),
        (["release", "4NAAAAAAAAAAAAAA", "--reason", "x"], 2),
        (["job", "nope"], 2),
        (["job", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"], 6),
        (["messages", "../../x"], 2),
        (["bogus"], 2),
        (["--read-only", "delete", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "--yes"], 3),
        (["--profile", "nope", "jobs"], 2),
        ([], 2),
    ],
)
def test_exit_codes_and_nothing_is_sent(run: Run, simulator: Simulator, arguments: list[str], code: int) -> None:
    ended = run(*arguments)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip()
    assert simulator.account.truth.entries == []


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"CLOUDFLARE_API_TOKEN": "wrong"}, 6, "token itself is not accepted"),
        ({"CLOUDFLARE_ACCOUNT_ID": "0" * 32}, 6, "It sees: Acme production"),
        ({"CLOUDFLARE_BASE_URL": "http://127.0.0.1:9/client/v4"}, 6, "refused"),
        ({"CLOUDFLARE_BASE_URL": "http://example.com/client/v4"}, 2, "Nothing was sent"),
        ({"CLOUDFLARE_ACCOUNT_ID": "short"}, 2, "32 hex digits"),
        ({"CLOUDFLARE_API_TOKEN": ""}, 2, "mailsluice demo"),
    ],
)
def test_trouble_is_one_clear_sentence(run: Run, environment: dict[str, str], code: int, said: str) -> None:
    ended = run("jobs", "--json", **environment)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_read_only_token_that_writes_is_refused_by_the_api(run: Run, simulator: Simulator) -> None:
    ended = run(
        "release",
        simulator.account.held[0].investigate_id,
        "--reason",
        "x",
        "--yes",
        CLOUDFLARE_API_TOKEN=simulator.authenticator.read_token,
    )
    assert ended.returncode == 6
    assert "Authentication error (code 10000)" in ended.stderr


def test_the_oldest_wire_shape(seed_simulator: Simulator) -> None:
    environment = seed_simulator.environment()
    mails = seed_simulator.account.held
    jobs = json.loads(run_with(environment, "jobs", "--json").stdout)
    assert "messages_skipped" not in jobs[0]
    failed = next(job for job in jobs if job["messages_failed"] == 140)
    rows = run_with(
        environment, "messages", failed["job_id"], "--status", "FAILED", "--format", "ndjson"
    ).stdout.splitlines()
    assert len(rows) == 140
    done = run_with(
        environment,
        "release",
        mails[0].investigate_id,
        mails[1].postfix_id,
        "--reason",
        "x",
        "--yes",
        "--expect",
        "2",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert [entry["id"] for entry in seed_simulator.account.truth.of("release")] == [
        mail.investigate_id for mail in mails[:2]
    ]


def test_email_and_key_open_the_account_too(simulator: Simulator) -> None:
    environment = simulator.environment() | {
        "CLOUDFLARE_EMAIL": simulator.authenticator.email,
        "CLOUDFLARE_API_KEY": simulator.authenticator.key,
    }
    del environment["CLOUDFLARE_API_TOKEN"]
    assert len(json.loads(run_with(environment, "jobs", "--json").stdout)) == 12


def test_a_limited_command_waits_and_says_so() -> None:
    with running(Options(quota=0, messages=10, held=5)) as simulator:
        simulator.api.quota.quota, simulator.api.quota.window = 1, 2.0
        assert run_with(simulator.environment(), "jobs", "--json").returncode == 0
        ended = run_with(simulator.environment(), "jobs", "--json")
    assert ended.returncode == 0
    assert len(json.loads(ended.stdout)) == 12


def test_simulate_says_where_it_is_and_serves_until_it_is_ended(tmp_path: Path) -> None:
    env_file, truth = tmp_path / "env", tmp_path / "truth.jsonl"
    arguments = ["simulate", "--messages", "50", "--held", "10", "--env-file", str(env_file), "--truth", str(truth)]
    with subprocess.Popen(
        [sys.executable, "-m", "tui_app", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert env_file.read_text() == line
        assert env_file.stat().st_mode & 0o777 == 0o600
        shell = f". {env_file}; {sys.executable} -m tui_app jobs --format ndjson"
        ended = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False)
        assert len(ended.stdout.splitlines()) == 12, ended.stderr
        server.terminate()
        server.wait(timeout=10)
    assert line.startswith("export CLOUDFLARE_BASE_URL=http://127.0.0.1:")
    assert ACCOUNT not in line


def test_the_token_is_taken_from_no_argument() -> None:
    ended = run_with({}, "--token", "c4nary", "jobs")
    assert ended.returncode == 2
    assert "c4nary" not in ended.stderr


def test_the_outcome_of_a_release_survives_a_reader_that_goes_away_and_a_full_disk(simulator: Simulator) -> None:
    mails = simulator.account.held
    variables = environment(Path.home(), simulator, CLOUDFLARE_API_TOKEN=simulator.authenticator.read_token)
    release = f"{sys.executable} -m tui_app release {mails[0].investigate_id} --reason x --yes --json"
    for script in (f"{release} | true; echo code ${{PIPESTATUS[0]}}", f"{release} > /dev/full; echo code $?"):
        ended = subprocess.run(
            ["bash", "-c", script], env=variables, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert ended.stdout.strip() == "code 6", ended.stderr
        assert "1 not sent" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_verdict_that_a_search_does_not_know_is_refused_not_dropped(run: Run) -> None:
    assert run("quarantine", "--final-disposition", "MALICIOUS-BEC").returncode == 2


def test_output_in_ascii_is_escaped(run: Run) -> None:
    ended = run("jobs", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\u2192" in ended.stdout


def test_an_error_is_one_line_whatever_the_configuration_says(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    name = '"/nowhere\\nmailsluice: all is well\\u001b[2J\\u200b"'
    config.write_text(f"[profiles.p]\naccount_id = '{ACCOUNT}'\ntoken_file = {name}\n")
    ended = run_with({"MAILSLUICE_CONFIG": str(config), "CLOUDFLARE_API_TOKEN": ""}, "--profile", "p", "jobs")
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "all is well" in line
    assert "\u200b" not in line


def test_an_error_of_the_system_names_its_file() -> None:
    script = """
import sys, types
import click
import tui_app.cli

broken = sys.modules["broken"] = types.ModuleType("broken")
broken.jobs = click.command("jobs")(lambda: open("/proc/self/nothing"))
tui_app.cli._COMMANDS["jobs"] = ("broken", "jobs", "")
sys.argv = ["mailsluice", "jobs"]
tui_app.cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "mailsluice: /proc/self/nothing: No such file or directory.\n"


@pytest.mark.parametrize("planted", ["link", "file"])
def test_the_simulator_s_token_goes_into_no_file_that_was_there(planted: str, tmp_path: Path) -> None:
    target, theirs = tmp_path / "env", tmp_path / "theirs"
    theirs.write_text("kept")
    for name in ("env", "env.part"):
        if planted == "link":
            (tmp_path / name).symlink_to(theirs)
        else:
            (tmp_path / name).write_text("theirs")
            (tmp_path / name).chmod(0o666)
    write_env_file(target, "export X=secret")
    assert theirs.read_text() == "kept"
    assert target.read_text() == "export X=secret\n"
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "env.part").read_text() in ("theirs", "kept")


def test_a_device_is_no_list_of_ids(run: Run) -> None:
    ended = run("release", "--from", "/dev/zero", "--reason", "x", "--yes")
    assert ended.returncode == 2
    assert "The file of ids is larger than 64 MiB. Split it. Nothing was sent." in ended.stderr


@pytest.mark.parametrize(
    ("variables", "kept"),
    [
        ({"STY": "1.pts", "TERM": "screen-256color"}, False),
        ({"TERM": "screen"}, False),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, True),
        ({"TERM": "xterm-256color"}, True),
    ],
)
def test_true_colours_are_not_believed_in_gnu_screen(variables: dict[str, str], kept: bool) -> None:
    script = (
        "import os, sys, tui_app.cli\nsys.argv = ['mailsluice', '--version']\n"
        "try: tui_app.cli.main()\nfinally: print(os.environ.get('COLORTERM'))"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("STY", "TMUX", "TERM")}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**bare, **variables, "COLORTERM": "truecolor"},
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1] == ("truecolor" if kept else "None")


def test_a_dead_proxy_is_named_and_a_token_in_quotes_is_none(tmp_path: Path) -> None:
    account = {"CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "abc"}
    ended = run_with({**account, "HTTPS_PROXY": "http://ana:secret@127.0.0.1:9"}, "jobs")
    assert ended.returncode == 6
    assert "can't be reached: the connection was refused (the proxy http://127.0.0.1:9)." in ended.stderr
    assert "secret" not in ended.stderr
    for quoted in ('"abc"', "'abc'", "`abc`"):
        ended = run_with({**account, "CLOUDFLARE_API_TOKEN": quoted}, "jobs")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "without quotes" in ended.stderr
        assert "abc" not in ended.stderr


def test_a_place_that_can_t_be_written_is_said(run: Run) -> None:
    ended = run("simulate", "--env-file", "/nonexistent/x")
    assert ended.returncode == 2
    assert "can't be written" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_interrupted_release_ends_after_its_request_and_tells_every_outcome() -> None:
    with running(Options(quota=0, messages=10, held=90)) as simulator:
        ids = [mail.investigate_id for mail in simulator.account.held if mail.disposition == "BULK"][:60]
        arguments = ["release", *ids, "--reason", "x", "--yes", "--expect", "60", "--format", "ndjson"]
        with started(simulator.environment(), *arguments) as process:
            told(process, "to release")
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


def test_a_new_job_that_differs_from_what_was_asked_for_is_never_called_done() -> None:
    arguments = ["--destination", "JunkEmail", "--sender", "billing@evil.example", "--yes"]
    with running(Options(quota=0, messages=300, held=60, faults="echo_changed=2@create_job")) as simulator:
        made = run_with(simulator.environment(), "create", "--action", "move", *arguments)
    assert made.returncode == 5
    assert "differs from what was asked for" in made.stderr
    assert "destination: asked for JunkEmail, the job has" in made.stderr
    assert "It was not cancelled. To cancel it: mailsluice cancel" in made.stderr
    assert not simulator.account.truth.of("cancel_job")


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
    words = (tmp_path / "report.md").read_text()
    back, left = words.split("| held back by the guard, never in the plan | why |")[1].split(
        "| left out, never in the plan | why |"
    )
    for name, (outcome, why) in out.items():
        place, other = (back, left) if outcome == "held back" else (left, back)
        assert f"| {name} | {why} |" in place
        assert name not in other


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
        assert f"{mail.investigate_id}  {mail.disposition}  {mail.subject}" in ended.stderr
    other.header_id = "<other@x.example>"
    ended = run("release", "--from", "-", "--reason", "x", "--yes", stdin=f"Message-ID: {one.header_id}\n")
    assert ended.returncode == 0
    assert f"{one.header_id} is {one.investigate_id}  {one.disposition}  {one.subject}" in ended.stderr
    assert [entry["id"] for entry in simulator.account.truth.of("release")] == [one.investigate_id]


@pytest.mark.parametrize("year", ["9999", "0001", "2020"])
def test_an_id_of_a_year_that_no_mail_is_of_is_not_found(run: Run, year: str) -> None:
    ended = run("release", f"AAAAAAAAAAAA-{year}-12-31T23:59:59-0", "4NAAAAAAAAAAAAAA", "--reason", "x", "--yes")
    assert ended.returncode == 3
    assert "2 ids: 1 request at the least" in ended.stderr
    assert ended.stderr.count("not found (unchecked)") == 2


def test_ids_out_of_free_text_are_told_with_their_lines(run: Run, simulator: Simulator) -> None:
    name = simulator.account.held[0].investigate_id
    ended = run("release", "--from", "-", "--plan-only", stdin=f"hello\nplease release {name} today\n")
    assert f"Line 2: {name} out of 'please release {name} today'" in ended.stderr
