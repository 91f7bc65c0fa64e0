"""Driving the console in a test: its screen as text, and waiting for what should appear."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from textual import _wait
from textual._context import visible_screen_stack
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tui_app.app import SluiceApp
from tui_app.config.settings import Settings
from tui_app.core.clock import Clock, SystemClock
from tui_app.screens.confirm import Confirm
from tui_app.service import EmailSecurityService

PATIENCE = 15.0
"""Seconds after which a wait gives up; an upper bound, never a pace."""


def screen_text(app: SluiceApp) -> str:
    """What is on the screen, line by line, without colours and without blanks at the ends."""
    height = app.size.height
    visible_screen_stack.set(app._background_screens)  # what a question lies upon is shown too
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[:height])


class Console:
    """The running console."""

    def __init__(self, app: SluiceApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        # After each key the pilot waits, twice, until the process was idle for 20 ms: most of the time that a test takes.
        with patch.multiple(_wait, SLEEP_GRANULARITY=1 / 500, SLEEP_IDLE=1 / 5000):
            await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.press(*("space" if character == " " else character for character in text))

    async def settles(self) -> str:
        """The screen when nothing more happens to it."""
        await self.pilot.pause()
        return self.text

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait for something to be so; fails with the screen."""

        async def watch() -> None:
            while not condition():
                await self.pilot.pause(0.02)

        try:
            await asyncio.wait_for(watch(), PATIENCE)
        except TimeoutError:
            raise AssertionError(f"never happened: {what}\n{self.text}") from None

    async def sees(self, *words: str) -> None:
        """Wait until all these words are on the screen."""
        await self.until(lambda: all(word in self.text for word in words), " and ".join(words))

    async def loses(self, word: str) -> None:
        """Wait until a word is gone."""
        await self.until(lambda: word not in self.text, f"{word} gone")


@asynccontextmanager
async def console_on(
    settings: Settings, *, clock: Clock | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Console]:
    """The console on an account, at 80x24 unless told otherwise."""
    service = EmailSecurityService(settings, clock=clock or SystemClock(), random=Random(1))
    app = SluiceApp(service)
    # Nobody reads here; that a question waits for its reader is tested with a terminal.
    with patch.object(Confirm, "READ_FIRST", 0.0):
        async with app.run_test(size=size) as pilot:
            yield Console(app, pilot)


class Gate:
    """What coroutines wait at, in any thread, until it is opened."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()

    def set(self) -> None:
        self._opened.set_result(None)

    async def wait(self) -> None:
        # A test that has failed before it opened the gate must come to its end.
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._opened)), 3 * PATIENCE)


def held_open(patches: pytest.MonkeyPatch, owner: object, name: str) -> Gate:
    """Let a coroutine function give back what it found, or fail, only when the gate is set: for what is pressed meanwhile."""
    real, gate = getattr(owner, name), Gate()

    async def waiting(*arguments: Any, **named: Any) -> Any:
        try:
            found = await real(*arguments, **named)
        except Exception:
            await gate.wait()
            raise
        await gate.wait()
        return found

    patches.setattr(owner, name, waiting)
    return gate


def painted(widget: Widget) -> list[Strip]:
    """The lines of a widget as they would be painted now."""
    return widget.render_lines(Region(0, 0, *widget.size))
