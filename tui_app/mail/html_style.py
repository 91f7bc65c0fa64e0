"""Whether the style of an element hides its text: in time that grows with the size of the style only."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)")
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(\r\n|[\r\n\f])|(.))", re.DOTALL)
_NUMBER: Final = r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:e[+-]?\d{1,3})?"
_LENGTH: Final = re.compile(rf"({_NUMBER})(%|[a-z]*)(?![\w.%])")
_PIXELS: Final = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "em": 16.0, "rem": 16.0,
    "ex": 8.0, "ch": 8.0, "%": 0.16, "vw": 8.0, "vh": 8.0, "vmin": 8.0, "vmax": 8.0,
}  # fmt: skip
"""What a unit comes to where nothing around it says otherwise: letters of 16 pixels, a window of 800."""
_SMALLEST_LETTER: Final = 1.0
"""Pixels: nobody reads less."""
_FAR_OUT: Final = -100.0
"""Pixels of an indent that put a line out of sight."""
_FAINTEST: Final = 0.05
_CLIPS: Final = frozenset({"hidden", "clip"})
_CLEAR: Final = re.compile(
    r"transparent|(?:rgb|hsl)a?\([^()]{0,100}[,/] ?(?:0+(?:\.0*)?|\.0+)%? ?\)|#(?:[0-9a-f]{3}0|[0-9a-f]{6}00)"
)


def hides(style: str) -> bool:
    """Whether a `style` attribute hides the text of its element; of two values of one property either counts."""
    declared: dict[str, list[str]] = {}
    for declaration in _plain(style).split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            declared.setdefault(name.strip(), []).append(value.partition("!")[0].strip())
    return any(_is_hiding(name, value, declared) for name, values in declared.items() for value in values)


def _plain(style: str) -> str:
    """The style in lower case, without comments, its escapes decoded, with single blanks."""
    if "\\" in style or "/*" in style:
        style = _ESCAPE.sub(_unescaped, _COMMENT.sub("", style))
    return " ".join(style.lower().split())


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        point = int(found[1], 16)
        return chr(point) if 0 < point < 0x110000 else "\ufffd"
    return found[3] or ""


def _is_hiding(name: str, value: str, declared: dict[str, list[str]]) -> bool:
    match name:
        case "display":
            return value == "none"
        case "visibility":
            return value in ("hidden", "collapse")
        case "mso-hide":
            return value == "all"
        case "opacity":
            share = _pixels(value, {"": 1.0, "%": 0.01})
            return share is not None and share < _FAINTEST
        case "font-size":
            size = _pixels(value)
            return size is not None and size < _SMALLEST_LETTER
        case "font":
            return _tiny_font(value)
        case "max-height" | "max-width":
            return _pixels(value) == 0 and not _CLIPS.isdisjoint(_overflow(declared))
        case "height" | "width":
            # A least size makes it larger again, as layouts for telephones do.
            return _pixels(value) == 0 and f"min-{name}" not in declared
        case "text-indent":
            indent = _pixels(value, {**_PIXELS, "%": 8.0})
            return indent is not None and indent <= _FAR_OUT
        case "color" | "-webkit-text-fill-color":
            return _CLEAR.fullmatch(value) is not None
    return False


def _overflow(declared: dict[str, list[str]]) -> set[str]:
    names = ("overflow", "overflow-x", "overflow-y")
    return {word for name in names for value in declared.get(name, ()) for word in value.split(" ")[:2]}


def _pixels(value: str, units: dict[str, float] = _PIXELS) -> float | None:
    """The length that a value begins with; None where it is none."""
    found = _LENGTH.match(value)
    factor = units.get(found[2]) if found else None
    return None if found is None or factor is None else float(found[1]) * factor


def _tiny_font(value: str) -> bool:
    """Whether the size in a `font` is too small to be read: the first length, as a weight has no unit."""
    for word in value.split(" ")[:8]:
        found = _LENGTH.match(word)
        if found and (found[2] or float(found[1]) == 0):
            size = _pixels(word)
            return size is not None and size < _SMALLEST_LETTER
    return False
