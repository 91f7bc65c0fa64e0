"""Mail: CPU of filtering, sorting and grouping listed mail, beside the same filter of as many rows of a job, in one process."""

import asyncio
import json
import statistics
import sys
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from benchmarks.child import measured_in_child
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.kept_messages import FromMemory, arranged, job_rows, load_all, made_pages
from tui_app.api.rows import Message

_NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_WORD = "mailbox"


async def child(count: int, times: int) -> dict[str, float]:
    """Both at one size; CPU in milliseconds."""
    from tui_app.core.address import domain_in
    from tui_app.core.look_alike import KnownDomains
    from tui_app.mail.columns import MAIL_ROWS
    from tui_app.mail.groups import group_mail, parse_filter
    from tui_app.rows.store import OrderedRows, PackedRows, RowStore
    from tui_app.rows.view import RowView, Sort, arrange
    from tui_app.simulator.held_sample import held_sample

    mails, _ = held_sample(1, _NOW, count)
    messages = [Message.from_wire(mail.wire("new"), exact=False) for mail in mails]
    store = RowStore(MAIL_ROWS)
    listed = OrderedRows(store, array("I", store.put(PackedRows.of(MAIL_ROWS, messages))))
    senders = Counter(domain_in(message.raw.sender or "") for message in messages)
    known = KnownDomains.of(["acme.example"], senders)
    rows = job_rows(FromMemory([tuple(page) for page in made_pages(count)], 0.0), "job", lambda _: None)
    await load_all(rows, count)

    async def cost(work: Callable[[], Awaitable[object]]) -> float:
        began = time.process_time()
        await work()
        return (time.process_time() - began) * 1000

    found: dict[str, list[float]] = {"job": [], "filter": [], "sort": [], "group": []}
    for _ in range(times):
        found["job"].append(await cost(lambda: rows.arrange(arranged(_WORD))))
        await rows.arrange(arranged())
        found["filter"].append(await cost(lambda: arrange(listed, RowView(parse_filter(_WORD)))))
        found["sort"].append(await cost(lambda: arrange(listed, RowView(None, Sort("verdict")))))
        found["group"].append(await cost(lambda: group_mail(listed, known)))
    return {what: statistics.median(costs) for what, costs in found.items()}


def measure(effort: Effort) -> list[Figure]:
    """All in one process."""
    count, times = effort.size(100_000, 5_000), effort.rounds(5)
    found = measured_in_child("mail", str(count), str(times))
    anchor = "filter of a job's rows by a word"
    return [
        Figure("mail", f"{count:,} mails, {what}", "CPU ms", found[name], found["job"], anchor, Budget(budget, True))
        for what, name, budget in (
            ("filter by a word", "filter", 2),
            ("sort by severity", "sort", 3),
            ("groups and odd ones", "group", 12),
        )
    ]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(child(int(sys.argv[1]), int(sys.argv[2])))))
