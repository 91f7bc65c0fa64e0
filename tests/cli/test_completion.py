"""Completion: what is offered, what it must not do, and each real shell with its TAB key."""

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import run_with
from tests.support.environment import ROOT, environment
from tests.support.terminal import Terminal
from tui_app.cli import cli
from tui_app.cli.completion import _SHELLS, PROGRAM, VARIABLE, complete

CONFIG = """
[profiles.prod]
token_command = ["touch", "{home}/it-ran"]
[profiles.staging]
token_file = "/nowhere"
[profiles."we ird; touch x"]
[profiles."*"]
[nonsense]
"""


@pytest.fixture
def home() -> Path:
    """A home with profiles, and with the journals of two plans."""
    home = Path.home()
    config = home / ".config/mailsluice/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG.format(home=home))
    config.chmod(0o600)
    plans = home / ".local/state/mailsluice/plans"
    plans.mkdir(parents=True)
    for folder in (plans.parent, plans):
        folder.chmod(0o700)
    for name in ("000001-7f3a9c01.jsonl", "000002-7f00aa02.jsonl", "000003-0badcafe.jsonl.bak", "chain.lock"):
        (plans / name).touch()
    return home


def offered(line: str, monkeypatch: pytest.MonkeyPatch, shell: str = "bash") -> list[str]:
    """The words that fit at the end of a line, as the shell hands it over."""
    words = line.split(" ")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    answer = _SHELLS[shell](cli, {}, PROGRAM, VARIABLE).complete()
    return answer.splitlines()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("mailsluice jo", ["plain,jobs", "plain,job"]),
        ("mailsluice doc", ["plain,doctor"]),
        ("mailsluice jobs --st", ["plain,--status"]),
        ("mailsluice jobs --status CA", ["plain,cancelled"]),
        ("mailsluice jobs --status = CA", ["plain,cancelled"]),
        ("mailsluice jobs --format n", ["plain,ndjson"]),
        ("mailsluice move --destination Junk", ["plain,junkemail"]),
        ("mailsluice ledger se", ["plain,settle"]),
        ("mailsluice completion z", ["plain,zsh"]),
        ("mailsluice messages x --output a", ["file,a"]),
        ("mailsluice message x --output a", ["file,a"]),
        ("mailsluice release --from a", ["file,a"]),
        ("mailsluice --profile ", ["plain,prod", "plain,staging"]),
        ("mailsluice --profile s", ["plain,staging"]),
        ("mailsluice --profile prod doc", ["plain,doctor"]),
        ("mailsluice ledger show 7", ["plain,7f00aa02", "plain,7f3a9c01"]),
        ("mailsluice ledger resume 7F3", ["plain,7f3a9c01"]),
        ("mailsluice report 7f3", ["plain,7f3a9c01"]),
        ("mailsluice undo 7f3", ["plain,7f3a9c01"]),
        ("mailsluice job 7", []),
        ("mailsluice --tok", []),
        ("mailsluice watch x --for nonsense --forma", ["plain,--format"]),
        ("mailsluice nonsense --x", []),
    ],
)
def test_what_fits(line: str, wanted: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILSLUICE_CONFIG", raising=False)
    assert offered(line, monkeypatch) == wanted


def test_other_shells_get_the_name_of_the_option_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for shell in ("zsh", "fish"):
        (word,) = [line for line in offered("mailsluice jobs --status=CA", monkeypatch, shell) if "cancelled" in line]
        assert word.removeprefix("plain,") == "--status=cancelled"
    (line,) = offered("mailsluice led", monkeypatch, "fish")
    assert line.startswith("plain,ledger\t")
    assert line.count(",") == 1, "fish reads the description up to a comma"


def test_a_file_that_may_be_somebody_else_s_offers_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it say anything, whatever is wrong."""
    config = home / ".config/mailsluice/config.toml"
    changes = {
        "MAILSLUICE_CONFIG": str(config),
        VARIABLE: "bash_complete",
        "COMP_WORDS": "mailsluice --profile ",
        "COMP_CWORD": "2",
    }
    assert run_with(changes).stdout == "plain,prod\nplain,staging\n"
    config.chmod(0o606)
    for broken in (
        changes,
        changes | {VARIABLE: "tcsh_complete"},
        changes | {"COMP_CWORD": "x"},
        changes | {"MAILSLUICE_CONFIG": "~nobody-there/x"},
    ):
        ended = run_with(broken)
        assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")
    (home / ".local/state/mailsluice/plans").chmod(0o777)
    assert offered("mailsluice report 7f3", monkeypatch) == []
    assert not (home / "it-ran").exists()


def test_nothing_is_opened_run_or_sent(home: Path) -> None:
    """A pipe that nobody writes to is not opened, though the option takes a file; the token's command is not run."""
    os.mkfifo(home / "pipe")
    changes = {
        "MAILSLUICE_CONFIG": str(home / ".config/mailsluice/config.toml"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        VARIABLE: "bash_complete",
        "COMP_WORDS": f"mailsluice --profile prod release --from {home}/pipe --rea",
        "COMP_CWORD": "6",
    }
    began = time.monotonic()
    assert run_with(changes).stdout == "plain,--reason\n"
    assert time.monotonic() - began < 10
    assert not (home / "it-ran").exists()


def test_only_an_answer_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "bash_source")
    assert complete(cli) == 1


# ---- the shells themselves


@pytest.fixture
def program(home: Path) -> Path:
    """`mailsluice` in a folder of the path."""
    folder = home / "bin"
    folder.mkdir()
    (folder / PROGRAM).write_text(f'#!/bin/sh\nexec {sys.executable} -m tui_app "$@"\n')
    (folder / PROGRAM).chmod(stat.S_IRWXU)
    return folder


def variables(home: Path, program: Path) -> dict[str, str]:
    named = environment(home, MAILSLUICE_CONFIG=str(home / ".config/mailsluice/config.toml"))
    return {**named, "PATH": f"{program}:{named['PATH']}"}


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def test_bash_reads_the_script_and_calls_it(home: Path, program: Path) -> None:
    script = (
        "source <(mailsluice completion bash); complete -p mailsluice; "
        "COMP_WORDS=(mailsluice --profile st); COMP_CWORD=2; _mailsluice_completion mailsluice; echo ${COMPREPLY[@]}"
    )
    ended = subprocess.run(
        [needs("bash"), "--norc", "-c", script],
        env=variables(home, program),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.splitlines() == ["complete -o nosort -F _mailsluice_completion mailsluice", "staging"]
    assert ended.stderr == ""


_START = {
    "bash": (
        ["--norc", "--noprofile", "-i"],
        "PS1='$ '; bind 'set bell-style none'; source <(mailsluice completion bash); echo READY",
    ),
    "zsh": (
        ["-f", "-i"],
        "PS1='$ '; autoload -U compinit; compinit -u -D; source <(mailsluice completion zsh); echo READY",
    ),
    "fish": (["--no-config", "-i"], "mailsluice completion fish | source; echo READY"),
}


@contextmanager
def at_prompt(shell: str, home: Path, program: Path) -> Iterator[Terminal]:
    options, setup = _START[shell]
    terminal = Terminal([needs(shell), *options], variables(home, program), columns=100, folder=ROOT)
    try:
        terminal.answers()
        terminal.press(f"{setup}\r")
        terminal.sees("\nREADY")
        yield terminal
    finally:
        terminal.kill()


@pytest.mark.long
@pytest.mark.parametrize("shell", _START)
def test_the_tab_key(shell: str, home: Path, program: Path) -> None:
    """What stands in the line after TAB; the line is then cleared."""
    with at_prompt(shell, home, program) as terminal:
        for typed, whole in (
            ("mailsluice doc", "mailsluice doctor"),
            ("mailsluice --profile st", "mailsluice --profile staging"),
            ("mailsluice jobs --sta", "mailsluice jobs --status"),
            ("mailsluice jobs --status CAN", "mailsluice jobs --status cancelled"),
            ("mailsluice jobs --status=CAN", "mailsluice jobs --status=cancelled"),
            ("mailsluice move --destination Inb", "mailsluice move --destination inbox"),
            ("mailsluice ledger sho", "mailsluice ledger show"),
            ("mailsluice ledger show 7f3", "mailsluice ledger show 7f3a9c01"),
            ("mailsluice messages x --output pyproj", "mailsluice messages x --output pyproject.toml"),
            ("mailsluice release --from CHANGEL", "mailsluice release --from CHANGELOG.md"),
        ):
            terminal.press(f"{typed}\t")
            terminal.sees(whole)
            assert "Traceback" not in terminal.text
            terminal.press("\x15clear\r")
            terminal.loses(whole)
    assert not (home / "it-ran").exists()
