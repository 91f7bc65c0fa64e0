"""Turns Textual's strips into cells, and tells which characters every terminal draws equally wide."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

from tui_app.terminal.sgr import Cell, CellStyle, CellStyles

Row = list[Cell]
"""A line of the terminal. A character that is two cells wide is followed by a cell without text."""

_JOINER = "\u200d"
_NARROW, _WIDE, _CONTESTED, _UNSAFE = 1, 2, 3, 4


@lru_cache(maxsize=16384)
def _kind(character: str) -> int:
    category = unicodedata.category(character)
    code = ord(character)
    # Controls act, bidirectional controls reorder the text beside them, a surrogate is not a character.
    if (
        category in ("Cc", "Cs", "Zl", "Zp")
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or code in (0x200E, 0x200F, 0x61C)
    ):
        return _UNSAFE
    # Marks, joiners, private and unassigned characters: terminals differ in their width.
    if category[0] in "CM":
        return _CONTESTED
    width = cell_len(character)
    if unicodedata.east_asian_width(character) in "WF":
        # Ideographs, kana, syllables and their punctuation are two cells in every terminal. The width of emoji and
        # symbols depends on the terminal's version of Unicode, and old Korean letters combine into one.
        combines = 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F
        agreed = category not in ("So", "Sk") and not combines
        return _WIDE if agreed and width == 2 else _CONTESTED
    # Lines, dots, arrows and Greek are of ambiguous width. They are one cell unless a terminal is set up otherwise,
    # and then no full-screen program is aligned in it.
    return _NARROW if width == 1 and (code < 0x10000 or category[0] == "L") else _CONTESTED


def is_contested(row: Row) -> bool:
    """Whether some terminal may draw a character of this line wider or narrower than Textual assumes."""
    text = "".join([text for text, _ in row])
    return not text.isascii() and not {_NARROW, _WIDE}.issuperset(map(_kind, set(text)))


def is_contested_text(text: str) -> bool:
    """Whether some terminal may draw the text of one cell wider or narrower than Textual assumes."""
    return not text.isascii() and any(_kind(character) >= _CONTESTED for character in text)


@lru_cache(maxsize=4096)
def clusters(text: str) -> tuple[tuple[str, int], ...]:
    """The text in pieces (character and its marks), each with its width in cells; controls are left out."""
    found: list[str] = []
    joined = flag = False
    for character in text:
        if _kind(character) == _UNSAFE:
            # As wide as Textual made it, most often not at all.
            character = " " * cell_len(character)
            if not character:
                continue
        indicator = 0x1F1E6 <= ord(character) <= 0x1F1FF
        if found and (joined or (flag and indicator) or not cell_len(character)):
            found[-1] += character
            flag = False
        else:
            found.append(character)
            flag = indicator
        joined = character == _JOINER
    pieces = tuple((piece, cell_len(piece)) for piece in found)
    width = cell_len(text)
    if sum(cells for _, cells in pieces) != width:
        # Textual measured it in another context: one piece, as wide as Textual made it.
        whole = "".join(found)
        return ((whole, width),) if cell_len(whole) == width else ((" ", 1),) * width
    return pieces


def cells_of(strip: Iterable[Segment], styles: CellStyles) -> Row:
    """The cells of a strip, without controls and without a mark at its beginning that has no character."""
    row: Row = []
    for text, style, control in strip:
        if control or not text:
            continue
        cell_style = styles.of(style)
        if text.isascii():
            if text.isspace() and text.isprintable():
                row += [styles.blank(cell_style)] * len(text)
                continue
            narrow = text.isprintable()
        else:
            narrow = set(map(_kind, text)) == {_NARROW}
        if narrow:
            blank = styles.blank(cell_style)
            row += [blank if character == " " else (character, cell_style) for character in text]
        else:
            _add_clusters(row, text, cell_style, styles)
    return row


def _add_clusters(row: Row, text: str, cell_style: CellStyle, styles: CellStyles) -> None:
    for piece, width in clusters(text):
        if width:
            row.append(styles.blank(cell_style) if piece == " " else (piece, cell_style))
            row += [("", cell_style)] * (width - 1)
        elif row:
            head = len(row) - 1
            while head and not row[head][0]:
                head -= 1
            text, under = row[head]
            if cell_len(text + piece) == len(row) - head:
                row[head] = (text + piece, under)


def without_half_characters(row: Row, styles: CellStyles) -> Row:
    """The line with a blank in place of each half of a wide character whose other half was painted over."""
    text = "".join([text for text, _ in row])
    if len(text) == len(row) and text.isascii():
        return row
    x, width = 0, len(row)
    while x < width:
        piece = row[x][0]
        needed = 1 if len(piece) == 1 and piece.isascii() else max(1, cell_len(piece)) if piece else 0
        end = x + 1
        while end < width and not row[end][0] and end < x + needed:
            end += 1
        if end - x != needed:
            row[x:end] = [styles.blank(cell_style) for _, cell_style in row[x:end]]
        x = end
    return row
