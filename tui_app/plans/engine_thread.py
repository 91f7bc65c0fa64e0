"""Where plans are sent: a thread and a loop of their own, so that no screen can stop one between a request and its record."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from tui_app.plans.engine import Engine

T = TypeVar("T")
_PATIENCE: Final = 5.0


class EngineThread:
    """The engine on its own thread. It is made there, when the first plan is; everything asked of it happens there."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self.busy = False
        """Whether a plan is being worked on."""

    def _start(self) -> asyncio.AbstractEventLoop:
        if self._thread is None:
            # A daemon: whoever ends the program has waited as long as was worth it.
            self._thread = threading.Thread(target=self._run, name="acting", daemon=True)
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

    async def ask(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Let the engine do something to its end, even if whoever asked goes away. Raises whatever it raises."""

        async def done() -> T:
            if self._engine is None:
                self._engine = self._make()
            try:
                return await work(self._engine)
            finally:
                self.busy = False

        self.busy = True
        return await asyncio.shield(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(done(), self._start())))

    def tell(self, what: Callable[[Engine], None]) -> None:
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
            closing: Coroutine[Any, Any, None] = engine.client.transport.close()
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(closing, loop))
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(self._thread.join, _PATIENCE)
        self._thread = None
