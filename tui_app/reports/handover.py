"""What the next shift has to know: what is open and unknown, what failed and why, what was done, by whom, and the quota."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tui_app.api.wire_values import readable
from tui_app.core.clock import parse_moment
from tui_app.core.text import plural, sanitize
from tui_app.jobs.failures import OTHER, Cause
from tui_app.plans.state import Outcome
from tui_app.plans.write_entry import CREATE

if TYPE_CHECKING:
    from tui_app.api.budget import BudgetState
    from tui_app.api.models import Job
    from tui_app.config.settings import Settings
    from tui_app.jobs.reasons import ReasonGroup
    from tui_app.plans.ledger_entry import PlanSummary
    from tui_app.plans.origin import Origin
    from tui_app.plans.write_entry import WriteEntry

ANOTHER: Final = "a reason of its own, not told here"
USUAL: Final = timedelta(hours=12)
"""How far back it goes unless something else is asked for."""
FAILED: Final = frozenset({
    Outcome.FAILED, Outcome.REFUSED, Outcome.PARTLY, Outcome.PARTLY_MOVED, Outcome.UNDELIVERED,
})  # fmt: skip
"""Outcomes of messages that were sent and were not done in full."""
RETRYABLE: Final = (Outcome.FAILED, Outcome.REFUSED, Outcome.PARTLY_MOVED)
"""Outcomes that a retry may help, whatever the reason is."""
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_ADDRESS: Final = re.compile(r"\S*(?:[@\uff20\ufe6b]|%40)\S*", re.IGNORECASE)
_QUOTED: Final = re.compile(r"""["'`“”„‟‘’‚‛«»‹›].*["'`“”„‟‘’‚‛«»‹›]|["`“”„‟‘‚‛«»‹›].*""", re.DOTALL)
"""What may be of a mail in the words of a server: from the first to the last quotation mark, whatever kind they are."""


@dataclass(frozen=True)
class Failures:
    """Why rows of a job failed, as far as they were read; `not_read` says in parts of a sentence what was not."""

    groups: tuple[ReasonGroup, ...] = ()
    not_read: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandoverJob:
    """A job, who asked for it and why, and what followed it."""

    job: Job
    asked_by: str
    reason: str = ""
    """As the ledger keeps it; empty where it has none."""
    pace: str = ""
    """Of a running job: how long it takes, or that nothing moves, as far as that is known."""
    followed: tuple[PlanSummary, ...] = ()
    failures: Failures | None = None
    """None where nothing failed."""

    @property
    def counts(self) -> str:
        """The counters as a sum: `3,012 rows = 2,872 completed + 140 failed`."""
        job = self.job
        counters = (
            (job.successful, "completed"),
            (job.failed, "failed"),
            (job.skipped, "skipped"),
            (job.cancelled, "cancelled"),
            (job.skipped_or_cancelled, "skipped or cancelled"),
            (job.pending, "pending"),
            (job.unaccounted or 0, "in no counter"),
        )
        parts = [f"{count:,} {word}" for count, word in counters if count or not readable(count)]
        rows = plural(job.total_messages_discovered, "row")
        return f"{rows} = {' + '.join(parts)}" if parts else rows

    @property
    def time_not_told(self) -> bool:
        """Whether it is here because the server does not tell when it ended."""
        return self.job.ended and self.job.completed_at is None


@dataclass(frozen=True, slots=True)
class FailedMessages:
    """Messages of a plan that failed alike."""

    count: int
    outcome: Outcome
    why: str
    """Safe text without the words of a mail; empty for no reason."""
    advice: str
    """What to do where a retry can't help; empty where it can."""


@dataclass(frozen=True)
class HandoverPlan:
    """A plan, and what only its whole journal tells."""

    plan: PlanSummary
    due: datetime | None = None
    """The time before which it may not be sent, while nothing of it was."""
    failed: tuple[FailedMessages, ...] = ()
    seen_otherwise: str = ""
    """What a second look showed that contradicts what was said."""
    was_read: bool = True
    followed: tuple[PlanSummary, ...] = ()
    remarks: int = 0
    """What answers told beside what was asked: so many things, in the plan's report."""
    left_to_retry: int = 0
    """How many messages a retry would send, as far as is known here."""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its time."""
        return self.plan.unfinished and not self.plan.open and self.due is not None

    @cached_property
    def has_failed(self) -> bool:
        """Whether something of it went wrong for certain."""
        return bool(self.plan.count_of(*FAILED) or self.seen_otherwise or self.plan.damaged)

    @property
    def is_strange(self) -> bool:
        """Whether nothing of it went wrong for certain, and somebody has to look at it."""
        return bool(self.remarks and not self.has_failed)


@dataclass(frozen=True)
class LedgerPart:
    """What the ledger of this machine tells of the account."""

    plans: tuple[HandoverPlan, ...] = ()
    writes: tuple[WriteEntry, ...] = ()
    created: Mapping[str, WriteEntry] = field(default_factory=dict)
    """Who asked for a job, at any time, by its id in small letters."""
    lost: tuple[WriteEntry, ...] = ()
    """New jobs of which nobody knows whether there are any."""
    following: Mapping[tuple[str, str], tuple[PlanSummary, ...]] = field(default_factory=dict)
    """Retries and undos, by kind and id of what they follow from."""
    elsewhere: int = 0
    """Plans and writes of other accounts that are open, or of the time."""
    acting: str = ""
    """Who acts on the account in another process right now."""
    problem: str = ""
    """Why it can't be read; empty when it could."""
    not_read: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handover:
    """What happened in an account since a moment, and what is open."""

    settings: Settings
    origin: Origin
    since: datetime
    now: datetime
    jobs: tuple[HandoverJob, ...]
    """Of the time, or running; the newest first."""
    ledger: LedgerPart
    quota: BudgetState
    unreached: str = ""
    """Why no job could be read; empty when they were."""
    not_read: tuple[str, ...] = ()
    """Sentences on what else could not be read."""

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """All that could not be read, in sentences."""
        problems = [f"The jobs: {self.unreached}" if self.unreached else ""]
        problems.append(f"The ledger of this machine: {self.ledger.problem}" if self.ledger.problem else "")
        return (*filter(None, problems), *self.not_read, *self.ledger.not_read)

    @cached_property
    def quota_resets_at(self) -> datetime | None:
        """When the quota begins anew; None where nobody told."""
        seconds = self.quota.resets_in
        return None if seconds is None else self.now + timedelta(seconds=max(0.0, seconds))

    @property
    def in_short(self) -> str:
        """`3 open, 2 failed, 1 to look at, 14 done`."""
        strange = f", {len(self.strange_plans):,} to look at" if self.strange_plans else ""
        return f"{self.open:,} open, {self.failed:,} failed{strange}, {self.done:,} done"

    # ---- open

    @cached_property
    def running(self) -> tuple[HandoverJob, ...]:
        """Jobs that go on."""
        return tuple(each for each in self.jobs if not each.job.ended)

    @cached_property
    def not_over(self) -> tuple[HandoverPlan, ...]:
        """Plans of which messages were not sent, though nothing is unknown and no time has to come."""
        return tuple(
            each for each in self.ledger.plans if each.plan.unfinished and not each.plan.open and not each.is_waiting
        )

    @cached_property
    def unknown_plans(self) -> tuple[HandoverPlan, ...]:
        """Plans with outcomes that nobody knows, also closed ones."""
        return tuple(each for each in self.ledger.plans if each.plan.open)

    @cached_property
    def unknown_writes(self) -> tuple[WriteEntry, ...]:
        """Writes to jobs of which nobody knows whether they were done."""
        return tuple(each for each in self.ledger.writes if each.open and each.report is None)

    @cached_property
    def waiting(self) -> tuple[HandoverPlan, ...]:
        """Plans that wait for their time, the first to be sent first."""
        return tuple(
            sorted((each for each in self.ledger.plans if each.is_waiting), key=lambda each: each.due or _LAST)
        )

    @cached_property
    def unknown_reports(self) -> tuple[WriteEntry, ...]:
        """Reports of mail of which nobody knows whether they were accepted."""
        return tuple(each for each in self.ledger.writes if each.open and each.report is not None)

    @cached_property
    def open(self) -> int:
        """How many things are open."""
        parts = (
            self.running,
            self.not_over,
            self.unknown_plans,
            self.unknown_writes,
            self.waiting,
            self.unknown_reports,
        )
        return sum(map(len, parts))

    # ---- failed

    @cached_property
    def failed_jobs(self) -> tuple[HandoverJob, ...]:
        """Jobs with failures, also running ones."""
        return tuple(each for each in self.jobs if each.failures is not None)

    @cached_property
    def failed_plans(self) -> tuple[HandoverPlan, ...]:
        """Plans with failures, also open ones."""
        return tuple(each for each in self.ledger.plans if each.has_failed)

    @cached_property
    def failed_writes(self) -> tuple[WriteEntry, ...]:
        """Writes that were refused, not sent, or did not come to what was asked for."""
        return tuple(each for each in self.ledger.writes if not each.open and (each.damaged or not each.as_asked))

    @cached_property
    def failed(self) -> int:
        """How many things failed."""
        return len(self.failed_jobs) + len(self.failed_plans) + len(self.failed_writes)

    @cached_property
    def strange_plans(self) -> tuple[HandoverPlan, ...]:
        """Plans without failures whose answers told more than what was asked, also open ones."""
        return tuple(each for each in self.ledger.plans if each.is_strange)

    # ---- done

    @cached_property
    def done_jobs(self) -> tuple[HandoverJob, ...]:
        """Jobs that ended, without failures."""
        return tuple(each for each in self.jobs if each.job.ended and each.failures is None)

    @cached_property
    def done_plans(self) -> tuple[HandoverPlan, ...]:
        """Plans that are over, without failures and without open outcomes."""
        return tuple(
            each
            for each in self.ledger.plans
            if not (each.plan.unfinished or each.plan.open or each.has_failed or each.is_strange)
        )

    @cached_property
    def done_writes(self) -> tuple[WriteEntry, ...]:
        """Writes that were done as asked for; that a job was created is told with the job, where that is here."""
        here = {each.job.id.lower() for each in self.jobs}
        return tuple(
            each
            for each in self.ledger.writes
            if each.as_asked and not each.damaged and not (each.write == CREATE and each.job.lower() in here)
        )

    @cached_property
    def done(self) -> int:
        """How many things were done."""
        return len(self.done_jobs) + len(self.done_plans) + len(self.done_writes)


def parse_since(words: str, now: datetime) -> datetime:
    """The beginning of a handover, as `parse_moment` reads it; `06:00` is the last time that it was six here.

    Raises ValueError with a sentence, also for a time that has not come.
    """
    try:
        moment = parse_moment(words, now)
    except ValueError:
        raise ValueError(
            f"'{sanitize(words, 40)}' is not a time; write 12h, 7d, 06:00, 2026-11-20 or 2026-11-20T14:00:00Z."
        ) from None
    if moment > now:
        raise ValueError(f"'{sanitize(words, 40)}' has not come yet: a handover begins before now.")
    return moment


def masked(words: str, most: int = 300) -> str:
    """Words that a server may have put in, as safe text without addresses and without what it quotes."""
    return sanitize(_ADDRESS.sub("…", _QUOTED.sub("…", words[:2_000])), most)


def told_cause(cause: Cause, label: str) -> str:
    """A reason by its known cause; the words of any other one may be those of a mail."""
    return ANOTHER if cause.name == OTHER else label
