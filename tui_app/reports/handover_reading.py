"""Reading what the next shift has to know: the list of jobs, the ledger, and a bounded number of failed rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from tui_app.api.enums import JobStatus, RowStatus
from tui_app.api.page import MAX_PER_PAGE
from tui_app.api.pagination import job_message_pages, job_pages
from tui_app.api.wire_values import readable
from tui_app.config.settings import canonical_account
from tui_app.core.clock import rough_duration
from tui_app.core.errors import SluiceError
from tui_app.core.mark import ends_with
from tui_app.core.text import plural, sanitize
from tui_app.jobs.failures import advice_without_hope, cause_of
from tui_app.jobs.job_list import newest_first
from tui_app.jobs.progress import STALL, describe_missing
from tui_app.jobs.reasons import ReasonTally
from tui_app.plans.effect import Source
from tui_app.plans.ledger_entry import PlanSummary
from tui_app.plans.ledger_filter import happened_since
from tui_app.plans.origin import Origin, origin_of
from tui_app.plans.state import WORST_FIRST, WRONG, Outcome
from tui_app.plans.trail import done_since
from tui_app.plans.write_entry import CREATE, WriteEntry
from tui_app.reports.handover import (
    FAILED,
    RETRYABLE,
    USUAL,
    FailedMessages,
    Failures,
    Handover,
    HandoverJob,
    HandoverPlan,
    LedgerPart,
    masked,
    told_cause,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.budget import BudgetState
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.jobs.progress import Eta
    from tui_app.jobs.service import JobService
    from tui_app.plans.ledger import Ledger, Listed
    from tui_app.plans.service import PlanService
    from tui_app.plans.state import PlanState

_LIST_PAGES: Final = 50
"""Pages of the list of jobs that are read."""
_JOBS_READ: Final = 10
"""Jobs of which failed rows are read, the newest."""
_ROW_PAGES: Final = 5
"""Pages of failed rows that are read of each of them."""
_PLANS_READ: Final = 100
"""Plans that are over and are read in full: why messages failed, and how they were seen afterwards."""

_NOT_KNOWN: Final = "not known."
"""Who is acting right now, where that can't be seen: without a word it would be nobody."""


class HandoverSource(Protocol):
    """What a handover is read from: the service."""

    @property
    def settings(self) -> Settings:
        """The account."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def jobs(self) -> JobService:
        """Bulk jobs."""
        ...

    @property
    def plans(self) -> PlanService:
        """Plans and the ledger. Raises UsageError where there is no folder for the records."""
        ...

    @property
    def budget(self) -> BudgetState:
        """What is left of the quota."""
        ...

    @property
    def server_now(self) -> datetime | None:
        """What time it is by the server's clock."""
        ...


async def read_handover(
    source: HandoverSource, since: datetime | None = None, on_step: Callable[[str], object] = lambda _: None
) -> Handover:
    """Read what happened since a moment (by default for twelve hours), and what is open. What can't be read is told in it.

    `on_step` is told in a few words what is read next.
    """
    now = source.clock.now()
    since = since if since is not None else now - USUAL
    on_step("the list of jobs")
    listed, unreached, not_read = await _read_list(source)
    # After the jobs: what this machine asked for is on its disk before the server can tell of it.
    on_step("the ledger of this machine")
    ledger, origin = await _read_ledger(source, since)
    by_server = source.server_now or now
    jobs = [
        replace(
            _with_origin(job, ledger),
            pace="" if job.ended else _pace(job, source.jobs.followed.eta(job), by_server),
            followed=ledger.following.get((Source.JOB, job.id.lower()), ()),
        )
        for job in newest_first(tuple(listed))
        if _belongs(job, since)
    ]
    jobs, more = await _with_failures(source, jobs, on_step)
    return Handover(
        source.settings, origin, since, source.clock.now(), tuple(jobs), ledger, source.budget, unreached,
        (*not_read, *more),
    )  # fmt: skip


# ---- jobs


async def _read_list(source: HandoverSource) -> tuple[list[Job], str, list[str]]:
    """All jobs, why none could be read, and sentences on what is missing."""
    found: list[Job] = []
    try:
        pages = job_pages(source.jobs.client())
        try:
            for _ in range(_LIST_PAGES):
                found += await pages.load()
                if pages.complete:
                    break
        finally:
            pages.close()
    except SluiceError as error:
        if not found:
            return [], _masked(error), []
        return found, "", [f"Jobs after the first {len(found):,}: {_masked(error)}"]
    finally:
        source.jobs.followed.take(found)
    not_read = []
    if not pages.complete:
        not_read.append(f"Jobs after the first {len(found):,}: no more of the list is read.")
    not_read += [f"The list of jobs: {doubt}." for doubt in pages.doubts("job")]
    return found, "", not_read


def _belongs(job: Job, since: datetime) -> bool:
    """Whether it was created, or changed, since then; one that runs does, and one of which nobody tells when it ended."""
    if not job.ended or job.completed_at is None:
        return True
    return max(at for at in (job.created_at, job.started_at, job.completed_at) if at is not None) >= since


def _with_origin(job: Job, ledger: LedgerPart) -> HandoverJob:
    """Who asked for it, as far as the ledger tells; the API does not."""
    if (write := ledger.created.get(job.id.lower())) is not None:
        return HandoverJob(job, sanitize(write.origin.who, 200), write.reason)
    if ledger.problem:
        return HandoverJob(job, "nobody knows: the ledger can't be read")
    comment = job.comment.exact if job.comment is not None else ""
    for write in ledger.lost:
        if write.mark and ends_with(comment, write.mark):
            who = sanitize(write.origin.who, 200)
            return HandoverJob(job, f"perhaps {who}: its comment has the mark of write {write.name}", write.reason)
    return HandoverJob(job, "not created from this machine")


def _pace(job: Job, eta: Eta, now: datetime) -> str:
    """How long it takes, or that nothing moves: by what was seen of it, else by its average since it started."""
    if eta.left is not None or eta.still_for is not None:
        return eta.describe()
    if not job.countable:
        return "its counters can't be read"
    if job.status is not JobStatus.PROCESSING or job.started_at is None or job.messages_pending is None:
        return ""
    ran = (now - job.started_at).total_seconds()
    through = job.total_messages_discovered - job.pending
    if through <= 0:
        return f"nothing done in the {rough_duration(ran)} since it started" if ran >= STALL else ""
    if ran <= 0 or not job.pending:
        return ""
    return f"at its average pace so far about {rough_duration(ran * job.pending / through)} left"


def _has_failures(job: Job) -> bool:
    """Whether something failed, or may have: a counter that can't be read is not 0."""
    return bool(job.failed) or job.status is JobStatus.FAILED or not job.countable


async def _with_failures(
    source: HandoverSource, jobs: Sequence[HandoverJob], on_step: Callable[[str], object]
) -> tuple[list[HandoverJob], list[str]]:
    """The jobs, with reasons where rows failed: of the newest of them; and a sentence where those of others were not read."""
    wanted = [each for each in jobs if _has_failures(each.job) and (each.job.failed or not each.job.countable)]
    read: dict[str, Failures] = {}
    for number, each in enumerate(wanted[:_JOBS_READ], 1):
        on_step(f"failed rows of job {number} of {min(len(wanted), _JOBS_READ)}")
        read[each.job.id] = await _read_failures(source.jobs.client(), each.job, source.clock.now())
    others = wanted[_JOBS_READ:]
    for each in others:
        read[each.job.id] = Failures(not_read=(f"not read: {_rows_of(each.job.failed)}",))
    done = [
        replace(each, failures=read.get(each.job.id, Failures())) if _has_failures(each.job) else each for each in jobs
    ]
    not_read = [
        f"Failed rows of job {sanitize(each.job.id[:8])}: {'; '.join(read[each.job.id].not_read)}."
        for each in wanted[:_JOBS_READ]
        if read[each.job.id].not_read
    ]
    if others:
        least = "" if all(each.job.countable for each in others) else "at least "
        rows = plural(sum(each.job.failed for each in others), "row")
        not_read.append(
            f"Why {least}{rows} of {plural(len(others), 'other job')} failed: only the newest {_JOBS_READ} are read."
        )
    return done, not_read


def _rows_of(count: int) -> str:
    return plural(count, "row") if readable(count) and count else "an unknown number of rows"


async def _read_failures(client: EmailSecurityClient, job: Job, now: datetime) -> Failures:
    """Why rows of a job failed: a few pages of them."""
    counted, tally, came = job.counted(RowStatus.FAILED), ReasonTally(now), 0
    not_read: list[str] = []
    try:
        pages = job_message_pages(
            client, job.id, status=RowStatus.FAILED, expected=min(counted, _ROW_PAGES * MAX_PER_PAGE)
        )
        try:
            for _ in range(_ROW_PAGES):
                page = await pages.load()
                tally.add(page)
                came += len(page)
                if pages.complete:
                    break
        finally:
            pages.close()
        if not pages.complete:
            not_read.append(f"not read: {_rows_of(max(0, counted - came))}")
        elif less := describe_missing(job, RowStatus.FAILED, came):
            not_read.append(f"{came:,} failed rows came, and {less}")
        not_read += pages.doubts("row")
    except SluiceError as error:
        not_read.append(f"not read: {_rows_of(max(0, counted - came))} ({_masked(error).rstrip('.')})")
    return Failures(tally.result().groups, tuple(not_read))


def _masked(error: SluiceError) -> str:
    """What went wrong, without addresses and quotations: a server may have put them in."""
    return masked(str(error))


# ---- the ledger


async def _read_ledger(source: HandoverSource, since: datetime) -> tuple[LedgerPart, Origin]:
    """What the ledger tells, and who reads it."""
    try:
        ledger = source.plans.ledger
    except SluiceError as error:
        return LedgerPart(acting=_NOT_KNOWN, problem=sanitize(str(error), 300)), origin_of({})
    try:
        part = await asyncio.to_thread(_ledger_part, ledger, source.settings.identity, since)
        state = source.plans.state
        if state is not None and not state.ended:
            part = replace(part, acting=f"this console, on plan {state.plan.plan_id}")
        return part, ledger.origin
    except SluiceError as error:
        acting, _ = await asyncio.to_thread(_acting, ledger, source.settings.identity)
        return LedgerPart(acting=acting, problem=sanitize(str(error), 300)), ledger.origin


def _ledger_part(ledger: Ledger, identity: str, since: datetime) -> LedgerPart:
    """All that belongs to an account, and is open or happened since then. Raises JournalError."""
    overview = ledger.overview()
    own: list[Listed] = []
    elsewhere = 0
    for each in overview.listed:
        if canonical_account(each.account) == identity:
            own.append(each)
        elif _wanted(each, since):
            elsewhere += 1
    writes = [each for each in own if isinstance(each, WriteEntry)]
    created: dict[str, WriteEntry] = {}
    following: dict[tuple[str, str], list[PlanSummary]] = {}
    # The oldest first, and those in doubt before all: of a journal and its copy the original counts.
    for write in sorted(writes, key=lambda write: (not write.doubts, write.number)):
        if write.write == CREATE and write.job:
            created[write.job.lower()] = write
    for plan in reversed(own):
        if isinstance(plan, PlanSummary) and plan.source is not None:
            following.setdefault((plan.source.kind, plan.source.name.lower()), []).append(plan)
    acting, unseen = _acting(ledger, identity)
    plans, not_read = _plans(ledger, [each for each in own if isinstance(each, PlanSummary) and _wanted(each, since)])
    return LedgerPart(
        tuple(replace(each, followed=tuple(following.get((Source.PLAN, each.plan.plan_id), ()))) for each in plans),
        tuple(write for write in writes if _wanted(write, since)),
        created,
        tuple(write for write in writes if write.open and write.write == CREATE),
        {name: tuple(plans) for name, plans in following.items()},
        elsewhere,
        acting,
        not_read=(
            *unseen,
            *(sanitize(sentence, 300) for sentence in overview.unreadable),
            *(f"{name} has the name of a journal and is none: nothing is sent until it is moved away." for name in overview.unexpected),
            *not_read,
        ),
    )  # fmt: skip


def _acting(ledger: Ledger, identity: str) -> tuple[str, list[str]]:
    """Who acts on the account elsewhere right now, or that it is not known, and a sentence where that can't be seen."""
    try:
        return sanitize(ledger.lock_holder(identity), 300), []
    except SluiceError as error:
        why = sanitize(str(error), 300)
        return f"{_NOT_KNOWN} {why}", [f"Who is acting right now: {why}"]


def _wanted(each: Listed, since: datetime) -> bool:
    is_open = each.open or (isinstance(each, PlanSummary) and each.unfinished)
    return is_open or happened_since(each, since)


def _plans(ledger: Ledger, plans: Sequence[PlanSummary]) -> tuple[list[HandoverPlan], list[str]]:
    """The plans with what their whole journals tell, in their order: all that are open, of the others a hundred, failed ones first."""
    over = [plan for plan in plans if not (plan.unfinished or plan.open)]
    chosen = sorted(over, key=lambda plan: not plan.count_of(*FAILED))[:_PLANS_READ]
    in_full = {id(plan) for plan in chosen}
    told, not_read, failed_unread, unread = [], [], 0, 0
    for plan in plans:
        if not (plan.unfinished or plan.open or id(plan) in in_full):
            failed_unread += plan.count_of(*FAILED) > 0
            unread += 1
            told.append(_in_short(plan))
            continue
        try:
            told.append(_in_full(ledger, plan))
        except SluiceError as error:
            not_read.append(f"Plan {plan.name}: {sanitize(str(error), 300)}")
            told.append(_in_short(plan))
    if unread:
        why = f"why messages failed ({plural(failed_unread, 'plan')}), and " if failed_unread else ""
        not_read.append(f"Of {plural(unread, 'plan')} that are over: {why}how their messages were seen afterwards.")
    return told, not_read


def _cause(why: str) -> str:
    cause = cause_of(why)
    return told_cause(cause, cause.label)


def _in_short(plan: PlanSummary) -> HandoverPlan:
    """What is known of a plan without its journal."""
    return HandoverPlan(plan, was_read=False, left_to_retry=plan.count_of(*RETRYABLE))


def _left_to_retry(ledger: Ledger, state: PlanState) -> int:
    """How many messages a retry would send: those that it may help, and that no earlier one has done. Raises JournalError."""
    hopeful = [
        target.id
        for target in state.retryable
        if state.outcome_of(target) is not Outcome.FAILED or not advice_without_hope(state.results_by_id[target.id].why)
    ]
    done = done_since(ledger, Source.PLAN, state.plan.plan_id, Source.RETRY) if hopeful else {}
    return sum(name not in done for name in hopeful)


def _in_full(ledger: Ledger, plan: PlanSummary) -> HandoverPlan:
    """Raises JournalError."""
    entry = ledger.in_full(plan)
    state = entry.state
    counted = Counter(
        (
            result.outcome,
            _cause(result.why) if result.why else "",
            advice_without_hope(result.why) if result.outcome is Outcome.FAILED else "",
        )
        for result in state.results
        if result.outcome in FAILED
    )
    groups = sorted(counted.items(), key=lambda pair: (WORST_FIRST.index(pair[0][0]), -pair[1], pair[0][1:]))
    sightings: Iterable[str] = state.arrival.sightings.values() if state.arrival is not None else ()
    wrong = Counter(sighting for sighting in sightings if sighting in WRONG)
    return HandoverPlan(
        plan,
        entry.plan.not_before if plan.unfinished and entry.first_sent_at is None else None,
        tuple(FailedMessages(count, outcome, why[:200], advice) for (outcome, why, advice), count in groups),
        ", ".join(f"{count:,} {sighting}" for sighting, count in sorted(wrong.items())),
        remarks=len(state.remarks),
        left_to_retry=_left_to_retry(ledger, state),
    )
