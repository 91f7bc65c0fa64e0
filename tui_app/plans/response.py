"""What the answer to a batch means: for each id, and for what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from tui_app.api.errors import ApiError, Forbidden, RateLimited, Unauthenticated
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.plans.state import Outcome, PlanState, Result

if TYPE_CHECKING:
    from tui_app.api.client import ReleaseShape
    from tui_app.api.models import ReleaseItem
    from tui_app.plans.plan import Target

_SPLITS: Final = frozenset({400, 404, 413, 415, 422})
"""Refusals that may be about one id in a batch."""
_HALTS: Final = (Unauthenticated, Forbidden, RateLimited)
_SHAPE_STATUS: Final = frozenset({400, 415, 422})
_ABOUT_THE_SHAPE: Final = re.compile(
    r"\b(expected|must be|should be|is not)( an?)? (array|object|list)\b|\b(request body|json|schema)\b"
)
_WHOLE_BODY: Final = frozenset({"", "/", "#", "/ids", "/body", "ids"})


def rejects_the_shape(error: ApiError) -> bool:
    """Whether a refusal is about the form of the body as a whole, not about one id in it or about something else."""
    if error.status not in _SHAPE_STATUS or isinstance(error, Unauthenticated):
        return False
    pointers = [notice.pointer.exact for notice in error.notices if notice.pointer is not None]
    if pointers:
        return all(pointer in _WHOLE_BODY for pointer in pointers)
    words = " ".join(notice.message.exact for notice in error.notices).casefold()
    return _ABOUT_THE_SHAPE.search(words) is not None


def outcome_of(item: ReleaseItem) -> Outcome:
    """A message is delivered only if the API names recipients, and all of them as delivered."""
    ends = [
        outcome
        for outcome, names in (
            (Outcome.DELIVERED, item.delivered),
            (Outcome.UNDELIVERED, item.undelivered),
            (Outcome.FAILED, item.failed),
        )
        if names
    ]
    return Outcome.PARTLY if len(ends) > 1 else ends[0] if ends else Outcome.UNKNOWN


class Next(Enum):
    """What follows a batch."""

    ON = "the next batch"
    SPLIT = "its halves"
    SETTLE = "settling"
    HALT = "nothing"


def judged(
    batch: tuple[Target, ...], outcome: WriteResult[tuple[ReleaseItem, ...]], shape: ReleaseShape
) -> tuple[tuple[Result, ...], ApiError | None, Next]:
    """Results for a batch, the error to show, and what follows."""
    match outcome:
        case Done(items, _):
            results = _match(batch, items, shape)
            return (
                results,
                None,
                Next.SETTLE if any(result.outcome is Outcome.UNKNOWN for result in results) else Next.ON,
            )
        case Refused(error) if len(batch) > 1 and error.status in _SPLITS and not isinstance(error, _HALTS):
            # Nothing was done. One id in it may be the reason: the others are not to suffer for it.
            return _all(batch, Outcome.NOT_SENT, "refused as a whole, then halved"), error, Next.SPLIT
        case Refused(error) if isinstance(error, _HALTS):
            # Not about these messages: they are as unsent as those behind them.
            return _all(batch, Outcome.NOT_SENT, str(error)), error, Next.HALT
        case Refused(error):
            return _all(batch, Outcome.REFUSED, str(error)), error, Next.ON
        case Unsent(error):
            return _all(batch, Outcome.NOT_SENT, str(error)), error, Next.HALT
        case Ambiguous(error):
            return _all(batch, Outcome.UNKNOWN, str(error)), error, Next.SETTLE
    assert_never(outcome)


def _all(batch: Iterable[Target], outcome: Outcome, why: str) -> tuple[Result, ...]:
    return tuple(Result(target, outcome, why=why) for target in batch)


def anything_done(state: PlanState) -> bool:
    """Whether the API took any message of a run."""
    return any(result.outcome not in (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.LEFT_OUT) for result in state.results)


def sent_before(results: Iterable[Result], resent: frozenset[str]) -> tuple[Result, ...]:
    """The same, where what was sent before stays open if the second request was not taken: the first may yet be done.

    What the API says that it failed to do it did look at: that is the answer, as for any other.
    """
    not_done = (Outcome.REFUSED, Outcome.NOT_SENT)
    return tuple(
        Result(result.target, Outcome.NOT_SEEN, why="the second request was not taken; the first may yet be done")
        if result.target.id in resent and result.outcome in not_done
        else result
        for result in results
    )


def _match(batch: tuple[Target, ...], items: tuple[ReleaseItem, ...], shape: ReleaseShape) -> tuple[Result, ...]:
    """Each target with the one item that names it by the identity that was sent; any other target is unknown.

    Only the oldest shape is matched by postfix id. An identity that two items name tells nothing.
    """
    named: dict[str, list[ReleaseItem]] = {}
    for item in items:
        identity = (item.postfix_id or item.id) if shape == "postfix" else item.id
        if identity:
            named.setdefault(identity.exact, []).append(item)
    results = []
    for target in batch:
        answers = named.get(sent_id(target, shape), [])
        if len(answers) != 1:
            why = "the answer names it more than once" if answers else "the answer does not name it"
            results.append(Result(target, Outcome.UNKNOWN, why=why))
            continue
        (answer,) = answers
        outcome = outcome_of(answer)
        why = "the answer names no recipient" if outcome is Outcome.UNKNOWN else ""
        results.append(Result(target, outcome, answer.delivered, answer.undelivered, answer.failed, why))
    return tuple(results)


def tells(batch: tuple[Target, ...], outcome: Done[tuple[ReleaseItem, ...]], shape: ReleaseShape) -> bool:
    """Whether an answer says of any id what became of it: only then was the body understood."""
    return any(result.outcome is not Outcome.UNKNOWN for result in _match(batch, outcome.value, shape))


def sent_id(target: Target, shape: ReleaseShape) -> str:
    """The id that goes into a body of this shape."""
    return (target.postfix_id if shape == "postfix" else target.investigate_id) or target.id
