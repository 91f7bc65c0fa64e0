"""The filter line over the ledger: `word -word field:value`, all of them together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tui_app.core.clock import parse_moment
from tui_app.core.query import split_words
from tui_app.plans.ledger import Listed
from tui_app.plans.write_entry import WriteEntry

_TEXTS: Final[dict[str, Callable[[Listed], str]]] = {
    "who": lambda each: each.origin.describe(),
    "action": lambda each: f"{each.what} {each.does}" if isinstance(each, WriteEntry) else each.what,
    "target": lambda each: f"{each.name} {each.job}" if isinstance(each, WriteEntry) else each.name,
    "state": lambda each: f"{each.standing} {each.status}" if isinstance(each, WriteEntry) else each.standing,
    "reason": lambda each: each.reason,
}
_SINCE: Final = "since"
FIELDS: Final = (*_TEXTS, _SINCE)


@dataclass(frozen=True)
class LedgerFilter:
    """A filter of plans and writes to jobs; `line` is what was typed."""

    line: str
    _tests: tuple[Callable[[Listed], bool], ...]

    def matches(self, each: Listed) -> bool:
        """Whether it passes."""
        return all(test(each) for test in self._tests)


def parse_ledger_filter(line: str, now: datetime) -> LedgerFilter | None:
    """The filter of a line; None for an empty one. Raises ValueError with a sentence that says what is wrong."""
    terms = split_words(line)
    return LedgerFilter(line.strip(), tuple(_test(term, now) for term in terms)) if terms else None


def happened_since(each: Listed, moment: datetime) -> bool:
    """Whether it was begun, or worked on, after a moment; one whose times can't be read may have been."""
    times = [at for at in (each.at, each.last_at) if at is not None]
    return not times or max(times) >= moment


def _test(term: str, now: datetime) -> Callable[[Listed], bool]:
    negative = term.startswith("-") and len(term) > 1
    positive = _positive(term[1:] if negative else term, now)
    return (lambda each: not positive(each)) if negative else positive


def _positive(term: str, now: datetime) -> Callable[[Listed], bool]:
    name, colon, value = term.partition(":")
    if not colon or not name.isalpha() or value[:1].isspace():
        wanted = term.casefold()
        return lambda each: wanted in "\n".join([text(each) for text in _TEXTS.values()] + [each.counts]).casefold()
    if name.lower() not in FIELDS:
        raise ValueError(f"'{name}' is not a field. Fields: {', '.join(FIELDS)}.")
    if not value:
        raise ValueError(f"'{term}' names a field without a value.")
    if name.lower() == _SINCE:
        moment = parse_moment(value, now)
        return lambda each: happened_since(each, moment)
    read, sought = _TEXTS[name.lower()], value.casefold()
    return lambda each: sought in read(each).casefold()
