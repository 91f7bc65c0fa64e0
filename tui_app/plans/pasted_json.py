"""Ids in JSON and NDJSON, by field: the API's answers, exports and reports; no other string is ever searched."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from tui_app.plans.id_field import field_name, id_of_cell, ids_of_row

if TYPE_CHECKING:
    from tui_app.plans.findings import Findings

_OPENING: Final = re.compile(r"(?:\{\s*[\"}]|\[\s*(?:[{\"\]]|\[\s*[\[{\"\]\d-]))")
_LEAD: Final = re.compile(r"[\s\ufeff]*(?:>[ ]?)*(?:[0-9a-f]{8} )?[\s,]*")
"""What may stand before it in its line: a mark of a quoted mail, the checksum of a journal."""
_NOT_MESSAGES: Final = frozenset(
    [
        "held_back",
        "left_out",
        "remarks",
        "search",
        "search_params",
        "action_params",
        "properties",
        "findings",
        "action_log",
        "validation",
        "errors",
        "included",
        "mailsluice",
        "writes",
        "followed_by",
    ]
)
"""Fields with objects that are no messages to act on."""
_FARTHEST: Final = 1_000_000
"""Characters; an id that is written with escapes is not worth a search through all of a large file."""
_NOTHING: Final = "JSON without a field of ids: nothing was taken."


def json_begins(text: str, at: int) -> int | None:
    """Where JSON begins in the line that begins there; None if it doesn't."""
    lead = _LEAD.match(text, at)
    assert lead is not None
    return lead.end() if _OPENING.match(text, lead.end()) else None


def json_value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends. Raises ValueError."""
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None


# Numbers are no ids, and a number of a million digits is nothing to wait for.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str)


class JsonReader:
    """Reads values of one text; `text` is there to tell in which line an id stands."""

    def __init__(self, text: str, findings: Findings) -> None:
        self._text = text
        self._findings = findings
        self._at = 0
        self._end = 0
        self._line = 1
        self._first = 0
        self._has_field = False
        self.any = False

    def read(self, value: Any, at: int, end: int, line: int) -> None:
        """Take the ids of a value that begins and ends there; `line` = the number of the line in which it begins."""
        self._at, self._end, self._line, self.any = at, end, line, True
        self._first = self._first or line
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            value = {"ids": value} if any(map(id_of_cell, value)) else value
        self._walk(value)

    def close(self) -> None:
        """Say so when there was JSON, and no field of ids in it."""
        if self.any and not self._has_field:
            self._findings.notes.append((self._first, _NOTHING))

    def _walk(self, value: Any) -> None:
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, list):
                waiting += reversed(item)
            elif isinstance(item, dict) and not self._take(item):
                inner = [kept for name, kept in item.items() if field_name(name) not in _NOT_MESSAGES]
                ours = item.get("mailsluice")
                if isinstance(ours, dict):
                    inner.append(ours.get("rows"))  # of the report of a job; all else there is about them
                waiting += [kept for kept in reversed(inner) if isinstance(kept, (dict, list))]

    def _take(self, item: dict[str, Any]) -> bool:
        fields: dict[str, Any] = {field_name(name): kept for name, kept in item.items()}
        mail = fields.get("message")
        if isinstance(mail, dict) and isinstance(mail.get("id"), str) and id_of_cell(mail["id"]):
            fields["investigate_id"] = mail["id"]  # a row of a job is about the mail in it
        row = ids_of_row(fields)
        self._has_field |= row.has_field
        for name in row.taken:
            self._findings.take(name, self._line_of(name))
        self._findings.denied += [(self._line, name) for name in row.denied_by(fields)]
        inner = any(isinstance(kept, (dict, list)) and kept for kept in item.values())
        if row.taken or not inner:
            self._findings.unrecognised += [(self._line_of(word), word) for word in row.unrecognised]
        self._findings.not_searched += [(self._line_of(word), word) for word in row.not_believed]
        return bool(row.taken)

    def _line_of(self, name: str) -> int:
        """The line in which a string stands, found forwards from the last one."""
        found = self._text.find(f'"{name}"', self._at, min(self._end, self._at + _FARTHEST))
        if found >= 0:
            self._line += self._text.count("\n", self._at, found)
            self._at = found
        return self._line
