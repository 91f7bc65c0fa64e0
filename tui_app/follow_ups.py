"""What can follow a job or a plan: trying again what failed, taking back what was done, acting on its rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_app.api.enums import RowStatus
from tui_app.core.errors import GuardError
from tui_app.jobs.failures import cause_of, describe_cause
from tui_app.plans.effect import TO_RELEASE, Effect, Source
from tui_app.plans.follow_up import move_of_rows, retry_of_job, retry_of_plan, undo_of_job, undo_of_plan
from tui_app.plans.request import PlanRequest
from tui_app.plans.trail import done_since

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.enums import Destination
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage
    from tui_app.jobs.new_job import JobPreview, NewJob
    from tui_app.jobs.service import JobService
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.ledger_entry import LedgerEntry


def hopeless(reason: str) -> tuple[str, str] | None:
    """Why trying again can't help, by the words of a failure and with them, and the word that includes it all the same."""
    cause = cause_of(reason)
    return None if cause.helps else (describe_cause(reason), cause.word)


def _same_mail(row: JobMessage, other: JobMessage) -> bool:
    """Whether two readings of a row are about one mail, as far as both tell."""
    names = [(each.investigate_id, each.postfix_id, each.alert_id) for each in (row, other)]
    return all(one is None or two is None or one == two for one, two in zip(*names, strict=True))


def _check_doubts(entry: LedgerEntry, verb: str, despite_doubts: bool) -> None:
    if entry.doubts and not despite_doubts:
        raise GuardError(
            f"{entry.doubts[0]} Nothing was sent. To {verb} it in spite of that: "
            f"mailsluice {verb} {entry.name} --despite-doubts"
        )


class FollowUps:
    """What is asked for next, read and put together; it is reviewed and sent as every plan is."""

    def __init__(
        self,
        jobs: JobService,
        ledger: Ledger,
        identity: str,
        most: int,
        now: Callable[[], datetime],
        server_now: Callable[[], datetime | None],
    ) -> None:
        """`identity` = the account; `most` = how many messages a plan may hold; `server_now` = None while no answer told it."""
        self._jobs = jobs
        self._ledger = ledger
        self._identity = identity
        self._most = most
        self._now = now
        self._server_now = server_now

    async def retry_job(
        self,
        job_id: str,
        rows: Sequence[JobMessage] | None = None,
        *,
        wanted: Callable[[JobMessage], bool] = lambda _: True,
    ) -> PlanRequest:
        """The same again for rows of a job that failed, by default all of them that are `wanted`, read now.

        Raises GuardError when nothing can be retried, ApiError and JournalError.
        """
        read = await self._jobs.all_rows(job_id, RowStatus.FAILED) if rows is None else None
        job = read.job if read is not None else await self._jobs.read(job_id)
        done = await self._done_since(Source.JOB, job.id, Source.RETRY)
        chosen = [row for row in read.rows if wanted(row)] if read is not None else rows or ()
        request = retry_of_job(job, chosen, hopeless, done, self._earliest_now(), self._most)
        if read is not None and read.missing:
            request = replace(request, remarks=(f"Perhaps not all that failed: {read.missing}", *request.remarks))
        return request

    async def _done_since(self, kind: str, name: str, relation: str) -> Mapping[str, str]:
        return await asyncio.to_thread(done_since, self._ledger, kind, name, relation)

    def _earliest_now(self) -> datetime:
        """This moment, by the clock that is behind: what is still to come by one of them has not come."""
        return min(filter(None, (self._now(), self._server_now())))

    async def undo_job(
        self, job_id: str, destination: Destination | None = None, chosen: Sequence[JobMessage] | None = None
    ) -> PlanRequest:
        """What a job did taken back: its completed rows, read now; those of the `chosen` ones, None for all.

        A row that has the id of a chosen one, and another mail, is not meant.
        Raises GuardError, ApiError and JournalError.
        """
        read = await self._jobs.all_rows(job_id, RowStatus.COMPLETED)
        done = await self._done_since(Source.JOB, read.job.id, Source.UNDO)
        by_id = None if chosen is None else {row.id: row for row in chosen}
        rows = [row for row in read.rows if by_id is None or (row.id in by_id and _same_mail(row, by_id[row.id]))]
        return undo_of_job(read.job, rows, done, self._most, destination, read.missing)

    async def move_rows(self, job: Job, rows: Sequence[JobMessage], destination: Destination) -> PlanRequest:
        """The mail of rows of a job moved to a folder. Raises GuardError when no row tells which mail it is about."""
        return move_of_rows(job, rows, destination)

    async def plan_exactly(self, new: NewJob, preview: JobPreview) -> PlanRequest:
        """The messages of a preview, by their ids, in place of the job over their search. Raises GuardError where they can't be."""
        if why := self._jobs.only_the_search(preview):
            raise GuardError(f"Only a job over the search can be started: {why}. Nothing was sent.")
        effect = Effect.move(new.destination) if new.destination is not None else TO_RELEASE
        return PlanRequest(effect, preview.ids, new.comment, senders=preview.senders, search=new.params.describe())

    async def retry_plan(self, entry: LedgerEntry, *, despite_doubts: bool = False) -> PlanRequest:
        """The same again for what failed of a plan.

        Raises GuardError, also for a journal that is doubted, JournalError, and UsageError for another account's.
        """
        entry.check_account(self._identity)
        _check_doubts(entry, "retry", despite_doubts)
        done = await self._done_since(Source.PLAN, entry.plan_id, Source.RETRY)
        return retry_of_plan(entry, hopeless, done, self._most)

    async def undo_plan(
        self, entry: LedgerEntry, destination: Destination | None = None, *, despite_doubts: bool = False
    ) -> PlanRequest:
        """What a plan did taken back. Raises as `retry_plan` does."""
        entry.check_account(self._identity)
        _check_doubts(entry, "undo", despite_doubts)
        done = await self._done_since(Source.PLAN, entry.plan_id, Source.UNDO)
        return undo_of_plan(entry, done, self._most, destination)
