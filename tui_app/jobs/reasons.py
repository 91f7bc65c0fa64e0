"""Failed and skipped rows by reason: how many, how often tried, when again, in which domains, and what to do next."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import RowStatus
from tui_app.api.wire_values import count, moment
from tui_app.core.address import canonical_domain
from tui_app.core.text import LIST_LIMIT, NOTHING, Untrusted
from tui_app.jobs.failures import Cause, cause_of, is_failure
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.rows.store import OrderedRows
from tui_app.rows.view import STEP, Superseded

if TYPE_CHECKING:
    from tui_app.api.rows import JobMessage

_NAMES: Final = ("status", "status_message", "retry_count", "retry_after", "recipient")
_values: Final = JOB_ROWS.value_of(*_NAMES)
_values_of_message: Final = attrgetter(*[f"raw.{name}" for name in _NAMES])
_FAILED: Final = RowStatus.FAILED.value
_REMEMBERED: Final = 10_000
"""Reasons of which it is known to which group they belong: most rows have one of a few."""


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Rows that failed or were skipped for one reason. Times are None where no row announces another try."""

    key: str
    """The label: what one group is told from another by, safe text."""
    label: str
    cause: Cause
    count: int
    fewest_tries: int
    most_tries: int
    earliest_retry: datetime | None
    latest_retry: datetime | None
    domains: tuple[tuple[str, int], ...]
    """Domains of recipients in their one form and how many rows each has, most first; empty text for what can't be read."""
    sample: Untrusted
    """One row's own words."""
    skipped: int = 0
    """How many of the rows were skipped; the others failed."""
    worth_retrying: int = 0
    """Rows for which trying again can help: by the cause, or because their time for another try is still to come."""

    @property
    def tries(self) -> str:
        """Fewest to most: `1-3`, or one number."""
        fewest, most = self.fewest_tries, self.most_tries
        return f"{fewest:,}" if fewest == most else f"{fewest:,}-{most:,}"


@dataclass(frozen=True, slots=True)
class RowsByReason:
    """Groups, the largest first, and the slots of each group's rows by its key."""

    groups: tuple[ReasonGroup, ...] = ()
    slots: Mapping[str, array[int]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows are in the groups."""
        return sum(group.count for group in self.groups)


def _domain(text: str) -> str:
    try:
        return canonical_domain(text.rstrip(" >"))
    except ValueError:
        return ""


class _Sum:
    """A group while it is counted."""

    __slots__ = (
        "announced",
        "cause",
        "count",
        "domains",
        "earliest",
        "fewest",
        "latest",
        "most",
        "sample",
        "skipped",
        "slots",
    )

    def __init__(self, cause: Cause, sample: str) -> None:
        self.cause = cause
        self.sample = sample
        self.count = self.skipped = self.most = self.announced = 0
        self.fewest = 10**12
        self.earliest: datetime | None = None
        self.latest: datetime | None = None
        self.domains: dict[str, int] = {}
        self.slots = array("I")

    def retry(self, at: datetime, now: datetime) -> None:
        self.earliest = at if self.earliest is None or at < self.earliest else self.earliest
        self.latest = at if self.latest is None or at > self.latest else self.latest
        self.announced += at > now

    def group(self) -> ReasonGroup:
        domains: dict[str, int] = {}
        for name, rows in self.domains.items():
            known = _domain(name)
            domains[known] = domains.get(known, 0) + rows
        label = self.cause.label
        return ReasonGroup(
            label,
            label,
            self.cause,
            self.count,
            self.fewest,
            self.most,
            self.earliest,
            self.latest,
            tuple(sorted(domains.items(), key=lambda pair: (-pair[1], pair[0]))),
            Untrusted(self.sample) if self.sample else NOTHING,
            self.skipped,
            self.count if self.cause.helps else self.announced,
        )


class ReasonTally:
    """Counts rows by reason as they come; rows of other states are left out. `now` tells which retries are still to come."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._sums: dict[str, _Sum] = {}
        self._known: dict[str, _Sum] = {}

    def add(self, messages: Iterable[JobMessage]) -> None:
        """Take rows as the server sent them."""
        for message in messages:
            self._add(_values_of_message(message))

    def add_slots(self, view: OrderedRows[JobMessage], slots: array[int]) -> None:
        """Take kept rows by their slots; each group knows which of them are its own."""
        for slot, values in zip(slots, map(_values, view.store.rows(slots)), strict=True):
            found = self._add(values)
            if found is not None:
                found.slots.append(slot)

    def _add(self, values: tuple[Any, ...]) -> _Sum | None:
        status, reason, tries, again, recipient = values
        if not is_failure(status):
            return None
        found = self._known.get(reason) if type(reason) is str else None
        if found is None:
            found = self._sum_of("" if reason is None else Untrusted.of(reason).exact)
        found.count += 1
        if status != _FAILED:
            found.skipped += status.upper() != _FAILED
        number = tries if type(tries) is int and tries >= 0 else count(tries)
        if number < found.fewest:
            found.fewest = number
        if number > found.most:
            found.most = number
        if again is not None and (at := moment(again)) is not None:
            found.retry(at, self._now)
        domain = recipient.rpartition("@")[2] if type(recipient) is str and "@" in recipient else ""
        domains = found.domains
        domains[domain] = domains.get(domain, 0) + 1
        return found

    def _sum_of(self, reason: str) -> _Sum:
        cause = cause_of(reason)
        found = self._sums.get(cause.label)
        if found is None:
            found = self._sums[cause.label] = _Sum(cause, reason)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if len(reason) <= LIST_LIMIT:
            self._known[reason] = found
        return found

    def result(self) -> RowsByReason:
        """What was counted so far."""
        sums = sorted(self._sums.values(), key=lambda one: (-one.count, one.cause.label))
        return RowsByReason(tuple([one.group() for one in sums]), {one.cause.label: one.slots for one in sums})


async def group_by_reason(
    view: OrderedRows[JobMessage], now: datetime, *, still: Callable[[], bool] = lambda: True
) -> RowsByReason:
    """The failed and skipped rows of a view by reason; other rows in it are left out.

    Lets others run between steps, and raises Superseded as soon as it is not `still` wanted.
    """
    tally = ReasonTally(now)
    # A copy: more may be listed at the end of the array while others run.
    slots = view.slots[: len(view)]
    for start in range(0, len(slots), STEP):
        tally.add_slots(view, slots[start : start + STEP])
        await asyncio.sleep(0)
        if not still():
            raise Superseded
    return tally.result()
