"""What a journal says of a plan: how its records are made, and the run that they tell of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from tui_app.core.text import Untrusted, plural, sanitize
from tui_app.plans.id_form import could_name_a_message
from tui_app.plans.journal import Record
from tui_app.plans.plan import FORMAT, LARGEST_BATCH, Plan, Target
from tui_app.plans.state import OPEN, ArrivalCheck, Outcome, Phase, PlanState, Result, Sighting

_READABLE: Final = (1, FORMAT)
_PLAN_ID: Final = re.compile(r"[0-9a-f]{8}")
_ACTION: Final = re.compile(r"[a-z][a-z_-]{0,31}")
_ID_FIELDS: Final = frozenset({"id", "ids"})
_SETTLED: Final = frozenset({Outcome.RELEASED, Outcome.NOT_SEEN, Outcome.UNKNOWN, Outcome.DELIVERED})
"""What reading back can show."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where: what is kept of the operator with each plan.

    The account of the system is who it is. What the environment says is kept beside it: anyone can set that.
    """

    user: str
    """The name of the account; in journals of format 1 what the environment said."""
    host: str
    sudo_user: str = ""
    ssh_client: str = ""
    uid: int | None = None
    """The number of the account; None in journals that did not keep it."""
    login: str = ""
    """The name that the environment gives, where it is another one."""

    @property
    def who(self) -> str:
        """`ana (uid 1000) @jump1`."""
        return f"{self.user}@{self.host}" if self.uid is None else f"{self.user} (uid {self.uid}) @{self.host}"

    def describe(self) -> str:
        """`ana (uid 1000) @jump1, says: sudo from bo, ssh from 192.0.2.7`."""
        more = [
            f"user {self.login}" if self.login else "",
            f"sudo from {self.sudo_user}" if self.sudo_user else "",
            f"ssh from {self.ssh_client}" if self.ssh_client else "",
        ]
        says = ", ".join(filter(None, more))
        return self.who + (f", says: {says}" if says else "")

    def record(self) -> Record:
        """As journals and locks keep it."""
        return {
            "user": self.user,
            "uid": self.uid,
            "host": self.host,
            "login": self.login,
            "sudo_user": self.sudo_user,
            "ssh_client": self.ssh_client,
        }

    @classmethod
    def of(cls, record: Record) -> Origin:
        """Out of a record. Raises ValueError and KeyError when it tells of nobody."""
        uid = record.get("uid")
        return cls(
            _text(record["user"]),
            _text(record["host"]),
            _text(record.get("sudo_user", "")),
            _text(record.get("ssh_client", "")),
            None if uid is None else _whole(uid),
            _text(record.get("login", "")),
        )


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

    sent_at: datetime | None = None
    """When it last was about to send something."""
    doubts: tuple[str, ...] = ()
    """What speaks against its journal, in sentences. Its plan is sent on only by somebody who has read them."""
    folder: str = ""
    """Where the journal lay when it was begun; empty in journals that did not keep it."""

    @property
    def at(self) -> datetime | None:
        """When it was made."""
        return _moment(self.made_at)

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.state.plan

    @property
    def expected_file(self) -> str:
        """The name of the file that it was begun in."""
        return f"{self.number:06d}-{self.plan.plan_id}.jsonl"

    @property
    def name(self) -> str:
        """What it is asked for by: the plan's id, or its file where that has the name of another one."""
        return self.plan.plan_id if self.file in ("", self.expected_file) else sanitize(self.file)


def timestamp(moment: datetime) -> str:
    """A moment as the journal keeps it: UTC, milliseconds."""
    return moment.isoformat(timespec="milliseconds")


# ---- making records


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
) -> Record:
    """The first record: the whole plan. Of the mail it keeps ids alone. `folder` = where the journal lies."""
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
        **origin.record(),
        "at": timestamp(at),
        "version": version,
        "previous": previous,
        "folder": folder,
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


def resending(state: PlanState, record: Record) -> PlanState:
    """The same after somebody confirmed that ids are sent again: until that is answered they are as open as before."""
    ids = frozenset(map(_text, record["ids"]))
    told = f"{plural(len(ids), 'message')} at {_text(record['at'])} by {Origin.of(record).who}"
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
    if first.get("type") != "plan" or _whole(first.get("format")) not in _READABLE:
        raise ValueError("not a plan that this version can read")
    try:
        plan = _plan(first)
        entry = LedgerEntry(
            number=_whole(first["number"], least=1),
            account=_text(first["account"], least=1),
            made_at=_text(first["at"]),
            origin=Origin.of(first),
            version=_text(first["version"]),
            previous=_text(first["previous"]),
            folder=_text(first.get("folder", "")),
            state=PlanState(plan, Phase.INTERRUPTED, head=head),
            last_at=_moment(records[-1].get("at")),
            sent_at=next((_moment(r.get("at")) for r in reversed(records) if r.get("type") == "intent"), None),
            file=file,
            damaged=damaged or ("" if plan.digest == _text(first["digest"]) else "its digest does not fit its ids"),
        )
        state = _replayed(entry.state, records[1:])
        return replace(entry, state=_doubted(state) if entry.damaged else state)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a plan that this version can read ({type(error).__name__})") from None


def _plan(first: Record) -> Plan:
    released = list(map(_text, first["released_before"])) if first["format"] > 1 else None
    released_before = None if released is None else frozenset(released)
    targets = tuple(_target(pair, released_before) for pair in first["ids"])
    ids = {target.id for target in targets}
    plan = Plan(
        _text(first["plan"]),
        targets,
        _text(first["reason"]),
        _whole(first["batch_size"], least=1, most=LARGEST_BATCH),
        _whole(first["canary"], most=len(targets)),
        tuple(_included(first["included"], first["format"])),
        tuple((_text(name), _text(why)) for name, why in first.get("held_back", ())),
        tuple((_text(name), _text(why)) for name, why in first.get("left_out", ())),
        action=_text(first["action"]),
        format=first["format"],
    )
    if not _PLAN_ID.fullmatch(plan.plan_id) or not _ACTION.fullmatch(plan.action):
        raise ValueError("no plan")
    if not ids or len(ids) < len(targets):
        raise ValueError("no ids, or one twice")
    if any(name and name not in ids for _, name in plan.included):
        raise ValueError("a word for a message that is not in the plan")
    return plan


def _target(pair: Any, released_before: frozenset[str] | None) -> Target:
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
        if written_as == 1:
            yield _text(one), ""
        else:
            word, identity = one
            yield _text(word), _text(identity, least=1)


def _whole(number: Any, least: int = 0, most: int = 10**18) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ValueError("no number")
    return number


def _text(text: Any, least: int = 0) -> str:
    if not isinstance(text, str) or len(text) < least:
        raise ValueError("no text")
    return text


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
        for identity in map(_text, record["ids"]):
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
    remarks: list[str] = []
    requests, closed = 0, False
    arrival: ArrivalCheck | None = None
    for record in records:
        match record.get("type"):
            case "intent":
                replay.intent(record)
                if (at := _moment(record.get("at"))) is not None:
                    sent_at.update(dict.fromkeys(record["ids"], at))
                requests += 1
            case "result":
                remarks += map(_text, record.get("remarks", ()))
                for kept in record["outcomes"]:
                    replay.result(_result(by_id[kept["id"]], kept))
            case "settled":
                replay.settled(Result(by_id[record["id"]], Outcome(record["outcome"]), why=_text(record["how"])))
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
        remarks=tuple(remarks),
    )  # fmt: skip
    return replace(done, phase=Phase.DONE if done.finished else Phase.STOPPED if closed else Phase.INTERRUPTED)


def _arrival_of(record: Record) -> ArrivalCheck | None:
    at = _moment(record["at"])
    if at is None:
        return None
    sightings = {_text(name): Sighting(sighting) for sighting, names in record["seen"].items() for name in names}
    return ArrivalCheck(at, _whole(record["wanted"]), sightings, frozenset(map(_text, record["allowed"])))


def _result(target: Target, kept: Mapping[str, Any]) -> Result:
    def addresses(name: str) -> tuple[Untrusted, ...]:
        if name not in kept:
            return ()
        return tuple(Untrusted.of(_text(address)) for address in kept[name])

    return Result(
        target,
        Outcome(kept["outcome"]),
        addresses("delivered"),
        addresses("undelivered"),
        addresses("failed"),
        _text(kept.get("why", "")),
    )
