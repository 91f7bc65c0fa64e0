"""Time as the rest of the program sees it: passed in, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time for waiting, and the waiting itself."""

    def now(self) -> datetime:
        """Wall time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)


FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Years outside of these are taken for mistakes: zones and formats break at the ends of the calendar."""
_OLDEST = 50 * 365 * 86400
_RELATIVE = re.compile(r"(\d{1,5})([smhdw])")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_moment(words: str, now: datetime) -> datetime:
    """A moment in the past given as RFC 3339, as a date, or as an age such as `24h` or `7d`.

    Raises ValueError, with a sentence for people, when it is none of these. A time without a zone is UTC.
    """
    words = words.strip()
    if words == "now":
        return now
    relative = _RELATIVE.fullmatch(words)
    if relative and int(relative[1]) * _UNIT[relative[2]] <= _OLDEST:
        return now - timedelta(seconds=int(relative[1]) * _UNIT[relative[2]])
    try:
        moment = datetime.fromisoformat(words)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError(words)
    except (ValueError, OverflowError):
        raise ValueError(f"'{words[:40]}' is no time; write 24h, 7d, 2026-11-20 or 2026-11-20T14:00:00Z.") from None
    return moment


def rfc3339(moment: datetime) -> str:
    """A moment the way the API writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def coarse_age(seconds: float) -> str:
    """An age in at most three cells: `<1m`, `12m`, `5h`, `3d`, `9w`."""
    if seconds < 60:
        return "<1m"
    for unit, size, limit in (("m", 60, 60), ("h", 3600, 48), ("d", 86400, 100)):
        if seconds < size * limit:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 604800)}w"


def rough_duration(seconds: float) -> str:
    """A duration a person would say: `20 s`, `4 min`, `2 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def no_yield() -> None:
    """What long work calls now and then, where nobody is there to give way to."""
