"""Domains that look like others: one form for what looks the same, and what a domain imitates."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tui_app.core.address import canonical_domain
from tui_app.core.confusables import ALIKE, COMMON, script
from tui_app.core.organisations import LONGEST_DOMAIN, organisation
from tui_app.core.text import sanitize

# --- What looks the same ------------------------------------------------------------------------------------------

_SEVERAL_FOR_ONE: Final = (("rn", "m"), ("vv", "w"))


def skeleton(text: str) -> str:
    """A form that texts share which look alike, after Unicode's UTS 39. For comparing, never for a screen.

    `exampIe`, `examp1e` and `ехample` (with Cyrillic letters) have the skeleton of `example`. Accents, invisible
    characters and case do not count; hyphens do. `ß` is like `ss`: some programs write the one for the other. Takes time in proportion to the text.
    """
    alike = text.replace("ß", "ss").translate(ALIKE)
    for several, one in _SEVERAL_FOR_ONE:
        alike = alike.replace(several, one)
    return alike


_HYPHENS: Final = re.compile(r"-{2,}")


def _plain_hyphens(text: str) -> str:
    """A domain or a label without what its hyphens hide from a comparison, not from people: one for several and for `_`, none at an end.

    A label of nothing else is none.
    """
    if "_" not in text and "-" not in text:
        return text
    labels = (_HYPHENS.sub("-", label.replace("_", "-")).strip("-") for label in text.split("."))
    return ".".join(filter(None, labels))


def _look(text: str) -> str:
    """The skeleton of a domain or a label, its hyphens plain."""
    return _plain_hyphens(skeleton(text))


# --- Scripts ------------------------------------------------------------------------------------------------------

_NORMAL_TOGETHER: Final = (
    frozenset({"Latin", "Han", "Hiragana", "Katakana"}),
    frozenset({"Latin", "Han", "Bopomofo"}),
    frozenset({"Latin", "Han", "Hangul"}),
)
_BETWEEN_LABELS: Final = re.compile(r"[\s.@\u3002\uff0e\uff61]+")


def _scripts_of(label: str) -> set[str]:
    return {script(character) for character in set(label)} - {COMMON}


def mixed_scripts(text: str) -> tuple[str, ...]:
    """The scripts of the first label or word that mixes some which nobody mixes, as Latin and Cyrillic; empty if none does.

    Japanese, Chinese and Korean are written in several scripts, and with Latin letters between.
    """
    if text.isascii():
        return ()
    for label in _BETWEEN_LABELS.split(text):
        if not label.isascii():
            found = _scripts_of(label)
            if len(found) > 1 and not any(found <= normal for normal in _NORMAL_TOGETHER):
                return tuple(sorted(found))
    return ()


def whole_script_confusable(label: str) -> bool:
    """Whether a label is of one script, not of Latin letters, and looks like Latin letters all the same."""
    if label.isascii() or len(found := _scripts_of(label)) != 1 or "Latin" in found:
        return False
    return all(
        (alike := skeleton(character)).isascii() and (not character.isalpha() or alike.isalpha())
        for character in set(label)
    )


# --- Domains ------------------------------------------------------------------------------------------------------

_DOTS: Final = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))


def _unicode_label(label: str) -> str:
    """A label as it is shown: what `xn--` stands for, or the label as written."""
    if label[:4].lower() != "xn--":
        return label
    import idna  # with its tables it takes a while to load

    with suppress(ValueError, IndexError, OverflowError):
        return idna.decode(label)
    with suppress(ValueError, IndexError, OverflowError):
        # What the rules refuse is shown by some programs all the same.
        return label[4:].lower().encode("ascii").decode("punycode") or label
    return label


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label.lower()
    import idna

    with suppress(ValueError, IndexError, OverflowError):
        return idna.encode(label, uts46=True).decode("ascii")
    return "xn--" + label.casefold().encode("punycode").decode("ascii")


def _shown(domain: str) -> str:
    return ".".join(map(_unicode_label, domain.translate(_DOTS).strip().strip(".").split(".")))


def idn_forms(domain: str) -> tuple[str, str] | None:
    """A domain as it is shown and as it is on the wire, where these differ; None else. Sanitize both before a screen."""
    if len(domain) > LONGEST_DOMAIN or (domain.isascii() and "xn--" not in domain.lower()):
        return None
    shown = _shown(domain)
    try:
        wire = ".".join(map(_ascii_label, shown.split(".")))
    except (ValueError, OverflowError):
        return None
    return None if shown.lower() == wire else (shown, wire)


# --- Known domains ------------------------------------------------------------------------------------------------

_FREQUENT: Final = 5
"""Messages of a known domain at the least, and so many times those of the one that is like it."""
_WELL_KNOWN: Final = 20
_LONG_LABEL: Final = 7
_LONGEST_LABEL: Final = 64
_LONG_NAME: Final = 6
_LONG_HYPHENATED: Final = 8
_MOST_PIECES: Final = 8
"""Of a domain or a name that another one holds, between its dots and hyphens."""
_PLAIN_SHARE: Final = 20
_MOST_COMPARED: Final = 20
"""Domains that look the same as another one: the best known are compared with it."""
_MOST_CACHED: Final = 50_000
_IS_OF: Final = "but is of "


@dataclass(frozen=True, slots=True)
class Likeness:
    """A known domain that another one imitates, and how it does so; safe text."""

    known: str
    how: str

    def describe(self) -> str:
        """`like acme-news.example: I for l`, or `holds acme.example, but is of evil.test`."""
        return f"holds {self.known}, {self.how}" if self.how.startswith(_IS_OF) else f"like {self.known}: {self.how}"


class KnownDomains:
    """The domains that are known here: the account's own, and those that many messages come from.

    Organisations are compared: `mail.acme.example` counts for `acme.example`, and never imitates it. Our own never imitate.

    Of two that look the same one may be spelled with a trick: `rn` for `m`, `vv` for `w`, 0 or 1 among letters, letters of
    another script, where the other has the plain letter, or an underscore or a hyphen too many. The trick imitates however much mail there is of it. The plain one
    is told only when it has less than a twentieth of the trick's mail: then the trick may be an honest name, as `corner` is.
    Where neither is a trick, or each is, the one with less mail imitates; with as much mail each is told as like the other.
    One that is written in capitals to look the same imitates however much mail it has.

    What is only similar, or holds a known domain or its name, imitates one that is our own, or has five messages and five
    times those of the other one. A name that is held, or stands under another ending, has six letters, and is our own or of
    twenty messages.
    """

    def __init__(self, own: frozenset[str], counts: Mapping[str, int]) -> None:
        self._own = own
        self._counts = counts
        self._found: dict[str, Likeness | None] = {}
        self._alike: dict[str, str] = {}
        self._same: dict[str, list[str]] = {}
        """Domains that look the same, the best known first."""
        self._same_in_capitals: dict[str, list[str]] = {}
        self._hyphenated: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._near: dict[str, list[str]] = {}
        others = [domain for domain in counts if domain not in own]
        # The better known one keeps a place that two would have.
        for domain in [*sorted(own), *sorted(others, key=lambda domain: (-counts[domain], domain))]:
            if _is_readable(domain) and "." in domain:
                self._look_at(domain)
                if domain in own or counts[domain] >= _FREQUENT:
                    self._learn(domain)

    @classmethod
    def of(cls, own: Iterable[str], counts: Mapping[str, int]) -> KnownDomains:
        """Of the account's own domains, and of sender domains with their counts."""
        sums: Counter[str] = Counter()
        for domain, count in counts.items():
            sums[organisation(domain)] += count
        return cls(frozenset(map(organisation, own)), sums)

    def _look_at(self, domain: str) -> None:
        shown = _shown(domain)
        self._same.setdefault(_look(shown), []).append(domain)
        self._same_in_capitals.setdefault(_look(shown.upper()), []).append(domain)

    def _learn(self, domain: str) -> None:
        label, _, suffix = domain.partition(".")
        shown = _shown(domain)
        alike = _look(shown)
        self._alike.setdefault(alike, domain)
        if len(domain) >= _LONG_HYPHENATED:
            self._hyphenated.setdefault(alike.replace(".", "-"), domain)
        if len(label) >= _LONG_NAME and (domain in self._own or self._counts.get(domain, 0) >= _WELL_KNOWN):
            self._names.setdefault(_look(shown.partition(".")[0]), domain)
        if len(label) >= _LONG_LABEL:
            for near in _neighbourhood(shown.partition(".")[0]):
                self._near.setdefault(f"{near}.{suffix}", []).append(domain)

    def likeness(self, domain: str) -> Likeness | None:
        """What a domain, as it was written, imitates; None if nothing."""
        if domain not in self._found:
            if len(self._found) >= _MOST_CACHED:
                self._found.clear()
            self._found[domain] = self._likeness(domain) if len(domain) <= LONGEST_DOMAIN else None
        return self._found[domain]

    def _likeness(self, written: str) -> Likeness | None:
        ours = organisation(written)
        if not ours or ours in self._own:
            return None
        whole = _shown(written)
        shown = ".".join(whole.split(".")[-ours.count(".") - 1 :])
        return (
            self._same_look(ours, shown)
            or self._held(ours, whole)
            or self._one_letter(ours)
            or self._other_ending(ours, shown)
        )

    def _imitated(self, known: str | None, ours: str) -> bool:
        if known is None or known == ours:
            return False
        count = self._counts.get(known, 0)
        return known in self._own or (count >= _FREQUENT and count >= _FREQUENT * self._counts.get(ours, 0))

    def _same_look(self, ours: str, shown: str) -> Likeness | None:
        alike = _look(shown)
        for known in self._same.get(alike, ())[:_MOST_COMPARED]:
            if known != ours and self._imitates_the_same(ours, shown, known):
                return Likeness(known, replaced(shown, _shown(known)))
        if shown != shown.lower():
            # Nobody writes a domain so by accident: it is told however much mail there is of it.
            for known in self._same.get(alike, ()):
                if known != ours:
                    return Likeness(known, replaced(shown, _shown(known)))
            for known in self._same_in_capitals.get(alike, ()):
                if known != ours:
                    return Likeness(known, replaced(shown, _shown(known).upper()))
        return None

    def _imitates_the_same(self, ours: str, shown: str, known: str) -> bool:
        """Whether ours imitates a known one that looks the same; see the class for the rule."""
        if known in self._own:
            return True
        count, other = self._counts.get(ours, 0), self._counts.get(known, 0)
        ours_is_trick, known_is_trick = _is_trick(shown, _shown(known)), _is_trick(_shown(known), shown)
        if ours_is_trick != known_is_trick:
            return ours_is_trick or count * _PLAIN_SHARE < other
        return other >= max(1, count)

    def _held(self, ours: str, whole: str) -> Likeness | None:
        labels = _look(whole).split(".")
        # A label of hyphens alone makes another domain of it, and is not seen: `acme._.example`.
        hidden = (self._alike.get(".".join(labels)),) if len(labels) <= whole.count(".") else ()
        for known in (*hidden, *self._held_in_labels(labels), *self._held_in_hyphens(labels), *self._held_names(ours)):
            if self._imitated(known, ours):
                return Likeness(known, f"{_IS_OF}{sanitize(ours, LONGEST_DOMAIN)}")
        return None

    def _held_in_labels(self, labels: list[str]) -> Iterator[str]:
        for first in range(len(labels) - 2):
            for end in range(first + 2, min(first + 6, len(labels))):
                if known := self._alike.get(".".join(labels[first:end])):
                    yield known

    def _held_in_hyphens(self, labels: list[str]) -> Iterator[str]:
        """Before the last label, where dots and hyphens look much the same: `acme.example-login.test`."""
        for window in _windows("-".join(labels[:-1])):
            if known := self._hyphenated.get(window):
                yield known

    def _held_names(self, ours: str) -> Iterator[str]:
        """Names of known ones that are a part of our own: `acme-news-login.test`."""
        label = _look(_unicode_label(ours.partition(".")[0]))
        for window in _windows(label):
            if window != label and (known := self._names.get(window)):
                yield known

    def _one_letter(self, ours: str) -> Likeness | None:
        label, _, suffix = ours.partition(".")
        label = _unicode_label(label)
        if not _LONG_LABEL - 1 <= len(label) < _LONGEST_LABEL:
            return None
        tried: set[str] = set()
        alike = _look(_shown(ours))
        for near in _neighbourhood(label):
            for known in self._near.get(f"{near}.{suffix}", ()):
                if known not in tried and self._imitated(known, ours):
                    tried.add(known)
                    if _look(_shown(known)) == alike:
                        continue  # these are judged by their looks alone
                    if how := _one_difference(label, _unicode_label(known.partition(".")[0])):
                        return Likeness(known, how)
        return None

    def _other_ending(self, ours: str, shown: str) -> Likeness | None:
        label, _, _ = shown.partition(".")
        known = self._names.get(_look(label))
        if known is None or not self._imitated(known, ours):
            return None
        ending = f"under .{sanitize(ours.partition('.')[2], LONGEST_DOMAIN)}"
        other = _unicode_label(known.partition(".")[0])
        if _is_trick(other, label) and not _is_trick(label, other):
            return None
        if other.casefold() == label.casefold():
            return Likeness(known, f"the same name {ending}")
        return Likeness(known, f"{replaced(label, other)}, {ending}")


def _is_readable(domain: str) -> bool:
    """Whether it is a domain at all: what is none would not be safe to show as a known one."""
    try:
        return canonical_domain(domain) == domain
    except ValueError:
        return False


def _windows(text: str) -> Iterator[str]:
    """What stands between hyphens, and several of these beside each other, the longest first."""
    pieces = text.split("-")
    for first in range(len(pieces)):
        for end in range(min(first + _MOST_PIECES, len(pieces)), first, -1):
            yield "-".join(pieces[first:end])


_DIGITS: Final = re.compile(r"[0-9]+")
_LOOK_LIKE_LETTERS: Final = frozenset("01")


@lru_cache(maxsize=10_000)
def _tricks(shown: str) -> tuple[int, ...]:
    """How often a domain has each of the spellings that imitate plain letters or hyphens."""
    text = shown.casefold()
    digits = 0
    for run in _DIGITS.finditer(text):
        around = text[run.start() - 1 : run.start()] + text[run.end() : run.end() + 1]
        if _LOOK_LIKE_LETTERS.issuperset(run[0]) and any(map(str.isalpha, around)):
            digits += len(run[0])
    foreign = 0 if text.isascii() else sum(script(each) not in ("Latin", COMMON) for each in text)
    hyphens = text.count("_") + len(text) - len(_plain_hyphens(text))
    return text.count("rn"), text.count("vv"), digits, foreign, hyphens


def _is_trick(shown: str, other: str) -> bool:
    """Whether one of two that look the same imitates the plain letters of the other one."""
    return any(mine > theirs for mine, theirs in zip(_tricks(shown), _tricks(other), strict=True))


def _neighbourhood(label: str) -> Iterator[str]:
    """The label, and the label without each of its characters: those of two labels that differ in one meet."""
    yield label
    for at in range(len(label)):
        yield label[:at] + label[at + 1 :]


def _one_difference(label: str, known: str) -> str:
    """How a label differs from a known one, if it is in one letter that is not a count; empty if not."""
    shorter, longer = sorted((label, known), key=len)
    at = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) != len(longer):
        beside = longer[max(at - 1, 0) : at] + longer[at + 1 : at + 2]
        if longer[at].isdigit() and any(map(str.isdigit, beside)):
            return ""
        return (
            f"one {_kind_of(longer[at])} {'more' if longer is label else 'less'}"
            if shorter[at:] == longer[at + 1 :]
            else ""
        )
    ours, theirs = label[at : at + 2], known[at : at + 2]
    if label[at + 1 :] == known[at + 1 :]:
        counts = ours[:1].isdigit() and theirs[:1].isdigit()
        return "" if counts else f"{told_apart(ours[:1])} for {told_apart(theirs[:1])}"
    if ours == theirs[::-1] and label[at + 2 :] == known[at + 2 :] and not ours.isdigit():
        return f"two {'letters' if ours.isalpha() else 'characters'} swapped"
    return ""


def _kind_of(character: str) -> str:
    if character.isalpha():
        return "letter"
    return "digit" if character.isdigit() else {"-": "hyphen", "_": "underscore"}.get(character, "character")


# --- Words for characters -----------------------------------------------------------------------------------------

_PIECES: Final = ((1, 1), (1, 0), (2, 1), (1, 2), (2, 2), (1, 3), (3, 1))
_MOST_REPLACED: Final = 3


def told_apart(piece: str) -> str:
    """A character with its script where it could be taken for another: `Cyrillic а`; safe text."""
    if piece.isascii():
        return sanitize(piece)
    if len(piece) == 1 and (name := script(piece)) != COMMON:
        return f"{name} {sanitize(piece)}"
    return " ".join(f"U+{ord(character):04X}" for character in piece)


def replaced(text: str, known: str) -> str:
    """Which characters of a text stand for which of the known one that it looks like: `I for l`, `rn for m`, `_ added`."""
    told: list[str] = []
    at = beside = 0
    while at < len(text):
        for ours, theirs in _PIECES:
            mine, other = text[at : at + ours], known[beside : beside + theirs]
            if len(other) == theirs and skeleton(mine) == skeleton(other):
                break
        else:
            ours, theirs = _odd_hyphens(text[at:], known[beside:])
            if not ours and not theirs:
                break
            mine, other = text[at : at + ours], known[beside : beside + theirs]
        if not ours:
            told.append(f"{told_apart(other)} left out")
        elif not theirs:
            mark = unicodedata.category(mine).startswith("M")
            told.append(
                f"a mark on {text[at - 1]}"
                if mark and text[at - 1 : at].isascii() and at
                else f"{told_apart(mine)} added"
            )
        elif mine != other and mine.lower() != other.lower():
            told.append(f"{told_apart(mine)} for {told_apart(other)}")
        at, beside = at + ours, beside + theirs
    return ", ".join(list(dict.fromkeys(told))[:_MOST_REPLACED]) or "the same look"


def _odd_hyphens(text: str, known: str) -> tuple[int, int]:
    """How many hyphens or underscores two texts begin with that differ in these, at most one each."""
    return int(text[:1] in ("-", "_")), int(known[:1] in ("-", "_"))
