"""The filter line over the list of jobs: `word -word field:value failed:>0 age:<1d`, all of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.wire_values import readable
from tui_app.core.clock import parse_duration, parse_moment
from tui_app.core.query import COMPARISONS, QueryError, Term, comparison, filter_terms
from tui_app.jobs.progress import describe_action, describe_search

if TYPE_CHECKING:
    from tui_app.api.models import Job

Test = Callable[["Job", datetime, str], bool]
"""Of a job, now, and the name of its profile."""
_PROFILE: Final = "profile"
_TEXTS: Final[dict[str, Callable[[Job, str], str]]] = {
    "comment": lambda job, _: str(job.comment or ""),
    "search": lambda job, _: describe_search(job),
    "id": lambda job, _: str(job.job_id),
    "status": lambda job, _: f"{job.status} {job.status_message or ''}",
    "action": lambda job, _: describe_action(job),
    _PROFILE: lambda _, profile: profile,
}
_COUNTS: Final[dict[str, Callable[[Job], int | None]]] = {
    "found": lambda job: job.total_messages_discovered,
    "completed": lambda job: job.messages_successful,
    "failed": lambda job: job.messages_failed,
    "skipped": lambda job: job.messages_skipped,
    "cancelled": lambda job: job.messages_cancelled,
    "pending": lambda job: job.messages_pending,
}
_AGE: Final = "age"
_SINCE: Final = "since"
FIELDS: Final = (*(name for name in _TEXTS if name != _PROFILE), *_COUNTS, _AGE, _SINCE)
HINT: Final = "words -words comment: search: id: status: failed:>0 age:<1d"
GRAMMAR: Final = (
    ("words -words", "in comment, search, id, state and action; with - not in them"),
    ("comment: search:", "words of one of them; also id: status: action:"),
    ("failed:>0", "a number: > >= < <= =; also found: completed: skipped: cancelled: pending:"),
    ("age:<1d", "begun less than a day ago; 90s, 30m, 6h, 7d"),
    ("since:24h", "begun since then; also 06:00, 2026-11-20, 2026-11-20T14:00"),
)
FIELDS_OF_ALL: Final = (_PROFILE, *FIELDS)
HINT_OF_ALL: Final = "words -words profile: comment: search: id: failed:>0 age:<1d"
GRAMMAR_OF_ALL: Final = (
    ("words -words", "in profile, comment, search, id, state and action; with - not in them"),
    ("profile:prod", "words of the profile's name"),
    *GRAMMAR[1:],
)
"""The same for the jobs of all profiles."""


@dataclass(frozen=True)
class JobFilter:
    """A filter of jobs; `line` is what was typed."""

    line: str
    _tests: tuple[Test, ...]

    def matches(self, job: Job, now: datetime, profile: str = "") -> bool:
        """Whether a job passes. A counter or a time that can't be read, or is not given, hides no job."""
        return all(test(job, now, profile) for test in self._tests)


def parse_job_filter(line: str, now: datetime, fields: Sequence[str] = FIELDS) -> JobFilter | None:
    """The filter of a line; None for an empty one. Raises QueryError: what is wrong, and where."""
    tests: list[Test] = []
    for word, term in filter_terms(line):
        try:
            tests.append(_test(term, now, fields))
        except ValueError as error:
            raise QueryError(str(error), word.start, word.end) from None
    return JobFilter(line.strip(), tuple(tests)) if tests else None


def _test(term: Term, now: datetime, fields: Sequence[str]) -> Test:
    if not term.name:
        wanted = term.text.casefold()
        return _either(term, lambda *of: any(wanted in text(*of).casefold() for text in _TEXTS.values()))
    if term.name not in fields:
        raise ValueError(f"'{term.name}' is not a field. Fields: {', '.join(fields)}.")
    if not term.value:
        raise ValueError(f"'{term.text}' names a field without a value.")
    if term.name == _SINCE:
        moment = parse_moment(term.value, now)
        return _known(term, lambda job, _: None if job.created_at is None else job.created_at >= moment)
    sign, value = comparison(term.value)
    if term.name in _COUNTS:
        return _count_test(term, sign, value)
    if term.name == _AGE:
        return _age_test(term, sign, value)
    read, sought = _TEXTS[term.name], term.value.casefold()
    return _either(term, lambda *of: sought in read(*of).casefold())


def _count_test(term: Term, sign: str, value: str) -> Test:
    digits = value.replace(",", "")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 12:
        raise ValueError(f"'{term.name}' is a number: for example {term.name}:>0.")
    read, compare, number = _COUNTS[term.name], COMPARISONS[sign or "="], int(digits)

    def matches(job: Job, _: datetime) -> bool | None:
        count = read(job)
        return compare(count, number) if count is not None and readable(count) else None

    return _known(term, matches)


def _age_test(term: Term, sign: str, value: str) -> Test:
    if sign in ("", "="):
        raise ValueError("'age' wants < or >: for example age:<1d.")
    seconds, compare = parse_duration(value), COMPARISONS[sign]
    return _known(
        term,
        lambda job, now: None if job.created_at is None else compare((now - job.created_at).total_seconds(), seconds),
    )


def _either(term: Term, positive: Callable[[Job, str], bool]) -> Test:
    return lambda job, _, profile: positive(job, profile) is not term.negative


def _known(term: Term, positive: Callable[[Job, datetime], bool | None]) -> Test:
    """What nobody knows of a job hides it under no filter."""
    return lambda job, now, _: (known := positive(job, now)) is None or known is not term.negative
