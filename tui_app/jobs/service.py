"""JobService: bulk jobs as screens and the command line ask for them: watched, created, cancelled, deleted, exported."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tui_app.core.errors import GuardError, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.jobs.job_list import JobsQuery, JobsSnapshot, JobsSubject

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import DeletedJob, Job
    from tui_app.api.search import SearchParams
    from tui_app.api.write_result import WriteResult
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.jobs.all_rows import AllRows
    from tui_app.jobs.export import Exported
    from tui_app.jobs.job_watch import JobSnapshot, JobSubject
    from tui_app.jobs.new_job import CreatedJob, JobPreview, NewJob

T = TypeVar("T")


class Write(Protocol):
    """Runs one write to its end and puts its result on record, even if the caller goes away."""

    async def __call__(self, what: str, work: Coroutine[Any, Any, WriteResult[T]]) -> WriteResult[T]:
        """The result of `work`; `what` names it on record."""
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

    # ---- watching

    def watch_list(self, query: JobsQuery, listener: Callable[[JobsSnapshot], None]) -> JobsSubject:
        """A subject to be polled: the list of jobs."""
        return JobsSubject(self.client, self.clock, query, listener)

    def watch(self, job_id: str, listener: Callable[[JobSnapshot], None]) -> JobSubject:
        """A subject to be polled: one job and its rows."""
        from tui_app.jobs.job_watch import JobSubject

        return JobSubject(self.client(), self.clock, job_id, listener)

    async def all_rows(self, job_id: str, status: RowStatus | None) -> AllRows:
        """All rows of a job under a status, read now. Raises ApiError."""
        from tui_app.jobs.all_rows import read_all_rows

        return await read_all_rows(self.client(), job_id, status)

    # ---- acting

    async def preview(self, params: SearchParams, on_progress: Callable[[int], None] = lambda _: None) -> JobPreview:
        """What a job over this search would take, as far as a search can tell; counts at most 10,000. Raises ApiError."""
        from tui_app.jobs.new_job import preview

        return await preview(self.client(), params, on_progress)

    def guard(self, new: NewJob, preview: JobPreview, *, include: Sequence[str] = ()) -> None:
        """Refuse a job whose preview shows, or can't rule out, what the policy holds back. Raises GuardError."""
        from tui_app.jobs.new_job import guard_job

        policy = self.settings.guard
        guard_job(
            new,
            preview,
            hold_dispositions=policy.hold_dispositions,
            max_messages=policy.max_messages,
            hold_recipients=policy.hold_recipient_domains,
            include=include,
        )

    def only_the_search(self, preview: JobPreview) -> str:
        """Why the messages of a preview can't be acted on by their ids, but only by their search; empty if they can."""
        return preview.only_the_search(self.settings.guard.max_messages)

    async def create(self, new: NewJob, preview: JobPreview | None = None) -> WriteResult[CreatedJob]:
        """Start a job: one POST. If its outcome is unknown the job is looked for by a mark in its comment. Raises GuardError.

        `preview` is what its search showed last; it goes on record. A job that differs from what was asked for is cancelled at
        once; how it differs and what came of that is told, and on record.
        """
        from tui_app.api.write_result import Done
        from tui_app.jobs import commands
        from tui_app.jobs.new_job import CreatedJob

        self._check_writable()
        mark = f"#op-{self.random.getrandbits(32):08x}"
        sent = new.checked(self.clock.now())
        result = await self.write(f"New {new.action.lower()} job", commands.create_job(self.client(), sent, mark))
        if not isinstance(result, Done):
            return result
        created = CreatedJob(result.value, sent.differences(result.value))
        name = sanitize(created.job.id)
        if preview is None:
            self.record(f"New job {name}.", ())
        else:
            count = f"{'' if preview.complete else 'at least '}{plural(preview.count, 'message')}"
            self.record(f"New job {name}; its preview: {count}.", (f"preview: {count}, sha256 {preview.digest}",))
        if created.differences:
            self.record(f"New job {name} differs from what was asked for.", created.differences)
            with suppress(UsageError):  # a job whose id is none can't be asked for
                created = replace(created, cancelled=await self.cancel(created.job.id))
        return Done(created, result.notices, result.errors)

    async def cancel(self, job_id: str) -> WriteResult[Job]:
        """Stop a job; whatever leaves it open is settled by reading the job. Raises GuardError when read-only."""
        from tui_app.jobs import commands

        self._check_writable()
        return await self.write(f"Cancel job {job_id}", commands.cancel_job(self.client(), job_id))

    async def delete(self, job_id: str) -> WriteResult[DeletedJob]:
        """Remove an ended job from the lists; one that is gone already is done. Raises GuardError when read-only."""
        from tui_app.jobs import commands

        self._check_writable()
        return await self.write(f"Delete job {job_id}", commands.delete_job(self.client(), job_id))

    def _check_writable(self) -> None:
        if self.settings.read_only:
            raise GuardError("This profile is read-only; nothing was sent.")

    # ---- exporting

    async def export(
        self,
        job_id: str,
        status: RowStatus | None,
        path: Path,
        on_progress: Callable[[int], None] = lambda _: None,
        *,
        bom: bool = False,
    ) -> Exported:
        """Stream a job's rows under a status to a new file. Raises ApiError, ExportFailed; a part of it stays then.

        `bom`: a CSV begins with a byte order mark.
        """
        from tui_app.jobs.export import ExportFailed, export_job

        try:
            exported = await export_job(self.client(), job_id, status, path, on_progress, bom=bom)
        except ExportFailed as error:
            self.record(str(error), ())
            raise
        self.record(f"Export of job {job_id}: {exported.sentence}", ())
        return exported
