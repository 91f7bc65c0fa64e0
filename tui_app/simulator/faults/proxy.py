"""The fault proxy: a server before the simulated API that injects faults into requests and answers."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp

from tui_app.simulator.faults.plan import ChosenFaults, Fault, FaultPlan
from tui_app.simulator.faults.raw_http import (
    LARGEST_HEAD,
    Answer,
    Asked,
    UnreadableRequest,
    ask,
    envelope,
    read_body,
    read_head,
)
from tui_app.simulator.faults.responses import changed, instead
from tui_app.simulator.faults.slow_search import TICKET, SlowSearches
from tui_app.simulator.faults.transport import DAMAGE, Connection
from tui_app.simulator.operations import name_of
from tui_app.simulator.truth import TruthLog

_BACKLOG = 1024
_HEAD_ONLY = ("close_on_accept", "reset_on_accept", "close_after_headers")


class FaultProxy:
    """Serves an app on one socket; `plan` may be replaced at any time. The truth log gets a line for each request.

    `happen` does to the account what is not about the request; it is told the path.
    """

    def __init__(
        self,
        app: ASGIApp,
        plan: FaultPlan,
        truth: TruthLog,
        clock: Callable[[], datetime],
        happen: Callable[[Fault, str], None],
    ) -> None:
        self.plan = plan
        self._app = app
        self._truth = truth
        self._clock = clock
        self._happen = happen
        self._slow = SlowSearches()
        self._open: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._told_to_end = False

    async def serve(self, listening: socket.socket) -> None:
        """Serve until `stop`; connections that are open then are cut."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self._told_to_end:
                self._ended.set()
        server = await asyncio.start_server(self._connection, sock=listening, limit=LARGEST_HEAD, backlog=_BACKLOG)
        try:
            await self._ended.wait()
        finally:
            with self._lock:
                self._loop = None
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def stop(self) -> None:
        """End `serve`, from any thread."""
        with self._lock:
            self._told_to_end = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ended.set)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        line = Connection(reader, writer)
        try:
            if fault := self.plan.at_accept():
                self._record(None, None, fault.kind.name)
                await DAMAGE[fault.kind.name](line, Answer(0, b""), fault)
            else:
                while await self._exchange(reader, line):
                    pass
        except UnreadableRequest as unreadable:
            refusal = envelope(400, 10400, str(unreadable))
            with contextlib.suppress(OSError):
                await line.send(refusal.head(alive=False) + refusal.body)
        except (OSError, asyncio.CancelledError):
            # The client is gone, or the simulator ends.
            writer.transport.abort()
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, line: Connection) -> bool:
        """Handle one request; returns whether the connection stays open."""
        asked = await read_head(reader)
        if asked is None:
            return False
        endpoint = name_of(asked.method, asked.path)
        choice = self.plan.choose(asked.method, endpoint)
        fault = choice.fault
        self._befall(choice, "before", asked.path)
        reads_on = fault is None or fault.kind.name not in _HEAD_ONLY
        if reads_on and not await read_body(reader, asked):
            self._record(asked, endpoint, None)
            return False
        answer, processed, told = await self._answer(asked, fault)
        self._befall(choice, "after", asked.path)
        self._record(asked, endpoint, told, processed=processed)
        return await self._send(line, asked, answer, choice)

    async def _answer(self, asked: Asked, fault: Fault | None) -> tuple[Answer, bool, str | None]:
        """The answer, whether the account acted, and the fault that was used."""
        name = fault.kind.name if fault is not None else None
        polled = any(parameter == TICKET for parameter, _ in asked.query)
        if fault is not None and not fault.kind.processed:
            return instead(fault, asked) or Answer(0, b""), False, name
        if polled and (early := self._slow.poll(asked)):
            return early, False, "slow_search"
        if fault is not None and name in ("slow_search", "slow_search_elsewhere") and not polled:
            return self._slow.begin(asked, fault), False, name
        inner = asked.without(TICKET) if polled else asked
        if name == "ignored_page":
            inner = inner.without("page", "cursor")
        if fault is not None and name == "capped_pages":
            inner = inner.capped("per_page", fault.value)
        answer = await ask(self._app, inner, fault)
        good = answer.status < 400
        if fault is None or (not good and name not in DAMAGE):
            return answer, good, None
        return (changed(answer, fault, asked) if good else answer), good, name

    def _befall(self, choice: ChosenFaults, when: str, path: str) -> None:
        for event in choice.events:
            if event.kind.happens == when:
                self._happen(event, path)

    async def _send(self, line: Connection, asked: Asked, answer: Answer, choice: ChosenFaults) -> bool:
        line.pace = choice.pace
        if choice.latency is not None:
            await asyncio.sleep(choice.latency.value / 1000)
        if choice.fault is not None and choice.fault.kind.name in DAMAGE:
            await DAMAGE[choice.fault.kind.name](line, answer, choice.fault)
            return False
        body = b"" if asked.method == "HEAD" or answer.status == 304 else answer.body
        await line.send(answer.head(alive=asked.keeps_alive) + body)
        return asked.keeps_alive

    def _record(self, asked: Asked | None, endpoint: str | None, fault: str | None, *, processed: bool = False) -> None:
        self._truth.add_wire(
            self._clock(),
            method=asked.method if asked else None,
            endpoint=endpoint,
            path=asked.path if asked else None,
            fault=fault,
            processed=processed,
        )
