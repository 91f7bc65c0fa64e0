"""Time, passed in so that tests can stop it, and text for and from moments and durations."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from datetime import time as datetime_time
from typing import Final, Protocol


class Clock(Protocol):
    """Wall time to show, monotonic time to measure, and waiting."""

    def now(self) -> datetime:
        """Wall time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never decrease."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...


def local_time(moment: datetime) -> datetime:
    """A moment in the zone of this machine; in UTC where TZ names none that there can be."""
    try:
        return moment.astimezone()
    except (ValueError, OverflowError):
        return moment.astimezone(UTC)


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
"""Years outside of these are refused: zones and formats fail at the ends of the calendar."""
_OLDEST = 50 * 365 * 86400
_RELATIVE = re.compile(r"(\d{1,5})([smhdw])")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_moment(words: str, now: datetime) -> datetime:
    """The moment, in UTC, for RFC 3339, a date, `now`, or an age such as `24h` or `7d`; without a zone it is UTC.

    `06:00` is the last time that it was six on this machine.

    Raises ValueError with a sentence for the operator.
    """
    words = words.strip()
    # `7D` is seven days; `7M` may be meant for months.
    words = words.lower() if words[-1:] in "DHWS" else words
    if words == "now":
        return now
    if of_day := _TIME_OF_DAY.fullmatch(words):
        return _last_time_of_day(datetime_time(int(of_day[1]), int(of_day[2])), now)
    relative = _RELATIVE.fullmatch(words)
    if relative and int(relative[1]) * _UNIT[relative[2]] <= _OLDEST:
        return now - timedelta(seconds=int(relative[1]) * _UNIT[relative[2]])
    try:
        moment = datetime.fromisoformat(words)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError(words)
    except (ValueError, OverflowError):
        raise ValueError(
            f"'{words[:40]}' is not a time; write 24h, 7d, 06:00, 2026-11-20 or 2026-11-20T14:00:00Z."
        ) from None
    return moment


def _last_time_of_day(at: datetime_time, now: datetime) -> datetime:
    local = local_time(now)
    today = _of_here(datetime.combine(local.date(), at))
    return today if today <= now else _of_here(datetime.combine(local.date() - timedelta(days=1), at))


def _of_here(naive: datetime) -> datetime:
    """A time of this machine's zone, in UTC; of an hour that comes twice the first."""
    try:
        return naive.astimezone(UTC)
    except (ValueError, OverflowError):
        return naive.replace(tzinfo=UTC)


def parse_window(
    start: str | None, end: str | None, now: datetime, *, default_start: str | None = None
) -> tuple[datetime | None, datetime]:
    """From when to when, as `parse_moment` reads it; an end that is a day is the end of that day. Without an end, now.

    Raises ValueError with a sentence for a time that is none, and for an end that is not after its start.
    """
    last = parse_moment(end, now) if end else now
    if end and _DAY.fullmatch(end.strip()) and last <= now:
        last = min(now, last + timedelta(days=1) - timedelta(seconds=1))
    # Where only the end was said, the usual time before it.
    first = parse_moment(start, now) if start else parse_moment(default_start, last) if default_start else None
    if first is not None and last <= first:
        raise ValueError(f"The end ({end or 'now'}) is not after the start ({start}).")
    return first, last


def describe_window(start: datetime | None, end: datetime | None) -> str:
    """A window in local time with its offset: `from 2026-11-20 14:00 to 2026-11-27 14:00 +00:00`."""
    if start is None or end is None:
        return "of all times"
    first, last = local_time(start), local_time(end)
    return f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} {last.isoformat()[-6:]}"


def rfc3339(moment: datetime) -> str:
    """A moment as the API writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def coarse_age(seconds: float) -> str:
    """An age in seconds as at most three characters: `<1m`, `12m`, `5h`, `3d`, `9w`."""
    if seconds < 60:
        return "<1m"
    for unit, size, limit in (("m", 60, 60), ("h", 3600, 48), ("d", 86400, 100)):
        if seconds < size * limit:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 604800)}w"


def _rough(seconds: float) -> tuple[str, int]:
    """The unit in which a duration is told, and its seconds."""
    if seconds >= 2 * 86400:
        return ("days", 86400)
    return ("s", 1) if seconds < 90 else ("min", 60) if seconds < 5400 else ("h", 3600)


def rough_duration(seconds: float) -> str:
    """A duration in seconds, rounded: `20 s`, `4 min`, `2 h`, `3 days`."""
    unit, size = _rough(seconds)
    return f"{max(1, round(seconds / size)):,} {unit}"


CLOCKS_AGREE: Final = timedelta(minutes=1)
"""By how much two clocks may differ without a word: a server's is told in whole seconds, and late."""


def clock_sign(now: datetime, server_now: datetime | None) -> str:
    """By how much this machine's clock is off by the server's, in few words; empty where they agree or nobody told."""
    if server_now is None or abs(server_now - now) <= CLOCKS_AGREE:
        return ""
    by = rough_duration(abs(server_now - now).total_seconds())
    return f"clock {by} {'behind' if now < server_now else 'ahead'}"


def describe_clocks(now: datetime, server_now: datetime | None) -> str:
    """The same in a sentence without an end."""
    sign = clock_sign(now, server_now).removeprefix("clock ")
    return f"this machine's clock is {sign.replace('ahead', 'ahead of')} the server's" if sign else ""


def rough_spread(spread: float, of: float) -> str:
    """By how much a duration `of` so many seconds may be off, in the unit that it is told in: `±4`. Rounding alone is 1."""
    return f"±{max(1, round(spread / _rough(of)[1])):,}"


def parse_duration(words: str) -> float:
    """The seconds of `90s`, `10m` or `2h`. Raises ValueError with a sentence for anything else, and for none at all."""
    found = _RELATIVE.fullmatch(words.strip().lower())
    seconds = int(found[1]) * _UNIT[found[2]] if found else 0
    if not 0 < seconds <= _OLDEST:
        raise ValueError(f"'{words[:40]}' is not a duration; write 90s, 10m or 2h.")
    return seconds


def no_yield() -> None:
    """Does nothing: stands in for `UiPriority.yield_to_ui` where there is no screen."""
