"""What can be done about what a job or a plan left behind: trying again what failed, taking back what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import ActionType, Destination, RowStatus
from tui_app.api.wire_values import readable
from tui_app.core.clock import local_time
from tui_app.core.errors import GuardError
from tui_app.core.id_form import IdKind, kind_of, message_id
from tui_app.core.mark import without_marks
from tui_app.core.text import plural, sanitize
from tui_app.plans.effect import TO_RELEASE, Effect, Source
from tui_app.plans.lookup import plain_senders
from tui_app.plans.request import PlanRequest, RowNames
from tui_app.plans.state import SAID_DONE, Outcome

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage
    from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary

Hopeless = Callable[[str], tuple[str, str] | None]
"""Why trying again can't help, by the words of a failure, and the word that includes it all the same; None where it may help."""
UNDO_OF_RELEASE: Final = (Destination.JUNK, Destination.SOFT_DELETE)
"""Where released mail can be taken."""
_LONGEST_REASON: Final = 200
_LONGEST_WAIT: Final = timedelta(days=1)
"""How far ahead a time to try again may be: one row of another year is not to hold back all others."""
_UNDO: Final = "undo: "
_NO_ID: Final = "without an id of a message"


def id_of_row(row: JobMessage, effect: Effect) -> str:
    """By what the mail of a job's row is asked for; empty for nothing.

    A postfix id is no way to move mail: there the alert id comes before it, and last the Message-ID, which whoever sent the
    mail chose: in its brackets, so that it is never taken for another kind of id.
    """
    if row.investigate_id is not None:
        return row.investigate_id.exact.strip()
    alert = row.alert_id.exact.strip() if row.alert_id is not None else ""
    alert = alert if kind_of(alert) is IdKind.ALERT else ""
    postfix = row.postfix_id.exact.strip() if row.postfix_id is not None else ""
    if not effect.is_move and postfix:
        return postfix
    named = message_id(row.email_message_id.exact) if row.email_message_id is not None else ""
    return alert or named or postfix


def _done_by(row: JobMessage, done: Mapping[str, str]) -> str:
    """The plan that has done something to a row's mail already; empty when none has."""
    if row.investigate_id is not None:
        return done.get(row.investigate_id.exact.strip(), "")
    return done.get(row.postfix_id.exact.strip(), "") if row.postfix_id is not None else ""


def effect_of(job: Job) -> Effect:
    """What a job does to each message. Raises GuardError for what nobody knows."""
    if job.action_type is ActionType.RELEASE:
        return TO_RELEASE
    destination = job.action_params.destination
    if job.action_type is ActionType.MOVE and isinstance(destination, Destination):
        return Effect.move(destination)
    raise GuardError("This job does something that this version does not know. Nothing was sent.")


def describe_followers(plans: Iterable[PlanSummary]) -> str:
    """What followed a job or a plan: `then retry dc3cddb0: 94 moved, 2 failed`; empty for nothing."""
    told = [
        f"{plan.source.relation} {plan.name}: {plan.describe() or 'nothing sent'}"
        for plan in plans
        if plan.source is not None
    ]
    return f"then {'; '.join(told)}" if told else ""


def _reason_of(job: Job) -> str:
    """The job's comment without the mark that we put at its end."""
    comment = job.comment.exact if job.comment is not None else ""
    return sanitize(" ".join(without_marks(comment).split()), _LONGEST_REASON)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


def row_names(rows: Iterable[JobMessage]) -> dict[str, dict[RowNames, None]]:
    """What rows of a job tell of each mail beside its investigate id."""
    told: dict[str, dict[RowNames, None]] = {}
    for row in rows:
        if row.investigate_id is not None:
            message_id, postfix_id, alert_id = (
                "" if name is None else name.exact.strip()
                for name in (row.email_message_id, row.postfix_id, row.alert_id)
            )
            sender, subject = ("" if words is None else words.exact for words in (row.sender, row.subject))
            recipient = row.recipient.exact.strip()
            names = RowNames(message_id.strip("<>"), postfix_id, alert_id, sender, subject, recipient)
            told.setdefault(row.investigate_id.exact.strip(), {})[names] = None
    return told


def _tells_another(row: JobMessage, effect: Effect) -> bool:
    """Whether a row says that another thing was done to it than its job does."""
    action = row.action_type
    if isinstance(action, ActionType) and (action is ActionType.MOVE) is not effect.is_move:
        return True
    destination = row.destination
    return effect.is_move and isinstance(destination, Destination) and destination is not effect.destination


def _senders(rows: Iterable[JobMessage]) -> frozenset[str]:
    return plain_senders(row.sender.exact for row in rows if row.sender is not None)


def move_of_rows(job: Job, rows: Sequence[JobMessage], destination: Destination) -> PlanRequest:
    """The mail of these rows of a job moved to a folder; an undo of that leads to where the job had moved all of it.

    Raises GuardError when none of them tells which mail it is about.
    """
    effect = Effect.move(destination)
    names = [id_of_row(row, effect) for row in rows]
    ids, nameless = dict.fromkeys(filter(None, names)), names.count("")
    if not ids:
        raise GuardError("These rows do not tell which mail they are about. Nothing was sent.")
    remarks = (f"Left out: {nameless:,} {_NO_ID}",) if nameless else ()
    moved = all(row.status is RowStatus.COMPLETED and not _tells_another(row, _of(job)) for row in rows)
    before = _of(job).destination if moved else None
    source = Source(Source.MOVE, Source.JOB, job.id, before)
    return PlanRequest(
        effect, tuple(ids), source=source, row_names=row_names(rows), senders=_senders(rows), remarks=remarks
    )


def _of(job: Job) -> Effect:
    """What a job does, as far as that is known."""
    destination = job.action_params.destination
    return Effect.move(destination) if isinstance(destination, Destination) else TO_RELEASE


# ---- trying again


def check_retry(job: Job, rows: Sequence[JobMessage]) -> None:
    """Raises GuardError while the job runs: then the server may try again by itself."""
    if job.ended:
        return
    times = [row.retry_after for row in rows if row.retry_after is not None]
    when = f" at {local_time(min(times)):%H:%M}" if times else ""
    raise GuardError(
        f"The job runs: retry when it has ended, or cancel it. The server may retry these itself{when}. Nothing was sent."
    )


def _most_of(ids: Sequence[str], most: int, again: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """As many of these as one plan may have, and a sentence where that is not all."""
    if len(ids) <= most:
        return tuple(ids), ()
    return tuple(ids[:most]), (f"The first {most:,} of {len(ids):,} (guard.max_messages); {again} takes the rest",)


def retry_of_job(
    job: Job, rows: Sequence[JobMessage], hopeless: Hopeless, done: Mapping[str, str], now: datetime, most: int
) -> PlanRequest:
    """The same again for the rows of a job that failed, `most` at once; what is not a failure is left out, and told.

    `done` are ids that earlier retries of the job have done, with the plan. Raises GuardError when nothing is left, and
    while the job runs.
    """
    check_retry(job, rows)
    effect, held, ids = effect_of(job), dict[str, tuple[str, str]](), dict[str, None]()
    left: Counter[str] = Counter()
    times: list[datetime] = []
    for row in rows:
        name = id_of_row(row, effect)
        if row.status is not RowStatus.FAILED:
            left[f"not failed ({sanitize(str(row.status), 40).lower()})"] += 1
        elif _tells_another(row, effect):
            left["of another action or folder than the job's"] += 1
        elif not name:
            left[_NO_ID] += 1
        elif by := _done_by(row, done):
            left[f"in plan {by}"] += 1
        elif row.retry_after is not None and row.retry_after > now + _LONGEST_WAIT:
            left[f"not to be retried before {local_time(row.retry_after):%Y-%m-%d}"] += 1
        else:
            ids[name] = None
            why = hopeless(row.status_message.exact if row.status_message is not None else "")
            if why is not None:
                held[name] = why
            elif row.retry_after is not None and row.retry_after > now:
                times.append(row.retry_after)
    if not ids:
        failed = rows or job.failed or not readable(job.failed)
        none = "no failed row was chosen" if failed else "no row of this job failed"
        raise GuardError(f"Nothing to retry: {_counted(left) or none}. Nothing was sent.")
    chosen, remarks = _most_of(list(ids), most, "another retry")
    if left:
        remarks = (f"Left out: {_counted(left)}", *remarks)
    return PlanRequest(
        effect,
        chosen,
        _reason_of(job),
        Source(Source.RETRY, Source.JOB, job.id),
        not_before=max(times, default=None),
        hopeless=held,
        row_names=row_names(rows),
        senders=_senders(rows),
        remarks=remarks,
    )


def retry_of_plan(entry: LedgerEntry, hopeless: Hopeless, done: Mapping[str, str], most: int) -> PlanRequest:
    """The same again for what failed of a plan, `most` messages at once. Raises GuardError when nothing did."""
    state, plan = entry.state, entry.plan
    ids, held = [], {}
    for target in state.retryable:
        if target.id in done:
            continue
        ids.append(target.id)
        result = state.results_by_id.get(target.id)
        if result is not None and result.outcome is Outcome.FAILED and (why := hopeless(result.why)) is not None:
            held[target.id] = why
    if not ids:
        done_here = sum(target.id in done for target in state.retryable)
        more = f" {plural(done_here, 'message')} done in a later plan." if done_here else ""
        raise GuardError(f"Nothing of plan {entry.name} is left to retry.{more}")
    before = plan.source.before if plan.source is not None else None
    source = Source(Source.RETRY, Source.PLAN, plan.plan_id, before)
    chosen, remarks = _most_of(ids, most, "another retry")
    return PlanRequest(plan.effect, chosen, plan.reason, source, hopeless=held, remarks=remarks)


# ---- taking back


def undo_effect(effect: Effect, source: Source | None, destination: Destination | None) -> Effect:
    """What takes back an effect: released mail goes to a folder, moved mail to the Inbox, or to where it was before an undo.

    Raises GuardError where nothing does.
    """
    if not effect.is_move:
        chosen = destination or UNDO_OF_RELEASE[0]
        if chosen not in UNDO_OF_RELEASE:
            raise GuardError("What was released can be moved to Junk or Soft delete. Nothing was sent.")
        return Effect.move(chosen)
    if effect.is_final:
        raise GuardError("A hard delete can't be undone; ask an administrator of the mailboxes.")
    back = source.before if source is not None else None
    if effect.destination is Destination.INBOX and back is None:
        raise GuardError("Where this mail was before the Inbox is not known; move it to a folder.")
    chosen = back or Destination.INBOX
    if destination not in (None, chosen):
        raise GuardError(f"Undo moves this to {chosen.label}; for another folder, move it. Nothing was sent.")
    return Effect.move(chosen)


def way_back(job: Job) -> Effect:
    """What takes back what a job did. Raises GuardError where nothing does."""
    return undo_effect(effect_of(job), None, None)


def undo_of_job(
    job: Job,
    rows: Sequence[JobMessage],
    done: Mapping[str, str],
    most: int,
    destination: Destination | None = None,
    missing: str = "",
) -> PlanRequest:
    """Exactly what a job did is taken back: its completed rows, `most` messages at once.

    `rows` are those that the server tells as completed, `missing` says that they may not be all; `done` are ids that earlier
    undos took back, with the plan. Raises GuardError.
    """
    if not job.ended:
        raise GuardError("The job runs: cancel it or wait, then undo it. Nothing was sent.")
    done_by_job = effect_of(job)
    effect = undo_effect(done_by_job, None, destination)
    counted, came = job.counted(RowStatus.COMPLETED), sum(row.status is RowStatus.COMPLETED for row in rows)
    if readable(counted) and came > counted:
        raise GuardError(
            f"{plural(came, 'completed row')} came, and the job counts {counted:,}: they may be another job's. "
            "Nothing was sent."
        )
    if not (rows or counted or missing) and readable(counted):
        raise GuardError("Nothing to undo: this job completed no row. Nothing was sent.")
    ids: dict[str, None] = {}
    left: Counter[str] = Counter()
    for row in rows:
        name = id_of_row(row, effect)
        if row.status is not RowStatus.COMPLETED:
            left[f"in an unknown state ({sanitize(str(row.status), 40).lower()})"] += 1
        elif _tells_another(row, done_by_job):
            left["of another action or folder than the job's"] += 1
        elif not name:
            left[_NO_ID] += 1
        elif by := _done_by(row, done):
            left[f"taken back in plan {by}"] += 1
        else:
            ids[name] = None
    left["failed"] += job.failed
    left["skipped"] += job.skipped
    left["cancelled"] += job.cancelled
    remarks = [f"Perhaps not all that the job did: {missing}"] if missing else []
    request = _undo(effect, ids, left, job.id, Source.JOB, _reason_of(job), remarks, most, done_by_job, _senders(rows))
    return replace(request, row_names=row_names(rows))


def undo_of_plan(
    entry: LedgerEntry, done: Mapping[str, str], most: int, destination: Destination | None = None
) -> PlanRequest:
    """Exactly what a plan did is taken back, `most` messages at once. Raises GuardError."""
    state, plan = entry.state, entry.plan
    effect = undo_effect(plan.effect, plan.source, destination)
    ids: dict[str, None] = {}
    left: Counter[str] = Counter()
    for target in plan.targets:
        outcome = state.outcome_of(target)
        if outcome not in SAID_DONE:
            left[outcome.value] += 1
        elif target.id in done:
            left[f"taken back in plan {done[target.id]}"] += 1
        else:
            ids[target.id] = None
    remarks = ["Some outcomes are unknown: settle the plan first, then undo again"] if state.unknown else []
    if some := sum(bool(result.moved and result.already_there) for result in state.results):
        remarks.append(f"{plural(some, 'message')} lay in the folder before in some mailboxes: all copies are moved")
    return _undo(effect, ids, left, plan.plan_id, Source.PLAN, plan.reason, remarks, most, plan.effect, frozenset())


def _undo(
    effect: Effect,
    ids: Mapping[str, None],
    left: Mapping[str, int],
    name: str,
    kind: str,
    reason: str,
    remarks: Sequence[str],
    most: int,
    undone: Effect,
    senders: frozenset[str],
) -> PlanRequest:
    told = list(remarks)
    if counts := _counted(left):
        told.append(f"Can't be undone: {counts}")
    if not ids:
        raise GuardError(f"Nothing to undo. {'. '.join(told) or 'No message was chosen'}. Nothing was sent.")
    chosen, more = _most_of(list(ids), most, "another undo")
    before = undone.destination if undone.is_move else None
    source = Source(Source.UNDO, kind, name, before)
    words = sanitize(f"{_UNDO}{reason.removeprefix(_UNDO)}" if reason else "", _LONGEST_REASON)
    return PlanRequest(effect, chosen, words, source, senders=senders, remarks=(*told, *more))
