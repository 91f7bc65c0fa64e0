"""A drill of the demo: the task, the console, the verdict; and the line that drops in one of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.cli.console import run_console
from tui_app.cli.drill_text import task_text, verdict_text
from tui_app.cli.simulator_process import SimulatorProcess, StartingSimulator, command_line
from tui_app.config.settings import load_settings
from tui_app.core.errors import ExitCode, UsageError
from tui_app.drills.drill import DRILLS, DROPS_AT, POLICY, Drill
from tui_app.drills.presses import PressCount
from tui_app.drills.scene import Line, Scene, parse_lines, read_scene
from tui_app.terminal.watchdog import RESTORED, print_line

if TYPE_CHECKING:
    from tui_app.terminal.practice import PractisingApp

_KEPT: Final = "drill.json"
_PREFIX: Final = "mailsluice-drill-"
_LOOK_EVERY: Final = 0.1
"""Seconds; the answer that the line drops upon never comes."""


@dataclass
class DrillRun:
    """A drill at work: all that goes on when the line drops and the console with it."""

    name: str
    seed: int
    folder: Path
    """Holds its records; it is removed at the end."""
    truth: Path
    simulator: SimulatorProcess
    presses: PressCount = field(default_factory=PressCount)
    seconds: float = 0.0
    dropped: bool = False

    @property
    def drill(self) -> Drill:
        """Which one it is."""
        return DRILLS[self.name]

    def scene(self) -> Scene:
        """What is right, and what reached the account by now."""
        return read_scene(self.lines())

    def lines(self) -> list[Line]:
        """The truth log."""
        return parse_lines(self.truth.read_text("ascii"))

    def keep(self) -> None:
        """Write it to its folder, for the process that goes on with it."""
        (self.folder / _KEPT).write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def kept_in(cls, folder: Path) -> DrillRun:
        """What was written there. Raises UsageError for any other folder: it is removed at the end."""
        if not folder.name.startswith(_PREFIX) or not (folder / _KEPT).is_file():
            raise UsageError("There is no drill to go on with. Begin one: mailsluice demo --drill drop")
        kept: dict[str, Any] = json.loads((folder / _KEPT).read_text())
        return cls(
            kept["name"], kept["seed"], folder, Path(kept["truth"]), SimulatorProcess(**kept["simulator"]),
            PressCount(**kept["presses"]), kept["seconds"], kept["dropped"],
        )  # fmt: skip


def run_drill(name: str, seed: int, truth: Path | None) -> int:
    """Tell the task, open the console, judge; returns the exit code."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with _removed(folder):
        log = (truth or folder / "truth.jsonl").resolve()
        starting = StartingSimulator([*DRILLS[name].simulator(seed), "--truth", str(log)])
        import tui_app.app  # noqa: F401 - loaded while the simulator starts

        run = DrillRun(name, seed, folder, log, starting.wait())
        try:
            print(task_text(run.drill, run.scene()))
            _wait_for_enter("Press enter to begin: ")
            return _go_on(run)
        finally:
            run.simulator.end()


def go_on_with_drill(folder: Path) -> int:
    """Log in again after the line dropped; returns the exit code."""
    run = DrillRun.kept_in(folder)
    with _removed(folder):
        try:
            sys.stdout.flush()
            os.write(sys.stdout.fileno(), RESTORED)
            print("The line dropped in the middle of the release. The console is gone; its records are on the disk.")
            _wait_for_enter("Press enter to log in again: ")
            return _go_on(run)
        finally:
            run.simulator.end()


def _go_on(run: DrillRun) -> int:
    """The console until it ends, and the verdict."""
    policy = run.folder / "config.toml"
    policy.write_text(POLICY)
    policy.chmod(0o600)
    settings = load_settings(run.simulator.environment | {"MAILSLUICE_CONFIG": str(policy)})
    began = time.monotonic()

    def practise(app: PractisingApp) -> None:
        app.task_line, app.on_press = run.drill.title, run.presses.add

    with _line(run, began):
        code = run_console(settings, run.folder / "state", practise=practise)
    run.seconds += time.monotonic() - began
    if code not in (ExitCode.DONE, ExitCode.UNKNOWN_OUTCOME):
        print_line("The drill was not brought to its end: nothing is judged.")
        return code
    scene = run.scene()
    verdict = run.drill.judge(scene)
    print(verdict_text(run.drill, scene, verdict, run.presses, run.seconds, seed=run.seed, dropped=run.dropped))
    return ExitCode.DONE if verdict.right else ExitCode.PARTLY_FAILED


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    """Remove the folder at the end, also when a signal ends us while no console handles it."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _wait_for_enter(prompt: str) -> None:
    """Wait until somebody is ready; the end of input ends it as ctrl+c does."""
    # What was typed before the question was there is no answer to it.
    with suppress(termios.error):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    print(prompt, end="", flush=True)
    if not sys.stdin.readline():
        raise click.Abort


@contextmanager
def _line(run: DrillRun, began: float) -> Iterator[None]:
    """The line between operator and console: in one drill it drops once."""
    if not run.drill.drops or run.dropped:
        yield
        return
    modes = termios.tcgetattr(sys.stdin)
    environment, over, held = dict(os.environ), threading.Event(), threading.Lock()

    def watch() -> None:
        seen = 0
        while not over.wait(_LOOK_EVERY):
            if (size := run.truth.stat().st_size) == seen:
                continue
            seen = size
            requests = {line["request"] for line in run.lines() if line["action"] == "release"}
            if len(requests) >= DROPS_AT:
                with held:
                    if not over.is_set():
                        _drop(run, began, modes, environment)
                return

    threading.Thread(target=watch, daemon=True, name="line").start()
    try:
        yield
    finally:
        with held:
            over.set()


def _drop(run: DrillRun, began: float, modes: list[Any], environment: dict[str, str]) -> None:
    """End this program as a lost machine would, between two instructions; another one takes its place.

    Nothing is closed, waited for or written any more: what the console had on record is what is on the disk.
    """
    run.dropped = True
    run.seconds += time.monotonic() - began
    run.keep()
    with suppress(termios.error):
        termios.tcflush(sys.stdin, termios.TCIOFLUSH)
        termios.tcsetattr(sys.stdin, termios.TCSANOW, modes)
    os.set_inheritable(run.simulator.lifeline, True)
    command = command_line("demo", "--seed", str(run.seed), "--drill", run.name, "--resumed", str(run.folder))
    os.execve(command[0], command, environment)  # noqa: S606 - our own program
