"""Lines that a mail client or a terminal broke: what goes on with a line of somebody else's words names no message.

Nobody can see in a line whether it begins where it was written to begin: a subject chooses the words before a break, and
gives what stands behind it the form of a row. So a row, a header or a line of ours ends for sure only at an empty line,
where its own end is known, or where lines beside it are too long to be broken.
"""

from __future__ import annotations

import csv
import re
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
    "Paste it unbroken, with its heading, or put an empty line before what is meant."
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
_BETWEEN: Final = re.compile(r"[\s,;|`\"']+")
_EDGES: Final = " \t,;|`\"'"
_WIDE: Final = re.compile(r"\s{2,}|\t")
_NARROWEST: Final = 60
"""Columns at which a mail client breaks lines, or more."""
_WIDEST: Final = 132
_FAR: Final = 40
"""Lines in which the end of a row is looked for."""
_COLUMNS: Final = 3
_OUR_COLUMN: Final = 54
"""Where the second column of our listings begins: no cell of a sender has room for a whole id and what is up to there."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is a row of a listing or of a table: the id that it begins with, and what rows like it have in common."""

    id: str
    shape: tuple[object, ...]
    is_closed: bool = False
    """Whether its end is seen: the queue id of its own message, which no sender knows when he writes."""

    @property
    def is_ours(self) -> bool:
        """Whether it is a row of our own listings, by where its second column begins."""
        return self.shape == (True, " ", _OUR_COLUMN)


def begun(line: str) -> tuple[str, str]:
    """The id with which a line begins, and what stands behind it; empty where it begins with none, or is nothing else."""
    line = line[_BULLET.match(line).end() :]  # type: ignore[union-attr]
    found = _BEGINS.match(line)
    return (found["id"], line[found.end() :]) if found is not None else ("", "")


def is_listed(line: str) -> bool:
    """Whether a line that begins with an id, and a blank behind it, is the row of a listing: it is about that one message.

    Any blanks may have become one. Ids with the words of an operator between them are none, unless there is an address.
    """
    name, rest = begun(line)
    if rest[:1] == "\t" or not rest[:1].isspace() or rest.lstrip()[:1] == "|":
        return False
    if has_own_first(name, rest):
        return True
    return not _are_ids(rest) and bool(_WIDE.match(rest) or "@" in rest or begins_with_state(rest) or is_told(line))


@lru_cache(maxsize=64)
def row_of(line: str) -> Row | None:
    """The row that a line is, with or without an id at its beginning; None where it is none."""
    name, rest = begun(line)
    if name:
        if rest.strip() == "|":
            # Its first cell; the next line begins with a bar, too, unless it goes on with this row.
            return Row(name, (True, "|", 1, line.lstrip()[:1]))
        is_row = not (_are_ids(rest) or rest.startswith(", ")) and (is_listed(line) or _mark(rest))
        if not is_row and not has_own_first(name, rest, cut=True):
            return None
        is_mail = INVESTIGATE_ID.fullmatch(name) is not None
        return Row(name, (is_mail, *_shape(line, rest)), is_mail and _is_end(rest, name.partition("-")[0]))
    if "@" in line and (mark := _mark(line)):
        cells = _cells(line, mark)
        if len(cells) >= _COLUMNS and not any(cell[:1] == " " for cell in cells if mark in ",;"):
            return Row("", (mark, len(cells)))
    return None


def has_own_first(name: str, rest: str, *, cut: bool = False) -> bool:
    """Whether the queue id of a message stands right behind its id; `cut` = or its beginning, where the line ends."""
    queue, bare = name.partition("-")[0], rest.strip(_EDGES)
    if INVESTIGATE_ID.fullmatch(name) is None or not bare:
        return False
    return _BETWEEN.split(bare, maxsplit=1)[0] == queue or (cut and queue.startswith(bare))


def _is_end(text: str, queue: str) -> bool:
    """Whether a row, without its id, ends with its queue id.

    Two words have to stand before it: where the queue id has its place right behind the id, a subject may follow.
    """
    *before, last = _BETWEEN.split(text.strip(_EDGES))
    return last == queue and len(before) > 1


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
    return ("state",) if begins_with_state(rest) else ("words",)


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
        self._above = self._alone = ""
        self._top = True

    def table(self, last: int) -> None:
        """A table in Markdown ended with line `last`: a line that is not its row may be a piece of that one."""
        self.start()
        self._top, self._row = False, Row("", ("table",))
        if (row := row_of(_unquoted(self._lines[last])[0])) is not None:
            self._until = self._end(row, last)

    def is_piece(self, at: int) -> bool:
        """Whether a line may go on with what stands above it, or is the end of a row that stood there."""
        line, depth = _unquoted(self._lines[at])
        if not line.strip() and at <= self._until:
            return False  # of a subject with many blanks a terminal leaves empty lines
        if not line.strip() and (depth in (0, self._depth) or not self._goes_on()):
            self.start()
            return False
        self._depth = depth
        top, self._top = self._top, False
        if top and self._is_unlike_rows_below(line, at):
            self._begin(line, at)
            return bool(ids_told(line))
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
        if self._alone and self._is_second_column(line, at):
            # The id of a row was alone in the line above.
            self._row, self._lost = Row(self._alone, ("alone",)), True
            self._until = self._end(self._row, at)
            return True
        if self._header:
            return not self._is_whole(line, at)
        return self._ours and self._may_be_broken(line, at)

    def _goes_on_with_row(self, row: Row, line: str, at: int) -> bool:
        if row.is_closed:
            return False
        if at <= self._until:
            if at == self._until:
                self._row = Row(row.id, row.shape, is_closed=True)
            return True
        self._lost |= not self._is_next_row(row, row_of(line), at)
        return self._lost

    def _is_second_column(self, line: str, at: int) -> bool:
        """Whether a line may be the rest of a row of which the line above had room for the id only."""
        if has_own_first(self._alone, line):
            return True
        words = line.split(maxsplit=1)
        return bool(words) and "@" in words[0] and self._may_be_broken(line, at)

    def _is_next_row(self, row: Row, other: Row | None, at: int) -> bool:
        """Whether a line is the row below a row, and no piece of it."""
        if other is None or bool(other.id) != bool(row.id):
            return False
        if not INVESTIGATE_ID.fullmatch(other.id):
            return other.shape == row.shape
        if row.shape == other.shape and (row.is_ours or row.shape == (True, "|", 1, "|")):
            return True
        return other.shape[:2] == row.shape[:2] and self._longest[at][1] > _WIDEST

    def _is_whole(self, line: str, at: int) -> bool:
        """Whether a line among headers is one by itself: an id with its label, a heading; a sender may have written both."""
        if self._may_be_broken(line, at, self._longest[at][0]):
            return False
        following = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        return (
            _is_labelled(line)
            or _FIELD.match(line) is not None
            or heading_of(line, following) is not None
            or json_begins(line, 0) is not None
        )

    def _may_be_broken(self, line: str, at: int, longest: int = 0) -> bool:
        """Whether the first word would not have found room in the line above; lines beside it have `longest` or more."""
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        room = max(_NARROWEST, longest)
        return len(self._above) + 1 + len(first) > room and self._longest[at][0] <= _WIDEST

    @cached_property
    def _longest(self) -> list[tuple[int, int]]:
        """Of each line how long those around it are, up to an empty one, and those of them that are rows.

        The last word does not count: what has no blank is not broken.
        """
        longest: list[tuple[int, int]] = []
        block: list[str] = []
        depth = 0
        for each in (*self._lines, ""):
            line, own_depth = _unquoted(each)
            if block and (own_depth != depth or not line.strip()):
                lengths = [(len(_without_last(one)), one) for one in block]
                of_rows = (length for length, one in lengths if length > _WIDEST and row_of(one))
                longest += [(max(length for length, _ in lengths), max(of_rows, default=0))] * len(block)
                block = []
            depth = own_depth
            if line.strip():
                block.append(line)
            else:
                longest.append((0, 0))
        return longest

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
        bare = line[_BULLET.match(line).end() :].strip(_EDGES)  # type: ignore[union-attr]
        self._alone = bare if INVESTIGATE_ID.fullmatch(bare) else ""

    def _end(self, row: Row, at: int) -> int:
        """The line below in which a row ends; -1 where that is not seen."""
        if row.is_closed or not INVESTIGATE_ID.fullmatch(row.id):
            return -1
        queue = row.id.partition("-")[0]
        text = begun(_unquoted(self._lines[at])[0])[1]
        for place in range(at + 1, min(len(self._lines), at + _FAR)):
            piece = _unquoted(self._lines[place])[0].strip(_EDGES)
            # A terminal breaks the queue id, too.
            text += piece if len(piece) < len(queue) and f"{text}{piece}".endswith(queue) else f" {piece}"
            if text.endswith(queue) and _is_end(text, queue):
                return place
        return -1

    def _is_unlike_rows_below(self, line: str, at: int) -> bool:
        """Whether the first line looks like a row, and the rows below are others: it may be the end of one of them."""
        row = row_of(line)
        if row is None or not row.id or row.is_closed or self._end(row, at) > 0:
            return False
        for place in range(at + 1, min(len(self._lines), at + _FAR)):
            below, _ = _unquoted(self._lines[place])
            if not below.strip():
                return False
            if (other := row_of(below)) is not None and other.id:
                return place > at + 1 and other.shape[:2] != row.shape[:2]
        return False

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


def _without_last(line: str) -> str:
    """A line without its last word."""
    return line.rstrip().rpartition(" ")[0].rstrip()


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
