"""Why rows fail or are skipped: the causes that are known, and reasons without what differs from row to row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import RowStatus
from tui_app.core.text import sanitize, visible

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage

FAILURES: Final = (RowStatus.FAILED, RowStatus.SKIPPED)
"""The states of rows that have a reason."""
_STATES: Final = frozenset(status.value for status in FAILURES)


def is_failure(status: str) -> bool:
    """Whether a row in this state of the server's has a reason: it failed or was skipped."""
    return status in _STATES or status.upper() in _STATES


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rows fail, in plain words, and what to do next. Two reasons of one cause are one group.

    `helps`: trying again can help. Where it can't, `word` is what includes such rows by name all the same.
    """

    name: str
    """One word for programs."""
    label: str
    """Safe text in lower case, and what tells one cause from another."""
    advice: str
    helps: bool
    word: str = ""


OTHER: Final = "other"
"""The name of a cause that is not known; its label is the reason itself, normalised."""
_NONE_GIVEN: Final = Cause("no-reason", "no reason given", "read the row", True)
_NO_WORDS: Final = Cause("no-words", "a reason without words", "read it", True)

# Words that may stand between a thing and what is said of it: `message in the mailbox of … was not found`. No others: in
# `message failed: mailbox not found`, and in `mailbox folder not found`, it is said of something else.
_IS: Final = r"is|was|were|has|have|been|be|could|can|cannot|does|do|did|with|id|already"
_OF_MAIL: Final = rf"(?: (?:{_IS})\b| (?:in|from|of|for)\b(?: (?:the|this|a|its|user|recipient)\b)*(?: (?:mailbox|folder|inbox|account|store)\b)?| …)*"
_OF_BOX: Final = rf"(?: (?:{_IS}|of|for|the|this|user|recipient|address|account)\b| …)*"
_MISSING: Final = (
    r" (?:not (?:be )?found|not exist|doesn.t exist|no longer (?:in|at|there|present|available|exists?|found|valid|active)"
    r"|gone|missing(?=\Z| in| from|[.,;:(])|unknown(?! error))\b"
)
_MAIL: Final = r"\b(?:message|mail|e-?mail|item|object)s?"
_BOX: Final = r"\b(?:mailbox|user|recipient|address|account)"
_TAKEN: Final = r"(?:moved|deleted|removed|purged)"
_CODE: Final = r"\b(?:http|status|code|error)[\s:=(#]{1,3}(?:code )?"
"""What stands before a status of HTTP: any other number may be of anything."""
_KNOWN: Final[tuple[tuple[str, Cause], ...]] = (
    (r"\Ano reason given\Z", _NONE_GIVEN),
    (r"\Aa reason without words\Z", _NO_WORDS),
    (
        rf"throttl|rate.?limit|too many requests|{_CODE}429\b|(?:request|api) quota|server.?(?:is )?(?:too )?busy|concurrency limit",
        Cause("throttled", "throttled by the mail provider", "retry", True),
    ),
    (
        r"phish\w* (?:\w+ )?submission|submission\b.*\bnot actionable",
        Cause("submission", "phish submission", "nothing to do", False, "SUBMISSION"),
    ),
    (
        r"\bnot (?:currently )?(?:held|quarantined)|\bnot (?:\w+ )?in (?:the )?quarantine|no longer (?:held|quarantined|in (?:the )?quarantine)",
        Cause("not-held", "not held in quarantine", "nothing to release", False, "WRONG-KIND"),
    ),
    (
        r"\b(?:is|are|was|held|still|currently|been|be) (?:in (?:the )?)?quarantine|quarantined (?:message|mail|item)",
        Cause("held", "held in quarantine", "look in Quarantine (Q)", False, "WRONG-KIND"),
    ),
    (
        rf"{_MAIL}{_OF_MAIL}{_MISSING}|{_MAIL}{_OF_MAIL}:? (?:deleted|removed|purged)\b|{_TAKEN}(?: or {_TAKEN})? by (?:the |an? )?(?:user|recipient|owner)"
        rf"|(?:user|recipient|owner) (?:has |had |already )*{_TAKEN}\b|already (?:been )?(?:deleted|removed|purged)"
        r"|(?<!folder )not (?:be )?found in (?:the |its )?(?:mailbox|folder|inbox|store)|(?:item|message|object)notfound",
        Cause("gone", "the message is no longer there", "nothing to do", False, "GONE"),
    ),
    (
        rf"{_BOX}{_OF_BOX}{_MISSING}|{_BOX}{_OF_BOX} (?:disabled|inactive|not enabled|(?:soft.?)?deleted)\b"
        r"|no such (?:mailbox|user|recipient|account)|no mailbox\b(?! (?:permission|access))|unknown (?:user|recipient|mailbox)|invalid recipient"
        r"|not licen[sc]ed|no licen[sc]e|without an? (?:mailbox|licen[sc]e)|nonexistentmailbox|mailboxnot(?:found|enabled|licensed)"
        r"|(?:user|recipient)notfound",
        Cause("no-mailbox", "mailbox not found", "export, hand over", False, "NO-MAILBOX"),
    ),
    (
        r"already (?:\w+ )?(?:(?:in|at)\b(?! (?:progress|process|use)\b)|there\b|moved|released|delivered|exists)",
        Cause("already-there", "already in the destination", "nothing to do", False, "ALREADY-THERE"),
    ),
    (
        r"permission|privilege|unauthori[sz]ed|authori[sz]ation|not authori[sz]ed|access (?:is |was )?denied|accessdenied|forbidden|\bconsent\b"
        r"|reconnect|integration|credential|token (?:has |is |was )?(?:expired|invalid|revoked)|invalid.?grant"
        rf"|{_CODE}40[13]\b",
        Cause("no-permission", "permission or integration lost", "fix the integration, then retry", True),
    ),
    (
        r"timed?.?out|temporar|transient|(?:server|internal|service) ?error|unavailable|bad gateway|gateway time|try again|retry later|network error"
        r"|connection (?:\w+ )?(?:reset|refused|closed|lost|aborted)"
        rf"|{_CODE}5[0-2]\d\b",
        Cause("trouble", "time-out or server error", "retry", True),
    ),
)
"""How each known cause is recognised. A rule sees a reason in lower case, without what was quoted.

The first that fits counts, and one of which trying again helps before all others: a reason may repeat words of the mail.
"""
_RULES: Final = tuple((re.compile(pattern), cause) for pattern, cause in _KNOWN)
KNOWN_CAUSES: Final = tuple(cause for _, cause in _KNOWN)
_LABELS: Final = frozenset(cause.label for cause in KNOWN_CAUSES)

_LOOKED_AT: Final = 1024
"""Characters of a reason that are looked at: no rule needs more, and a server must not choose how long this takes."""
_KEPT: Final = 200
"""Characters of a normalised reason."""
_WORDS: Final = 80
"""Characters of a normalised reason beside its label."""
_GAP: Final = "…"
_QUOTED: Final = r""""[^"]*"|“[^“”]*”|‘[^‘’]*’|«[^«»]*»|`[^`]*`|<[^<>]*>|(?<!\w)'[^']*'(?!\w)"""
_QUOTES: Final = re.compile(r"""["“”‘’«»`<>']""")
_MARKS: Final = re.compile(r"""["“”«»`<]|(?<![-=])>|(?<!\w)['‘’]|['‘’](?!\w)""")
"""Quotation marks, but for apostrophes and arrows."""
_WITHIN: Final = r"[\w.+\-@%\\]"
_ENDS_OF_HOSTS: Final = r"com|net|org|edu|gov|mil|int|info|biz|example|test|invalid|local|localhost|internal|[a-z]{2}"
_VARYING: Final = re.compile(
    rf"{_QUOTED}|\b[a-z]+://\S+|\S*@\S*|(?<!{_WITHIN})(?![45]\d\d(?!{_WITHIN}))(?={_WITHIN}*?[\d@]){_WITHIN}+"
    rf"|(?<!{_WITHIN})[\w\-]+(?:\.[\w\-]+)*\.(?:{_ENDS_OF_HOSTS})(?!{_WITHIN})",
    re.IGNORECASE,
)
"""What differs from row to row: what is quoted, links, numbers, ids, times, addresses and hosts. Codes such as 429 stay for the rules."""
_CODES: Final = re.compile(r"\d+")
_EMPTY: Final = re.compile(rf"[(\[{{<][\s{_GAP}:;,.#=\-]*[)\]}}>]")
_BESIDE: Final = re.compile(rf"{_GAP}(?:[\s:;,.#=/|\-]*{_GAP})+")
_BEGINNING: Final = re.compile(r"\A[^\w(\[{]+")
_ENDS: Final = " \t.,;:!?-–—#=/|\"'`…"


def _shape(message: str) -> str:
    """A reason without what differs from row to row: the one step that each row needs, the rest is remembered by shape."""
    looked_at = message[:_LOOKED_AT]
    if not _QUOTES.search(looked_at):
        # Word by word is twice as quick: most words are letters only.
        return " ".join([word if word.isalpha() else _VARYING.sub(_GAP, word) for word in looked_at.split()])
    shape = _VARYING.sub(_GAP, looked_at)
    # Where everything stands in quotation marks, as in JSON, they part nothing.
    return shape if any(map(str.isalpha, shape)) else _VARYING.sub(_GAP, _QUOTES.sub(" ", looked_at))


def _outside(message: str) -> str:
    """The shape of what stands before the first and behind the last quotation mark, and no mail can have written.

    A subject with quotation marks of its own ends the quotation early, and its words then stand outside of any.
    """
    looked_at = message[:_LOOKED_AT]
    marks = [mark.start() for mark in _MARKS.finditer(looked_at)]
    if not marks:
        return _shape(message)
    rest = looked_at[marks[-1] + 1 :] if len(marks) % 2 == 0 else ""
    outside = f"{looked_at[: marks[0]]} {_GAP} {rest}"
    return _shape(outside) if any(map(str.isalpha, outside)) else _shape(message)


def _plain(text: str) -> str:
    """On one line, in lower case, without what can't be seen."""
    return visible(" ".join(text.split()).casefold())


def _reduced(text: str) -> str:
    text = _CODES.sub(_GAP, _VARYING.sub(_GAP, _plain(text)))
    text = _BESIDE.sub(_GAP, _EMPTY.sub(" ", text))
    return _BEGINNING.sub("", " ".join(text.split())[:_KEPT].rstrip(_ENDS))


def normalised(message: str) -> str:
    """A reason in lower case without numbers, ids, addresses, times, quoted parts and the punctuation at its ends; safe text.

    Idempotent; empty when nothing is left.
    """
    return _normalised(_shape(message))


def _normalised(shape: str) -> str:
    text = _reduced(shape)
    # What was cut out of it may leave what is cut out, too.
    while (again := _reduced(text)) != text:
        text = again
    return text


def _matching(plain: str) -> Cause | None:
    first: Cause | None = None
    for rule, cause in _RULES:
        if (first is None or cause.helps) and rule.search(plain):
            if cause.helps:
                return cause
            first = cause
    return first


@lru_cache(4096)
def _cause_of_shape(shape: str) -> Cause:
    return _matching(_plain(shape)) or _of_its_own(shape)


def _of_its_own(shape: str) -> Cause:
    text = _normalised(shape)
    if text in _LABELS:
        text = f"{text} (in quoted words)"
    return Cause(OTHER, text, "read it", True) if text else _NO_WORDS


def cause_of(message: str) -> Cause:
    """Why a row failed, by its `status_message`; a reason that is not known is a cause of its own, called by its normalised text.

    Takes the exact text of a server; the label is safe to show.
    """
    if not message or message.isspace():
        return _NONE_GIVEN
    shape = _shape(message)
    cause = _cause_of_shape(shape)
    if cause.helps or not _QUOTES.search(message):
        return cause
    # What nothing helps ends the matter: it is believed only where the words can't be the mail's.
    return cause if _cause_of_shape(_outside(message)) is cause else _of_its_own(shape)


def describe_cause(message: str) -> str:
    """The label, and the reason's own words beside it, which may say otherwise: safe text of one line; rows alike are told alike."""
    label, words = cause_of(message).label, normalised(message)
    if not words or words in label:
        return label
    words = sanitize(words, _WORDS)
    return words if words.startswith(label) else f"{label}: {words}"


def advice_without_hope(message: str) -> str:
    """What to do about a reason where trying again can't help; empty where it can."""
    cause = cause_of(message)
    return "" if cause.helps else cause.advice


def reason_contains(message: str, wanted: str) -> bool:
    """Whether a reason, its label or its normalised form contains this text, whatever the case of its letters."""
    wanted = wanted.casefold()
    return wanted in message.casefold() or wanted in cause_of(message).label or wanted in normalised(message)


def has_reason(row: JobMessage, wanted: str) -> bool:
    """Whether a row's reason contains this text. Only a row that failed or was skipped has a reason that was not given."""
    message = row.status_message.exact if row.status_message is not None else ""
    return bool(message or is_failure(row.raw.status)) and reason_contains(message, wanted)
