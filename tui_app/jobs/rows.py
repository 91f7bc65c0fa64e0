"""The rows of one job: loaded page by page, read again when they may have changed, arranged as the operator wants them."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.api.errors import ApiError, TooLarge
from tui_app.api.pagination import SMALLEST_PAGE, WHOLE, Lack, is_last, past_the_end
from tui_app.api.prefetch import Prefetcher, pages_of
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.jobs.row_pages import PageLack, RowPages
from tui_app.rows.store import OrderedRows, PackedRows, RowStore
from tui_app.rows.view import AS_LISTED, Arranger, RowView, Superseded

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.page import Page
    from tui_app.api.rows import JobMessage
    from tui_app.core.clock import Clock

ROWS_PER_PAGE: Final = 1000
PAGES_KEPT_FRESH: Final = 3
"""Loaded pages that are read again when counters moved; more would cost more requests than news is worth."""
PAGES_READ_AGAIN: Final = 10
"""Loaded pages that are read again when somebody asks for it; all of a very large job only by loading all."""
TELL_EVERY: Final = 0.25
"""Seconds between two snapshots while rows come in as fast as they can."""


def _packed(page: Page[JobMessage], yield_to_ui: Callable[[], None]) -> tuple[PackedRows, PageLack]:
    """The rows of a page, and what it had beside them. Of rows of one id it has the first, as `Pages` has."""
    mine: dict[str, JobMessage] = {}
    others: dict[str, JobMessage] = {}
    of_one_id = 0
    for rows, first in ((page.items, mine), (page.others, others)):
        for row in rows:
            of_one_id += (mine.get(row.id) or first.setdefault(row.id, row)) != row
    apart = hash(frozenset(others)) if others else 0
    lack = PageLack(page.size, page.unreadable, len(others), of_one_id, page.partial, page.count, apart)
    return PackedRows.of(JOB_ROWS, mine.values(), yield_to_ui), lack


@dataclass(frozen=True, slots=True)
class RowsSnapshot:
    """Rows under one status of the server's, as they are arranged; None before the first page."""

    status: RowStatus | None = None
    rows: OrderedRows[JobMessage] | None = None
    loaded: int = 0
    """Rows loaded under this status, whether the filter lets them through or not."""
    complete: bool = False
    stale: bool = False
    """Whether counters moved since some of the loaded rows were read."""
    lack: Lack = WHOLE
    """What may be missing of the loaded rows, and what was left out."""
    arranged: RowView = AS_LISTED
    """What `rows` went through; while more is asked for, still what it was."""


@dataclass
class JobRows:
    """All that was read of a job's rows; `tell` learns of every change."""

    client: EmailSecurityClient
    clock: Clock
    job_id: str
    tell: Callable[[RowsSnapshot], None]
    store: RowStore[JobMessage] = field(default_factory=lambda: RowStore(JOB_ROWS))
    snapshot: RowsSnapshot = field(default_factory=RowsSnapshot)
    _arranger: Arranger[JobMessage] = field(default_factory=Arranger)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _arranging: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._listing = RowPages(self.store, None, ROWS_PER_PAGE)
        self._listings: dict[RowStatus | None, RowPages] = {None: self._listing}

    @property
    def wanted(self) -> RowView:
        """Filter and sort, as asked for last."""
        return self._arranger.wanted

    @property
    def per_page(self) -> int:
        """Rows of one request; it shrinks when an answer is too large to be taken in."""
        return self._listing.per_page

    def counters_moved(self) -> None:
        """What is loaded may have changed since."""
        for listing in self._listings.values():
            listing.due = True
            listing.stale = listing.read
            listing.proven = None

    @property
    def due(self) -> bool:
        """Whether reading again may bring news."""
        return self._listing.due

    @property
    def busy(self) -> bool:
        """Whether rows are being read."""
        return self._one_at_a_time.locked()

    def turn_to(self, status: RowStatus | None) -> None:
        """Turn to the rows of another status; `arrange` shows those that are here, reading brings the others."""
        self._listing = self._listings[status] = self.listing(status)
        here = self._listing.read and self.wanted == AS_LISTED
        self.snapshot = self._seen(self._listing.rows()) if here else RowsSnapshot(status, arranged=self.wanted)

    def listing(self, status: RowStatus | None) -> RowPages:
        """What is listed under a status, whether it is shown or not."""
        whole, listing = self._listings[None], self._listings.get(status)
        all_here = whole.complete and not whole.stale
        if listing is None and status is not None and all_here and not whole.lack.may_miss:
            # Which rows are in a state is known without asking.
            listing = whole.known(status)
        listing = listing or RowPages(self.store, status, ROWS_PER_PAGE)
        if listing.read:
            self._listings[status] = listing
        return listing

    def _seen(self, rows: OrderedRows[JobMessage]) -> RowsSnapshot:
        listing = self._listing
        return RowsSnapshot(
            status=listing.status,
            rows=rows,
            loaded=len(listing.rows()),
            complete=listing.complete,
            stale=listing.stale,
            lack=listing.lack,
            arranged=self.wanted,
        )

    async def arrange(self, wanted: RowView) -> None:
        """Show the loaded rows filtered and sorted from now on."""
        self._arranger.wanted = wanted
        if self._listing.read:
            await self._told(self._listing)

    # ---- reading

    async def read_again(self, *, whole: bool, expected: int = 0) -> int:
        """Read the loaded pages, or the first few of them; how many requests it took. Raises ApiError.

        `expected` rows there are by the job's counters, none is fine.
        """
        async with self._one_at_a_time:
            listing = self._listing
            listing.expected = expected
            try:
                return await self._read_loaded(listing, whole=whole)
            except TooLarge as error:
                return await self._in_smaller_pages(listing, error)

    async def _read_loaded(self, listing: RowPages, *, whole: bool) -> int:
        count, loaded = 0, max(1, len(listing.pages))
        last = min(loaded, PAGES_READ_AGAIN if whole else PAGES_KEPT_FRESH)
        listing.due = False
        ahead = self._ahead(listing, last)
        try:
            for number in range(1, last + 1):
                if number > max(1, len(listing.pages)):
                    break
                await self._read_page(listing, ahead, number)
                count += 1
        finally:
            ahead.drop()
        listing.stale = listing.due or len(listing.pages) > last
        await self._told(listing)
        return count

    async def load_more(self, expected: int = 0) -> None:
        """Load the next page of rows; `expected` rows by the job's counters, none is fine. Raises ApiError."""
        async with self._one_at_a_time:
            listing = self._listing
            listing.expected = expected
            number = listing.next_page
            if number is None or not listing.read:
                return
            try:
                await self._read_page(listing, self._ahead(listing, 0), number)
            except TooLarge as error:
                await self._in_smaller_pages(listing, error)
                return
            await self._told(listing)

    async def load_all(self, expected: int, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Load all pages that are not here yet; `expected` rows by the job's counters, none is fine. Raises ApiError.

        `on_progress` is told how many rows there are so far. What was loaded stays when it ends early, also when it is cancelled;
        `arrange` shows it then.
        If all are here, and some may have changed, all are read again, and shown when they are all here again.
        """
        await self.load_status(self._listing.status, expected, on_progress)

    async def load_status(
        self, status: RowStatus | None, expected: int, on_progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Load all pages under a status, whether it is shown or not: the same as `load_all`. Raises ApiError."""
        async with self._one_at_a_time:
            shown = listing = self._listings[status] = self.listing(status)
            if listing.complete and listing.stale:
                listing = RowPages(self.store, shown.status, shown.per_page, due=False)
            while True:
                listing.expected = expected
                ahead = self._ahead(listing, pages_of(expected, listing.per_page))
                try:
                    await self._load_rest(listing, ahead, on_progress)
                    break
                except TooLarge as error:
                    listing = self._smaller(listing, error)
                finally:
                    ahead.drop()
            await self._instead_of(shown, listing)

    async def _load_rest(
        self, listing: RowPages, ahead: Prefetcher[Page[JobMessage]], on_progress: Callable[[int], None]
    ) -> None:
        rows_told, told_at = 0, self.clock.monotonic()
        # From its first page on it is fresh, until counters move.
        listing.due = listing.due and listing.read
        while (number := listing.next_page) is not None:
            await self._read_page(listing, ahead, number)
            rows = len(listing.rows())
            on_progress(rows)
            # To sort all of them again for each page would take longer than to load them.
            enough = self.wanted.sort is None or rows > 1.3 * rows_told
            if enough and self.clock.monotonic() - told_at >= TELL_EVERY:
                rows_told, told_at = rows, self.clock.monotonic()
                await self._told(listing)
        await self._told(listing)

    async def _in_smaller_pages(self, shown: RowPages, error: TooLarge) -> int:
        """As many rows as there were, in pages half as large or smaller still; how many requests. Raises ApiError."""
        listing, wanted, count = self._smaller(shown, error), max(1, len(shown.rows())), 0
        while not listing.complete and len(listing.rows()) < wanted:
            number = len(listing.pages) + 1
            try:
                await self._read_page(listing, self._ahead(listing, 0), number)
                count += 1
            except TooLarge as again:
                listing = self._smaller(listing, again)
        await self._instead_of(shown, listing)
        return count

    @staticmethod
    def _smaller(listing: RowPages, error: TooLarge) -> RowPages:
        """The list from its beginning in half of what was too large for an answer. Raises the error if that is no help."""
        if listing.per_page < 2 * SMALLEST_PAGE:
            raise error
        return listing.in_smaller_pages()

    async def _instead_of(self, shown: RowPages, listing: RowPages) -> None:
        """Show a list that was read anew in place of the one that was there meanwhile."""
        if listing is shown or self._listings.get(shown.status) is not shown:
            return
        self._listings[shown.status] = listing
        if self._listing is shown:
            self._listing = listing
            await self._told(listing)

    def _ahead(self, listing: RowPages, last: int) -> Prefetcher[Page[JobMessage]]:
        return Prefetcher(
            lambda number: self.client.list_job_messages(
                self.job_id, page=number, per_page=listing.per_page, status=listing.status
            ),
            last,
        )

    async def _read_page(self, listing: RowPages, ahead: Prefetcher[Page[JobMessage]], number: int) -> None:
        try:
            page = await ahead.take(number)
        except ApiError as error:
            before = listing.before(number)
            if number == 1 or not past_the_end(error, before=before, expected=listing.expected):
                raise
            listing.end_before(number)
            return
        yield_to_ui = self.client.transport.yield_to_ui
        packed, lack = await asyncio.to_thread(_packed, page, yield_to_ui)
        slots, of_one_id = array("I"), self.store.of_one_id
        for part in packed.parts():
            slots.extend(self.store.put(part))
            await asyncio.to_thread(yield_to_ui)
        lack = replace(lack, of_one_id=lack.of_one_id + self.store.of_one_id - of_one_id)
        before = listing.before(number)
        if not page.size:
            listing.proven = before
        expected = listing.expected if listing.proven is None else min(listing.expected, listing.proven)
        listing.put(number, slots, lack, last=is_last(page, listing.per_page, before=before, expected=expected))

    # ---- telling

    async def _told(self, listing: RowPages) -> None:
        try:
            async with self._arranging:
                rows = await self._arranger.arrange(listing.rows(), lambda: listing is self._listing)
        except Superseded:
            return
        if listing is self._listing:
            self.snapshot = self._seen(rows)
            self.tell(self.snapshot)
