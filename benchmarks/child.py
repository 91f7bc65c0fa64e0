"""One measurement in a process of its own, so that no other one's memory, imports or garbage are in it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.terminal import ROOT


def measured_in_child(module: str, *arguments: str, variables: Mapping[str, str] | None = None) -> dict[str, float]:
    """The figures that `python -m benchmarks.MODULE ARGUMENTS` prints as JSON."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    environment = {**os.environ, **(variables or {}), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    if ended.returncode:
        raise RuntimeError(f"{' '.join((module, *arguments))}: {ended.stderr.strip()[-200:]}")
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures
