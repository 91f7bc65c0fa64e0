"""Loaded rows filtered and sorted: made in small steps, so that keys are answered while a million rows are looked at."""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from tui_app.rows.filters import RowFilter
from tui_app.rows.store import OrderedRows

T = TypeVar("T")
STEP: Final = 512
"""Rows looked at before somebody else may have a turn: about two milliseconds."""
_RUN: Final = 4096
Pause = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order by a field of `RowShape.by_field`."""

    field: str
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class RowView:
    """What is wanted of the loaded rows: those that pass the filter, in an order; by itself all, as the server has them."""

    filter: RowFilter | None = None
    sort: Sort | None = None


AS_LISTED: Final = RowView()


class Superseded(Exception):
    """Something else is wanted by now."""


class Arranger(Generic[T]):
    """Keeps loaded rows as they are wanted: after a page more, only that page is looked at."""

    def __init__(self) -> None:
        self.wanted: RowView = AS_LISTED
        """Filter and sort, as asked for last."""
        self._base: OrderedRows[T] | None = None
        """What the last arrangement was made of."""
        self._changes = 0
        """The store's changes by then."""
        self._made: tuple[RowView, OrderedRows[T]] | None = None

    async def arrange(self, base: OrderedRows[T], still: Callable[[], bool]) -> OrderedRows[T]:
        """The rows as they are wanted now. Raises Superseded as soon as something else is, or it is not `still` asked for."""
        wanted, store = self.wanted, base.store
        if wanted == AS_LISTED:
            self._made = None
            return base

        def as_asked() -> bool:
            return wanted is self.wanted and still()

        before, changes, known = self._base, self._changes, self._made
        # As it is now: what changes while others run must not pass for seen.
        self._base, now = None, store.changes
        if (
            before is None
            or known is None
            or known[0] != wanted
            or before.slots is not base.slots
            or changes != now
            or (wanted.sort is not None and len(base) != len(before))
        ):
            made = await arrange(base, wanted, still=as_asked)
        elif len(base) == len(before):
            made = known[1]
        else:
            more = await arrange(base, wanted, beyond=len(before), still=as_asked)
            known[1].slots.extend(more.slots)
            made = OrderedRows(store, known[1].slots)
        self._base, self._changes, self._made = base, now, (wanted, made)
        return made


async def arrange(
    view: OrderedRows[T], wanted: RowView, *, beyond: int = 0, still: Callable[[], bool] = lambda: True
) -> OrderedRows[T]:
    """The rows of a view as wanted; `beyond` leaves out so many at its beginning.

    Lets others run between steps, and raises Superseded as soon as it is not `still` wanted.
    """

    async def let_others_run() -> None:
        await asyncio.sleep(0)
        if not still():
            raise Superseded

    # A copy: more may be listed at the end of the array while others run.
    slots = view.slots[beyond : len(view)]
    if wanted.filter is not None:
        slots = await _filtered(view, slots, wanted.filter, let_others_run)
    if wanted.sort is not None:
        slots = await _sorted(view, slots, wanted.sort, let_others_run)
    return OrderedRows(view.store, slots)


async def _filtered(view: OrderedRows[T], slots: array[int], wanted: RowFilter, let_others_run: Pause) -> array[int]:
    found, matches = array("I"), wanted.matches
    for start in range(0, len(slots), STEP):
        step = slots[start : start + STEP]
        found.extend([slot for slot, row in zip(step, view.store.rows(step), strict=True) if matches(row)])
        await let_others_run()
    return found


async def _sorted(view: OrderedRows[T], slots: array[int], wanted: Sort, let_others_run: Pause) -> array[int]:
    """Short runs sorted at once, then merged step by step; rows that are equal keep their order."""
    shape = view.store.shape
    column = shape.by_field[wanted.field]
    read, order = shape.value_of(*column.kept), column.order or _key
    runs: list[Sequence[tuple[Any, int]]] = []
    for start in range(0, len(slots), _RUN):
        run: list[tuple[Any, int]] = []
        for inner in range(start, min(start + _RUN, len(slots)), STEP):
            step = slots[inner : min(inner + STEP, start + _RUN)]
            run += [*zip(map(order, map(read, view.store.rows(step))), step, strict=True)]
            await let_others_run()
        run.sort(key=_by_value, reverse=wanted.reverse)
        runs.append(run)
        await let_others_run()
    ordered = array("I")
    for number, (_, slot) in enumerate(heapq.merge(*runs, key=_by_value, reverse=wanted.reverse)):
        ordered.append(slot)
        if number % STEP == 0:
            await let_others_run()
    return ordered


def _by_value(pair: tuple[Any, int]) -> Any:
    return pair[0]


def _key(value: Any) -> tuple[int, Any]:
    """Anything in an order: what is missing first, numbers, then texts without regard to case."""
    if value is None:
        return (0, 0)
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, str(value).casefold())
