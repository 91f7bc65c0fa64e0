"""The filter line over loaded rows: `word -word field:value field:>value`, all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_app.core.query import COMPARISONS, QueryError, Term, comparison, filter_terms, without_brackets
from tui_app.rows.shape import Row, RowShape

Test = Callable[[Row], bool]
Reader = Callable[[str, str], Test]
"""Makes a test of a whole term and the value in it. Raises ValueError with a sentence."""


@dataclass(frozen=True)
class RowFilter:
    """A filter of rows; `line` is what was typed. Two filters of the same line are the same."""

    line: str
    _tests: tuple[Test, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowFilter) and other.line == self.line

    def __hash__(self) -> int:
        return hash(self.line)

    def matches(self, row: Row) -> bool:
        """Whether a row passes."""
        return all(test(row) for test in self._tests)


def parse_filter(line: str, shape: RowShape[Any], more: Mapping[str, Reader] | None = None) -> RowFilter | None:
    """The filter of a line; None for an empty one. Raises QueryError: what is wrong, and where.

    `more` = fields that no column has, and how a value of each is read.
    """
    tests: list[Test] = []
    for word, term in filter_terms(line):
        try:
            tests.append(_test(term, shape, more or {}))
        except ValueError as error:
            raise QueryError(str(error), word.start, word.end) from None
    return RowFilter(line.strip(), tuple(tests)) if tests else None


def quoted_value(value: str) -> str:
    """A value as one word of a filter line, whatever is in it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _test(term: Term, shape: RowShape[Any], more: Mapping[str, Reader]) -> Test:
    positive = _positive(term, shape, more)
    return (lambda row: not positive(row)) if term.negative else positive


def _positive(term: Term, shape: RowShape[Any], more: Mapping[str, Reader]) -> Test:
    name = term.name
    if not name:
        return _word(term.text, shape)
    if (reader := more.get(name)) is not None:
        return reader(term.text, term.value)
    column = shape.by_field.get(name)
    if column is None:
        raise ValueError(f"'{name}' is not a field. Fields: {', '.join((*shape.by_field, *more))}.")
    read = shape.value_of(*column.kept)
    sign, wanted = comparison(term.value)
    if sign not in ("", "=") and not (column.is_number or column.is_time):
        # `to:<ana@acme.example>` is no comparison.
        sign, wanted = "", without_brackets(term.value)
    if not wanted:
        raise ValueError(f"'{term.text}' names a field without a value.")
    if column.is_number:
        if not wanted.isdecimal():
            raise ValueError(f"'{name}' is a number: for example {name}:>2.")
        return _compared(read, sign or "=", int(wanted), lambda found: found if isinstance(found, int) else 0)
    if column.values and not any(wanted.casefold() in known.casefold() for known in column.values):
        raise ValueError(f"No row is ever '{wanted}': {', '.join(column.values).lower()}.")
    if sign:
        return _compared(read, sign, wanted.casefold(), lambda found: _text(found).casefold())
    wanted = wanted.casefold()
    return lambda row: wanted in _text(read(row)).casefold()


def _text(value: Any) -> str:
    """A kept value as the text in which words are looked for."""
    if type(value) is tuple:
        return "\n".join([_text(part) for part in value if part])
    return str(value or "")


def _compared(read: Callable[[Row], Any], sign: str, wanted: Any, as_compared: Callable[[Any], Any]) -> Test:
    compare = COMPARISONS[sign]
    return lambda row: compare(as_compared(read(row)), wanted)


def _word(word: str, shape: RowShape[Any]) -> Test:
    words = shape.value_of(*(name for column in shape.columns if column.in_words for name in column.kept))
    wanted = word.casefold()
    return lambda row: wanted in "\n".join([_text(value) for value in words(row) if value]).casefold()
