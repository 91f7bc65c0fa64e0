"""JobService: bulk jobs as screens and the command line ask for them: watched, created, cancelled, deleted, exported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from tui_app.config.settings import check_job_id
from tui_app.core.errors import GuardError, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.jobs.followed import FollowedJobs
from tui_app.jobs.job_list import JobsQuery, JobsSnapshot, JobsSubject

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import DeletedJob, Job
    from tui_app.api.rows import JobMessage
    from tui_app.api.search import SearchParams
    from tui_app.api.write_result import WriteResult
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.jobs.all_rows import AllRows
    from tui_app.jobs.commands import Answered
    from tui_app.jobs.failure_watch import FailuresSnapshot, FailuresSubject
    from tui_app.jobs.job_watch import JobSnapshot, JobSubject
    from tui_app.jobs.job_write import JobWrite, Kind
    from tui_app.jobs.new_job import CreatedJob, JobPreview, NewJob
    from tui_app.rows.export import Exported

T = TypeVar("T")
_ROWS_KEPT: Final = 200_000
"""Rows of jobs that are kept when their screen is left."""


class Write(Protocol):
    """Puts a write on record, runs it to its end, and puts its result on record, even if the caller goes away."""

    async def __call__(
        self, what: str, write: JobWrite, work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]]
    ) -> WriteResult[T]:
        """The result of `work`, which is begun when `write` is on record; `what` names it in the activity list.

        Raises SluiceError when it can't be put on record: then nothing was sent.
        """
        ...


@dataclass
class JobService:
    """One account's bulk jobs. Every write is refused with GuardError when the profile is read-only."""

    client: Callable[[], EmailSecurityClient]
    """The client, made when it is first needed."""
    settings: Settings
    clock: Clock
    random: Random
    write: Write
    record: Callable[[str, Sequence[str]], None]
    followed: FollowedJobs = field(init=False)
    """Every running job that was seen, until it ends."""

    def __post_init__(self) -> None:
        self._watched: dict[str, JobSubject] = {}
        """Jobs that were looked at, with their rows, marks and filters, the last one at the end: coming back finds them."""
        self.followed = FollowedJobs(self.client, self.clock, lambda sentence: self.record(sentence, ()))

    # ---- watching

    def watch_list(self, query: JobsQuery, listener: Callable[[JobsSnapshot], None]) -> JobsSubject:
        """A subject to be polled: the list of jobs."""
        return JobsSubject(self.client, self.followed, query, listener)

    def watch(self, job_id: str, listener: Callable[[JobSnapshot], None]) -> JobSubject:
        """A subject to be polled: one job and its rows."""
        from tui_app.jobs.job_watch import JobSubject

        known = self._watched.pop(job_id.lower(), None)
        if known is None:
            known = JobSubject(self.client(), self.clock, self.followed, job_id, listener)
        elif known.job is None or not known.job.ended:
            known.rows.counters_moved()  # who knows what became of its rows meanwhile
        known.listener = listener
        self._forget_rows()
        self._watched[job_id.lower()] = known
        return known

    def _forget_rows(self) -> None:
        """Keep what somebody marked, and otherwise only the rows of the jobs that were looked at last."""
        kept = 0
        for job_id, subject in reversed(list(self._watched.items())):
            kept += len(subject.rows.store)
            if kept > _ROWS_KEPT and not subject.rows.store.marks:
                del self._watched[job_id]

    async def all_rows(self, job_id: str, status: RowStatus | None) -> AllRows:
        """All rows of a job under a status, read now. Raises ApiError."""
        from tui_app.jobs.all_rows import read_all_rows

        return await read_all_rows(self.client(), job_id, status)

    def watch_failures(self, of: JobSubject, job: Job, listener: Callable[[FailuresSnapshot], None]) -> FailuresSubject:
        """A subject to be polled in place of a job's own: why its rows failed or were skipped."""
        from tui_app.jobs.failure_watch import FailuresSubject

        return FailuresSubject(of, job, listener)

    # ---- acting

    async def preview(self, params: SearchParams, on_progress: Callable[[int], None] = lambda _: None) -> JobPreview:
        """What a job over this search would take, as far as a search can tell; counts at most 10,000. Raises ApiError."""
        from tui_app.jobs.new_job import preview

        return await preview(self.client(), params, on_progress)

    def guard(self, new: NewJob, preview: JobPreview, *, include: Sequence[str] = ()) -> None:
        """Refuse a job whose preview shows, or can't rule out, what the policy holds back. Raises GuardError."""
        from tui_app.jobs.new_job import guard_job

        self.check_reason(new.comment)
        policy = self.settings.guard
        guard_job(
            new,
            preview,
            hold_dispositions=policy.hold_dispositions,
            max_messages=policy.max_messages,
            hold_recipients=policy.hold_recipient_domains,
            include=include,
        )

    def check_reason(self, reason: str) -> None:
        """Raises GuardError when the policy wants a reason for every write, and there is none."""
        if self.settings.guard.require_reason and not reason.strip():
            raise GuardError(
                "The policy asks for a reason (guard.require_reason), and none was given. Nothing was sent."
            )

    def only_the_search(self, preview: JobPreview) -> str:
        """Why the messages of a preview can't be acted on by their ids, but only by their search; empty if they can."""
        return preview.only_the_search(self.settings.guard.max_messages)

    async def create(self, new: NewJob, preview: JobPreview | None = None) -> WriteResult[CreatedJob]:
        """Start a job: one POST. If its outcome is unknown the job is looked for by a mark in its comment.

        `preview` is what its search showed last; it goes on record with the job. A job that differs from what was asked for
        is cancelled at once if it was read and bears the mark; how it differs and what came of that is told, and on record. Raises GuardError, and SluiceError
        when it can't be put on record: then nothing was sent.
        """
        from tui_app.api.write_result import Done
        from tui_app.jobs import commands
        from tui_app.jobs.job_write import DIFFERS, JobWrite, PreviewFacts

        self._check_writable(new.comment)
        sent = new.checked(self.clock.now())
        write = JobWrite.of_new(self._new_id(), sent, PreviewFacts.of(preview) if preview is not None else None)

        async def creating(answered: Answered) -> WriteResult[CreatedJob]:
            return await commands.create_job(self.client(), sent, write.mark, answered)

        result = await self.write(f"New {new.action.lower()} job", write, creating)
        if not isinstance(result, Done):
            return result
        created = result.value
        self.followed.take([created.job])
        name = sanitize(created.job.id)
        if preview is None:
            self.record(f"New job {name}.", ())
        else:
            count = f"{'' if preview.complete else 'at least '}{plural(preview.count, 'message')}"
            self.record(f"New job {name}; its preview: {count}.", (f"preview: {count}, sha256 {preview.digest}",))
        if created.differences:
            self.record(f"New job {name} differs from what was asked for.", created.differences)
            # An id that only the answer gives may be that of somebody else's job.
            with suppress(UsageError):  # a job whose id is none can't be asked for
                if created.seen:
                    created = replace(created, cancelled=await self.cancel(created.job, DIFFERS))
        return Done(created, result.notices, result.errors)

    async def cancel(
        self, job: Job | str, reason: str = "", on_answer: Callable[[], None] = lambda: None
    ) -> WriteResult[Job]:
        """Stop a job, given as it was seen or by its id; whatever leaves it open is settled by reading the job.

        `on_answer` is called as soon as the request was answered. Raises GuardError, and SluiceError when it can't be
        put on record: then nothing was sent.
        """
        from tui_app.api.write_result import Done
        from tui_app.jobs import commands

        result = await self._write("cancel", job, reason, commands.cancel_job, on_answer)
        if isinstance(result, Done) and result.value.ended:
            self.followed.forget(result.value.id)  # whoever cancels it need not be told that it ended
        return result

    async def delete(
        self, job: Job | str, reason: str = "", on_answer: Callable[[], None] = lambda: None
    ) -> WriteResult[DeletedJob]:
        """Remove an ended job from the lists; one that is gone already is done. The rest as of `cancel`."""
        from tui_app.jobs import commands

        return await self._write("delete", job, reason, commands.delete_job, on_answer)

    async def _write(
        self,
        kind: Kind,
        job: Job | str,
        reason: str,
        send: Callable[[EmailSecurityClient, str, Answered], Coroutine[Any, Any, WriteResult[T]]],
        on_answer: Callable[[], None],
    ) -> WriteResult[T]:
        from tui_app.api.write_result import Done
        from tui_app.jobs.job_write import JobWrite

        self._check_writable(reason)
        job_id = check_job_id(job if isinstance(job, str) else job.id)
        write = JobWrite.of_job(self._new_id(), kind, job_id if isinstance(job, str) else job, reason)

        async def sending(answered: Answered) -> WriteResult[T]:
            async def told(result: WriteResult[Any]) -> None:
                on_answer()
                if not isinstance(result, Done):
                    await answered(result)

            return await send(self.client(), job_id, told)

        return await self.write(f"{kind.capitalize()} job {job_id}", write, sending)

    async def read(self, job_id: str) -> Job:
        """One job as the server has it now. Raises ApiError, UsageError."""
        return await self.client().get_job(job_id)

    async def look_again(self, write: JobWrite, *, mark: str) -> CreatedJob | Job | DeletedJob | None:
        """What reading shows of a write that nothing has answered: the job that it made, ended or removed; None when not so.

        A job that was made is compared with what was asked for. Raises ApiError.
        """
        from tui_app.jobs import commands
        from tui_app.jobs.new_job import CreatedJob, differences

        if write.kind == "create":
            made = await commands.find_marked(self.client(), mark) if mark else None
            if made is None:
                return None
            return CreatedJob(made, differences(write.action, write.destination, write.search, made))
        if write.kind == "delete":
            return await commands.find_gone(self.client(), check_job_id(write.job))
        job = await self.read(write.job)
        return job if job.ended else None

    def _new_id(self) -> str:
        return f"{self.random.getrandbits(32):08x}"

    def _check_writable(self, reason: str) -> None:
        if self.settings.read_only:
            raise GuardError("This profile is read-only; nothing was sent.")
        self.check_reason(reason)

    # ---- exporting

    async def export(
        self,
        job_id: str,
        status: RowStatus | None,
        path: Path,
        on_progress: Callable[[int], None] = lambda _: None,
        *,
        only: Callable[[JobMessage], bool] | None = None,
        bom: bool = False,
    ) -> Exported:
        """Stream a job's rows under a status to a new file. Raises ApiError, ExportFailed; a part of it stays then.

        `only`: those that pass. `bom`: a CSV begins with a byte order mark.
        """
        from tui_app.jobs.export import export_job

        return await self._exported(
            job_id, export_job(self.client(), job_id, (status,), path, on_progress, only=only, bom=bom)
        )

    async def export_chosen(
        self,
        job_id: str,
        ids: Collection[str],
        statuses: Sequence[RowStatus],
        path: Path,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> Exported:
        """Stream the rows of these ids, which are in these states, to a new file. Raises ApiError, ExportFailed."""
        from tui_app.jobs.export import export_job

        chosen = export_job(
            self.client(), job_id, statuses, path, on_progress, only=lambda row: row.id in ids, wanted=len(ids)
        )
        return await self._exported(job_id, chosen)

    async def _exported(self, job_id: str, work: Coroutine[Any, Any, Exported]) -> Exported:
        """Run an export, and put what became of it on record."""
        from tui_app.rows.export import ExportFailed

        try:
            exported = await work
        except ExportFailed as error:
            self.record(str(error), ())
            raise
        self.record(f"Export of job {job_id}: {exported.sentence}", ())
        return exported
