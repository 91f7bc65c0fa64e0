"""What may be tried again, and when: the rules for reads and for writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from tui_app.api.errors import ApiError, Conflict, TooLarge, Unreadable

MAX_WAIT: Final = 300.0
"""Seconds; a longer Retry-After is capped, the quota's window is five minutes."""
MIN_WAIT: Final = 1.0
"""Seconds; nobody who was told to slow down comes back at once."""
GET_ATTEMPTS: Final = 3
QUOTA_WAITS: Final = 5
"""How often one request waits for the quota before it is given up."""
WRITE_RESENDS: Final = 2
"""How often a write goes out again when it provably was not done: unsent, or answered 429."""
REFUSED_STATUS: Final = frozenset({400, 401, 403, 404, 405, 413, 414, 415, 422, 429})
"""Answers that say of a write: not done. Any other one leaves it open."""


def retry_after(header: str | None, now: datetime) -> float:
    """Seconds to wait, from seconds or an HTTP date; 1 to 300, and 300 for anything that makes no sense."""
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


def read_attempts(error: ApiError) -> int:
    """How often a read that fails like this may be tried in all.

    A refusal and a redirect stay what they are, a garbled answer and a conflict get a second chance; anything that
    may pass, from a lost connection to a 503, a third.
    """
    if isinstance(error, TooLarge) or error.status in REFUSED_STATUS or error.status == 202:
        return 1
    if error.status is not None and 300 <= error.status < 400:
        return 1
    return 2 if isinstance(error, (Unreadable, Conflict)) else GET_ATTEMPTS


def backoff(attempt: int, random: Random) -> float:
    """Full jitter: 0 to min(30, 2^attempt) seconds."""
    return random.uniform(0, min(30.0, 2.0**attempt))


@dataclass
class RetryBucket:
    """Retries of reads are paid from here, so that a broken server is not hammered: 10 tokens, used above 5 only."""

    tokens: float = 10.0

    def take(self) -> bool:
        """Whether one more retry is allowed."""
        if self.tokens <= 5:
            return False
        self.tokens -= 1
        return True

    def success(self) -> None:
        """A request that worked earns a tenth of a retry."""
        self.tokens = min(10.0, self.tokens + 0.1)
