"""A search for held mail, loaded page by page; a page that fails is asked for again where it failed."""

from tui_app.api.client import EmailSecurityClient
from tui_app.api.errors import Unreadable
from tui_app.api.models import Message
from tui_app.api.search import SearchParams


class HeldSearch:
    """What was found so far, each message once, and whether that is all."""

    def __init__(self, client: EmailSecurityClient, params: SearchParams) -> None:
        self._client = client
        self._params = params
        self._cursor: str | None = None
        self._cursors: set[str] = set()
        self._found: dict[str, Message] = {}
        self.complete = False

    @property
    def found(self) -> tuple[Message, ...]:
        """All messages so far, in the server's order."""
        return tuple(self._found.values())

    async def load_page(self) -> None:
        """Load the next page. Raises ApiError; then the same page is next again."""
        if self.complete:
            return
        page = await self._client.search_messages(self._params, cursor=self._cursor)
        for message in page.items:
            message.forget_wire()
            self._found.setdefault(message.id.exact, message)
        if page.next is None or not page.items:
            self.complete = True
        elif page.next in self._cursors:
            raise Unreadable(
                "The search goes in circles: the server repeats a cursor. Narrow the search.", request="GET investigate"
            )
        else:
            self._cursors.add(page.next)
            self._cursor = page.next
