"""The command line in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


def run_with(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> Ended:
    return subprocess.run(
        [sys.executable, "-m", "tui_app", *arguments],
        env={**os.environ, "MAILSLUICE_CONFIG": os.devnull, **environment}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),  # type: ignore[arg-type]
    )  # fmt: skip


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs while the test goes on; its streams are pipes."""
    with subprocess.Popen(
        [sys.executable, "-m", "tui_app", *arguments],
        env={**os.environ, "MAILSLUICE_CONFIG": os.devnull, **environment},
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
