"""Ids out of anything: JSON and tables by field, and only what is neither is searched for ids of either kind."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, islice, takewhile

from tui_app.plans.findings import Findings, FoundId, ParsedIds
from tui_app.plans.id_field import ID_FIELDS, id_of_cell
from tui_app.plans.pasted_broken import PIECE, BrokenLines, begun
from tui_app.plans.pasted_json import JsonReader, json_begins, json_value
from tui_app.plans.pasted_message import message_lines
from tui_app.plans.pasted_report import ReportLines
from tui_app.plans.pasted_row import read_row
from tui_app.plans.pasted_table import Heading, heading_of, lone_heading, read_table
from tui_app.plans.pasted_text import ids_told, is_told, is_written, opens_value, own_message_id, read_text

__all__ = ["FoundId", "ParsedIds", "ids_of_rows", "is_heading", "lines_of", "parse_ids", "text_of"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_FEW = 10
"""Lines before the first word of a text."""
_UNREADABLE_JSON = "It begins like JSON and can't be read from here on: nothing was taken."


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with or without its mark; what is neither keeps its ASCII."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    sample = data[:2000]
    if sample.count(0) * 3 > len(sample):
        # Letters of ids take one byte of two: the zeros say which.
        return data.decode("utf-16-be" if sample[:1] == b"\0" else "utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def lines_of(text: str) -> list[str]:
    """The lines of a text: other separators than line ends are part of a cell."""
    return _LINE_END.split(text)


def is_heading(line: str) -> bool:
    """Whether it is the heading of a table."""
    return heading_of(line, "") is not None


def ids_of_rows(ids: Iterable[str]) -> ParsedIds:
    """Ids that the API named in rows; the lines are their places."""
    findings = Findings()
    for number, name in enumerate(ids, start=1):
        if id_of_cell(name, queue_id=True) == name:
            findings.take(name, number)
        else:
            findings.unrecognised.append((number, name))
    return findings.parsed()


def parse_ids(lines: Iterable[str]) -> ParsedIds:
    """Ids of one text, with the lines they came from, counted from 1.

    JSON, NDJSON, CSV, Markdown tables and the listings of the command line are read by field: no subject, name or reason
    is ever searched, and ids of one row are one message. In free text a line that holds such a field, or begins with `#`,
    is told of and not taken; a word alone in its line was meant for an id. A Message-ID counts alone in its line only.
    """
    text = "\n".join(line.rstrip("\r\n") for line in lines)
    if text.count("\0") * 10 > len(text):  # two bytes a letter, read as one
        text = text.replace("\0", "").replace("\ufffd", "")
    return _Reading(lines_of(text)).parsed()


class _Reading:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._text = "\n".join(lines)
        self._starts = [0, *accumulate(len(line) + 1 for line in lines)]
        self._printable = "quoted-printable" in self._text.casefold()
        self._findings = Findings()
        self._json = JsonReader(self._text, self._findings)
        self._of_message = message_lines(lines)
        self._free: list[str] = []

    def parsed(self) -> ParsedIds:
        at = 0
        written = value_follows = False
        report = ReportLines()
        broken = BrokenLines(self._lines)
        noted = False
        while at < len(self._lines):
            line = self._lines[at]
            # What is folded under a header is its value, whatever it looks like.
            folded = value_follows or (written and line[:1] in (" ", "\t"))
            written = is_written(line, folded) or folded
            value_follows = opens_value(line)
            following = self._lines[at + 1] if at + 1 < len(self._lines) else ""
            if report.belongs(line) or self._of_message[at]:
                broken.start()
                self._free.append(line)
                at += 1
                continue
            if broken.is_piece(at):
                is_comment = line.lstrip().startswith("#")  # it is told, too
                if name := own_message_id(line):
                    self._findings.not_searched.append((at + 1, name))
                if (name or (ids_told(line) and not is_told(line) and not is_comment)) and not noted:
                    self._findings.notes.append((at + 1, PIECE))
                    noted = True
                self._of_message[at] = not is_comment
                folded = True
            if folded:
                self._free.append(line)
                at += 1
                continue
            begin = json_begins(self._text, self._starts[at]) if "{" in line or "[" in line else None
            if begin is not None:
                self._flush(at)
                at = self._read_json(at, begin)
                broken.start()
                continue
            heading = heading_of(line, following)
            in_message = following and self._of_message[at + 1]
            if (
                heading is None
                and not in_message
                and not any(earlier.strip() for earlier in self._lines[: min(at, _FEW)])
            ):
                heading = lone_heading(line)
            if heading is not None and not self._is_half(heading, at):
                self._flush(at)
                self._findings.not_searched += [(at + 1, word) for word in ids_told(line)]
                at = self._read_table(heading, at, broken)
            elif rows := read_row(self._lines, at, self._findings):
                self._flush(at)
                for further in range(at + 1, at + rows):
                    broken.is_piece(further)
                at += rows
            else:
                self._free.append(line)
                at += 1
        self._flush(at)
        self._json.close()
        return self._findings.parsed()

    def _is_half(self, heading: Heading, at: int) -> bool:
        """Whether a heading is the second half of a broken one: the rows below begin with an id, and it begins with none."""
        if not heading.offsets or heading.names[0] in ID_FIELDS:
            return False
        rows = takewhile(str.strip, islice(self._lines, at + 1, at + 1 + _FEW))
        return any(begun(row)[0] for row in rows)

    def _read_table(self, heading: Heading, at: int, broken: BrokenLines) -> int:
        """Read the rows below a heading; the line after them."""
        broken.start()
        first = at + 1
        at = first + read_table(
            heading,
            self._lines[first:],
            first + 1,
            self._findings,
            lambda place: broken.is_piece(first + place),
        )
        if heading.separator == "|":
            broken.table(at - 1)
        return at

    def _flush(self, at: int) -> None:
        """Read the lines of free text before this one."""
        if self._free:
            start = at - len(self._free)
            of_message = self._of_message[start:at]
            read_text(self._free, start + 1, self._findings, printable=self._printable, of_message=of_message)
            self._free = []

    def _read_json(self, at: int, begin: int) -> int:
        """Read the values that begin in a line; the line after them. What can't be read is told, to the end."""
        while True:
            try:
                value, end = json_value(self._text, begin)
            except ValueError:
                self._findings.notes.append((at + 1, _UNREADABLE_JSON))
                return self._tell(at, len(self._lines))
            self._json.read(value, begin, end, at + 1)
            at = bisect_right(self._starts, end - 1) - 1
            rest = self._text[end : self._starts[at + 1] - 1]
            if not rest.strip(" \t,"):
                return at + 1
            further = json_begins(self._text, end)
            if further is None or further >= self._starts[at + 1]:
                self._findings.not_searched += [(at + 1, word) for word in ids_told(rest)]
                return at + 1
            begin = further

    def _tell(self, start: int, end: int) -> int:
        for at in range(start, end):
            self._findings.not_searched += [(at + 1, word) for word in ids_told(self._lines[at])]
        return end
