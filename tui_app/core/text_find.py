"""Finding words in the lines of a text, in either case."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

HIT_LIMIT: Final = 10_000
"""Hits that are kept: more than anybody steps through."""

Hit = tuple[int, int]
"""A line and a column, both from 0."""


def find_all(lines: Sequence[str], words: str) -> list[Hit]:
    """Where the words stand, in either case, at most 10,000 times; hits do not overlap. Columns are those of the line."""
    key = unicodedata.normalize("NFC", words).casefold()
    hits: list[Hit] = []
    if not key:
        return hits
    for number, line in enumerate(lines):
        folded = line.casefold()
        at = folded.find(key)
        if at < 0:
            continue
        # Some characters become several (ß becomes ss): columns are counted in the line as it is shown.
        starts = [] if len(folded) == len(line) else [0, *accumulate(len(char.casefold()) for char in line)]
        while at >= 0:
            hit = (number, bisect_right(starts, at) - 1 if starts else at)
            if not hits or hits[-1] != hit:
                hits.append(hit)
            if len(hits) == HIT_LIMIT:
                return hits
            at = folded.find(key, at + len(key))
    return hits


def next_hit(hits: Sequence[Hit], line: int, column: int, backwards: bool = False) -> Hit | None:
    """The first hit after a place, or the last before it; behind the last hit the first follows. None without hits."""
    if not hits:
        return None
    if backwards:
        return hits[bisect_left(hits, (line, column)) - 1]
    return hits[bisect_right(hits, (line, column)) % len(hits)]
