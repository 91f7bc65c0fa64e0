"""Splits a search or a filter that is typed on one line into its words, and knows where each of them stands."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final


class QueryError(ValueError):
    """A line that makes no sense: the sentence says why, `start` and `end` where, in characters of the line."""

    def __init__(self, sentence: str, start: int = 0, end: int = 0) -> None:
        super().__init__(sentence)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Word:
    """One word without its quotation marks, and where it stands in the line, with them."""

    text: str
    start: int
    end: int


def words_of(line: str) -> list[Word]:
    """The words of a line; quotation marks keep blanks together, as in a shell. Raises QueryError."""
    words: list[Word] = []
    place, length = 0, len(line)
    while place < length:
        if line[place] in " \t\r\n":
            place += 1
            continue
        start = place
        text: list[str] = []
        while place < length and line[place] not in " \t\r\n":
            character = line[place]
            if character in "\"'":
                place = _quoted(line, place, text)
            elif character == "\\":
                if place + 1 == length:
                    raise QueryError("A backslash has nothing after it.", place, length)
                text.append(line[place + 1])
                place += 2
            else:
                text.append(character)
                place += 1
        words.append(Word("".join(text), start, place))
    return words


def _quoted(line: str, place: int, text: list[str]) -> int:
    """Read what is between quotation marks; where it goes on behind them."""
    mark, start = line[place], place
    place += 1
    while place < len(line):
        character = line[place]
        if character == mark:
            return place + 1
        if mark == '"' and character == "\\" and line[place + 1 : place + 2] in ('"', "\\"):
            place += 1
            character = line[place]
        text.append(character)
        place += 1
    raise QueryError("A quotation mark is not closed.", start, len(line))


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a filter: `name:value`, or with an empty name a word alone; `negative` with a `-` before it."""

    text: str
    name: str
    value: str
    negative: bool


def filter_terms(line: str) -> Iterator[tuple[Word, Term]]:
    """The terms of a filter line and where they stand. Raises QueryError."""
    for word in words_of(line):
        negative = word.text.startswith("-") and len(word.text) > 1
        text = word.text[1:] if negative else word.text
        name, colon, value = text.partition(":")
        is_field = bool(colon) and name.isalpha() and not value[:1].isspace()
        yield word, Term(text, name.lower() if is_field else "", value if is_field else text, negative)


_COMPARED: Final = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}


def comparison(value: str) -> tuple[str, str]:
    """The sign before a value, empty where there is none, and the rest of it."""
    parts = _COMPARED.fullmatch(value)
    assert parts is not None
    return parts[1] or "", parts[2]


def without_brackets(address: str) -> str:
    """An address without the `<…>` in which mail programs copy it."""
    inner = address.strip().removeprefix("<").removesuffix(">")
    return inner if address.strip() in (f"<{inner}>", f"<{inner}") else address
