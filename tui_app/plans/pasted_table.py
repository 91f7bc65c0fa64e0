"""Ids in tables with a heading, by column: CSV with any separator, Markdown, and the listings of the command line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from tui_app.plans.id_field import ID_FIELDS, OTHER, WRITTEN, field_name, ids_of_row
from tui_app.plans.pasted_text import ids_told

if TYPE_CHECKING:
    from tui_app.plans.findings import Findings

# A cell may hold ten thousand recipients.
csv.field_size_limit(64 * 1024 * 1024)
_RULE: Final = frozenset("|:- \t")
"""Characters of the line below the heading of a table in Markdown."""
_BETWEEN: Final = re.compile(r"(?<!\\)\|")
_QUOTED: Final = re.compile(r"^\s*+(?:>\s?)++(?=\s*\|)")
_LONGEST_NAME: Final = 40
_NO_COLUMN: Final = "A table without a column of ids: nothing was taken."
_UNEVEN: Final = "A row with more or fewer columns than its heading: nothing was taken. Paste it by itself."
_UNREADABLE: Final = "From here on the table can't be read: nothing was taken."


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns of a table; `offsets` are the first cells of columns of a fixed width."""

    names: tuple[str, ...]
    separator: str
    offsets: tuple[int, ...] = ()

    @property
    def has_ids(self) -> bool:
        """Whether a column holds ids."""
        return any(name in ID_FIELDS for name in self.names)


def heading_of(line: str, following: str) -> Heading | None:
    """The heading that a line is; None if it is none. The next line tells whether it is one of Markdown."""
    line = _unquoted(line.lstrip("\ufeff"))
    if len(line) > 4000:
        return None
    if line.lstrip().startswith("|"):
        if not _is_rule(_unquoted(following)):
            return None
        return Heading(tuple(map(field_name, markdown_cells(line))), "|")
    if ids_told(line):
        return None  # `id: 4N…`, in columns
    found = [heading for mark in ",;\t|" if mark in line and (heading := _separated(line, mark))]
    if found:
        return max(found, key=lambda heading: sum(name in OTHER or name in ID_FIELDS for name in heading.names))
    return _laid_out(line)


def lone_heading(line: str) -> Heading | None:
    """The heading of a single column with words of somebody else; None where a line is none."""
    name = field_name(line)
    return Heading((name,), "\x1f") if name in WRITTEN and len(line.split()) == 1 else None


def _unquoted(line: str) -> str:
    """A line of a quoted table in Markdown without what a mail client put before it; others as they are."""
    return _QUOTED.sub("", line, count=1) if ">" in line[:_LONGEST_NAME] else line


def _is_rule(line: str) -> bool:
    return "-" in line and _RULE.issuperset(line)


def _separated(line: str, mark: str) -> Heading | None:
    try:
        cells = next(csv.reader([line], delimiter=mark))
    except (csv.Error, StopIteration):
        return None
    names = tuple(map(field_name, cells))
    if len(names) < 2 or any(len(name) > _LONGEST_NAME or "@" in name for name in names):
        return None  # with an address it is a row, whatever words stand in it
    ids, others = sum(name in ID_FIELDS for name in names), sum(name in OTHER for name in names)
    return Heading(names, mark) if ids or (others >= 2 and others * 2 >= len(names)) else None


def _laid_out(line: str) -> Heading | None:
    """The heading of a listing: names in capitals with blanks between them."""
    words = list(re.finditer(r"\S+", line))
    names = tuple(word[0].casefold() for word in words)
    known = sum(name in ID_FIELDS or name in OTHER for name in names)
    if len(words) < 2 or line != line.upper() or known < 2 or known * 2 < len(words):
        return None
    return Heading(names, " ", tuple(word.start() for word in words))


def read_table(
    heading: Heading,
    lines: Sequence[str],
    first: int,
    findings: Findings,
    is_piece: Callable[[int], bool] = lambda at: False,
) -> int:
    """Take the ids of the rows below a heading; `first` = the number of the first. How many lines the table has.

    `is_piece` = whether a line may be the rest of the row above it: columns of a fixed width do not tell.
    """
    end = len(lines)
    if heading.separator == "|" and lines and _is_rule(_unquoted(lines[0])):
        table = list(takewhile(lambda line: line.lstrip().startswith("|"), map(_unquoted, lines)))
        end = len(table)
        rows: Iterator[tuple[int, list[str]]] = ((at, markdown_cells(table[at])) for at in range(1, end))
    elif heading.offsets:
        end = next((at for at, line in enumerate(lines) if not line.strip()), end)
        rows = ((at, laid_out_cells(lines[at], heading)) for at in range(end))
    else:
        rows = _separated_rows(lines, heading.separator, first, findings)
    held_ids = False
    for at, cells in rows:
        if not any(cell.strip() for cell in cells):
            if heading.separator == "\t" and not heading.has_ids:
                end = at  # a table of sums on a page: another one with ids may stand below it
                break
            continue
        number = first + at
        if heading.offsets and is_piece(at):
            findings.not_searched += [(number, word) for word in ids_told(lines[at])]
            continue
        pushed = pushed_columns(lines[at], heading)
        cells = ["" if place in pushed else cell for place, cell in enumerate(cells)]
        while len(cells) > len(heading.names) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(heading.names):
            told = ids_told(" ".join(cells))
            findings.not_searched += [(number, word) for word in told]
            if told:
                findings.notes.append((number, _UNEVEN))
            continue
        if not heading.has_ids:
            held_ids |= bool(ids_told(" ".join(cells)))
            continue
        # A quotation mark at the beginning of a cell may have swallowed the rows below it.
        findings.not_searched += [(number, word) for cell in cells if "\n" in cell for word in ids_told(cell)]
        if not take_row(heading, cells, number, findings) and pushed:
            findings.not_searched += [(number, word) for word in ids_told(lines[at])]
    if not heading.has_ids and (held_ids or heading.separator != "|"):
        findings.notes.append((max(1, first - 1), _NO_COLUMN))
    return end


def take_row(heading: Heading, cells: Sequence[str], number: int, findings: Findings) -> tuple[str, ...]:
    """Take the ids of a row by its columns; which."""
    fields = _fields(heading, cells)
    row = ids_of_row(fields)
    findings.take_all(row.taken, number)
    findings.denied += [(number, name) for name in row.denied_by(fields)]
    findings.unrecognised += [(number, word) for word in row.unrecognised]
    findings.not_searched += [(number, word) for word in row.not_believed]
    return row.taken


def _fields(heading: Heading, cells: Sequence[str]) -> dict[str, object]:
    """The cells of a row by name; of two with the same name the first that is filled."""
    fields: dict[str, object] = {}
    for name, cell in zip(heading.names, cells, strict=True):
        if not fields.get(name):
            fields[name] = cell
    return fields


def _separated_rows(
    lines: Sequence[str], separator: str, first: int, findings: Findings
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator)
    at = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            findings.notes.append((first + at, _UNREADABLE))
            for further in range(at, len(lines)):
                findings.not_searched += [(first + further, word) for word in ids_told(lines[further])]
            return
        if cells is None:
            return
        yield at, cells
        at = reader.line_num


def markdown_cells(line: str) -> list[str]:
    """The cells of a row of Markdown: an escaped bar belongs to its cell."""
    cells = _BETWEEN.split(line.strip().removeprefix("|"))
    return cells[:-1] if not cells[-1].strip() else cells


def laid_out_cells(line: str, heading: Heading) -> list[str]:
    """The cells of a row of a listing."""
    ends = (*heading.offsets[1:], len(line))
    return [line[start:end].strip() for start, end in zip(heading.offsets, ends, strict=True)]


def pushed_columns(line: str, heading: Heading) -> set[int]:
    """Columns of a listing of which nobody can say where they begin.

    A wide character before a column would let the sender of a mail push words into it. What was cut ends in `…`.
    Before a column that was pushed nobody knows where the one to its left ends.
    """
    pushed = {
        place
        for place, offset in enumerate(heading.offsets)
        if not line[:offset].replace("…", ".").isascii() or (offset and line[max(0, offset - 2) : offset].strip())
    }
    return pushed | {place - 1 for place in pushed if place}
