"""Where plans are sent: a thread and a loop of their own, so that no screen can stop one between a request and its record."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui_app.plans.commands import Command
    from tui_app.plans.engine import Engine
    from tui_app.plans.state import PlanState

_JOIN_TIMEOUT: Final = 5.0
"""Seconds that the end waits for the thread."""


class EngineThread:
    """The engine on its own thread. It is made there, when the first plan is; everything asked of it happens there."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_asked = False
        self.busy = False
        """Whether a plan is being worked on."""

    @property
    def state(self) -> PlanState | None:
        """The plan that was last worked on, as it stands. From any thread."""
        return self._engine.last_state if self._engine is not None else None

    def _start(self) -> asyncio.AbstractEventLoop:
        if self._thread is None:
            # A daemon: whoever ends the program has waited as long as was worth it.
            self._thread = threading.Thread(target=self._run, name="plan engine", daemon=True)
            self._thread.start()
            self._ready.wait()
        assert self._loop is not None
        return self._loop

    def _run(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        loop.call_soon(self._ready.set)
        try:
            loop.run_forever()
        finally:
            loop.close()

    def submit(self, command: Command) -> Future[PlanState]:
        """Let the engine do what a command asks, to its end; the future raises whatever the engine raises."""

        async def work() -> PlanState:
            try:
                if self._engine is None:
                    self._engine = self._make()
                return await self._engine.work(command, lambda: self._stop_asked)
            finally:
                self.busy = False

        self.busy = True
        self._stop_asked = False
        return asyncio.run_coroutine_threadsafe(work(), self._start())

    def stop(self) -> None:
        """Have nothing sent after the batch in flight; nothing at all when the work has not begun."""
        # Kept here, too: the engine may be being made just now, or about to begin.
        self._stop_asked = True
        self.call(lambda engine: engine.stop())

    def call(self, what: Callable[[Engine], None]) -> None:
        """Have something done by the engine soon; nothing when it has nothing to do."""

        def done() -> None:
            if self._engine is not None:  # it may be being made just now
                what(self._engine)

        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(done)

    async def close(self) -> None:
        """Close the engine's connections and end its thread; what it is doing must have ended."""
        if self._thread is None or self._loop is None:
            return
        loop, engine = self._loop, self._engine
        if engine is not None:
            closing = engine.client.transport.close()
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(closing, loop))
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(self._thread.join, _JOIN_TIMEOUT)
        self._thread = None
