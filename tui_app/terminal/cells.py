"""From Textual's strips to cells, and which of them every terminal draws equally wide."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

from tui_app.terminal.sgr import Cell, CellStyle, CellStyles

Row = list[Cell]
"""A line of the terminal. A wide character is followed by as many cells without text as it takes more than one."""

_JOINER = "\u200d"
_NARROW, _WIDE, _CONTESTED, _UNSAFE = 1, 2, 3, 4


@lru_cache(maxsize=16384)
def _kind(character: str) -> int:
    category = unicodedata.category(character)
    code = ord(character)
    # Controls act, bidirectional controls reorder what stands beside them, a surrogate is no character.
    if (
        category in ("Cc", "Cs", "Zl", "Zp")
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or code in (0x200E, 0x200F, 0x61C)
    ):
        return _UNSAFE
    # Marks, joiners, private and unassigned characters: every terminal has its own idea.
    if category[0] in "CM":
        return _CONTESTED
    width = cell_len(character)
    if unicodedata.east_asian_width(character) in "WF":
        # Ideographs, kana, syllables and their punctuation are two cells to everyone. Emoji and symbols are as wide
        # as the terminal's Unicode is new, and the old Korean letters melt into one.
        melts = 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F
        settled = category not in ("So", "Sk") and not melts
        return _WIDE if settled and width == 2 else _CONTESTED
    # Of ambiguous width is half of what every console draws (lines, dots, arrows, Greek); they are one cell unless a
    # terminal is told otherwise, and then no full-screen program stands straight in it.
    return _NARROW if width == 1 and (code < 0x10000 or category[0] == "L") else _CONTESTED


def is_contested(row: Row) -> bool:
    """Whether some terminal may draw something in this line wider or narrower than Textual believes."""
    text = "".join([text for text, _ in row])
    return not text.isascii() and not {_NARROW, _WIDE}.issuperset(map(_kind, set(text)))


def is_contested_text(text: str) -> bool:
    """The same of the text of one cell."""
    return not text.isascii() and any(_kind(character) >= _CONTESTED for character in text)


@lru_cache(maxsize=4096)
def clusters(text: str) -> tuple[tuple[str, int], ...]:
    """The text in pieces that belong together, each with the cells it takes to Textual; nothing in them acts."""
    found: list[str] = []
    joined = flag = False
    for character in text:
        if _kind(character) == _UNSAFE:
            # Textual gave it this room, most often none.
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
    room = cell_len(text)
    if sum(width for _, width in pieces) != room:
        # Textual measured another context than ours: one piece, and its room is what it was given.
        whole = "".join(found)
        return ((whole, room),) if cell_len(whole) == room else ((" ", 1),) * room
    return pieces


def cells_of(strip: Iterable[Segment], looks: CellStyles) -> Row:
    """The cells of a strip. Controls are left out, and what has no width at its beginning has nothing to stand on."""
    row: Row = []
    for text, style, control in strip:
        if control or not text:
            continue
        look = looks.of(style)
        if text.isascii():
            if text.isspace() and text.isprintable():
                row += [looks.blank(look)] * len(text)
                continue
            narrow = text.isprintable()
        else:
            narrow = set(map(_kind, text)) == {_NARROW}
        if narrow:
            blank = looks.blank(look)
            row += [blank if character == " " else (character, look) for character in text]
        else:
            _add_clusters(row, text, look, looks)
    return row


def _add_clusters(row: Row, text: str, look: CellStyle, looks: CellStyles) -> None:
    for piece, width in clusters(text):
        if width:
            row.append(looks.blank(look) if piece == " " else (piece, look))
            row += [("", look)] * (width - 1)
        elif row:
            head = len(row) - 1
            while head and not row[head][0]:
                head -= 1
            text, under = row[head]
            if cell_len(text + piece) == len(row) - head:
                row[head] = (text + piece, under)


def mended(row: Row, looks: CellStyles) -> Row:
    """The line with a blank in place of every half of a wide character whose other half was painted over."""
    text = "".join([text for text, _ in row])
    if len(text) == len(row) and text.isascii():
        return row
    x, width = 0, len(row)
    while x < width:
        piece = row[x][0]
        room = 1 if len(piece) == 1 and piece.isascii() else max(1, cell_len(piece)) if piece else 0
        end = x + 1
        while end < width and not row[end][0] and end < x + room:
            end += 1
        if end - x != room:
            row[x:end] = [looks.blank(cell_look) for _, cell_look in row[x:end]]
        x = end
    return row
