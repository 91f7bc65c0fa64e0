"""A search for held mail that is loaded page by page: it tells its listener what is here and what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tui_app.api.errors import ApiError
from tui_app.api.pagination import CursorPages, search_pages
from tui_app.core.errors import SluiceError
from tui_app.mail.query import parse_held_query

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.core.clock import Clock

LOADED_AT_ONCE: Final = 5000
"""Messages loaded without being asked: five requests."""


@dataclass(frozen=True, slots=True)
class MailSnapshot:
    """What was found so far of one search, and whether that is all."""

    line: str
    """The search as it was typed."""
    params: SearchParams
    found: tuple[Message, ...] = ()
    """Each message once, in the server's order."""
    complete: bool = False
    loading: bool = False
    maybe_more: bool = False
    """Whether the server said to the end that there is more, and brought nothing new."""
    unreadable: int = 0
    """How many messages could not be read."""
    unasked: int = 0
    """How many more the server sent that are not what was asked for."""
    problem: SluiceError | None = None
    """Why loading ended early."""
    diagnosis: str = ""
    """One more sentence on the problem; empty where there is none."""
    read_at: datetime | None = None


class MailSubject:
    """One search at a time. It is not polled: it loads when it is asked to."""

    def __init__(
        self,
        client: Callable[[], EmailSecurityClient],
        clock: Clock,
        diagnose: Callable[[ApiError], Awaitable[str]],
        listener: Callable[[MailSnapshot], None],
    ) -> None:
        self._client = client
        self._clock = clock
        self._diagnose = diagnose
        self._listener = listener
        self._pages: CursorPages[Message] | None = None
        self.snapshot = MailSnapshot("", parse_held_query("", clock.now()))

    def ask(self, line: str) -> None:
        """Turn to the search that a line stands for; `load` asks the server. Raises ValueError with a sentence."""
        params = parse_held_query(line, self._clock.now())
        self._pages = None
        self._tell(MailSnapshot(line, params, read_at=self.snapshot.read_at))

    async def load(self, at_most: int = LOADED_AT_ONCE) -> None:
        """Load pages until so many more messages are here, or all are. What goes wrong is in the snapshot."""
        if self._pages is None:
            self._pages = search_pages(self._client(), self.snapshot.params)
        pages, enough = self._pages, len(self.snapshot.found) + at_most
        self._change(pages, loading=True, problem=None, diagnosis="")
        try:
            while not pages.complete and len(self.snapshot.found) < enough and pages is self._pages:
                more = await pages.load()
                self._change(
                    pages,
                    found=(*self.snapshot.found, *more),
                    complete=pages.complete,
                    maybe_more=pages.maybe_more,
                    unreadable=pages.unreadable,
                    unasked=pages.unasked,
                    read_at=self._clock.now(),
                )
        except SluiceError as error:
            diagnosis = await self._diagnose(error) if isinstance(error, ApiError) else ""
            self._change(pages, problem=error, diagnosis=diagnosis)
        finally:
            # Also when it is cancelled because the screen goes away.
            self._change(pages, loading=False)

    def _change(self, pages: CursorPages[Message], **changes: object) -> None:
        if pages is self._pages:
            self._tell(replace(self.snapshot, **changes))  # type: ignore[arg-type]

    def _tell(self, snapshot: MailSnapshot) -> None:
        self.snapshot = snapshot
        self._listener(snapshot)
