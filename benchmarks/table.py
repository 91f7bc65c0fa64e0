"""Table: CPU of a filter, of one changed row and of a page down, each with its frame, at 1,000,000 rows beside 1,000 rows."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import FromMemory, arranged, in_state, job_rows, load_all, made_pages
from tui_app.api.enums import RowStatus
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.rows.store import PackedRows

_TIMES = 15
_FEW = 1_000
_FIGURES = (
    ("filter", "to the rows of one state", Budget(1.5, True)),
    ("update", "one visible row has changed", Budget(1.5, True)),
    ("page", "a page down", Budget(1.5, True)),
    ("words", "filter by a word", None),
    ("sort", "sort by recipient", None),
    ("fill", "load all", None),
)


async def child(count: int) -> dict[str, float]:
    """All operations at one size; CPU in milliseconds."""
    from benchmarks.table_app import SIZE, OurTable

    app, pages = OurTable(), list(made_pages(count))
    third = pages[0][3]
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        rows = job_rows(FromMemory(pages, 0.0), "job", app.told)

        async def frame(work: Callable[[], Awaitable[object]]) -> float:
            began = time.process_time()
            await work()
            await pilot.pause()
            return (time.process_time() - began) * 1000

        async def median(
            work: Callable[[int], Awaitable[object]], back: Callable[[], Awaitable[object]] | None, times: int = _TIMES
        ) -> float:
            costs = []
            for number in range(times):

                async def one(number: int = number) -> None:
                    await work(number)

                costs.append(await frame(one))
                if back is not None:
                    await frame(back)
            return statistics.median(costs)

        async def all_rows() -> None:
            await turned_to(None)

        async def turned_to(status: RowStatus | None) -> None:
            rows.turn_to(status)
            await rows.arrange(arranged())

        async def as_listed() -> None:
            await rows.arrange(arranged())

        async def change(number: int) -> None:
            rows.store.put(PackedRows.of(JOB_ROWS, (in_state(third, ("FAILED", "SKIPPED")[number % 2]),)))
            app.told(rows.snapshot)

        async def page_down(number: int) -> None:
            app.table.move_to(23 * (number + 1))

        filled = await frame(lambda: load_all(rows, count))
        del pages
        assert len(rows.snapshot.rows) == count
        return {
            "fill": filled,
            "filter": await median(lambda _: turned_to(RowStatus.FAILED), all_rows),
            "update": await median(change, None),
            "page": await median(page_down, None),
            "words": await median(lambda _: rows.arrange(arranged("mailbox")), as_listed, 3),
            "sort": await median(lambda _: rows.arrange(arranged(field="to")), as_listed, 1),
        }


def measure(effort: Effort) -> list[Figure]:
    """Both sizes, in processes of their own."""
    many = effort.size(1_000_000, 10_000)
    # Once each: every operation is a median of many already, and a million rows take a while to be there.
    small, large = (measured_in_child("table", str(count)) for count in (_FEW, many))
    return [
        Figure(
            "table",
            f"{what}, {many:,} rows",
            "CPU ms",
            large.get(name),
            small.get(name),
            f"{_FEW:,} rows",
            budget,
        )
        for name, what, budget in _FIGURES
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(child(int(sys.argv[1])))))
