"""What a job came to: all its rows read, the counters reconciled, who asked, what failed, and what followed it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import JobStatus, RowStatus
from tui_app.api.pagination import job_message_pages
from tui_app.core.text import sanitize
from tui_app.jobs.failures import cause_of, is_failure
from tui_app.jobs.progress import describe_missing
from tui_app.jobs.reasons import ReasonGroup, ReasonTally
from tui_app.plans.journal import JournalError
from tui_app.plans.state import Outcome
from tui_app.plans.trail import UNTRIED, JobTrail, Stands, trail_of_job

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.trail import Fate

FAILED_AGAIN: Final = "failed again"
NOT_TRIED: Final = "not tried again"
NOT_TOLD: Final = "not to be told: the row has no id that a plan keeps"
_COUNTED: Final = (RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.SKIPPED, RowStatus.CANCELLED)
# Which retries are still to come is not told: a report does not depend on when it was made.
_AFTER_ALL: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What became of a failed row after the job: a word or two, and the plan that did it; empty where none did."""

    what: str
    plan: str = ""
    undone: bool = False
    """Whether the plan is an undo, and not the retry."""

    def describe(self) -> str:
        """Both: `moved, plan 0a1b2c3d`, or `moved, then taken back in plan 0a1b2c3d`."""
        return f"{self.what}{' in' if self.undone else ','} plan {self.plan}" if self.plan else self.what


def _told(fate: Fate, recipient: str) -> Afterwards:
    """What a retry made of a row, and what its undos made of that."""
    outcome = fate.outcome_for(recipient)
    if outcome in UNTRIED:
        return Afterwards(NOT_TRIED, fate.plan)
    what = FAILED_AGAIN if outcome in (Outcome.FAILED, Outcome.REFUSED) else outcome.value
    undo = fate.undo
    if undo is None or Stands.NO in (fate.done(recipient), undo.done(recipient)):
        return Afterwards(what, fate.plan)
    taken_back, plan = undo.stands(recipient), undo.deciding()
    if taken_back is Stands.YES:
        return Afterwards(f"{what}, then taken back", plan, True)
    if undo.done(recipient) is not Stands.YES:
        back = taken_back is Stands.NO
        return Afterwards(f"{what} again" if back else f"{what}, perhaps taken back", plan, True)
    if taken_back is Stands.PERHAPS:
        return Afterwards(f"{what}, taken back, perhaps {what} again", plan, True)
    return Afterwards(f"{what} again", plan, True)


@dataclass(frozen=True)
class JobReport:
    """A job, what was read of its rows, and what is on record about it on this machine."""

    job: Job
    account: str
    rows_read: Mapping[str, int]
    """How many rows came, by their state in capital letters."""
    failures: tuple[JobMessage, ...]
    """Failed and skipped rows, by reason, then by id."""
    reasons: tuple[ReasonGroup, ...]
    missing: tuple[str, ...]
    """Why rows may be missing, in parts of a sentence; nothing when all were read."""
    trail: JobTrail

    def afterwards(self, row: JobMessage) -> Afterwards:
        """What retries of this machine made of a failed row, and undos of them."""
        names = [name.exact for name in (row.investigate_id, row.postfix_id) if name is not None and name.exact]
        fates = self.trail.fates
        fate = next((fates[name] for name in names if name in fates), None)
        if fate is None:
            return Afterwards(NOT_TRIED if names or not self.trail.retried else NOT_TOLD)
        return _told(fate, row.recipient.exact)

    def failed_sum(self) -> tuple[int, Mapping[str, int], Mapping[str, int]]:
        """How many rows that failed were read, what became of them, and those that were not tried by their reason."""
        became: Counter[str] = Counter()
        untried: Counter[str] = Counter()
        failed = [row for row in self.failures if row.status is RowStatus.FAILED]
        for row in failed:
            what = self.afterwards(row).what
            became[what] += 1
            if what == NOT_TRIED:
                untried[reason_of(row)] += 1
        return len(failed), became, dict(untried.most_common())

    @property
    def state(self) -> str:
        """How it stands, in words that do not make it better than it is."""
        job, every = self.job, f"{self.job.total_messages_discovered:,}"
        state = sanitize(str(job.status).lower(), 40)
        if not job.ended:
            return f"still {state}, the numbers may change"
        if job.status is not JobStatus.COMPLETED:
            return f"{state}, {job.successful:,} of {every} rows completed"
        if job.failed:
            return f"completed with failures, {job.failed:,} of {every} rows failed"
        if not job.countable:
            return "completed, but a counter can't be read"
        others = [
            f"{count:,} {what}"
            for count, what in (
                (job.skipped, "skipped"),
                (job.cancelled, "cancelled"),
                (job.skipped_or_cancelled, "skipped or cancelled"),
                (job.pending, "still pending"),
                (job.unaccounted or 0, "in no counter"),
            )
            if count
        ]
        if others:
            return f"completed, but not all: {', '.join(others)} of {every} rows"
        return "completed"


def reason_of(row: JobMessage) -> str:
    """The label of a row's reason, safe text."""
    return cause_of(row.status_message.exact if row.status_message is not None else "").label


async def read_job_report(
    client: EmailSecurityClient,
    ledger: Ledger,
    account: str,
    job_id: str,
    on_progress: Callable[[int], None] = lambda _: None,
) -> JobReport:
    """Read a job with all its rows, and what is on record about it. `on_progress` is told how many rows came. Raises ApiError."""
    before = await client.get_job(job_id)
    pages = job_message_pages(client, job_id, expected=before.total_messages_discovered)
    tally = ReasonTally(_AFTER_ALL)
    read: Counter[str] = Counter()
    failures: list[JobMessage] = []
    async for page in pages:
        tally.add(page)
        read.update(row.raw.status.upper() for row in page)
        failures += [row for row in page if is_failure(row.raw.status)]
        on_progress(sum(read.values()))
    job = await client.get_job(job_id) if read else before
    missing = [*pages.doubts("row")]
    if job.counters != before.counters:
        missing.append("the job went on while its rows were read")
    if less := describe_missing(job, None, sum(read.values())):
        missing.append(f"{sum(read.values()):,} rows came, and {less}")
    for status in _COUNTED:
        if less := describe_missing(job, status, read[status.value]):
            missing.append(f"{read[status.value]:,} {status.value.lower()} rows came, and {less}")
    try:
        trail = await asyncio.to_thread(trail_of_job, ledger, job.id)
    except JournalError as error:
        trail = JobTrail(problem=str(error))
    reasons = tally.result().groups
    place = {group.label: number for number, group in enumerate(reasons)}
    # The order in which rows come may be another one each time. A hundred thousand take longer than a key may wait.
    await asyncio.to_thread(failures.sort, key=lambda row: (place[reason_of(row)], row.id))
    return JobReport(job, account, dict(sorted(read.items())), tuple(failures), reasons, tuple(missing), trail)
