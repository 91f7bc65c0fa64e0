"""Load: CPU of loading 100,000 messages into the table with the program's own loader, network and decoding excluded."""

import asyncio
import json
import statistics
import sys
import time

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import FromMemory, job_rows, load_all, made_pages
from benchmarks.loop_watch import watched

PEER = "DataTable.add_rows"
_EACH_PAGE = 0.02
"""Seconds: a page takes longer to arrive, so each of them is painted."""


async def ours(count: int) -> dict[str, float]:
    """The program's loader, store and table."""
    from benchmarks.table_app import SIZE, OurTable

    app = OurTable()
    client = FromMemory(list(made_pages(count)), _EACH_PAGE)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        rows = job_rows(client, "job", app.told)
        with watched() as longest:
            cpu = time.process_time()
            await load_all(rows, count)
            await pilot.pause()
            cpu = time.process_time() - cpu
        assert len(rows.snapshot.rows) == count
    return {"cpu": cpu, "longest": longest.seconds * 1000}


async def plain(count: int) -> dict[str, float]:
    """Textual's table."""
    from benchmarks.table_app import SIZE, PlainTable, texts

    pages, app = list(made_pages(count)), PlainTable()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        with watched() as longest:
            cpu = time.process_time()
            for page in pages:
                app.table.add_rows(map(texts, page))
                await asyncio.sleep(0)
            await pilot.pause()
            cpu = time.process_time() - cpu
        assert app.table.row_count == count
    return {"cpu": cpu, "longest": longest.seconds * 1000}


def measure(effort: Effort) -> list[Figure]:
    """Each in processes of its own."""
    count = str(effort.size(100_000, 2_000))
    # Once: it takes far longer than all of ours.
    other = measured_in_child("load", "plain", count)
    runs = [measured_in_child("load", "ours", count) for _ in range(effort.rounds(3))]
    cpu, longest = (statistics.median(run[name] for run in runs) if runs else None for name in ("cpu", "longest"))
    return [
        Figure("load", f"CPU for {int(count):,} messages", "s", cpu, other["cpu"], PEER, Budget(0.47)),
        Figure("load", "CPU of the longest loop callback", "ms", longest, other["longest"], PEER, Budget(16)),
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run({"ours": ours, "plain": plain}[sys.argv[1]](int(sys.argv[2])))))
