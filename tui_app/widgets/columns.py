"""Columns of a table: what they are, how wide they are, and how a text is fitted into one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from rich.cells import cell_len, set_cell_size

from tui_app.core.address import without_comment
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


def end_of(text: str, width: int) -> str:
    """The end of a text in so many cells, after an ellipsis where its beginning is cut.

    The end of a domain says whose it is: a note in brackets behind it goes first.
    """
    if cell_len(text) > width:
        text = _without_note(text)
    if cell_len(text) <= width:
        return text
    cut = max(0, len(text) - width)
    while cut < len(text) and cell_len(text[cut:]) > width - 1:
        cut += 1
    return f"…{text[cut:]}"


def short_address(text: str, width: int) -> str:
    """An address in so many cells. Its domain is never cut in the middle: who could write what is left out of it chooses what is seen."""
    if cell_len(text) <= width:
        return text
    local, at, domain = text.rpartition("@")
    if not at and " " in text:
        return fitted(text, width)  # no address, and no domain: there is nothing to keep
    room = width - cell_len(domain) - 2
    if (room < 1 or ")" in domain) and (alone := _without_note(text)) != text:
        return short_address(alone, width)
    if not at or room < 1:
        return end_of(domain, width)
    kept = local
    while cell_len(kept) > room:
        kept = kept[:-1]
    return f"{kept}…@{domain}"


def _without_note(text: str) -> str:
    """Without what stands in brackets behind a domain: its form on the wire, or the comment of whoever wrote the address.

    The sum of what was left out, `…(+9)`, is none.
    """
    alone = without_comment(text)
    return text if alone.endswith("…") else alone


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Text of exactly so many cells; what is too long ends in an ellipsis."""
    missing = width - cell_len(text)
    if missing < 0:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * missing + text if right else text + " " * missing
