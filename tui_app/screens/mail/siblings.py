"""The list that something was opened from: the next and the previous one of it, and which one this is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage, Message
    from tui_app.core.text import Untrusted
    from tui_app.widgets.table import RowTable


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as a list knows it: the mail itself, a job's row about it, or its id alone."""

    message: Message | None = None
    job: Job | None = None
    row: JobMessage | None = None
    id: Untrusted | None = None
    odd: tuple[str, ...] = ()
    """What is different in it from the others of its list; safe text."""

    @property
    def investigate_id(self) -> Untrusted | None:
        """Its investigate id; None where the list does not know it."""
        if self.message is not None:
            return self.message.id
        return self.row.investigate_id if self.row is not None else self.id


class Siblings(Generic[T]):
    """The rows of a table in the order in which they are shown; its cursor goes along."""

    def __init__(self, table: RowTable[Any], reference: Callable[[Any], T | None], first: int | None = None) -> None:
        """`first` = only so many of the rows, from the first on, can be opened; None = all."""
        self._table = table
        self._reference = reference
        self._first = first

    @property
    def place(self) -> tuple[int, int]:
        """Which of how many, from 1."""
        return self._table.cursor_row + 1, len(self._table.shown) if self._first is None else self._first

    def go(self, step: int) -> T | None:
        """The next one that can be opened, or with -1 the one before; None at the end of the list."""
        before = self._table.cursor_row
        index = before + step
        while 0 <= index < len(self._table.shown):
            self._table.move_to(index)
            row = self._table.current
            if row is not None and (found := self._reference(row)) is not None:
                return found
            index += step
        if step > 0:
            # More may be to come.
            self._table.move_to(len(self._table.shown))
        self._table.move_to(before)
        return None
