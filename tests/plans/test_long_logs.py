"""Reading back what became of a message of which the action log has several pages, or more than can be read."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from tests.support.one_mail import OneMail
from tui_app.api.client import EmailSecurityClient
from tui_app.api.details import LogEntry
from tui_app.api.enums import Destination
from tui_app.api.page import Page
from tui_app.api.rows import Message
from tui_app.plans.move import MoveReadBack
from tui_app.plans.plan import Plan, Target
from tui_app.plans.settle import ReleaseReadBack
from tui_app.plans.state import Outcome, PlanState, Result

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = "4NAAAAAAAAAAAA07-2026-11-20T09:00:00-7"


def entry(operation: str, minutes: int, folder: str | None = None) -> LogEntry:
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    properties = {"folder": folder} if folder else {}
    return LogEntry.from_wire(
        {"operation": operation, "success": True, "status": "OK", "completed_at": at, "properties": properties}
    )


class Server:
    """A server that gives twenty entries a page; after the last one it refuses, or begins anew."""

    def __init__(self, *entries: LogEntry, anew: bool = False) -> None:
        self._pages = [entries[start : start + 20] for start in range(0, len(entries), 20)]
        self._anew = anew

    async def list_action_log(self, name: str, *, page: int) -> Page[LogEntry]:
        known = page <= len(self._pages)
        return Page(self._pages[page - 1] if known else self._pages[0] if self._anew else ())

    async def get_message(self, name: str) -> Message:
        wire: dict[str, Any] = OneMail(clock=lambda: NOW).mail.wire("new")
        wire |= {"is_quarantined": False, "post_delivery_operations": []}
        return Message.from_wire(wire)


OTHERS = [entry("PREVIEW", 500 + n) for n in range(20)]


async def told_of_a_move(server: Server) -> Result:
    state = PlanState(cast(Plan, None), sent_at={NAME: NOW})
    back = MoveReadBack(cast(EmailSecurityClient, server), NOW, state, Destination.JUNK)
    return await back.judged(Target(NAME))


async def told_of_a_release(server: Server) -> Result:
    state = PlanState(cast(Plan, None), sent_at={NAME: NOW})
    (result,) = await ReleaseReadBack(cast(EmailSecurityClient, server), NOW, state).last_round([Target(NAME)])
    return result


async def test_a_move_on_the_second_page_of_a_server_that_caps_its_pages_is_seen() -> None:
    result = await told_of_a_move(Server(*OTHERS, entry("MOVE", 0, "JunkEmail")))
    assert result.outcome is Outcome.SEEN_MOVED


async def test_a_release_on_the_second_page_is_seen() -> None:
    result = await told_of_a_release(Server(*OTHERS, entry("QUARANTINE_RELEASE", 0)))
    assert result.outcome is Outcome.RELEASED


@pytest.mark.parametrize("told", [told_of_a_move, told_of_a_release])
async def test_where_not_all_could_be_read_nothing_is_said_to_be_missing(told: Any) -> None:
    result = await told(Server(*OTHERS, anew=True))
    assert result.outcome is Outcome.UNKNOWN
    assert "not all of" in result.why
