"""The one poller of the process: it asks for what is on the screen, as often as that is worth it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol

from tui_app.api.errors import Forbidden, RateLimited, Unauthenticated
from tui_app.core.errors import SluiceError

if TYPE_CHECKING:
    from tui_app.api.budget import Budget
    from tui_app.core.clock import Clock

FASTEST: Final = 2.0
SLOWEST_MOVING: Final = 15.0
SLOWEST_STILL: Final = 30.0
SLOWEST_FAILING: Final = 60.0
JITTER: Final = 0.15


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll found: did anything move, will it end, in how many seconds, is it over."""

    moved: bool
    seconds_left: float | None = None
    over: bool = False
    requests: int = 1


class Subject(Protocol):
    """Something that can be asked about again and again. It delivers its own snapshots."""

    async def poll(self) -> PollResult:
        """Ask once. Raises ApiError."""
        ...

    def tells_of(self, job_id: str) -> bool:
        """Whether its answers tell how that job stands."""
        ...


class Behind(Subject, Protocol):
    """What is asked about seldom, behind whatever is on the screen."""

    def wanted(self, shown: Subject | None) -> bool:
        """Whether there is something to ask that what is polled for the screen does not tell."""
        ...


class ConnectionState(Enum):
    """How the connection to the API stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    PAUSED = "paused"
    OFFLINE = "offline"
    LIMITED = "limited"
    SAVING = "saving"
    """Few requests are left; they are kept for the operator's own actions."""
    DENIED = "denied"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The state of the line, for the header. Times are monotonic seconds of the service's clock."""

    state: ConnectionState = ConnectionState.CONNECTING
    asked_at: float | None = None
    next_at: float | None = None
    error: SluiceError | None = None


@dataclass
class PollInterval:
    """The interval between polls: quick while things move, slower while they don't, slowest while failing."""

    interval: float = FASTEST

    def after(self, pulse: PollResult) -> float:
        """Seconds until the next poll after one that worked. Lists of many pages count as many polls."""
        if pulse.moved:
            left = pulse.seconds_left
            self.interval = FASTEST if left is None else min(max(left / 10, FASTEST), SLOWEST_MOVING)
        else:
            self.interval = min(max(self.interval, FASTEST) * 1.5, SLOWEST_STILL)
        return self.interval * max(1, pulse.requests)

    def after_failure(self) -> float:
        """Seconds until the next poll after one that failed."""
        self.interval = min(max(self.interval, FASTEST) * 2, SLOWEST_FAILING)
        return self.interval

    def reset(self) -> None:
        """Quick again: something was done, or somebody looks."""
        self.interval = FASTEST


class Poller:
    """Polls the one subject that is visible; one request in flight; `tell` learns how the line stands.

    Between its polls, and where nothing is to be polled, `behind` is asked every 30 s while it wants to be.
    Polls come last: they slow down before the token's quota is used up, and leave its reserve to the operator.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        tell: Callable[[ConnectionStatus], None],
        budget: Budget,
        behind: Behind | None = None,
    ) -> None:
        self._clock = clock
        self._random = random
        self._tell = tell
        self._budget = budget
        self._cost = 1
        """Requests that the last poll took."""
        self._subject: Subject | None = None
        self._confirmed_over = False
        self._pace = PollInterval()
        self._wake = asyncio.Event()
        self.connection = ConnectionStatus()
        self._paused = False
        self._asked = False
        self._behind = behind
        self._behind_at: float | None = None
        """When `behind` is asked next; None while there is nothing to ask."""

    def watch(self, subject: Subject) -> None:
        """Poll this from now on, at once."""
        self._subject = subject
        self._confirmed_over = False
        self._cost = 1
        self.kick()

    def unwatch(self, subject: Subject) -> None:
        """Stop polling it, if it is still the one."""
        if self._subject is subject:
            self._subject = None
            self._wake.set()

    def kick(self) -> None:
        """Poll now, once even if paused: after an action, or when asked to."""
        self._pace.reset()
        self._asked = True
        if self._behind_at == math.inf:
            self._behind_at = None
        self._wake.set()

    def recheck(self) -> None:
        """Look at the budget again: it changed."""
        self._wake.set()

    def toggle_pause(self) -> bool:
        """Stop or resume; whether it is paused now."""
        self._paused = not self._paused
        if self._paused:
            self._now(replace(self.connection, state=ConnectionState.PAUSED, next_at=None))
        else:
            self._confirmed_over = False
            self.kick()
        return self._paused

    def _now(self, connection: ConnectionStatus) -> None:
        if connection != self.connection:
            self.connection = connection
            self._tell(connection)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            self._wake.clear()
            subject = self._subject
            delay: float | None = None
            if subject is not None and (self._asked or not (self._paused or self._at_rest)):
                wait = self._budget.wait() if self._asked else self._budget.wait_to_poll(self._cost)
                self._asked = False
                delay = self._hold_back(wait) if wait > 0 else await self._poll(subject)
            await self._rest(delay)

    @property
    def _at_rest(self) -> bool:
        """Whether only somebody's wish may wake it: access was refused, or what is watched is over."""
        return self.connection.state in (ConnectionState.DENIED, ConnectionState.ENDED)

    def _hold_back(self, wait: float) -> float | None:
        """Nothing is sent now: either it would be answered 429, or it would take from the reserve."""
        if self._paused:
            return None
        limited = self._budget.wait() > 0
        error = self.connection.error if limited and self.connection.state is ConnectionState.LIMITED else None
        state = ConnectionState.LIMITED if limited else ConnectionState.SAVING
        self._now(ConnectionStatus(state, self.connection.asked_at, self._clock.monotonic() + wait, error))
        return wait

    async def _poll(self, subject: Subject) -> float | None:
        try:
            pulse = await subject.poll()
        except SluiceError as error:
            return self._failed(error, subject)
        except Exception as error:
            # A fault of ours must not end the watching unseen; it is told like any other trouble.
            return self._failed(SluiceError(f"The answer could not be used ({type(error).__name__})."), subject)
        if subject is not self._subject:
            return None
        at = self._clock.monotonic()
        if self._paused:
            self._now(ConnectionStatus(ConnectionState.PAUSED, at))
            return None
        if pulse.over and self._confirmed_over:
            self._now(ConnectionStatus(ConnectionState.ENDED, at))
            return None
        self._confirmed_over = pulse.over
        self._cost = pulse.requests
        pace = max(self._pace.after(pulse), self._budget.pace(pulse.requests))
        wait = self._budget.wait_to_poll(self._cost)
        if wait > 0:
            self._now(ConnectionStatus(ConnectionState.LIVE, at, at))
            return self._hold_back(wait)
        delay = pace * self._random.uniform(1 - JITTER, 1 + JITTER)
        self._now(ConnectionStatus(ConnectionState.LIVE, at, at + delay))
        return delay

    def _failed(self, error: SluiceError, subject: Subject) -> float | None:
        if subject is not self._subject:
            return None
        at, asked = self._clock.monotonic(), self.connection.asked_at
        if self._paused:
            self._now(ConnectionStatus(ConnectionState.PAUSED, asked, None, error))
            return None
        if isinstance(error, (Unauthenticated, Forbidden)):
            self._now(ConnectionStatus(ConnectionState.DENIED, asked, None, error))
            return None
        if isinstance(error, RateLimited):
            delay = max(1.0, error.retry_after)
            self._now(ConnectionStatus(ConnectionState.LIMITED, asked, at + delay, error))
        else:
            delay = self._pace.after_failure()
            self._now(ConnectionStatus(ConnectionState.OFFLINE, asked, at + delay, error))
        return delay

    # ---- what is behind the screen

    async def _rest(self, delay: float | None) -> None:
        """Until the time is up or somebody kicks; what is behind the screen is asked meanwhile."""
        until = None if delay is None else self._clock.monotonic() + delay
        while not self._wake.is_set():
            at = self._when_behind()
            left = [moment - self._clock.monotonic() for moment in (until, at) if moment is not None]
            await self._wait(max(0.0, min(left)) if left else None)
            now = self._clock.monotonic()
            if until is not None and now >= until:
                return
            if at is not None and now >= at and not self._wake.is_set():
                await self._poll_behind()

    def _when_behind(self) -> float | None:
        """When to ask what is behind; None for not at all: nothing is wanted, or somebody has to act first."""
        state = self.connection.state
        stopped = self._paused or state is ConnectionState.DENIED
        # What is on the screen finds out when the line is back.
        stopped |= state is ConnectionState.OFFLINE and self._subject is not None
        if self._behind is None or stopped or not self._behind.wanted(self._subject):
            self._behind_at = None
        elif self._behind_at is None:
            self._ask_behind_in(SLOWEST_STILL)
        return self._behind_at

    def _ask_behind_in(self, seconds: float) -> None:
        self._behind_at = self._clock.monotonic() + seconds * self._random.uniform(1, 1 + JITTER)

    async def _poll_behind(self) -> None:
        """Ask once; a kick is for what is on the screen, and does not wait for this answer."""
        assert self._behind is not None
        if (wait := self._budget.wait_to_poll()) > 0:
            self._ask_behind_in(max(SLOWEST_STILL, wait))
            return
        self._ask_behind_in(SLOWEST_STILL)
        asking = asyncio.ensure_future(self._behind.poll())
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait([asking, woken], return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                self._ask_behind_in(SLOWEST_STILL * max(1, asking.result().requests))
        except Exception as error:
            # What is on the screen tells how the line stands; this only waits longer, or for somebody's wish.
            refused = isinstance(error, (Unauthenticated, Forbidden))
            self._ask_behind_in(math.inf if refused else SLOWEST_FAILING)
        finally:
            await _given_up(asking, woken)

    async def _wait(self, delay: float | None) -> None:
        """Until the time is up or somebody kicks."""
        woken = asyncio.ensure_future(self._wake.wait())
        sleeping = asyncio.ensure_future(self._clock.sleep(delay)) if delay is not None else None
        try:
            await asyncio.wait([woken] if sleeping is None else [woken, sleeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _given_up(*([woken] if sleeping is None else [woken, sleeping]))


async def _given_up(*tasks: asyncio.Future[Any]) -> None:
    """End what nobody waits for any more. Whoever ends the poller meanwhile is heard: that is not taken for the tasks' end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
