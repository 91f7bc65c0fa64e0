"""Found mail in a file, asked of the server page by page; what may be missing is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_app.api.pagination import search_pages
from tui_app.rows.export import Exported, export_rows

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.rows.shape import RowColumn


async def export_mail(
    client: EmailSecurityClient,
    params: SearchParams,
    path: Path,
    columns: Sequence[RowColumn],
    only: frozenset[str] | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Write what a search finds to a new file; `only` those of these investigate ids, and no more pages than they take.

    Raises ApiError and ExportFailed.
    """
    pages = search_pages(client, params, exact=True)
    written: set[str] = set()

    async def chosen() -> AsyncIterator[Sequence[Message]]:
        async for page in pages:
            found = page if only is None else [message for message in page if message.id.exact in only]
            if only is not None:
                written.update(message.id.exact for message in found)
            yield found
            if only is not None and len(written) == len(only):
                return

    async def missing(count: int) -> str:
        if only is not None and len(written) < len(only):
            return f"{len(only):,} were chosen, and the others did not come"
        if only is not None:
            return ""
        return "; ".join(pages.doubts("message"))

    return await export_rows(chosen(), path, missing, on_progress, columns=columns)
