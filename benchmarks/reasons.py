"""Reasons: CPU of grouping loaded failed rows by reason, beside a filter by a word of the same rows, in the same process.

Once with a few reasons, as servers have them, and once with an address in each, so that no two are the same.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import FromMemory, arranged, job_rows, load_all, made_pages
from tui_app.api.rows import JobMessage

_REASONS = (
    "Throttled by the mail provider (HTTP 429 from Graph)",
    "Mailbox not found for recipient",
    "The message is no longer in the mailbox: moved or deleted by the user",
    "Phish submission, not actionable",
)
_NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def failed(row: JobMessage, index: int, own: bool) -> JobMessage:
    """The row as one that failed; its reason has an address of its `own`, or not."""
    reason = _REASONS[index % len(_REASONS)]
    again = "2026-11-20T14:41:00Z" if index % len(_REASONS) == 0 else None
    words = f"{reason} (person{index}@acme.example)" if own else reason
    return JobMessage(replace(row.raw, status="FAILED", status_message=words, retry_after=again))


async def child(count: int, own: bool, times: int) -> dict[str, float]:
    """Both at one size; CPU in milliseconds."""
    from tui_app.jobs.reasons import group_by_reason

    pages = [
        tuple(failed(row, 1000 * number + index, own) for index, row in enumerate(page))
        for number, page in enumerate(made_pages(count))
    ]
    rows = job_rows(FromMemory(pages, 0.0), "job", lambda _: None)
    await load_all(rows, count)
    view = rows.snapshot.rows
    assert len(view) == count

    async def cost(work: Callable[[], Awaitable[object]]) -> float:
        began = time.process_time()
        await work()
        return (time.process_time() - began) * 1000

    filters, groups = [], []
    for _ in range(times):
        filters.append(await cost(lambda: rows.arrange(arranged("mailbox"))))
        await rows.arrange(arranged())
        groups.append(await cost(lambda: group_by_reason(view, _NOW)))
    return {"filter": statistics.median(filters), "group": statistics.median(groups)}


def measure(effort: Effort) -> list[Figure]:
    """Each kind in a process of its own."""
    count, times = effort.size(100_000, 5_000), effort.rounds(5)
    figures = []
    for what, own, budget in (("a few reasons", "", Budget(1.2, True)), ("no two the same", "own", Budget(4, True))):
        found = measured_in_child("reasons", str(count), str(times), own)
        figures.append(
            Figure(
                "reasons",
                f"{count:,} failed rows, {what}",
                "CPU ms",
                found["group"],
                found["filter"],
                "filter by a word",
                budget,
            )
        )
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(child(int(sys.argv[1]), bool(sys.argv[3]), int(sys.argv[2])))))
