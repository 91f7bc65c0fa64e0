"""Export: peak memory of streaming a job of 1,000,000 messages to a file, over what the same command needs for almost none."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.process_memory import memory_of
from benchmarks.simulated import largest_job, simulated
from benchmarks.terminal import ROOT

_LONGEST = 900.0


def peak_of(variables: dict[str, str], job_id: str, file: Path, *options: str) -> tuple[float, float]:
    """Peak memory in MiB and wall seconds of one export."""
    command = [sys.executable, "-m", "tui_app", "messages", job_id, "--format", "ndjson", *options]
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT)}
    began, peak = time.monotonic(), 0.0
    with file.open("wb") as out:
        export = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=out)
        try:
            # The peak only grows, but it is gone with the process: what was seen last is at most a moment old.
            while export.poll() is None:
                peak = max(peak, memory_of(export.pid).peak)
                if time.monotonic() - began > _LONGEST:
                    raise RuntimeError(f"not done after {_LONGEST:.0f} s")
                time.sleep(0.01)
        finally:
            if export.poll() is None:
                export.kill()
            export.wait()
    if export.returncode:
        raise RuntimeError(f"the export ended with {export.returncode}")
    return peak, time.monotonic() - began


def measure(effort: Effort) -> list[Figure]:
    """The whole job, and ten of its rows."""
    size = effort.size(1_000_000, 5_000)
    with simulated(messages=size) as variables, tempfile.TemporaryDirectory() as folder:
        job_id = asyncio.run(largest_job(variables))
        file = Path(folder) / "export.ndjson"
        start, _ = peak_of(variables, job_id, file, "--limit", "10")
        peak, wall = peak_of(variables, job_id, file)
        with file.open("rb") as lines:
            rows = sum(1 for _ in lines)
    if rows != size:
        raise RuntimeError(f"{rows:,} rows of {size:,} were written")
    return [
        Figure("export", f"peak memory over the start, {size:,} messages", "MiB", peak - start, budget=Budget(30)),
        Figure("export", "messages a second", "", size / wall),
    ]
