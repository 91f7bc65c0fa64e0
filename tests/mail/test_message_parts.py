"""The trace of a message while it is on its way: asked for in one series, and its lines are kept."""

import asyncio
from typing import cast

from tests.support.clock import ManualClock
from tui_app.api.client import EmailSecurityClient
from tui_app.api.details import Trace
from tui_app.api.errors import ServerFault
from tui_app.core.look_alike import KnownDomains
from tui_app.mail.message_parts import ASK_AGAIN, MessageParts, Part, trace_to_its_end
from tui_app.mail.part_text import lines_of


class Server:
    """A trace that is not whole, until it is; and a server that fails meanwhile."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False
        self.pending = True

    async def get_trace(self, name: str) -> Trace:
        self.asked += 1
        if self.fails:
            raise ServerFault("The server is busy.", request="GET x", status=503)
        return Trace.from_wire({"inbound": {"lines": [{"message": "came in"}], "pending": self.pending}})


class Looking:
    """Somebody who looks at the trace, and turns away."""

    def __init__(self) -> None:
        self.server, self.clock = Server(), ManualClock()
        self.parts = MessageParts(lambda: cast(EmailSecurityClient, self.server), self.clock, "name")
        self.told = 0
        self.task: asyncio.Task[None] | None = None

    async def turn_to(self) -> None:
        async def told() -> None:
            self.told += 1

        self.task = asyncio.create_task(trace_to_its_end(self.parts, self.clock.sleep, told))
        await self.clock.settle()

    def turn_away(self) -> None:
        assert self.task is not None
        assert not self.task.done() or self.task.exception() is None
        self.task.cancel()

    @property
    def lines(self) -> str:
        return "\n".join(map(str, lines_of(Part.TRACE, self.parts, KnownDomains.of((), {}))))


async def test_asking_again_that_fails_keeps_the_lines_and_says_so() -> None:
    look = Looking()
    await look.turn_to()
    look.server.fails = True
    await look.clock.advance(2.1)
    assert look.server.asked == 2
    assert "came in" in look.lines
    assert look.lines.startswith("It could not be read again; these are the lines of ")
    assert "The server is busy." in look.lines
    look.server.fails = look.server.pending = False
    await look.clock.advance(4.1)
    assert "could not be read again" not in look.lines
    await look.clock.advance(500)
    assert (look.server.asked, look.told) == (3, 3)


async def test_a_first_answer_that_fails_is_a_failure() -> None:
    look = Looking()
    look.server.fails = True
    await look.turn_to()
    assert (look.parts.trace, look.parts.trace_failed, look.server.asked, look.lines) == (None, None, 1, "")


async def test_there_is_one_series_of_asking_for_a_message_however_often_somebody_turns_back() -> None:
    look = Looking()
    for _ in range(20):
        await look.turn_to()
        await look.clock.advance(31)
        look.turn_away()
    most = len(ASK_AGAIN) + 1
    assert look.server.asked == most
    assert f"Still on its way after it was asked for {most} times; r asks again." in look.lines
    look.parts.begin_trace()
    await look.turn_to()
    assert "Still on its way" not in look.lines
    await look.clock.advance(500)
    assert look.server.asked == 2 * most


async def test_a_series_ends_without_a_remark_when_the_trace_is_whole() -> None:
    look = Looking()
    look.server.pending = False
    await look.turn_to()
    await look.clock.advance(500)
    assert look.server.asked == 1
    assert look.parts.trace_remarks == []
