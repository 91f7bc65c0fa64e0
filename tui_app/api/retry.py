"""The rules for reads and writes: what may be sent again, how often, and after which wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from tui_app.api.errors import ApiError, Conflict, TooLarge, Unreadable

MAX_WAIT: Final = 300.0
"""Seconds; the longest wait for a Retry-After. The window of the quota is five minutes.

https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""
MIN_WAIT: Final = 1.0
"""Seconds; the shortest wait after a 429."""
READ_ATTEMPTS: Final = 3
"""How often a read is sent in all."""
DOUBTFUL_RETRIES: Final = 1
"""How often a read is sent again because its answer was unreadable or a conflict."""
QUOTA_WAITS: Final = 5
"""How many waits for the quota one request has before it is given up."""
WRITE_RESENDS: Final = 2
"""How often a write is sent again after it was certainly not done: not sent, or answered 429."""
REFUSED_STATUS: Final = frozenset({400, 401, 403, 404, 405, 413, 414, 415, 422, 429})
"""Status codes that mean that a write was not done. After any other error status its outcome is unknown."""
REFUSED_BY_ANYBODY: Final = frozenset({401, 403, 429})
"""Those of them that count without a word of the API's. The others may come from a proxy that passed the write on."""


def retry_after(header: str | None, now: datetime, milliseconds: str | None = None) -> float:
    """Seconds to wait, from a number of seconds or an HTTP date: 1 to 300, and 300 for anything else.

    `milliseconds` is the header `retry-after-ms`, which some servers send beside it or in its place.
    """
    exact = (milliseconds or "").strip()
    if exact.isascii() and exact.isdigit() and len(exact) < 10:
        return max(MIN_WAIT, min(int(exact) / 1000, MAX_WAIT))
    if header is None:
        return MAX_WAIT
    text = header.strip()
    if text.isascii() and text.isdigit():
        return max(MIN_WAIT, min(float(text.lstrip("0")[:10] or "0"), MAX_WAIT))
    try:
        from email.utils import parsedate_to_datetime

        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return MAX_WAIT
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(MIN_WAIT, min((moment - now).total_seconds(), MAX_WAIT))


def was_refused(error: ApiError) -> bool:
    """Whether a write that was answered with this was not done."""
    by_the_api = error.status in REFUSED_STATUS and bool(error.notices)
    return by_the_api or error.status in REFUSED_BY_ANYBODY


class ReadRetries:
    """Decides after each failure of one read whether it may be sent again: three attempts in all, of whatever kind.

    Not after a refusal, a redirect or a too large answer; once at most after an unreadable answer or a conflict.
    """

    def __init__(self) -> None:
        self.failures = 0
        """Failures so far."""
        self._doubtful = 0

    def allows(self, error: ApiError) -> bool:
        """Count this failure; returns whether the read may be sent again."""
        self.failures += 1
        if isinstance(error, TooLarge) or error.status in REFUSED_STATUS or error.status == 202:
            return False
        if error.status is not None and 300 <= error.status < 400:
            return False
        if isinstance(error, (Unreadable, Conflict)):
            self._doubtful += 1
        return self.failures < READ_ATTEMPTS and self._doubtful <= DOUBTFUL_RETRIES


def backoff(attempt: int, random: Random) -> float:
    """Seconds before the next attempt, with full jitter: 0 to min(30, 2^attempt); `attempt` counts from 0."""
    return random.uniform(0, min(30.0, 2.0**attempt))


@dataclass
class RetryBucket:
    """Limits the retries of all reads, so that a broken server gets few of them: 10 tokens, 5 of them can be used."""

    tokens: float = 10.0

    def take(self) -> bool:
        """Use a token for a retry; returns False if there is none."""
        if self.tokens <= 5:
            return False
        self.tokens -= 1
        return True

    def success(self) -> None:
        """Add a tenth of a token for a request that succeeded."""
        self.tokens = min(10.0, self.tokens + 0.1)
