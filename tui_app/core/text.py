"""Text from the server or from files: a type that can't be shown by mistake, and functions that make text safe."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

LIST_LIMIT = 512
DETAIL_LIMIT = 8192
_MARKS_ON_ONE_LETTER = 2
_MARKS_IN_A_ROW = 30
"""Marks that are put in order: more takes quadratic time, and no language needs more."""
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Drawn as blanks or as nothing, though their categories are those of letters, signs and marks; and variation
# selectors, which change the cell before them.
_FILLERS = frozenset(
    "\u115f\u1160\u3164\uffa0\u034f\u2800\u17b4\u17b5\u2d7f\ufffc"
    "\U00013441\U00013442\U00016fe4\U0001bc9d\U0001bc9e\U0001d159"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
    + "".join(map(chr, range(0x180B, 0x1810)))
)


def _visible(character: str) -> str:
    """A visible mark for an invisible character or a control."""
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    if 0xD800 <= point < 0xE000:
        return "\ufffd"
    return f"⟨{point:04X}⟩"


def normal(text: str) -> str:
    """The text in form NFC, in linear time: of a long row of marks, which no reader can tell apart, thirty are kept."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _with_short_rows(text) if any(map(_is_mark, set(text))) else text)


@lru_cache(maxsize=8192)
def _is_mark(character: str) -> bool:
    return character not in _FILLERS and (
        unicodedata.category(character) in ("Mn", "Me") or unicodedata.combining(character) > 0
    )


def _with_short_rows(text: str) -> str:
    kept: list[str] = []
    row = 0
    for character in text:
        row = row + 1 if _is_mark(character) else 0
        if row <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def sanitize(text: str, limit: int = LIST_LIMIT) -> str:
    """The text as one line that is safe to show: controls, bidi and invisible characters become visible marks.

    At most `limit` characters are kept; `…(+n)` says how many were left out. Idempotent for texts within the limit.
    Never send the result to the server: it is not the original text.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in normal(text[:limit]):
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


_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that terminals act on or reorder text by: controls except line feeds, directional marks, surrogates."""


def strip_controls(text: str) -> str:
    """The text without anything that a terminal obeys, except line feeds. The last filter before text is written.

    Data is passed through `sanitize` earlier, so that an operator sees what was there.
    """
    return _CONTROLS.sub("", text)


def visible(text: str) -> str:
    """Typed text without what can't be seen or read: controls, invisible characters, more than two marks on a letter."""
    kept: list[str] = []
    marks = 0
    for character in normal(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") or unicodedata.combining(character) else 0
        if category not in _INVISIBLE_CATEGORIES and character not in _FILLERS and marks <= _MARKS_ON_ONE_LETTER:
            kept.append(character)
    return "".join(kept)


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 message`, `2 messages`, `1,200 messages`; `several` is the plural of a noun that does not only take an s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def json_text(value: object) -> str:
    """The value as JSON in ASCII, without controls; numbers that are not finite become null, halves of surrogate pairs U+FFFD.

    Many readers take neither, and one subject would hide all rows behind it from them.
    """
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=True)
    if "\\ud" in text:
        text = _SURROGATES.sub(_paired, text)
    return text.replace("\x7f", "\\u007f")


_SURROGATES: Final = re.compile(r"(?:\\\\)+|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}")
"""Escaped backslashes, which begin nothing; pairs; and halves, in JSON text."""


def _paired(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) != len("\\ud800") or found[0].startswith("\\\\") else "\\ufffd"


def _finite(value: Any) -> Any:
    """The value with null in place of numbers that are not finite, which JSON can't express."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_MARKDOWN = frozenset("\\`*_{}[]<>|#~&")
"""Characters that mean something to Markdown inside a line; ids and dates stay as they are."""


_DOT: Final = "[.\u3002\uff0e\uff61]"
_LETTER: Final = r"[^\s\d!-/:-@\[-`{-~]"
"""Of any script, and the marks that letters of some have."""
_HOST: Final = (
    rf"(?:{_LETTER}|\d|-){_DOT}(?:xn--[\w-]{{1,59}}|{_LETTER}{{2,63}}){_DOT}?(?:/|:\d|[?#]\S)"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:/|:\d|[?#]\S)"
)
"""A host, and what goes on there: a path, a port, a question."""
_SCHEME: Final = r"(?<!\w)(?:data|javascript|vbscript|file|tel|callto|sms|sips?|xmpp|skype|news|magnet|urn|geo|slack|msteams|ms-\w+):\S"
_LIVE: Final = re.compile(
    r"@|:/|www\.|mailto:|[#!]\d|(?<!\w):[a-z_+][\w+-]{1,40}:|\$|(?<![\w-])[a-z][a-z0-9]{0,20}-\d|(?<![\w-])[0-9a-f]{7,64}(?![\w-])"
    rf"|{_HOST}|{_SCHEME}",
    re.IGNORECASE,
)
"""What ticket systems make a link, a mention, a picture or a formula of wherever it stands, but in code."""


def markdown_escape(text: str, *, in_table: bool = True) -> str:
    """The text as Markdown that shows exactly this text: no links, no mentions, no tags, no emphasis, no table cells.

    It has one blank for several, as Markdown shows them.
    """
    return "".join(
        _code(word, in_table=in_table) if _LIVE.search(word) else _escaped(word)
        for word in re.split(r"(\s+)", one_blank(text))
    )


def _escaped(word: str) -> str:
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in word)


def _code(word: str, *, in_table: bool) -> str:
    """A word as code, in which nothing means anything but `|`, and that in tables only."""
    # A mark at its end is of the sentence: who copies an id out of the ticket must not copy it along.
    body = word.rstrip(_CLOSING) or word
    fence = "`" * (max(map(len, re.findall("`+", body)), default=0) + 1)
    blank = " " if len(fence) > 1 else ""
    written = body.replace("|", "\\|") if in_table else body
    return f"{fence}{blank}{written}{blank}{fence}{word[len(body) :]}"


_CLOSING: Final = ".,;:!?"
"""Marks at the end of a word that mean nothing to Markdown between code and a blank."""


_FORMULA: Final = re.compile(r"(^|;)(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula begins, also in full-width characters, and after `;`, which separates cells in many countries."""
_NUMBER: Final = re.compile(r"[\s\"']*[+\-]?\s?[\d.,]{1,30}\s?(%?)[\s\"']*(;|$)")
"""A number with its sign, as all there is up to the next `;` or to the end."""


def _proof(found: re.Match[str]) -> str:
    number = _NUMBER.match(found.string, found.end())
    # Where `;` separates cells and a comma is a decimal point, the next column goes on with the number at the end of this
    # one, and makes a formula of it: but for a percentage, behind which nothing can go on.
    if number is None:
        return f"{found[1]}'"
    percent, separator = number.groups()
    harmless = (percent or separator) if found[1] else not separator
    return found[0] if harmless else f"{found[1]}'"


BYTE_ORDER_MARK: Final = "\ufeff"
"""Before a CSV it tells a spreadsheet that the text is UTF-8; other programs take it for a part of the first heading."""
CELL_LIMIT: Final = 32_767
"""Characters of a cell; spreadsheets cut what is longer without a word."""


_BLANKS: Final = re.compile(" {2,}")


def one_blank(text: str) -> str:
    """Safe text with one blank for several: two of them stand between what a line sets side by side.

    A terminal that breaks a line makes empty ones of many, as if what follows were another paragraph.
    """
    return _BLANKS.sub(" ", text).strip()


def csv_cell(text: str) -> str:
    """A CSV cell of which a spreadsheet reads no part as a formula, and that it does not cut; `…(+n)` says what was left out.

    It has one blank for several.
    """
    proof = _FORMULA.sub(_proof, one_blank(text))
    if len(proof) <= CELL_LIMIT:
        return proof
    kept = CELL_LIMIT - 16
    return f"{proof[:kept]}…(+{len(proof) - kept})"


@final
class Untrusted:
    """A string from the server. `str()`, `format()` and `print` give only its sanitized form.

    `.exact` is the string as the server sent it: to send back, to compare and for JSON, never for a screen.
    """

    __slots__ = ("exact",)

    def __init__(self, exact: str) -> None:
        self.exact = exact

    @classmethod
    def of(cls, value: object) -> Untrusted:
        """A value of the wire; what is not a string becomes its JSON text."""
        if isinstance(value, Untrusted):
            return value
        return cls(value if isinstance(value, str) else json.dumps(value, default=str))

    def detail(self) -> str:
        """The sanitized form with up to 8,192 characters, in place of the 512 of a list cell."""
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
        # Only pydantic calls this: the first screen need not wait for its import.
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls.of)


NOTHING: Final = Untrusted("")
