"""A handover as JSON, for programs: the API's own jobs, and what we know of each under our name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui_app.api.wire_values import without_our_name
from tui_app.core.clock import rfc3339
from tui_app.core.text import json_text
from tui_app.jobs.progress import acted_share
from tui_app.plans.report import follower_json
from tui_app.plans.write_entry import write_json
from tui_app.reports.handover import masked, told_cause

if TYPE_CHECKING:
    from tui_app.jobs.reasons import ReasonGroup
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.reports.handover import Handover, HandoverJob, HandoverPlan


def _job_json(each: HandoverJob) -> dict[str, Any]:
    """The API's own job, and under our name what we know of it."""
    share = acted_share(each.job)
    failures = each.failures
    ours: dict[str, Any] = {
        "asked_by": each.asked_by,
        "reason": each.reason or None,
        "done": None if share is None else round(share, 4),
        "unaccounted": each.job.unaccounted,
        "pace": each.pace or None,
        "end_not_told": each.time_not_told,
        "followed_by": [follower_json(plan) for plan in each.followed],
        "reasons": None if failures is None else [_reason_json(group) for group in failures.groups],
        "not_read": [] if failures is None else list(failures.not_read),
    }
    return without_our_name(each.job.wire) | {"mailsluice": ours}


def _reason_json(group: ReasonGroup) -> dict[str, Any]:
    return {
        "reason": told_cause(group.cause, group.label),
        "cause": group.cause.name,
        "rows": group.count,
        "worth_retrying": group.worth_retrying,
        "retry_after": None if group.latest_retry is None else rfc3339(group.latest_retry),
        "what_to_do": group.cause.advice,
    }


def _plan_json(each: HandoverPlan) -> dict[str, Any]:
    plan = each.plan
    return follower_json(plan) | {
        "name": plan.name,
        "state": plan.standing,
        "unknown": plan.open,
        "closed": plan.closed,
        "not_before": None if each.due is None else each.due.isoformat(),
        "uid": plan.origin.uid,
        "failed": [
            {"messages": group.count, "outcome": group.outcome.value, "why": group.why, "what_to_do": group.advice}
            for group in each.failed
        ],
        "seen_otherwise": each.seen_otherwise,
        "remarks": each.remarks,
        "left_to_retry": each.left_to_retry,
        "read": each.was_read,
        "followed_by": [follower_json(follower) for follower in each.followed],
        "damaged": plan.damaged,
        "doubts": list(plan.doubts),
    }


def _write_json(write: WriteEntry) -> dict[str, Any]:
    """As `ledger list` has it, without its search and without the messages that were reported: they name people and mail."""
    told = write_json(write)
    del told["search"]
    report = told["report"]
    if report is not None:
        told["report"] = {name: value for name, value in report.items() if name != "messages"} | {"sums": write.sums()}
    for answer in told["answers"]:
        answer["why"] = masked(answer["why"], 2_000)
        answer["differences"] = [masked(words, 2_000) for words in answer["differences"]]
    return told


def as_json(handover: Handover) -> str:
    """The handover as one object: jobs are the API's own, with what we know of each under `mailsluice`."""
    origin, quota, resets = handover.origin, handover.quota, handover.quota_resets_at
    ended = [each for each in handover.failed_jobs if each.job.ended]
    return (
        json_text(
            {
                "account": handover.settings.identity,
                "profile": handover.settings.profile,
                "from": rfc3339(handover.since),
                "to": rfc3339(handover.now),
                "user": origin.user,
                "uid": origin.uid,
                "host": origin.host,
                "not_read": list(handover.missing),
                "acting": handover.ledger.acting or None,
                "other_accounts": handover.ledger.elsewhere,
                "open": {
                    "jobs": [_job_json(each) for each in handover.running],
                    "plans": [_plan_json(each) for each in handover.not_over],
                    "unknown_plans": [_plan_json(each) for each in handover.unknown_plans],
                    "unknown_writes": [_write_json(each) for each in handover.unknown_writes],
                    "waiting": [_plan_json(each) for each in handover.waiting],
                    "unknown_reports": [_write_json(each) for each in handover.unknown_reports],
                },
                "failed": {
                    "jobs": [_job_json(each) for each in ended],
                    "plans": [_plan_json(each) for each in handover.failed_plans],
                    "writes": [_write_json(each) for each in handover.failed_writes],
                },
                "to_look_at": {"plans": [_plan_json(each) for each in handover.strange_plans]},
                "done": {
                    "jobs": [_job_json(each) for each in handover.done_jobs],
                    "plans": [_plan_json(each) for each in handover.done_plans],
                    "writes": [_write_json(each) for each in handover.done_writes],
                },
                "quota": {
                    "remaining": quota.remaining,
                    "quota": quota.quota,
                    "resets_at": None if resets is None else rfc3339(resets),
                },
            }
        )
        + "\n"
    )
