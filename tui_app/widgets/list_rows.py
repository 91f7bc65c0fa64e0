"""Rows that are all here as objects: jobs, held mail, the lines of an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class ListRows(Generic[T]):
    """Items in an order. `marks` holds the marked keys and may be handed on to the next reading of the same list."""

    def __init__(self, items: Sequence[T], key: Callable[[T], str], marks: dict[str, None] | None = None) -> None:
        self.items = items
        self._key = key
        self._place = {key(item): position for position, item in enumerate(items)}
        self.marked: dict[str, None] = {} if marks is None else marks

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int, /) -> T:
        return self.items[index]

    def key_at(self, index: int) -> str:
        """The key of the row at an index."""
        return self._key(self.items[index])

    def index_of(self, key: str) -> int | None:
        """Where a row is; None if it is not here."""
        return self._place.get(key)

    # ---- marks, by key

    @property
    def marks(self) -> int:
        """How many rows are marked, here or not."""
        return len(self.marked)

    def is_marked(self, index: int) -> bool:
        """Whether the row at an index is marked."""
        return self.key_at(index) in self.marked

    def mark(self, positions: Iterable[int], *, on: bool) -> None:
        """Mark or unmark rows by their indexes."""
        for position in positions:
            if on:
                self.marked[self.key_at(position)] = None
            else:
                self.marked.pop(self.key_at(position), None)

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark these, here or not."""
        for key in keys:
            self.marked.pop(key, None)

    def unmark_all(self) -> None:
        """Mark none, here or not."""
        self.marked.clear()

    def unmark_absent(self) -> None:
        """Mark nothing that is not here."""
        self.unmark([key for key in self.marked if key not in self._place])

    def marked_rows(self) -> tuple[T, ...]:
        """Marked rows that are here, in their order."""
        return tuple(item for item in self.items if self._key(item) in self.marked)
