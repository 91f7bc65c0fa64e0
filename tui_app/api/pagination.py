"""All pages of a list, with every reason to stop: cursors that end, numbers that don't."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tui_app.api.errors import ApiError, TooLarge, Unreadable
from tui_app.api.page import MAX_ACCOUNTS, MAX_PER_PAGE, Page
from tui_app.api.prefetch import Prefetcher, pages_of
from tui_app.core.text import plural

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.details import LogEntry
    from tui_app.api.enums import ActionType, JobStatus, RowStatus
    from tui_app.api.models import CloudflareAccount, Job
    from tui_app.api.rows import JobMessage, Message
    from tui_app.api.search import SearchParams

T = TypeVar("T")
MAX_PAGES: Final = 10_000
_FAR_TOO_MANY: Final = 10 * MAX_PER_PAGE
"""Rows beyond twice what a job counts: it may have found more meanwhile, but not so many."""
MAX_STALE: Final = 3
"""Pages in a row with nothing new before a search counts as endless."""
REMEMBERED: Final = 10_000
"""Ids of the last pages, to know a row again that moved from page to page; all ids of a million rows would not be flat memory."""
_CAPS: Final = frozenset({20, 25, 50, 100, 200, 250, 500})
"""Items to which servers are known to cap a page, whatever was asked for."""
_ENOUGH: Final = 2
"""Pages that have to fit before larger ones are tried again."""
LOG_PAGES: Final = 20
"""Pages of an action log that are read: what was done 20,000 times nobody reads."""
_AT_ONCE: Final = 100
"""Entries that are looked at before keys are answered."""
SMALLEST_PAGE: Final = 1
"""Rows: a few mails with thousands of recipients each must not hide the others."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why some of a list may be missing, and what was left out of it; see `Pages`."""

    partial: bool = False
    maybe_more: bool = False
    shifted: bool = False
    unreadable: int = 0
    of_one_id: int = 0
    unasked: int = 0

    @property
    def may_miss(self) -> bool:
        """Whether something of the list may not be here, though it is complete."""
        return bool(replace(self, unasked=0).doubts(""))

    @property
    def uncounted(self) -> Lack:
        """The same without what is counted where the list is shown: what can't be read, and what nobody asked for."""
        return replace(self, unreadable=0, unasked=0)

    def doubts(self, noun: str) -> tuple[str, ...]:
        """In words, each part of a sentence; empty for a list that is whole."""
        told = (
            (self.partial, "the server says that part of the answer is missing"),
            (self.maybe_more, "the server says that there is more, and brings none"),
            (self.shifted, f"{noun}s moved while they were read, some may be missing"),
            (self.unreadable, f"{plural(self.unreadable, noun)} can't be read"),
            (self.of_one_id, f"{plural(self.of_one_id, noun)} had the id of another one, and can't be told apart"),
            (self.unasked, f"{plural(self.unasked, noun)} came that nobody asked for"),
        )
        return tuple(words for holds, words in told if holds)


WHOLE: Final = Lack()
"""Nothing is missing."""


class Pages(ABC, Generic[T]):
    """A list that comes page by page, each item once. A page that fails is asked for again where it failed.

    An item is known again for ten pages of the largest size, and one of the first page for ever: a list that begins anew ends.
    """

    def __init__(
        self, identity: Callable[[T], str], per_page: int, traits: Callable[[T], Hashable] = lambda _: None
    ) -> None:
        """`traits` = what has to be the same of two items under one identity; else they are two."""
        self._identity = identity
        self._traits = traits
        self._recent: dict[str, int] = {}
        self._first: dict[str, int] = {}
        """By identity, the traits of an item, as a hash."""
        self._two: dict[str, None] = {}
        """Identities under which two different items came."""
        self._came = 0
        self._counts: set[int] = set()
        """What pages said that they have, where it is more than they had."""
        self.per_page = per_page
        """Shrinks when an answer is too large to be taken in, and may grow again."""
        self.complete = False
        """Whether the last page is here."""
        self._endless = False
        """Whether the server said to the end that there is more, and brought nothing new."""
        self.unreadable = 0
        """How many items could not be read."""
        self.unasked = 0
        """How many items of the server's were not what was asked for: they are left out, and that is to be told."""
        self.others: tuple[T, ...] = ()
        """Those of them that the last page had."""
        self.of_one_id = 0
        """How many items had the id of another one, and were not the same: only the first of them is here."""
        self.shifted = False
        """Whether rows moved from page to page while they were read: some may be missing, read the list again."""
        self.partial = False
        """Whether the server said of a page that something of it is not there."""

    @property
    def maybe_more(self) -> bool:
        """Whether the server said that there is more than it brought: to the end, or of pages that had less than they said."""
        # A server that counts the whole list on each page says how many came.
        return self._endless or (self.complete and bool(self._counts - {self._came}))

    @property
    def lack(self) -> Lack:
        """Why some may be missing, and what was left out."""
        return Lack(self.partial, self.maybe_more, self.shifted, self.unreadable, self.of_one_id, self.unasked)

    @property
    def may_miss(self) -> bool:
        """Whether something of the list may not be here, though it is complete."""
        return self.lack.may_miss

    def doubts(self, noun: str) -> tuple[str, ...]:
        """In words, why some of these may be missing, and what was left out; empty for a list that is whole."""
        return self.lack.doubts(noun)

    async def load(self) -> tuple[T, ...]:
        """The next page, without what came before; it may be empty, and is once complete. Raises ApiError."""
        while not self.complete:
            try:
                return await self._load()
            except TooLarge:
                if self.per_page < 2 * SMALLEST_PAGE:
                    raise
                self._shrink()
        return ()

    @abstractmethod
    async def _load(self) -> tuple[T, ...]: ...

    def _shrink(self) -> None:
        self.per_page //= 2

    def _taken(self, page: Page[T]) -> tuple[tuple[T, ...], bool]:
        """What is new of a page and was asked for, and whether any of it came before.

        `others` are what else is new, and what came with other traits than before: nobody knows which of the two counts.
        """
        self.unreadable += page.unreadable
        self.partial |= page.partial
        if page.count > page.size:
            self._counts.add(page.count)
        fresh: list[T] = []
        others: list[T] = []
        here: dict[str, T] = {}
        repeats = False
        for asked, item in chain(zip(repeat(True), page.items), zip(repeat(False), page.others)):
            identity, traits = self._identity(item), hash(self._traits(item))
            before = self._recent.get(identity, self._first.get(identity))
            if before is None:
                self._recent[identity] = traits
                here[identity] = item
                (fresh if asked else others).append(item)
                self.unasked += not asked
                continue
            repeats |= identity not in here
            same = here[identity] == item if identity in here else before == traits
            if not same:
                self.of_one_id += 1
                if identity not in self._two:
                    self._two[identity] = None
                    others.append(item)
        self._came += len(here) + page.unreadable
        self._first = self._first or dict(self._recent)
        for known in (self._recent, self._two):
            for identity in [*islice(known, max(0, len(known) - REMEMBERED))]:
                del known[identity]
        self.others = tuple(others)
        return tuple(fresh), repeats

    def close(self) -> None:
        """Want no more pages."""

    async def __aiter__(self) -> AsyncIterator[tuple[T, ...]]:
        try:
            while not self.complete:
                page = await self.load()
                if page or self.others:
                    yield page
        finally:
            self.close()


def past_the_end(error: ApiError, *, before: int = 0, expected: int = 0) -> bool:
    """Whether a refusal of a page other than the first may mean that there is no such page.

    Not where a counter says that there are more items than came `before`: then something else is gone.
    """
    return error.status in (400, 404, 416, 422) and before >= expected


def is_last(page: Page[T], asked: int, *, before: int, expected: int) -> bool:
    """Whether a page is the last one: it has less than a page holds, and nothing says that there are more items: no total, no counter.

    `before` = how many items came before, `expected` = how many there are by a counter; 0 where none tells. Without one, a
    page of a size to which servers cap pages may be followed by another.
    """
    size = page.size
    if size >= min(asked, page.per_page or asked) or (size and page.total > before + size):
        return False
    return before + size >= expected if expected and size else size not in _CAPS


class NumberedPages(Pages[T]):
    """Pages by number.

    Ends at a short page, an empty page, a page of known ids only, or a refusal past the first page: whether the server
    honours `page` is not documented, and a null `next` means nothing here. Raises Unreadable for a list without an end.
    `expected` rows, where a counter tells of them, are asked for ahead.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], Coroutine[Any, Any, Page[T]]],
        identity: Callable[[T], str],
        per_page: int,
        expected: int = 0,
        traits: Callable[[T], Hashable] = lambda _: None,
    ) -> None:
        super().__init__(identity, per_page, traits)
        self._fetch = fetch
        self._expected = expected
        self._next = 1
        self._seen = self._largest = 0
        self._again = False
        self._ahead = self._plan()

    def _plan(self) -> Prefetcher[Page[T]]:
        return Prefetcher(lambda number: self._fetch(number, self.per_page), pages_of(self._expected, self.per_page))

    def close(self) -> None:
        """Want no more pages: what was asked for ahead is dropped."""
        self._ahead.drop()

    async def _load(self) -> tuple[T, ...]:
        if self._next > MAX_PAGES:
            raise Unreadable("The list has no end: it is longer than any list can be.", request="GET investigate/bulk")
        if self._expected and self._seen > 2 * self._expected + _FAR_TOO_MANY:
            why = f"The list has no end: {self._seen:,} rows came, and the job counts {self._expected:,}."
            raise Unreadable(why, request="GET investigate/bulk")
        try:
            page = await self._ahead.take(self._next)
        except ApiError as error:
            if self._next == 1 or not past_the_end(error, before=self._seen, expected=self._expected):
                raise
            self.complete = True
            self.close()
            return ()
        fresh, repeats = self._taken(page)
        # A page of old acquaintances alone is a server that does not count pages; a few of them are rows that moved.
        self.shifted |= repeats and bool(fresh or self.others) and not self._again
        self._again = False
        short = is_last(page, self.per_page, before=self._seen, expected=self._expected)
        size = page.size
        self._seen += size
        self._largest = max(self._largest, size)
        self.complete = not (fresh or self.others) or short or self._next == page.pages
        self._next += 1
        if self.complete:
            self.close()
        return fresh

    def _shrink(self) -> None:
        super()._shrink()
        # A server that caps its pages counts them by its own size; what does not come out even is seen again.
        size = min(self.per_page, self._largest or self.per_page)
        self._next, self._again = self._seen // size + 1, True
        self._seen = (self._next - 1) * size
        self.close()
        self._ahead = self._plan()


class CursorPages(Pages[T]):
    """Pages by cursor."""

    def __init__(
        self,
        fetch: Callable[[str | None, int], Awaitable[Page[T]]],
        identity: Callable[[T], str],
        per_page: int,
        traits: Callable[[T], Hashable] = lambda _: None,
    ) -> None:
        super().__init__(identity, per_page, traits)
        self._fetch = fetch
        self._cursor: str | None = None
        self._cursors: set[str] = set()
        self._stale = 0
        self._largest = per_page
        self._fitted, self._enough = 0, _ENOUGH
        """How many pages of this size fitted, and how many have to before a larger one is tried."""
        self._before: tuple[str | None, Page[T]] | None = None
        """The last page, and the cursor that it was asked for by."""

    async def _load(self) -> tuple[T, ...]:
        if self._cursor in self._cursors or len(self._cursors) >= MAX_PAGES or self._stale >= MAX_STALE:
            # It goes in circles: what came is here, and whether it is all nobody can say.
            self.complete = self._endless = True
            self.others = ()
            return ()
        if self.per_page < self._largest and self._fitted >= self._enough and (larger := await self._larger()):
            return self._took(larger)
        page = await self._fetch(self._cursor, self.per_page)
        self._fitted += 1
        self._before = self._cursor, page
        return self._took(page)

    def _took(self, page: Page[T]) -> tuple[T, ...]:
        if self._cursor is not None:
            self._cursors.add(self._cursor)
        self._cursor = page.next
        self.complete = page.next is None
        fresh, repeats = self._taken(page)
        self.shifted |= repeats and bool(fresh or self.others)
        # An empty page in between is documented nowhere, but only a missing cursor is the end.
        self._stale = 0 if fresh or self.others else self._stale + 1
        return fresh

    async def _larger(self) -> Page[T] | None:
        """What follows the last page, out of a page of twice its size from the same cursor; None to go on as before.

        Whether a cursor counts rows or pages is not documented: the larger page has to begin with the rows of the last one.
        """
        assert self._before is not None
        cursor, last = self._before
        size, self._fitted = min(self._largest, 2 * self.per_page), 0
        try:
            page = await self._fetch(cursor, size)
        except TooLarge:
            self._enough = min(16, 2 * self._enough)
            return None
        ids, again = list(map(self._identity, last.items)), list(map(self._identity, page.items))
        if not ids or again[: len(ids)] != ids or page.size <= last.size or page.unreadable < last.unreadable:
            self._largest = self.per_page
            return None
        self.per_page, self._enough, self._before = size, _ENOUGH, (cursor, page)
        known = set(map(self._identity, last.others))
        return replace(
            page,
            items=page.items[len(ids) :],
            others=tuple(one for one in page.others if self._identity(one) not in known),
            unreadable=page.unreadable - last.unreadable,
            count=page.count if page.count > page.size else 0,
        )

    def _shrink(self) -> None:
        super()._shrink()
        self._fitted = 0


def job_pages(
    client: EmailSecurityClient,
    *,
    status: JobStatus | None = None,
    action: ActionType | None = None,
    per_page: int = MAX_PER_PAGE,
) -> NumberedPages[Job]:
    """All jobs, page by page."""
    return NumberedPages(
        lambda page, size: client.list_jobs(page=page, per_page=size, status=status, action=action),
        lambda job: job.id,
        per_page,
    )


def job_message_pages(
    client: EmailSecurityClient,
    job_id: str,
    *,
    status: RowStatus | None = None,
    per_page: int = MAX_PER_PAGE,
    exact: bool = False,
    expected: int = 0,
) -> NumberedPages[JobMessage]:
    """All messages of a job, page by page; `expected` by the job's counters, none is fine."""
    return NumberedPages(
        lambda page, size: client.list_job_messages(job_id, page=page, per_page=size, status=status, exact=exact),
        lambda row: row.id,
        per_page,
        expected,
        lambda row: repr((row.raw.investigate_id, row.raw.postfix_id)),
    )


def account_pages(client: EmailSecurityClient) -> NumberedPages[CloudflareAccount]:
    """All accounts that the credentials can see; the server is known to repeat its first page for ever."""
    return NumberedPages(
        lambda page, size: client.list_accounts(page=page, per_page=size),
        lambda account: account.id.exact,
        MAX_ACCOUNTS,
    )


def search_pages(
    client: EmailSecurityClient,
    params: SearchParams,
    *,
    per_page: int = MAX_PER_PAGE,
    exact: bool = False,
    by_verdict: bool = False,
) -> CursorPages[Message]:
    """All messages that a search finds, page by page; `by_verdict` = one that comes under two verdicts comes twice.

    So does then one that comes with two senders or subjects: two mails under one id.
    """

    def identity(message: Message) -> str:
        raw = message.raw
        return repr((raw.id, raw.final_disposition, raw.sender, raw.subject))

    def traits(message: Message) -> Hashable:
        raw = message.raw
        # Not whether it is held: it may be released while pages are read. The order of recipients means nothing.
        return (
            identity(message),
            frozenset(recipient.exact for recipient in message.recipients),
            repr((raw.envelope_from, raw.replyto, raw.validation)),
        )

    return CursorPages(
        lambda cursor, size: client.search_messages(params, cursor=cursor, per_page=size, exact=exact),
        identity if by_verdict else lambda message: message.id.exact,
        per_page,
        traits,
    )


@dataclass(frozen=True, slots=True)
class ActionLog:
    """What was done to a message, and whether that is surely all."""

    entries: tuple[LogEntry, ...]
    complete: bool = True


async def read_action_log(client: EmailSecurityClient, investigate_id: str) -> ActionLog:
    """The action log of a message, twenty pages at the most, each page without what an earlier one had. Raises ApiError.

    Equal entries of one page are all kept: what was done to several recipients reads alike. It is not complete where an
    entry could not be read, where there are more pages, and where a page that should have been the next was an earlier one.
    """
    entries: list[LogEntry] = []
    seen: set[str] = set()
    counts: set[int] = set()
    before = unreadable = 0

    def read() -> ActionLog:
        # A server that counts the whole list on each page says how many came.
        return ActionLog(tuple(entries), not unreadable and not counts - {len(entries)})

    for number in range(1, LOG_PAGES + 1):
        try:
            page = await client.list_action_log(investigate_id, page=number)
        except ApiError as error:
            if number == 1 or not past_the_end(error, before=before):
                raise
            return read()
        keys: list[str] = []
        for start in range(0, len(page.items), _AT_ONCE):
            keys += [json.dumps(entry.wire, default=str) for entry in page.items[start : start + _AT_ONCE]]
            await asyncio.sleep(0)
        fresh = [entry for entry, key in zip(page.items, keys, strict=True) if key not in seen]
        entries += fresh
        unreadable += page.unreadable + page.partial
        if page.count > page.size:
            counts.add(page.count)
        if page.items and not fresh:
            return ActionLog(tuple(entries), complete=False)
        if is_last(page, MAX_PER_PAGE, before=before, expected=0):
            return read()
        seen.update(keys)
        before += page.size
    return ActionLog(tuple(entries), complete=False)
