"""The command line in a process of its own."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from tests.support.environment import PROGRAM, ROOT, environment
from tests.support.forker import PATIENCE, Program, forker

Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


def run_with(changes: dict[str, str], *arguments: str, stdin: str | None = None, folder: Path = ROOT) -> Ended:
    """Run a command to its end in a process of its own, in the test's home."""
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
            Program(arguments), variables, [file.fileno() for file in (taken, out, err)], folder=folder
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
