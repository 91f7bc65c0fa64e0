"""Texts in so many cells of a screen or a line: of a domain or an address what says whose it is is kept."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, set_cell_size

from tui_app.core.address import without_comment

_WORD: Final = re.compile("( *)([^ ]+)")


def end_of(text: str, width: int) -> str:
    """The end of a text in so many cells, after an ellipsis where its beginning is cut.

    The end of a domain says whose it is: a note in brackets behind it goes first.
    """
    if cell_len(text) > width:
        text = _without_note(text)
    return _end(text, width)


def _end(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    cut = max(0, len(text) - width)
    while cut < len(text) and cell_len(text[cut:]) > width - 1:
        cut += 1
    return f"…{text[cut:]}" if width > 0 else ""


def short_address(text: str, width: int) -> str:
    """An address in so many cells. Its domain is never cut in the middle: who could write what is left out of it chooses what is seen."""
    if cell_len(text) <= width:
        return text
    local, at, domain = text.rpartition("@")
    if not at and " " in text:
        return fitted(text, width)  # no address, and no domain: there is nothing to keep
    room = width - cell_len(domain) - 2
    if (room < 1 or ")" in domain) and (alone := _without_note(text)) != text:
        return short_address(alone, width)
    if not at or room < 1:
        return end_of(domain, width)
    kept = local
    while cell_len(kept) > room:
        kept = kept[:-1]
    return f"{kept}…@{domain}"


def _without_note(text: str) -> str:
    """Without what stands in brackets behind a domain: its form on the wire, or the comment of whoever wrote the address.

    The sum of what was left out, `…(+9)`, is none.
    """
    alone = without_comment(text)
    return text if alone.endswith("…") else alone


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Text of exactly so many cells; what is too long ends in an ellipsis."""
    missing = width - cell_len(text)
    if missing < 0:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * missing + text if right else text + " " * missing


def wrapped(text: str, width: int, further: str) -> list[str]:
    """Rows of so many cells, broken between words; those below the first begin with `further`.

    A word that is longer than a row is cut in its middle: the end of a name says as much as its beginning.
    """
    rows = [""]
    for blanks, word in _WORD.findall(text):
        word = _without_middle(word, width - cell_len(further))
        if rows[-1].strip() and cell_len(f"{rows[-1]}{blanks}{word}") > width:
            rows.append(f"{further}{word}")
        else:
            rows[-1] += f"{blanks}{word}"
    return rows


def _without_middle(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    last = _end(text, width // 2 + 1)
    return set_cell_size(text, width - cell_len(last)) + last
