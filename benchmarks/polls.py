"""Polls: requests that watching one job of 100,000 messages costs over its 40 minutes, on a clock that leaps from poll to poll.

The service and its requests are real; only the waiting is left out. Beside it: what reading everything every 5 s would cost.
"""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from benchmarks.figure import Budget, Effort, Figure
from tui_app.config.settings import load_settings
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, running

_START = datetime(2026, 11, 20, 12, tzinfo=UTC)
_MESSAGES = 100_000
_MINUTES = 40
_PER_PAGE = 1000
_NAIVE_EVERY = 5


class LeapingClock:
    """Time stands still while anybody works, and leaps to the next one's waking when all wait."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._asleep = asyncio.Event()

    def now(self) -> datetime:
        return _START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.seconds + seconds, future))
        self._asleep.set()
        await future

    async def leap(self) -> None:
        """Wait until somebody sleeps, and wake who wakes first; the poller is the only one who ever does."""
        while True:
            await self._asleep.wait()
            self._asleep.clear()
            self._sleepers = [(at, future) for at, future in self._sleepers if not future.done()]
            if self._sleepers:
                break
        at, future = min(self._sleepers, key=lambda sleeper: sleeper[0])
        self.seconds = max(self.seconds, at)
        future.set_result(None)


async def watch(messages: int, speed: float, end: float) -> tuple[int, float | None, float]:
    """Requests in all, when the end was seen, and when it was."""
    clock = LeapingClock()
    seen: list[float] = []

    def arrived(snapshot: Any) -> None:
        if snapshot.job.ended and not seen:
            seen.append(clock.seconds)

    options = Options(quota=0, messages=messages, held=0, speed=speed, faults="none")
    with running(options, clock=clock.now) as simulator:
        job = next(job for job in simulator.account.jobs.values() if job.size == messages)
        settings = load_settings({**simulator.environment(), "MAILSLUICE_CONFIG": "/dev/null"})
        service = EmailSecurityService(settings, clock=clock, random=Random(1))
        try:
            service.start()
            service.show(service.jobs.watch(job.job_id, arrived))
            while clock.seconds < end and not seen:
                await asyncio.wait_for(clock.leap(), 30)
        finally:
            await service.close()
        # To a tenth of a second: the moment at which the simulator began to call the job over.
        early, late = 0.0, clock.seconds
        while late - early > 0.1:
            middle = (early + late) / 2
            over = job.status(_START + timedelta(seconds=middle)) == "COMPLETED"
            early, late = (early, middle) if over else (middle, late)
        return len(simulator.wire()), seen[0] if seen else None, late


def measure(effort: Effort) -> list[Figure]:
    """One job's life; a quick run has one that is smaller and lives ten times as fast."""
    # At speed 1 a job of 10,000 or more messages is through in four minutes.
    messages, speed = effort.size(_MESSAGES, 10_000), effort.size(1, 10) / 10
    requests, seen, over = asyncio.run(watch(messages, speed, _MINUTES * 60 * 1.5))
    if seen is None:
        raise RuntimeError("the end was never seen")
    naive = (_MINUTES * 60 // _NAIVE_EVERY + 1) * (1 + math.ceil(_MESSAGES / _PER_PAGE))
    what = f"requests for {messages:,} messages, over {over / 60:.0f} min"
    return [
        Figure("polls", what, "", requests, naive, f"all of it every {_NAIVE_EVERY} s, {_MINUTES} min", Budget(400)),
        Figure("polls", "the end is seen after", "s", seen - over, budget=Budget(5)),
    ]
