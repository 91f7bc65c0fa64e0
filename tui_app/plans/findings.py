"""What a pasted text held: the ids, where each was found, and what was not taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from tui_app.core.text import plural, sanitize

Words = tuple[tuple[int, str], ...]
"""Lines, counted from 1, with a word of each; the line 0 is what was typed."""
NAMED: Final = 10
"""Words that are told one by one; more are summed up."""
_AROUND: Final = 44
"""Characters of a line that are kept on each side of an id: what stands beside it may say that it is not meant."""


@dataclass(frozen=True, slots=True)
class FoundId:
    """An id with the line it came from, and that line's text where the id was searched for in free text."""

    name: str
    line: int
    excerpt: str = ""
    """Empty where it was read by its field, or stands alone in its line."""
    heading: str = ""
    """The last two lines of text above it; empty where there are none."""


@dataclass(frozen=True, slots=True)
class ParsedIds:
    """What a text held, with lines: ids once each in their order, ids that came again, words that were no ids after all."""

    found: tuple[FoundId, ...] = ()
    repeated: Words = ()
    unrecognised: Words = ()
    commented: Words = ()
    """Ids behind a `#` that begins a line."""
    not_searched: Words = ()
    """Ids in a subject, a name or other words that somebody else wrote."""
    foreign: Words = ()
    """Words as other mail servers number their queues."""
    notes: Words = ()
    """Sentences about what could not be read, such as a table without a column of ids."""
    denied: Words = ()
    """Fields that say no beside an id that was taken: nobody reads them but the operator."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that were taken."""
        return tuple(found.name for found in self.found)

    @property
    def duplicates(self) -> int:
        """How many ids came again."""
        return len(self.repeated)

    def shifted(self, lines: int) -> ParsedIds:
        """The same, where so many lines came before the first one that somebody counts: those have the number 0."""

        def shift(words: Words) -> Words:
            return tuple((max(0, number - lines), word) for number, word in words)

        return ParsedIds(
            tuple(replace(found, line=max(0, found.line - lines)) for found in self.found),
            *(shift(words) for words in self._words()),
        )

    def followed_by(self, other: ParsedIds) -> ParsedIds:
        """Both texts as one: an id of the second that is in the first came again."""
        known = set(self.ids)
        again = tuple((found.line, found.name) for found in other.found if found.name in known)
        mine, theirs = self._words(), other._words()
        return ParsedIds(
            (*self.found, *(found for found in other.found if found.name not in known)),
            (*mine[0], *again, *theirs[0]),
            *(one + two for one, two in zip(mine[1:], theirs[1:], strict=True)),
        )

    def headings(self, most: int = NAMED) -> list[str]:
        """What stands above ids, as safe text: it may say that they are not meant."""
        counts = Counter(found.heading for found in self.found if found.heading)
        told = [f"Under '{sanitize(text, 80)}': {plural(count, 'id')}." for text, count in list(counts.items())[:most]]
        if len(counts) > most:
            rest = sum(list(counts.values())[most:])
            told.append(f"Under {len(counts) - most:,} more lines of text: {plural(rest, 'id')}.")
        return told

    def sentences(self, most: int = NAMED) -> list[str]:
        """What was not taken, and why, as safe text; so many lines of one kind at most, then their sum."""
        told = [f"{sanitize(note)} (line {number:,})" for number, note in self.notes[:most]]
        if len(self.notes) > most:
            told.append(f"{len(self.notes) - most:,} more lines that can't be read so.")
        told += _each("Not an id", "left out", self.unrecognised, most)
        told += _each("Behind a #", "not taken", self.commented, most)
        told += _each("In words that somebody else wrote", "not taken", self.not_searched, most)
        if self.foreign:
            count = plural(len(self.foreign), "word")
            told.append(
                f"{count} of 12 or 15 characters, as other mail servers number their queues: not taken ({_lines(self.foreign)})."
            )
        if self.denied:
            names = ", ".join(sanitize(name, 20) for name in list(dict.fromkeys(name for _, name in self.denied))[:5])
            count = plural(len({line for line, _ in self.denied}), "id")
            told.append(f"'No' stands beside {count} in {names} ({_lines(self.denied)}): taken all the same.")
        if self.repeated:
            told.append(
                f"Repeated: {plural(self.duplicates, 'id')} ({_lines(self.repeated)}). Each message is sent once."
            )
        return told

    def _words(self) -> tuple[Words, ...]:
        return (
            self.repeated,
            self.unrecognised,
            self.commented,
            self.not_searched,
            self.foreign,
            self.notes,
            self.denied,
        )


def _each(what: str, why: str, words: Words, most: int) -> list[str]:
    told = [f"{what}: '{sanitize(word, 80)}' (line {number:,}); {why}." for number, word in words[:most]]
    if len(words) > most:
        told.append(f"{what}: {len(words) - most:,} more; {why}.")
    return told


def _lines(words: Words) -> str:
    numbers = list(dict.fromkeys(number for number, _ in words))
    told = ", ".join(f"{number:,}" for number in numbers[:5])
    return f"line{'s' if len(numbers) > 1 else ''} {told}{'…' if len(numbers) > 5 else ''}"


def _around(name: str, text: str) -> str:
    """What stands around an id in its line; nothing where it stands alone. An id that is written otherwise is told by the beginning."""
    if text == name:
        return ""
    at = max(0, text.find(name))
    start, end = max(0, at - _AROUND), at + len(name) + _AROUND
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"


@dataclass
class Findings:
    """Collects what a text holds, while it is read."""

    _found: dict[str, FoundId] = field(default_factory=dict)
    _repeated: list[tuple[int, str]] = field(default_factory=list)
    unrecognised: list[tuple[int, str]] = field(default_factory=list)
    commented: list[tuple[int, str]] = field(default_factory=list)
    not_searched: list[tuple[int, str]] = field(default_factory=list)
    foreign: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    denied: list[tuple[int, str]] = field(default_factory=list)
    heading: str = ""
    """The last line of free text without an id: what is taken from now on may stand under it."""

    def take(self, name: str, line: int, excerpt: str = "") -> None:
        """An id; what was taken before came again."""
        if name in self._found:
            self._repeated.append((line, name))
        else:
            around = _around(name, excerpt.strip())
            self._found[name] = FoundId(name, line, around, self.heading)

    def take_all(self, names: Iterable[str], line: int) -> None:
        """Ids that were read by their field."""
        for name in names:
            self.take(name, line)

    @property
    def count(self) -> int:
        """How many ids were taken or came again."""
        return len(self._found) + len(self._repeated)

    def parsed(self) -> ParsedIds:
        """All of it, fixed."""
        return ParsedIds(
            tuple(self._found.values()),
            tuple(self._repeated),
            tuple(self.unrecognised),
            tuple(self.commented),
            tuple(self.not_searched),
            tuple(self.foreign),
            tuple(self.notes),
            tuple(self.denied),
        )
