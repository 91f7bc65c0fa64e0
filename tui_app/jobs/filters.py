"""The filter line over a job's loaded rows: `word -word field:value field:>value`, all of them together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tui_app.api.enums import RowStatus
from tui_app.core.query import split_words, without_brackets
from tui_app.core.text import Untrusted
from tui_app.jobs.failures import cause_of, is_failure, reason_contains
from tui_app.jobs.row_columns import BY_FIELD, ROW_COLUMNS
from tui_app.jobs.row_store import Row, value_of

_words: Final = value_of(*(column.name for column in ROW_COLUMNS if column.in_words))
"""The values in which a bare word may stand: what the table shows."""
_reason: Final = value_of("status", "status_message")
REASON: Final = "reason"
"""The field of a row's reason by its cause: no column has it, it is made of what the server said."""
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
    terms = split_words(line)
    return RowFilter(line.strip(), tuple(_test(term) for term in terms)) if terms else None


def reason_line(key: str) -> str:
    """The filter line of the rows of one group of `reasons.RowsByReason`."""
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{REASON}:="{quoted}"'


def _of_reason(term: str, value: str) -> Callable[[Row], bool]:
    """Failed and skipped rows by their reason: `=` and the label of their cause, or words of either."""
    exact, words = value.startswith("="), value.removeprefix("=").casefold()
    if not words:
        raise ValueError(f"'{term}' names a field without a value.")

    def matches(row: Row) -> bool:
        status, found = _reason(row)
        if not is_failure(status):
            return False
        message = "" if found is None else Untrusted.of(found).exact
        return cause_of(message).label == words if exact else reason_contains(message, words)

    return matches


def _test(term: str) -> Callable[[Row], bool]:
    negative = term.startswith("-") and len(term) > 1
    positive = _positive(term[1:] if negative else term)
    return (lambda row: not positive(row)) if negative else positive


def _positive(term: str) -> Callable[[Row], bool]:
    name, colon, value = term.partition(":")
    if not colon or not name.isalpha() or value[:1].isspace():
        return _word(term)
    if name.lower() == REASON:
        return _of_reason(term, value)
    column = BY_FIELD.get(name.lower())
    if column is None:
        raise ValueError(f"'{name}' is not a field. Fields: {', '.join(BY_FIELD)}, {REASON}.")
    read = value_of(column.name)
    parts = _COMPARED.fullmatch(value)
    assert parts is not None
    sign, wanted = parts[1], parts[2]
    if sign not in (None, "=") and not (column.is_number or column.is_time):
        # `to:<ana@acme.example>` is no comparison.
        sign, wanted = None, without_brackets(value)
    if not wanted:
        raise ValueError(f"'{term}' names a field without a value.")
    if column.is_number:
        if not wanted.isdecimal():
            raise ValueError(f"'{name}' is a number: for example {name}:>2.")
        return _compared(read, sign or "=", int(wanted), lambda found: found if isinstance(found, int) else 0)
    if column.name == "status" and not any(wanted.casefold() in status.casefold() for status in RowStatus):
        raise ValueError(f"No row is ever '{wanted}': {', '.join(RowStatus).lower()}.")
    if sign:
        return _compared(read, sign, wanted.casefold(), lambda found: str(found or "").casefold())
    wanted = wanted.casefold()
    return lambda row: wanted in str(read(row) or "").casefold()


def _compared(
    read: Callable[[Row], Any], sign: str, wanted: Any, as_compared: Callable[[Any], Any]
) -> Callable[[Row], bool]:
    compare = _COMPARISONS[sign]
    return lambda row: compare(as_compared(read(row)), wanted)


def _word(word: str) -> Callable[[Row], bool]:
    wanted = word.casefold()
    return lambda row: wanted in "\n".join([str(value) for value in _words(row) if value]).casefold()
