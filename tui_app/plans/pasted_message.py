"""Lines of one message as we show it, and of its headers and source: its sender wrote them, and nothing of them is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tui_app.plans.id_field import WRITTEN

MARGIN: Final = "│"
"""Before each line of a mail's text and source: `mail/part_text.py` says the same."""
COLUMN: Final = 15
"""Where a value begins: what stands before it is its label, or blanks where it goes on with the value above."""
LABELS: Final = (
    "action",
    "allow list",
    "also to",
    "asked for",
    "block list",
    "by",
    "categories",
    "category",
    "checks",
    "created",
    "detail",
    "detection",
    "done to it",
    "edf hash",
    "encrypted",
    "envelope",
    "found in",
    "from",
    "helo",
    "hop before",
    "host",
    "leads to",
    "mailboxes",
    "md5",
    "Message-ID",
    "mode",
    "name",
    "origin",
    "processed",
    "reasons",
    "recipient",
    "reply-to",
    "retry after",
    "row id",
    "rule",
    "scanned",
    "sent",
    "sent from",
    "sha1",
    "sha256",
    "size",
    "status",
    "subject",
    "submission",
    "through",
    "to",
    "tries",
    "type",
    "value",
    "verdict",
    "when",
    "where",
    "why",
)
ID_LABELS: Final = ("alert id", "investigate id", "postfix id")
"""Labels of what the server calls the message: this is taken."""
_OF_FINDINGS: Final = ("detail", "detection", "rule", "found in", "value")
"""Below the heading of a finding, which has no label."""


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_NAMES: Final = "|".join(re.escape(name).replace("_", "[ _-]?") for name in sorted(WRITTEN, key=len, reverse=True))
_STRONG: Final = (
    r"received-spf|return-path|delivered-to|dkim-signature|domainkey-signature|authentication-results|arc-[a-z-]+"
    r"|x-[a-z0-9-]+|mime-version|content-[a-z-]+|references|in-reply-to|list-[a-z-]+|thread-[a-z-]+|resent-[a-z-]+"
)
_PLAIN: Final = (
    r"date|message-id|accept-language|auto-submitted|autoforwarded|bounces-to|disposition-notification-[a-z]+|encrypted"
    r"|errors-to|expires|feedback-id|importance|keywords|mail-followup-to|newsgroups|organi[sz]ation|original-[a-z-]+"
    r"|precedence|priority|return-receipt-to|sensitivity|supersedes|user-agent"
)
HEADER: Final = re.compile(rf"(?:{_NAMES}|{_STRONG}|{_PLAIN}|received):(?=\s|$)", re.IGNORECASE)
"""A header of a mail, at the beginning of a line; lines that begin with a blank belong to it."""
_OF_A_MAIL: Final = re.compile(rf"(?:{_STRONG}):(?=\s|$)|received:\s+(?:from|by|\()", re.IGNORECASE)
"""A header that no ticket has: what is called so stands among the headers of a mail, of which anybody may invent more."""
_ANY_HEADER: Final = re.compile(r"(?!message-id:)[!-9;-~]{1,80}:(?=\s|$)", re.IGNORECASE)
_INVENTED: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+(?<!-ids)(?<!-id)(?<!-no):(?=\s|$)", re.IGNORECASE)
"""A header that nobody knows, below one that is known; a ticket calls an id so."""
_LONG_HEADER: Final = re.compile(r"(?=[^:\s]{13})[A-Z][A-Za-z0-9]*(?:-[A-Z][A-Za-z0-9]*)+: \S")

_QUOTED: Final = re.compile(r" {0,3}(?:>[ ]?)+")
"""With few blanks before it: a value may begin with `>`."""
_LABEL: Final = re.compile(
    rf"(?P<indent>\s*+)(?P<label>{_any_of((*LABELS, *ID_LABELS))}|\d{{1,4}}|(?!(?i:message-id):)[^\s:][^:\n]{{0,12}}:|:)"
    r"(?P<gap>\s++)(?=\S)"
)
_OWN_ID: Final = re.compile(rf"\s*+(?:{_any_of(ID_LABELS)})\s+4[\w:-]+\s*$", re.ASCII)
_OWN_MESSAGE_ID: Final = re.compile(r"message-id:", re.IGNORECASE)
_COLLAPSED: Final = re.compile(rf"\s*+(?P<label>{_any_of((*LABELS, *ID_LABELS))})\s+\S")
"""The same where a page or a mail made one blank of many."""
_FINDING: Final = re.compile(r"\s*+(?:0\.\d\d|1\.00)\s{2,}+\S")
_PART: Final = re.compile(r"\s*+[\w.+-]+/[\w.+-]+\s[^\n]*\d\s(?:bytes?|[KM]B)\s*$|\s*+text of \S+/\S+")
"""A part of a mail, with the name that its sender gave it."""
_WHOLE: Final = re.compile(r"\s*+(?:parts|headers|source|(?:in|out)bound(?:\s+more lines are on their way)?)\s*$")
"""What stands above lines of a mail, of its headers, or of its way."""
_SIGN: Final = re.compile(r"\s*+[≈≠]\s")
_HANG: Final = " " * 4
"""What a row begins with in which the screen goes on with a line."""
_FEW: Final = 4
"""Labels in lines one below the other, from which on they are no chance."""
_SURE: Final = 2
"""The same where their values stand in our column."""


def message_lines(lines: Sequence[str]) -> list[bool]:
    """Of each line whether it belongs to a message, and is not one with its id."""
    told: list[bool] = []
    texts = [_unquoted(line) for line in lines]
    begin = -1
    while len(told) < len(texts):
        start = end = len(told)
        ours = False
        while end < len(texts) and (
            texts[end].strip() or texts[end].startswith(_HANG) or (ours and _goes_on(texts, end))
        ):
            ours = ours or bool(laid_out(texts[end]) or _WHOLE.match(texts[end]) or _PART.match(texts[end]))
            end += 1
        labels = _labels(texts[start:end])
        is_stripped = len({*labels.values()}) >= _SURE and not _is_indented(lines[start:end], texts[start:end])
        told += _told(texts[start:end], labels, is_stripped=is_stripped)
        if not is_stripped:
            begin = begin if start == end else -1
        elif begin < 0 or next(iter(labels.values())) == "subject":
            begin = start + min(labels)
        else:  # an empty line may be one of blanks in a value: it is the same message
            told[begin:] = _but_one(texts[begin:end])
        told += [False] * (end < len(texts))
    return told


def _labels(lines: Sequence[str]) -> dict[int, str]:
    """The labels of lines by their places."""
    return {place: label for place, line in enumerate(lines) if (label := laid_out(line))}


def _is_indented(lines: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether lines of a message kept the blanks before them: without, nobody sees what goes on with a value.

    A value may begin with `>`: it is the mark of a quoted mail only where all lines have it.
    """
    is_quoted = all(line.lstrip().startswith(">") for line in lines if line.strip())
    return any(line.startswith(_HANG) for line in (texts if is_quoted else lines))


def _goes_on(lines: Sequence[str], at: int) -> bool:
    """Whether an empty line is one of blanks in a value: we begin nothing with blanks below an empty line."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at < len(lines) and lines[at].startswith(_HANG)


def _told(lines: Sequence[str], labels: Mapping[int, str], *, is_stripped: bool) -> list[bool]:
    """Of lines of one paragraph."""
    found = [_COLLAPSED.match(line) for line in lines]
    if len({label["label"] for label in found if label is not None}) >= _FEW and len(labels) < _SURE:
        return _but_one(lines)
    if is_stripped:
        first = min(labels)
        # What stands above the first label may be the heading of a finding.
        return [*_followed(lines)[:first], *_but_one(lines[first:])]
    return _followed(lines)


def _but_one(lines: Sequence[str]) -> list[bool]:
    """All lines but those with the ids of the message.

    Where each column is lost, what goes on in a line may look like a label: then several messages are named.
    """
    names = [line.split()[-1] for line in lines if _OWN_ID.match(line)]
    whole = max(names, key=len, default="")
    one = all(whole.startswith(name) for name in names)
    return [not one or _OWN_ID.match(line) is None for line in lines]


def _followed(lines: Sequence[str]) -> list[bool]:
    paragraph = _Paragraph()
    below: list[str] = []
    label = ""
    for line in reversed(lines):
        below.append(label)
        # What is only blanks leaves its label alone.
        label = (
            label if line.startswith(_HANG) else laid_out(line) or (line.strip() in _OF_FINDINGS and line.strip()) or ""
        )
    return [paragraph.belongs(line, label) for line, label in zip(lines, reversed(below), strict=True)]


class _Paragraph:
    """Follows lines; each is told once, in order."""

    def __init__(self) -> None:
        self._run = self._indent = 0
        self._ids = self._whole = self._headers = self._mail = False

    def belongs(self, line: str, below: str) -> bool:
        """Whether a line is told; `below` = the label of the next line that does not only go on with this one."""
        if line.lstrip().startswith(MARGIN):
            return True
        return self._of_header(line) or self._of_layout(line, below)

    def _of_header(self, line: str) -> bool:
        """Whether it is a header that only stands among others; those that are known everywhere are known to `HEADER`."""
        if _OF_A_MAIL.match(line):
            self._mail = self._headers = True
        elif self._mail and (_ANY_HEADER.match(line) or line[:1] in (" ", "\t")):
            return True
        elif HEADER.match(line):
            self._headers = True
        elif (self._headers and _INVENTED.match(line)) or _LONG_HEADER.match(line):
            return True
        elif line[:1] not in (" ", "\t"):
            self._headers = False
        return False

    def _of_layout(self, line: str, below: str) -> bool:
        indent = len(line) - len(line.lstrip())
        label = laid_out(line)
        if indent == COLUMN and not self._run:
            return True
        if label and not self._whole and (not self._run or indent <= self._indent):
            self._run += 1
            self._indent = indent
            self._ids = label in ID_LABELS
            # The heading of a finding may look like any label.
            return not self._ids or below in _OF_FINDINGS
        if self._run and indent > self._indent:
            # It goes on with the value above: in its column, or where the screen broke it.
            return not (self._ids and indent >= self._indent + COLUMN)
        if _FINDING.match(line) or below in _OF_FINDINGS or _PART.match(line) or (below and line.startswith(_HANG)):
            self._run, self._indent, self._ids = max(1, self._run), indent, False
            return True
        if _WHOLE.match(line):
            self._whole = True
            return False
        if self._whole:
            return _OWN_MESSAGE_ID.match(line) is None
        if self._run and _SIGN.match(line):
            return True
        if self._run > 1:
            return True
        self._run = 0
        return False


def laid_out(line: str) -> str:
    """The label with which a line begins, where its value stands in our column or behind it; empty where there is none."""
    found = _LABEL.match(line)
    if found is None or len(found["label"] + found["gap"]) < COLUMN:
        return ""
    # The longest of ours fills its column; a ticket may have a word of that length with a colon.
    return found["label"] if len(found["gap"]) > 1 or found["label"] in ID_LABELS else ""


def _unquoted(line: str) -> str:
    quoted = _QUOTED.match(line)
    return line[quoted.end() :] if quoted is not None and ">" in quoted[0] else line
