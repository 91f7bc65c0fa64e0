"""A job's messages, kept as the job screen keeps them: the one place in the benchmarks that knows how.

`MessageStore` and the `Listing` over it are on their way; until they are here, pages are kept as the listing has kept them so far.
"""

import inspect
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

from tui_app.api.messages import JobMessage
from tui_app.jobs import listing

MessageStore: Any
MessageView: Any
try:
    from tui_app.jobs.message_store import MessageStore, MessageView
except ImportError:
    MessageStore = MessageView = None

NOTE = "" if MessageStore else "MessageStore is not there yet: this is how pages are kept without it"
PER_PAGE = 1000
_STATES = ("COMPLETED",) * 90 + ("FAILED",) * 6 + ("SKIPPED",) * 4
_REASONS = (None, "Mailbox not found for recipient", "Phish submission, not actionable")


class KeptMessages:
    """Pages in, rows for a table out."""

    def __init__(self) -> None:
        self._store = MessageStore() if MessageStore else None
        takes_store = "store" in inspect.signature(listing.Listing).parameters
        over: tuple[Any, ...] = (self._store,) if takes_store else ()
        self._listing: Any = listing.Listing(*over, None, PER_PAGE)

    def take(self, number: int, page: tuple[JobMessage, ...]) -> None:
        """Keep a page, new or read again."""
        self._listing.put(number, self._store.put(page)[0] if self._store is not None else page)

    def rows(self) -> Sequence[JobMessage]:
        """All of them, for the table."""
        return self._listing.rows()

    def rows_in(self, status: str) -> Sequence[JobMessage]:
        """Those in one state, for the table."""
        if self._store is not None:
            return MessageView(self._store, self._store.with_status(status))
        return tuple(row for row in self.rows() if str(row.status) == status)

    def mark(self, every: int) -> bool:
        """Mark each so-many-th row; False where marks are not kept here."""
        rows = self.rows()
        if not hasattr(rows, "mark"):
            return False
        rows.mark(range(0, len(rows), every), on=True)
        return True


def made_pages(count: int) -> Iterator[tuple[JobMessage, ...]]:
    """Pages of so many messages that look like a job's, without a network."""
    chance = Random(1)
    for start in range(0, count, PER_PAGE):
        yield tuple(_made(index, chance) for index in range(start, min(start + PER_PAGE, count)))


def _made(index: int, chance: Random) -> JobMessage:
    status = chance.choice(_STATES)
    second = f"2026-11-20T{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}.000Z"
    return JobMessage(
        (
            str(UUID(int=chance.getrandbits(128), version=4)),
            f"4N{index:014X}",
            "MOVE",
            f"person{index % 2600}@acme.example",
            "JunkEmail",
            status,
            0 if status == "COMPLETED" else 3,
            second,
            _REASONS[0 if status == "COMPLETED" else 1 + index % 2],
            None,
            second,
            f"4N{index:014X}-2026-11-20T10:00:00",
            f"<{index:08x}@evil.example>",
            f"4N{index:014X}-2026-11-20T10:00:00-{10_000_000 + index}",
            f"Invoice {4711 + index % 40}",
            "billing@evil.example",
            None,
        )
    )


def with_one_changed(page: tuple[JobMessage, ...], place: int, status: str) -> tuple[JobMessage, ...]:
    """The page as it is read again when one of its rows has another state."""
    values = list(page[place])
    values[5] = status
    return (*page[:place], JobMessage(values), *page[place + 1 :])
