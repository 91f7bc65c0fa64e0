"""Which messages go by an id of any kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.core.errors import UsageError
from tui_app.core.id_form import IdKind, kind_of, message_id, moment_of_id
from tui_app.core.text import plural, sanitize

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message

_KEPT: Final = timedelta(days=90)
"""How far back a search looks: mail is not kept longer."""
_MARGIN: Final = timedelta(minutes=1)
_MOST: Final = 2
"""Pages of what goes by one id: nobody chooses from more."""
_NAMED: Final = 10
"""Ids that are told where several messages go by one."""


@dataclass(frozen=True, slots=True)
class Found:
    """The messages that go by an id, each once."""

    messages: tuple[Message, ...] = ()
    whole: bool = True
    """Whether all that the server has for the id was looked at."""
    looked_at: int = 0
    """How many messages came."""

    @property
    def the_one(self) -> Message | None:
        """The message, if it is surely the only one."""
        return self.messages[0] if self.whole and len(self.messages) == 1 else None

    def why_not(self, name: str) -> str:
        """Why there is no single message by an id, in a sentence; `name` is safe to show."""
        among = f"among the first {self.looked_at:,} that came"
        if not self.messages and self.whole:
            return f"No message goes by {name}, or it is older than searches look back."
        if not self.messages:
            return f"The server does not search by it: {name} is not {among}."
        ids = ", ".join(str(each.id) for each in self.messages[:_NAMED])
        if len(self.messages) == 1:
            return f"One message goes by {name} {among}, and there may be others: give the investigate id: {ids}"
        return f"{plural(len(self.messages), 'message')} go by {name}: give the investigate id: {ids}"


async def find_messages(client: EmailSecurityClient, name: str, now: datetime) -> Found:
    """The messages that go by an investigate id, an alert id or a Message-ID.

    An investigate id is asked for by itself, the others are searched for; only mail that says itself that it has the id
    counts. Raises ApiError, and UsageError for a postfix id: no search finds it.
    """
    match kind_of(name):
        case IdKind.INVESTIGATE:
            return Found((await client.get_message(name),), looked_at=1)
        case IdKind.ALERT:
            scanned = moment_of_id(name)
            start, end = (now - _KEPT, now) if scanned is None else (scanned - _MARGIN, min(now, scanned + _MARGIN))
            return await _saying(client, SearchParams(start=start, end=end, detections_only=False, alert_id=name), name)
        case IdKind.MESSAGE:
            whole = message_id(name)
            window = SearchParams(start=now - _KEPT, end=now, detections_only=False)
            # Whether the brackets belong to what the server compares is not documented.
            first = await _saying(client, _by_message_id(window, whole), whole)
            if first.messages:
                return first
            second = await _saying(client, _by_message_id(window, whole[1:-1]), whole)
            return second if second.messages or not second.whole else first
    raise UsageError(
        f"{sanitize(name, 60)} has the form of a postfix id: no search finds it. Give an investigate id, an alert id or a Message-ID."
    )


def _by_message_id(window: SearchParams, written: str) -> SearchParams:
    return SearchParams(start=window.start, end=window.end, detections_only=False, message_id=written)


async def _saying(client: EmailSecurityClient, params: SearchParams, name: str) -> Found:
    found: dict[str, Message] = {}
    pages = search_pages(client, params, exact=True)
    looked_at = 0
    for _ in range(_MOST):
        page = await pages.load()
        looked_at += len(page) + len(pages.others)
        for message in page:
            said = message.alert_id if params.alert_id else message.message_id
            if said is not None and said.exact.strip().strip("<>") == name.strip("<>"):
                found[message.id.exact] = message
        if pages.complete:
            break
    return Found(tuple(found.values()), pages.complete and not pages.may_miss, looked_at)
