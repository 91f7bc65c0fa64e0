"""A process that has loaded the program and forks for each command and each console: to load takes longer than most of them do.

A fork runs what `python -m tui_app` runs, with streams, environment, folder and session of its own. It differs from a real start in
what happens before: how Python reads the locale and its own variables, how long imports take, what /proc shows as the command line.
Tests of those, and of signals in the first moment, start the program for real.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.support.environment import ROOT, environment

PATIENCE: Final = 60.0
START: Final = "from tui_app.__main__ import start\nstart()"
READ_AT_START: Final = ("LC_", "LANG", "PYTHON", "TEXTUAL", "ESCDELAY")
"""How the names of variables begin that Python or an import reads once: a fork can't have others than we have."""
LOADED_LATER: Final = (
    "anyio._backends._asyncio", "concurrent.futures.thread", "ctypes", "encodings.idna", "httpcore", "textual.drivers.headless_driver",
    "textual.drivers.linux_driver", "textual.layouts.factory", "textual.pilot", "textual.scrollbar",
)  # fmt: skip
"""What libraries load when it is first used."""
STOPPED: Final = "stopped"


@dataclass(frozen=True)
class Program:
    """What a fork runs: the program with these arguments, or a script in its place."""

    arguments: tuple[str, ...] = ()
    script: str = START


# ---- in the test's process


class Child:
    """A program in a fork; the forker tells when it stops and when it ends."""

    def __init__(self, news: int) -> None:
        self._news, self._read = news, b""
        self._code: int | None = None
        self._stopped = False
        self.pid = 0
        self.ended(PATIENCE)

    def _lines(self, seconds: float) -> list[str]:
        """What was told since it was last asked for; waits so long for the first of it."""
        if not select.select([self._news], [], [], seconds)[0]:
            return []
        said = os.read(self._news, 4096)
        assert said, "the forker has ended"
        *lines, self._read = (self._read + said).split(b"\n")
        return [line.decode() for line in lines]

    def ended(self, seconds: float = 0.0) -> int | None:
        """Its exit code, minus n for a signal; None if it runs on for so long."""
        end, begins = time.monotonic() + seconds, not self.pid
        while self._code is None:
            for line in self._lines(max(end - time.monotonic(), 0.0)):
                if not self.pid:
                    self.pid = int(line)
                elif line == STOPPED:
                    self._stopped = True
                else:
                    self._code = int(line)
                    os.close(self._news)
            if (begins and self.pid) or time.monotonic() >= end:
                break
        return self._code

    def has_stopped(self) -> bool:
        """Whether it was stopped since this was last asked."""
        self.ended()
        stopped, self._stopped = self._stopped, False
        return stopped

    def kill(self) -> None:
        """End it, if it runs."""
        if self.ended() is None:
            os.kill(self.pid, signal.SIGKILL)


class Forker:
    """Starts programs in forks of one process."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = environment(Path("/"))
        with theirs:
            subprocess.Popen(
                [sys.executable, "-c", f"from tests.support.forker import main; main({theirs.fileno()})"],
                cwd=ROOT, env=self._environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def start(
        self, program: Program, environment: dict[str, str], streams: Sequence[int], *, folder: Path = ROOT
    ) -> Child:
        """Run it with these three streams, or in a session of its own on this one terminal."""
        ours, wanted = (
            {name: value for name, value in variables.items() if name.startswith(READ_AT_START)}
            for variables in (self._environment, environment)
        )
        assert wanted == ours, "start it for real"
        news, theirs = os.pipe()
        try:
            said = json.dumps([str(folder), environment, program.script, program.arguments])
            socket.send_fds(self._line, [said.encode()], [theirs, *streams])
        finally:
            os.close(theirs)
        return Child(news)


@cache
def _forker_of(pid: int) -> Forker:
    return Forker()


def forker() -> Forker:
    """The one of this process."""
    return _forker_of(os.getpid())


# ---- in the process that forks

_KEPT: Final[dict[str, Any]] = {}


def _keep_modules() -> None:
    """Let Python's end find no modules to take apart: that costs more than most programs do, and is done last of all."""
    _KEPT.update(sys.modules)
    sys.modules.clear()


def _load() -> None:
    """Load all that a command or a console loads, behind what the program does to its environment first."""
    from tui_app.__main__ import start

    sys.argv = ["mailsluice", "--version"]
    with suppress(SystemExit):
        start()
    import tui_app

    for module in pkgutil.walk_packages(tui_app.__path__, "tui_app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LOADED_LATER:
        importlib.import_module(name)
    atexit.register(_keep_modules)
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1, "a fork beside a thread may wait for ever"


def _tell(reports: dict[int, int]) -> None:
    """Tell of each child that has ended or was stopped."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return
        said = STOPPED if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        with suppress(BrokenPipeError):
            os.write(reports[pid], f"{said}\n".encode())
        if not os.WIFSTOPPED(status):
            os.close(reports.pop(pid))


@dataclass(frozen=True)
class _Request:
    """What a fork is to become."""

    folder: str
    variables: dict[str, str]
    script: str
    arguments: list[str]
    streams: list[int]
    """The standard streams, or one terminal."""


def _serve(line: socket.socket) -> _Request | None:
    """Fork for each request: comes back in each fork, and with nothing in the first process when nobody asks any more."""
    reports: dict[int, int] = {}
    woken, wakes = socket.socketpair()
    for end in (woken, wakes):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    while True:
        ready, _, _ = select.select([line, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _tell(reports)
        if line not in ready:
            continue
        said, descriptors, _, _ = socket.recv_fds(line, 1 << 20, 4)
        if not said:
            return None
        report, *streams = descriptors
        if not (pid := os.fork()):
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for file in (woken, wakes, line):
                file.close()
            for number in (report, *reports.values()):
                os.close(number)
            folder, variables, script, arguments = json.loads(said)
            return _Request(folder, variables, script, arguments, streams)
        reports[pid] = report
        os.write(report, b"%d\n" % pid)
        for number in streams:
            os.close(number)


def _take_streams(streams: list[int]) -> None:
    """Make these the standard streams, as Python makes them at its start."""
    if len(streams) == 1:
        os.login_tty(streams[0])
    else:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        ours = getattr(sys, f"__{name}__")
        # Standard error is written by the line, standard output only where it is a terminal: `open` looks for itself.
        made = open(  # noqa: SIM115 - as long as the process lives
            number, "w" if number else "r", 1 if number == 2 else -1, ours.encoding, ours.errors, "\n", closefd=False
        )
        setattr(sys, name, made)
        setattr(sys, f"__{name}__", made)


def main(line: int) -> None:
    """Serve until nobody asks any more; a fork runs its program instead."""
    _load()
    with socket.socket(fileno=line) as asked:
        request = _serve(asked)
    if request is None:
        return
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.variables)
    time.tzset()
    _take_streams(request.streams)
    sys.argv = ["mailsluice", *request.arguments]
    exec(compile(request.script, "<string>", "exec"), {"__name__": "__main__"})
