"""The filter line over a job's loaded rows: `word -word field:value field:>value`, all of them together."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tui_app.api.enums import RowStatus

Row = Sequence[Any]
"""A row's plain values, at the places that JobMessage has them."""

PLACES: Final = {
    "id": 0,
    "postfix": 1,
    "to": 3,
    "status": 5,
    "tries": 6,
    "created": 7,
    "why": 8,
    "retry": 9,
    "processed": 10,
    "mail": 13,
    "subject": 14,
    "from": 15,
}
"""The fields that can be named, and where a row has them."""
_WORDS: Final = (1, 3, 5, 8, 14, 15)
"""Where a bare word may stand: what the table shows."""
_NUMBERS: Final = frozenset({"tries"})
_COMPARED: Final = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
}


@dataclass(frozen=True)
class RowFilter:
    """A filter of rows; `line` is what was typed. Two filters of the same line are the same."""

    line: str
    _tests: tuple[Callable[[Row], bool], ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowFilter) and other.line == self.line

    def __hash__(self) -> int:
        return hash(self.line)

    def matches(self, row: Row) -> bool:
        """Whether a row passes."""
        return all(test(row) for test in self._tests)


def parse_filter(line: str) -> RowFilter | None:
    """The filter of a line; None for an empty one. Raises ValueError with a sentence that says what is wrong."""
    try:
        terms = shlex.split(line)
    except ValueError:
        raise ValueError("A quotation mark is not closed, or a backslash has nothing after it.") from None
    return RowFilter(line.strip(), tuple(_test(term) for term in terms)) if terms else None


def _test(term: str) -> Callable[[Row], bool]:
    negative = term.startswith("-") and len(term) > 1
    positive = _positive(term[1:] if negative else term)
    return (lambda row: not positive(row)) if negative else positive


def _positive(term: str) -> Callable[[Row], bool]:
    name, colon, value = term.partition(":")
    if not colon or not name.isalpha():
        return _word(term)
    if name.lower() not in PLACES:
        raise ValueError(f"No field '{name}'; try to, from, subject, status, why, tries, id, postfix.")
    position = PLACES[name.lower()]
    parts = _COMPARED.fullmatch(value)
    assert parts is not None
    sign, wanted = parts[1], parts[2]
    if not wanted:
        raise ValueError(f"'{term}' names a field without a value.")
    if name.lower() in _NUMBERS:
        if not wanted.isdecimal():
            raise ValueError(f"'{name}' is a number: for example {name}:>2.")
        return _compared(position, sign or "=", int(wanted), lambda found: found if isinstance(found, int) else 0)
    if name.lower() == "status" and not any(wanted.casefold() in status.casefold() for status in RowStatus):
        raise ValueError(f"No row is ever '{wanted}': {', '.join(RowStatus).lower()}.")
    if sign:
        return _compared(position, sign, wanted.casefold(), lambda found: str(found or "").casefold())
    wanted = wanted.casefold()
    return lambda row: wanted in str(row[position] or "").casefold()


def _compared(position: int, sign: str, wanted: Any, read: Callable[[Any], Any]) -> Callable[[Row], bool]:
    compare = _COMPARISONS[sign]
    return lambda row: compare(read(row[position]), wanted)


def _word(word: str) -> Callable[[Row], bool]:
    wanted = word.casefold()
    return lambda row: wanted in "\n".join([str(row[position]) for position in _WORDS if row[position]]).casefold()
