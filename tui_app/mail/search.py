"""A search for held mail that a screen loads page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.api.pagination import search_pages

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams


class MailSearch:
    """What was found so far, each message once, and whether that is all."""

    def __init__(self, client: EmailSecurityClient, params: SearchParams) -> None:
        self._pages = search_pages(client, params)
        self.found: tuple[Message, ...] = ()
        """All messages so far, in the server's order."""

    @property
    def complete(self) -> bool:
        """Whether the last page is here."""
        return self._pages.complete

    async def load_page(self) -> None:
        """Load the next page. Raises ApiError; then the same page is next again."""
        self.found += await self._pages.load()
