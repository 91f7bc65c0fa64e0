"""Ids in free text: tickets, mails, log lines. What a line says was written by somebody else is not searched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING, Final

from tui_app.core.id_form import ALERT_ID, INVESTIGATE_ID, message_id
from tui_app.core.verdict import VERDICTS
from tui_app.plans.id_field import WRITTEN
from tui_app.plans.pasted_message import HEADER, LABELS
from tui_app.plans.pasted_report import ReportLines
from tui_app.plans.pasted_screen import is_screen_row

if TYPE_CHECKING:
    from tui_app.plans.findings import Findings

_QUOTED: Final = re.compile(r"\s*(?:>[ ]?)+")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31});", re.IGNORECASE)
_WORD_BREAK: Final = re.compile(r"<wbr\s*/?>", re.IGNORECASE)
_HEX: Final = r"(?:0[9ad]|2[0-9a-f]|3[a-f]|5[bcd]|7[bcd])"
_PERCENT: Final = re.compile(rf"%(?:25)*({_HEX})", re.IGNORECASE)
_PRINTABLE: Final = re.compile(rf"=(?:c2=(a0)|({_HEX}))", re.IGNORECASE)
_WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_DASH: Final = "[-\u2010-\u2015\u2212\ufe58\ufe63]"
_ODD_DASH: Final = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63]")
_LEFT: Final = r"(?<![0-9A-Za-z])(?<![0-9A-Za-z]-)"
_RIGHT: Final = rf"(?!{_DASH}?(?:[0-9A-Za-z]|\u2026|\.\.\.))"
"""Nothing is glued to it, and it was not cut, by us (`…`) or by others."""
_SCANNED: Final = rf"4[0-9A-Za-z]{{11,23}}{_DASH}\d{{4}}{_DASH}\d\d{_DASH}\d\dT\d\d:\d\d:\d\d"
_IDS: Final = re.compile(
    rf"{_LEFT}(?:(?P<investigate>{_SCANNED}{_DASH}\d{{1,20}})|(?P<alert>{_SCANNED})(?!{_DASH}\d)"
    rf"|(?P<postfix>(?=4\d*[A-Za-z])4[0-9A-Za-z]{{15,23}})){_RIGHT}",
    re.ASCII,
)
_ADDRESS: Final = re.compile(
    r"\b(?i:[he]{2}lo)[=: ]\s*<?[^\s<>]+|\"[^\"\n]{0,300}\"@[^\s,;<>\"'()\[\]{}|]*|(?<![^\s,;<>\"'()\[\]{}|])[^\s,;<>\"'()\[\]{}|@]*@[^\s,;<>\"'()\[\]{}|]*"
)
"""An address or a Message-ID: the sender chose what stands in it."""
_WORDS: Final = re.compile(r"[0-9A-Za-z]+(?:[-:][0-9A-Za-z]+)*", re.ASCII)
_CLOSE: Final = re.compile(
    r"(?=[^-]*\d)[0-9A-Za-z]{10,26}(?:-[\dTt:-]+)?|[0-9A-Za-z]{3,30}-\d{4}-\d\d-\d\d[Tt][\d:]+(?:-\d*)?", re.ASCII
)
_GLUED: Final = re.compile(
    r"4(?=\d{0,23}[A-Za-z])[0-9A-Za-z]{15}|[0-9A-Za-z]{12}-\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", re.ASCII
)
"""An id with something glued to it: where it ends nobody can say."""
_ANY_ID: Final = re.compile(rf"4[0-9A-Za-z]{{11}}|\d{{4}}{_DASH}\d\d{_DASH}", re.ASCII)
"""What stands in all of these: most lines have none, and are not looked at word by word."""
_DIGEST: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_FOREIGN: Final = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])(?:[0-9A-Fa-f]{12}|[0-9A-Za-z]{15})", re.ASCII)

_NAMES: Final = "|".join(re.escape(name).replace("_", "[ _-]?") for name in sorted(WRITTEN, key=len, reverse=True))
_FIELD: Final = re.compile(
    rf"(?:^|[^0-9A-Za-z_-])(?:{_NAMES}|message[ _-]?id|in-reply-to|references|held back by[^:]{{0,80}}|included by name)(?:\s+line|\s*\([^()]{{0,40}}\))?[\"'*_`\\]*\s*(?:[:=]|</t[dh]>)",
    re.IGNORECASE,
)
"""A field that holds what somebody else wrote, anywhere in a line."""
_LABELS: Final = "|".join(re.escape(label) for label in sorted(LABELS, key=len, reverse=True))
_LAID_OUT: Final = re.compile(rf"\s*+(?:{_NAMES}|{_LABELS}|message[ _-]?id)(?:\s{{2,}}|\t)\S", re.IGNORECASE)
_OWN_MESSAGE_ID: Final = re.compile(r"[\s*_\"'-]*message[ _-]?id[*_\"']*\s*:[*_]*\s*(\S*?)[\s,]*", re.IGNORECASE)
_BARE_MESSAGE_ID: Final = re.compile(r"<[^<>\s]+@[^<>\s]+>")

_OPENS: Final = r"(?:^|[\s<:*_\"']|(?i:lt;|&#0*60;|&#x0*3c;|%3c|=3c))"
_CLOSES: Final = r"(?=$|[\s>*_\"',]|(?i:&(?:amp;)*gt;|&#0*62;|&#x0*3e;|%3e|=3e))"
"""What may stand around a Message-ID, as it was written."""
_CHANGED: Final = "A Message-ID with characters that are not seen, or are written otherwise: nothing was taken. Give the investigate id."

_BEGUN: Final = re.compile(
    rf"{_LEFT}4[0-9A-Za-z]{{11,23}}(?:{_DASH}(?:[\dT:]|{_DASH}){{0,20}})?=?$",
    re.ASCII,
)
_CUT: Final = re.compile(rf"{_SCANNED}{_DASH}\d{{1,20}}$", re.ASCII)
_FEW_OF_ID: Final = re.compile(rf"{_LEFT}4(?=\d*[A-Za-z])[0-9A-Za-z]{{1,10}}$", re.ASCII)
"""What may be the beginning of an id, too short to be known."""
_SHORT_ID: Final = re.compile(rf"[0-9A-Za-z]{{1,15}}{_DASH}\d{{4}}", re.ASCII)
_LONE_DIGITS: Final = re.compile(r"\d{1,12}(?=\s|$)", re.ASCII)
_BEGINS: Final = re.compile(rf"{_LEFT}{_SCANNED}(?P<number>{_DASH}\d{{1,20}})?{_RIGHT}", re.ASCII)


_OURS: Final = re.compile(
    r"\s*+(?:mailsluice:\s*)?(?:held back|left out|not an id|behind a #|in words that somebody else wrote|repeated|line \d|look at this|to send\s"
    r"|what answers told|seen afterwards|doubts about|included by name|asked for and left out|sent again although|goes out\s|this may be another mail's|the verdict is\s)"
    rf"|\s*+(?:{'|'.join(sorted(VERDICTS))}|no-verdict|unchecked)\s{{2,}}(?!4[0-9A-Za-z]{{11,}}[^\s@]*(?:\s|$))\S|\s*\S+ is 4\S+\s{{2,}}",
    re.IGNORECASE,
)
"""Lines of our own: what they name was refused, or stands beside a subject."""


def is_written(line: str, inside: bool) -> bool:
    """Whether a line holds what somebody else wrote: a field or header of a mail, and what is folded under it (`inside`)."""
    return HEADER.match(line) is not None or (inside and (line[:1] in (" ", "\t")))


@lru_cache(maxsize=64)
def is_told(line: str) -> bool:
    """Whether a line holds what somebody else wrote, or what we wrote about it: nothing of it is taken."""
    told = _OURS.match(line) or is_screen_row(line) or _FIELD.search(line) or _LAID_OUT.match(line)
    return bool(told) or HEADER.match(line) is not None


def opens_value(line: str) -> bool:
    """Whether a field or header has its value in the next line."""
    return line.rstrip().endswith(":") and (HEADER.match(line) is not None or _FIELD.search(line) is not None)


def read_text(
    lines: Sequence[str], first: int, findings: Findings, *, printable: bool, of_message: Sequence[bool]
) -> None:
    """Take the ids out of lines of free text; `first` = the number of the first, `printable` = it is quoted-printable.

    `of_message` = of each line whether it is one of a message as we show it, and only told.
    """
    legible_lines = [legible(line, printable=printable) for line in lines]
    in_header = value_follows = False
    report = ReportLines()
    above, at = "", 0
    while at < len(lines):
        number, line = first + at, legible_lines[at]
        ours = report.belongs(lines[at]) or of_message[at]
        at += 1
        if re.search(r"\w\w", line) and not ids_told(line) and not is_written(line, in_header or value_follows):
            findings.heading = f"{above} / {line.strip()}" if above else line.strip()
            above = line.strip()
        elif line.strip():
            above = ""
        if ours:
            in_header = value_follows = False
            tell(line, number, findings)
            continue
        if line.lstrip().startswith("#"):
            in_header = False
            findings.commented += [(number, word) for word in ids_told(line)]
            continue
        in_header = is_written(line, in_header or value_follows) or value_follows
        value_follows = opens_value(line)
        own = _OWN_MESSAGE_ID.fullmatch(line)
        if own and not own[1] and at < len(lines) and _BARE_MESSAGE_ID.fullmatch(legible_lines[at].strip()):
            _take_message_id(legible_lines[at].strip(), lines[at], first + at, findings)  # in the next line, alone
            at += 1
            value_follows = False
            continue
        if own and (name := message_id(own[1])):
            _take_message_id(name, lines[at - 1], number, findings)
        elif not in_header and _BARE_MESSAGE_ID.fullmatch(line.strip()):
            _take_message_id(line.strip(), lines[at - 1], number, findings)
        elif in_header or is_told(line):
            tell(line, number, findings)
        else:
            at += _joined(legible_lines, of_message, at - 1, number, findings)


def _take_message_id(name: str, written: str, number: int, findings: Findings) -> None:
    """A Message-ID, if it is what was written: of two that differ in what nobody sees, one may be somebody else's mail."""
    if re.search(rf"{_OPENS}{re.escape(name[1:-1])}{_CLOSES}", written):
        findings.take(name, number, written.strip())
    else:
        findings.notes.append((number, _CHANGED))


def legible(line: str, *, printable: bool = False) -> str:
    """A line as it was meant: out of a page, an address, a word processor, a quoted mail."""
    if "\0" in line:
        line = line.replace("\0", "")
    if (quoted := _QUOTED.match(line)) and ">" in quoted[0]:
        line = line[quoted.end() :]
    for _ in range(2):  # a page inside of a page
        if "&" in line:
            line = _ENTITY.sub(lambda entity: unescape(entity[0]), line)
    if "%" in line:
        line = _PERCENT.sub(_separator, line)
    if "=" in line and (printable or line.endswith("=")):
        line = _PRINTABLE.sub(_separator, line)
    if "<" in line:
        line = _WORD_BREAK.sub("", line)
    if line.isascii():
        return line
    line = "".join(mark for mark in line if unicodedata.category(mark) != "Cf" and not "\ufe00" <= mark <= "\ufe0f")
    return line.translate(_WIDE)


def _separator(match: re.Match[str]) -> str:
    """What an escape stands for, unless its last digit is where an id begins."""
    text, end = match.string, match.end()
    starts = re.compile(r"4[0-9A-Za-z]{11,}", re.ASCII)
    if starts.match(text, end - 1) and not starts.match(text, end):
        return match[0]
    return chr(int(next(group for group in match.groups() if group), 16))


def _joined(lines: Sequence[str], told: Sequence[bool], at: int, number: int, findings: Findings) -> int:
    """Search a line, with the next ones where an id goes on there; how many of those were read with it.

    A line that is only `told` goes on with nothing: it may be a piece with words of a sender.
    """
    line, more = lines[at], 0
    while at + more + 1 < len(lines) and more < 3:
        following = lines[at + more + 1].lstrip()
        if told[at + more + 1] or following.startswith("#") or _FIELD.search(following):
            break
        bare = line.rstrip()
        soft = bare.endswith("=")
        begun = bare.removesuffix("=")
        if soft and _CUT.search(begun) and following[:1].isdigit():
            line, more = begun + following, more + 1
            continue
        tail = _BEGUN.search(bare)
        if tail is None:
            break
        whole = _BEGINS.match(begun[tail.start() :] + following)
        # A postfix id at the end of a line is one, unless the next line goes on with a hyphen and a time.
        if whole is None or whole.end() <= len(begun) - tail.start():
            break
        line, more = begun + following, more + 1
    following = lines[at + more + 1].lstrip() if at + more + 1 < len(lines) else ""
    cut = _CUT.search(line.rstrip())
    if cut and _LONE_DIGITS.match(following) and not line.lstrip()[:1].isdigit() and len(line.split()) > 1:
        # A mail client may have broken the number in two: half a number would be another message.
        findings.unrecognised.append((number, f"{cut[0]} {_LONE_DIGITS.match(following)[0]}"))  # type: ignore[index]
        line = line.rstrip()[: cut.start()]
    half = at > 0 and not more and _FEW_OF_ID.search(lines[at - 1].rstrip()) and _SHORT_ID.match(line.lstrip())
    _search(line, number, findings, half_above=bool(half))
    return more


def _search(line: str, number: int, findings: Findings, *, half_above: bool = False) -> None:
    alone = line.strip()
    if (INVESTIGATE_ID.fullmatch(alone) or ALERT_ID.fullmatch(alone)) and (half_above or alone[:1] != "4"):
        # Every id that is known begins with 4: this may be the second half of another one.
        findings.unrecognised.append((number, alone))
        return
    in_addresses = [word for address in _ADDRESS.findall(line) for word in ids_told(address)]
    findings.not_searched += [(number, word) for word in in_addresses]
    free = _ADDRESS.sub(" ", line)
    names, rest = _ids_in(free)
    for name in names:
        findings.take(name, number, line)
    words = line.split()
    if len(words) == 1 and not names and not in_addresses and re.search(r"\w", line):
        word = words[0]
        kind = findings.foreign if _FOREIGN.fullmatch(word) else findings.unrecognised
        kind.append((number, word))
    else:
        _tell_words(rest, number, findings)


def _ids_in(text: str) -> tuple[list[str], str]:
    """The ids of a line, each once, and the line without them; parts of an investigate id there are the same message."""
    matches = list(_IDS.finditer(text))
    names = [_ODD_DASH.sub("-", match[0]) for match in matches]
    whole = {name for match, name in zip(matches, names, strict=True) if match["investigate"]}
    parts = {part for name in whole for part in (name.partition("-")[0], name.rpartition("-")[0])}
    return [name for name in dict.fromkeys(names) if name not in parts], _IDS.sub(" ", text)


def _tell_words(text: str, number: int, findings: Findings) -> None:
    for match in _WORDS.finditer(_ODD_DASH.sub("-", text)):
        word = match[0]
        if _DIGEST.fullmatch(word):
            continue
        if _FOREIGN.fullmatch(word):
            findings.foreign.append((number, word))
        elif _CLOSE.fullmatch(word) or _GLUED.search(word):
            findings.unrecognised.append((number, word))


def ids_told(text: str) -> list[str]:
    """The ids in a text of which none is taken, and words with an id in them."""
    if _ANY_ID.search(text) is None:
        return []
    names, rest = _ids_in(text)
    rest = _ODD_DASH.sub("-", rest)
    return names + [
        match[0] for match in _WORDS.finditer(rest) if _GLUED.search(match[0]) and not _DIGEST.fullmatch(match[0])
    ]


def own_message_id(line: str) -> str:
    """The Message-ID that is alone in its line, with its label or in brackets; empty where there is none."""
    own = _OWN_MESSAGE_ID.fullmatch(line)
    if own is not None:
        return message_id(own[1])
    return line.strip() if _BARE_MESSAGE_ID.fullmatch(line.strip()) else ""


def tell(line: str, number: int, findings: Findings) -> None:
    """Tell of the ids in a line that is not searched."""
    for word in ids_told(line):
        findings.not_searched.append((number, word))
    findings.foreign += [(number, match[0]) for match in _WORDS.finditer(line) if _FOREIGN.fullmatch(match[0])]
