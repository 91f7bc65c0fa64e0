"""The command that gives the token, at a real terminal: it may ask there before a screen is drawn, and never afterwards."""

import json
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start
from tests.support.environment import PROGRAM, environment
from tests.support.forker import Program
from tests.support.lifeline import Lifeline
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator

SOON: Final = 5.0
"""Seconds; a command has thirty."""
JOBS: Final = (*PROGRAM, "jobs", "--format", "csv")
DEAF: Final = """
from tui_app.app import SluiceApp
from tui_app.cli import main
SluiceApp.end_by_signal = lambda app, number: None
main()
"""
"""A console whose loop stands still, as far as its guard can see."""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    lifeline = Lifeline(tmp_path / "lifeline")
    yield lifeline
    lifeline.close()


@pytest.fixture
def start(account: Simulator, tmp_path: Path) -> Iterator[Start]:
    opened: list[Terminal] = []
    config = tmp_path / "config.toml"
    variables = environment(tmp_path, account, CLOUDFLARE_API_TOKEN="", MAILSLUICE_CONFIG=str(config), PS1="ready$ ")

    def start(script: str, program: Sequence[str] | Program = PROGRAM) -> Terminal:
        command = json.dumps(["/bin/sh", "-c", script])
        base_url = variables["CLOUDFLARE_BASE_URL"]
        config.write_text(f'default_profile = "p"\n[profiles.p]\nbase_url = "{base_url}"\ntoken_command = {command}\n')
        terminal = Terminal(program, variables)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.kill()


def silent(lifeline: Lifeline) -> str:
    """A script that starts something and never answers."""
    return f"{lifeline.held}; sleep 1000 & echo ready >&9; wait"


def refused_then_silent(lifeline: Lifeline, tmp_path: Path) -> str:
    """A command whose token nobody takes, and that never answers when it is asked for another."""
    ran = tmp_path / "ran"
    return f"if [ -e {ran} ]; then {silent(lifeline)}; fi; touch {ran}; echo {secrets.token_urlsafe(24)}"


def ends_soon(terminal: Terminal, code: int) -> None:
    began = time.monotonic()
    assert terminal.ends() == code, terminal.text
    assert time.monotonic() - began < SOON


# ---- at the start


@pytest.mark.parametrize("asks", ["printf 'Your token? ' >&2; read t", "read -p 'Your token? ' t </dev/tty"])
def test_it_asks_and_is_answered_before_the_screen_is_drawn(start: Start, account: Simulator, asks: str) -> None:
    terminal = start(f"{asks}; echo $t")
    terminal.sees("Your token?")
    terminal.press(f"{account.authenticator.token}\n")
    terminal.sees("12 loaded", "live")
    terminal.press("\x11")
    assert terminal.ends() == 0


def test_ctrl_c_at_its_question_ends_us_and_gives_the_echo_back(start: Start, lifeline: Lifeline) -> None:
    terminal = start(f"{lifeline.held}; stty -echo </dev/tty; printf 'Phrase? ' >&2; echo ready >&9; read t", JOBS)
    terminal.sees("Phrase?")
    lifeline.says()
    assert not terminal.cooked
    terminal.press("\x03")
    ends_soon(terminal, 130)
    lifeline.ends()
    assert terminal.cooked


@pytest.mark.parametrize("program", [PROGRAM, JOBS], ids=["console", "jobs"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_then_us(
    start: Start, lifeline: Lifeline, number: signal.Signals, program: Sequence[str]
) -> None:
    terminal = start(silent(lifeline), program)
    lifeline.says()
    terminal.signal(number)
    ends_soon(terminal, 128 + number)
    lifeline.ends()


def test_a_line_that_is_gone_ends_it_and_us_though_nobody_hears_the_signal(start: Start, lifeline: Lifeline) -> None:
    deaf = ("/bin/sh", "-c", f"trap '' HUP; exec {shlex.join(PROGRAM)}")
    terminal = start(silent(lifeline), deaf)
    lifeline.says()
    terminal.hang_up()
    ends_soon(terminal, 129)
    lifeline.ends()


def test_ctrl_z_at_its_question_stops_both_and_both_go_on(start: Start, account: Simulator, tmp_path: Path) -> None:
    terminal = start("printf 'Your token? ' >&2; read t; echo $t", ("bash", "--norc", "--noprofile", "-i"))
    terminal.sees("ready$")
    terminal.press(f"{shlex.join(JOBS)} >{tmp_path}/out\n")
    terminal.sees("Your token?")
    terminal.press("\x1a")
    terminal.sees("Stopped")
    terminal.lose()
    terminal.press("fg && echo all is ''well\n")
    terminal.sees("tui_app jobs")
    terminal.press(f"{account.authenticator.token}\n")
    terminal.sees("all is well")
    assert (tmp_path / "out").read_text().startswith("job_id")


# ---- while a screen is drawn


def test_another_token_is_asked_for_without_a_terminal(start: Start, tmp_path: Path) -> None:
    look = (
        "import os, sys; from pathlib import Path\n"
        "try: os.close(os.open('/dev/tty', os.O_RDWR)); tty = 'terminal'\n"
        "except OSError: tty = 'none'\n"
        f"with Path({str(tmp_path / 'looked')!r}).open('a') as file:\n"
        "    print(tty, os.readlink('/proc/self/fd/0').split('/')[2], os.getsid(0) == os.getppid(), file=file)\n"
        "print('tok')"
    )
    script = f"{shlex.join([sys.executable, '-c', look])}; true"
    program = (
        "from tui_app.auth.credentials import CommandCredential\n"
        f"credential = CommandCredential(('/bin/sh', '-c', {script!r})); credential.renew()"
    )
    terminal = start("", Program(script=program))
    assert terminal.ends() == 0, terminal.text
    at_the_start, renewed = (tmp_path / "looked").read_text().splitlines()
    assert at_the_start in ("terminal pts False", "terminal tty False")
    assert renewed == "none null True"


@pytest.mark.parametrize(
    "way",
    ["q", *(pytest.param(way, marks=pytest.mark.long) for way in ("ctrl+q", signal.SIGTERM)), signal.SIGHUP],
    ids=str,
)
def test_leaving_waits_for_no_renewal(start: Start, lifeline: Lifeline, tmp_path: Path, way: str | int) -> None:
    terminal = start(refused_then_silent(lifeline, tmp_path), Program())
    lifeline.says()
    terminal.sees("Jobs")
    if isinstance(way, int):
        terminal.signal(way)
    else:
        terminal.press("\x11" if way == "ctrl+q" else "q")
    ends_soon(terminal, 128 + way if isinstance(way, int) else 0)
    lifeline.ends()


def test_a_console_that_is_cut_off_leaves_no_renewal(start: Start, lifeline: Lifeline, tmp_path: Path) -> None:
    terminal = start(refused_then_silent(lifeline, tmp_path), Program(script=DEAF))
    lifeline.says()
    terminal.sees("Jobs")
    terminal.signal(signal.SIGTERM)
    ends_soon(terminal, 143)
    lifeline.ends()


def test_why_no_other_token_came_is_on_the_page_of_activity(start: Start, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    terminal = start(f"[ -e {ran} ] && {{ echo the vault is sealed >&2; exit 3; }}; touch {ran}; echo stale", Program())
    terminal.sees("access refused")
    terminal.press("!")
    terminal.sees("Activity", "ended with 3", "the vault is sealed")
    terminal.press("\x11")
    assert terminal.ends() == 0
