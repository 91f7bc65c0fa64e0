"""The list of all writes and errors of this session."""

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
    """One write or error; `details` are lines of the server's own text."""

    at: datetime
    sentence: str
    details: tuple[str, ...] = ()


class Activities:
    """The last 500 entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Activity] = deque(maxlen=MOST)

    def __iter__(self) -> Iterator[Activity]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Activity]:
        return reversed(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Activity:
        return self._entries[index]

    def add(self, at: datetime, sentence: str, details: Sequence[str] = ()) -> Activity | None:
        """Add an entry, unless it repeats the last one; returns it, or None if it was not added."""
        entry = Activity(at, sentence, tuple(details))
        if self._entries:
            last = self._entries[-1]
            if (last.sentence, last.details[:1]) == (sentence, entry.details[:1]):
                return None
        self._entries.append(entry)
        return entry
