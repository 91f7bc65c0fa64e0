"""Whatever lines lie in whatever journals: what may have been sent and was not answered is never sent again without a word."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.plans.journal import JournalError, line_of, read
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import (
    closed_record,
    intent_record,
    plan_record,
    resend_record,
    result_record,
    settled_record,
)
from tui_app.plans.replay import entry_of
from tui_app.plans.state import Outcome, Result

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1", uid=1000)
TARGETS = (
    *tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(3)),
    Target(None, "4NBBBBBBBBBBBB01"),
    Target("of no known form"),
)
IDS = [target.id for target in TARGETS]
DEFINITE = {outcome.value for outcome in Outcome} - {"unknown", "not seen released", "in flight"}
PLAN = Plan("0a1b2c3d", TARGETS, "a ticket", 2)

nonsense = st.sampled_from([None, True, 0, -1, 1.5, 10**30, "", "x", [], {}, [[]], [None], {"x": []}])
chosen = st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True)
outcomes = st.sampled_from([*Outcome, *(Outcome.UNKNOWN,) * 4])
intents = st.builds(lambda targets: dict(intent_record(targets, "ids", NOON)), chosen)
answers = st.builds(
    lambda targets, outcome: dict(
        result_record([Result(target, outcome) for target in targets], http=200, ray=None, ms=1, at=NOON)
    ),
    chosen,
    outcomes,
)
settles = st.builds(lambda target, outcome: dict(settled_record(Result(target, outcome), NOON)), st.sampled_from(TARGETS), outcomes)  # fmt: skip
resends = st.builds(lambda targets: dict(resend_record(targets, ANA, NOON)), chosen)
closes = st.just(dict(closed_record(entry_of([plan_record(PLAN, number=1, account="acc", origin=ANA, at=NOON, version="1", previous="")]).state, NOON)))  # fmt: skip
strange = st.sampled_from([{"type": "note", "ids": IDS[:1]}, {"type": "intend", "ids": IDS}, {"type": "plan"}])
firsts = st.sampled_from([1, 2, 2, 2, 3]).map(
    lambda number: {
        **plan_record(PLAN, number=1, account="acc", origin=ANA, at=NOON, version="1", previous=""),
        "format": number,
    }
)


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The records of a journal: mostly those of one, then in any order, some again, some without a field, some with nonsense."""
    records = [draw(firsts), *draw(st.lists(intents | answers | settles | resends | closes | strange, max_size=7))]
    if draw(st.booleans()):
        return records
    records += draw(st.lists(st.sampled_from(records), max_size=2))
    if draw(st.booleans()):
        records = draw(st.permutations(records))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(records) - 1))
        fields = [name for name in records[at] if name not in ("type", "account")]
        if fields:
            name = draw(st.sampled_from(fields))
            changed = {key: value for key, value in records[at].items() if key != name}
            records[at] = changed if draw(st.booleans()) else {**changed, name: draw(nonsense)}
    return records


def unanswered(records: list[dict[str, Any]]) -> set[str]:
    """The ids that an intent names without a definite outcome behind it."""
    waits: set[str] = set()
    for record in records:
        if record["type"] == "intent":
            named = record.get("ids")
            waits |= {each for each in named if isinstance(each, str)} if isinstance(named, list) else set()
        elif record["type"] == "result" and isinstance(record.get("outcomes"), list):
            waits -= {
                each["id"] for each in record["outcomes"] if isinstance(each, dict) and each["outcome"] in DEFINITE
            }
        elif record["type"] == "settled" and record.get("outcome") in tuple(DEFINITE):
            waits -= {record.get("id")} if isinstance(record.get("id"), str) else set()
    return waits


@settings(max_examples=150, deadline=None)
@given(journals=st.lists(lines(), min_size=1, max_size=3))
def test_no_message_that_waits_for_an_answer_is_sent_again_without_its_word(
    journals: list[list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("state") / "plans"
    folder.mkdir(mode=0o700)
    names = ["000001-0a1b2c3d.jsonl", "000007-0a1b2c3d.jsonl", "1234567-ffffffff (copy).JSONL"]
    for name, records in zip(names, journals, strict=False):
        (folder / name).write_bytes(b"".join(map(line_of, records)))
        (folder / name).chmod(0o600)
    ledger = Ledger(folder, ANA, lambda: NOON)
    waits = {name: unanswered(records) for name, records in zip(names, journals, strict=False)}
    try:
        held = ledger.other_plans("acc").held()
    except JournalError:
        return  # a journal that names no mail that can be read: nothing at all is sent
    assert set().union(*waits.values()) <= set(held)
    for entry in ledger.entries():
        others = ledger.other_plans("acc").held(except_file=entry.file)
        may_go = {target.id for target in entry.state.unsent} - set(others)
        assert not may_go & set().union(*waits.values()), "not by going on with a plan, either"
    assert ledger.verify().journals == len(journals)
    assert len(ledger.entries()) + len(ledger.overview().unreadable) == len(journals), "none is unseen"


def test_some_of_these_journals_are_understood(tmp_path: Path) -> None:
    """Else everything would be held back, and the property would say nothing."""
    ledger = Ledger(tmp_path / "plans", ANA, lambda: NOON)
    journal, _ = ledger.begin(Plan.make(TARGETS, "x", 2, Random(1)), "acc")
    journal.add(intent_record(TARGETS[:2], "ids", NOON))
    journal.add(result_record([Result(TARGETS[0], Outcome.FAILED)], http=200, ray=None, ms=1, at=NOON))
    journal.close()
    assert len(read(journal.path).records) == 3
    assert set(ledger.other_plans("acc").held()) == {TARGETS[1].id}


def test_an_id_of_no_known_form_is_held_back_where_ids_stand(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "plans", ANA, lambda: NOON)
    journal, _ = ledger.begin(PLAN, "acc")
    journal.add({"type": "settled", "id": "another one"})
    journal.close()
    assert set(ledger.other_plans("acc").held()) == {*IDS, "another one"}
