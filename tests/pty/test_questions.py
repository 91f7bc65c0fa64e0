"""What the command line asks on a terminal: only what is typed behind the question answers it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.mails import arrives, only
from tests.support.terminal import PATIENCE, Terminal
from tui_app.simulator.server import Options, Simulator


@pytest.fixture
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=60, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def answered(terminal: Terminal, question: str, answer: str) -> int:
    """Type an answer behind the question until it is taken: what comes too soon is thrown away. The exit code."""
    terminal.says(question)
    end = time.monotonic() + PATIENCE
    while (code := terminal.ended()) is None:
        terminal.press(f"{answer}\r")
        terminal.reads(0.5, until=lambda: terminal.ended() is not None)
        assert time.monotonic() < end, terminal.text
    return code


@pytest.mark.parametrize(
    ("count", "early", "late", "code"),
    [
        (3, "3", "4", 3), (3, "3", "y", 3), (3, "4", "3", 0), (1, "y", "n", 3), (1, "n", "y", 0),
        *(pytest.param(*more, marks=pytest.mark.long) for more in ((3, "3", "n", 3), (3, "n", "3", 0), (1, "y", "2", 3))),
    ],
)  # fmt: skip
def test_what_was_typed_before_a_release_asks_answers_nothing(
    account: Simulator, tmp_path: Path, count: int, early: str, late: str, code: int
) -> None:
    ids = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"][:count]
    program = Program(("release", *ids, "--reason", "INC-1"))
    terminal = Terminal(program, environment(tmp_path, account), columns=120, lines=40, folder=tmp_path)
    try:
        terminal.press(f"{early}\r" * 5)
        wanted = "3" if count == 3 else "y"
        asked = f"Release: {count} message{'s' if count > 1 else ''}? To do it, type {wanted}:"
        assert answered(terminal, asked, late) == code
        terminal.says("delivered · plan " if code == 0 else "Not confirmed. Nothing was sent.")
    finally:
        terminal.kill()
    assert [entry["id"] for entry in account.account.truth.of("release")] == (ids if code == 0 else [])


def test_what_was_typed_before_a_delete_asks_deletes_nothing(account: Simulator, tmp_path: Path) -> None:
    job = account.account.list_jobs("CANCELLED", None)[0]["job_id"]
    terminal = Terminal(
        Program(("delete", job)), environment(tmp_path, account), columns=120, lines=40, folder=tmp_path
    )
    try:
        terminal.press("y\r" * 5)
        assert answered(terminal, "To do it, type y:", "n") == 3
    finally:
        terminal.kill()
    assert account.account.truth.entries == []


@pytest.mark.long
def test_whoever_waits_before_a_terminal_is_told_for_how_long(tmp_path: Path) -> None:
    with answering(Options(quota=0, messages=60, held=60, faults="stall_before@jobs", speed=NO_JOB_ENDS)) as stalled:
        terminal = Terminal(Program(("jobs",)), environment(tmp_path, stalled))
        try:
            terminal.says("No answer from the API for 5 s so far.")
            terminal.says("No answer from the API for 10 s so far.")
            terminal.press("\x03")
            assert terminal.ends() == 130
        finally:
            terminal.kill()


def test_a_new_job_is_asked_for_again_when_the_search_finds_something_else_by_then(
    account: Simulator, tmp_path: Path
) -> None:
    program = Program(
        ("create", "--action", "move", "--destination", "DeletedItems", "--sender", "billing@evil.example")
    )
    only(account, 2)
    terminal = Terminal(program, environment(tmp_path, account), columns=120, lines=40, folder=tmp_path)
    try:
        terminal.says("Start this move job over 2 messages? To do it, type 2:")
        arrives(account, 1)
        while "over 3 messages" not in terminal.text:
            terminal.press("2\r")
            terminal.reads(0.5, until=lambda: "over 3 messages" in terminal.text)
        terminal.says("+1 new since the preview.")
        assert account.account.truth.entries == []
        assert answered(terminal, "Start this move job over 3 messages? To do it, type 3:", "3") == 0
    finally:
        terminal.kill()
    assert [entry["rows"] for entry in account.account.truth.of("create_job")] == [3]
