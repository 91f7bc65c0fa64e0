"""Columns of a table: what they are, and how wide they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from tui_app.widgets.virtual_table import Cell

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading, width in cells (0 takes what is left, by `weight`), and the table width from which it shows.

    `field` is what rows are sorted by for it; without one they are not. What is `private` is hidden by the veil whole.
    """

    title: str
    width: int = 0
    weight: int = 1
    right: bool = False
    from_width: int = 0
    field: str = ""
    private: bool = False
    ends: bool = False
    """What has no room is cut in front: the end of a domain says whose it is."""
    address: bool = False
    """It is an address: where it has no room, the part before the @ is cut, then the domain in front."""
    until_width: int = 0
    """The table width from which it does not show any more; 0 for all widths."""


@dataclass(frozen=True, slots=True)
class CellColumn(Column, Generic[T]):
    """A column with how a row looks in it at a time, and what its rows are sorted by where the screen sorts them."""

    cell: Callable[[T, datetime], Cell] = dataclasses.field(kw_only=True)
    sort: Callable[[T], Any] | None = dataclasses.field(default=None, kw_only=True)


def shares(wanted: Sequence[tuple[int, int]], room: int, *, fitted: bool) -> list[int]:
    """How wide each flexible column is: (weight, needed cells) of each, and the room for all.

    `fitted` = none is wider than it needs; what all have too much of is left over.
    """
    widths, open_, left = [0] * len(wanted), list(range(len(wanted))), room
    while fitted and open_:
        weights = sum(wanted[number][0] for number in open_)
        content = [number for number in open_ if wanted[number][1] * weights <= left * wanted[number][0]]
        if not content:
            break
        for number in content:
            widths[number] = wanted[number][1]
            left -= widths[number]
            open_.remove(number)
    weights = sum(wanted[number][0] for number in open_)
    taken = given = 0
    for number in open_:
        taken += wanted[number][0]
        widths[number] = left * taken // weights - given
        given += widths[number]
    return widths
