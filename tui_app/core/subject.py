"""Subjects without what varies in them, so that messages of one kind are seen to be of one kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tui_app.core.text import sanitize, visible

VARIES: Final = "#"
ANY_WORD: Final = "*"
_MANY_WORDS: Final = 8
"""Different words in one place, from which on that place is taken for one that varies."""
_FIXED: Final = 2
"""Words that have to be the same, and half of all."""
_LONGEST_MERGED: Final = 12
"""Words of a pattern that is compared with others; longer ones are left as they are."""
_MOST_PATTERNS: Final = 5_000
"""Of one sender: who writes more makes them up, and they are left as they are."""
LONGEST_PATTERN: Final = 120
_LOOKED_AT: Final = 512
_QUOTED: Final = re.compile(r"\"[^\"]*\"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|‘[^‘’]*’")
_REPLY: Final = re.compile(
    r"(?:(?:re|fwd?|aw|wg|sv|vs|vb|antw|doorst|tr|rif|rv|enc|odp|pd|ynt|res|r|i) ?(?:[\[(]\d{1,3}[\])])? ?[:：] ?)+"
)
_DIGIT: Final = re.compile(r"\d")
_HEX: Final = re.compile(r"[0-9a-f]{8,}")
_EDGES: Final = ".,;:!?()[]{}<>'`*_-–—/\\|"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MONEY: Final = _words("$ € £ ¥ ₹ eur usd gbp chf jpy inr aud cad euro euros dollar dollars")
_DATE_WORDS: Final = _words(
    "january february march april june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday "
    "januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "janvier février avril juin juillet août septembre octobre novembre décembre "
    "lundi mardi mercredi jeudi vendredi samedi dimanche "
    "enero febrero abril mayo junio julio septiembre octubre noviembre diciembre "
    "lunes martes miércoles jueves viernes sábado domingo"
)
"""Words that are a month or a day wherever they stand."""
_BESIDE_NUMBERS: Final = _words(
    "jan feb mar apr may jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun mär okt dez "
    "mars marzo am pm st nd rd th utc gmt cet cest est pst"
)
"""Words that are part of a date or an hour only beside a number."""


def subject_pattern(subject: str) -> str:
    """A subject without numbers, dates, ids, addresses, money, quoted parts and `Re:`; `#` stands for them.

    `Weekly digest 46` and `RE: weekly  digest 44` are `weekly digest #`. At most 120 characters, safe to show.
    """
    text = subject[:_LOOKED_AT].casefold()
    text = " ".join((text if text.isascii() and text.isprintable() else visible(text)).split())
    if answered := _REPLY.match(text):
        text = text[answered.end() :]
    words = [_word(word) for word in _QUOTED.sub(f" {VARIES} ", text).split()]
    kept: list[str] = []
    for word in _joined(words):
        if word != VARIES or kept[-1:] != [VARIES]:
            kept.append(word)
    # One place less: a mark without a letter before it gets one.
    return sanitize(" ".join(kept)[: LONGEST_PATTERN - 1].rstrip())


def _word(word: str) -> str:
    """A word, or `#` for one that varies, with the signs that end a part of a sentence."""
    bare = word.strip(_EDGES)
    ending = ":" if word.endswith(":") and bare else ""
    if _DIGIT.search(bare) or "@" in bare or "://" in word or _HEX.fullmatch(bare) or bare in _DATE_WORDS:
        return VARIES + ending
    return word


def _joined(words: list[str]) -> Iterator[str]:
    """The words, with `#` for what belongs to a number beside it: units of money, months in short."""
    varies = [word.startswith(VARIES) for word in words]
    for at, word in enumerate(words):
        beside = (at > 0 and varies[at - 1]) or (at + 1 < len(words) and varies[at + 1])
        bare = word.strip(_EDGES)
        yield VARIES if beside and (bare in _MONEY or bare in _BESIDE_NUMBERS) else word


def common_patterns(patterns: Iterable[str]) -> dict[str, str]:
    """Of the patterns of one sender those that differ in one word only, which is another one in many of them: with `*` for it.

    `7 jobs for you, ana` and what stands there for seven other people become `# jobs for you, *`. Only what changes is in
    the answer.
    """
    words = {pattern: tuple(pattern.split()) for pattern in set(patterns)}
    words = {pattern: each for pattern, each in words.items() if _FIXED < len(each) <= _LONGEST_MERGED}
    if len(words) > _MOST_PATTERNS:
        return {}
    merged = dict(words)
    changed = True
    while changed:
        changed = False
        for place in range(_LONGEST_MERGED):
            alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
            for pattern, each in merged.items():
                if place < len(each) and each[place] != ANY_WORD:
                    rest = (*each[:place], "", *each[place + 1 :])
                    alike.setdefault(rest, {}).setdefault(each[place], []).append(pattern)
            for rest, by_word in alike.items():
                fixed = sum(word not in (ANY_WORD, VARIES, "") for word in rest)
                if len(by_word) >= _MANY_WORDS and fixed >= max(_FIXED, (len(rest) - rest.count(VARIES)) // 2):
                    changed = True
                    for pattern in (name for names in by_word.values() for name in names):
                        merged[pattern] = (*rest[:place], ANY_WORD, *rest[place + 1 :])
    return {pattern: " ".join(each) for pattern, each in merged.items() if each != words[pattern]}
