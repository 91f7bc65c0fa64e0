"""Windows of all sizes, too small ones, and ones that change: what is on the screen fits, and is the jobs in the end."""

from random import Random

import pytest

from tests.support.consoles import Start, ends, works
from tests.support.terminal import Terminal


@pytest.mark.parametrize(
    ("columns", "lines", "said"), [(1, 1, "T"), (5, 2, "Too"), (59, 16, "Too small: 59x16"), (60, 15, "needs 60x16")]
)
def test_a_window_that_is_too_small_says_so_and_can_be_left(start: Start, columns: int, lines: int, said: str) -> None:
    terminal = start(columns=columns, lines=lines)
    terminal.sees(said)
    assert b"WRITE" not in terminal.raw, "nothing else was painted"
    terminal.press("?D")
    terminal.answers()
    terminal.sees(said)
    ends(terminal, "\x11")


@pytest.mark.parametrize(("columns", "lines"), [(60, 16), (200, 50), pytest.param(500, 500, marks=pytest.mark.long)])
def test_it_works_in_windows_of_all_sizes(start: Start, columns: int, lines: int) -> None:
    terminal = start(columns=columns, lines=lines)
    works(terminal)
    assert len(terminal.text.splitlines()) == lines
    assert "? help" in terminal.text.splitlines()[-1]
    ends(terminal, "\x11")


def test_the_terminal_s_size_counts_and_not_what_a_shell_says_of_it(start: Start) -> None:
    terminal = start(COLUMNS="40", LINES="10")
    works(terminal)
    ends(terminal)


def test_a_window_may_become_too_small_and_large_again(start: Start) -> None:
    terminal = start()
    works(terminal)
    terminal.press("G")
    terminal.sees("▸ ■ cancelled   release")
    terminal.resize(20, 5)
    terminal.sees("Too small: 20x5")
    terminal.resize(80, 24)
    terminal.sees("12 loaded", "▸ ■ cancelled   release", "INC-4555", "? help")
    terminal.resize(60, 16)
    terminal.sees("12 loaded", "▸ ■ cancelled   release", "INC-4555", "? help")
    ends(terminal)


def everything_works_in(terminal: Terminal) -> None:
    """A tour: a job, a row, held mail, a review that is left, the form of a new job."""
    terminal.sees("12 loaded", "live")
    terminal.press("\r")
    terminal.sees("Jobs › move", "loaded")
    terminal.press("\r")
    terminal.sees("The job's row")
    terminal.press("q")
    terminal.sees("Jobs › move", "loaded")
    terminal.press("Q")
    terminal.sees("Quarantine", "all loaded")
    terminal.press(" R")
    terminal.sees("not sent yet", "Reason")
    terminal.press("\x1b[27u")
    terminal.sees("Quarantine", "1 marked")
    terminal.press("uq")
    terminal.sees("Jobs › move")
    terminal.press("q")
    terminal.sees("12 loaded")
    terminal.press("n")
    terminal.sees("destination")
    terminal.press("\x1b[27u")
    terminal.sees("12 loaded")


def test_everything_works_in_the_smallest_window(start: Start) -> None:
    terminal = start(columns=60, lines=16)
    everything_works_in(terminal)
    ends(terminal)


def dragged(terminal: Terminal, seed: int, resizes: int) -> None:
    """Give the window one size after the other, as fast as it goes."""
    random = Random(seed)
    for _ in range(resizes):
        terminal.resize(random.randrange(1, 220), random.randrange(1, 60))
        terminal.settle()


@pytest.mark.long
def test_a_window_that_is_dragged_about_shows_the_jobs_afterwards(start: Start) -> None:
    terminal = start()
    works(terminal)
    dragged(terminal, 1, 50)
    while terminal.read(0.1):
        pass
    terminal.resize(80, 24)
    terminal.lose()
    works(terminal)
    ends(terminal)


@pytest.mark.long
def test_the_last_of_many_sizes_is_the_one_that_counts(start: Start) -> None:
    for seed in range(2, 22):
        terminal = start()
        terminal.sees("12 loaded", "live")
        dragged(terminal, seed, 500)
        terminal.resize(80, 24)
        terminal.lose()
        works(terminal)
        ends(terminal)
