"""What the real program writes to a real terminal: whole after a stop or another size, and nothing without news."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty.test_following import GIVEN_BACK, PUSHED
from tests.support.environment import PROGRAM, environment
from tests.support.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal([*PROGRAM, "demo"], environment(tmp_path))
    yield terminal
    terminal.kill()


def test_it_is_whole_again_after_a_stop_and_after_another_size(terminal: Terminal) -> None:
    terminal.sees("12 loaded", "INC-4802", "? help")
    terminal.signal(signal.SIGTSTP)
    terminal.stops()
    assert terminal.raw.rstrip().endswith(b"\x1b[?1004l") and b"\x1b[m\x1b" in terminal.raw[-200:]
    # The shell has its own title meanwhile.
    assert terminal.raw.rfind(GIVEN_BACK) > terminal.raw.rfind(b"\x1b]2;mailsluice")
    terminal.lose()
    terminal.signal(signal.SIGCONT)
    terminal.sees("12 loaded", "INC-4802", "? help")
    assert terminal.raw.rfind(GIVEN_BACK) < terminal.raw.rfind(b"\x1b]2;mailsluice")
    terminal.resize(100, 30)
    terminal.lose()
    terminal.sees("12 loaded", "INC-4802", "? help")
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.raw.count(GIVEN_BACK) == terminal.raw.count(PUSHED) == 2
