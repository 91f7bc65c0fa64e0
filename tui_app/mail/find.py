"""Which messages go by an id of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.core.errors import UsageError
from tui_app.core.id_form import IdKind, kind_of, message_id, moment_of_id
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message

_KEPT: Final = timedelta(days=90)
"""How far back a search looks: mail is not kept longer."""
_MARGIN: Final = timedelta(minutes=1)
_MOST: Final = 2
"""Pages of what goes by one id: nobody chooses from more."""


async def find_messages(client: EmailSecurityClient, name: str, now: datetime) -> Sequence[Message]:
    """The messages that go by an investigate id, an alert id or a Message-ID, each once.

    An investigate id is asked for by itself, the others are searched for; only mail that says itself that it has the id
    counts. Raises ApiError, and UsageError for a postfix id: no search finds it.
    """
    match kind_of(name):
        case IdKind.INVESTIGATE:
            return [await client.get_message(name)]
        case IdKind.ALERT:
            scanned = moment_of_id(name)
            start, end = (now - _KEPT, now) if scanned is None else (scanned - _MARGIN, min(now, scanned + _MARGIN))
            return await _saying(client, SearchParams(start=start, end=end, detections_only=False, alert_id=name), name)
        case IdKind.MESSAGE:
            whole = message_id(name)
            window = SearchParams(start=now - _KEPT, end=now, detections_only=False)
            # Whether the brackets belong to what the server compares is not documented.
            for written in (whole, whole[1:-1]):
                if found := await _saying(client, _by_message_id(window, written), whole):
                    return found
            return []
    raise UsageError(
        f"{sanitize(name, 60)} has the form of a postfix id: no search finds it. Give an investigate id, an alert id or a Message-ID."
    )


def _by_message_id(window: SearchParams, written: str) -> SearchParams:
    return SearchParams(start=window.start, end=window.end, detections_only=False, message_id=written)


async def _saying(client: EmailSecurityClient, params: SearchParams, name: str) -> Sequence[Message]:
    found: dict[str, Message] = {}
    pages, count = search_pages(client, params, exact=True), 0
    async for page in pages:
        for message in page:
            said = message.alert_id if params.alert_id else message.message_id
            if said is not None and said.exact.strip().strip("<>") == name.strip("<>"):
                found[message.id.exact] = message
        count += 1
        if count == _MOST:
            break
    return list(found.values())
