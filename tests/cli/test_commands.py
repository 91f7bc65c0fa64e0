"""The command line as scripts see it: stdout, stderr, exit codes; each run is a process of its own."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Run, run_with
from tests.support.environment import ROOT, environment
from tests.support.faulty import ACCOUNT
from tui_app.simulator.server import Options, Simulator, running, write_env_file


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
    assert "lone surrogate \ufffd in the middle" in [message["subject"] for message in exact]


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


def test_a_new_job_that_differs_from_what_was_asked_for_is_never_called_done() -> None:
    arguments = ["--destination", "JunkEmail", "--sender", "billing@evil.example", "--yes"]
    with running(Options(quota=0, messages=300, held=60, faults="stored_changed=2@create_job")) as simulator:
        made = run_with(simulator.environment(), "create", "--action", "move", *arguments)
    assert made.returncode == 5
    assert "DIFFERS from what was asked for" in made.stderr
    assert "destination: asked for JunkEmail, the job has" in made.stderr
    assert "It was cancelled at once." in made.stderr
    assert "status     cancelled" in made.stdout
    (entry,) = simulator.account.truth.of("cancel_job")
    assert entry["outcome"] == "cancelled"
