"""What the answer to one request of a plan means: for each message, and for what follows. Judged here, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar, assert_never

from tui_app.api.errors import ApiError, Forbidden, RateLimited, Unauthenticated
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.core.address import canonical_address
from tui_app.core.text import Untrusted, plural, sanitize
from tui_app.plans.plan import Target
from tui_app.plans.state import Outcome, PlanState, Result

T = TypeVar("T")
_SPLITS: Final = frozenset({400, 404, 413, 415, 422})
"""Status codes of refusals that may be about one id in a batch."""
_TOLD: Final = 5
_HALTS: Final = (Unauthenticated, Forbidden, RateLimited)


CONTRADICTED: Final = "An answer says success and an error: look before you go on."


class Next(Enum):
    """What follows a batch."""

    CONTINUE = "the next batch"
    SPLIT = "its halves"
    SETTLE = "settling"
    HALT = "nothing"


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What one request came to: a result for each message of the batch, the error to show, and what follows.

    `http` and `ray` (the `cf-ray` header) are what the journal keeps of the answer.
    """

    results: tuple[Result, ...]
    error: ApiError | None
    next: Next
    refused: bool = False
    """Whether the API said for certain that nothing was done."""
    remarks: tuple[str, ...] = ()
    """What the answer told beside what was asked: it goes on record, and somebody should look at it."""
    contradicted: bool = False
    """Whether the answer says success, and names errors: nothing more is sent before somebody has looked at it."""

    @property
    def http(self) -> int | None:
        """The HTTP status; None when no answer came."""
        return 200 if self.error is None else self.error.status

    @property
    def ray(self) -> str | None:
        """The `cf-ray` of an answer with an error status."""
        return self.error.ray.exact if self.error is not None and self.error.ray is not None else None

    @property
    def names_an_outcome(self) -> bool:
        """Whether the answer says of any message what became of it: only then was the body understood."""
        return self.error is None and any(result.outcome is not Outcome.UNKNOWN for result in self.results)

    def about(self, batch: Sequence[Target]) -> BatchResult:
        """The same, of these messages only."""
        names = {target.id for target in batch}
        return replace(self, results=tuple(result for result in self.results if result.target.id in names))

    def keeping_open(self, resent: frozenset[str], not_seen: Outcome) -> BatchResult:
        """The same, where what was sent before stays open (`not_seen`) if this request was not taken: the first may yet be
        done.

        What the API says that it failed to do it did look at: that is the answer, as for any other message.
        """
        not_done = (Outcome.REFUSED, Outcome.NOT_SENT)
        why = "the second request was not taken; the first may yet be done"
        results = tuple(
            Result(result.target, not_seen, why=why)
            if result.target.id in resent and result.outcome in not_done
            else result
            for result in self.results
        )
        return replace(self, results=results)


@dataclass(frozen=True, slots=True)
class Matched:
    """The items of an answer joined with the messages that were sent, and what it told that was not asked for."""

    results: tuple[Result, ...]
    remarks: tuple[str, ...] = ()


def judge(batch: tuple[Target, ...], result: WriteResult[T], match: Callable[[T], Matched]) -> BatchResult:
    """What a request for a batch came to; `match` joins the items of an answer with the messages that were sent."""
    match result:
        case Done(items, _, errors):
            matched = match(items)
            unknown = any(each.outcome is Outcome.UNKNOWN for each in matched.results)
            contradictions = tuple(f"the answer says success and also: {error.message.detail()}" for error in errors)
            following = Next.SETTLE if unknown else Next.CONTINUE
            remarks = (*contradictions, *matched.remarks)
            return BatchResult(matched.results, None, following, remarks=remarks, contradicted=bool(errors))
        case Refused(error) if len(batch) > 1 and error.status in _SPLITS and not isinstance(error, _HALTS):
            # Nothing was done. One id in it may be the reason: the others are not to suffer for it.
            why = "refused as a whole, then halved"
            return BatchResult(_all(batch, Outcome.NOT_SENT, why), error, Next.SPLIT, refused=True)
        case Refused(error) if isinstance(error, _HALTS):
            # Not about these messages: they are as unsent as those behind them.
            return BatchResult(_all(batch, Outcome.NOT_SENT, str(error)), error, Next.HALT, refused=True)
        case Refused(error):
            return BatchResult(_all(batch, Outcome.REFUSED, str(error)), error, Next.CONTINUE, refused=True)
        case Unsent(error):
            return BatchResult(_all(batch, Outcome.NOT_SENT, str(error)), error, Next.HALT)
        case Ambiguous(error):
            return BatchResult(_all(batch, Outcome.UNKNOWN, str(error)), error, Next.SETTLE)
    assert_never(result)


def _all(batch: Iterable[Target], outcome: Outcome, why: str) -> tuple[Result, ...]:
    return tuple(Result(target, outcome, why=why) for target in batch)


def anything_done(state: PlanState) -> bool:
    """Whether the API took any message of a plan."""
    not_taken = (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.LEFT_OUT)
    return any(result.outcome not in not_taken for result in state.results)


def match_by_identity(
    batch: tuple[Target, ...],
    items: Iterable[Any],
    *,
    sent: Callable[[Target], str],
    named: Callable[[Any], str],
    read: Callable[[Target, Any], Result],
) -> Matched:
    """Each target with the one item that names it by the identity that was sent; any other target is unknown.

    An identity that two items name tells nothing. Items about something else, and recipients that a message does not
    have, are told.
    """
    by_identity: dict[str, list[Any]] = {}
    for item in items:
        if identity := named(item):
            by_identity.setdefault(identity, []).append(item)
    results = []
    for target in batch:
        answers = by_identity.get(sent(target), [])
        if len(answers) == 1:
            results.append(read(target, answers[0]))
        else:
            why = "the answer names it more than once" if answers else "the answer does not name it"
            results.append(Result(target, Outcome.UNKNOWN, why=why))
    others = [name for name in by_identity if name not in set(map(sent, batch))]
    remarks = [f"the answer names {sanitize(name)}, which was not sent" for name in others[:_TOLD]]
    if len(others) > _TOLD:
        remarks.append(f"the answer names {len(others) - _TOLD:,} more that were not sent")
    return Matched(tuple(results), (*remarks, *filter(None, map(_strangers, results))))


def _known(target: Target) -> set[str]:
    """The recipients of a message in one form; none where nothing is known to compare with."""
    if not (target.checked and target.recipients_known):
        return set()
    return {_in_one_form(name) for name in target.recipients}


def _in_one_form(name: Untrusted) -> str:
    return canonical_address(name.exact) or name.exact


def names_only_strangers(target: Target, told: Iterable[Untrusted]) -> bool:
    """Whether an answer names recipients, and none that the message has: it is about another one."""
    names = set(map(_in_one_form, told))
    return bool(names and (known := _known(target))) and names.isdisjoint(known)


def _strangers(result: Result) -> str:
    """Recipients that an answer names and the message does not have, in a sentence; empty where there are none."""
    target = result.target
    told_of = Counter(
        name.exact for names in (result.delivered, result.undelivered, result.failed) for name in set(names)
    )
    if twice := [name for name, count in told_of.items() if count > 1]:
        return f"the answer for {sanitize(target.id)} tells several outcomes for {sanitize(twice[0], 80)}"
    known, told = _known(target), (*result.delivered, *result.undelivered, *result.failed)
    if not known:
        return ""
    others = [name for name in told if _in_one_form(name) not in known]
    missing = len(known - set(map(_in_one_form, told)))
    if told and missing and not others:
        return f"the answer for {sanitize(target.id)} does not name {plural(missing, 'recipient')} of {len(known)}"
    if not others:
        return ""
    shown = ", ".join(name.detail() for name in others[:_TOLD])
    more = f" and {len(others) - _TOLD:,} more" if len(others) > _TOLD else ""
    return f"the answer for {sanitize(target.id)} names recipients that it does not have: {shown}{more}"
