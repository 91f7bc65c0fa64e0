"""Rows of tables that lost their heading: the one message of a row by its place, and no other, whatever its cells say."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from tui_app.core.id_form import INVESTIGATE_ID
from tui_app.plans.id_field import id_of_cell
from tui_app.plans.pasted_broken import begun, has_own_first, is_listed
from tui_app.plans.pasted_table import Heading, laid_out_cells, markdown_cells, pushed_columns, take_row
from tui_app.plans.pasted_text import ids_told, is_told, legible

if TYPE_CHECKING:
    from tui_app.plans.findings import Findings

JOB_ROWS: Final = (
    ("message_id", 36),
    ("status", 10),
    ("recipient", 30),
    ("subject", 30),
    ("retry_count", 11),
    ("retry_after", 20),
    ("status_message", 50),
    ("postfix_id", 16),
    ("investigate_id", 52),
)
"""The columns of a job's rows, with their widths in a listing; they begin with no id of a mail."""
JOB_REPORT: Final = (
    "message_id",
    "investigate_id",
    "postfix_id",
    "alert_id",
    "email_message_id",
    "recipient",
    "status",
    "cause",
    "status_message",
    "retry_count",
    "retry_after",
    "afterwards",
    "plan",
)
"""The columns of a job's report."""
_JOB_TABLES: Final = {len(names): names for names in (tuple(name for name, _ in JOB_ROWS), JOB_REPORT)}
_JOB_LISTING: Final = Heading(
    tuple(name for name, _ in JOB_ROWS), " ", (0, *accumulate(width + 2 for _, width in JOB_ROWS[:-1]))
)
_ROW_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\s*+(?:>\s?)*")
_TABS: Final = "\t|"
"""What separates cells and is no punctuation of a sentence."""
_MARKS: Final = f"{_TABS},;"
_MANY: Final = 4
"""Cells of a row; fewer may be an enumeration."""
_SWALLOWED: Final = 20
"""Lines that a cell in quotation marks may have."""
_SEVERAL: Final = "Looks like the row of a table without its heading, and names several messages: nothing was taken."
_NEVER_IN: Final = "The row of a report that says held back: nothing was taken."
_HELD_BACK: Final = re.compile(r"\s+held back(?:\s|$)", re.IGNORECASE)
"""What never was in a plan."""
_NOT_OWN: Final = (
    "Looks like the row of a table without its heading, and which id is its own is not sure: nothing was taken. "
    "Paste it with its heading."
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a line is under one separator."""

    taken: str = ""
    why_not: str = ""
    """Why nothing is taken."""
    layout: Heading | None = None
    """One of our own tables."""
    cells: Sequence[str] = ()
    lines: int = 1
    own: bool = False
    """Whether the row begins with its id: then no other separator comes into question."""
    is_text: bool = False


_TEXT: Final = _Reading(is_text=True)


def read_row(lines: Sequence[str], at: int, findings: Findings) -> int:
    """How many lines the row of a table without its heading takes that begins there; its one message is taken, or it is told.

    0 where the line is none. A row of ours begins with its id; the columns of those that do not are known.
    """
    number = at + 1
    line = _without_quote(lines[at])
    if is_listed(line):
        name, rest = begun(line)
        if INVESTIGATE_ID.fullmatch(name) is None:
            if ids_told(line):
                _take_listed(line, number, findings)
            return int(bool(ids_told(line)))
        is_held_back = _HELD_BACK.match(rest) is not None
        if is_held_back:
            findings.notes.append((number, _NEVER_IN))
        else:
            findings.take(name, number, line)
        told = ids_told(line) if is_held_back else [word for word in ids_told(rest) if not name.startswith(word)]
        findings.not_searched += [(number, word) for word in told]
        return 1
    if not any(mark in line for mark in _MARKS) or not ids_told(line):
        return 0
    read = _read(line, lines[at + 1 : at + _SWALLOWED])
    if read.is_text:
        return 0
    told = [word for each in lines[at : at + read.lines] for word in ids_told(each) if word != read.taken]
    if read.layout is not None:
        mine = [word for name in take_row(read.layout, read.cells, number, findings) for word in (name, name[:16])]
        told = [word for word in told if word not in mine]
    elif read.taken:
        findings.take(read.taken, number, line)
    else:
        findings.notes.append((number, read.why_not))
    findings.not_searched += [(number, word) for word in told]
    return read.lines


def _without_quote(line: str) -> str:
    quoted = _QUOTED.match(line)
    return line[quoted.end() :] if quoted is not None else line


def _take_listed(line: str, number: int, findings: Findings) -> None:
    """A row of the listing of a job's rows: its ids are its last columns, if nothing pushed them."""
    pushed = pushed_columns(line, _JOB_LISTING)
    cells = ["" if at in pushed else cell for at, cell in enumerate(laid_out_cells(line, _JOB_LISTING))]
    if not take_row(_JOB_LISTING, cells, number, findings):
        findings.notes.append((number, _NOT_OWN))
        findings.not_searched += [(number, word) for word in ids_told(line)]
        return
    own = "  ".join(cells[-2:])
    mine = ids_told(own)
    findings.not_searched += [(number, word) for word in ids_told(line.replace(own, " ")) if word not in mine]


def _read(line: str, following: Sequence[str]) -> _Reading:
    """What a line is: under each separator something, or nothing sure."""
    if line.startswith("|") and line.count("|") > 2:
        # Nothing but its bars separates its cells.
        cells = markdown_cells(line)
        read = _judged(cells, "|", line)
        searched = read.is_text and not all(ids_told(cell) in ([], [cell.strip()]) for cell in cells)
        return _Reading(why_not=_NOT_OWN) if searched else read
    readings = []
    for mark in _MARKS:
        if mark not in line:
            continue
        cells, taken = _cells(line, following, mark)
        read = _judged(cells, mark, line, taken)
        # No cell of ours holds a tab: a row with tabs has no other separator.
        if read.own or (mark == "\t" and read.why_not):
            return read
        readings.append(read)
    rows = [read for read in readings if not read.is_text]
    if not rows or line.startswith("#") or is_told(legible(line)):
        return _TEXT
    refused = next((read for read in rows if read.why_not), None)
    if refused is not None:
        return refused
    return rows[0] if len({read.taken for read in rows}) == 1 else _Reading(why_not=_NOT_OWN)


def _cells(line: str, following: Sequence[str], mark: str) -> tuple[list[str], int]:
    """The cells of a row, and its lines: a cell in quotation marks may hold line ends."""
    if mark == "|":
        return markdown_cells(line), 1
    try:
        reader = csv.reader((each + "\n" for each in (line, *following)), delimiter=mark, strict=True)
        return next(reader), reader.line_num
    except (csv.Error, StopIteration):
        pass
    try:
        return next(csv.reader([line], delimiter=mark)), 1
    except (csv.Error, StopIteration):
        return [], 1


def _judged(cells: Sequence[str], mark: str, line: str, lines: int = 1) -> _Reading:
    bare = [cell.replace("\\", "").strip().lstrip("'").strip("`") for cell in cells]
    filled = [cell for cell in bare if cell]
    alone = [cell for cell in filled if ids_told(cell) == [cell]]
    is_own = bool(filled) and bare[0] in alone
    if _ROW_ID.fullmatch(bare[0] if bare else ""):
        return _of_job(cells, lines) if not _is_sentence(cells, mark) else _TEXT
    # With its queue id right behind its id, what follows may be a subject.
    is_enumeration = mark not in _TABS and not has_own_first(bare[0], " ".join(bare[1:])) if bare else False
    if alone and len(alone) == len(filled) and (is_enumeration or _one_message(alone)):
        return _Reading(own=is_own, is_text=True)  # an enumeration
    if is_own:
        return _of_own_id(cells, bare, alone, mark, lines)
    if mark == "," and any(cell[:1] == " " for cell in cells[1:]) and not (_tight(cells) > 1 and "@" in line):
        return _TEXT
    people = sum("@" in cell for cell in filled)
    if (people and len(cells) >= _MANY) or (people > 1 and len(cells) == _MANY - 1):
        # A row of mail: what its sender wrote may look like an id, alone in its cell or not.
        return _Reading(why_not=_NOT_OWN) if mark in _TABS or _tight(cells) > 1 or alone else _TEXT
    if not alone or (len(cells) < _MANY and not _names_more(alone, line)):
        return _TEXT
    if not _one_message(alone):
        return _Reading(why_not=_SEVERAL)
    return _Reading(max(alone, key=len))


def _of_own_id(cells: Sequence[str], bare: Sequence[str], alone: Sequence[str], mark: str, lines: int) -> _Reading:
    """A row that begins with an id."""
    if mark == "," and _is_sentence(cells, mark):
        return _Reading(own=True, is_text=True)
    whole = max(alone, key=len)
    if any(cell.casefold() == "held back" for cell in bare):
        return _Reading(why_not=_NEVER_IN, own=True, lines=lines)
    if not _one_message(alone) or not id_of_cell(whole):
        return _Reading(why_not=_SEVERAL, own=True, lines=lines)
    if mark not in _TABS and len(cells) < _MANY and not _names_more(alone, mark.join(cells)):
        return _Reading(own=True, is_text=True)
    return _Reading(whole, own=True, lines=lines)


def _of_job(cells: Sequence[str], lines: int) -> _Reading:
    """A row of a job begins with its own id, which no mail has; where the mail's ids stand, its number of cells tells."""
    names = _JOB_TABLES.get(len(cells))
    if names is None:
        return _Reading(why_not=_NOT_OWN, own=True, lines=lines)
    return _Reading(layout=Heading(names, ","), cells=cells, own=True, lines=lines)


def _one_message(names: Sequence[str]) -> bool:
    whole = max(names, key=len)
    return all(whole.startswith(name) for name in names)


def _names_more(alone: Sequence[str], line: str) -> bool:
    """Whether a row of few cells has an investigate id, and others beside it."""
    whole = max(alone, key=len)
    return INVESTIGATE_ID.fullmatch(whole) is not None and any(word != whole for word in ids_told(line))


def _tight(cells: Sequence[str]) -> int:
    """Cells without an id and without a blank before them, as no sentence has them."""
    return sum(bool(cell.strip()) and not cell[0].isspace() and not ids_told(cell) for cell in cells[1:])


def _is_sentence(cells: Sequence[str], mark: str) -> bool:
    """Whether what stands between commas is a sentence: blanks follow them, but for those of an enumeration of ids.

    A subject may begin with a blank; the cells of the server around it do not.
    """
    return mark == "," and any(cell[:1] == " " for cell in cells[1:]) and not _tight(cells)
