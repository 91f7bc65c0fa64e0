"""The mail of the demo's jobs: one message for each row, made when it is first met, and kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import chain
from typing import Any, Final

from tui_app.simulator.actions import Actions
from tui_app.simulator.demo_account import ROW_STEP, first_number
from tui_app.simulator.jobs import JobRow, SimulatedJob
from tui_app.simulator.mail import Mail, queue_id
from tui_app.simulator.obstacles import THROTTLED, Obstacle
from tui_app.simulator.search import matches

_ENDED: Final = ("COMPLETED", "FAILED", "SKIPPED")
_OF_ALL_ROWS: Final = ("detections_only", "final_disposition", "sender")
"""What a search asks of a message that is the same for all rows of a job."""


class RowMail:
    """Makes a message when a search, an id or a request meets it; what its row did by then is done to it, once.

    A job of the demo may have a million rows, and nobody has met most of them. The messages that exist already are
    those of the first job. `by_id` is told each message that is made.
    """

    def __init__(
        self,
        jobs: Sequence[SimulatedJob],
        first: Sequence[Mail],
        actions: Actions,
        by_id: dict[str, Mail],
    ) -> None:
        self._jobs = {job.number: job for job in jobs}
        self._kept: dict[int, dict[int, Mail]] = {job.number: {} for job in jobs}
        self._open: dict[int, dict[int, Mail]] = {job.number: {} for job in jobs}
        if jobs:
            self._kept[jobs[0].number] = dict(enumerate(first))
            self._open[jobs[0].number] = dict(enumerate(first))
        self._searchable = len(first)
        self._actions = actions
        self._by_id = by_id
        self._watched: list[tuple[datetime, int, int]] = []
        self._by_postfix: dict[str, tuple[int, int]] | None = None
        for job in jobs:
            job.present = partial(self._present, job)

    # ---- finding

    def _place(self, number: int) -> tuple[SimulatedJob, int] | None:
        """The job and the row of the message of that number."""
        for job in self._jobs.values():
            index = number - first_number(job.number)
            if 0 <= index < job.size:
                return job, index
        return None

    def find(self, identity: str, now: datetime) -> Mail | None:
        """The message of an investigate id."""
        tail = identity.rpartition("-")[2]
        if not tail.isdecimal() or len(tail) > 12:
            return None
        place = self._place(int(tail) - 10_000_000)
        if place is None or (place[1] not in self._kept[place[0].number] and not _is(*place, identity)):
            return None
        mail = self._met(*place, now)
        return mail if mail.investigate_id == identity else None

    def of_postfix(self, postfix_id: str, now: datetime) -> Mail | None:
        """The message of a postfix id, for the oldest generation: that is all its rows have."""
        if self._by_postfix is None:
            self._by_postfix = {
                queue_id(job.seed, first_number(job.number) + index): (job.number, index)
                for job in list(self._jobs.values())[1:]
                for index in range(job.size)
            }
        place = self._by_postfix.get(postfix_id)
        return None if place is None else self._met(self._jobs[place[0]], place[1], now)

    def within(self, query: dict[str, Any], start: datetime, end: datetime, now: datetime) -> Iterator[Mail]:
        """Every message that a search may find, and others that were met before."""
        if query.get("message_id"):
            number = query["message_id"][1:].partition(".")[0]
            place = self._place(int(number, 16)) if len(number) < 12 and number.isalnum() and _is_hex(number) else None
            if place is not None and _fits(place[0], query):
                self._met(*place, now)
        else:
            for job in self._jobs.values():
                for index in self._searched(job, query, start, end):
                    self._keep(job, index)
        self._catch_up(now)
        return chain.from_iterable(
            list(self._kept[job.number].values()) for job in self._jobs.values() if _may_be(job, query)
        )

    def everything(self, now: datetime) -> Iterator[Mail]:
        """Every message that some search may find, and others that were met before."""
        always = datetime.min.replace(tzinfo=now.tzinfo), datetime.max.replace(tzinfo=now.tzinfo)
        return self.within({"detections_only": False}, *always, now)

    def _searched(self, job: SimulatedJob, query: dict[str, Any], start: datetime, end: datetime) -> Iterator[int]:
        """The rows whose messages must be made for a search."""
        kept, size = self._kept[job.number], self._searchable if job.number == 1 else job.size
        if len(kept) >= size or not _fits(job, query):
            return iter(())
        newest = job.target(0).mail.scanned_at
        first = max(0, -((end - newest) // ROW_STEP)) if end < newest else 0
        last = min(size, (newest - start) // ROW_STEP + 1)
        return (index for index in range(first, last) if index not in kept)

    def _keep(self, job: SimulatedJob, index: int) -> Mail:
        made = job.target(index).mail
        mail = self._kept[job.number].setdefault(index, made)
        # Unless another thread was faster.
        if mail is made:
            self._open[job.number][index] = mail
            self._by_id[mail.investigate_id] = self._by_id[mail.postfix_id] = mail
        return mail

    def _met(self, job: SimulatedJob, index: int, now: datetime) -> Mail:
        mail = self._kept[job.number].get(index) or self._keep(job, index)
        if index in self._open[job.number] and job.ended_of([index], now):
            self._end(job, index)
        return mail

    # ---- what rows have done

    def now(self, mail: Mail, now: datetime) -> Mail:
        """The same message, after what its row has done to it by now."""
        if place := self._row_of(mail):
            self._met(*place, now)
        return mail

    def _present(self, job: SimulatedJob, index: int, state: str) -> JobRow:
        mail = self._kept[job.number].get(index)
        if mail is None:
            # Not kept: a client that reads a million rows acts on few of them.
            row = job.target(index)
            if state == "COMPLETED":
                self._actions.show_done(job, row)
            return row
        if state in _ENDED:
            self._end(job, index)
        return JobRow(mail, mail.recipients[0])

    def _catch_up(self, now: datetime) -> None:
        for job in self._jobs.values():
            waiting = self._open[job.number]
            if not waiting:
                continue
            for index in job.ended_of(list(waiting), now):
                self._end(job, index)
            if job.is_over(now):
                waiting.clear()

    def _end(self, job: SimulatedJob, index: int) -> None:
        mail = self._open[job.number].pop(index, None)
        if mail is not None:
            self._actions.catch_up(job, index, JobRow(mail, mail.recipients[0]))

    def watch(self, mail: Mail) -> None:
        """Somebody else acts on a message, too: from now on, what its row does to it depends on that."""
        place = self._row_of(mail)
        if place is not None and place[1] in self._open[place[0].number]:
            heappush(self._watched, (place[0].end_of(place[1]), place[0].number, place[1]))

    def due(self, now: datetime) -> list[tuple[datetime, SimulatedJob, int]]:
        """The rows of such messages that have ended since the last call, with their times."""
        rows: list[tuple[datetime, SimulatedJob, int]] = []
        while self._watched and self._watched[0][0] <= now:
            at, number, index = heappop(self._watched)
            job = self._jobs[number]
            if index in self._open[number] and job.ended_of([index], now):
                rows.append((at, job, index))
        return rows

    def end(self, job: SimulatedJob, index: int) -> None:
        """Let a row that is due end."""
        mail = self._open[job.number].pop(index, None)
        # Several may have acted on it, and each has it watched.
        if mail is not None:
            self._actions.end_row(job, index, JobRow(mail, mail.recipients[0]))

    # ---- what stands in the way

    def _row_of(self, mail: Mail) -> tuple[SimulatedJob, int] | None:
        place = self._place(mail.number)
        # Tests add messages with numbers of their own.
        return place if place is not None and self._kept[place[0].number].get(place[1]) is mail else None

    def has(self, mail: Mail) -> bool:
        """Whether it is the message of a row."""
        return self._row_of(mail) is not None

    def obstacle(self, mail: Mail, recipient: str, at: datetime) -> Obstacle | None:
        """What made the row of a message fail, while it lasts."""
        place = self._row_of(mail)
        if place is None or recipient != mail.recipients[0]:
            return None
        job, index = place
        ending = job.ending_of(index)
        if ending.state != "FAILED" or ending.reason is None:
            return None
        if ending.retry_in is None:
            lasting = Obstacle(ending.reason)
            return lasting if lasting.lasts else None
        ended = job.end_of(index)
        until = ended + timedelta(seconds=ending.retry_in)
        if at < ended or (at >= until and not ending.fails_again):
            return None
        return Obstacle(THROTTLED, until if at < until else None)


def _may_be(job: SimulatedJob, query: dict[str, Any]) -> bool:
    """Whether a search may find messages of a job; only a release job's were ever held."""
    return job.action == "RELEASE" or query.get("delivery_status") != "quarantined"


def _fits(job: SimulatedJob, query: dict[str, Any]) -> bool:
    """Whether a search may find messages of a job that nobody has met."""
    return (
        job.size > 0
        and _may_be(job, query)
        and matches(job.target(0).mail, {name: query[name] for name in _OF_ALL_ROWS if name in query})
    )


def _is(job: SimulatedJob, index: int, identity: str) -> bool:
    return job.target(index).mail.investigate_id == identity


def _is_hex(text: str) -> bool:
    return all(sign in "0123456789abcdef" for sign in text)
