"""Finding a message by an id: what is told where the server does not search by it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tui_app.api.client import EmailSecurityClient
from tui_app.api.page import Page
from tui_app.api.rows import Message
from tui_app.mail.find import Found, find_messages
from tui_app.simulator.mail import Mail

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WANTED = "<wanted@x.example>"


def mail(number: int, header_id: str = "") -> Message:
    one = Mail(number, f"4NAAAAAAAAAAA{number:03}", "x@y.example", "X", ("ana@acme.example",), "Hello", NOW, "BULK")
    wire: dict[str, Any] = one.wire("new") | ({"message_id": header_id} if header_id else {})
    return Message.from_wire(wire)


class Server:
    """A server that answers every search with the same pages."""

    def __init__(self, *pages: Sequence[Message], unreadable: int = 0) -> None:
        self._pages = pages
        self._unreadable = unreadable

    async def search_messages(self, params: object, *, cursor: str | None, **size: object) -> Page[Message]:
        at = int(cursor or 0)
        more = str(at + 1) if at + 1 < len(self._pages) else None
        return Page(tuple(self._pages[at]), next=more, unreadable=self._unreadable)

    async def find(self) -> Found:
        return await find_messages(cast(EmailSecurityClient, self), WANTED, NOW)


OTHERS = [[mail(3 * page + n) for n in range(3)] for page in range(5)]


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (Server([]), "No message goes by it, or it is older than searches look back."),
        (Server(OTHERS[0]), "No message goes by it, or it is older than searches look back."),
        (Server(*OTHERS), "The server does not search by it: it is not among the first 6 that came."),
        (Server(OTHERS[0], unreadable=1), "The server does not search by it: it is not among the first 3 that came."),
        (Server([mail(99, WANTED)], *OTHERS), "One message goes by it among the first 4 that came"),
        (Server([mail(98, WANTED), mail(99, WANTED)]), "2 messages go by it: give the investigate id: 4N"),
    ],
)
async def test_why_there_is_no_single_message(server: Server, why: str) -> None:
    found = await server.find()
    assert found.the_one is None
    assert found.why_not("it").startswith(why)


@pytest.mark.parametrize("pages", [[[mail(99, WANTED)]], [OTHERS[0], [mail(99, WANTED)]]])
async def test_the_only_one_of_a_whole_search_is_the_one(pages: list[list[Message]]) -> None:
    found = await Server(*pages).find()
    assert found.the_one is not None
    assert found.the_one.message_id is not None
    assert found.the_one.message_id.exact == WANTED
