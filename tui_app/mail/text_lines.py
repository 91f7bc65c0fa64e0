"""Hostile text as lines that are safe to show, in time that grows with its size only."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from tui_app.core.text import sanitize

LINE_LIMIT: Final = 4000
"""Characters of a line; what is longer goes on in the next one."""
GOES_ON: Final = "↪ "
"""Before what belongs to the line above."""
_TAB: Final = " " * 4


def text_lines(text: str, limit: int = LINE_LIMIT) -> list[str]:
    """The lines of a text, each safe to show. A line of more than `limit` characters goes on in the next, behind `↪ `.

    Lines end with CR LF, LF, a lone CR, U+2028 or U+2029. Nothing is left out; a tab becomes four blanks.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    shown: list[str] = []
    for line in lines:
        if len(line) <= limit:
            shown.append(line if line.isascii() and line.isprintable() else _safe(line))
        else:
            shown.append(_safe(line[:limit]))
            shown += [GOES_ON + _safe(line[start : start + limit]) for start in range(limit, len(line), limit)]
    return shown


def _safe(line: str) -> str:
    line = line.replace("\t", _TAB)
    # Most lines of most languages need no look at each character: it is enough that each kind of character is plain.
    # Marks are not, and are looked for first: to put many of them in order takes quadratic time.
    if line.isprintable() and all(map(_plain, set(line))) and unicodedata.is_normalized("NFC", line):
        return line
    return sanitize(line, len(line))


@lru_cache(maxsize=8192)
def _plain(character: str) -> bool:
    """Whether a character is shown as it is wherever it stands. A mark is not: alone it gets a circle to stand on."""
    return sanitize(character) == character
