"""The command line in a process of its own."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tests.support.environment import PROGRAM, ROOT, environment
from tests.support.forker import PATIENCE, START, Program, forker

Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]
_WITH_CLOCK = """
import asyncio
from datetime import timedelta
from tui_app.__main__ import start
from tui_app.core.clock import SystemClock

now, monotonic, waited = SystemClock.now, SystemClock.monotonic, []

async def sleep(self, seconds):
    waited.append(seconds)
    await asyncio.sleep(0)

SystemClock.now = lambda self: now(self) + timedelta(seconds={ahead})
if {hurried}:
    SystemClock.sleep, SystemClock.monotonic = sleep, lambda self: monotonic(self) + sum(waited)
start()
"""


def with_clock(*, ahead: float = 0.0, hurried: bool = False) -> str:
    """The program with a clock that is so many seconds ahead, or whose waits take no time though it shows them."""
    return _WITH_CLOCK.format(ahead=ahead, hurried=hurried)


def run_with(
    changes: dict[str, str],
    *arguments: str,
    stdin: str | None = None,
    folder: Path = ROOT,
    hurried: bool = False,
    script: str = "",
    output: int | None = None,
) -> Ended:
    """Run a command to its end in a process of its own, in the test's home; `hurried` lets its waits take no time.

    `script` runs in place of the program, and ends in it; `output` is the file that takes what it prints.
    """
    variables = environment(Path.home(), **changes)
    if any(name.startswith("PYTHON") for name in changes):
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=variables, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    with TemporaryFile("w+") as taken, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        taken.write(stdin or "")
        taken.seek(0)
        child = forker().start(
            Program(arguments, script or (with_clock(hurried=True) if hurried else START)),
            variables,
            [taken.fileno(), out.fileno() if output is None else output, err.fileno()],
            folder=folder,
        )
        try:
            code = child.ended(PATIENCE)
        finally:
            child.kill()
        assert code is not None, "it never ended"
        out.seek(0)
        err.seek(0)
        return Ended(["mailsluice", *arguments], code, out.read(), err.read())


@contextmanager
def started(changes: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs while the test goes on, started as a shell starts it; its streams are pipes."""
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment(Path.home(), **changes),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def told(process: subprocess.Popen[str], words: str) -> None:
    """Wait until it says so on standard error."""
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), words
