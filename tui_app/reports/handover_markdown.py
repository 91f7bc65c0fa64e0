"""A handover as Markdown: a page for the next shift, what is open and unknown first, each with the command that goes on with it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from tui_app.config.settings import check_job_id
from tui_app.core.clock import local_time, rfc3339
from tui_app.core.errors import UsageError
from tui_app.core.mark import without_marks
from tui_app.core.markdown import fact, heading
from tui_app.core.text import markdown_escape, plural, sanitize
from tui_app.jobs.failures import cause_of
from tui_app.jobs.progress import acted_share, describe_action
from tui_app.plans.follow_up import describe_followers
from tui_app.reports.handover import Handover, HandoverJob, HandoverPlan, masked, told_cause

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.models import Job
    from tui_app.jobs.reasons import ReasonGroup
    from tui_app.plans.ledger_entry import JournalSummary
    from tui_app.plans.write_entry import WriteEntry

Words = Callable[[str], str]
"""What is done to the words of an operator, when they are Markdown already."""
_LISTED: Final = 100
"""Things that one list of the page has."""
_REASONS: Final = 12
"""Reasons that are named of one job or plan."""
_LONGEST: Final = 300
"""Characters of a reason or a comment."""
_COMMAND: Final = 1_000
"""Characters of a command: the name of a file may be in it."""
_DOT: Final = " · "


def _text(text: str) -> str:
    return markdown_escape(text, in_table=False)


def _bold(text: str) -> str:
    """Nothing in stars would be a line across the page."""
    return f"**{_text(text.strip())}**" if text.strip() else ""


def _code(line: str) -> str:
    """A line that is typed as it is: nothing in it means anything to Markdown."""
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    blank = " " if len(fence) > 1 else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def _when(at: datetime | None) -> str:
    return "at an unknown time" if at is None else f"{local_time(at):%Y-%m-%d %H:%M}"


def _zoned(at: datetime) -> str:
    local = local_time(at)
    return f"{local:%Y-%m-%d %H:%M} {local.isoformat()[-6:]}"


class _Page:
    """Makes the lines of a handover; `private` is given the words of operators."""

    def __init__(self, handover: Handover, private: Words) -> None:
        self._handover = handover
        self._private = private
        profile = handover.settings.profile
        self._program = ["mailsluice", *(["--profile", profile] if profile is not None else [])]

    def lines(self) -> list[str]:
        """All of them."""
        parts = (self._head, self._open, self._failed, self._to_look_at, self._done, self._quota, self._not_read)
        return [line for part in parts for line in part()]

    def _command(self, *words: str) -> str:
        """A command as it is typed, with the profile that this was made for."""
        return _code(sanitize(shlex.join([*self._program, *words]), _COMMAND))

    def _words(self, words: str, kind: str = "reason") -> str:
        """Why, in somebody's words, which are marked as such: between our facts they must not look like one; empty for none."""
        told = sanitize(words.strip(), _LONGEST).replace("·", "-").replace('"', "'")
        return f'{kind}: "{self._private(_text(told))}"' if told else ""

    # ---- head

    def _head(self) -> list[str]:
        handover, settings = self._handover, self._handover.settings
        more = [
            f"profile {sanitize(settings.profile, 60)}" if settings.profile else "",
            "READ-ONLY" if settings.read_only else "",
            f"at {sanitize(settings.other_host, 60)}" if settings.other_host else "",
        ]
        lines = [heading(f"Handover · account {settings.short_account_id} · {_zoned(handover.now)}"), ""]
        for sentence in self._alarms():
            lines += [_bold(sentence), ""]
        lines += [
            fact("account", ", ".join(filter(None, (settings.short_account_id, *more)))),
            fact("from", _zoned(handover.since)),
            fact("to", _zoned(handover.now)),
            fact("made by", sanitize(handover.origin.describe(), 200)),
            fact("in short", f"{handover.in_short}{', as far as it could be read' if handover.missing else ''}"),
        ]
        if handover.ledger.plans or handover.ledger.writes:
            host = sanitize(handover.origin.host, 60)
            told = f"those with a plan or a write need the ledger of {sanitize(handover.origin.user, 60)} on {host}"
            lines.append(fact("commands", told))
        if handover.ledger.acting:
            lines.append(fact("acting right now", handover.ledger.acting))
        if handover.ledger.elsewhere:
            others = plural(handover.ledger.elsewhere, "entry", "entries")
            lines.append(f"- other accounts: {others} of the ledger, not told here: {self._list_command()}")
        return lines

    def _alarms(self) -> Iterable[str]:
        handover = self._handover
        if handover.unreached:
            yield f"The jobs could not be read; what follows is from the ledger of this machine alone. {handover.unreached}"
        if handover.ledger.problem:
            yield f"The ledger of this machine could not be read: plans and writes are missing. {handover.ledger.problem}"
        if handover.not_read or handover.ledger.not_read:
            yield "Not all could be read: see the end."

    def _list_command(self) -> str:
        return self._command("ledger", "list", "--since", rfc3339(self._handover.since))

    # ---- open

    def _open(self) -> list[str]:
        handover = self._handover
        lines = ["", heading("Open now", 2)]
        if not handover.open:
            return [*lines, "", "Nothing is open." if not handover.missing else "Nothing that could be read is open."]
        lines += self._part("Running jobs", handover.running, self._running)
        lines += self._part("Plans that are not over", handover.not_over, self._unfinished)
        unknown = [
            *((each.plan.at, self._unknown_plan(each)) for each in handover.unknown_plans),
            *((write.at, self._unknown_write(write)) for write in handover.unknown_writes),
        ]
        lines += self._part("Unknown outcomes", unknown, lambda pair: pair[1])
        lines += self._part("Plans that wait for their time", handover.waiting, self._waiting)
        return lines + self._part("Reports of mail, unknown", handover.unknown_reports, self._unknown_write)

    def _part(self, title: str, things: Sequence[Any], make: Callable[[Any], list[str]]) -> list[str]:
        """A list under a title; nothing where it is empty."""
        if not things:
            return []
        lines = ["", heading(f"{title} ({len(things):,})", 3), ""]
        for thing in things[:_LISTED]:
            lines += make(thing)
        if (more := len(things) - _LISTED) > 0:
            where = self._command("jobs") if "jobs" in title.lower() else self._command("ledger", "list")
            lines.append(f"- {more:,} more: {where}")
        return lines

    def _item(self, *parts: str, below: Iterable[str] = ()) -> list[str]:
        """An item of a list; the parts are Markdown, and so are those below it."""
        return [f"- {_DOT.join(filter(None, parts))}", *(f"  - {line}" for line in below if line)]

    def _running(self, each: HandoverJob) -> list[str]:
        job, share = each.job, acted_share(each.job)
        state = sanitize(str(job.status).lower(), 40) + (f", {int(share * 100)} %" if share is not None else "")
        return self._item(
            self._job(job), _text(state), _text(each.counts), _text(each.pace), *self._asked(each),
            below=[f"next: {self._of_job('watch', job)}"],
        )  # fmt: skip

    def _unfinished(self, each: HandoverPlan) -> list[str]:
        return self._item(*self._plan(each), below=[*self._doubts(each.plan), self._resume(each)])

    def _resume(self, each: HandoverPlan) -> str:
        plan = each.plan
        if plan.damaged:
            return self._keep(plan)
        if plan.doubts:
            look = self._command("ledger", "show", plan.name)
            return f"next: {look}, then {self._command('ledger', 'resume', plan.name, '--despite-doubts')}"
        close = self._command("ledger", "close", plan.name)
        return f"next: {self._command('ledger', 'resume', plan.name)}, or {close}"

    def _keep(self, plan: JournalSummary) -> str:
        return f"next: keep the file {_text(sanitize(plan.file, 100))}; {self._command('ledger', 'verify')}"

    def _unknown_plan(self, each: HandoverPlan) -> list[str]:
        plan = each.plan
        settle = f"next: {self._command('ledger', 'settle', plan.name)}"
        if plan.damaged:
            return self._unfinished(each)
        if plan.unfinished:
            settle += "; nothing of it is sent again before that"
        closed = "closed: the rest is never sent" if plan.closed else ""
        return self._item(*self._plan(each), closed, below=[*self._doubts(plan), settle])

    def _waiting(self, each: HandoverPlan) -> list[str]:
        assert each.due is not None
        is_due = each.due <= self._handover.now
        when = f"**{'was due' if is_due else 'due'} {_text(_zoned(each.due))}**"
        plan = each.plan
        if plan.damaged or plan.doubts:
            return self._item(when, *self._plan(each), below=[*self._doubts(plan), self._resume(each)])
        resume = self._command("ledger", "resume", plan.name)
        how = f"next: {resume}" + ("" if is_due else ", which waits: nothing is sent unless a mailsluice is open then")
        return self._item(when, *self._plan(each), below=[how])

    def _unknown_write(self, write: WriteEntry) -> list[str]:
        settle = f"next: {self._command('ledger', 'settle', write.name)}"
        return self._item(*self._write(write), below=[*self._doubts(write), settle])

    # ---- failed

    def _failed(self) -> list[str]:
        handover = self._handover
        lines = ["", heading("Failed", 2)]
        if not handover.failed:
            return [*lines, "", "Nothing failed." if not handover.missing else "Nothing that could be read failed."]
        lines += self._part("Jobs with failures", handover.failed_jobs, self._failed_job)
        lines += self._part("Plans with failures", handover.failed_plans, self._failed_plan)
        return lines + self._part("Writes that were not done as asked", handover.failed_writes, self._failed_write)

    def _failed_job(self, each: HandoverJob) -> list[str]:
        job, failures = each.job, each.failures
        assert failures is not None
        below = [self._reason(group) for group in failures.groups[:_REASONS]]
        if rest := failures.groups[_REASONS:]:
            rows = plural(sum(group.count for group in rest), "row")
            below.append(f"{rows} for {plural(len(rest), 'other reason')}: {self._of_job('job', job, '--reasons')}")
        below += [_bold(sentence) for sentence in failures.not_read]
        if job.status_message is not None and job.ended and job.status_message.exact:
            cause = cause_of(job.status_message.exact)
            below.append(f"reason of the state: {_text(told_cause(cause, cause.label))}")
        below.append(_text(_followed(each)))
        if not job.ended:
            below.append("the job still runs: retry when it has ended")
        elif any(group.worth_retrying for group in failures.groups):
            below.append(f"next: {self._of_job('retry', job)}")
        else:
            below.append(f"next: {self._of_job('job', job, '--reasons')}")
        return self._item(self._job(job), _state(job), _text(each.counts), *self._asked(each), below=below)

    def _reason(self, group: ReasonGroup) -> str:
        again = group.latest_retry
        due = f" · not before {_when(again)}" if again is not None and again > self._handover.now else ""
        return f"{group.count:,} {_text(told_cause(group.cause, group.label[:200]))}: {_text(group.cause.advice)}{due}"

    def _failed_plan(self, each: HandoverPlan) -> list[str]:
        plan = each.plan
        below = []
        for group in each.failed[:_REASONS]:
            why = f": {_text(group.why)}" if group.why else ""
            advice = f"; {_text(group.advice)}" if group.advice else ""
            below.append(f"{group.count:,} {group.outcome.value}{why}{advice}")
        if rest := each.failed[_REASONS:]:
            below.append(f"{sum(group.count for group in rest):,} for {plural(len(rest), 'other reason')}")
        if each.seen_otherwise:
            below.append(f"looked at again: {_text(each.seen_otherwise)}")
        if each.remarks:
            below.append(self._beside(each))
        if not each.was_read:
            below.append("**why: not read**")
        below += [*self._doubts(plan), _text(_followed(each))]
        show = self._command("ledger", "show", plan.name)
        if plan.damaged:
            below.append(self._keep(plan))
        elif not each.left_to_retry:
            below.append(f"nothing of it is left to retry; look: {show}")
        elif plan.doubts:
            below.append(f"next: {show}, then {self._command('retry', plan.name, '--despite-doubts')}")
        else:
            below.append(f"next: {self._command('retry', plan.name)}, or look: {show}")
        return self._item(*self._plan(each), below=below)

    @staticmethod
    def _beside(each: HandoverPlan) -> str:
        return f"**look at its report: answers told {plural(each.remarks, 'thing')} beside what was asked**"

    # ---- to look at

    def _to_look_at(self) -> list[str]:
        if not (plans := self._handover.strange_plans):
            return []
        part = self._part("Plans whose answers told more than was asked", plans, self._strange_plan)
        return ["", heading("To look at", 2), *part]

    def _strange_plan(self, each: HandoverPlan) -> list[str]:
        below = [self._beside(each), *self._doubts(each.plan), _text(_followed(each))]
        return self._item(*self._plan(each), below=[*below, f"look: {self._command('ledger', 'show', each.plan.name)}"])

    def _failed_write(self, write: WriteEntry) -> list[str]:
        last = write.answers[-1] if write.answers else None
        below = [*self._doubts(write)]
        if last is not None:
            # Words of others never begin a line: there they might be more than words.
            below += [f"told: {_text(masked(words, _LONGEST))}" for words in (last.why, *last.differences) if words]
        return self._item(*self._write(write), below=[*below, f"look: {self._command('ledger', 'show', write.name)}"])

    # ---- done

    def _done(self) -> list[str]:
        handover = self._handover
        lines = ["", heading("Done", 2)]
        if not handover.done:
            return [*lines, "", "Nothing." if not handover.missing else "Nothing that could be read."]
        lines += self._part("Jobs that ended", handover.done_jobs, self._done_job)
        lines += self._part("Plans that are over", handover.done_plans, lambda each: self._item(*self._plan(each)))
        return lines + self._part("Other writes", handover.done_writes, lambda write: self._item(*self._write(write)))

    def _done_job(self, each: HandoverJob) -> list[str]:
        parts = [self._job(each.job), _state(each.job), _text(each.counts), *self._asked(each)]
        return self._item(*parts, _text(_followed(each)))

    # ---- what one thing is

    def _job(self, job: Job) -> str:
        """When, what, which."""
        when = _when(job.completed_at if job.ended and job.completed_at is not None else job.created_at)
        if job.ended:
            word = "ended" if job.completed_at is not None else "the server does not tell when it ended, created"
        else:
            word = "created"
        return _text(f"{word} {when} · {describe_action(job)}, job {sanitize(job.id, 100)}")

    def _asked(self, each: HandoverJob) -> tuple[str, str]:
        """By whom, and why: in the words of the ledger, else in those of the comment."""
        comment = each.job.comment.exact if each.job.comment is not None else ""
        words = self._words(each.reason) if each.reason else self._words(without_marks(comment), "comment")
        return _text(each.asked_by), words

    def _of_job(self, command: str, job: Job, *more: str) -> str:
        """A command about a job; a job whose id is none can't be asked for."""
        try:
            return self._command(command, check_job_id(job.id), *more)
        except UsageError:
            return "none; its id is not one that can be asked for"

    def _plan(self, each: HandoverPlan) -> tuple[str, ...]:
        plan = each.plan
        source = f", {sanitize(plan.source.describe(), 60)}" if plan.source is not None else ""
        what = f"{_when(plan.at)} · {plan.what}, plan {plan.name}{source}"
        counts = plan.describe() or "nothing"
        return (
            _text(what),
            _text(plan.standing),
            _text(counts),
            _text(sanitize(plan.origin.who, 200)),
            self._words(plan.reason),
        )

    def _write(self, write: WriteEntry) -> tuple[str, ...]:
        what, sums = write.what, ""
        if write.report is not None:
            what, sums = f"{what} of plan {write.target}, {write.report.what}", write.sums()
        else:
            if write.action:
                what += f", {write.does}"
            what += f", job {sanitize(write.job, 100)}" if write.job else ", whose id nobody knows"
            sums = write.counts if write.preview is not None else ""
        http = write.answers[-1].http if write.answers else None
        state = write.standing + (
            f" (HTTP {http})" if http is not None else "" if write.answers else ", no answer is on record"
        )
        return (
            _text(f"{_when(write.at)} · {what} ({write.name})"),
            _text(state),
            _text(sums),
            _text(sanitize(write.origin.who, 200)),
            self._words(write.reason),
        )

    def _doubts(self, each: JournalSummary) -> list[str]:
        told = [f"its journal is damaged: {sanitize(each.damaged, 200)}"] if each.damaged else []
        return [_bold(sentence) for sentence in (*told, *(sanitize(doubt, 300) for doubt in each.doubts))]

    # ---- the end

    def _quota(self) -> list[str]:
        return ["", heading("Quota", 2), "", _text(_quota(self._handover))]

    def _not_read(self) -> list[str]:
        missing = self._handover.missing
        if not missing:
            return ["", "All was read."]
        shown = [f"- not read: {_text(sentence)}" for sentence in missing[:_LISTED]]
        more = [f"- not read: {len(missing) - _LISTED:,} more"] if len(missing) > _LISTED else []
        return ["", heading("Not read", 2), "", *shown, *more]


def _quota(handover: Handover) -> str:
    quota = handover.quota
    if quota.remaining is None:
        return "Nobody told what is left of the quota."
    of = f" of {quota.quota:,}" if quota.quota else ""
    resets = handover.quota_resets_at
    until = f", until {_zoned(resets)}, when it begins anew" if resets is not None else ""
    blocked = f" Nothing is accepted for another {quota.blocked:.0f} s." if quota.blocked > 0 else ""
    return f"{quota.remaining:,}{of} requests left{until}.{blocked}"


def _state(job: Job) -> str:
    return _text(sanitize(str(job.status).lower(), 40) + ("" if job.ended else ", still running"))


def _followed(each: HandoverJob | HandoverPlan) -> str:
    return sanitize(describe_followers(each.followed), 400)


def as_markdown(handover: Handover, private: Words = str) -> str:
    """The handover as Markdown, in which the words of others mean nothing. `private` is given those of operators."""
    return "\n".join(_Page(handover, private).lines()) + "\n"
