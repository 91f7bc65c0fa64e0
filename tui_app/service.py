"""EmailSecurityService: what the screens and the command line talk to. Snapshots come down, intents go up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui_app.api.budget import Budget
from tui_app.api.errors import ApiError
from tui_app.api.server_clock import ServerClock
from tui_app.api.write_result import Ambiguous, WriteResult, describe
from tui_app.core.activity import Activities
from tui_app.core.clock import clock_sign, describe_clocks, no_yield
from tui_app.core.errors import UsageError
from tui_app.core.paths import state_folder
from tui_app.core.state_file import StateFile
from tui_app.job_writes import JobWrites
from tui_app.jobs.poller import ConnectionState, ConnectionStatus, Poller, Subject
from tui_app.jobs.service import JobService
from tui_app.remembered import Remembered

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.budget import BudgetState, Forecast
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.drift import Drift
    from tui_app.api.errors import Notice
    from tui_app.api.transport import Transport
    from tui_app.config.settings import Settings
    from tui_app.core.activity import Activity
    from tui_app.core.clock import Clock
    from tui_app.core.seen_domains import SeenDomains
    from tui_app.follow_ups import FollowUps
    from tui_app.jobs.followed import FollowedJobs, JobEnd
    from tui_app.mail.service import MailService
    from tui_app.plans.journal_file import JournalSizes
    from tui_app.plans.service import PlanService
    from tui_app.plans.state import PlanState
    from tui_app.reports.job import JobReport
    from tui_app.rows.shape import RowColumn
    from tui_app.submissions import Submissions

_MAIL_COLUMNS: Final = "mail.columns"
T = TypeVar("T")


class EmailSecurityService:
    """One account. Every write goes through here; a read-only profile stops it with GuardError."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        read_wait: float = 0.0,
        state_file: StateFile | None = None,
        state: Path | None = None,
        yield_to_ui: Callable[[], None] = no_yield,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._random = random
        self._read_wait = read_wait
        self._yield_to_ui = yield_to_ui
        self._budget = Budget(clock.monotonic)
        self._budget.on_block = self._blocked
        self._server_clock = ServerClock(clock.monotonic)
        self._clock_looked_at: float | None = None
        self.clock_sign = ""
        """By how much this machine's clock is off, in few words, as was last seen."""
        self.on_connection: Callable[[ConnectionStatus], None] = lambda _: None
        self.on_activity: Callable[[Activity], None] = lambda _: None
        self.on_plan: Callable[[PlanState], None] = lambda _: None
        self.on_plan_ended: Callable[[PlanState], None] = lambda _: None
        self.on_followed: Callable[[FollowedJobs], None] = lambda _: None
        self.on_job_ended: Callable[[JobEnd], None] = lambda _: None
        self.on_error: Callable[[Exception], object] = lambda _: None
        self.on_limit_wait: Callable[[float], None] = lambda _: None
        self.on_ledger_wait: Callable[[str], None] = lambda _: None
        self.on_notice: Callable[[str], None] = lambda _: None
        self.activities = Activities()
        self.last_results: list[str] = []
        """Outcomes that came while the console was closing, seen on no screen."""
        self.unknown_after_leaving = 0
        self._closing = False
        self.diagnosis = ""
        self._state_file = state_file or StateFile()
        self.remembered = Remembered(self._state_file, settings.identity, settings.views)
        self._state = state
        self._poller: Poller | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._polling: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.writes = JobWrites(
            settings.identity,
            lambda: self.jobs,
            lambda: self.plans.ledger,
            self._spawn,
            self._record_write,
            self.record,
            lambda: self.client,
        )
        """What was asked of jobs, and what became of it."""

    # ---- life

    @cached_property
    def transport(self) -> Transport:
        """The way to the API. Made when it is first needed: that takes longer than drawing the first screen."""
        from tui_app.api.transport import Transport

        return Transport(
            self.settings,
            self.clock,
            self._random,
            shared_budget=self._budget,
            shared_clock=self._server_clock,
            yield_to_ui=self._yield_to_ui,
            read_wait=self._read_wait,
            on_wait=self._waiting,
            on_notices=self._tell_notices,
            on_left_behind=self._left_behind,
            on_renewal_failed=lambda error: self.record(str(error)),
        )

    @cached_property
    def client(self) -> EmailSecurityClient:
        """One method per endpoint."""
        from tui_app.api.client import EmailSecurityClient

        return EmailSecurityClient(self.transport)

    def get_ready(self) -> None:
        """Load and make what the first request needs; for a thread, it takes as long as many frames."""
        import anyio._backends._asyncio  # noqa: F401 - httpx loads it with the first request, on the loop

        _ = self.client

    # ---- jobs, mail, plans

    @cached_property
    def jobs(self) -> JobService:
        """Bulk jobs."""
        jobs = JobService(
            lambda: self.client, self.settings, self.clock, self._random, write=self.writes.run, record=self.record
        )
        jobs.followed.on_news = lambda: self.on_followed(jobs.followed)
        jobs.followed.on_ended = self._job_ended
        return jobs

    def _job_ended(self, end: JobEnd) -> None:
        self.record(end.sentence)
        self.on_job_ended(end)

    @cached_property
    def mail(self) -> MailService:
        """Searching mail, and reading one mail."""
        from tui_app.mail.service import MailService

        return MailService(lambda: self.client, self.clock, self.diagnose, self._ledger_sizes, self.seen_domains)

    @cached_property
    def seen_domains(self) -> SeenDomains:
        """The domains that mail of the account was seen of, in this session and before."""
        from tui_app.core.seen_domains import SeenDomains

        return SeenDomains(self._state_file, self.settings.identity)

    async def _ledger_sizes(self) -> JournalSizes | None:
        """The journals as they are before mail is searched: what others send afterwards is left out of a plan."""
        try:
            ledger = self.plans.ledger
        except UsageError:
            return None  # there is no folder for records: nothing can be sent either
        return await asyncio.to_thread(ledger.sizes)

    def set_for_session(self, name: str, written: str) -> str:
        """Change a setting of `[plans]` or `[ui]` until the service ends; what it is now. Raises UsageError."""
        from tui_app.config.file import changed_setting

        plans, ui = self.settings.plans, self.settings.ui
        if hasattr(plans, name):
            self.settings = replace(self.settings, plans=changed_setting(plans, name, written))
            value = getattr(self.settings.plans, name)
        else:
            self.settings = replace(self.settings, ui=changed_setting(ui, name, written))
            value = getattr(self.settings.ui, name)
        if self._has_plans:
            self.plans.settings = self.settings
        told = str(value).lower()
        self.record(f"Set for this session: {name} is {told}.")
        return told

    @property
    def mail_columns(self) -> Sequence[RowColumn]:
        """The columns of a file of mail, as they were chosen last."""
        from tui_app.mail.columns import MAIL_ROWS

        names = (self._state_file.get(self.settings.identity, _MAIL_COLUMNS) or "").split()
        known = {column.name: column for column in MAIL_ROWS.columns}
        chosen = tuple(known[name] for name in names if name in known)
        return chosen or MAIL_ROWS.exported

    @mail_columns.setter
    def mail_columns(self, columns: Sequence[RowColumn]) -> None:
        self._state_file.put(self.settings.identity, _MAIL_COLUMNS, " ".join(column.name for column in columns))

    @cached_property
    def plans(self) -> PlanService:
        """Acting on chosen messages, and what was done before. Raises UsageError where there is no folder for the records."""
        from tui_app.plans.service import PlanService

        plans = PlanService(
            self.settings,
            self.clock,
            self._random,
            self._state_file,
            read_client=lambda: self.client,
            make_client=self._make_acting_client,
            folder=(self._state or state_folder()) / "plans",
            environment=os.environ,
            on_state=lambda state: self.on_plan(state),
            record=self.record,
            on_ended=self._plan_ended,
            seen=lambda: self.seen_domains,
        )
        plans.ledger.on_wait = self._ledger_waits
        return plans

    @cached_property
    def follow_ups(self) -> FollowUps:
        """What can follow a job or a plan."""
        from tui_app.follow_ups import FollowUps

        most = self.settings.guard.max_messages
        return FollowUps(
            self.jobs, self.plans.ledger, self.settings.identity, most, self.clock.now, self._server_clock.now
        )

    @cached_property
    def submissions(self) -> Submissions:
        """Reporting mail whose verdict was wrong."""
        from tui_app.submissions import Submissions

        return Submissions(
            self.settings,
            self._random,
            lambda: self.client,
            lambda: self.plans,
            self.writes,
            self.record,
            self._server_clock.now,
        )

    def _ledger_waits(self, sentence: str) -> None:
        """Somebody else is writing to the ledger. From any thread: where a console is, its own has to tell."""
        if self._loop is None:
            self._tell_of_ledger(sentence)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_of_ledger, sentence)

    def _tell_of_ledger(self, sentence: str) -> None:
        self.record(sentence)
        self.on_ledger_wait(sentence)

    def _make_acting_client(self, waits: Callable[[float], None]) -> EmailSecurityClient:
        """A client for the engine's thread, on the same budget; what it reads for a plan waits for the quota, too."""
        from tui_app.api.client import EmailSecurityClient
        from tui_app.api.transport import Transport

        transport = Transport(
            self.settings,
            self.clock,
            self._random,
            300.0,
            shared_budget=self._budget,
            shared_clock=self._server_clock,
            on_wait=waits,
        )
        return EmailSecurityClient(transport)

    def _plan_ended(self, state: PlanState) -> None:
        if state.ended:
            self.unknown_after_leaving += self._closing and state.unknown
            self.refresh()
            self.on_plan_ended(state)

    @property
    def plan_state(self) -> PlanState | None:
        """The plan that was last worked on."""
        return self.plans.state if self._has_plans else None

    @property
    def _has_plans(self) -> bool:
        return "plans" in self.__dict__

    @property
    def started(self) -> bool:
        """Whether it polls, or did."""
        return self._poller is not None

    def start(self) -> None:
        """Begin polling; needs a running event loop."""
        if self.settings.proxy is not None:
            self.record(f"Connecting through the proxy {self.settings.proxy.name} (HTTPS_PROXY).")
        self._loop = asyncio.get_running_loop()
        self._poller = Poller(
            self.clock, self._random, self._connection_changed, self._budget, behind=self.jobs.followed
        )
        self._polling = self._spawn(self._poller.run())
        self._polling.add_done_callback(self._polling_ended)

    def _polling_ended(self, polling: asyncio.Task[None]) -> None:
        if not polling.cancelled() and isinstance(error := polling.exception(), Exception):
            self.on_error(error)

    async def close(self) -> None:
        """Stop polling and close connections; writes in flight are waited for, they can't be taken back."""
        if self._polling is not None:
            self._polling.cancel()
        self._closing = True
        self.stop_plan()
        if self._has_plans:
            self.plans.forget_times()
        self.stop_writes()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._has_plans:
            await self.plans.close()
        if self._opened:
            await self.transport.close()

    def abandon(self) -> None:
        """Wait for nothing any longer: what is on the wire stays unknown."""
        if self._has_plans:
            self.plans.abandon()
        for task in (*self._tasks, *self.on_the_wire):
            task.cancel()

    def stop_plan(self) -> None:
        """Send no batch after the one in flight; one that waits to be sent again is given up."""
        if self._has_plans:
            self.plans.stop()
        if self._opened:
            self.transport.end_waits()

    def stop_writes(self) -> None:
        """Send nothing more to jobs: what is on its way ends, and is not read back."""
        self.writes.stop()
        if self._opened:
            self.transport.leave()

    @property
    def drift(self) -> Drift | None:
        """What the API sent in this session that is not documented; None before the first request."""
        return self.transport.drift if self._opened else None

    @property
    def awaits_answer(self) -> bool:
        """Whether a write is on its way. From any thread."""
        return bool(self.on_the_wire) or (self._has_plans and self.plans.awaits_answer)

    @property
    def longest_wait(self) -> float:
        """Seconds that the answer to what is on its way may take: a move takes longer than everything else."""
        from tui_app.api.http import ACTING

        state = self.plan_state
        return ACTING.total_for(state is not None and bool(state.in_flight) and state.plan.effect.is_move)

    @property
    def waiting_plans(self) -> Sequence[str]:
        """The ids of plans that wait for their time."""
        return self.plans.waiting() if self._has_plans else ()

    @property
    def _opened(self) -> bool:
        return "transport" in self.__dict__

    @property
    def on_the_wire(self) -> Collection[asyncio.Task[Any]]:
        """Writes whose answers are awaited."""
        return self.transport.on_the_wire if self._opened else ()

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _connection_changed(self, connection: ConnectionStatus) -> None:
        if connection.error is not None:
            self.record(
                str(connection.error), connection.error.details() if isinstance(connection.error, ApiError) else ()
            )
        self.diagnosis = ""
        self.on_connection(connection)
        if connection.state is ConnectionState.DENIED and isinstance(connection.error, ApiError):
            self._spawn(self._explain(connection, connection.error))

    async def _explain(self, connection: ConnectionStatus, error: ApiError) -> None:
        self.diagnosis = f"{await self.diagnose(error)} ‹view.refresh› tries again."
        self.record(self.diagnosis)
        self.on_connection(connection)

    def _waiting(self, seconds: float) -> None:
        self.record(f"Too many requests: waiting {seconds:.0f} s.")
        self.on_limit_wait(seconds)

    def _blocked(self, seconds: float) -> None:
        # Whoever was answered 429 may be on another thread.
        if self._poller is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._poller.recheck)

    def _left_behind(self, request: str, result: WriteResult[Any]) -> None:
        self._record_write(f"{request} (its screen was left)", result)

    @property
    def clock_trouble(self) -> str:
        """By how much this machine's clock is off by the server's, without an end; empty where it is not, as far as is known.

        All times of searches are made of this clock.
        """
        return describe_clocks(self.clock.now(), self._server_clock.now())

    def look_at_clock(self) -> str:
        """What follows from a clock that is off, put on record, the first time that it is known; else empty."""
        # Only just after an answer: where the machine slept since the last one, its own clock alone went on.
        if (told_at := self._server_clock.told_at) == self._clock_looked_at:
            return ""
        self._clock_looked_at, was_off = told_at, self.clock_sign
        self.clock_sign = clock_sign(self.clock.now(), self._server_clock.now())
        if was_off or not (trouble := self.clock_trouble):
            return ""
        sentence = f"{trouble[:1].upper()}{trouble[1:]}: searches and ages are off."
        self.record(sentence, ("All times of searches and of new jobs are made of this machine's clock. Set it.",))
        return sentence

    def _tell_notices(self, asked: str, said: Sequence[Notice]) -> None:
        lines = tuple(map(str, said))
        self.record(f"The API says to {asked}:", lines)
        for line in lines:
            self.on_notice(f"The API says to {asked}: {line}")

    def record(self, sentence: str, details: Sequence[str] = ()) -> None:
        """Add a line to the activity list, unless it repeats the last one."""
        if added := self.activities.add(self.clock.now(), sentence, details):
            self.on_activity(added)

    # ---- reports

    async def job_report(self, job_id: str, on_progress: Callable[[int], None] = lambda _: None) -> JobReport:
        """What a job came to, with all its rows read now and what is on record about it. Raises ApiError."""
        from tui_app.reports.job import read_job_report

        return await read_job_report(self.client, self.plans.ledger, self.settings.identity, job_id, on_progress)

    async def write_job_report(self, job_id: str, path: Path, on_progress: Callable[[int], None]) -> str:
        """Write the report of a job to a new file; what to tell of it. Raises ApiError and SluiceError."""
        from tui_app.reports.job_formats import write_report

        sentence = await asyncio.to_thread(write_report, await self.job_report(job_id, on_progress), path)
        self.record(sentence)
        return sentence

    @property
    def server_now(self) -> datetime | None:
        """What time it is by the server's clock; None while no answer told it."""
        return self._server_clock.now()

    # ---- polling

    def show(self, subject: Subject) -> None:
        """It is on the screen now: poll it."""
        if self._poller:
            self._poller.watch(subject)

    def hide(self, subject: Subject) -> None:
        """It is covered: don't poll it."""
        if self._poller:
            self._poller.unwatch(subject)

    def refresh(self) -> None:
        """Poll at once."""
        if self._poller:
            self._poller.kick()

    def toggle_pause(self) -> bool:
        """Stop or resume polling; whether it is paused now."""
        return self._poller.toggle_pause() if self._poller else False

    @property
    def problem(self) -> str:
        """What is wrong with the line, in full; empty when nothing is."""
        return f"{self.connection.error} {self.diagnosis}".strip() if self.connection.error is not None else ""

    @property
    def connection(self) -> ConnectionStatus:
        """How the line stands."""
        return self._poller.connection if self._poller else ConnectionStatus()

    @property
    def budget(self) -> BudgetState:
        """What is left of the token's request quota, as the server last told it."""
        return self._budget.state

    @property
    def unanswered_for(self) -> float:
        """Seconds for which the oldest request without an answer has been waiting, of whichever thread."""
        return self._budget.unanswered_for

    def forecast(self, requests: int) -> Forecast:
        """What so many writes, one after the other, would cost: time and quota."""
        return self._budget.forecast(requests, self.transport.answer_seconds)

    # ---- results of writes

    def _record_write(self, what: str, result: WriteResult[T]) -> None:
        became, details = describe(result)
        sentence = f"{what}: {became}"
        self.unknown_after_leaving += self._closing and isinstance(result, Ambiguous)
        self.record(sentence, details)
        if self._closing:
            self.last_results.append(sentence)
        self.refresh()

    async def diagnose(self, error: ApiError) -> str:
        """One more sentence on a refusal: is it the token, or the account? Never raises."""
        from tui_app.api.diagnosis import diagnose

        return await diagnose(self.client, error)
