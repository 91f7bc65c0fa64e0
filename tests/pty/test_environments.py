"""The real program in every kind of terminal that there is: it works there, or says in a sentence what does."""

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.consoles import Start, Variables, ends, works
from tests.support.environment import ABSENT, PROGRAM
from tests.support.forker import Program
from tests.support.terminal import PATIENCE, Terminal

FEWER: Final = {"COLORTERM": ABSENT}
NO_UTF8: Final = {"LC_ALL": "C", "PYTHONUTF8": "0"}
IDLE_SECONDS: Final = 2.0
DEFAULT, SIXTEEN, MANY, TRUE = "default", "16", "256", "24 bits"
"""Kinds of colour codes."""


def refused(terminal: Terminal) -> str:
    """It ends at once with a sentence that names the way without a screen, and nothing but that."""
    assert terminal.ends() == 2
    assert terminal.cooked
    return the_sentence(bytes(terminal.raw))


def the_sentence(output: bytes) -> str:
    (line,) = output.decode("ascii").split("\n")[:-1]
    assert "\x1b" not in line
    assert line.startswith("mailsluice: ")
    assert "mailsluice jobs" in line
    return line


def kinds_of_colours(raw: bytes) -> set[str]:
    """What kinds of colour codes a terminal was sent."""
    kinds: set[str] = set()
    for codes in re.findall(rb"\x1b\[([0-9;:]*)m", raw):
        numbers = [int(code or 0) for code in re.split(b"[;:]", codes)]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):
                long = numbers.pop(0) == 2
                del numbers[: 3 if long else 1]
                kinds.add(TRUE if long else MANY)
            elif number in (39, 49):
                kinds.add(DEFAULT)
            elif 30 <= number <= 47 or 90 <= number <= 107:
                kinds.add(SIXTEEN)
    return kinds


def test_the_reader_of_colour_codes_tells_them_apart() -> None:
    assert kinds_of_colours(b"\x1b[m\x1b[0;1;7m\x1b[22;27mno colour\x1b[2J\x1b[31;1H") == set()
    assert kinds_of_colours(b"\x1b[1;31m\x1b[39m") == {SIXTEEN, DEFAULT}
    assert kinds_of_colours(b"\x1b[0;38;5;31;1m\x1b[107m") == {MANY, SIXTEEN}
    assert kinds_of_colours(b"\x1b[38:2:1:30:90m\x1b[48;2;30;31;32;1m") == {TRUE}


# ---- kinds of terminals


@pytest.mark.parametrize("term", ["dumb", ABSENT, "", "vt100", "unknown"])
def test_a_terminal_that_can_t_show_it_is_told_the_way_without(start: Start, term: str) -> None:
    shown = "" if term == ABSENT else term
    assert f"'{shown}' can't show the console" in refused(start(PROGRAM, TERM=term))


KINDS: Final = """
import os
from tui_app.cli.console import check_terminal
from tui_app.core.errors import UsageError

for kind in os.environ["KINDS"].split():
    try:
        check_terminal({"TERM": kind})
    except UsageError:
        print("refused", kind)
print("all asked")
"""
TOO_PLAIN: Final = (
    "dumb DUMB Unknown network dialup emacs dumb-emacs-ansi adm3a adm3a+ ansi ANSI-m vt52 vt100 vt102 VT220"
)
GOOD_ENOUGH: Final = (
    "linux xterm xterm-256color xterm-kitty screen screen.xterm tmux-256color rxvt-unicode alacritty foot vte"
)


def test_only_terminals_that_are_too_plain_are_refused(start: Start) -> None:
    terminal = start(Program(script=KINDS), KINDS=f"{TOO_PLAIN} {GOOD_ENOUGH}")
    terminal.sees("all asked")
    assert terminal.ends() == 0
    assert [
        line.split()[1] for line in bytes(terminal.raw).decode().splitlines() if "refused" in line
    ] == TOO_PLAIN.split()


def cell(*values: object, **changes: str) -> Any:
    """A test's environment: what is changed, by name."""
    name = ", ".join(f"{variable}={value}" for variable, value in changes.items()) or "modern"
    return pytest.param(changes, *values, id=name)


def later(usual: Any) -> Any:
    """What differs from another cell only a little is for the longer suite."""
    return pytest.param(*usual.values, marks=pytest.mark.long, id=usual.id)


@pytest.mark.parametrize(
    ("changes", "colours"),
    [
        cell(SIXTEEN, TERM="linux", **FEWER),
        later(cell(SIXTEEN, TERM="xterm", **FEWER)),
        cell(MANY, **FEWER),
        later(cell(MANY, TERM="screen-256color", **FEWER)),
        later(cell(MANY, TERM="tmux-256color", **FEWER)),
        later(cell(TRUE)),
        cell(TRUE, LC_ALL=ABSENT, LANG="C"),
        later(cell(TRUE, TERM="tmux-256color")),
        later(cell(TRUE, LC_ALL="POSIX")),
        later(cell(TRUE, LC_ALL=ABSENT)),
    ],
)
def test_it_works_in_the_colours_that_the_terminal_has(start: Start, changes: dict[str, str], colours: str) -> None:
    terminal = start(PROGRAM, **changes)
    works(terminal)
    ends(terminal)
    assert kinds_of_colours(bytes(terminal.raw)) - {DEFAULT} == {colours}


def test_a_light_ground_is_painted_light(start: Start) -> None:
    terminal = start(COLORFGBG="0;15")
    works(terminal)
    ends(terminal)
    grounds = {tuple(map(int, rgb)) for rgb in re.findall(rb"48;2;(\d+);(\d+);(\d+)", bytes(terminal.raw))}
    assert grounds
    assert min(min(rgb) for rgb in grounds) > 200


@pytest.mark.parametrize(
    "changes",
    [cell(), later(cell(TERM="xterm", **FEWER)), later(cell(**FEWER)), later(cell(TERM="linux", **FEWER))],
)
def test_nobody_who_wants_no_colour_is_sent_any(start: Start, changes: dict[str, str]) -> None:
    terminal = start(PROGRAM, NO_COLOR="1", **changes)
    works(terminal)
    ends(terminal)
    assert kinds_of_colours(bytes(terminal.raw)) == set()


@pytest.mark.parametrize(
    "changes",
    [
        cell(**NO_UTF8, PYTHONIOENCODING="ascii"),
        cell(**NO_UTF8, PYTHONIOENCODING="latin-1"),
        cell(**NO_UTF8, PYTHONCOERCECLOCALE="0"),
    ],
)
def test_a_terminal_that_really_has_no_utf8_is_told_the_way_without(start: Start, changes: dict[str, str]) -> None:
    assert "needs UTF-8" in refused(start(PROGRAM, **changes))


# ---- no terminal


def through_shell(how: str, first: str = "") -> tuple[str, ...]:
    return ("/bin/sh", "-c", f'{first}exec "$@" {how}', "sh", *PROGRAM)


@pytest.mark.parametrize("how", ["</dev/null", ">out", "2>out", ">out 2>&1", "<out >out 2>&1"])
def test_a_stream_that_is_no_terminal_is_enough_to_refuse(start: Start, how: str, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    terminal = start(through_shell(how, 'cd "$HOME"; '))
    assert terminal.ends() == 2
    assert "needs a terminal" in the_sentence(bytes(terminal.raw) + (tmp_path / "out").read_bytes())


@pytest.mark.parametrize("how", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_terminal_either(start: Start, how: str) -> None:
    assert start(through_shell(how)).ends() == 2


@pytest.mark.parametrize("arguments", [(), ("demo",)])
def test_without_any_terminal_it_says_so(variables: Variables, arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [*PROGRAM, *arguments], env=variables(), stdin=subprocess.PIPE, capture_output=True, start_new_session=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert "needs a terminal" in the_sentence(ended.stderr)


# ---- terminals inside of terminals


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")
def test_inside_tmux_it_works_and_copies_into_tmux(start: Start, variables: Variables) -> None:
    # The path of a socket has to be short.
    with tempfile.TemporaryDirectory() as sockets:
        tmux = ["tmux", "-L", "test", "-f", os.devnull]
        environment = variables(TMUX_TMPDIR=sockets)
        terminal = start([*tmux, "new-session", *PROGRAM], TMUX_TMPDIR=sockets)
        try:
            works(terminal)
            terminal.press("y")
            terminal.sees("Copied the whole id ", " into tmux (prefix ] pastes), maybe the clipboard.")
            shown = subprocess.run([*tmux, "show-buffer"], env=environment, capture_output=True, text=True, check=True)
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown.stdout)
            ends(terminal, "\x11")  # its last window is gone, and with it the server
            assert b"[exited]" in terminal.raw
        finally:
            subprocess.run([*tmux, "kill-server"], env=environment, capture_output=True, check=False)


def copied_to_the_terminal(raw: bytes) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)", raw)]


@pytest.mark.skipif(shutil.which("screen") is None, reason="no GNU screen")
def test_inside_screen_it_works_and_copies_through_screen(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "screen"
    folder.mkdir(mode=0o700)
    terminal = start(["screen", "-c", os.devnull, *PROGRAM], SCREENDIR=str(folder))
    works(terminal)
    terminal.press("y")
    terminal.sees("Copied the whole id ", ", if your terminal allows it. Y, t shows it.")
    terminal.press("\x11")
    assert terminal.ends() == 0
    (copied,) = copied_to_the_terminal(bytes(terminal.raw))
    assert re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", copied)


def test_where_screen_is_said_to_be_around_it_a_copy_is_wrapped_for_it(start: Start) -> None:
    terminal = start(TERM="screen-256color", STY="1.pts-0.host")
    works(terminal)
    terminal.press("y")
    terminal.sees("Copied the whole id ", ", if your terminal allows it. Y, t shows it.")
    ends(terminal, "\x11")
    wrapped = re.findall(rb"\x1bP(\x1b\]52;c;[^\x1b]*\x07)\x1b\\", bytes(terminal.raw))
    assert len(wrapped) == 1
    assert len(copied_to_the_terminal(wrapped[0])[0]) == 36


# ---- nothing to do


def processor_seconds(pid: int) -> float:
    """What a process has used of processors, by the clock that the kernel keeps for it."""
    return time.clock_gettime((~pid << 3) | 2)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's clock of another process is Linux's own")
@pytest.mark.long
def test_a_console_that_is_left_alone_uses_next_to_nothing(start: Start) -> None:
    terminal = start()
    works(terminal)
    before, began = processor_seconds(terminal.pid), time.monotonic()
    while (left := began + IDLE_SECONDS - time.monotonic()) > 0:
        terminal.read(left)  # nothing is waited for but the time itself
    assert (processor_seconds(terminal.pid) - before) / (time.monotonic() - began) < 0.02
    ends(terminal)


def test_nothing_about_a_pointer_is_written_while_the_mouse_is_off(start: Start) -> None:
    terminal = start((*PROGRAM, "demo"))
    terminal.sees("12 loaded")
    for keys, words in (("?", "Help › jobs"), ("q", "12 loaded"), ("!", "Activity"), ("q", "12 loaded")):
        terminal.press(keys)
        terminal.sees(words)
    terminal.press("\x11")
    assert terminal.ends() == 0
    assert b"\x1b]22" not in bytes(terminal.raw)
