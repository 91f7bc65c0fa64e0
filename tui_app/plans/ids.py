"""Ids out of anything pasted, piped or typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# A queue id, and an investigate id: the same, a time and a number. Both kinds as the API's examples show them.
INVESTIGATE_ID: Final = re.compile(r"[0-9A-Za-z]{12,24}-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-\d{1,20}")
POSTFIX_ID: Final = re.compile(r"4[0-9A-Za-z]{11,23}")


@dataclass(frozen=True, slots=True)
class ParsedIds:
    """What a text held, in order: ids once each, how many came again, words that are no ids (with their line)."""

    ids: tuple[str, ...]
    duplicates: int
    unrecognised: tuple[tuple[int, str], ...]


def is_investigate_id(text: str) -> bool:
    """Whether it has the form of an investigate id (else it can only be a postfix id)."""
    return INVESTIGATE_ID.fullmatch(text) is not None


def parse_ids(lines: Iterable[str]) -> ParsedIds:
    """Ids separated by blanks, commas, semicolons or quotes; a `#` starts a comment."""
    ids: dict[str, None] = {}
    duplicates, unrecognised = 0, []
    for number, line in enumerate(lines, start=1):
        for word in re.split(r"[\s,;\"'\[\]<>]+", line.partition("#")[0]):
            if not word:
                continue
            if not (INVESTIGATE_ID.fullmatch(word) or POSTFIX_ID.fullmatch(word)):
                unrecognised.append((number, word))
            elif word in ids:
                duplicates += 1
            else:
                ids[word] = None
    return ParsedIds(tuple(ids), duplicates, tuple(unrecognised))
