"""Rows of our screens, as a terminal copies them: a subject stands in them, and nothing of them is taken."""

from __future__ import annotations

import re
from typing import Final

from tui_app.api.enums import JobStatus, RowStatus
from tui_app.core.verdict import VERDICTS
from tui_app.plans.state import Outcome, Sighting

SIGNS: Final = "▪▲△▸✖✔○◌●■≈≠✗–·!?"
"""What our screens write before a state, a verdict or a remark; a test compares it with them."""
_ALONE: Final = "▪▲△▸✖✔○≈≠"
"""Signs that nobody else writes: one is enough, wherever it stands."""
_EDGE: Final = r"\s*+(?:[▸✓~]\s*+)*+"
"""The cursor and the mark of a row."""
_ID: Final = r"4[0-9A-Za-z]{11,23}(?:-[\dT:-]+)?"
_WORDS: Final = (
    *(word.lower() for word in (*JobStatus, *RowStatus, *VERDICTS)),
    *(word.value for word in (*Outcome, *Sighting)),
    "no-verdict",
    "unknown-verdict",
    "unchecked",
    "goes out",
)
_ANY_WORD: Final = "|".join(re.escape(word) for word in sorted(set(_WORDS), key=len, reverse=True))
_ROW: Final = re.compile(
    rf"[^\n]*[{_ALONE}]"
    # A state: its word is known, or stands in a column of its own.
    rf"|{_EDGE}[{re.escape(SIGNS)}]\s+(?:(?:{_ANY_WORD})(?:\s|$)|(?!{_ID})\S{{1,24}}\s{{2,}}(?!(?:{_ID}\s*)+$)\S)"
    # A group of mail: how many, from whom.
    rf"|{_EDGE}(?:odd|\d[\d,.]*+[kMGT]?)\s++(?:(?!{_ID})(?=\S*?(?:[^\s.]\.[^\W\d]|@))\S++|no readable domain)\s++"
    rf"(?=\S)(?=[^\n]*(?:\s{{2,}}|\s(?:{_ANY_WORD})\b))"
    # What a screen is about.
    r"|[^\n]*\S\s›\s\S",
    re.IGNORECASE,
)
_COLUMNS: Final = re.compile(r"\s{2,}|\t")
_STATE: Final = re.compile(rf"{_EDGE}(?:[{re.escape(SIGNS)}]\s+)?(?:{_ANY_WORD})", re.IGNORECASE)
_BEGINS_WITH_STATE: Final = re.compile(rf"\s*+(?:{_ANY_WORD})(?:\s|$)", re.IGNORECASE)


def begins_with_state(text: str) -> bool:
    """Whether a text begins with a verdict, the state of a row or an outcome."""
    return _BEGINS_WITH_STATE.match(text) is not None


def is_screen_row(line: str) -> bool:
    """Whether a line is a row of a screen of ours."""
    if _ROW.match(line):
        return True
    cells = _COLUMNS.split(line.strip()) if "@" in line else ()
    return len(cells) > 1 and any("@" in cell for cell in cells) and any(map(_STATE.fullmatch, cells))
