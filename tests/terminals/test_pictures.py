"""The console in real terminals on a virtual screen: after a walk the picture is the one that a whole repaint gives.

Only changed cells are written (see `terminal.renderer`): a terminal that understood one of them differently would show it
here. Run with `-m terminals`; a terminal that is not installed is skipped. It needs Xvfb, xdotool and xwd.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.environment import ROOT, environment
from tui_app.simulator.server import Options, Simulator

pytestmark = pytest.mark.terminals

KEYS: Final = 150
PATIENCE: Final = 20.0
_BITMAP: Final = "-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso10646-1"
_TOOLS: Final = ("Xvfb", "xdotool", "xwd")
_WALK: Final = (
    "j", "j", "j", "k", "f", "b", "G", "g", "Return", "Escape", "Q", "space", "a", "u", "o", "O", "M", "question", "exclam",
    "H", "0", "1", "4", "v", "Y", "Escape", "Escape", "slash", "ctrl+l",
)  # fmt: skip
"""Keys that look at things, and change nothing of them."""


@dataclass(frozen=True)
class Kind:
    """A terminal: the program that must be there, and how it is started with a command on 80x24."""

    program: str
    start: Callable[[list[str]], list[str]]
    inside: str = ""
    """What runs in it around the console."""
    spilled: int = 0
    """How many pixels may differ: of bold letters that reach into the next cell."""


def _xterm(command: list[str]) -> list[str]:
    # A font of bitmaps, and no bold that is made by painting twice: what reaches into the next cell is not our doing.
    plain = ["-xrm", "XTerm.vt100.allowBoldFonts: false", "-fn", _BITMAP]
    return ["xterm", "-geometry", "80x24+0+0", "-u8", *plain, "+bc", "-e", *command]


KINDS: Final[Mapping[str, Kind]] = {
    "xterm": Kind("xterm", _xterm),
    "urxvt": Kind(
        "urxvt", lambda command: ["urxvt", "-geometry", "80x24+0+0", "-fn", "xft:DejaVu Sans Mono:size=10", "-e", *command]
    ),
    "st": Kind(
        "stterm",
        lambda command: [
            "stterm", "-g", "80x24+0+0", "-f", "Liberation Mono:pixelsize=14:antialias=false:autohint=true", "-e", *command,
        ],
        spilled=24,
    ),
    "alacritty": Kind(
        "alacritty",
        lambda command: [
            "alacritty", "-o", "window.dimensions.columns=80", "-o", "window.dimensions.lines=24", "-e", *command,
        ],
    ),
    "konsole": Kind(
        "konsole",
        lambda command: [
            "konsole", "--nofork", "--hide-menubar", "--hide-tabbar", "-p", "TerminalColumns=80", "-p", "TerminalRows=24",
            "-p", "BlinkingCursorEnabled=false", "-e", *command,
        ],
    ),
    "tmux": Kind("xterm", _xterm, "tmux"),
    "screen": Kind("xterm", _xterm, "screen"),
    "mosh": Kind("xterm", _xterm, "mosh-client"),
}  # fmt: skip


def _missing(kind: Kind) -> str:
    wanted = (*_TOOLS, kind.program, *([kind.inside] if kind.inside else []))
    return ", ".join(name for name in wanted if shutil.which(name) is None)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of a virtual screen."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


class Window:
    """A terminal's window: keys go in, pictures come out."""

    def __init__(self, display: str, variables: dict[str, str]) -> None:
        self._variables = {**variables, "DISPLAY": display}
        self._id = self._found()

    def _tool(self, *command: str) -> bytes:
        ended = subprocess.run(command, env=self._variables, capture_output=True, check=False, timeout=PATIENCE)
        return ended.stdout

    def _found(self) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for one in self._tool("xdotool", "search", "--onlyvisible", "--name", ".+").decode().split():
                size = self._tool("xdotool", "getwindowgeometry", "--shell", one).decode()
                if (found := re.search(r"WIDTH=(\d+)", size)) and int(found[1]) > 300:
                    return one
            time.sleep(0.1)
        raise AssertionError("no window came")

    def press(self, *keys: str) -> None:
        """Keys, at the pace of a person who is in a hurry."""
        self._tool("xdotool", "windowfocus", self._id)
        self._tool("xdotool", "key", "--delay", "35", *keys)

    def picture(self) -> bytes:
        """What the window shows, once it has shown the same for a while."""
        before, same, until = b"", 0, time.monotonic() + PATIENCE
        while same < 8 and time.monotonic() < until:
            now = self._tool("xwd", "-silent", "-id", self._id)
            same = same + 1 if now == before else 0
            before = now
            time.sleep(0.15)
        return before


def _command(kind: Kind, variables: dict[str, str], folder: Path) -> list[str]:
    """What runs in the terminal: the console, or what is around it."""
    variables = {name: value for name, value in variables.items() if name not in ("TERM", "COLORTERM")}
    exports = " ".join(f"{name}='{value}'" for name, value in variables.items())
    script = folder / "console"
    script.write_text(
        f"#!/bin/sh\ncd {ROOT}\necho $$ > {folder / 'pid'}\nexec env {exports} {sys.executable} -m tui_app\n"
    )
    script.chmod(0o755)
    if kind.inside == "tmux":
        return [
            "tmux",
            "-L",
            f"pictures-{os.getpid()}",
            "-f",
            "/dev/null",
            "new-session",
            "-x",
            "80",
            "-y",
            "24",
            str(script),
        ]
    if kind.inside == "screen":
        return ["screen", "-c", "/dev/null", "-U", str(script)]
    if kind.inside == "mosh-client":
        told = subprocess.run(
            ["mosh-server", "new", "-i", "127.0.0.1", "-c", "256", "--", str(script)],
            env={**variables, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"},
            capture_output=True,
            text=True,
            check=True,
        )
        (port, key) = re.findall(r"MOSH CONNECT (\d+) (\S+)", told.stdout)[0]
        return ["env", f"MOSH_KEY={key}", "mosh-client", "127.0.0.1", port]
    return [str(script)]


@contextlib.contextmanager
def opened(kind: Kind, display: str, account: Simulator, home: Path) -> Iterator[Window]:
    """The console on an account in a terminal."""
    variables = environment(home, account, XDG_STATE_HOME=str(home / "state"), XDG_RUNTIME_DIR=str(home))
    around = {**variables, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb"}
    around = {name: value for name, value in around.items() if name not in ("TERM", "COLORTERM")}
    running = subprocess.Popen(
        kind.start(_command(kind, variables, home)), env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Window(display, variables)
    finally:
        if kind.inside == "tmux":
            subprocess.run(["tmux", "-L", f"pictures-{os.getpid()}", "kill-server"], check=False, capture_output=True)
        running.terminate()
        running.wait()
        # screen and mosh go on without a terminal, until what runs in them has ended.
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((home / "pid").read_text()), signal.SIGTERM)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group("one screen")) for name in KINDS])
def test_the_picture_after_a_walk_is_the_one_of_a_whole_repaint(
    name: str, display: str, account: Simulator, tmp_path: Path
) -> None:
    kind = KINDS[name]
    if missing := _missing(kind):
        pytest.skip(f"not installed: {missing}")
    chosen, asked = random.Random(name), len(account.wire())
    with opened(kind, display, account, tmp_path) as window:
        until = time.monotonic() + PATIENCE
        while len(account.wire()) == asked and time.monotonic() < until:
            time.sleep(0.1)
        window.picture()
        window.press("p")  # what is polled may change between two pictures
        pictures = {window.picture()}
        for _ in range(KEYS // 15):
            # Whatever is said is said until the next key: F9 means nothing, and ends it.
            window.press(*chosen.choices(_WALK, k=15), "F9")
            walked = window.picture()
            window.press("ctrl+l")  # paints everything, also where letters are typed
            repainted = window.picture()
            assert len(walked) == len(repainted) > 100_000
            differ = sum(walked[at : at + 4] != repainted[at : at + 4] for at in range(0, len(walked), 4))
            if differ > kind.spilled:
                (tmp_path / "walked.xwd").write_bytes(walked)
                (tmp_path / "repainted.xwd").write_bytes(repainted)
            assert differ <= kind.spilled, f"{differ:,} pixels differ; both pictures are in {tmp_path}"
            pictures.add(walked)
        assert len(pictures) > 5, "the walk went nowhere"
