"""Clocks for tests: one that stands still for people, one that moves only when told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tui_app.core.clock import SystemClock


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for what should be so, with an upper bound."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.002)


class StillClock(SystemClock):
    """Real waiting, but the time of day never changes: screens look the same every time."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


class HurriedClock(SystemClock):
    """Waits take no time, but the clock shows that they were sat out."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


class SetClock(SystemClock):
    """Waits take no time, but both its times show that they were sat out; and somebody may set the time of day.

    The time of day moves by waits alone: what is due must not depend on how busy the machine is.
    """

    def __init__(self) -> None:
        self._began = super().now()
        self.passed = 0.0
        """Seconds that were waited."""
        self.set_by = 0.0
        """Seconds by which it was set forward, all in all."""

    def now(self) -> datetime:
        return self.right_time() + timedelta(seconds=self.set_by)

    def right_time(self) -> datetime:
        """What it would show had nobody set it."""
        return self._began + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return super().monotonic() + self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0)


class ManualClock:
    """Time moves when `advance` is called; sleepers wake in order."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, future))
        await future

    @property
    def next_wake(self) -> float | None:
        """Seconds from now until the next sleeper wakes."""
        alive = [at for at, future in self._sleepers if not future.done()]
        return min(alive) - self._seconds if alive else None

    async def settle(self) -> None:
        """Let everything run that can run without time passing."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self._seconds + seconds
        await self.settle()
        while True:
            due = sorted((at, id(future), future) for at, future in self._sleepers if at <= end and not future.done())
            if not due:
                break
            self._seconds = max(self._seconds, due[0][0])
            due[0][2].set_result(None)
            await self.settle()
        self._seconds = end
        self._sleepers = [(at, future) for at, future in self._sleepers if not future.done()]
        await self.settle()
