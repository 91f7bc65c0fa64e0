"""The open journal of a write to a job: what was about to be sent is in it, what is answered is added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tui_app.plans.journal import Journal, Record
from tui_app.plans.write_records import answer_record


class WriteJournal:
    """Kept open, and locked, until the write is answered; then close it."""

    def __init__(self, journal: Journal, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._now = now
        self._last: Record | None = None

    def add(self, facts: Record) -> None:
        """Add what an answer, or reading back, tells; the same again is not added. Raises JournalError.

        `facts` has outcome, job, status, differences, http, ray, why.
        """
        if facts != self._last:
            self._journal.add(answer_record(facts, self._now()))
            self._last = facts

    def close(self) -> None:
        """Close and unlock it."""
        self._journal.close()
