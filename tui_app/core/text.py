"""Text from elsewhere: a type that can't be shown by accident, and the one function that makes it showable."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

LIST_LIMIT = 512
DETAIL_LIMIT = 8192
_MARKS_ON_ONE_LETTER = 2
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters by category, blanks by looks, and the variation selectors, which change how the cell before them is drawn.
_FILLERS = frozenset(
    "\u115f\u1160\u3164\uffa0\u034f\u2800\u17b4\u17b5"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
    + "".join(map(chr, range(0x180B, 0x1810)))
)


def _visible(character: str) -> str:
    """A stand-in that shows which invisible or controlling character was there."""
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    if 0xD800 <= point < 0xE000:
        return "\ufffd"
    return f"⟨{point:04X}⟩"


def sanitize(text: str, limit: int = LIST_LIMIT) -> str:
    """One line that no terminal obeys: controls, bidi and invisible characters become visible marks.

    At most `limit` characters of the text are kept; what is left out is counted as `…(+n)`. Idempotent for
    texts within the limit. Never send the result back to the server: it is not the text, only a picture of it.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text[:limit]):
        category = unicodedata.category(character)
        if category in _INVISIBLE_CATEGORIES or character in _FILLERS:
            shown.append(_visible(character))
            marks = 0
        elif category == "Zs":
            shown.append(" ")
            marks = 0
        elif category in ("Mn", "Me") or unicodedata.combining(character):
            if not shown:
                shown.append("◌")
            marks += 1
            if marks <= _MARKS_ON_ONE_LETTER:
                shown.append(character)
            elif marks == _MARKS_ON_ONE_LETTER + 1:
                shown.append("…")
        else:
            shown.append(character)
            marks = 0
    if len(text) > limit:
        shown.append(f"…(+{len(text) - limit})")
    return "".join(shown)


_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What terminals act on or reorder text by: controls but the line feed, directional marks, lone surrogates."""


def strip_controls(text: str) -> str:
    """The same without anything that a terminal obeys, but for line feeds: the last line where text becomes bytes.

    Data is made `safe` long before, where it is to be seen what was there.
    """
    return _OBEYED.sub("", text)


def visible(text: str) -> str:
    """The same without what nobody can see or read: controls, invisible characters, towers of marks. For what is typed in."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") or unicodedata.combining(character) else 0
        if category not in _INVISIBLE_CATEGORIES and character not in _FILLERS and marks <= _MARKS_ON_ONE_LETTER:
            kept.append(character)
    return "".join(kept)


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 message`, `2 messages`, `1,200 messages`; `several` is the plural of a noun that does not only take an s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def json_text(value: object) -> str:
    """JSON in ASCII, without a byte that a terminal would obey."""
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=True)
    return text.replace("\x7f", "\\u007f")


def _finite(value: Any) -> Any:
    """The same with null for numbers beyond all bounds, which JSON can't say."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_MARKDOWN: Final = frozenset("\\`*_{}[]<>()#+-.!|~")
"""Characters that mean something to Markdown."""


def markdown_escape(text: str) -> str:
    """The text as Markdown that shows exactly this text: no links, no tags, no emphasis, no table cells."""
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in text)


_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula begins, also in full width, and behind what parts the cells in half of the world."""


def formula_proof(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula, nor any part of it."""
    return _FORMULA.sub(r"\1'", text)


@final
class Untrusted:
    """A string from the server: shown, formatted and printed only in its `safe` form.

    `.exact` is what the server sent, for sending back, for comparing and for JSON; never for a screen.
    """

    __slots__ = ("exact",)

    def __init__(self, exact: str) -> None:
        self.exact = exact

    @classmethod
    def of(cls, value: object) -> Untrusted:
        """Take whatever the wire held; what is no string becomes its JSON text."""
        if isinstance(value, Untrusted):
            return value
        return cls(value if isinstance(value, str) else json.dumps(value, default=str))

    def detail(self) -> str:
        """The safe form with room for a whole field (8 KiB) instead of a list cell."""
        return sanitize(self.exact, DETAIL_LIMIT)

    def __str__(self) -> str:
        return sanitize(self.exact)

    def __repr__(self) -> str:
        return f"Untrusted({sanitize(self.exact)!r})"

    def __format__(self, spec: str) -> str:
        return format(sanitize(self.exact), spec)

    def __bool__(self) -> bool:
        return bool(self.exact)

    def __eq__(self, other: object) -> bool:
        return self.exact == other.exact if isinstance(other, Untrusted) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.exact)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Only pydantic asks; whoever draws the first screen need not wait for its import.
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls.of)


NOTHING: Final = Untrusted("")
