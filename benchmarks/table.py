"""Table: CPU of a filter, of one changed row and of a page down, each with its frame, at 1,000,000 rows beside 1,000 rows."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import NOTE, KeptMessages, made_pages, with_one_changed

_TIMES = 15
_FEW = 1_000


async def child(count: int) -> dict[str, float]:
    """All operations at one size; CPU in milliseconds."""
    from benchmarks.table_app import SIZE, OurTable

    kept, first = KeptMessages(), next(made_pages(count))
    filling = 0.0
    for number, page in enumerate(made_pages(count), start=1):
        began = time.process_time()
        kept.take(number, page)
        filling += time.process_time() - began
    app = OurTable()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()

        async def frame(work: Callable[[], object]) -> float:
            began = time.process_time()
            work()
            await pilot.pause()
            return (time.process_time() - began) * 1000

        table = app.table
        shown = await frame(lambda: table.show_rows(kept.rows()))

        def change(number: int) -> None:
            kept.take(1, with_one_changed(first, 3, ("FAILED", "SKIPPED")[number % 2]))
            table.show_rows(kept.rows())

        async def median(work: Callable[[int], object], back: Callable[[], Awaitable[object]] | None = None) -> float:
            costs = []
            for number in range(_TIMES):
                costs.append(await frame(lambda number=number: work(number)))
                if back is not None:
                    await back()
            return statistics.median(costs)

        changed = await median(change)
        filtered = await median(
            lambda _: table.show_rows(kept.rows_in("FAILED")), lambda: frame(lambda: table.show_rows(kept.rows()))
        )
        paged = await median(lambda number: table.move_to(23 * (number + 1)))
    return {"filter": filtered, "update": changed, "page": paged, "show": shown, "fill": filling * 1000}


def measure(effort: Effort) -> list[Figure]:
    """Both sizes, in processes of their own."""
    many = effort.size(1_000_000, 10_000)
    # Once each: every operation is a median of many already, and a million rows take a while to be there.
    small, large = (measured_in_child("table", str(count)) for count in (_FEW, many))
    figures = []
    for name, what, budget in (
        ("filter", f"filter to one state, {many:,} rows", Budget(1.5, True)),
        ("update", "one row of a page that is read again has changed", Budget(1.5, True)),
        ("page", "a page down", Budget(1.5, True)),
        ("show", "show all for the first time", None),
        ("fill", "take all in", None),
    ):
        figures.append(Figure("table", what, "CPU ms", large[name], small[name], f"{_FEW:,} rows", budget, NOTE))
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(child(int(sys.argv[1])))))
