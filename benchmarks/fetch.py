"""All messages of a job, fetched and kept: our client against the official SDK (async), on the same simulator over loopback.

Run: `.venv/bin/python -m benchmarks fetch`. Each client runs in a process of its own, the two in turn; figures are medians.
CPU and wall are in seconds, without imports. Memory is the peak above what the process had before the first request.
The longest silence is the longest time in milliseconds in which the event loop answered nobody; a key would have waited for it.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.simulated import largest_job, simulated

ROUNDS = 3
SIZES = (10_000, 100_000)
LATENCIES = (0, 50)
BEAT = 0.002


@dataclass(frozen=True)
class Run:
    """What one run cost."""

    rows: int
    cpu: float
    wall: float
    memory: float
    silence: float


async def ours(job_id: str) -> int:
    """With our client."""
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.pages import all_job_messages
    from tui_app.api.traffic import Traffic
    from tui_app.clock import SystemClock
    from tui_app.config import load_settings

    traffic = Traffic(load_settings(os.environ), SystemClock(), Random(1))
    try:
        kept = []
        async for page in all_job_messages(EmailSecurityClient(traffic), job_id):
            kept += page
        return len(kept)
    finally:
        await traffic.close()


async def official(job_id: str) -> int:
    """With the official SDK."""
    from cloudflare import AsyncCloudflare

    account = os.environ["CLOUDFLARE_ACCOUNT_ID"]
    async with AsyncCloudflare(max_retries=0) as client:
        kept = []
        # Its pages end at an empty one.
        async for row in client.email_security.investigate.bulk.messages.list(
            job_id, account_id=account, per_page=1000
        ):
            kept.append(row)
        return len(kept)


CLIENTS: dict[str, Callable[[str], Awaitable[int]]] = {"ours": ours, "official": official}


async def _measured(fetch: Callable[[str], Awaitable[int]], job_id: str) -> tuple[int, float]:
    """The number of rows, and the longest time between two beats of the loop."""
    longest, last = 0.0, time.perf_counter()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            longest, last = max(longest, now - last - BEAT), now

    beating = asyncio.create_task(beat())
    rows = await fetch(job_id)
    beating.cancel()
    return rows, longest


def child(name: str, job_id: str) -> None:
    """One run, in this process; prints its figures."""
    import cloudflare  # noqa: F401 - both processes load both, so that neither has to import while it is measured

    import tui_app.api.pages  # noqa: F401

    before = _memory("VmRSS")
    cpu, wall = time.process_time(), time.perf_counter()
    rows, silence = asyncio.run(_measured(CLIENTS[name], job_id))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = _memory("VmHWM") - before
    print(json.dumps({"rows": rows, "cpu": cpu, "wall": wall, "memory": memory, "silence": silence * 1000}))


def _memory(which: str) -> float:
    """This process's memory in MiB: `VmRSS` now, `VmHWM` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


def run(name: str, variables: dict[str, str], job_id: str) -> Run:
    """One run, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.fetch", name, job_id]
    ended = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    return Run(**json.loads(ended.stdout))


def compare(size: int, latency: int, rounds: int = ROUNDS) -> dict[str, object]:
    """Both clients in turn; prints and returns medians and ratios."""
    runs: dict[str, list[Run]] = {name: [] for name in CLIENTS}
    with simulated(messages=size, latency=latency) as variables:
        job_id = asyncio.run(largest_job(variables))
        for _ in range(rounds):
            for name, done in runs.items():
                done.append(run(name, variables, job_id))
    rows = {done.rows for several in runs.values() for done in several}
    assert rows == {size}, rows
    medians = {
        name: {figure: statistics.median(getattr(one, figure) for one in several) for figure in FIGURES}
        for name, several in runs.items()
    }
    print(f"\n{size:,} messages, {latency} ms latency, median of {rounds}")
    print(f"{'':<12}{'ours':>10}{'official':>10}{'ratio':>9}")
    for figure, words in FIGURES.items():
        own, other = medians["ours"][figure], medians["official"][figure]
        print(f"{words:<12}{own:>10.2f}{other:>10.2f}{other / own:>8.1f}x")
    return {"row": "fetch", "messages": size, "latency_ms": latency, "rounds": rounds, **medians}


FIGURES = {"cpu": "CPU s", "wall": "wall s", "memory": "memory MiB", "silence": "silence ms"}


def main() -> list[dict[str, object]]:
    """All sizes and latencies."""
    return [compare(size, latency) for size in SIZES for latency in LATENCIES]


if __name__ == "__main__":
    child(*sys.argv[1:]) if len(sys.argv) == 3 else main()
