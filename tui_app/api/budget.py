"""The token's request quota: what the server says about it, when a request may be sent, and what a plan costs.

A token has 1,200 requests in five minutes, counted together with the dashboard and all other programs that use it.
After more, all requests are answered 429 for five minutes. So our own count is never the complete one. The answers tell
the quota in the headers `Ratelimit`, `Ratelimit-Policy` and `retry-after`:
https://developers.cloudflare.com/fundamentals/api/reference/limits/
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
"""Requests that polls leave free for the operator's own actions."""
SCARCE: Final = 0.2
"""Share of the quota (0 to 1) below which polls slow down."""
MANY: Final = 0.5
"""Share of the quota (0 to 1) above which the screens do not show it."""
_MOST_WINDOWS: Final = 16
_LONGEST_NUMBER: Final = 9


@dataclass(frozen=True, slots=True)
class Window:
    """One limit as last answered: `remaining` requests until `resets_at`, in monotonic seconds. None: not known."""

    remaining: int | None = None
    resets_at: float | None = None
    quota: int | None = None
    seconds: float | None = None

    @property
    def share(self) -> float:
        """The remaining share, 0 to 1; 1 while it is not known."""
        return 1.0 if self.remaining is None or not self.quota else min(1.0, max(0, self.remaining) / self.quota)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a number of requests costs. None: the server did not tell it."""

    requests: int
    left: int | None
    """Requests left afterwards in the window that is used up first; below 0 if it is too small."""
    quota: int | None
    waits: float
    """Seconds of waiting for the quota."""
    seconds: float
    """Seconds for all requests with the waits."""

    def describe(self) -> str:
        """As text: `49 requests of 1,150 left`, `49 requests, only 27 left: waits 298 s for the quota`."""
        cost = plural(self.requests, "request")
        if self.left is None:
            return cost
        if self.waits > 0:
            return f"{cost}, only {self.requests + self.left:,} left: waits {math.ceil(self.waits)} s for the quota"
        return f"{cost} of {self.requests + self.left:,} left"


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A snapshot to show. `resets_in` and `blocked` in seconds; nothing may be sent while `blocked` is above 0."""

    remaining: int | None = None
    quota: int | None = None
    resets_in: float | None = None
    blocked: float = 0.0

    @property
    def low(self) -> bool:
        """Whether less than half is left, so that it is shown."""
        return self.remaining is not None and bool(self.quota) and self.remaining < MANY * (self.quota or 1)


@dataclass
class Budget:
    """The one budget of the process, for all threads. `monotonic` returns seconds."""

    monotonic: Callable[[], float]
    on_block: Callable[[float], None] = lambda _: None
    """Called after each 429 with the seconds for which nothing is sent."""
    _windows: dict[str, Window] = field(default_factory=dict, init=False)
    _blocked_until: float = field(default=-math.inf, init=False)
    _sent: int = field(default=0, init=False)
    _unanswered: dict[int, float] = field(default_factory=dict, init=False)
    """When each request without an answer so far was sent, in monotonic seconds, by its number."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def spend(self) -> int:
        """Count a request that is sent now; returns its number, for `answered`, and for `read` with its answer's headers."""
        with self._lock:
            self._sent += 1
            self._unanswered[self._sent] = self.monotonic()
            for name, window in self._windows.items():
                if window.remaining is not None:
                    self._windows[name] = replace(window, remaining=window.remaining - 1)
            return self._sent

    def answered(self, number: int) -> None:
        """Request `number` was answered, or nobody waits for it any more."""
        with self._lock:
            self._unanswered.pop(number, None)

    @property
    def unanswered_for(self) -> float:
        """Seconds for which the oldest request without an answer has been waiting; 0 without one."""
        with self._lock:
            return self.monotonic() - min(self._unanswered.values()) if self._unanswered else 0.0

    def read(self, headers: Mapping[str, str], number: int) -> None:
        """Read the quota from the headers of the answer to request `number`; later requests are subtracted."""
        states, policies = _items(headers.get("ratelimit")), _items(headers.get("ratelimit-policy"))
        if not states and (old := _old_items(headers.get("ratelimit"))):
            states, policies = {"": old}, {"": {**old, **next(iter(policies.values()), {})}}
        if not states and not policies:
            return
        now = self.monotonic()
        with self._lock:
            later = self._sent - number
            for name, policy in policies.items():
                known = self._windows.get(name, Window())
                seconds = min(float(policy["w"]), MAX_WAIT) if policy.get("w") else known.seconds
                self._windows[name] = replace(known, quota=policy.get("q", known.quota), seconds=seconds)
            for name, state in states.items():
                if len(states) == len(policies) == 1:
                    # The two headers may name the one limit differently.
                    (only,) = policies
                    if only != name:
                        self._windows[name] = replace(self._windows.pop(only), remaining=None)
                known = self._windows.get(name, Window())
                left = state["r"] - later if "r" in state else known.remaining
                span = min(float(state["t"]), MAX_WAIT) if "t" in state else known.seconds or MAX_WAIT
                resets_at = now + span if "t" in state or known.resets_at is None else known.resets_at
                self._windows[name] = replace(known, remaining=left, resets_at=resets_at)
            # A server that sends a new name each time must not fill the memory.
            for name in list(self._windows)[:-_MOST_WINDOWS]:
                del self._windows[name]

    def limited(self, seconds: float) -> None:
        """Note a 429: nothing is sent for so many seconds (300 at most)."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self.monotonic() + min(seconds, MAX_WAIT))
        self.on_block(seconds)

    def wait(self) -> float:
        """Seconds until a request may be sent; 0: now. An earlier one would be answered 429."""
        with self._lock:
            return self._until(0, self.monotonic())

    def wait_to_poll(self, requests: int = 1) -> float:
        """Seconds until a poll of so many requests may be sent without using the operator's reserve; 0: now."""
        with self._lock:
            return self._until(RESERVE + requests - 1, self.monotonic())

    def _until(self, kept: int, now: float) -> float:
        """Seconds until more than `kept` requests are left in every window."""
        until = self._blocked_until - now
        for window in self._current(now):
            # A small quota can't have a reserve of fifty.
            limit = kept if window.quota is None else min(kept, window.quota // 4)
            if window.remaining is not None and window.remaining <= limit:
                until = max(until, (window.resets_at or now) - now)
        return max(0.0, until)

    def _current(self, now: float) -> list[Window]:
        """The windows now; a window that has started again is full."""
        for name, window in self._windows.items():
            if window.resets_at is not None and now >= window.resets_at:
                again = now + (window.seconds or MAX_WAIT) if window.quota else None
                self._windows[name] = replace(window, remaining=window.quota, resets_at=again)
        return list(self._windows.values())

    def pace(self, requests: int = 1) -> float:
        """Seconds between polls of so many requests with which a low quota lasts until it resets; 0: no limit."""
        now = self.monotonic()
        with self._lock:
            slowest = 0.0
            for window in self._current(now):
                if window.remaining is not None and window.resets_at is not None and window.share < SCARCE:
                    slowest = max(slowest, (window.resets_at - now) / max(1, window.remaining) * requests)
            return slowest

    def forecast(self, requests: int, seconds_each: float) -> Forecast:
        """What so many requests cost from now on, `seconds_each` for one, if no other program sends any."""
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
        """A snapshot of the window with the smallest share left."""
        now = self.monotonic()
        with self._lock:
            blocked = self._until(0, now)
            windows = [window for window in self._windows.values() if window.remaining is not None]
        if not windows:
            return BudgetState(blocked=blocked)
        least = min(windows, key=lambda window: window.share)
        resets_in = None if least.resets_at is None else least.resets_at - now
        return BudgetState(max(0, least.remaining or 0), least.quota, resets_in, blocked)


_OLD: Final = {"limit": "q", "remaining": "r", "reset": "t"}


def _old_items(header: str | None) -> dict[str, int]:
    """The numbers of the older form, `limit=1200, remaining=50, reset=30`, under the names of the newer one."""
    pairs = (part.strip().partition("=") for part in (header or "")[:1024].split(",")[:8])
    return {
        _OLD[name]: int(digits)
        for name, _, digits in pairs
        if name in _OLD and digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
    }


def _items(header: str | None) -> dict[str, dict[str, int]]:
    """The numbers of a header such as `"default";r=50;t=30, "burst";r=5;t=1`, by name; invalid parts are left out."""
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
