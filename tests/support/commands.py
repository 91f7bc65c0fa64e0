"""The command line in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
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
