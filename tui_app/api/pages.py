"""All pages of a list, with every reason to stop: cursors that end, numbers that don't."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, TypeVar

from tui_app.api.client import MAX_PER_PAGE, EmailSecurityClient, Page
from tui_app.api.errors import Invalid, NotFound, Unreadable
from tui_app.api.models import ActionType, Job, JobMessage, JobStatus, Message, RowStatus
from tui_app.api.search import SearchParams

T = TypeVar("T")
MAX_PAGES: Final = 10_000


async def numbered(
    fetch: Callable[[int], Awaitable[Page[T]]], identity: Callable[[T], str], per_page: int
) -> AsyncIterator[tuple[T, ...]]:
    """Pages by number, each without ids seen before.

    Ends at a short page, an empty page, a page of known ids only, or a 4xx past the first page: whether the server
    honours `page` is not documented, and a null `next` means nothing here.
    """
    seen: set[str] = set()
    for number in range(1, MAX_PAGES + 1):
        try:
            page = await fetch(number)
        except (Invalid, NotFound):
            if number == 1:
                raise
            return
        fresh = tuple(item for item in page.items if identity(item) not in seen)
        if not fresh:
            return
        seen.update(map(identity, fresh))
        yield fresh
        if len(page.items) < per_page:
            return


class CursorPages(Generic[T]):
    """Pages by cursor, each without ids seen before; a page that fails is asked for again where it failed."""

    def __init__(self, fetch: Callable[[str | None], Awaitable[Page[T]]], identity: Callable[[T], str]) -> None:
        self._fetch = fetch
        self._identity = identity
        self._cursor: str | None = None
        self._cursors: set[str] = set()
        self._seen: set[str] = set()
        self.complete = False

    async def load(self) -> tuple[T, ...]:
        """The next page. Raises ApiError, and Unreadable after a page that leads back to an earlier one."""
        if self._cursor in self._cursors or len(self._cursors) >= MAX_PAGES:
            raise Unreadable(
                "The search goes in circles: the server repeats a cursor. Narrow the search.", request="GET investigate"
            )
        page = await self._fetch(self._cursor)
        fresh = tuple(item for item in page.items if self._identity(item) not in self._seen)
        self._seen.update(map(self._identity, fresh))
        if self._cursor is not None:
            self._cursors.add(self._cursor)
        self._cursor = page.next
        self.complete = page.next is None or not page.items
        return fresh


def all_jobs(
    client: EmailSecurityClient,
    *,
    status: JobStatus | None = None,
    action: ActionType | None = None,
    per_page: int = MAX_PER_PAGE,
) -> AsyncIterator[tuple[Job, ...]]:
    """All jobs, page by page."""
    return numbered(
        lambda page: client.list_jobs(page=page, per_page=per_page, status=status, action=action),
        lambda job: job.id,
        per_page,
    )


def all_job_messages(
    client: EmailSecurityClient, job_id: str, *, status: RowStatus | None = None, per_page: int = MAX_PER_PAGE
) -> AsyncIterator[tuple[JobMessage, ...]]:
    """All messages of a job, page by page."""
    return numbered(
        lambda page: client.list_job_messages(job_id, page=page, per_page=per_page, status=status),
        lambda row: row.id,
        per_page,
    )


def found_pages(
    client: EmailSecurityClient, params: SearchParams, *, per_page: int = MAX_PER_PAGE
) -> CursorPages[Message]:
    """The messages that a search finds, to be loaded page by page."""
    return CursorPages(
        lambda cursor: client.search_messages(params, cursor=cursor, per_page=per_page),
        lambda message: message.id.exact,
    )


async def all_found(client: EmailSecurityClient, params: SearchParams) -> AsyncIterator[tuple[Message, ...]]:
    """All messages that a search finds, page by page."""
    pages = found_pages(client, params)
    while not pages.complete:
        yield await pages.load()
