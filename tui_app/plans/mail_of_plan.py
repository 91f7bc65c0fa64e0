"""Senders and subjects of an earlier plan: its journal keeps none, so the account is asked, by few requests, for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import NotFound, TooLarge, Unreadable
from tui_app.api.page import MAX_PER_PAGE, Page
from tui_app.api.pagination import CursorPages
from tui_app.api.search import SearchParams
from tui_app.plans.plan import Target, has_no_time, windows_of

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.core.text import Untrusted
    from tui_app.plans.effect import Effect

MOST_REQUESTS: Final = 5
"""Requests that the names of one plan are worth."""
MOST_KNOWN: Final = 10_000
"""Messages that are remembered."""


@dataclass(frozen=True, slots=True)
class SenderSubject:
    """Who sent a message, and its subject."""

    sender: Untrusted
    subject: Untrusted

    def of(self, target: Target) -> Target:
        """The target with these."""
        return replace(target, sender=self.sender, subject=self.subject)


@dataclass
class KnownMail:
    """Senders and subjects that were seen in this session, by investigate id; in memory only. The oldest ones go first."""

    _by_id: dict[str, SenderSubject] = field(default_factory=dict)

    def add(self, name: str, found: SenderSubject) -> None:
        """Remember a message."""
        self._by_id[name] = found
        while len(self._by_id) > MOST_KNOWN:
            del self._by_id[next(iter(self._by_id))]

    def of(self, targets: Sequence[Target]) -> Mapping[str, SenderSubject]:
        """What is known of these, by their ids."""
        return {target.id: found for target in targets if (found := self._by_id.get(target.id)) is not None}


class _Spent(Exception):
    """No request is left."""


@dataclass
class MailQuestion:
    """What is asked about the mail of one plan: a few requests in all, however often it is asked."""

    effect: Effect
    left: int = MOST_REQUESTS
    cut_off: bool = False
    """Whether more could have been found by more requests."""

    async def ask(
        self, client: EmailSecurityClient, targets: Sequence[Target], known: KnownMail, now: datetime, *, done: bool
    ) -> None:
        """Ask for what is not known of these, and remember what comes, page by page. Raises ApiError.

        `done` = the plan did something: then its mail is found among what was released, or moved.
        """
        # A postfix id may be that of another message, too.
        wanted = {target.id for target in targets if target.investigate_id} - known.of(targets).keys()
        missing = [target for target in targets if target.id in wanted]
        try:
            if len(missing) > 1:
                for params in self._searches(missing, now, done=done):
                    await self._search(client, params, wanted, known)
                    if not wanted:
                        return
            for target in missing:
                if target.id in wanted and not has_no_time(target, now):
                    await self._single(client, target.id, known)
        except _Spent:
            self.cut_off = True

    def _searches(self, targets: Sequence[Target], now: datetime, *, done: bool) -> Iterator[SearchParams]:
        """Where their mail may be, the likeliest first."""
        windows = [SearchParams(start=start, end=end, detections_only=False) for start, end in windows_of(targets, now)]
        if self.effect.is_move:
            after = [replace(window, message_action="MOVED") for window in windows]
            before = windows
        else:
            after = [replace(window, message_action="QUARANTINE_RELEASED") for window in windows]
            before = [replace(window, delivery_status=DeliveryStatus.QUARANTINED) for window in windows]
        yield from (*after, *before) if done else (*before, *after)

    def _spend(self) -> None:
        if self.left <= 0:
            raise _Spent
        self.left -= 1

    async def _search(
        self, client: EmailSecurityClient, params: SearchParams, wanted: set[str], known: KnownMail
    ) -> None:
        async def page_of(cursor: str | None, size: int) -> Page[Message]:
            self._spend()
            return await client.search_messages(params, cursor=cursor, per_page=size)

        pages: CursorPages[Message] = CursorPages(page_of, lambda message: message.id.exact, MAX_PER_PAGE)
        try:
            async for page in pages:
                for message in page:
                    if message.id.exact in wanted:
                        wanted.discard(message.id.exact)
                        known.add(message.id.exact, SenderSubject(message.sender, message.subject))
                if not wanted:
                    return
        except (TooLarge, Unreadable):
            return  # one mail that fits no answer hides none of the others

    async def _single(self, client: EmailSecurityClient, name: str, known: KnownMail) -> None:
        self._spend()
        try:
            message = await client.get_message(name)
        except (NotFound, Unreadable):
            return
        known.add(name, SenderSubject(message.sender, message.subject))
