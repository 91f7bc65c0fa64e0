"""The filter line over the ledger: `word -word field:value`, all of them together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tui_app.core.clock import parse_moment
from tui_app.core.query import QueryError, Term, filter_terms
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
GRAMMAR: Final = (
    ("words -words", "in any of these; with - not in them"),
    ("who: reason:", "who did it, and why"),
    ("action: state:", "release, move, cancel …; done, unknown, unfinished …"),
    ("target:", "the id of a plan or a job, or its beginning"),
    ("since:24h", "begun or worked on since then; also 06:00, 7d, 2026-11-20"),
)


@dataclass(frozen=True)
class LedgerFilter:
    """A filter of plans and writes to jobs; `line` is what was typed."""

    line: str
    _tests: tuple[Callable[[Listed], bool], ...]

    def matches(self, each: Listed) -> bool:
        """Whether it passes."""
        return all(test(each) for test in self._tests)


def parse_ledger_filter(line: str, now: datetime) -> LedgerFilter | None:
    """The filter of a line; None for an empty one. Raises QueryError: what is wrong, and where."""
    tests: list[Callable[[Listed], bool]] = []
    for word, term in filter_terms(line):
        try:
            tests.append(_test(term, now))
        except ValueError as error:
            raise QueryError(str(error), word.start, word.end) from None
    return LedgerFilter(line.strip(), tuple(tests)) if tests else None


def happened_since(each: Listed, moment: datetime) -> bool:
    """Whether it was begun, or worked on, after a moment; one whose times can't be read may have been."""
    times = [at for at in (each.at, each.last_at) if at is not None]
    return not times or max(times) >= moment


def _test(term: Term, now: datetime) -> Callable[[Listed], bool]:
    if term.name == _SINCE and term.negative and term.value:
        moment = parse_moment(term.value, now)
        return lambda each: not happened_since(each, moment) or each.at is None  # what has no time is hidden by none
    positive = _positive(term, now)
    return (lambda each: not positive(each)) if term.negative else positive


def _positive(term: Term, now: datetime) -> Callable[[Listed], bool]:
    if not term.name:
        wanted = term.text.casefold()
        return lambda each: wanted in "\n".join([text(each) for text in _TEXTS.values()] + [each.counts]).casefold()
    if term.name not in FIELDS:
        raise ValueError(f"'{term.name}' is not a field. Fields: {', '.join(FIELDS)}.")
    if not term.value:
        raise ValueError(f"'{term.text}' names a field without a value.")
    if term.name == _SINCE:
        moment = parse_moment(term.value, now)
        return lambda each: happened_since(each, moment)
    read, sought = _TEXTS[term.name], term.value.casefold()
    return lambda each: sought in read(each).casefold()
