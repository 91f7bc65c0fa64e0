"""How far a job is, how fast it goes, when it will end: only from what the server said, and when it said it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import ActionType, Destination, JobStatus
from tui_app.api.wire_values import readable
from tui_app.core.clock import rough_duration
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job

WINDOW: Final = 60.0
"""Seconds over which the rate is taken."""
STALL: Final = 60.0
"""Seconds without a moved counter after which it is said."""

DESTINATION_LABELS: Final = {
    Destination.INBOX: "Inbox",
    Destination.JUNK: "Junk",
    Destination.DELETED_ITEMS: "Trash",
    Destination.SOFT_DELETE: "Soft delete",
    Destination.HARD_DELETE: "Hard delete",
}


def describe_action(job: Job) -> str:
    """`move → Junk` or `release`; unknown kinds as the server names them."""
    if job.action_type is ActionType.RELEASE:
        return "release"
    destination = job.action_params.destination
    label = (
        DESTINATION_LABELS.get(destination, str(destination))
        if isinstance(destination, Destination)
        else str(destination or "?")
    )
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
    """Why so many rows under a status may not be all by the job's counters, as part of a sentence; empty if they are."""
    counted = job.counted(status)
    if not readable(counted):
        return "the job's own count can't be read"
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
    still_for: float | None = None

    def describe(self) -> str:
        """For the line under the table."""
        if self.still_for is not None:
            return f"no progress for {rough_duration(self.still_for)}"
        if self.rate is None:
            return ""
        pace = f"{self.rate:.0f}/s" if self.rate >= 1 else f"{self.rate * 60:.0f}/min"
        return pace if self.left is None else f"{pace} · about {rough_duration(self.left)} left"


@dataclass
class Progress:
    """Samples of one job over time."""

    _samples: deque[tuple[float, int, int]] = field(default_factory=deque)
    _last_move: float | None = None
    _last: tuple[object, ...] = ()

    def add(self, job: Job, at: float) -> bool:
        """Take a reading at a monotonic time; whether anything moved since the one before.

        A reading whose counters can't be read is none: it tells neither a pace nor that there was no progress.
        """
        if not job.countable:
            return False
        now = counters_of(job)
        moved = now != self._last
        if moved or self._last_move is None:
            self._last_move = at
        self._last = now
        through = job.total_messages_discovered - job.pending
        self._samples.append((at, through, job.pending))
        while len(self._samples) > 2 and self._samples[0][0] < at - WINDOW:
            self._samples.popleft()
        return moved

    def eta(self, job: Job, at: float) -> Eta:
        """What to say of the job now."""
        if job.ended or not job.countable:
            return Eta()
        if self._last_move is not None and at - self._last_move >= STALL:
            return Eta(still_for=at - self._last_move)
        if job.status is not JobStatus.PROCESSING or len(self._samples) < 2:
            return Eta()
        (start, before, _), (end, through, pending) = self._samples[0], self._samples[-1]
        if end <= start or through <= before:
            return Eta()
        rate = (through - before) / (end - start)
        return Eta(rate, math.ceil(pending / rate))
