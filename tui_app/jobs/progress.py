"""How far a job is, how fast it goes, when it will end: only from what the server said, and when it said it."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import ActionType, Destination, JobStatus
from tui_app.api.page import ONLY
from tui_app.api.wire_values import readable
from tui_app.core.clock import rough_duration, rough_spread
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job

WINDOW: Final = 60.0
"""Seconds over which the rate is taken."""
STALL: Final = 60.0
"""Seconds without a moved counter after which it is said."""
READINGS: Final = 3
"""The fewest readings that an estimate is made of."""
HISTORY: Final = 60
"""Rates that are kept for a sparkline."""


def describe_action(job: Job) -> str:
    """`move → Junk` or `release`; unknown kinds as the server names them."""
    if job.action_type is ActionType.RELEASE:
        return "release"
    destination = job.action_params.destination
    label = destination.label if isinstance(destination, Destination) else str(destination or "?")
    return f"{str(job.action_type).lower()} → {label}"


def describe_search(job: Job) -> str:
    """The search a job was made from, on one line, in safe text."""
    params = job.search_params
    words = []
    for name in (
        "query",
        "sender",
        "recipient",
        "subject",
        "exact_subject",
        "domain",
        "message_id",
        "alert_id",
        "final_disposition",
        "delivery_status",
        "message_action",
        "metric",
        "smtp_helo_ip",
    ):
        if params.get(name) is not None:
            words.append(f"{name.replace('_', ' ')} {Untrusted.of(params[name])}")
    if params.get("submissions") is True:
        words.append("submissions")
    words.append("all mail" if params.get("detections_only") is False else "detections only")
    return " · ".join(words)


def acted_share(job: Job) -> float | None:
    """Share of rows that are through, 0 to 1; None while the number of rows isn't known, or a counter can't be read.

    Rows cancelled with a job are not through: a job stopped half-way stays at a half.
    """
    if not job.countable:
        return None
    if job.status in (JobStatus.PENDING, JobStatus.DISCOVERING) or not job.total_messages_discovered:
        return 1.0 if job.status is JobStatus.COMPLETED else None
    if job.ended and job.status is not JobStatus.COMPLETED:
        through = job.successful + job.failed + job.skipped
    else:
        through = job.total_messages_discovered - job.pending
    return min(1.0, max(0.0, through / job.total_messages_discovered))


def describe_missing(job: Job, status: RowStatus | None, rows: int) -> str:
    """Why so many rows under a status may not be all, or not only the job's, by its counters; empty if they are.

    It is part of a sentence. More rows than are counted are told of a job that has ended: nothing counts them any more.
    """
    counter, counted = job.counter(status), job.counted(status)
    if not readable(counted):
        return "the job's own count can't be read"
    if counter is not None and job.ended and rows > counted:
        return f"{ONLY}{counted:,}"
    return f"the job counts {counted:,}" if rows < counted else ""


def counters_of(job: Job) -> tuple[object, ...]:
    """All that can move; equal counters mean no news."""
    return (
        job.status,
        job.total_messages_discovered,
        job.pending,
        job.successful,
        job.failed,
        job.skipped,
        job.cancelled,
        job.status_message,
    )


@dataclass(frozen=True, slots=True)
class Eta:
    """What can be said of a running job: rows a second, seconds left, seconds without news; None = not known."""

    rate: float | None = None
    left: float | None = None
    spread: float | None = None
    """Seconds by which `left` may be off, by how much the rate varied; there is none without `left`."""
    still_for: float | None = None
    goes_on: bool = False
    """Whether there is an end to be estimated, now or later."""
    rates: tuple[float, ...] = ()
    """Rows a second between one piece of news and the next, the oldest first."""

    def describe(self) -> str:
        """For the line under the table."""
        if self.still_for is not None:
            return f"no progress for {rough_duration(self.still_for)}"
        if not self.goes_on:
            return ""
        return " · ".join(filter(None, (self.pace, self.estimate)))

    @property
    def pace(self) -> str:
        """`41/s` or `12/min`; empty while it is not known."""
        if self.rate is None:
            return ""
        return f"{self.rate:,.0f}/s" if self.rate >= 1 else f"{self.rate * 60:.0f}/min"

    @property
    def estimate(self) -> str:
        """How long it takes and by how much that may be off, or that nobody can tell yet."""
        if self.left is None or self.spread is None:
            return "no estimate yet"
        return f"about {rough_duration(self.left)} left ({rough_spread(self.spread, self.left)})"


_ORDER: Final = (JobStatus.PENDING, JobStatus.DISCOVERING, JobStatus.PROCESSING)
"""The states of a job that goes on, in the order in which it has them; those that are over come behind."""


def _rank(job: Job) -> int:
    if job.ended:
        return len(_ORDER)
    return _ORDER.index(job.status) if job.status in _ORDER else -1


def setback(before: Job, job: Job) -> str:
    """What went backwards from one reading of a job to the next, as the rest of a sentence; empty if nothing did."""
    if -1 < _rank(job) < _rank(before):
        return f"went from {str(before.status).lower()} back to {str(job.status).lower()}"
    if not (before.countable and job.countable):
        return ""
    for name, was, now in (
        ("found", before.total_messages_discovered, job.total_messages_discovered),
        ("completed", before.successful, job.successful),
        ("failed", before.failed, job.failed),
        ("skipped", before.skipped, job.skipped),
        ("cancelled", before.cancelled, job.cancelled),
    ):
        if now < was:
            return f"counts {now:,} {name} after {was:,}"
    return ""


@dataclass
class Progress:
    """Readings of one job over time."""

    _readings: deque[tuple[float, int]] = field(default_factory=deque)
    """When, and how many rows were through: of the last 60 s in which the job was at work."""
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    _news: tuple[float, int] | None = None
    """The last of those at which more rows were through."""
    _last_move: float | None = None
    _last: Job | None = None

    def add(self, job: Job, at: float) -> bool:
        """Take a reading at a monotonic time; whether anything moved since the one before.

        A reading whose counters can't be read is none: it tells neither a pace nor that there was no progress.
        """
        if not job.countable:
            return False
        before, self._last = self._last, job
        moved = before is None or counters_of(job) != counters_of(before)
        if moved:
            self._last_move = at
        if job.status is not JobStatus.PROCESSING or job.messages_pending is None:
            self._begin_anew()
            return moved
        through = job.total_messages_discovered - job.pending
        if (before is not None and setback(before, job)) or (self._readings and through < self._readings[-1][1]):
            self._begin_anew()  # what was through is not: a pace across that would be negative, or made up
        if not self._readings or at > self._readings[-1][0]:
            self._take(at, through)
        return moved

    def _begin_anew(self) -> None:
        self._readings.clear()
        self._news = None

    def _take(self, at: float, through: int) -> None:
        self._readings.append((at, through))
        # Polls may be far between: the estimate is of few readings then, not of none.
        while len(self._readings) > READINGS and self._readings[0][0] < at - WINDOW:
            self._readings.popleft()
        if self._news is None:
            self._news = (at, through)
        elif through > self._news[1]:
            self._rates.append((through - self._news[1]) / (at - self._news[0]))
            self._news = (at, through)

    def eta(self, job: Job, at: float) -> Eta:
        """What to say of the job now."""
        if job.ended or not job.countable:
            return Eta()
        rates = tuple(self._rates)
        if self._last_move is not None and at - self._last_move >= STALL:
            return Eta(still_for=at - self._last_move, goes_on=True, rates=rates)
        if job.status is not JobStatus.PROCESSING or len(self._readings) < 2:
            return Eta(goes_on=True, rates=rates)
        (start, first), (end, last) = self._readings[0], self._readings[-1]
        rate = (last - first) / (end - start)
        if rate <= 0:
            return Eta(goes_on=True, rates=rates)
        if len(self._readings) < READINGS:
            return Eta(rate, goes_on=True, rates=rates)
        left = math.ceil(job.pending / rate)
        return Eta(rate, left, self._spread(rate, left), goes_on=True, rates=rates)

    def _spread(self, rate: float, left: float) -> float:
        """By how many seconds `left` may be off: the rate was not the same all the time, and will not be.

        The standard deviation of the rates between readings says how much. It is there twice: the rate is known from so
        many stretches of time, and what is left takes so many again, or a part of one.
        """
        stretches = [
            (end - start, (last - first) / (end - start))
            for (start, first), (end, last) in itertools.pairwise(self._readings)
        ]
        seconds, known = sum(length for length, _ in stretches), len(stretches)
        variance = sum(length * (each - rate) ** 2 for length, each in stretches) / seconds * known / (known - 1)
        to_come = max(1.0, left / (seconds / known))
        return left * math.sqrt(variance) / rate * math.sqrt(1 / known + 1 / to_come)
