"""What help tells of a line to type in: its keys, its fields, its grammar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tui_app.rows.export import SUFFIXES
from tui_app.rows.shape import RowShape


@dataclass(frozen=True, slots=True)
class LineHelp:
    """A title, and pairs of what can be typed or pressed and what it means."""

    title: str
    rows: Sequence[tuple[str, str]]


_LEAVE: Final = ("esc", "leave the line; what was typed is there the next time")
FIND_HELP: Final = LineHelp(
    "In the line to find words",
    (("enter", "go to the first place"), _LEAVE, ("words", "in any case, as they are written here")),
)
FILE_HELP: Final = LineHelp(
    "In the line for a file",
    (
        ("enter", "write it; a file that is there already is never written over"),
        ("tab", "the columns, or the report"),
        _LEAVE,
        ("a name", f"that ends in .{', .'.join(SUFFIXES)}; of a report in .md, .csv, .json"),
        ("a path", "~/name.csv; else beside where the console was started"),
    ),
)
SAVE_HELP: Final = LineHelp(
    "In the line for a file",
    (
        ("enter", "write it; a file that is there already is never written over"),
        ("tab", "another kind: .eml as it came, .json, .txt, .png"),
        _LEAVE,
    ),
)


def filter_help(shape: RowShape[Any], *more: tuple[str, str]) -> LineHelp:
    """The grammar of a filter over rows of a shape, from its columns."""
    rows = [
        ("enter", "filter what is listed"),
        _LEAVE,
        ("words -words", "in what a row shows; with - not in it"),
        *((f"{name}:", _about(column)) for name, column in shape.by_field.items()),
        *more,
        ('"two words"', "quotation marks keep blanks together"),
    ]
    return LineHelp("In the filter", rows)


def _about(column: Any) -> str:
    if column.is_number:
        return "a number: > >= < <= ="
    if column.values:
        return ", ".join(column.values).lower()
    return "a time, as it is written: >2026-11-20" if column.is_time else "words; = for all of it"
