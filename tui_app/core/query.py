"""Splits a search or a filter that is typed on one line into its words, and knows where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass


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


def split_words(line: str) -> list[str]:
    """The words of a line alone. Raises QueryError."""
    return [word.text for word in words_of(line)]


def without_brackets(address: str) -> str:
    """An address without the `<…>` in which mail programs copy it."""
    inner = address.strip().removeprefix("<").removesuffix(">")
    return inner if address.strip() in (f"<{inner}>", f"<{inner}") else address
