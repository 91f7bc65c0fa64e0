"""A kind of row: the values that are kept of it, and what each is called in a filter, a sort, a file and on the copy page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, TypeVar

from tui_app.core.clock import rfc3339
from tui_app.core.text import Untrusted

T = TypeVar("T")
Row = tuple[Any, ...]
"""The kept values of one row: nothing that the garbage collector has to look at, and what `marshal` can write."""


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One value of a row; `name` is its name in a row and in an export."""

    name: str
    field: str = ""
    """What a filter line and a sort call it; empty if neither can."""
    in_words: bool = False
    """Whether a filter's bare word looks here."""
    is_number: bool = False
    is_time: bool = False
    export_width: int = 0
    """Cells that it takes in a listing; 0 keeps it out of listings and of files where nobody chose their columns."""
    copied_as: str = ""
    """Its name on the copy page; empty keeps it out of there."""
    copy_place: int = 0
    """Its place on the copy page."""
    values: tuple[str, ...] = ()
    """All words that it can be, where there are few."""
    order: Callable[[Any], Any] | None = None
    """What rows are sorted by, of the kept value; by itself, texts without regard to case."""
    kept_as: tuple[str, ...] = ()
    """The names of the kept values that it is made of, where those are others."""

    @property
    def kept(self) -> tuple[str, ...]:
        """The names of the kept values that it is made of; a reader of several gives them as a tuple."""
        return self.kept_as or (self.name,)

    def text(self, row: object) -> str:
        """The value as safe text for a file or a listing."""
        match getattr(row, self.name):
            case None:
                return ""
            case Untrusted() as text:
                return text.detail().lower() if self.name == "status" else text.detail()
            case datetime() as moment:
                return rfc3339(moment)
            case Enum() as member:
                return str(member).lower() if self.name == "status" else str(member)
            case tuple() as several:
                return "; ".join(item.detail() if isinstance(item, Untrusted) else str(item) for item in several)
            case value:
                return str(value)


@dataclass(frozen=True, eq=False)
class RowShape(Generic[T]):
    """What is kept of one kind of row."""

    names: tuple[str, ...]
    """Of the kept values, in their order."""
    keep: Callable[[Iterable[T]], list[Row]]
    """The values of many rows."""
    make: Callable[[Row], T]
    """The row of kept values."""
    identity: str
    """The name of the value that is a row's id."""
    state: str
    """The name of the value by which rows are listed apart."""
    columns: tuple[RowColumn, ...]
    fixed: tuple[str, ...] = ()
    """The names of values that never change: where they do, it is another row under the same id."""

    def value_of(self, *names: str) -> Callable[[Row], Any]:
        """A reader of a kept row's value by its name, or of several: much quicker than an object for each of a million rows."""
        return itemgetter(*map(self.names.index, names))

    @cached_property
    def by_field(self) -> dict[str, RowColumn]:
        """The columns that a filter line or a sort can name."""
        return {column.field: column for column in self.columns if column.field}

    @cached_property
    def exported(self) -> tuple[RowColumn, ...]:
        """The columns of CSV, Markdown and listings, in their order. JSON has the API's own objects, unchanged."""
        return tuple(column for column in self.columns if column.export_width)

    @cached_property
    def copied(self) -> tuple[RowColumn, ...]:
        """The columns of the copy page, in its order."""
        found = [column for column in self.columns if column.copied_as]
        return tuple(sorted(found, key=lambda column: column.copy_place))
