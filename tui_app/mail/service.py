"""MailService: mail as screens and the command line ask for it: searched, and read one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.api.pagination import CursorPages, search_pages

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.errors import ApiError
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.core.clock import Clock
    from tui_app.mail.search import MailSnapshot, MailSubject


@dataclass
class MailService:
    """One account's mail, read only; what acts on mail is a plan."""

    client: Callable[[], EmailSecurityClient]
    clock: Clock
    diagnose: Callable[[ApiError], Awaitable[str]]
    """One more sentence on a refusal; never raises."""

    def pages(self, params: SearchParams, *, exact: bool = False) -> CursorPages[Message]:
        """All messages that a search finds, page by page; `exact` keeps the objects as they were sent. Raises ApiError."""
        return search_pages(self.client(), params, exact=exact)

    def watch(self, listener: Callable[[MailSnapshot], None]) -> MailSubject:
        """A search for held mail, loaded page by page; the listener gets a snapshot after each change."""
        from tui_app.mail.search import MailSubject

        return MailSubject(self.client, self.clock, self.diagnose, listener)

    async def message(self, investigate_id: str) -> Message:
        """One message. Raises ApiError."""
        return await self.client().get_message(investigate_id)
