"""What was done and what went wrong in this session, line by line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of what was done or went wrong; `details` are the server's own words."""

    at: datetime
    sentence: str
    details: tuple[str, ...] = ()


class Activities:
    """The last 500 lines, oldest first."""

    def __init__(self) -> None:
        self._lines: deque[Activity] = deque(maxlen=MOST)

    def __iter__(self) -> Iterator[Activity]:
        return iter(self._lines)

    def __reversed__(self) -> Iterator[Activity]:
        return reversed(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> Activity:
        return self._lines[index]

    def add(self, at: datetime, sentence: str, details: Sequence[str] = ()) -> Activity | None:
        """Add a line, unless it repeats the last one; the line if it was added."""
        entry = Activity(at, sentence, tuple(details))
        if self._lines:
            last = self._lines[-1]
            if (last.sentence, last.details[:1]) == (sentence, entry.details[:1]):
                return None
        self._lines.append(entry)
        return entry
