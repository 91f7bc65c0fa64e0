"""Load: CPU of bringing 100,000 messages into the table page by page, from messages that are here already, beside a DataTable."""

import asyncio
import json
import statistics
import sys
import time

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import NOTE, KeptMessages, made_pages
from benchmarks.loop_watch import watched

PEER = "DataTable.add_rows"
_BETWEEN_PAGES = 0.02
"""Seconds: a page takes longer to arrive, so each of them is painted."""


async def ours(count: int) -> dict[str, float]:
    """The program's table over the program's store."""
    from benchmarks.table_app import SIZE, OurTable

    pages, kept, app = list(made_pages(count)), KeptMessages(), OurTable()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        with watched() as longest:
            cpu = time.process_time()
            for number, page in enumerate(pages, start=1):
                kept.take(number, page)
                app.table.show_rows(kept.rows())
                await asyncio.sleep(_BETWEEN_PAGES)
            await pilot.pause()
            cpu = time.process_time() - cpu
        assert len(app.table.rows) == count
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
    runs = [measured_in_child("load", "ours", count) for _ in range(effort.rounds(3))]
    cpu, longest = (statistics.median(run[name] for run in runs) for name in ("cpu", "longest"))
    # Once: it takes twenty times as long as all of ours.
    other = measured_in_child("load", "plain", count)
    return [
        Figure("load", f"CPU for {int(count):,} messages", "s", cpu, other["cpu"], PEER, Budget(1), NOTE),
        Figure("load", "CPU of the longest loop callback", "ms", longest, other["longest"], PEER, Budget(16), NOTE),
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run({"ours": ours, "plain": plain}[sys.argv[1]](int(sys.argv[2])))))
