"""The data of Unicode about characters that are taken for others, and about scripts: read once, when it is first asked for."""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from functools import cache
from importlib.resources import files
from typing import Any, Final

_PACKAGE: Final = "confusable_homoglyphs"
"""Only its data files are read: its modules load the network code of Python, and have no types."""
_DIRECTIONS: Final = "\u200e\u200f"
"""Marks that the data has around characters that are written from right to left."""
COMMON: Final = "Common"
"""The script of digits, signs and marks, which go with every script."""
_EVERY_SCRIPT: Final = frozenset({"COMMON", "INHERITED", "Unknown"})


def _data(name: str) -> Any:
    return json.loads((files(_PACKAGE) / name).read_bytes())


@cache
def prototypes() -> dict[str, str]:
    """Each character that is taken for another, with the one text that stands for all that look like it."""
    leaders: dict[str, str] = {}

    def leader(text: str) -> str:
        while (above := leaders.setdefault(text, text)) != text:
            leaders[text] = leaders[above]
            text = above
        return text

    for character, pairs in _data("confusables.json").items():
        for pair in pairs:
            leaders[leader(character.strip(_DIRECTIONS))] = leader(pair["c"].strip(_DIRECTIONS))
    classes: dict[str, list[str]] = {}
    for text in list(leaders):
        classes.setdefault(leader(text), []).append(text)
    chosen = {at: min(members, key=_preference) for at, members in classes.items()}
    return {text: chosen[leader(text)] for text in leaders if len(text) == 1}


def _preference(text: str) -> tuple[bool, bool, bool, bool, bool, str]:
    """Letters from a to z first, then other letters and digits of ASCII, then texts of ASCII, then small letters."""
    one = len(text) == 1 and text.isascii()
    return (
        not (one and text.islower()),
        not (one and text.isalpha()),
        not one,
        not text.isascii(),
        text != text.casefold(),
        text,
    )


_OWN_PROTOTYPES: Final = {"ӏ": "l", "к": "k", "κ": "k", "ĸ": "k"}
"""Where the data of Unicode is too careful: in most fonts of screens these are the same."""
_MARKS: Final = frozenset(
    point
    for block in ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
    for point in range(*block)
)
"""Accents, which a tired eye does not see. Marks of Indic and Arabic scripts are vowels, and stay."""
_DEEPEST: Final = 6


class _Alike(dict[int, str]):
    """What characters become, each reckoned when it is first met."""

    def __missing__(self, point: int) -> str:
        self[point] = _alike(chr(point), _DEEPEST)
        return self[point]


def _alike(character: str, deep: int) -> str:
    if ord(character) in _MARKS or unicodedata.category(character) == "Cf":
        return ""
    if character in _OWN_PROTOTYPES:
        return _OWN_PROTOTYPES[character]
    if "a" <= character <= "z" or not deep:
        return character
    for other in (prototypes().get(character), unicodedata.normalize("NFKD", character), character.casefold()):
        if other is not None and other != character:
            return "".join(_alike(each, deep - 1) for each in other)
    return character


ALIKE: Final = _Alike()
"""What stands for each character and all that look like it, for `str.translate`; nothing for accents and what is invisible."""


@cache
def _scripts() -> tuple[list[int], list[tuple[int, str]]]:
    data = _data("categories.json")
    names = data["iso_15924_aliases"]
    ranges = sorted((first, last, names[name]) for first, last, name, _ in data["code_points_ranges"])
    return [first for first, _, _ in ranges], [(last, name) for _, last, name in ranges]


class _ScriptOf(dict[str, str]):
    def __missing__(self, character: str) -> str:
        starts, ranges = _scripts()
        last, name = ranges[bisect_right(starts, ord(character)) - 1]
        name = COMMON if ord(character) > last or name in _EVERY_SCRIPT else name.replace("_", " ").title()
        self[character] = name
        return name


_SCRIPT_OF: Final = _ScriptOf()


def script(character: str) -> str:
    """The name of a character's script, as `Latin`; `Common` for what goes with every script or has none."""
    return _SCRIPT_OF[character]
