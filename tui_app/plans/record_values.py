"""Values out of a record of a journal, each checked: what was written there may have been changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tui_app.core.clock import FIRST_YEAR, LAST_YEAR


def whole_of(number: Any, least: int = 0, most: int = 10**18) -> int:
    """A whole number in a range. Raises ValueError."""
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ValueError("no number")
    return number


def text_of(text: Any, least: int = 0) -> str:
    """A text of at least so many characters. Raises ValueError."""
    if not isinstance(text, str) or len(text) < least:
        raise ValueError("no text")
    return text


def moment_of(text: object) -> datetime | None:
    """A moment with its zone; None for anything else, also for one so far off that no other zone may have it."""
    try:
        moment = datetime.fromisoformat(str(text))
        is_one = moment.tzinfo is not None and FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR
    except (ValueError, OverflowError):
        return None
    return moment if is_one else None
