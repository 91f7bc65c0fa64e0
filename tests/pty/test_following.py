"""Title and bell of the console, and `watch`, in a real terminal."""

import re
import signal
from collections.abc import Iterator

import pytest

from tests.support.accounts import answering
from tests.support.consoles import Start
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator

PUSHED = b"\x1b[22;2t"
GIVEN_BACK = b"\x1b]2;\x1b\\\x1b[23;2t"
_TITLE = re.compile(rb"\x1b\]2;([^\x1b]+)\x1b\\")


@pytest.fixture(scope="module")
def quick() -> Iterator[Simulator]:
    """The first job is at work for some seconds."""
    with answering(Options(quota=0, messages=300, held=10, speed=4)) as simulator:
        yield simulator


def titles(terminal: Terminal) -> list[str]:
    return [found.decode() for found in _TITLE.findall(bytes(terminal.raw))]


def test_the_title_tells_how_it_stands_and_is_given_back(start: Start) -> None:
    terminal = start()
    terminal.sees("12 loaded", "live")
    assert titles(terminal)[0] == "mailsluice"
    assert re.fullmatch(r"mailsluice · \d+ % · 3 running", titles(terminal)[-1])
    terminal.press("q")
    assert terminal.ends() == 0
    assert bytes(terminal.raw).count(PUSHED) == bytes(terminal.raw).count(GIVEN_BACK) == 1
    assert not _TITLE.search(bytes(terminal.raw).rpartition(GIVEN_BACK)[2])


CRASHES = """
from tui_app.__main__ import start
from tui_app.screens.jobs import JobsScreen

def fails(screen):
    raise ValueError("of a test")

JobsScreen.action_job_new = fails
start()
"""
HANGS = """
import time
from tui_app.__main__ import start
from tui_app.screens.jobs import JobsScreen
from tui_app.terminal import watchdog

watchdog.GRACE = 0.2
JobsScreen.action_job_new = lambda screen: time.sleep(60)
start()
"""


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param(CRASHES, 1, marks=pytest.mark.long),
        pytest.param(HANGS, 128 + signal.SIGTERM, marks=pytest.mark.long),
    ],
)
def test_the_title_is_given_back_by_a_console_that_breaks(start: Start, script: str, code: int) -> None:
    terminal = start(Program(script=script))
    terminal.sees("12 loaded", "live")
    terminal.press("n")
    if code != 1:
        terminal.reads(0.3)
        terminal.signal(signal.SIGTERM)
    assert terminal.ends() == code
    assert bytes(terminal.raw).count(GIVEN_BACK) == 1


@pytest.mark.long
def test_a_terminal_without_titles_gets_none(start: Start) -> None:
    terminal = start(TERM="linux")
    terminal.sees("12 loaded", "live")
    terminal.press("q")
    assert terminal.ends() == 0
    assert b"\x1b]2;" not in terminal.raw
    assert PUSHED not in terminal.raw


def test_watch_draws_a_line_a_job_in_place_and_ends_with_how_they_ended(start: Start, quick: Simulator) -> None:
    jobs = quick.account.list_jobs(None, None)
    going = next(job["job_id"] for job in jobs if job["status"] not in ("COMPLETED", "FAILED", "CANCELLED"))
    fine = next(job["job_id"] for job in jobs if job["total_messages_discovered"] == 310)
    terminal = start(Program(("watch", fine, going, "--for", "1s")), on=quick, columns=90)
    terminal.sees(f"{fine[:8]}  completed    ██████████  100 %", going[:8])
    assert terminal.ends() in (0, 4, 5)
    lines = [line for line in terminal.text.splitlines() if line]
    shown = [line for line in lines if line.startswith((fine[:8], going[:8])) and ("··" in line or "██" in line)]
    assert len(shown) == 2, "each is drawn again in its own line"
    assert [line for line in lines if line.startswith("JOB_ID")]
