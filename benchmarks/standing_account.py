"""A simulated account that stands still until it is told how much time passed: its clock is ours, not the machine's.

It runs in a thread of this process, so the program that is measured has its CPU for itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tui_app.simulator.jobs import SimulatedJob
from tui_app.simulator.server import Options, Simulator, running

_AGE = timedelta(days=3, minutes=30)
"""So old that no age on a screen changes while somebody measures."""
ALL_ENDED = timedelta(minutes=20)
"""Long enough after the start of the story for all of its jobs to have ended."""


class StandingAccount:
    """An account at a moment; `advance` lets time pass."""

    def __init__(self, simulator: Simulator, moment: Callable[[datetime], None], now: datetime) -> None:
        self.simulator = simulator
        self.variables = simulator.environment() | {"MAILSLUICE_CONFIG": "/dev/null"}
        self._tell = moment
        self.now = now

    def at(self, moment: datetime) -> None:
        """Be at that moment."""
        self.now = moment
        self._tell(moment)

    @property
    def requests(self) -> int:
        """How many requests have come so far."""
        return len(self.simulator.wire())

    def job(self, comment: str) -> SimulatedJob:
        """The job of which the comment begins like this."""
        return next(job for job in self.simulator.account.jobs.values() if (job.comment or "").startswith(comment))

    def first(self, holds: Callable[[datetime], bool], within: timedelta) -> datetime:
        """The first moment from now on at which this holds; it must hold from then to the end of `within`."""
        early, late = self.now, self.now + within
        assert holds(late), "this never comes true"
        while late - early > timedelta(microseconds=500):
            middle = early + (late - early) / 2
            early, late = (early, middle) if holds(middle) else (middle, late)
        return late


@contextmanager
def standing_account(after: timedelta = ALL_ENDED, *, messages: int = 3012) -> Iterator[StandingAccount]:
    """The demo account, that long after the story began."""
    start = datetime.now(UTC) - _AGE
    moments = [start]
    # A gate that does no harm keeps the list of requests.
    with running(Options(quota=0, messages=messages, held=30, faults="none"), clock=lambda: moments[-1]) as simulator:
        account = StandingAccount(simulator, moments.append, start)
        account.at(start + after)
        yield account
