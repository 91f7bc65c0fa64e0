"""The token's request quota: what the server says of it, who may still send, and what a plan will cost.

`Ratelimit`, `Ratelimit-Policy` and `retry-after`: Cloudflare Fundamentals, API rate limits. 1,200 requests in five minutes
a token, counted together with the dashboard and every other program that uses it; whoever goes over is answered 429
for five minutes. So our own count is never taken for the whole.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tui_app.api.retry import MAX_WAIT
from tui_app.core.text import plural

RESERVE: Final = 50
"""Requests that polls leave for the operator's own actions."""
SCARCE: Final = 0.2
"""The share of the quota below which polls slow down."""
MANY: Final = 0.5
"""The share above which nobody needs to be told."""
_MOST_WINDOWS: Final = 16
_LONGEST_NUMBER: Final = 9


@dataclass(frozen=True, slots=True)
class Window:
    """One limit as the server last told it: requests left, and when (monotonic seconds) it starts anew."""

    remaining: int | None = None
    resets_at: float | None = None
    quota: int | None = None
    seconds: float | None = None

    @property
    def share(self) -> float:
        """What is left of it, 0 to 1; 1 while that is not known."""
        return 1.0 if self.remaining is None or not self.quota else min(1.0, max(0, self.remaining) / self.quota)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a number of requests would cost. None is what nobody told."""

    requests: int
    left: int | None
    """Requests left after them, in the window that runs out first; below 0 it does not suffice."""
    quota: int | None
    waits: float
    """Seconds of waiting until the quota allows them all."""
    seconds: float
    """How long it will take with the waits."""

    def describe(self) -> str:
        """In words: `49 requests of 1,150 left`, `49 requests, only 27 left: waits 298 s for the quota`."""
        cost = plural(self.requests, "request")
        if self.left is None:
            return cost
        if self.waits > 0:
            return f"{cost}, only {self.requests + self.left:,} left: waits {math.ceil(self.waits)} s for the quota"
        return f"{cost} of {self.requests + self.left:,} left"


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A snapshot, for headers and narration. `blocked` is the seconds until anything may be sent."""

    remaining: int | None = None
    quota: int | None = None
    resets_in: float | None = None
    blocked: float = 0.0

    @property
    def low(self) -> bool:
        """Whether less than half is left: time to tell."""
        return self.remaining is not None and bool(self.quota) and self.remaining < MANY * (self.quota or 1)


@dataclass
class Budget:
    """One for the process, shared by all that uses the token, on any thread. `monotonic` gives seconds."""

    monotonic: Callable[[], float]
    on_block: Callable[[float], None] = lambda _: None
    """Is told each time the server says 429: nobody sends for so many seconds."""
    _windows: dict[str, Window] = field(default_factory=dict, init=False)
    _blocked_until: float = field(default=-math.inf, init=False)
    _sent: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def spend(self) -> int:
        """Count a request that goes out now; its number goes with its answer's headers."""
        with self._lock:
            self._sent += 1
            for name, window in self._windows.items():
                if window.remaining is not None:
                    self._windows[name] = replace(window, remaining=window.remaining - 1)
            return self._sent

    def read(self, headers: Mapping[str, str], number: int) -> None:
        """Take what the answer to request `number` says of the quota; later requests are not in what it says."""
        states, policies = _items(headers.get("ratelimit")), _items(headers.get("ratelimit-policy"))
        if not states and not policies:
            return
        now = self.monotonic()
        with self._lock:
            later = self._sent - number
            for name, told in policies.items():
                known = self._windows.get(name, Window())
                seconds = min(float(told["w"]), MAX_WAIT) if told.get("w") else known.seconds
                self._windows[name] = replace(known, quota=told.get("q", known.quota), seconds=seconds)
            for name, told in states.items():
                if len(states) == len(policies) == 1:
                    # One limit under two names is one limit.
                    (policy,) = policies
                    if policy != name:
                        self._windows[name] = replace(self._windows.pop(policy), remaining=None)
                known = self._windows.get(name, Window())
                left = told["r"] - later if "r" in told else known.remaining
                span = min(float(told["t"]), MAX_WAIT) if "t" in told else known.seconds or MAX_WAIT
                resets_at = now + span if "t" in told or known.resets_at is None else known.resets_at
                self._windows[name] = replace(known, remaining=left, resets_at=resets_at)
            # A server that makes up a new name each time has no more windows than these.
            for name in list(self._windows)[:-_MOST_WINDOWS]:
                del self._windows[name]

    def limited(self, seconds: float) -> None:
        """The server answered 429: nothing goes out for so many seconds."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self.monotonic() + min(seconds, MAX_WAIT))
        self.on_block(seconds)

    def wait(self) -> float:
        """Seconds until a request may go out; 0 = now. Going out earlier would only earn a 429."""
        with self._lock:
            return self._until(0, self.monotonic())

    def wait_to_poll(self, requests: int = 1) -> float:
        """The same for a poll of so many requests, which leaves the operator's reserve alone."""
        with self._lock:
            return self._until(RESERVE + requests - 1, self.monotonic())

    def _until(self, kept: int, now: float) -> float:
        """When there will be more than `kept` requests left in every window."""
        until = self._blocked_until - now
        for window in self._current(now):
            # A quota that is small as a whole can't have a reserve of fifty.
            bar = kept if window.quota is None else min(kept, window.quota // 4)
            if window.remaining is not None and window.remaining <= bar:
                until = max(until, (window.resets_at or now) - now)
        return max(0.0, until)

    def _current(self, now: float) -> list[Window]:
        """Windows as of now: of one that has started anew no more is known than its size."""
        for name, window in self._windows.items():
            if window.resets_at is not None and now >= window.resets_at:
                again = now + (window.seconds or MAX_WAIT) if window.quota else None
                self._windows[name] = replace(window, remaining=window.quota, resets_at=again)
        return list(self._windows.values())

    def pace(self, requests: int = 1) -> float:
        """Seconds between polls of so many requests that make a scarce quota last until it starts anew; 0 = any."""
        now = self.monotonic()
        with self._lock:
            slowest = 0.0
            for window in self._current(now):
                if window.remaining is not None and window.resets_at is not None and window.share < SCARCE:
                    slowest = max(slowest, (window.resets_at - now) / max(1, window.remaining) * requests)
            return slowest

    def forecast(self, requests: int, seconds_each: float) -> Forecast:
        """What so many requests, one after the other, would cost from now on, if nobody else sent any."""
        now = self.monotonic()
        with self._lock:
            waits = max(0.0, self._blocked_until - now)
            tightest: Window | None = None
            for window in self._current(now):
                if window.remaining is None:
                    continue
                if tightest is None or window.remaining < (tightest.remaining or 0):
                    tightest = window
                over = requests - max(0, window.remaining)
                if over > 0:
                    first = (window.resets_at or now) - now
                    further = math.ceil(over / window.quota) - 1 if window.quota else 0
                    waits = max(waits, first + further * (window.seconds or MAX_WAIT))
            left = None if tightest is None or tightest.remaining is None else max(0, tightest.remaining) - requests
            quota = None if tightest is None else tightest.quota
            return Forecast(requests, left, quota, waits, waits + requests * seconds_each)

    @property
    def state(self) -> BudgetState:
        """How things stand, in the window of which the smallest share is left."""
        now = self.monotonic()
        with self._lock:
            blocked = self._until(0, now)
            windows = [window for window in self._windows.values() if window.remaining is not None]
        if not windows:
            return BudgetState(blocked=blocked)
        least = min(windows, key=lambda window: window.share)
        resets_in = None if least.resets_at is None else least.resets_at - now
        return BudgetState(max(0, least.remaining or 0), least.quota, resets_in, blocked)


def _items(header: str | None) -> dict[str, dict[str, int]]:
    """A list such as `"default";r=50;t=30, "burst";r=5;t=1`; what makes no sense is left out."""
    found: dict[str, dict[str, int]] = {}
    for item in (header or "")[:1024].split(",")[:8]:
        name, *parameters = (part.strip() for part in item.split(";"))
        if not name or not parameters:
            continue
        numbers: dict[str, int] = {}
        for key, _, value in (parameter.partition("=") for parameter in parameters):
            digits = value.strip()
            if digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER:
                numbers[key.strip()] = int(digits)
        found[name.strip('"')[:64]] = numbers
    return found
