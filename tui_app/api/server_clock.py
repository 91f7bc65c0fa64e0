"""What time it is by the server's clock: what it does is dated by that, and this machine's may be hours off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tui_app.core.clock import FIRST_YEAR, LAST_YEAR


class ServerClock:
    """Told by the `Date` of answers, of whichever thread. It may be behind by the time that an answer took, and by a second."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: tuple[datetime, float] | None = None

    def read(self, headers: Mapping[str, str]) -> None:
        """Take the time that an answer tells, if it does, and if there can be such a time."""
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            if "date" in headers:
                told = parsedate_to_datetime(headers["date"])
                zoned = told.astimezone(UTC) if told.tzinfo is not None else told.replace(tzinfo=UTC)
                if FIRST_YEAR <= zoned.year <= LAST_YEAR:
                    self._told = zoned, self._monotonic()

    @property
    def told_at(self) -> float | None:
        """When an answer told it last, by the monotonic clock; None while none did."""
        return None if self._told is None else self._told[1]

    def now(self) -> datetime | None:
        """The time there; None while no answer told it."""
        if self._told is None:
            return None
        told, at = self._told
        return told + timedelta(seconds=self._monotonic() - at)
