"""The records of a journal: what is kept of a plan, made from what was done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from tui_app.plans.effect import Source
from tui_app.plans.journal import Record
from tui_app.plans.origin import Origin
from tui_app.plans.plan import MailCounts, Plan, Target
from tui_app.plans.state import ArrivalCheck, PlanState, Result
from tui_app.plans.summary import sender_domain_counts, verdict_counts

_MOST_DOMAINS: Final = 50
"""Sender domains that a journal keeps."""


def timestamp(moment: datetime) -> str:
    """A moment as the journal keeps it: UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds")


def plan_record(
    plan: Plan,
    *,
    number: int,
    account: str,
    origin: Origin,
    at: datetime,
    version: str,
    previous: str,
    folder: str = "",
    unfinished: Sequence[str] = (),
) -> Record:
    """The first record: the whole plan. Of the mail it keeps ids, and counts of verdicts and sender domains.

    `folder` = where the journal lies, `unfinished` = the files of plans that may still send something.
    """
    counts = counts_of(plan)
    return {
        "type": "plan",
        "format": plan.format,
        "number": number,
        "plan": plan.plan_id,
        "account": account,
        "action": plan.action,
        "ids": [[target.investigate_id, target.postfix_id] for target in plan.targets],
        "reason": plan.reason,
        "digest": plan.digest,
        "batch_size": plan.batch_size,
        "canary": plan.canary,
        "included": [list(pair) for pair in plan.included],
        "held_back": [list(kept) for kept in plan.held_back],
        "left_out": [list(kept) for kept in plan.unfit],
        "released_before": [target.id for target in plan.targets if target.released is not False],
        "moved_before": [target.id for target in plan.targets if target.moved is not False],
        "destination": plan.effect.destination,
        "source": _source(plan.source),
        "not_before": None if plan.not_before is None else timestamp(plan.not_before),
        "search": plan.search,
        "verdicts": list(map(list, counts.verdicts)),
        "domains": list(map(list, counts.domains)),
        **origin.record(),
        "at": timestamp(at),
        "version": version,
        "previous": previous,
        "folder": folder,
        "unfinished": list(unfinished),
    }


def counts_of(plan: Plan) -> MailCounts:
    """Verdicts and sender domains of a plan's messages, as far as they are known; of the domains the rarest."""
    known = [target for target in plan.targets if target.checked and (target.sender or target.disposition)]
    if not known:
        return plan.kept_counts
    return MailCounts(tuple(verdict_counts(known)), tuple(sender_domain_counts(known)[:_MOST_DOMAINS]))


def _source(source: Source | None) -> Record | None:
    if source is None:
        return None
    return {"relation": source.relation, "kind": source.kind, "name": source.name, "before": source.before}


def intent_record(batch: Sequence[Target], body: str, at: datetime, server_at: datetime | None = None) -> Record:
    """Before each request: what it is about to send, in which body, and when, also by the server's clock where it is known."""
    server = {} if server_at is None else {"server_at": timestamp(server_at)}
    return {"type": "intent", "ids": [target.id for target in batch], "body": body, "at": timestamp(at), **server}


def result_record(
    results: Iterable[Result], *, http: int | None, ray: str | None, ms: int, at: datetime, remarks: Sequence[str] = ()
) -> Record:
    """After each request: what became of each id, as far as the answer tells, and what it told beside that."""
    return {
        "type": "result",
        "outcomes": [_outcome(result) for result in results],
        "http": http,
        "ray": ray,
        "ms": ms,
        "at": timestamp(at),
        **({"remarks": list(remarks)} if remarks else {}),
    }


def _outcome(result: Result) -> dict[str, Any]:
    kept: dict[str, Any] = {"id": result.target.id, "outcome": result.outcome.value}
    for name, recipients in (
        ("delivered", result.delivered),
        ("undelivered", result.undelivered),
        ("failed", result.failed),
        ("moved", result.moved),
        ("already_there", result.already_there),
    ):
        if recipients:
            kept[name] = [recipient.exact for recipient in recipients]
    if result.why:
        kept["why"] = result.why
    return kept


def settled_record(result: Result, at: datetime) -> Record:
    """What reading back showed of an id whose outcome was open."""
    return {
        "type": "settled",
        "id": result.target.id,
        "outcome": result.outcome.value,
        "how": result.why,
        "at": timestamp(at),
    }


def resend_record(targets: Iterable[Target], origin: Origin, at: datetime) -> Record:
    """Somebody confirmed that ids are sent again though they may have been done."""
    return {
        "type": "resend",
        "ids": [target.id for target in targets],
        **origin.record(),
        "at": timestamp(at),
    }


def checked_record(arrival: ArrivalCheck) -> Record:
    """What a second look at what was released has shown."""
    seen: dict[str, list[str]] = {}
    for identity, sighting in arrival.sightings.items():
        seen.setdefault(sighting.value, []).append(identity)
    return {
        "type": "checked",
        "wanted": arrival.wanted,
        "seen": seen,
        "allowed": sorted(arrival.allowed),
        "at": timestamp(arrival.at),
    }


def closed_record(state: PlanState, at: datetime) -> Record:
    """The plan is over; what was not sent will never be."""
    return {
        "type": "closed",
        "sums": {outcome.value: n for outcome, n in state.outcome_counts().items() if n},
        "at": timestamp(at),
    }
