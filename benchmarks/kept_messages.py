"""A job's messages as the program loads and keeps them, fed from memory or from the network: the one place that knows how."""

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from tui_app.api.rows import JobMessage, RawRow
from tui_app.core.clock import SystemClock, no_yield

PER_PAGE = 1000
_STATES = ("COMPLETED",) * 90 + ("FAILED",) * 6 + ("SKIPPED",) * 4
_REASONS = ("Mailbox not found for recipient", "Phish submission, not actionable")


class FromMemory:
    """Stands where the client stands, with pages that are made already; each takes a moment, as if it had come from afar."""

    def __init__(self, pages: list[tuple[JobMessage, ...]], seconds: float) -> None:
        self.transport = SimpleNamespace(yield_to_ui=no_yield)
        self._pages = pages
        self._seconds = seconds

    async def list_job_messages(self, job_id: str, *, page: int = 1, **_: object) -> Any:
        """A page; an empty one past the last."""
        from tui_app.api.page import Page

        await asyncio.sleep(self._seconds)
        return Page(self._pages[page - 1] if page <= len(self._pages) else (), per_page=PER_PAGE)


def job_rows(client: Any, job_id: str, told: Callable[[Any], None]) -> Any:
    """The program's own loader and keeper of a job's rows."""
    from tui_app.jobs.rows import JobRows

    return JobRows(client, SystemClock(), job_id, told)


async def load_all(rows: Any, count: int) -> None:
    """Load as L does: the first page is there, the others follow, some of them ahead."""
    await rows.read_again(whole=True)
    await rows.load_all(count)


def arranged(words: str = "", field: str = "") -> Any:
    """What is wanted of rows: those with these words, in the order of that field; without either, all as listed."""
    from tui_app.jobs.filters import parse_filter
    from tui_app.rows.view import RowView, Sort

    return RowView(parse_filter(words) if words else None, Sort(field) if field else None)


def made_pages(count: int) -> Iterator[tuple[JobMessage, ...]]:
    """Pages of so many messages that look like a job's, without a network."""
    chance = Random(1)
    for start in range(0, count, PER_PAGE):
        yield tuple(_made(index, chance) for index in range(start, min(start + PER_PAGE, count)))


def _made(index: int, chance: Random) -> JobMessage:
    status = chance.choice(_STATES)
    second = f"2026-11-20T{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}.000Z"
    return JobMessage(
        RawRow(
            message_id=str(UUID(int=chance.getrandbits(128), version=4)),
            status=status,
            postfix_id=f"4N{chance.getrandbits(48):012X}{index % 97:02d}",
            action_type="MOVE",
            recipient=f"person{index % 2600}@acme.example",
            destination="JunkEmail",
            retry_count=0 if status == "COMPLETED" else 3,
            created_at=second,
            status_message=None if status == "COMPLETED" else _REASONS[index % 2],
            processed_at=second,
            alert_id=f"4N{index:014X}-2026-11-20T10:00:00",
            email_message_id=f"<{index:08x}@evil.example>",
            investigate_id=f"4N{index:014X}-2026-11-20T10:00:00-{10_000_000 + index}",
            subject=f"Invoice {4711 + index % 40}",
            sender="billing@evil.example",
        )
    )


def in_state(row: JobMessage, status: str) -> JobMessage:
    """The row as it is read again in another state."""
    return JobMessage(replace(row.raw, status=status))
