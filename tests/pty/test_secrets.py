"""The token is in no output, no argument and no file; behind the veil no screen shows whose mail it is and what it says."""

import json
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.commands import run_with
from tests.support.consoles import Start
from tests.support.environment import PROGRAM, environment
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.core.text import sanitize
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator

FORMATS: Final = ("table", "json", "ndjson", "csv")
ESCAPE: Final = "\x1b[27u"
"""The key as a terminal sends it that leaves no doubt."""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=3012, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def start(account: Simulator, tmp_path: Path) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(command: Sequence[str] | Program, *, size: tuple[int, int] = (80, 24), **changes: str) -> Terminal:
        variables = environment(tmp_path, account, **changes)
        opened.append(Terminal(command, variables, columns=size[0], lines=size[1]))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.kill()


# ---- the command line


def all_commands(account: Simulator, stale: str) -> list[tuple[list[str], dict[str, str], int]]:
    """Arguments, changes of the environment, the exit code."""
    jobs = account.account.list_jobs(None, None)
    (running_job, *_), (ended_job, *_) = (
        [job["job_id"] for job in jobs if (job["status"] in ("COMPLETED", "FAILED")) is ended]
        for ended in (False, True)
    )
    held = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"]
    found = ["--action", "move", "--destination", "Inbox", "--sender", "evil.example"]
    lines: list[tuple[str, int]] = []
    for number, name in enumerate(FORMATS):
        release = f"release {held[number]} --reason x --format {name}"
        lines += [(f"{words} --format {name}", 0) for words in ("jobs", f"job {ended_job}", f"messages {ended_job}")]
        lines += [
            (f"ledger list --format {name}", 0),
            (f"quarantine --format {name}", 0),
            (f"{release} --plan-only", 0),
            (f"{release} --yes", 0),
        ]
    names = (
        "jobs",
        "job",
        "messages",
        "create",
        "cancel",
        "delete",
        "quarantine",
        "release",
        "demo",
        "simulate",
        "ledger",
        "report",
    )
    lines += [(f"{name} --help", 0) for name in names]
    lines += [
        ("--help", 0),
        ("--version", 0),
        ("ledger verify", 0),
        ("simulate --faults help", 0),
        (f"messages {ended_job} --output x.csv", 0),
    ]
    lines += [(" ".join(["create", *found, "--preview", "--format", "json"]), 0), (f"cancel {running_job} --yes", 0)]
    lines += [(f"delete {ended_job} --yes", 0), (f"delete {ended_job} --yes", 3)]
    lines += [(f"job {ended_job}", 6), (f"messages {ended_job}", 6), (f"release {held[9]} --reason x", 2)]
    wrong = (
        "nothing",
        "-v jobs",
        "jobs -v",
        "--verbose",
        "--debug jobs",
        "jobs --limit 0",
        "job 1",
        "release",
        "",
        "demo",
    )
    lines += [(words, 2) for words in wrong]
    lines += [("jobs --format yaml", 2), ("--profile nobody jobs", 2), ("--read-only delete " + ended_job, 3)]
    commands: list[tuple[list[str], dict[str, str], int]] = [(words.split(), {}, code) for words, code in lines]
    refused = {"CLOUDFLARE_API_TOKEN": stale}
    commands += [(words.split(), refused, 6) for words in ("jobs", "quarantine --json", f"job {running_job}")]
    commands += [
        (["release", held[9], "--reason", "x", "--yes"], {"CLOUDFLARE_API_TOKEN": account.authenticator.read_token}, 6)
    ]
    commands += [(["jobs"], {"CLOUDFLARE_BASE_URL": "http://127.0.0.1:1/client/v4"}, 6)]
    commands += [(["jobs"], {"CLOUDFLARE_BASE_URL": "http://cloudflare.example"}, 2)]
    commands += [
        (["jobs"], {"CLOUDFLARE_API_TOKEN": f"Bearer {stale}"}, 2),
        (["jobs"], {"CLOUDFLARE_ACCOUNT_ID": stale}, 2),
    ]
    by_key = {
        "CLOUDFLARE_API_TOKEN": "",
        "CLOUDFLARE_EMAIL": account.authenticator.email,
        "CLOUDFLARE_API_KEY": account.authenticator.key,
    }
    commands += [(["jobs"], by_key, 0), (["jobs"], {**by_key, "CLOUDFLARE_API_KEY": stale}, 6)]
    return commands


def test_no_command_ever_tells_the_token(tmp_path: Path) -> None:
    stale = f"stale_{secrets.token_urlsafe(24)}"
    # They act: the account is theirs alone.
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as account:
        commands = all_commands(account, stale)
        ended = [
            run_with({**account.environment(), **changes}, *arguments, folder=tmp_path)
            for arguments, changes, _ in commands
        ]
    codes = [(arguments, run.returncode) for (arguments, _, _), run in zip(commands, ended, strict=True)]
    assert codes == [(arguments, code) for arguments, _, code in commands]
    said = [run.stdout + run.stderr for run in ended]
    assert all(said)
    assert len(said) >= 60
    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert tmp_path / "x.csv" in files
    authenticator = account.authenticator
    for secret in (stale, authenticator.token, authenticator.read_token, authenticator.key):
        assert [arguments for (arguments, _, _), text in zip(commands, said, strict=True) if secret in text] == []
        assert [file.name for file, content in files.items() if secret.encode() in content] == []


@pytest.mark.parametrize("words", ["--token {}", "--token={}", "--token {} jobs", "--api-token {}", "--api-key={}"])
def test_a_token_as_an_argument_is_refused_and_to_be_revoked(start: Start, words: str) -> None:
    secret = f"t{secrets.token_urlsafe(24)}"
    terminal = start(Program(tuple(words.format(secret).split())))
    assert terminal.ends() == 2
    terminal.says("create a new one, and set CLOUDFLARE_API_TOKEN or token_file. Nothing was sent.")
    assert secret.encode() not in terminal.raw


def test_a_token_behind_a_command_is_to_be_revoked_too(start: Start) -> None:
    terminal = start(Program(("jobs", "--token", secrets.token_urlsafe(24))))
    assert terminal.ends() == 2
    assert b"create a new one" in terminal.raw


# ---- the console


def test_the_running_console_keeps_the_token_and_its_memory_to_itself(
    start: Start, account: Simulator, tmp_path: Path
) -> None:
    token = account.authenticator.token
    (tmp_path / "token").write_text(token)
    asked = tmp_path / "asked.json"
    script = (
        "import json, os, sys; from pathlib import Path\n"
        "told = [Path(f'/proc/{pid}/cmdline').read_text() for pid in ('self', os.getppid())]\n"
        f"Path({str(asked)!r}).write_text(json.dumps([*told, os.ttyname(0)]))\n"
        f"print(Path({str(tmp_path / 'token')!r}).read_text())\n"
    )
    (tmp_path / "ask.py").write_text(script)
    config = tmp_path / "config.toml"
    command = json.dumps([sys.executable, str(tmp_path / "ask.py")])
    config.write_text(
        f'default_profile = "here"\n[profiles.here]\nbase_url = "{account.environment()["CLOUDFLARE_BASE_URL"]}"\ntoken_command = {command}\n'
    )
    terminal = start(PROGRAM, MAILSLUICE_CONFIG=str(config), CLOUDFLARE_API_TOKEN="")
    terminal.sees("12 loaded", "live")
    for key, seen in (("?", "Help ›"), ("!", "Activity"), ("q", "Help ›"), ("q", "12 loaded")):
        terminal.press(key)
        terminal.sees(seen)
    process = Path(f"/proc/{terminal.pid}")
    assert token not in process.joinpath("cmdline").read_text()
    assert re.search(r"Max core file size +0 +0 ", process.joinpath("limits").read_text())
    assert not process.joinpath(f"task/{terminal.pid}/children").read_text().split()
    command_line, above, tty = json.loads(asked.read_text())
    assert token not in command_line + above
    assert "tui_app" in above
    assert tty.startswith("/dev/"), "it may ask the operator, and reads nothing that is piped to us"
    terminal.press("\x11")
    assert terminal.ends() == 0
    assert token.encode() not in terminal.raw


def test_the_simulator_of_a_demo_is_given_no_token(start: Start, tmp_path: Path) -> None:
    simulator, given = tmp_path / "simulator", tmp_path / "given"
    simulator.write_text(f"#!/bin/sh\nenv >'{given}'\n")
    simulator.chmod(0o700)
    script = f"import sys, tui_app.cli\nsys.executable, sys.argv = {str(simulator)!r}, ['mailsluice', 'demo']\ntui_app.cli.main()"
    terminal = start(Program(script=script))
    terminal.says("The simulator did not start")
    assert terminal.ends() == 1
    assert "HOME=" in given.read_text()
    assert "CLOUDFLARE" not in given.read_text()


def test_a_refused_token_is_told_of_and_not_told(start: Start) -> None:
    stale = secrets.token_urlsafe(24)
    terminal = start(Program(), CLOUDFLARE_API_TOKEN=stale)
    terminal.sees("access refused")
    terminal.press("!")
    terminal.sees("Activity", "Invalid API Token")
    terminal.press("\x11")
    assert terminal.ends() == 0
    assert stale.encode() not in terminal.raw


def test_what_textual_would_read_from_the_environment_has_no_effect(start: Start, tmp_path: Path) -> None:
    terminal = start(
        PROGRAM, TEXTUAL="devtools,debug", TEXTUAL_PRESS="question_mark,wait:1,q", TEXTUAL_SCREENSHOT="1", TEXTUAL_LOG=str(tmp_path / "log"),
        TEXTUAL_SCREENSHOT_LOCATION=str(tmp_path), TEXTUAL_DRIVER="nothing:Nothing", TEXTUAL_COLOR_SYSTEM="standard",
        TEXTUAL_THEME="nord", TEXTUAL_FILTERS="dim", TEXTUAL_ALLOW_SIGNALS="1", TEXTUAL_SHOW_RETURN="1",
    )  # fmt: skip
    terminal.sees("12 loaded", "live")
    terminal.press("\x03")
    terminal.sees("ctrl+q quits from anywhere")
    assert b"Help" not in terminal.raw.replace(b"help", b"")
    assert b"48;2;17;22;27" in terminal.raw, "the ground of our own theme, in all its colours"
    terminal.press("\x11")
    assert terminal.ends() == 0
    assert [file.name for file in tmp_path.rglob("*") if file.suffix in (".svg", ".log") or file.name == "log"] == []


# ---- the veil


def private_words(mails: list[Mail]) -> tuple[set[str], set[str]]:
    """Of these mails: what stands before the @ of each address, and how each subject begins."""
    people = {address.partition("@")[0] for mail in mails for address in (mail.sender, *mail.recipients)}
    return people, {sanitize(mail.subject)[:10].strip() for mail in mails}


def shown(text: str, people: set[str], subjects: set[str]) -> list[str]:
    """Which of them are in a text."""
    words = set(re.findall(r"[^\s<>,;:\"'()\[\]@]+(?=@)", text)) | set(re.findall(r"\w{5,}", text))
    return sorted(words & people) + [subject for subject in subjects if subject in text]


def painted(raw: bytes) -> str:
    """All text that a terminal was sent, whatever was painted over it later."""
    return re.sub(
        r"\x1b(\[[0-9;:?<=>$]*[a-zA-Z]|\]\d+;[^\x07]*\x07|[()][A-Z0-9])", "\n", raw.decode("utf-8", "replace")
    )


def test_the_watcher_of_the_veil_sees_what_is_shown(account: Simulator) -> None:
    words = private_words(account.account.held)
    assert len(words[0]) > 50 < len(words[1]) + 40
    assert shown("▪ BULK  news@acme-news.ex… Weekly dig…", *words) == ["news", "Weekly dig"]
    assert shown("▪ BULK  ▒▒▒@acme-news.ex…  ▒▒▒▒▒▒  ▒▒▒@labs.acme.example", *words) == []
    assert painted(b"\x1b[1;38;2;1;2;3mWeekly digest\x1b[K\x1b]52;c;eA==\x07") == "\nWeekly digest\n\n"


@pytest.mark.parametrize("size", [(80, 24), pytest.param((200, 50), marks=pytest.mark.long)], ids=str)
def test_behind_the_veil_no_screen_shows_whose_mail_it_is_or_what_it_says(
    start: Start, account: Simulator, size: tuple[int, int]
) -> None:
    story = account.account
    job = next(job for job in story.jobs.values() if "INC-4790" in (job.comment or ""))
    # Addresses that a rule for plain ones would not find, among the first rows.
    newest = sorted(story.held, key=lambda mail: mail.scanned_at, reverse=True)
    newest[0].sender = "k.o'brien@vendor.example"
    newest[1].sender = '"ana lopez"@vendor.example'
    newest[2].sender = "Ana Lopez <ana.lopez@vendor.example>"
    newest[2].recipients = ("marguerite.duras@",)
    newest[3].recipients = ("Marguerite Duras",)
    mails = [*story.held, *story.campaign, *(job.target(number).mail for number in range(job.size))]
    people, subjects = private_words(mails)
    people |= {"brien", "lopez", "Lopez", "marguerite", "Marguerite", "duras", "Duras"}
    subjects |= {sanitize(job.comment)[:10] for job in story.jobs.values() if job.comment}
    terminal = start(Program(), size=size)
    terminal.sees("12 loaded", "live", "INC-4802")
    assert shown(terminal.text, people, subjects)
    terminal.press("M")
    terminal.sees("Addresses and subjects are hidden")
    veiled_from = len(terminal.raw)

    def goes(keys: str, *seen: str) -> None:
        terminal.press(keys)
        terminal.sees(*seen)
        assert shown(terminal.text, people, subjects) == [], terminal.text

    goes("jjjj", "▒▒▒▒▒▒", "▸ ! completed")
    goes("k", "▸ ✔ completed")
    goes("Y", "A number asks", "search", "▒▒▒▒▒▒")
    goes("q", "12 loaded")
    goes("D", "Delete this job's record?", "▒▒▒▒▒▒")
    goes(ESCAPE, "12 loaded")
    goes("\r", "Jobs › release", "310 loaded", "▒▒▒@")
    goes("\r", "The job's row", "read ", "▒▒▒@")
    goes("G", "postfix id", "Message-ID")
    goes("Y", "A number asks", "▒▒▒@")
    goes("qqq", "12 loaded")
    goes("Q", "Quarantine", "all loaded", "▒▒▒@")
    for _ in range(4):
        goes("\r", "Quarantine › message", "read ", "▒▒▒@")
        goes("q", "Quarantine")
        goes("j", "Quarantine")
    goes("g j R", "not sent yet", "▒▒▒▒▒▒", "2 messages")
    terminal.press("INC-1\r")
    terminal.answers()
    terminal.press("2")
    terminal.sees("Messages       2")
    terminal.submit()
    goes("", "all sent", "▒▒▒@", "delivered")
    goes("q", "Quarantine", "all loaded")
    goes("!", "Activity", "Release, plan")
    goes("q", "Quarantine", "all loaded")
    goes("H", "Ledger", "1 plan", "2 delivered")
    goes("\r", "delivered", "▒▒▒@", "reason: ")
    goes("q", "Ledger", "1 plan")
    goes("q", "Quarantine", "all loaded")
    goes("q", "12 loaded")
    assert shown(painted(bytes(terminal.raw[veiled_from:])), people, subjects) == []
    terminal.press("M")
    terminal.sees("Addresses and subjects are shown")
    terminal.press("\x11")
    assert terminal.ends() == 0
