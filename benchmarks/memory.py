"""Memory: what 100,000 messages take once they are kept, filtered, sorted and marked, beside the models of the official SDK."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import PER_PAGE, arranged, job_rows, load_all
from benchmarks.process_memory import memory_of
from benchmarks.simulated import largest_job, simulated

PEER = "official SDK's models in a list"


async def ours(job_id: str) -> tuple[float, object]:
    """Through our client and loader, sorted, filtered and marked; what it was before, and what is kept."""
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.transport import Transport
    from tui_app.config.settings import load_settings
    from tui_app.core.clock import SystemClock

    transport = Transport(load_settings(os.environ), SystemClock(), Random(1))
    client = EmailSecurityClient(transport)
    try:
        # One page before the first reading: buffers and lazy imports are no messages.
        await client.list_job_messages(job_id, page=1, per_page=PER_PAGE)
        before = _settled()
        rows = job_rows(client, job_id, lambda _: None)
        await load_all(rows, (await client.get_job(job_id)).total_messages_discovered)
        await rows.arrange(arranged("acme", "to"))
    finally:
        await transport.close()
    view = rows.snapshot.rows
    view.mark(range(0, len(view), 10), on=True)
    assert view.marks
    return before, rows


async def official(job_id: str) -> tuple[float, object]:
    """The SDK's objects, all in one list."""
    from cloudflare import AsyncCloudflare

    kept = []
    async with AsyncCloudflare(max_retries=0) as client:
        messages = client.email_security.investigate.bulk.messages
        account = os.environ["CLOUDFLARE_ACCOUNT_ID"]
        await messages.list(job_id, account_id=account, per_page=PER_PAGE)
        before = _settled()
        async for row in messages.list(job_id, account_id=account, per_page=PER_PAGE):
            kept.append(row)
    return before, kept


def _settled() -> float:
    """Memory in MiB with the garbage gone."""
    gc.collect()
    return memory_of("self").now


def child(name: str, job_id: str) -> dict[str, float]:
    """One of them; `kept` is alive while memory is read."""
    clients: dict[str, Callable[[str], Awaitable[tuple[float, object]]]] = {"ours": ours, "official": official}

    async def run() -> dict[str, float]:
        before, kept = await clients[name](job_id)
        after = _settled()
        return {"memory": after - before, "alive": float(kept is not None)}

    return asyncio.run(run())


def measure(effort: Effort) -> list[Figure]:
    """Both, in processes of their own; a quick run has no time for the SDK."""
    size = effort.size(100_000, 3_000)
    with simulated(messages=size) as variables:
        job_id = asyncio.run(largest_job(variables))
        own = measured_in_child("memory", "ours", job_id, variables=variables)["memory"]
        sdk = None if effort.quick else measured_in_child("memory", "official", job_id, variables=variables)["memory"]
    return [Figure("memory", f"{size:,} messages kept", "MiB", own, sdk, PEER, Budget(30))]


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], sys.argv[2])))
