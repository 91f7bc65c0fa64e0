"""What a journal says of a plan: how its records are made, and the run that they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from tui_app.core.text import Untrusted, plural
from tui_app.plans.id_form import could_name_a_message
from tui_app.plans.journal import Record
from tui_app.plans.plan import FORMAT, Plan, Target
from tui_app.plans.state import ArrivalCheck, Outcome, Phase, PlanState, Result, Sighting

_READABLE: Final = (1, FORMAT)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where: what is kept of the operator with each plan."""

    user: str
    host: str
    sudo_user: str = ""
    ssh_client: str = ""

    def describe(self) -> str:
        """`ana@jump1 (sudo from bo, ssh from 192.0.2.7)`."""
        more = [
            f"sudo from {self.sudo_user}" if self.sudo_user else "",
            f"ssh from {self.ssh_client}" if self.ssh_client else "",
        ]
        extra = ", ".join(filter(None, more))
        return f"{self.user}@{self.host}" + (f" ({extra})" if extra else "")


@dataclass(frozen=True)
class LedgerEntry:
    """A plan as its journal tells of it."""

    number: int
    account: str
    made_at: str
    origin: Origin
    version: str
    previous: str
    """The hash of the first line of the journal before, empty for the first of all."""
    state: PlanState
    last_at: datetime | None = None
    """When it was last worked on."""
    file: str = ""
    damaged: str = ""
    """What is wrong with the journal; empty when nothing is."""

    doubts: tuple[str, ...] = ()
    """What speaks against its journal, in sentences: it is gone on with only after they were read."""
    sent_at: datetime | None = None
    """When it last was about to send something."""

    @property
    def at(self) -> datetime | None:
        """When it was made."""
        return _moment(self.made_at)

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.state.plan


def timestamp(moment: datetime) -> str:
    """A moment as the journal keeps it: UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds")


# ---- making records


def plan_record(
    plan: Plan, *, number: int, account: str, origin: Origin, at: datetime, version: str, previous: str
) -> Record:
    """The first record: the whole plan. Of the mail it keeps ids alone."""
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
        "left_out": [list(kept) for kept in plan.left_out],
        "released_before": [target.id for target in plan.targets if target.released is not False],
        "user": origin.user,
        "host": origin.host,
        "sudo_user": origin.sudo_user,
        "ssh_client": origin.ssh_client,
        "at": timestamp(at),
        "version": version,
        "previous": previous,
    }


def intent_record(batch: Sequence[Target], body: str, at: datetime) -> Record:
    """Before each request: what it is about to send, and in which body."""
    return {"type": "intent", "ids": [target.id for target in batch], "body": body, "at": timestamp(at)}


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
    """Somebody confirmed that ids are sent again though they may have been released."""
    return {
        "type": "resend",
        "ids": [target.id for target in targets],
        "user": origin.user,
        "host": origin.host,
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


def resending(state: PlanState, record: Record) -> PlanState:
    """The same after somebody confirmed that ids are sent again: until that is answered they are as open as before."""
    ids = frozenset(map(str, record["ids"]))
    told = f"{plural(len(ids), 'message')} at {record['at']} by {record['user']}@{record['host']}"
    return replace(state, resent=state.resent | ids, resends=(*state.resends, told))


def closed_record(state: PlanState, at: datetime) -> Record:
    """The plan is over; what was not sent will never be."""
    return {
        "type": "closed",
        "sums": {outcome.value: n for outcome, n in state.outcome_counts().items() if n},
        "at": timestamp(at),
    }


# ---- reading them


def intended(records: Iterable[Record]) -> set[str]:
    """All ids that a request was about to be sent for, whatever became of it."""
    kept = (record.get("ids") for record in records if record.get("type") == "intent")
    return {identity for ids in kept if isinstance(ids, list) for identity in ids if isinstance(identity, str)}


def named_ids(records: Iterable[Record]) -> set[str]:
    """All message ids in records that this version may not understand, in whatever field they are; never out of a reason."""
    found: set[str] = set()
    left: list[Any] = [value for record in records for name, value in record.items() if name != "reason"]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if could_name_a_message(value):
                found.add(value)
        elif isinstance(value, Mapping):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            left += value
    return found


def entry_of(records: Sequence[Record], *, file: str = "", head: str = "", damaged: str = "") -> LedgerEntry:
    """The plan that records tell of. Raises ValueError when the first one is not a plan that this version can read."""
    first = records[0] if records else {}
    if first.get("type") != "plan" or first.get("format") not in _READABLE:
        raise ValueError("not a plan that this version can read")
    try:
        released = first["released_before"] if first["format"] > 1 else None
        targets = tuple(_target(pair, released) for pair in first["ids"])
        plan = Plan(
            str(first["plan"]),
            targets,
            str(first["reason"]),
            _whole(first["batch_size"], least=1),
            _whole(first["canary"]),
            tuple(_included(first["included"], first["format"])),
            tuple((str(name), str(why)) for name, why in first.get("held_back", ())),
            tuple((str(name), str(why)) for name, why in first.get("left_out", ())),
            action=str(first["action"]),
            format=first["format"],
        )
        origin = Origin(*(str(first[name]) for name in ("user", "host", "sudo_user", "ssh_client")))
        entry = LedgerEntry(
            number=_whole(first["number"]),
            account=str(first["account"]),
            made_at=str(first["at"]),
            origin=origin,
            version=str(first["version"]),
            previous=str(first["previous"]),
            state=PlanState(plan, Phase.INTERRUPTED, head=head),
            last_at=_moment(records[-1].get("at")),
            sent_at=next((_moment(r.get("at")) for r in reversed(records) if r.get("type") == "intent"), None),
            file=file,
            damaged=damaged or ("" if plan.digest == first["digest"] else "its digest does not fit its ids"),
        )
        state = _replayed(entry.state, records[1:])
        return replace(entry, state=_doubted(state) if entry.damaged else state)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise ValueError(f"not a plan that this version can read ({type(error).__name__})") from None


def _target(pair: Any, released_before: Any) -> Target:
    investigate_id, postfix_id = pair
    if (
        not isinstance(pair, list)
        or not all(name is None or isinstance(name, str) for name in pair)
        or not (investigate_id or postfix_id)
    ):
        raise ValueError("no id")
    # Of the mail a journal keeps ids, and whether it had been released before.
    released = None if released_before is None else (investigate_id or postfix_id) in released_before
    return Target(investigate_id=investigate_id, postfix_id=postfix_id, released=released)


def _included(kept: Iterable[Any], written_as: int) -> Iterator[tuple[str, str]]:
    """Words with their ids. A plan of format 1 had its words for all of it: they are told, and let nothing more through."""
    for one in kept:
        word, identity = (one, "") if written_as == 1 else one
        yield str(word), str(identity)


def _whole(number: Any, least: int = 0) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise ValueError("no number")
    return number


def _doubted(state: PlanState) -> PlanState:
    """Of a journal that was changed: what it does not say may have been sent all the same."""
    results_by_id = dict(state.results_by_id)
    for target in state.unsent:
        results_by_id[target.id] = Result(target, Outcome.UNKNOWN, why="its journal is damaged")
    return replace(state, results_by_id=results_by_id, closed=False, phase=Phase.INTERRUPTED)


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _replayed(state: PlanState, records: Iterable[Record]) -> PlanState:
    by_id = {target.id: target for target in state.plan.targets}
    results_by_id: dict[str, Result] = {}
    sent_at: dict[str, datetime] = {}
    remarks: list[str] = []
    requests, closed = 0, False
    arrival: ArrivalCheck | None = None
    for record in records:
        match record.get("type"):
            case "intent":
                # Until a result says more, whatever was about to be sent may have been.
                at = _moment(record.get("at"))
                for identity in record["ids"]:
                    results_by_id[identity] = Result(by_id[identity], Outcome.UNKNOWN, why="no answer on record")
                    if at is not None:
                        sent_at[identity] = at
                requests += 1
            case "result":
                remarks += map(str, record.get("remarks", ()))
                for kept in record["outcomes"]:
                    result = _result(by_id[kept["id"]], kept)
                    if result.outcome is Outcome.NOT_SENT:
                        results_by_id.pop(result.target.id, None)
                    else:
                        results_by_id[result.target.id] = result
            case "settled":
                target = by_id[record["id"]]
                results_by_id[target.id] = Result(target, Outcome(record["outcome"]), why=str(record["how"]))
            case "resend":
                state = resending(state, record)
            case "checked":
                arrival = _arrival_of(record)
            case "closed":
                closed = True
    done = replace(
        state, results_by_id=results_by_id, requests=requests, closed=closed, arrival=arrival, sent_at=sent_at,
        remarks=tuple(remarks),
    )  # fmt: skip
    return replace(done, phase=Phase.DONE if done.finished else Phase.STOPPED if closed else Phase.INTERRUPTED)


def _arrival_of(record: Record) -> ArrivalCheck | None:
    at = _moment(record["at"])
    if at is None:
        return None
    sightings = {str(name): Sighting(sighting) for sighting, names in record["seen"].items() for name in names}
    return ArrivalCheck(at, _whole(record["wanted"]), sightings, frozenset(map(str, record["allowed"])))


def _result(target: Target, kept: Mapping[str, Any]) -> Result:
    def addresses(name: str) -> tuple[Untrusted, ...]:
        return tuple(Untrusted.of(address) for address in kept.get(name, ()))

    return Result(
        target,
        Outcome(kept["outcome"]),
        addresses("delivered"),
        addresses("undelivered"),
        addresses("failed"),
        str(kept.get("why", "")),
    )
