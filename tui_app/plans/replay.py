"""The run of a plan that the records of its journal tell of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from tui_app.api.enums import Destination
from tui_app.core.id_form import could_name_a_message
from tui_app.core.text import Untrusted, plural
from tui_app.plans.effect import MOVE, Effect, Source
from tui_app.plans.journal import Record
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.origin import Origin
from tui_app.plans.plan import FORMAT, LARGEST_BATCH, MailCounts, Plan, Target
from tui_app.plans.record_values import moment_of, text_of, whole_of
from tui_app.plans.state import OPEN, ArrivalCheck, Outcome, Phase, PlanState, Result, Sighting

_READABLE: Final = (1, 2, FORMAT)
_PLAN_ID: Final = re.compile(r"[0-9a-f]{8}")
_ACTION: Final = re.compile(r"[a-z][a-z_-]{0,31}")
_ID_FIELDS: Final = frozenset({"id", "ids"})
_SETTLED: Final = frozenset(
    {
        Outcome.RELEASED,
        Outcome.NOT_SEEN,
        Outcome.UNKNOWN,
        Outcome.DELIVERED,
        Outcome.SEEN_MOVED,
        Outcome.PARTLY_MOVED,
        Outcome.ALREADY_THERE,
        Outcome.NOT_SEEN_MOVED,
        Outcome.FAILED,
    }
)
"""What reading back can show."""


def intended(records: Iterable[Record]) -> set[str]:
    """All ids that a request was about to be sent for, whatever became of it."""
    kept = (record.get("ids") for record in records if record.get("type") == "intent")
    return {identity for ids in kept if isinstance(ids, list) for identity in ids if isinstance(identity, str)}


def named_ids(records: Iterable[Record]) -> set[str]:
    """All message ids in records that this version may not understand, in whatever field they are; never out of a reason.

    What stands where ids do is one, whatever its form.
    """
    records = tuple(records)
    found: set[str] = intended(records)
    left: list[tuple[bool, Any]] = [
        (name in _ID_FIELDS, value) for record in records for name, value in record.items() if name != "reason"
    ]
    while left:
        is_id, value = left.pop()
        if isinstance(value, str):
            if value and (is_id or could_name_a_message(value)):
                found.add(value)
        elif isinstance(value, Mapping):
            left += [(name in _ID_FIELDS, kept) for name, kept in value.items()]
            left += [(False, name) for name in value]
        elif isinstance(value, list):
            left += [(is_id, kept) for kept in value]
    return found


def entry_of(records: Sequence[Record], *, file: str = "", head: str = "", damaged: str = "") -> LedgerEntry:
    """The plan that records tell of. Raises ValueError when they are not those of a plan that this version understands.

    What makes no sense is not understood: a plan that asks for something impossible, a record of an unknown kind, an answer
    to no request.
    """
    first = records[0] if records else {}
    if first.get("type") != "plan" or whole_of(first.get("format")) not in _READABLE:
        raise ValueError("not a plan that this version can read")
    try:
        plan = _plan(first)
        damaged = damaged or ("" if plan.digest == text_of(first["digest"]) else "its digest does not fit its ids")
        state = _replayed(PlanState(plan, Phase.INTERRUPTED, head=head), records[1:])
        state = _doubted(state) if damaged else state
        return LedgerEntry(
            number=whole_of(first["number"], least=1),
            plan_id=plan.plan_id,
            account=text_of(first["account"], least=1),
            made_at=text_of(first["at"]),
            origin=Origin.of(first),
            version=text_of(first["version"]),
            previous=text_of(first["previous"]),
            head=head,
            digest=plan.digest,
            reason=plan.reason,
            messages=len(plan.targets),
            outcomes=state.outcome_counts(),
            closed=state.closed,
            state=state,
            last_at=moment_of(records[-1].get("at")),
            sent_at=_moment_of_first(reversed(records), "intent"),
            first_sent_at=_moment_of_first(records, "intent"),
            answered_at=_moment_of_first(reversed(records), "result", "settled"),
            file=file,
            damaged=damaged,
            folder=text_of(first.get("folder", "")),
            effect=plan.effect,
            source=plan.source,
            unfinished_before=frozenset(map(text_of, first.get("unfinished", ()))),
        )
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a plan that this version can read ({type(error).__name__})") from None


def _moment_of_first(records: Iterable[Record], *types: str) -> datetime | None:
    return next((moment_of(record.get("at")) for record in records if record.get("type") in types), None)


def _plan(first: Record) -> Plan:
    released_before = _names_in(first, "released_before", since=2)
    moved_before = _names_in(first, "moved_before", since=3)
    targets = tuple(_target(pair, released_before, moved_before) for pair in first["ids"])
    ids = {target.id for target in targets}
    plan = Plan(
        text_of(first["plan"]),
        targets,
        text_of(first["reason"]),
        whole_of(first["batch_size"], least=1, most=LARGEST_BATCH),
        whole_of(first["canary"], most=len(targets)),
        tuple(_included(first["included"], first["format"])),
        tuple((text_of(name), text_of(why)) for name, why in first.get("held_back", ())),
        tuple((text_of(name), text_of(why)) for name, why in first.get("left_out", ())),
        effect=_effect(first),
        source=_source(first.get("source")),
        not_before=_not_before(first.get("not_before")),
        search=text_of(first.get("search", "")),
        kept_counts=MailCounts(_counts(first.get("verdicts", ())), _counts(first.get("domains", ()))),
        format=first["format"],
    )
    if not _PLAN_ID.fullmatch(plan.plan_id) or not _ACTION.fullmatch(plan.action):
        raise ValueError("no plan")
    if not ids or len(ids) < len(targets):
        raise ValueError("no ids, or one twice")
    if any(name and name not in ids for _, name in plan.included):
        raise ValueError("a word for a message that is not in the plan")
    return plan


def _names_in(first: Record, field: str, since: int) -> frozenset[str] | None:
    """The ids in a field; None in journals that were written before there was such a field."""
    return frozenset(map(text_of, first[field])) if first["format"] >= since else None


def _effect(first: Record) -> Effect:
    action, kept = text_of(first["action"]), first.get("destination")
    destination = None if kept is None else Destination(text_of(kept))
    if (action == MOVE) is (destination is None):
        raise ValueError("a move without a folder, or a folder without a move")
    return Effect(action, destination)


def _source(kept: Any) -> Source | None:
    if kept is None:
        return None
    source = Source(
        text_of(kept["relation"]),
        text_of(kept["kind"]),
        text_of(kept["name"], least=1),
        None if kept["before"] is None else Destination(text_of(kept["before"])),
    )
    if source.relation not in (Source.RETRY, Source.UNDO, Source.MOVE) or source.kind not in (Source.JOB, Source.PLAN):
        raise ValueError("no source")
    return source


def _counts(kept: Any) -> tuple[tuple[str, int], ...]:
    return tuple((text_of(name), whole_of(count)) for name, count in kept)


def _not_before(kept: Any) -> datetime | None:
    """A time that can't be read is not "at once"."""
    if kept is None:
        return None
    if (moment := moment_of(kept)) is None:
        raise ValueError("no time")
    return moment


def _target(pair: Any, released_before: frozenset[str] | None, moved_before: frozenset[str] | None) -> Target:
    investigate_id, postfix_id = pair
    if (
        not isinstance(pair, list)
        or not all(name is None or isinstance(name, str) for name in pair)
        or not (investigate_id or postfix_id)
    ):
        raise ValueError("no id")
    # Of the mail a journal keeps ids, and whether it had been released or moved before.
    name = investigate_id or postfix_id
    return Target(
        investigate_id=investigate_id,
        postfix_id=postfix_id,
        released=None if released_before is None else name in released_before,
        moved=None if moved_before is None else name in moved_before,
    )


def _included(kept: Iterable[Any], written_as: int) -> Iterator[tuple[str, str]]:
    """Words with their ids. A plan of format 1 had its words for all of it: they are told, and let nothing more through."""
    for one in kept:
        if written_as == 1:
            yield text_of(one), ""
        else:
            word, identity = one
            yield text_of(word), text_of(identity, least=1)


def _doubted(state: PlanState) -> PlanState:
    """Of a journal that was changed: what it does not say may have been sent all the same."""
    results_by_id = dict(state.results_by_id)
    for target in state.unsent:
        results_by_id[target.id] = Result(target, Outcome.UNKNOWN, why="its journal is damaged")
    return replace(state, results_by_id=results_by_id, closed=False, phase=Phase.INTERRUPTED)


@dataclass
class _Replay:
    """What became of each message, record by record. Raises ValueError for one that contradicts those before it."""

    by_id: Mapping[str, Target]
    results_by_id: dict[str, Result]
    asked: dict[str, Result | None]
    """What was known of each message before the request that nothing has answered yet."""
    resent: frozenset[str] = frozenset()

    def intent(self, record: Record) -> None:
        """Until a result says more, whatever was about to be sent may have been."""
        for identity in map(text_of, record["ids"]):
            self.asked[identity] = self.results_by_id.get(identity)
            self.results_by_id[identity] = Result(self.by_id[identity], Outcome.UNKNOWN, why="no answer on record")

    def result(self, result: Result) -> None:
        """What an answer said; one that no request asked for can only say again what is known."""
        identity, known = result.target.id, self.results_by_id.get(result.target.id)
        if result.outcome in (Outcome.IN_FLIGHT, Outcome.HELD_BACK) or (
            result.outcome is Outcome.LEFT_OUT and identity in self.asked
        ):
            raise ValueError("no outcome of a request")
        if identity not in self.asked:
            # What was refused in one body and then left out before it went out in the other was not done.
            left_out = known is not None and (known.outcome, result.outcome) == (Outcome.REFUSED, Outcome.LEFT_OUT)
            if known is not None and known.outcome is not result.outcome and not left_out:
                raise ValueError("an answer to no request")
            if (known is None or left_out) and result.outcome is not Outcome.NOT_SENT:
                self.results_by_id[identity] = result
            return
        before = self.asked.pop(identity)
        open_before = identity in self.resent or (before is not None and before.outcome in OPEN)
        if result.outcome in (Outcome.NOT_SENT, Outcome.REFUSED) and open_before:
            # That this request was not taken says nothing about the one before.
            self.results_by_id[identity] = before or Result(result.target, Outcome.UNKNOWN, why=result.why)
        elif result.outcome is not Outcome.NOT_SENT:
            self.results_by_id[identity] = result
        elif before is not None:
            self.results_by_id[identity] = before
        else:
            del self.results_by_id[identity]

    def settled(self, result: Result) -> None:
        """What reading back showed of a message whose outcome was open."""
        known = self.results_by_id[result.target.id]
        if result.outcome not in _SETTLED or (known.outcome not in OPEN and known.outcome is not result.outcome):
            raise ValueError("nothing to settle")
        self.asked.pop(result.target.id, None)
        self.results_by_id[result.target.id] = result


def _replayed(state: PlanState, records: Iterable[Record]) -> PlanState:
    replay = _Replay({target.id: target for target in state.plan.targets}, {}, {})
    by_id = replay.by_id
    sent_at: dict[str, datetime] = {}
    dated: frozenset[str] = frozenset()
    remarks: list[str] = []
    requests, closed = 0, False
    arrival: ArrivalCheck | None = None
    for record in records:
        match record.get("type"):
            case "intent":
                replay.intent(record)
                server_at = moment_of(record.get("server_at"))
                if (at := server_at or moment_of(record.get("at"))) is not None:
                    sent_at.update(dict.fromkeys(record["ids"], at))
                    dated = dated | set(record["ids"]) if server_at is not None else dated - set(record["ids"])
                requests += 1
            case "result":
                remarks += map(text_of, record.get("remarks", ()))
                for kept in record["outcomes"]:
                    replay.result(_result(by_id[kept["id"]], kept))
            case "settled":
                replay.settled(Result(by_id[record["id"]], Outcome(record["outcome"]), why=text_of(record["how"])))
            case "resend":
                state = resending(state, record)
                replay.resent = state.resent
            case "checked":
                arrival = _arrival_of(record)
            case "closed":
                closed = True
            case _:
                raise ValueError("a record of an unknown kind")
    done = replace(
        state, results_by_id=replay.results_by_id, requests=requests, closed=closed, arrival=arrival, sent_at=sent_at,
        server_dated=dated, remarks=tuple(remarks),
    )  # fmt: skip
    return replace(done, phase=Phase.DONE if done.finished else Phase.STOPPED if closed else Phase.INTERRUPTED)


def resending(state: PlanState, record: Record) -> PlanState:
    """The same after somebody confirmed that ids are sent again: until that is answered they are as open as before."""
    ids = frozenset(map(text_of, record["ids"]))
    told = f"{plural(len(ids), 'message')} at {text_of(record['at'])} by {Origin.of(record).who}"
    return replace(state, resent=state.resent | ids, resends=(*state.resends, told))


def _arrival_of(record: Record) -> ArrivalCheck | None:
    at = moment_of(record["at"])
    if at is None:
        return None
    sightings = {text_of(name): Sighting(sighting) for sighting, names in record["seen"].items() for name in names}
    return ArrivalCheck(at, whole_of(record["wanted"]), sightings, frozenset(map(text_of, record["allowed"])))


def _result(target: Target, kept: Mapping[str, Any]) -> Result:
    def addresses(name: str) -> tuple[Untrusted, ...]:
        if name not in kept:
            return ()
        return tuple(Untrusted.of(text_of(address)) for address in kept[name])

    return Result(
        target,
        Outcome(kept["outcome"]),
        addresses("delivered"),
        addresses("undelivered"),
        addresses("failed"),
        text_of(kept.get("why", "")),
        addresses("moved"),
        addresses("already_there"),
    )
