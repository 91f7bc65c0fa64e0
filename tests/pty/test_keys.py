"""Keys as terminals send them: pastes, escapes, and the printable way to everything."""

import re
import time

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start
from tests.support.terminal import PATIENCE, Terminal
from tui_app.simulator.server import Options


@pytest.fixture
def terminal(start: Start) -> Terminal:
    terminal = start()
    terminal.sees("12 loaded", "live")
    return terminal


PASTES = ("QXDq", "X\ry\r", "?!n\x1b[A\x1b[201", "\x11\x03\x1a", "/evil\rR", "x\x1b[201~QXDq", "7f3a\n" * 400)


def test_what_is_pasted_presses_no_key(terminal: Terminal) -> None:
    before = terminal.text
    for paste in PASTES:
        terminal.press(f"\x1b[200~{paste}\x1b[201~")
    # A key behind them all is answered: none of them did anything. One that comes in one read with a paste is none.
    end = time.monotonic() + PATIENCE
    while "ctrl+q quits" not in terminal.text:
        terminal.press("\x03")
        terminal.reads(1.0, until=lambda: "ctrl+q quits" in terminal.text)
        assert time.monotonic() < end, terminal.text
    terminal.sees("12 loaded")
    assert [line[:13] for line in terminal.text.splitlines()[3:6]] == [line[:13] for line in before.splitlines()[3:6]]


def test_what_is_pasted_into_a_field_is_one_line_of_text_and_sends_nothing(terminal: Terminal) -> None:
    terminal.press("Q")
    terminal.sees("all loaded")
    terminal.press("R")
    terminal.sees("not sent yet")
    terminal.press("\x1b[200~INC-1\r\n1\r\nsecond\x1b]0;x\x07 line\x1b[201~")
    terminal.sees("INC-1 1 second]0;x line", "not sent yet")
    assert b"\x1b]0;" not in terminal.raw


def test_esc_is_answered_in_the_time_of_a_glance(terminal: Terminal) -> None:
    terminal.press("?")
    terminal.sees("Help › jobs")
    began = time.monotonic()
    terminal.press("\x1b")
    terminal.sees("enter open")
    # Waiting for the rest of a sequence takes 50 ms, and Textual looks ten times a second; the rest is a slow machine.
    assert time.monotonic() - began < 10


def test_an_arrow_whose_bytes_come_apart_is_still_an_arrow(terminal: Terminal) -> None:
    terminal.press("\x1b")
    terminal.press("[B")
    terminal.press("y")
    terminal.sees("if your terminal allows it")
    assert terminal.text.splitlines()[5].startswith("▸")


def test_esc_and_a_key_that_come_in_one_read_are_both_heard(terminal: Terminal) -> None:
    terminal.press("?")
    terminal.sees("Help › jobs")
    terminal.press("\x1bQ")
    terminal.sees("all loaded")
    terminal.press("\x1b\x1b[B\r")
    terminal.sees("Jobs › ")


def test_there_is_a_printable_way_through_everything(terminal: Terminal) -> None:
    for keys, seen in (("j", "12 loaded"), ("l", "Jobs › "), ("f", "Jobs › "), ("b", "Jobs › "), ("q", "12 loaded")):
        terminal.press(keys)
        terminal.sees(seen)
    for keys, seen in (("Z", "12 loaded"), ("z", "no shell would resume"), ("?", "Help › jobs")):
        terminal.press(keys)
        terminal.sees(seen)
    terminal.press("q")
    terminal.sees("enter open")
    terminal.press("q")
    assert terminal.ends() == 0


def test_a_text_that_asks_for_a_cancel_fills_time_and_says_yes_cancels_nothing(start: Start) -> None:
    with answering(Options(quota=0, messages=3012, held=60, speed=NO_JOB_ENDS)) as simulator:
        terminal = start(on=simulator)
        terminal.sees("12 loaded", "live")
        terminal.press("j")
        terminal.sees("▸ ● processing")
        # Nor does one that fills in the reason before it says yes.
        for text, said in (
            ("X" + "." * 2000 + "y", "The reason: enter ends it"),
            ("X\tINC-1, yes\ry", "Not confirmed yet"),
        ):
            terminal.press(text)
            terminal.sees("Cancel this job?", said, "Keep it running (esc)")
            assert simulator.account.truth.entries == []
            terminal.press("\x1b")
            terminal.sees("Nothing was sent", "▸ ● processing")
        terminal.press("?")
        terminal.sees("Help › jobs")
        terminal.press("\x1b")
        terminal.sees("▸ ● processing")
        assert simulator.account.truth.entries == []
        terminal.press("X")
        terminal.sees("Cancel this job?")
        terminal.confirm("Cancel this job?")
        terminal.sees("the server says: cancelled.")
        assert [entry["outcome"] for entry in simulator.account.truth.of("cancel_job")] == ["cancelled"]


def test_a_text_that_opens_a_review_and_fills_it_in_sends_nothing(start: Start) -> None:
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        terminal = start(on=simulator)
        terminal.sees("12 loaded", "live")
        terminal.press("Q")
        terminal.sees("all loaded")
        for marks, typed in (("", "y"), ("  ", "2")):
            terminal.press(f"g{marks}RINC-1\r{typed}\r")
            terminal.sees("not sent yet", "Reason         INC-1", "press enter again")
            assert simulator.account.truth.entries == []
            terminal.press("\x1b")
            terminal.sees("Quarantine", "all loaded")
            assert simulator.account.truth.entries == []
        terminal.press("RINC-1\r2")
        terminal.sees("Reason         INC-1", "Messages       2")
        terminal.submit()
        terminal.sees("all sent", "2 of 2")
        assert len(simulator.account.truth.of("release")) == 2


def test_text_that_a_terminal_types_in_confirms_nothing(start: Start) -> None:
    """Without bracketed paste a text is keys; its letters may well ask for something, and answer yes."""
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        terminal = start(on=simulator)
        terminal.sees("12 loaded", "live")
        terminal.press("G")
        terminal.sees("▸ ■ cancelled")
        terminal.press("Dyyy\r")
        terminal.sees("Delete this job's record?", "Not confirmed: type ")
        terminal.press("\x1b")
        terminal.sees("Nothing was sent")
        assert simulator.account.truth.of("delete_job") == []
        (job,) = (job for job in simulator.account.jobs.values() if (job.comment or "").startswith("INC-4555"))
        terminal.press(f"D{job.job_id[:4]}\r")
        terminal.sees("Delete this job's record?", "Not confirmed yet: read it, then press enter again.")
        terminal.press("\x1b")
        terminal.sees("Nothing was sent")
        assert simulator.account.truth.entries == [], "not even the right text, all at once"
        terminal.press("D")
        terminal.sees("Delete this job's record?")
        (wanted,) = re.findall(r"To do it, type (\S{4}) and enter", terminal.text)
        terminal.press(wanted)
        terminal.sees(f"and enter: {wanted}")
        terminal.submit()
        terminal.sees("11 loaded")
        assert len(simulator.account.truth.of("delete_job")) == 1
