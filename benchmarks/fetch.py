"""All messages of a job, fetched and kept: our client against the official SDK (async) and against the limit, on one simulator.

Each client runs in a process of its own, in turn; figures are medians. CPU and wall are in seconds, without imports. Memory is
the peak above what the process had before the first request. The longest silence is the longest time in which the event loop
answered nobody; a key would have waited for it. The limit is one raw socket and msgspec: no client can be much cheaper.
"""

import asyncio
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks import kept_messages, limit
from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.process_memory import memory_of
from benchmarks.simulated import largest_job, simulated

BEAT = 0.002
OFFICIAL = "official SDK, async"
AT_LATENCY = 50
_FAR_ROUNDS = 2
"""Of the wall time, which hangs on the latency more than on the machine."""


@dataclass(frozen=True)
class Run:
    """What one run cost."""

    rows: float
    cpu: float
    wall: float
    memory: float
    silence: float


async def ours(job_id: str) -> int:
    """With our client; loaded and kept as the program does."""
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.transport import Transport
    from tui_app.config.settings import load_settings
    from tui_app.core.clock import SystemClock

    transport = Transport(load_settings(os.environ), SystemClock(), Random(1))
    client = EmailSecurityClient(transport)
    try:
        rows = kept_messages.job_rows(client, job_id, lambda _: None)
        await kept_messages.load_all(rows, (await client.get_job(job_id)).total_messages_discovered)
        return len(rows.snapshot.rows)
    finally:
        await transport.close()


async def official(job_id: str) -> int:
    """With the official SDK."""
    from cloudflare import AsyncCloudflare

    account = os.environ["CLOUDFLARE_ACCOUNT_ID"]
    async with AsyncCloudflare(max_retries=0) as client:
        kept: list[object] = []
        # Its pages end at an empty one.
        async for row in client.email_security.investigate.bulk.messages.list(
            job_id, account_id=account, per_page=1000
        ):
            kept.append(row)
        return len(kept)


async def at_the_limit(job_id: str) -> int:
    """With as little as possible. It needs no loop; only its CPU is compared."""
    return len(limit.fetch(job_id))


CLIENTS: dict[str, Callable[[str], Awaitable[int]]] = {"ours": ours, "official": official, "limit": at_the_limit}


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
    # What a client is made of is loaded before it is measured.
    for module in {
        "ours": ("httpx", "pydantic", "tui_app.service", "tui_app.config.settings"),
        "official": ("cloudflare",),
    }.get(name, ()):
        importlib.import_module(module)
    before = memory_of("self").now
    cpu, wall = time.process_time(), time.perf_counter()
    rows, silence = asyncio.run(_measured(CLIENTS[name], job_id))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = memory_of("self").peak - before
    print(json.dumps({"rows": rows, "cpu": cpu, "wall": wall, "memory": memory, "silence": silence * 1000}))


def run(name: str, variables: dict[str, str], job_id: str) -> Run:
    """One run, in a process of its own."""
    return Run(**measured_in_child("fetch", name, job_id, variables=variables))


def compare(size: int, latency: int, rounds: int, names: tuple[str, ...]) -> dict[str, Run]:
    """These clients in turn; a run of medians for each."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    with simulated(messages=size, latency=latency) as variables:
        job_id = asyncio.run(largest_job(variables))
        for _ in range(rounds):
            for name, done in runs.items():
                done.append(run(name, variables, job_id))
    rows = {done.rows for several in runs.values() for done in several}
    if rows != {size}:
        raise RuntimeError(f"fetched {rows} of {size}")
    return {
        name: Run(size, *(statistics.median(getattr(one, figure) for one in several) for figure in FIGURES))
        for name, several in runs.items()
    }


FIGURES = ("cpu", "wall", "memory", "silence")


def measure(effort: Effort) -> list[Figure]:
    """CPU, memory and silence without latency, wall with it; a quick run has no time for the SDK."""
    size, rounds = effort.size(100_000, 3_000), effort.rounds(3)
    near = compare(size, 0, rounds, ("ours", "limit") if effort.quick else ("ours", "official", "limit"))
    far = {} if effort.quick else compare(size, AT_LATENCY, _FAR_ROUNDS, ("ours", "official"))
    what = f"{size:,} messages"

    def beside_sdk(name: str, words: str, unit: str, runs: dict[str, Run], budget: Budget | None = None) -> Figure:
        own, sdk = (getattr(runs.get(client), name, None) for client in ("ours", "official"))
        return Figure("fetch", words, unit, own, sdk, OFFICIAL, budget)

    return [
        beside_sdk("cpu", f"CPU for {what}", "s", near, Budget(1 / 6, True)),
        beside_sdk("wall", f"wall at {AT_LATENCY} ms latency", "s", far, Budget(1 / 4, True)),
        beside_sdk("memory", "peak memory above the start", "MiB", near, Budget(1 / 6, True)),
        beside_sdk("silence", "longest silence of the loop", "ms", near),
        Figure(
            "fetch",
            f"CPU for {what}",
            "s",
            near["ours"].cpu,
            near["limit"].cpu,
            limit.NAME,
            Budget(9, True),
        ),
    ]


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2])
