"""Bulk jobs that progress: the state of a job is computed from the time, without a timer."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from tui_app.simulator.mail import Mail, Wire, escaped, row_uuid, stable_hash, stamp

MESSAGE_STATES = ("PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED")
TERMINAL_JOB_STATES = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of a job before it is processed: a message and one of its recipients."""

    mail: Mail
    recipient: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a row ends: its final state, why, after how many retries, and whether another retry is announced."""

    state: str = "COMPLETED"
    reason: str | None = None
    tries: int = 0
    retry_in: float | None = None
    fails_again: bool = False
    """Whether that retry fails, too, as does every one after it."""


DONE = Ending()
"""A row that completes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from creation until discovery starts and ends, and rows a second after that."""

    queued: float = 2.0
    discovering: float = 4.0
    rate: float = 40.0


@dataclass
class SimulatedJob:
    """One bulk action job."""

    number: int
    seed: int
    action: str
    destination: str | None
    search_params: Wire
    created_at: datetime
    pace: Pace
    size: int
    target: Callable[[int], JobRow]
    ending: Callable[[int], Ending]
    comment: str | None = None
    breaks_after: int | None = None
    """The row after which the whole job fails; None if it does not fail."""
    break_message: str | None = None
    cancelled_at: datetime | None = None
    acts_on_account: bool = False
    """Whether what its rows do is decided when they end; else it was decided before."""
    present: Callable[[int, str], JobRow] | None = field(default=None, repr=False)
    """A row with its message as it is now, given the row's index and state; None: `target` gives it."""
    applied: int = field(default=0, repr=False)
    _stamps: dict[int, str] = field(default_factory=dict, init=False, repr=False)
    _settled_rows: dict[str, list[int]] | None = field(default=None, init=False, repr=False)

    @cached_property
    def job_id(self) -> str:
        """The job's UUID."""
        return row_uuid(self.seed, self.number, -1)

    @cached_property
    def _endings(self) -> list[Ending]:
        return [self.ending(index) for index in range(self.size)]

    @cached_property
    def _finished_after(self) -> list[float]:
        """Seconds from creation to the end of each row; a failing row takes longer, it is tried again."""
        start = self.pace.queued + self.pace.discovering
        return [start + (index + 1) / self.pace.rate + 2.0 * e.tries for index, e in enumerate(self._endings)]

    @cached_property
    def _order(self) -> list[int]:
        return sorted(range(self.size), key=self._finished_after.__getitem__)

    @cached_property
    def _times_by_state(self) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {state: [] for state in ("COMPLETED", "FAILED", "SKIPPED")}
        for index in self._order:
            times[self._endings[index].state].append(self._finished_after[index])
        return times

    @cached_property
    def _broke_after(self) -> float | None:
        return (
            None
            if self.breaks_after is None
            else self.pace.queued + self.pace.discovering + self.breaks_after / self.pace.rate
        )

    def _seconds(self, now: datetime) -> float:
        """Seconds that the job has run; they stop when it was cancelled or failed."""
        alive = (min(now, self.cancelled_at) if self.cancelled_at else now) - self.created_at
        seconds = alive.total_seconds()
        return seconds if self._broke_after is None else min(seconds, self._broke_after)

    def _ended_after(self) -> float:
        last = self._finished_after[self._order[-1]] if self.size else self.pace.queued + self.pace.discovering
        return last if self._broke_after is None else min(last, self._broke_after)

    def status(self, now: datetime) -> str:
        """The job's state at that time."""
        if self.cancelled_at is not None and now >= self.cancelled_at:
            return "CANCELLED"
        seconds = self._seconds(now)
        if seconds < self.pace.queued:
            return "PENDING"
        if seconds < self.pace.queued + self.pace.discovering:
            return "DISCOVERING"
        if seconds < self._ended_after():
            return "PROCESSING"
        return "FAILED" if self._broke_after is not None else "COMPLETED"

    def discovered(self, now: datetime) -> int:
        """How many rows discovery has found."""
        seconds = self._seconds(now) - self.pace.queued
        if seconds <= 0:
            return 0
        return self.size if seconds >= self.pace.discovering else int(self.size * seconds / self.pace.discovering)

    def _in_flight(self, index: int, seconds: float) -> bool:
        started = self.pace.queued + self.pace.discovering + index / self.pace.rate
        return started <= seconds < self._finished_after[index]

    def row_state(self, index: int, now: datetime) -> str:
        """The state of one discovered row."""
        return self._row_state(index, self._seconds(now), self.status(now))

    def _row_state(self, index: int, seconds: float, status: str) -> str:
        if self._finished_after[index] <= seconds:
            return self._endings[index].state
        if status == "CANCELLED":
            return "CANCELLED"
        if self._in_flight(index, seconds):
            return "CANCELLED" if status == "FAILED" else "PROCESSING"
        return "PENDING"

    def counters(self, now: datetime) -> dict[str, int]:
        """The five counters and their sum, `discovered`."""
        seconds, status, found = self._seconds(now), self.status(now), self.discovered(now)
        done = {state: bisect_right(times, seconds) for state, times in self._times_by_state.items()}
        rest = found - sum(done.values())
        cancelled = 0
        if status == "CANCELLED":
            cancelled = rest
        elif status == "FAILED":
            # Rows in flight when the job failed are cancelled; the rest was never claimed.
            cancelled = sum(1 for index in self._flying(seconds))
        return {
            "total_messages_discovered": found,
            "messages_pending": rest - cancelled,
            "messages_successful": done["COMPLETED"],
            "messages_failed": done["FAILED"],
            "messages_skipped": done["SKIPPED"],
            "messages_cancelled": cancelled,
        }

    def _flying(self, seconds: float) -> list[int]:
        claimed = int((seconds - self.pace.queued - self.pace.discovering) * self.pace.rate) + 1
        return [i for i in range(max(0, min(claimed, self.size))) if self._in_flight(i, seconds)]

    def rows_in(self, state: str | None, now: datetime) -> Sequence[int]:
        """The indices of discovered rows in a state, in the order the server lists them."""
        found = self.discovered(now)
        if state is None:
            return range(found)
        if state not in MESSAGE_STATES:
            return ()
        if self.status(now) in TERMINAL_JOB_STATES:
            # Nothing changes any more: sorted once, kept for later pages.
            if self._settled_rows is None:
                self._settled_rows = self._by_state(now)
            return self._settled_rows.get(state, ())
        return self._by_state(now).get(state, ())

    def _by_state(self, now: datetime) -> dict[str, list[int]]:
        seconds, status = self._seconds(now), self.status(now)
        rows: dict[str, list[int]] = {}
        for index in range(self.discovered(now)):
            rows.setdefault(self._row_state(index, seconds, status), []).append(index)
        return rows

    def newly_finished(self, now: datetime) -> list[int]:
        """The indices of rows that ended since the last call, in the order of their ends."""
        seconds, first = self._seconds(now), self.applied
        while self.applied < self.size and self._finished_after[self._order[self.applied]] <= seconds:
            self.applied += 1
        return self._order[first : self.applied]

    def ended_of(self, indices: Iterable[int], now: datetime) -> list[int]:
        """Those of these rows that have ended."""
        seconds, after = self._seconds(now), self._finished_after
        return [index for index in indices if after[index] <= seconds]

    def is_over(self, now: datetime) -> bool:
        """Whether nothing of it changes any more."""
        return self.status(now) in TERMINAL_JOB_STATES

    def ending_of(self, index: int) -> Ending:
        """How a row ends, or has ended."""
        return self._endings[index]

    def end_of(self, index: int) -> datetime:
        """When a row ends, if nothing stops the job before."""
        return self._moment(self._finished_after[index])

    def end_otherwise(self, index: int, ending: Ending) -> None:
        """Let a row that ends now end in another way than was foreseen."""
        self._endings[index] = ending
        self._settled_rows = None
        self.__dict__.pop("_times_by_state", None)

    def _moment(self, seconds: float) -> datetime:
        return self.created_at + timedelta(seconds=seconds)

    def wire(self, now: datetime, generation: str) -> Wire:
        """The job object of the newest or the oldest generation."""
        status = self.status(now)
        params: Wire = {"type": self.action}
        if self.action == "MOVE":
            params["destination"] = self.destination
        ended = None
        if status == "CANCELLED":
            ended = self.cancelled_at
        elif status in TERMINAL_JOB_STATES:
            ended = self._moment(self._ended_after())
        counters = self.counters(now)
        if generation == "seed":
            del counters["messages_skipped"], counters["messages_cancelled"]
        return {
            "job_id": self.job_id,
            "action_type": self.action,
            "action_params": params,
            "search_params": self.search_params,
            "status": status,
            **counters,
            "created_at": stamp(self.created_at),
            "started_at": None if status == "PENDING" else stamp(self._moment(self.pace.queued)),
            "completed_at": stamp(ended),
            "comment": self.comment,
            "status_message": self.break_message if status == "FAILED" else None,
        }

    def _stamp_at(self, seconds: float) -> str:
        """The time so many seconds after the job's creation, to a tenth, as a JSON string."""
        tenths = int(seconds * 10)
        text = self._stamps.get(tenths)
        if text is None:
            text = self._stamps[tenths] = f'"{stamp(self._moment(tenths / 10))}"'
        return text

    def rows_json(self, indices: Sequence[int], now: datetime, generation: str) -> list[str]:
        """The rows as JSON text, one string each: a page of 1,000 must be fast."""
        seconds, status = self._seconds(now), self.status(now)
        place = f',"destination":"{self.destination}"' if self.action == "MOVE" else ""
        head = f'"action_type":"{self.action}","action_params":{{"type":"{self.action}"{place},"client_recipient":'
        step, start = self.pace.discovering / max(1, self.size), self.pace.queued
        rows: list[str] = []
        for index in indices:
            ending, state = self._endings[index], self._row_state(index, seconds, status)
            target = self.target(index) if self.present is None else self.present(index, state)
            mail = target.mail
            processed = again = reason = "null"
            tries = 0
            if state in ("COMPLETED", "FAILED", "SKIPPED"):
                finished, tries = self._finished_after[index], ending.tries
                processed = self._stamp_at(finished)
                if ending.retry_in is not None:
                    again = self._stamp_at(finished + ending.retry_in)
                if ending.reason is not None:
                    reason = escaped(ending.reason)
            elif state == "PROCESSING":
                tries = ending.tries
            header_id = escaped(mail.header_id)
            message = f',"message":{mail.json(generation, header_id)}' if generation == "new" else ""
            rows.append(
                f'{{"message_id":"{row_uuid(self.seed, self.number, index)}","postfix_id":"{mail.postfix_id}",'
                f'{head}{escaped(target.recipient)}}},"status":"{state}","retry_count":{tries},'
                f'"created_at":{self._stamp_at(start + step * index)},"status_message":{reason},"retry_after":{again},'
                f'"processed_at":{processed},"alert_id":"{mail.alert_id}","email_message_id":{header_id}{message}}}'
            )
        return rows


def by_chance(seed: int, number: int, endings: Sequence[tuple[float, Ending]]) -> Callable[[int], Ending]:
    """Endings by share of rows (of 1.0); the rest completes. The same row always ends the same way."""

    def choose(index: int) -> Ending:
        drawn = stable_hash(seed, number, index, 5) / 2**64
        for share, ending in endings:
            if drawn < share:
                return ending
            drawn -= share
        return DONE

    return choose


def by_count(seed: int, number: int, size: int, endings: Sequence[tuple[int, Ending]]) -> Callable[[int], Ending]:
    """Exactly so many rows of each ending, spread over the job; the rest completes."""
    order = sorted(range(size), key=lambda index: stable_hash(seed, number, index, 6))
    chosen: dict[int, Ending] = {}
    for count, ending in endings:
        while count and order:
            chosen[order.pop()] = ending
            count -= 1
    return lambda index: chosen.get(index, DONE)
