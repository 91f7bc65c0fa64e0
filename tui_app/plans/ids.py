"""Ids out of anything: the text of a ticket, CSV with any heading, JSON, log lines, either kind of id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Final
from urllib.parse import unquote

# A queue id, and an investigate id: the same, a time and a number. Both kinds as the API's examples show them.
INVESTIGATE_ID: Final = re.compile(r"[0-9A-Za-z]{12,24}-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)-\d{1,20}")
POSTFIX_ID: Final = re.compile(r"4[0-9A-Za-z]{11,23}")
_PARTS: Final = re.compile(r"[\s,;|\"'`\\\[\]{}<>()=]+")
"""What stands between words in prose, tables, JSON and logs."""
_EDGES: Final = ".:!?*_~/#"
_COMMENT: Final = re.compile(r"^\s*#|\s#\s")
_WITHIN: Final = re.compile(rf"(?<![0-9A-Za-z-]){INVESTIGATE_ID.pattern}(?![0-9A-Za-z-])")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_ALERT_ID: Final = re.compile(r"[0-9A-Za-z]{12,24}-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_CLOSE: Final = re.compile(
    r"(?=[^-]*\d)[0-9A-Za-z]{10,26}(-[\dTt:-]+)?|[0-9A-Za-z]{3,30}-\d{4}-\d\d-\d\d[Tt][\d:]+(-\d*)?"
)
"""A word that looks as if it was meant for an id: told of, so that nobody believes it was taken."""


@dataclass(frozen=True, slots=True)
class ParsedIds:
    """What a text held, with lines: ids once each in their order, ids that came again, words that were no ids after all.

    `commented` are ids behind a `#`: they are not taken, and that is told.
    """

    ids: tuple[str, ...]
    repeated: tuple[tuple[int, str], ...]
    unrecognised: tuple[tuple[int, str], ...]
    commented: tuple[tuple[int, str], ...] = ()

    def shifted(self, lines: int) -> ParsedIds:
        """The same, where so many lines came before the first one that somebody counts: those have the number 0."""

        def shift(words: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
            return tuple((max(0, number - lines), word) for number, word in words)

        return ParsedIds(self.ids, shift(self.repeated), shift(self.unrecognised), shift(self.commented))

    @property
    def duplicates(self) -> int:
        """How many ids came again."""
        return len(self.repeated)


def is_investigate_id(text: str) -> bool:
    """Whether it has the form of an investigate id (else it can only be a postfix id)."""
    return INVESTIGATE_ID.fullmatch(text) is not None


def is_message_id(text: str) -> bool:
    """Whether it has the form of an investigate id or of a postfix id."""
    return is_investigate_id(text) or POSTFIX_ID.fullmatch(text) is not None


def moment_of_id(text: str) -> datetime | None:
    """When a message was scanned, as its investigate id tells."""
    match = INVESTIGATE_ID.fullmatch(text)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def parse_ids(lines: Iterable[str]) -> ParsedIds:
    """Ids in any text, with the lines they came from, counted from 1. A word alone in its line was meant for an id.

    In a line that holds an investigate id the postfix id of the same message is not taken for another one. Words that
    can't be meant for ids, such as prose and headings, are passed over. What stands behind a ` # `, or in a line that
    begins with `#`, was taken out of a list by somebody: ids there are told of and not taken.
    """
    ids: dict[str, None] = {}
    repeated: list[tuple[int, str]] = []
    unrecognised: list[tuple[int, str]] = []
    commented: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        told, *behind = _COMMENT.split(_legible(line), maxsplit=1)
        commented += [
            (number, word) for part in behind for word in _words(part) if _is_id(word) or _seems_an_id(word, set())
        ]
        words = _words(told)
        whole = {word.partition("-")[0] for word in words if is_investigate_id(word)}
        for word in words:
            if _is_id(word):
                if word in whole:
                    continue
                if word in ids:
                    repeated.append((number, word))
                else:
                    ids[word] = None
            elif len(words) == 1 or _seems_an_id(word, whole):
                unrecognised.append((number, word))
    return ParsedIds(tuple(ids), tuple(repeated), tuple(unrecognised), tuple(commented))


def _legible(line: str) -> str:
    """A line as it was meant: out of a file in UTF-16, a page, an address, a word processor."""
    if "\0" in line:
        line = line.replace("\0", "").replace("\ufffd", "")
    if "&#" in line:
        line = unescape(line)
    for _ in range(2):  # an address inside of an address
        line = unquote(line) if "%3" in line or "%2" in line else line
    return line if line.isascii() else _UNSEEN.sub("", _DASHES.sub("-", line))


def _words(text: str) -> list[str]:
    words = (word.strip(_EDGES) for word in _PARTS.split(text))
    return [part for word in words for part in _whole_or_parts(word) if part]


def _is_id(word: str) -> bool:
    return is_message_id(word)


def _seems_an_id(word: str, whole: set[str]) -> bool:
    if INVESTIGATE_ID.search(word):
        return True  # with something glued to it: where it ends nobody can say
    alert_of_one = _ALERT_ID.fullmatch(word) is not None and word.partition("-")[0] in whole
    return _CLOSE.fullmatch(word) is not None and not alert_of_one


def _whole_or_parts(word: str) -> list[str]:
    """A word; if it is none but has some behind a colon or a slash (`id:4F…`, a URL), those."""
    if is_investigate_id(word) or not re.search(r"[:/]", word):
        return [word]
    if found := [match[0] for match in _WITHIN.finditer(word)]:
        return found
    return [part.strip(_EDGES) for part in re.split(r"[:/]", word)] if not _ALERT_ID.search(word) else [word]
