"""One page of a list, and how large it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from tui_app.api.errors import Notice

T = TypeVar("T")
MAX_PER_PAGE: Final = 1000
"""A change log speaks of 10,000 for searches; the schema says 1,000."""
MAX_ACCOUNTS: Final = 50
ONLY: Final = "the job counts only "
"""How words begin about a list of which more came than there should be."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. None is what the server did not tell.

    `next` is the cursor of the next page (searches only), `per_page` the size that the server goes by, `pages` how many there
    are in all (accounts only), `count` how many items it says that it has, `total` how many there are, `others` what it had beside that and was not asked for, `unreadable`
    how many more could not be read, `partial` whether the server said that something of it is not there.
    """

    items: tuple[T, ...]
    next: str | None = None
    per_page: int | None = None
    pages: int | None = None
    notices: tuple[Notice, ...] = ()
    others: tuple[T, ...] = ()
    unreadable: int = 0
    count: int = 0
    total: int = 0
    partial: bool = False

    @property
    def size(self) -> int:
        """How many items the server had put into it."""
        return len(self.items) + len(self.others) + self.unreadable

    def only(self, asked: Callable[[T], bool]) -> Page[T]:
        """The same page with what was not asked for among its `others`."""
        items: list[T] = []
        others: list[T] = []
        for item in self.items:
            (items if asked(item) else others).append(item)
        return replace(self, items=tuple(items), others=tuple(others)) if others else self
