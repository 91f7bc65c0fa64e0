"""Lines that a mail client or a terminal broke: what goes on with a line of somebody else's words names no message.

Nobody can see in a line whether it begins where it was written to begin: a subject chooses the words before a break. So a
row, a header or a line of ours ends for sure only at an empty line, or where its own end is known.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from tui_app.core.id_form import INVESTIGATE_ID
from tui_app.plans.id_field import WRITTEN
from tui_app.plans.pasted_json import json_begins
from tui_app.plans.pasted_screen import begins_with_state
from tui_app.plans.pasted_table import heading_of, markdown_cells
from tui_app.plans.pasted_text import ids_told, is_told

PIECE: Final = (
    "It may be a piece of the line above, with words of somebody else: nothing was taken. "
    "Paste it unbroken, or put an empty line before what is meant."
)
_QUOTED: Final = re.compile(r"\s*+(?:>\s?)*")
_BULLET: Final = re.compile(r"\s*+(?:(?:[-*+\u2022|]|\d{1,4}[.)])\s*+)?[`\"']*")
_ROW_ID: Final = r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_BEGINS: Final = re.compile(rf"(?P<id>(?a:{INVESTIGATE_ID.pattern})|{_ROW_ID})(?=[\s,;|`\"'])")
_OWN_WORDS: Final = frozenset(["why", "comment", "comments", "reason", "reasons"])
"""Fields that whoever writes the ticket fills."""
_NAMES: Final = "|".join(
    re.escape(name).replace("_", "[ _-]?") for name in sorted(WRITTEN - _OWN_WORDS, key=len, reverse=True)
)
_FIELD: Final = re.compile(
    rf"[\s*_`\"'\u2022+-]*+(?:{_NAMES})(?:\s+line|\s*\([^()]{{0,40}}\))?[\"'*_`\\]*\s*[:=]",
    re.IGNORECASE,
)
_OWN_FIELD: Final = re.compile(rf"(?<![0-9A-Za-z_-])(?:{'|'.join(sorted(_OWN_WORDS))})\s*:", re.IGNORECASE)
_LABELLED: Final = re.compile(r"[\s*_`\"'\u2022+-]*(?:[^\W\d_][\w-]*[ ]?){1,3}[*_`\"']*\s*[:=](?P<value>.*)")
_MESSAGE_ID: Final = re.compile(r"[\s*_\"'-]*message[ _-]?id[*_\"']*\s*:", re.IGNORECASE)
_QUEUE_ID: Final = re.compile(r"(?<![0-9A-Za-z-])[0-9A-Za-z]{12,24}(?![0-9A-Za-z\u2026-])(?!\.\.)")
_BETWEEN: Final = re.compile(r"[\s,;|`\"']+")
_WIDE: Final = re.compile(r"\s{2,}|\t")
_NARROWEST: Final = 60
"""Columns at which a mail client breaks lines, or more."""
_WIDEST: Final = 132
_FAR: Final = 40
"""Lines in which the end of a row is looked for."""
_COLUMNS: Final = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is a row of a listing or of a table: the id that it begins with, and what rows like it have in common."""

    id: str
    shape: tuple[object, ...]
    is_closed: bool = False
    """Whether its end is seen: the queue id of its own message, which no sender knows when he writes."""


def begun(line: str) -> tuple[str, str]:
    """The id with which a line begins, and what stands behind it; empty where it begins with none, or is nothing else."""
    line = line[_BULLET.match(line).end() :]  # type: ignore[union-attr]
    found = _BEGINS.match(line)
    return (found["id"], line[found.end() :]) if found is not None else ("", "")


def is_listed(line: str) -> bool:
    """Whether a line that begins with an id, and a blank behind it, is the row of a listing: it is about that one message.

    Any blanks may have become one. Ids with the words of an operator between them are none, unless there is an address.
    """
    _, rest = begun(line)
    if rest[:1] == "\t" or not rest[:1].isspace() or rest.lstrip()[:1] == "|" or _are_ids(rest):
        return False
    return bool(_WIDE.match(rest)) or "@" in rest or begins_with_state(rest) or is_told(line)


@lru_cache(maxsize=64)
def row_of(line: str) -> Row | None:
    """The row that a line is, with or without an id at its beginning; None where it is none."""
    name, rest = begun(line)
    if name:
        if _are_ids(rest) or rest.startswith(", ") or not (is_listed(line) or _mark(rest)):
            return None
        is_mail = INVESTIGATE_ID.fullmatch(name) is not None
        return Row(name, (is_mail, *_shape(line, rest)), is_mail and _has(rest, name.partition("-")[0]))
    if "@" in line and (mark := _mark(line)):
        cells = _cells(line, mark)
        if len(cells) >= _COLUMNS and not any(cell[:1] == " " for cell in cells if mark in ",;"):
            return Row("", (mark, len(cells)))
    return None


def _mark(text: str) -> str:
    """What separates the cells of a line."""
    return next((mark for mark in "\t|;," if mark in text), "")


def _are_ids(text: str) -> bool:
    """Whether nothing stands in a text but ids."""
    return all(ids_told(word) == [word] for word in _BETWEEN.split(text) if word)


def _cells(line: str, mark: str) -> list[str]:
    if mark == "|":
        return markdown_cells(line)
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return line.split(mark)


def _shape(line: str, rest: str) -> tuple[object, ...]:
    if rest[:1] in "\t|;," or rest.lstrip(" `\"'")[:1] == "|":
        mark = "|" if "|" in rest[:4] else rest[:1]
        cells = _cells(line, mark)
        return (mark, len(cells), "@" in cells[1] if len(cells) > 1 else False)
    if (gap := _WIDE.match(rest)) is not None:
        return (" ", len(line) - len(rest) + gap.end())
    words = rest.split()
    return ("state",) if begins_with_state(rest) else (len(words), "@" in words[0])


def _has(text: str, queue: str) -> bool:
    """Whether a queue id stands there as a word of its own."""
    return queue in text and queue in _QUEUE_ID.findall(text)


class BrokenLines:
    """Follows the lines of a text; each is asked for once, in order."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._depth = 0
        self.start()

    def start(self) -> None:
        """What comes next goes on with nothing."""
        self._row: Row | None = None
        self._until = -1
        self._lost = self._header = self._ours = self._fresh = False
        self._above = ""
        self._top = True

    def table(self) -> None:
        """A table in Markdown ended above: a line that is not its row may be a piece of its last one."""
        self.start()
        self._top, self._row = False, Row("", ("table",))

    def is_piece(self, at: int) -> bool:
        """Whether a line may go on with what stands above it, or is the end of a row that stood there."""
        line, depth = _unquoted(self._lines[at])
        if not line.strip() and (depth in (0, self._depth) or not self._goes_on()):
            self.start()
            return False
        self._depth = depth
        top, self._top = self._top, False
        if top and self._is_above_broken(at):
            self._fresh = True
        if self._goes_on_here(line, at):
            self._above = line
            return True
        self._begin(line, at)
        return self._fresh and bool(ids_told(line)) and json_begins(line, 0) is None

    def _goes_on(self) -> bool:
        return self._row is not None or self._header or self._ours

    def _goes_on_here(self, line: str, at: int) -> bool:
        if self._row is not None:
            return self._goes_on_with_row(self._row, line, at)
        if self._header:
            return not self._is_whole(line, at)
        return self._ours and self._may_be_broken(line)

    def _goes_on_with_row(self, row: Row, line: str, at: int) -> bool:
        if row.is_closed:
            return False
        if at <= self._until:
            if at == self._until:
                self._row = Row(row.id, row.shape, is_closed=True)
            return True
        other = row_of(line)
        self._lost |= other is None or other.shape != row.shape or bool(other.id) != bool(row.id)
        return self._lost

    def _is_whole(self, line: str, at: int) -> bool:
        """Whether a line among headers is one by itself: an id with its label, a heading; a sender may have written both."""
        if self._may_be_broken(line):
            return False
        following = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        return (
            _is_labelled(line)
            or _FIELD.match(line) is not None
            or heading_of(line, following) is not None
            or json_begins(line, 0) is not None
        )

    def _may_be_broken(self, line: str) -> bool:
        """Whether the first word would not have found room in the line above."""
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        return len(self._above.rstrip()) + 1 + len(first) > _NARROWEST and len(line) <= _WIDEST

    def _begin(self, line: str, at: int) -> None:
        self._row, self._lost, self._until = row_of(line), False, -1
        self._ours = False
        if self._row is not None:
            self._header = self._fresh = False
            self._until = self._end(self._row, at)
        else:
            self._header |= _FIELD.match(line) is not None
            self._ours = not self._header and _is_ours(line)
        # An id with its label is all of its line.
        self._above = "" if _is_labelled(line) else line

    def _end(self, row: Row, at: int) -> int:
        """The line below in which a row ends; -1 where that is not seen."""
        if row.is_closed or not INVESTIGATE_ID.fullmatch(row.id):
            return -1
        queue = row.id.partition("-")[0]
        places = self._places.get(queue, [])
        place = next(iter(places[bisect_right(places, at) :][:1]), at)
        between = self._lines[at + 1 : min(place, at + _FAR)]
        if at < place < at + _FAR and all(line.strip(" \t>") for line in between):
            return place
        return -1

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """The lines in which a queue id is a word of its own."""
        places: dict[str, list[int]] = {}
        for place, line in enumerate(self._lines):
            for word in dict.fromkeys(_QUEUE_ID.findall(line)):
                places.setdefault(word, []).append(place)
        return places

    def _is_above_broken(self, at: int) -> bool:
        """Whether the first row below was broken: then what stands above it may be the end of another one."""
        for place in range(at, min(len(self._lines), at + _FAR)):
            line, _ = _unquoted(self._lines[place])
            if not line.strip():
                return False
            row = row_of(line)
            if row is None or not row.id:
                continue
            if row.is_closed or place == at:
                return False
            following, _ = _unquoted(self._lines[place + 1]) if place + 1 < len(self._lines) else ("", 0)
            other = row_of(following)
            return self._end(row, place) > 0 or bool(following.strip() and (other is None or other.shape != row.shape))
        return False


def _is_labelled(line: str) -> bool:
    """Whether it is the id of a message with its label, and nothing else."""
    if _MESSAGE_ID.match(line):
        return True
    found = _LABELLED.fullmatch(line.strip())
    if found is None:
        return False
    words = [word.strip("`\"'*_<>,;") for word in found["value"].split()]
    return bool(words) and not is_told(line) and all(ids_told(word) == [word] for word in words)


def _is_ours(line: str) -> bool:
    """Whether nothing of a line is taken, but for a field that the writer of a ticket fills."""
    return is_told(line) and is_told(_OWN_FIELD.sub(" ", line))


def _unquoted(line: str) -> tuple[str, int]:
    quoted = _QUOTED.match(line)
    assert quoted is not None
    depth = quoted[0].count(">")
    return (line[quoted.end() :] if depth else line), depth
