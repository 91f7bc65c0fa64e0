"""EmailSecurityService: what the screens and the command line talk to. Snapshots come down, intents go up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tui_app.api.budget import Budget
from tui_app.api.enums import RowStatus
from tui_app.api.errors import ApiError, Stopped
from tui_app.api.server_clock import ServerClock
from tui_app.api.write_result import Ambiguous, Done, Unsent, WriteResult, describe
from tui_app.config.settings import canonical_account
from tui_app.core.activity import Activities
from tui_app.core.clock import no_yield
from tui_app.core.errors import GuardError, SluiceError, UsageError
from tui_app.core.paths import state_folder
from tui_app.core.state_file import StateFile
from tui_app.core.text import sanitize
from tui_app.jobs.poller import ConnectionState, ConnectionStatus, Poller, Subject
from tui_app.jobs.service import JobService

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.budget import BudgetState, Forecast
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.drift import Drift
    from tui_app.api.enums import Destination
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage
    from tui_app.api.transport import Transport
    from tui_app.config.settings import Settings
    from tui_app.core.activity import Activity
    from tui_app.core.clock import Clock
    from tui_app.jobs.commands import Answered
    from tui_app.jobs.followed import FollowedJobs, JobEnd
    from tui_app.jobs.job_write import JobWrite, Kind
    from tui_app.jobs.new_job import JobPreview, NewJob
    from tui_app.mail.service import MailService
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.request import PlanRequest
    from tui_app.plans.service import PlanService
    from tui_app.plans.state import PlanState
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.plans.write_journal import WriteJournal
    from tui_app.reports.job import JobReport

T = TypeVar("T")


def hopeless(reason: str) -> tuple[str, str] | None:
    """Why trying again can't help, by the words of a failure and with them, and the word that includes it all the same."""
    from tui_app.jobs.failures import cause_of, describe_cause

    cause = cause_of(reason)
    return None if cause.helps else (describe_cause(reason), cause.word)


def _check_doubts(entry: LedgerEntry, verb: str, despite_doubts: bool) -> None:
    if entry.doubts and not despite_doubts:
        raise GuardError(
            f"{entry.doubts[0]} Nothing was sent. To {verb} it in spite of that: "
            f"mailsluice {verb} {entry.name} --despite-doubts"
        )


class EmailSecurityService:
    """One account. Every write goes through here; a read-only profile stops it with GuardError."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        read_wait: float = 0.0,
        remembered: StateFile | None = None,
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
        self.on_connection: Callable[[ConnectionStatus], None] = lambda _: None
        self.on_activity: Callable[[Activity], None] = lambda _: None
        self.on_plan: Callable[[PlanState], None] = lambda _: None
        self.on_plan_ended: Callable[[PlanState], None] = lambda _: None
        self.on_followed: Callable[[FollowedJobs], None] = lambda _: None
        self.on_job_ended: Callable[[JobEnd], None] = lambda _: None
        self.on_error: Callable[[Exception], object] = lambda _: None
        self.on_limit_wait: Callable[[float], None] = lambda _: None
        self.on_ledger_wait: Callable[[str], None] = lambda _: None
        self.on_unrecorded: Callable[[str], None] = lambda _: None
        """Is told in a sentence that the answer to a write was not put on record."""
        self.activities = Activities()
        self.last_results: list[str] = []
        """Outcomes that came while the console was closing, seen on no screen."""
        self.unknown_after_leaving = 0
        self.unsettled: dict[str, str] = {}
        """Writes to jobs that were sent and whose outcome is not in the ledger: what each was, by its id there."""
        self._closing = False
        self._stopped = False
        self.diagnosis = ""
        self._remembered = remembered or StateFile()
        self._state = state
        self._poller: Poller | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._polling: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

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
            on_notices=lambda asked, said: self.record(f"The API says to {asked}:", tuple(map(str, said))),
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
            lambda: self.client, self.settings, self.clock, self._random, write=self._write, record=self.record
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

        return MailService(lambda: self.client, self.clock, self.diagnose)

    @cached_property
    def plans(self) -> PlanService:
        """Acting on chosen messages, and what was done before. Raises UsageError where there is no folder for the records."""
        from tui_app.plans.service import PlanService

        plans = PlanService(
            self.settings,
            self.clock,
            self._random,
            self._remembered,
            read_client=lambda: self.client,
            make_client=self._make_acting_client,
            folder=(self._state or state_folder()) / "plans",
            environment=os.environ,
            on_state=lambda state: self.on_plan(state),
            record=self.record,
            on_ended=self._plan_ended,
        )
        plans.ledger.on_wait = self._ledger_waits
        return plans

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
        self._stopped = True
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
        self.diagnosis = f"{await self.diagnose(error)} r tries again."
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

    def record(self, sentence: str, details: Sequence[str] = ()) -> None:
        """Add a line to the activity list, unless it repeats the last one."""
        if added := self.activities.add(self.clock.now(), sentence, details):
            self.on_activity(added)

    # ---- what a job or a plan left behind

    async def retry_job(self, job_id: str, rows: Sequence[JobMessage] | None = None) -> PlanRequest:
        """The same again for rows of a job that failed, by default all of them, read now.

        Raises GuardError when nothing can be retried, ApiError and JournalError.
        """
        from tui_app.plans.effect import Source
        from tui_app.plans.follow_up import retry_of_job

        read = await self.jobs.all_rows(job_id, RowStatus.FAILED) if rows is None else None
        job = read.job if read is not None else await self.client.get_job(job_id)
        done = await asyncio.to_thread(self.plans.ledger.done_since, Source.JOB, job.id, Source.RETRY)
        chosen = read.rows if read is not None else rows or ()
        request = retry_of_job(job, chosen, hopeless, done, self._earliest_now(), self.settings.guard.max_messages)
        if read is not None and read.missing:
            request = replace(request, remarks=(f"Perhaps not all that failed: {read.missing}", *request.remarks))
        return request

    def _earliest_now(self) -> datetime:
        """This moment, by the clock that is behind: what is still to come by one of them has not come."""
        return min(filter(None, (self.clock.now(), self.server_now)))

    @property
    def server_now(self) -> datetime | None:
        """What time it is by the server's clock; None while no answer told it."""
        return self._server_clock.now()

    async def undo_job(
        self, job_id: str, destination: Destination | None = None, only: Collection[str] | None = None
    ) -> PlanRequest:
        """What a job did taken back: its completed rows, read now; `only` those of these ids, None for all.

        Raises GuardError, ApiError and JournalError.
        """
        from tui_app.plans.effect import Source
        from tui_app.plans.follow_up import undo_of_job

        read = await self.jobs.all_rows(job_id, RowStatus.COMPLETED)
        done = await asyncio.to_thread(self.plans.ledger.done_since, Source.JOB, read.job.id, Source.UNDO)
        rows = [row for row in read.rows if only is None or row.id in only]
        return undo_of_job(read.job, rows, done, self.settings.guard.max_messages, destination, read.missing)

    async def move_rows(self, job: Job, rows: Sequence[JobMessage], destination: Destination) -> PlanRequest:
        """The mail of rows of a job moved to a folder. Raises GuardError when no row tells which mail it is about."""
        from tui_app.plans.follow_up import move_of_rows

        return move_of_rows(job, rows, destination)

    async def plan_exactly(self, new: NewJob, preview: JobPreview) -> PlanRequest:
        """The messages of a preview, by their ids, in place of the job over their search. Raises GuardError where they can't be."""
        from tui_app.plans.effect import TO_RELEASE, Effect
        from tui_app.plans.request import PlanRequest

        if why := self.jobs.only_the_search(preview):
            raise GuardError(f"Only a job over the search can be started: {why}. Nothing was sent.")
        effect = Effect.move(new.destination) if new.destination is not None else TO_RELEASE
        return PlanRequest(effect, preview.ids, new.comment, senders=preview.senders, search=new.params.describe())

    async def retry_plan(self, entry: LedgerEntry, *, despite_doubts: bool = False) -> PlanRequest:
        """The same again for what failed of a plan. Raises GuardError, also for a journal that is doubted, and JournalError."""
        _check_doubts(entry, "retry", despite_doubts)
        from tui_app.plans.effect import Source
        from tui_app.plans.follow_up import retry_of_plan

        done = await asyncio.to_thread(self.plans.ledger.done_since, Source.PLAN, entry.plan_id, Source.RETRY)
        return retry_of_plan(entry, hopeless, done, self.settings.guard.max_messages)

    async def undo_plan(
        self, entry: LedgerEntry, destination: Destination | None = None, *, despite_doubts: bool = False
    ) -> PlanRequest:
        """What a plan did taken back. Raises GuardError, also for a journal that is doubted, and JournalError."""
        _check_doubts(entry, "undo", despite_doubts)
        from tui_app.plans.effect import Source
        from tui_app.plans.follow_up import undo_of_plan

        done = await asyncio.to_thread(self.plans.ledger.done_since, Source.PLAN, entry.plan_id, Source.UNDO)
        return undo_of_plan(entry, done, self.settings.guard.max_messages, destination)

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

    # ---- writing

    async def _write(
        self, what: str, write: JobWrite, work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]]
    ) -> WriteResult[T]:
        """Put a write on record, run it to its end, and put its result on record, even if the caller goes away.

        Raises SluiceError when it can't be put on record: then nothing was sent.
        """

        async def recorded() -> WriteResult[T]:
            if self._stopped:
                return self._not_sent(what)
            begin = partial(self.plans.ledger.begin_write, is_stopped=lambda: self._stopped)
            try:
                record = await asyncio.to_thread(begin, write.record(), self.settings.identity)
            except SluiceError as error:
                self.record(f"{what}: not sent, as it can't be put on record. {error}")
                raise
            try:
                result = await self._sent(what, write.write_id, record, work)
            finally:
                record.close()
            self._record_write(what, result)
            return result

        return await asyncio.shield(self._spawn(recorded()))

    async def _sent(
        self,
        what: str,
        write_id: str,
        record: WriteJournal,
        work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]],
    ) -> WriteResult[T]:
        """Send what is on record, unless it was stopped meanwhile, and put on record what became of it."""

        async def answered(answer: WriteResult[Any]) -> None:
            await self._keep_answer(what, record, answer)

        if self._stopped:
            result: WriteResult[T] = self._not_sent(what)
        else:
            self.unsettled[write_id] = what
            result = await work(answered)
        unrecorded = await self._keep_answer(what, record, result)
        if unrecorded:
            self.unsettled[write_id] = what
            self.on_unrecorded(unrecorded)
        elif not isinstance(result, Ambiguous):
            self.unsettled.pop(write_id, None)
        return result

    @staticmethod
    def _not_sent(what: str) -> Unsent:
        return Unsent(Stopped(what))

    async def _keep_answer(self, what: str, record: WriteJournal, result: WriteResult[Any]) -> str:
        """Put an answer on record; where that fails, a sentence about it."""
        from tui_app.jobs.job_write import answer_facts

        try:
            await asyncio.to_thread(record.add, answer_facts(result))
        except SluiceError as error:
            # It was sent: what is known of it is told all the same, and the ledger calls it unknown.
            unrecorded = f"{what}: its answer is not on record. {error}"
            self.record(unrecorded)
            return unrecorded
        return ""

    async def settle_write(self, entry: WriteEntry) -> WriteEntry:
        """Read back a write to a job that nothing has answered, and put on record what that shows; the write then.

        Raises ApiError, JournalError, and UsageError when it is another account's.
        """
        from tui_app.jobs.job_write import JobWrite, answer_facts
        from tui_app.jobs.new_job import CreatedJob

        if canonical_account(entry.account) != self.settings.identity:
            raise UsageError(f"{entry.name} belongs to another account, {sanitize(entry.account)}. Nothing was asked.")
        asked = JobWrite(
            write_id=entry.plan_id,
            kind=cast("Kind", entry.write),
            job=entry.job,
            action=entry.action,
            destination=entry.destination,
            search=entry.search,
        )
        seen = await self.jobs.look_again(asked, mark=entry.mark)
        differs = seen.differences if isinstance(seen, CreatedJob) else ()
        became = "it was done" if seen is not None else "not seen done"
        self.record(
            f"{entry.title}, read back: {became}{', but it differs from what was asked for' if differs else ''}.",
            differs,
        )
        if seen is None:
            return entry
        return await asyncio.to_thread(self.plans.ledger.settle_write, entry, answer_facts(Done(seen)))

    async def open_writes(self) -> Sequence[WriteEntry]:
        """Writes to jobs of which nobody knows what became of them; each is put in the activity list. Raises JournalError."""
        entries = await asyncio.to_thread(lambda: self.plans.ledger.open_writes(self.settings.identity))
        for entry in reversed(entries):
            self.record(f"{entry.title}: {entry.describe()}. H opens the ledger.")
        return entries

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
