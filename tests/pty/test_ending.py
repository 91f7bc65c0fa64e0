"""However the console ends: the terminal is given back, the exit code says why, nothing of it stays, no write is cut off unseen."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start
from tests.support.environment import PROGRAM, environment
from tests.support.forker import START, Program
from tests.support.terminal import PATIENCE, Terminal
from tui_app.simulator.server import Options, Simulator

SOON = 5.0
"""Seconds after which nothing of it may be left."""
ROUNDS = int(os.environ.get("ROUNDS", "20"))
"""How often the long run sees each event; every test run sees each once."""

CONSOLE = """
import asyncio, os, sys, time
from pathlib import Path
import tui_app.cli.console as console
from tui_app.config.settings import load_settings
from tui_app.app import SluiceApp

class Watched(SluiceApp):
    def on_mount(self):
        self.beats = asyncio.ensure_future(self.beat())

    async def beat(self):
        # The pace of everything that runs below the screens.
        while True:
            await asyncio.sleep(0.05)
            with Path(os.environ["BEATS"]).open("a") as file:
                file.write(f"{time.monotonic()}\\n")
            for line in self.screen.query("#tabs"):
                line.set_text(f"frame {time.monotonic()} " + "".join(chr(33 + (number + time.monotonic_ns()) % 90) for number in range(50)))

    def action_activity_open(self):
        if os.environ.get("CRASH"):
            token = os.environ["CLOUDFLARE_API_TOKEN"]
            raise RuntimeError(token)

import tui_app.app
tui_app.app.SluiceApp = Watched
console.check_terminal(os.environ)
sys.exit(console.run_console(load_settings(os.environ)))
"""


@pytest.fixture(
    autouse=True, params=[0, *(pytest.param(number, marks=pytest.mark.long) for number in range(1, ROUNDS + 1))]
)
def event(request: pytest.FixtureRequest) -> int:
    """The number of this event: 0 is the one of every test run."""
    number: int = request.param
    return number


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def variables(account: Simulator, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, account, BEATS=str(tmp_path / "beats"))


@pytest.fixture
def start(variables: dict[str, str], account: Simulator) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(
        command: Sequence[str] | Program = Program(),  # noqa: B008 - nothing can be changed in it
        *,
        simulator: Simulator = account,
        **more: str,
    ) -> Terminal:
        opened.append(Terminal(command, variables | simulator.environment() | more))
        opened[-1].sees("12 loaded", "live")
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.kill()


def ends_with(terminal: Terminal, code: int) -> None:
    """It ends soon, with this code, and the terminal is as it was."""
    began = time.monotonic()
    assert terminal.ends() == code
    assert time.monotonic() - began < SOON
    assert terminal.cooked
    assert terminal.given_back


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131),
        (signal.SIGUSR1, 138), (signal.SIGUSR2, 140), (signal.SIGALRM, 142),
    ],
)  # fmt: skip
def test_a_signal_ends_it_in_good_order(start: Start, number: int, code: int) -> None:
    terminal = start()
    terminal.signal(number)
    ends_with(terminal, code)


def test_a_signal_in_the_first_moment_ends_it_too(variables: dict[str, str]) -> None:
    terminal = Terminal(PROGRAM, variables)
    while b"\x1b[?1049h" not in terminal.raw:
        terminal.read(0.1)
    terminal.signal(signal.SIGTERM)
    ends_with(terminal, 143)


def test_a_stop_gives_the_terminal_back_and_fg_brings_it_back(start: Start) -> None:
    terminal = start()
    terminal.signal(signal.SIGTSTP)
    terminal.stops()
    assert terminal.cooked
    assert terminal.given_back
    terminal.lose()
    terminal.signal(signal.SIGCONT)
    terminal.sees("12 loaded", "? help")
    assert not terminal.cooked
    terminal.signal(signal.SIGTERM)
    ends_with(terminal, 143)


def test_ctrl_c_and_ctrl_z_are_keys_that_end_nothing(start: Start) -> None:
    terminal = start()
    terminal.press("\x03")
    terminal.sees("ctrl+q quits from anywhere")
    terminal.press("\x1a")  # it is the first program of its terminal: nobody could bring it back
    terminal.sees("no shell would resume it")
    terminal.press("q")
    ends_with(terminal, 0)


def test_a_line_that_is_lost_ends_it(start: Start) -> None:
    terminal = start()
    terminal.hang_up()
    assert terminal.ends_unread(SOON) == 129


def test_a_line_that_is_lost_ends_it_even_if_the_signal_is_ignored(start: Start) -> None:
    terminal = start(("/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *PROGRAM))
    terminal.hang_up()
    assert terminal.ends_unread(SOON) == 129


class Foreign:
    """A program on a terminal that is not its own: the streams are joined to it, and no signal comes from it."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            command, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.raw = b""

    def writes(self, words: bytes) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.raw:
            ready, _, _ = select.select([self.master], [], [], 0.2)
            self.raw += os.read(self.master, 65536) if ready else b""
            assert time.monotonic() < end, self.raw


def test_a_lost_terminal_that_is_not_its_own_ends_it(variables: dict[str, str]) -> None:
    foreign = Foreign(PROGRAM, variables)
    with foreign.process as process:
        try:
            foreign.writes(b"12 loaded")
            os.close(foreign.master)
            assert process.wait(SOON) == 129
        finally:
            process.kill()


STUCK = """
import tty
from threading import Event
from tui_app.terminal.watchdog import ShutdownWatchdog

with ShutdownWatchdog(lambda number: None):
    tty.setraw(0)
    print("stuck", flush=True)
    Event().wait()
"""


def test_a_terminal_that_is_not_its_own_is_given_back_by_the_guard(variables: dict[str, str]) -> None:
    foreign = Foreign([sys.executable, "-c", STUCK], variables)
    with foreign.process as process:
        try:
            foreign.writes(b"stuck")
            process.terminate()
            foreign.writes(b"\x1b[?1049l")
            assert process.wait(SOON) == 143
            assert termios.tcgetattr(foreign.master)[3] & termios.ICANON
        finally:
            process.kill()
            os.close(foreign.master)


def beats_while(variables: dict[str, str], seconds: float) -> list[float]:
    """When the work below the screens went on, in this many seconds from now."""
    file = Path(variables["BEATS"])
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        time.sleep(0.05)  # nobody reads the terminal: there is nothing to wait for but the time itself
    return [beat for line in file.read_text().splitlines() if began <= (beat := float(line)) < began + seconds]


def stalled(start: Start, **more: str) -> Terminal:
    """A console whose terminal takes nothing any more, while it has something new to paint twenty times a second."""
    return start(Program(script=CONSOLE), **more)


def assert_paced(beats: list[float], seconds: float) -> float:
    """No beat was missed: none came later than two of them would."""
    gaps = [after - before for before, after in pairwise(beats)]
    assert len(beats) > seconds / 0.05 * 0.6
    assert max(gaps) < 1.0
    return max(gaps)


@pytest.mark.long
def test_a_terminal_that_takes_nothing_holds_up_nothing(
    start: Start, variables: dict[str, str], event: int, record_property: Callable[[str, object], None]
) -> None:
    seconds = 60.0 if event else 5.0
    terminal = stalled(start)
    record_property("longest silence, s", assert_paced(beats_while(variables, seconds), seconds))
    terminal.press("?")
    terminal.sees("Help › jobs")  # all that was left out meanwhile is there
    terminal.press("\x1b")
    terminal.sees("12 loaded", "enter open")
    terminal.press("q")
    ends_with(terminal, 0)


def test_a_signal_ends_it_while_the_terminal_takes_nothing(start: Start, variables: dict[str, str]) -> None:
    terminal = stalled(start)
    beats_while(variables, 1.5)
    began = time.monotonic()
    terminal.signal(signal.SIGTERM)
    assert terminal.ends_unread(SOON) == 143
    assert time.monotonic() - began < 4
    assert terminal.cooked
    assert terminal.given_back


def test_a_line_that_is_lost_while_it_takes_nothing_ends_it(start: Start, variables: dict[str, str]) -> None:
    terminal = stalled(start)
    beats_while(variables, 1.0)
    terminal.hang_up()
    assert terminal.ends_unread(SOON) == 129


GONE = """
from textual.drivers.linux_driver import LinuxDriver

def disable_mouse(driver):
    raise OSError(5, "the terminal is gone")

LinuxDriver._disable_mouse_support = disable_mouse
"""


def test_a_terminal_that_is_gone_when_it_is_given_back_leaves_no_process_behind(start: Start) -> None:
    # Not in a fork, which ends without its threads.
    terminal = start([sys.executable, "-c", GONE + START])
    terminal.sees("12 loaded")
    terminal.press("\x11")
    assert terminal.ends_unread(SOON) == 0


def test_an_error_of_our_own_ends_it_with_1_and_a_report_without_data(start: Start, variables: dict[str, str]) -> None:
    terminal = start(Program(script=CONSOLE), CRASH="1")
    terminal.press("!")
    ends_with(terminal, 1)
    terminal.says("stopped by an internal error (RuntimeError")
    (report,) = Path(variables["HOME"], ".local/state/mailsluice").glob("crash-*.txt")
    assert report.stat().st_mode & 0o777 == 0o600
    said = report.read_text()
    assert "action_activity_open" in said
    assert "builtins.RuntimeError" in said


# ---- writes on their way


def release_one(terminal: Terminal) -> None:
    terminal.press("Q")
    terminal.sees("all loaded")
    terminal.press("R")
    terminal.sees("not sent yet")
    terminal.press("INC-1\r")
    terminal.answers()
    terminal.press("y")
    terminal.sees("Messages       y")
    terminal.submit()
    terminal.sees("in flight")


def test_a_write_on_its_way_is_waited_for_and_told(start: Start, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    with answering(
        Options(quota=0, messages=30, held=20, faults="latency=2000@release", truth=truth, speed=NO_JOB_ENDS)
    ) as slow:
        terminal = start(simulator=slow)
        release_one(terminal)
        terminal.signal(signal.SIGTERM)
        assert terminal.ends() == 143
    assert terminal.cooked
    assert terminal.given_back
    terminal.says("1 delivered")
    (entry,) = [json.loads(line) for line in truth.read_text().splitlines() if '"release"' in line and '"id"' in line]
    assert entry["action"] == "release"


def test_a_write_whose_answer_never_comes_is_told_as_unknown_when_nobody_waits_any_more(start: Start) -> None:
    with answering(Options(quota=0, messages=30, held=20, faults="stall_after@release", speed=NO_JOB_ENDS)) as silent:
        terminal = start(simulator=silent)
        release_one(terminal)
        terminal.signal(signal.SIGTERM)
        terminal.says("Waiting for the answer")
        terminal.signal(signal.SIGTERM)
        ends_with(terminal, 143)
    terminal.says("1 unknown")
