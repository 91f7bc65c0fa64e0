"""What the real program writes to a real terminal: whole after a stop or another size, and nothing without news."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    environment |= {"TZ": "UTC", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    terminal = Terminal([sys.executable, "-m", "tui_app", "demo"], environment)
    yield terminal
    terminal.kill()


def test_it_is_whole_again_after_a_stop_and_after_another_size(terminal: Terminal) -> None:
    terminal.sees("12 loaded", "INC-4802", "? help")
    os.kill(terminal.pid, signal.SIGTSTP)
    stopped = False
    while not stopped:
        terminal.read(0.05)
        pid, status = os.waitpid(terminal.pid, os.WUNTRACED | os.WNOHANG)
        stopped = pid == terminal.pid and os.WIFSTOPPED(status)
    while terminal.read(0.05):
        pass
    assert terminal.raw.rstrip().endswith(b"\x1b[?1004l") and b"\x1b[m\x1b" in terminal.raw[-200:]
    terminal.lose()
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.sees("12 loaded", "INC-4802", "? help")
    terminal.resize(100, 30)
    terminal.lose()
    terminal.sees("12 loaded", "INC-4802", "? help")
    terminal.press("q")
    assert terminal.ends() == 0
