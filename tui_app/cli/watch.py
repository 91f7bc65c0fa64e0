"""`watch`: bulk jobs until they end; the exit code says how."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.api.enums import JobStatus
from tui_app.api.errors import ApiError, Forbidden, NotFound, RateLimited, Unauthenticated
from tui_app.cli.jobs import JOB_COLUMNS, job_json
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status
from tui_app.cli.progress_lines import ProgressLines
from tui_app.cli.runner import run_command
from tui_app.core.bars import bar
from tui_app.core.clock import parse_duration
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.jobs.followed import FollowedJobs, JobEnd, short_id
from tui_app.jobs.job_id import check_job, whole_job_ids
from tui_app.jobs.poller import JITTER, PollInterval
from tui_app.jobs.progress import acted_share, counters_of

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.service import EmailSecurityService

LASTING: Final = 600.0
"""Seconds without an answer after which nobody waits for a better one."""
LAST_LOOK: Final = 2.0
"""Seconds before the time is up at which they are looked at once more: an answer needs some."""
_BAR: Final = 10


def _column(column: ListingColumn[Job]) -> ListingColumn[JobEnd]:
    return ListingColumn(column.name, column.width, lambda end: column.text(end.job), right=column.right)


COLUMNS: Final = tuple(
    ListingColumn[JobEnd](column.name, column.width, lambda end: end.outcome)
    if column.name == "status"
    else _column(column)
    for column in JOB_COLUMNS
)


def end_json(end: JobEnd) -> dict[str, Any]:
    """The job as `jobs` has it; of one that was deleted, as it was seen last, and that it is gone."""
    wire = job_json(end.job)
    return {**wire, "mailsluice": {**wire["mailsluice"], "gone": True}} if end.gone else wire


def exit_code_of(end: JobEnd) -> ExitCode:
    """How a job ended: done, partly failed, or nobody can tell.

    One that was deleted was running when it was seen last; of one that ended with rows that wait, nobody knows what
    becomes of those.
    """
    job = end.job
    if not job.ended or job.pending:
        return ExitCode.UNKNOWN_OUTCOME
    if job.status is not JobStatus.COMPLETED or job.failed:
        return ExitCode.PARTLY_FAILED
    return ExitCode.UNKNOWN_OUTCOME if not job.countable or job.unaccounted else ExitCode.DONE


@dataclass
class Watch:
    """Watches jobs, each to its end or so many seconds long. What it finds out is told on standard error."""

    service: EmailSecurityService
    limit: float | None = None

    def __post_init__(self) -> None:
        self._clock = self.service.clock
        self._until = self._clock.monotonic() + self.limit if self.limit is not None else None
        self._followed = FollowedJobs(lambda: self.service.client, self._clock, print_status)
        self._followed.on_ended = self._ended
        self._ends: dict[str, JobEnd] = {}
        """Every job that was seen, as it was seen last."""

    def _ended(self, end: JobEnd) -> None:
        self._ends[end.job.id.lower()] = end
        if end.gone:
            print_status(end.sentence)

    def within_limit(self) -> asyncio.Timeout:
        """A context that raises TimeoutError when the time is up: also for a request that hangs, or waits for the quota."""
        return asyncio.timeout(None if self._until is None else max(0.0, self._until - self._clock.monotonic()))

    async def run(self, jobs: Sequence[Job]) -> list[JobEnd]:
        """How they stand when all have ended, or the time is up. Raises ApiError for trouble that lasts."""
        self._ends = {job.id.lower(): JobEnd(job) for job in jobs}
        self._followed.take(jobs)
        try:
            with ProgressLines(self._clock) as lines:
                self._show(lines)
                await self._until_the_end(lines)
        except asyncio.CancelledError:
            self._tell_that_they_go_on("No longer watched")
            raise
        if self._followed.running:
            self._tell_that_they_go_on("The time is up")
        return list(self._ends.values())

    def _tell_that_they_go_on(self, why: str) -> None:
        ids = [sanitize(job.id) for job in self._followed.running]
        goes_on = "the job goes on" if len(ids) == 1 else f"{plural(len(ids), 'job')} go on"
        if ids:
            print_status(f"{why}: {goes_on}. To watch again: mailsluice watch {' '.join(ids)}")

    async def _until_the_end(self, lines: ProgressLines) -> None:
        pace, answered, trouble = PollInterval(), self._clock.monotonic(), ""
        delay, last = pace.interval, False
        while self._followed.running and not last:
            wait = delay * SystemRandom().uniform(1 - JITTER, 1 + JITTER)
            if self._until is not None:
                left = max(0.0, self._until - self._clock.monotonic() - LAST_LOOK)
                wait, last = min(wait, left), wait >= left
            await self._clock.sleep(wait)
            try:
                async with self.within_limit():
                    delay = pace.after(await self._followed.poll())
                answered, trouble = self._clock.monotonic(), ""
            except TimeoutError:
                return
            except (Unauthenticated, Forbidden):
                raise
            except ApiError as error:
                if self._clock.monotonic() - answered >= LASTING:
                    raise
                delay = max(1.0, error.retry_after) if isinstance(error, RateLimited) else pace.after_failure()
                if str(error) != trouble:
                    trouble = str(error)
                    print_status(f"{trouble} It is asked again in {delay:.0f} s; the jobs go on meanwhile.")
            self._show(lines)

    def _show(self, lines: ProgressLines) -> None:
        running = {job.id.lower(): job for job in self._followed.running}
        self._ends |= {key: replace(self._ends[key], job=job) for key, job in running.items()}
        lines.show(
            [
                (key, self._line(end, with_bar=lines.in_place), counters_of(end.job) if key in running else None)
                for key, end in self._ends.items()
            ]
        )

    def _line(self, end: JobEnd, *, with_bar: bool) -> str:
        job, share = end.job, acted_share(end.job)
        percent = "" if share is None else f"{int(share * 100)} %"
        # What is cut in a narrow terminal is what the bar shows as well.
        counts = [self._followed.eta(job).describe()]
        counts += [f"{job.failed:,} failed"] if job.failed else []
        counts += [f"unaccounted {job.unaccounted:,}"] if job.unaccounted else []
        found = job.total_messages_discovered
        counts.append(f"{found:,} found" if share is None else f"{job.successful:,} of {found:,} completed")
        words = [f"{short_id(job)}  {end.outcome:<11}", *([bar(share, _BAR)] if with_bar else []), f"{percent:>5}"]
        return "  ".join((*words, " · ".join(filter(None, counts))))


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    try:
        return parse_duration(value) if value is not None else None
    except ValueError as error:
        raise UsageError(str(error)) from None


async def _found(service: EmailSecurityService, named: Sequence[str]) -> tuple[list[Job], list[ExitCode]]:
    """The jobs of these names, and the exit codes for those that are not there. Raises ApiError and UsageError."""
    found: list[Job] = []
    codes: list[ExitCode] = []
    for job_id in await whole_job_ids(service.client, named):
        try:
            found.append(await service.client.get_job(job_id))
        except NotFound as error:
            if not error.notices:
                raise  # it may be anybody's: only the API knows its jobs
            print_status(f"{job_id}: no such job: it was deleted, or it is of another account.")
            codes.append(ExitCode.UNKNOWN_OUTCOME)
    return found, codes


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option(
    "--for", "limit", metavar="TIME", callback=_seconds, help="Watch so long at most, such as 10m; what runs then is 5."
)
@format_option
@click.pass_context
def watch(ctx: click.Context, jobs: tuple[str, ...], limit: float | None, output_format: str) -> None:
    """Watch jobs until they end. JOB is an id, or the beginning of one: six characters or more.

    Ends with 0 if all completed without failures, 4 with failures or for a job that failed or was cancelled, 5 if that
    can't be told: a job was deleted meanwhile, or still runs when --for is over.
    """

    named = [check_job(name) for name in jobs]

    async def work(service: EmailSecurityService) -> ExitCode:
        watching = Watch(service, limit)
        try:
            async with watching.within_limit():
                found, codes = await _found(service, named)
        except TimeoutError:
            print_status("The time is up, and no answer told how the jobs stand.")
            return ExitCode.UNKNOWN_OUTCOME
        ends = await watching.run(found)
        listing = Listing[JobEnd](output_format, COLUMNS, end_json)
        for end in ends:
            listing.write(end)
        listing.close()
        return max(*codes, *map(exit_code_of, ends), ExitCode.DONE)

    ctx.exit(run_command(ctx, work))
