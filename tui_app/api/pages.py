"""All pages of a list, with every reason to stop: cursors that end, numbers that don't."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

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


async def by_cursor(
    fetch: Callable[[str | None], Awaitable[Page[T]]], identity: Callable[[T], str]
) -> AsyncIterator[tuple[T, ...]]:
    """Pages by cursor, each without ids seen before. Raises Unreadable when a cursor comes back a second time."""
    seen: set[str] = set()
    cursors: set[str] = set()
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        fresh = tuple(item for item in page.items if identity(item) not in seen)
        seen.update(map(identity, fresh))
        yield fresh
        cursor = page.next
        if cursor is None or not page.items:
            return
        if cursor in cursors or len(cursors) >= MAX_PAGES:
            raise Unreadable(
                "The search goes in circles: the server repeats a cursor. Narrow the search.", request="GET investigate"
            )
        cursors.add(cursor)


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


def all_found(
    client: EmailSecurityClient, params: SearchParams, *, per_page: int = MAX_PER_PAGE
) -> AsyncIterator[tuple[Message, ...]]:
    """All messages that a search finds, page by page."""
    return by_cursor(
        lambda cursor: client.search_messages(params, cursor=cursor, per_page=per_page),
        lambda message: message.id.exact,
    )
