"""Journals of moves: what follows from what, when it may be sent, and every outcome come back as they were written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import Destination
from tui_app.core.text import Untrusted
from tui_app.plans.effect import MOVE, Effect, Source
from tui_app.plans.journal import Record, line_of, parse
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import (
    checked_record,
    closed_record,
    intent_record,
    plan_record,
    result_record,
    settled_record,
)
from tui_app.plans.replay import entry_of, named_ids
from tui_app.plans.report import entry_json
from tui_app.plans.state import ArrivalCheck, Outcome, PlanState, Result, Sighting

NOON: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANA, BO = Untrusted("ana@acme.example"), Untrusted("bo@acme.example")
TARGETS: Final = tuple(
    Target(f"4NAAAAAAAAAAAA{n:02d}-2026-11-20T10:00:00-{n}", f"4NAAAAAAAAAAAA{n:02d}", moved=n % 2 == 0, held=False)
    for n in range(9)
)
ANSWERED: Final[Sequence[dict[str, Any]]] = (
    {"outcome": Outcome.MOVED, "moved": (ANA, BO)},
    {"outcome": Outcome.PARTLY_MOVED, "moved": (ANA,), "failed": (BO,), "why": "Mailbox not found"},
    {"outcome": Outcome.ALREADY_THERE, "already_there": (ANA,)},
    {"outcome": Outcome.FAILED, "failed": (ANA, BO), "why": "Throttled"},
    {"outcome": Outcome.UNKNOWN, "why": "the answer does not name it"},
    {"outcome": Outcome.REFUSED, "why": "no"},
)  # fmt: skip
SEEN: Final = (
    Outcome.SEEN_MOVED, Outcome.NOT_SEEN_MOVED, Outcome.ALREADY_THERE, Outcome.FAILED, Outcome.UNKNOWN,
)  # fmt: skip

destinations = st.sampled_from(Destination)
sources = st.none() | st.builds(
    Source, st.sampled_from((Source.RETRY, Source.UNDO)), st.sampled_from((Source.JOB, Source.PLAN)),
    st.sampled_from(("8ab35f31", "023e105f4ecef8ad9ca31a8372d0c353")), st.none() | destinations,
)  # fmt: skip
times = st.none() | st.timedeltas(timedelta(-1000), timedelta(1000)).map(lambda ahead: NOON + ahead)


def made(effect: Effect, source: Source | None = None, not_before: datetime | None = None, count: int = 9) -> Plan:
    return Plan.make(TARGETS[:count], "INC-1", 4, Random(1), effect=effect, source=source, not_before=not_before)


def begun(plan: Plan) -> Record:
    return plan_record(
        plan, number=1, account="a@x", origin=Origin("ana", "jump1"), at=NOON, version="0", previous="", folder="/x"
    )


def read_again(records: Sequence[Record]) -> LedgerEntry:
    reading = parse(b"".join(map(line_of, records)))
    assert (reading.torn, reading.damaged_at) == (False, None)
    return entry_of(reading.records)


@given(effect=st.builds(Effect.move, destinations), source=sources, not_before=times)
def test_a_plan_is_read_as_it_was_written(effect: Effect, source: Source | None, not_before: datetime | None) -> None:
    plan = made(effect, source, not_before)
    entry = read_again([begun(plan)])
    assert entry.damaged == ""
    assert (entry.plan.effect, entry.plan.source, entry.effect, entry.source) == (effect, source, effect, source)
    kept = entry.plan.not_before
    assert (kept is None) is (not_before is None)
    if kept is not None and not_before is not None:
        assert abs(kept - not_before) < timedelta(milliseconds=1)
    assert [target.moved for target in entry.plan.targets] == [target.moved for target in plan.targets]
    told = entry_json(entry)
    assert (told["destination"], told["not_before"] is None) == (effect.destination, not_before is None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("destination", "Inbox"),
        ("action", "release"),
        ("not_before", None),
        ("not_before", "2026-11-28T11:00:00.000+00:00"),
        ("source", None),
        ("source", {"relation": "undo", "kind": "job", "name": "8ab35f31", "before": None}),
        ("source", {"relation": "retry", "kind": "job", "name": "8ab35f32", "before": None}),
        ("source", {"relation": "retry", "kind": "job", "name": "8ab35f31", "before": "JunkEmail"}),
    ],
)
def test_what_was_changed_in_it_is_found_out(field: str, value: Any) -> None:
    plan = made(Effect.move(Destination.JUNK), Source(Source.RETRY, Source.JOB, "8ab35f31"), NOON)
    first = {**begun(plan), field: value}
    try:
        entry = read_again([first])
    except ValueError:
        assert set(named_ids([first])) >= {target.id for target in TARGETS}, "held back all the same"
        return
    assert entry.damaged
    assert {entry.state.outcome_of(target) for target in entry.plan.targets} == {Outcome.UNKNOWN}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("destination", "Elsewhere"), ("destination", None), ("destination", 3), ("not_before", "soon"), ("not_before", 0),
        ("source", {}), ("source", {"relation": "redo", "kind": "job", "name": "x", "before": None}), ("source", "job"),
        ("moved_before", None),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_sent(field: str, value: Any) -> None:
    plan = made(Effect.move(Destination.JUNK), Source(Source.RETRY, Source.JOB, "8ab35f31"), NOON)
    with pytest.raises(ValueError, match="not a plan"):
        read_again([{**begun(plan), field: value}])


def test_a_move_in_an_older_format_is_not_understood() -> None:
    first = {**begun(made(Effect.move(Destination.JUNK))), "format": 2}
    with pytest.raises(ValueError, match="not a plan"):
        entry_of([{name: value for name, value in first.items() if name not in ("destination", "moved_before")}])
    assert first["action"] == MOVE


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Record], list[dict[str, Outcome]], list[Result]]:
    """The records of a run, what is known after each of them, and the results at its end."""
    plan = made(Effect.move(draw(destinations)), draw(sources), draw(times))
    records, known, results = [begun(plan)], dict[str, Outcome](), dict[str, Result]()
    after = [dict(known)]
    for batch in plan.batches()[: draw(st.integers(0, 3))]:
        records.append(intent_record(batch, "ids", NOON, draw(st.none() | st.just(NOON + timedelta(hours=1)))))
        known |= dict.fromkeys((target.id for target in batch), Outcome.UNKNOWN)
        after.append(dict(known))
        if draw(st.booleans()):
            told = [Result(target, **draw(st.sampled_from(ANSWERED))) for target in batch]
            records.append(
                result_record(told, http=200, ray=None, ms=3, at=NOON, remarks=draw(st.sampled_from(((), ("odd",)))))
            )
            results |= {result.target.id: result for result in told}
            known |= {result.target.id: result.outcome for result in told}
            after.append(dict(known))
        for target in batch:
            if known[target.id] is Outcome.UNKNOWN and draw(st.booleans()):
                seen = Result(target, draw(st.sampled_from(SEEN)), why="by the action log")
                records.append(settled_record(seen, NOON))
                results[target.id] = seen
                known[target.id] = seen.outcome
                after.append(dict(known))
    if draw(st.booleans()):
        sightings = dict(
            zip((target.id for target in TARGETS), (Sighting.MOVED, Sighting.NOT_SEEN_MOVED), strict=False)
        )
        records.append(checked_record(ArrivalCheck(NOON, 2, sightings)))
        after.append(dict(known))
    if draw(st.booleans()):
        records.append(closed_record(PlanState(plan), NOON))
        after.append(dict(known))
    return records, after, list(results.values())


@given(run=runs(), cut=st.floats(0, 1, exclude_max=True))
def test_wherever_it_is_cut_it_tells_what_was_known_then(
    run: tuple[list[Record], list[dict[str, Outcome]], list[Result]], cut: float
) -> None:
    records, after, results = run
    lines = [line_of(record) for record in records]
    entry = read_again(records)
    by_id = entry.state.results_by_id
    assert {name: result.outcome for name, result in by_id.items()} == after[-1]
    for result in results:
        again = by_id[result.target.id]
        assert (again.by_recipient(), again.why) == (result.by_recipient(), result.why)
    whole = b"".join(lines)
    size = int(len(lines[0]) + cut * (len(whole) - len(lines[0])))
    reading = parse(whole[:size])
    assert reading.damaged_at is None
    state = entry_of(reading.records).state
    assert {name: result.outcome for name, result in state.results_by_id.items()} == after[len(reading.records) - 1]
    assert state.closed is any(record["type"] == "closed" for record in reading.records)
