"""The simulator of a demo: a process of its own, which ends when we do, however we end."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_app.core.errors import SluiceError
from tui_app.core.hardening import child_environment

RUN: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tui_app.__main__ import start; start()"
"""Runs this program whatever folder we stand in: `-m` would first look for each module in there."""
_PATIENCE: Final = 5.0
"""Seconds that it has to end by itself."""


def command_line(*arguments: str) -> list[str]:
    """The command that runs this program with these arguments."""
    return [sys.executable, "-P", "-c", RUN, str(Path(__file__).parents[2]), *arguments]


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A simulator that runs: its process, its standard input, and where it listens."""

    pid: int
    lifeline: int
    """Our end of its standard input: it ends when this is closed."""
    environment: dict[str, str]

    def end(self) -> None:
        """Let it end, and wait for it."""
        with suppress(OSError):
            os.close(self.lifeline)
        end = time.monotonic() + _PATIENCE
        with suppress(ChildProcessError):
            while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > end:
                    os.kill(self.pid, signal.SIGKILL)
                time.sleep(0.01)


class StartingSimulator:
    """A simulator that was started, and has not said yet where it listens."""

    def __init__(self, arguments: Sequence[str]) -> None:
        # A separate process can't slow the screens. It ends when its standard input ends.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command_line("simulate", "--until-eof", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(os.environ),
            start_new_session=True,
        )

    def wait(self) -> SimulatorProcess:
        """Wait until it listens. Raises SluiceError when it does not."""
        process = self._process
        assert process.stdout is not None and process.stdin is not None
        line = process.stdout.readline()
        started = SimulatorProcess(process.pid, os.dup(process.stdin.fileno()), _environment_of(line))
        process.stdin.close()
        if not line.startswith("export "):
            started.end()
            raise SluiceError("The simulator did not start. Try: mailsluice simulate")
        return started


def _environment_of(line: str) -> dict[str, str]:
    """The variables of an export line."""
    return dict(word.split("=", 1) for word in shlex.split(line)[1:])
