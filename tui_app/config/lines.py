"""Where a key stands in the text of a configuration file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any, Final

_HEADER: Final = re.compile(r"\s*\[[^\[].*\]\s*(#.*)?")
_KEY: Final = re.compile(r"""\s*((?:[A-Za-z0-9_.\- ]|"[^"]*"|'[^']*')+?)\s*=""")


def line_of(text: str, key: Sequence[str]) -> int | None:
    """The line on which a key is given a value, or what it is in; None where that can't be found for sure."""
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        header = _HEADER.fullmatch(line.rstrip("\r"))
        written = None if header else _KEY.match(line)
        if not header and not written:
            continue
        parts = _parts(line if header else f"{written[1]} = 0" if written else "")
        at = parts if header else (*table, *parts)
        fits = at == tuple(key[: len(at)]) and (best is None or len(at) > best[0])
        # To read all that is above takes long: only for what may be the line, or begins a table.
        if not parts or not (fits or header) or not _begins_here(lines, number):
            continue
        table = parts if header else table
        if fits:
            best = (len(at), number + 1)
    return best[1] if best else None


def _parts(line: str) -> tuple[str, ...]:
    """The names in a header or a key, one below the other; empty for what is neither."""
    try:
        at: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(at, dict) and at:
        name = next(iter(at))
        names.append(name)
        at = at[name]
    return tuple(names)


def _begins_here(lines: Sequence[str], number: int) -> bool:
    """Whether something begins on this line, and it is not within a text or a list of several lines."""
    try:
        tomllib.loads("\n".join(lines[:number]))
    except tomllib.TOMLDecodeError:
        return False
    return True
