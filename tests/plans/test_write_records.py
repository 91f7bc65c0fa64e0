"""The journal of a write to a job: what it holds is read back as it was, and what makes no sense is not understood."""

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.plans import journal_file
from tui_app.plans.journal import JournalError, NoSuchPlan, line_of, read
from tui_app.plans.journal_index import load_index
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.plans.write_entry import WriteEntry, WriteOutcome, write_json
from tui_app.plans.write_records import answer_record, write_of, write_record

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1", uid=os.geteuid())
JOB = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
MAIL = "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1"
SEARCH = {"sender": "billing@evil.example", "detections_only": False, "start": "2026-11-19T12:00:00Z"}


def facts(write_id: str = "0a1b2c3d", write: str = "cancel", **more: Any) -> dict[str, Any]:
    """What is about to be sent."""
    new = write == "create"
    usual = {
        "plan": write_id,
        "write": write,
        "job": "" if new else JOB,
        "action": "MOVE",
        "destination": "JunkEmail",
        "search": SEARCH,
        "reason": "INC-4711",
        "preview": {"count": 3012, "complete": True, "hash": "ab" * 32} if new else None,
        "mark": f"#op-{write_id}" if new else "",
    }
    return usual | more


def told(outcome: str = "done", **more: Any) -> dict[str, Any]:
    """What was answered."""
    usual = {
        "outcome": outcome,
        "job": JOB if outcome == "done" else "",
        "status": "CANCELLED" if outcome == "done" else "",
        "differences": [],
        "http": None if outcome == "done" else 403,
        "ray": "",
        "why": "" if outcome == "done" else "The API refused.",
    }
    return usual | more


def ledger_in(folder: Path) -> Ledger:
    return Ledger(folder / "plans", ANA, lambda: NOON)


def write(ledger: Ledger, number: int, kind: str = "cancel", *answers: dict[str, Any], account: str = "acc") -> Path:
    """A write with these answers; the path of its journal."""
    journal = ledger.begin_write(facts(f"{number:08x}", kind), account)
    for answer in answers:
        journal.add(answer)
    journal.close()
    return max(ledger.folder.glob("*.jsonl"))


def plan(ledger: Ledger, number: int) -> Path:
    """A finished plan."""
    target = Target(MAIL)
    journal, _ = ledger.begin(Plan.make([target], "INC-1", 25, Random(number)), "acc")
    journal.add(intent_record([target], "ids", NOON))
    journal.add(result_record([Result(target, Outcome.DELIVERED)], http=200, ray=None, ms=1, at=NOON))
    journal.close()
    return journal.path


# ---- one journal


def records(first: dict[str, Any] | None = None, *answers: dict[str, Any]) -> list[dict[str, Any]]:
    made = write_record(
        first or facts(), number=1, account="acc", origin=ANA, at=NOON, version="1", previous="", folder="/x"
    )
    made_of_json: list[dict[str, Any]] = json.loads(
        json.dumps([made, *(answer_record(answer, NOON) for answer in answers)])
    )
    return made_of_json


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 7, "create", told("unknown", http=None, why="No answer."), told(status="PENDING"))
    (entry,) = ledger.overview().writes
    assert path.name == "000001-00000007.jsonl"
    assert (entry.what, entry.job, entry.outcome, entry.status) == ("create job", JOB, WriteOutcome.DONE, "PENDING")
    assert (entry.reason, entry.search, entry.counts, entry.mark) == ("INC-4711", SEARCH, "3,012 found", "#op-00000007")
    assert [answer.outcome for answer in entry.answers] == [WriteOutcome.UNKNOWN, WriteOutcome.DONE]
    assert entry.origin == ANA
    assert write_json(entry)["write"] == "create"
    told_in_full = dict(entry.facts())
    assert told_in_full["preview"] == "3,012 messages, all counted"
    assert "sha256 " + "ab" * 32 in [value for _, value in entry.facts()]


@pytest.mark.parametrize(
    ("answers", "outcome", "as_asked"),
    [
        ([], "unknown", False),
        ([told()], "done", True),
        ([told(status="COMPLETED")], "completed", False),
        ([told(why="code 1: odd")], "done", False),
        ([told(differences=["destination: asked for Inbox, the job has JunkEmail"])], "done", False),
        ([told("refused")], "refused", False),
        ([told("not sent", http=None)], "not sent", False),
        ([told("unknown"), told("unknown")], "unknown", False),
        ([told("unknown"), told()], "done", True),
    ],
)
def test_only_what_was_done_as_asked_is_told_so(answers: list[dict[str, Any]], outcome: str, as_asked: bool) -> None:
    entry = write_of(records(None, *answers))
    assert (entry.standing, entry.as_asked, entry.open) == (outcome, as_asked, outcome == "unknown")


@pytest.mark.parametrize(
    "harm",
    [
        lambda found: found[0].update(format=2),
        lambda found: found[0].update(write="purge"),
        lambda found: found[0].update(plan="xyz"),
        lambda found: found[0].update(number=0),
        lambda found: found[0].update(number=True),
        lambda found: found[0].update(job=""),
        lambda found: found[0].update(write="create"),
        lambda found: found[0].update(search=[1]),
        lambda found: found[0].update(search={"sender": ["a"]}),
        lambda found: found[0].update(preview={"count": -1, "complete": True, "hash": ""}),
        lambda found: found[0].update(preview={"count": 1, "complete": 1, "hash": ""}),
        lambda found: found[0].update(reason=None),
        lambda found: found[0].pop("account"),
        lambda found: found[0].pop("user"),
        lambda found: found[1].update(outcome="perhaps"),
        lambda found: found[1].update(job="00000000-0000-4000-8000-000000000000"),
        lambda found: found[1].update(status=""),
        lambda found: found[1].update(http=7),
        lambda found: found[1].update(differences="none"),
        lambda found: found[1].pop("why"),
        lambda found: found.append(found[1]),
        lambda found: found.append({"type": "intent", "ids": [MAIL], "at": "x"}),
        lambda found: found.append({"type": "answer"}),
    ],
)
def test_what_makes_no_sense_is_not_understood(harm: Callable[[list[dict[str, Any]]], Any]) -> None:
    found = records(None, told())
    write_of(found)
    harm(found)
    with pytest.raises(ValueError, match="not a write that this version can read"):
        write_of(found)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.integers(0, 1), st.data())
def test_a_record_with_anything_in_it_is_read_or_not_understood(which: int, data: st.DataObject) -> None:
    found = records(facts(write="create"), told(status="PENDING"))
    name = data.draw(st.sampled_from(sorted(found[which])))
    found[which][name] = data.draw(_JSON)
    try:
        entry = write_of(found)
    except ValueError:
        return
    assert write_json(entry)["write"] == "create"
    assert all(text.isprintable() for pair in entry.facts() for text in pair)


def test_what_could_not_be_read_again_is_not_begun(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for wrong in (facts(job=""), facts(search={"a": {"b": 1}}), facts(job="x" * 201), facts(reason=object())):
        with pytest.raises(JournalError, match="Nothing was sent"):
            ledger.begin_write(wrong, "acc")
    assert list(ledger.folder.glob("*.jsonl")) == []


# ---- among plans


def test_plans_and_writes_make_one_chain_and_one_list(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = [plan(ledger, 1), write(ledger, 2, "cancel", told()), plan(ledger, 3), write(ledger, 4, "delete")]
    verdict = ledger.verify()
    assert (verdict.journals, verdict.problems) == (4, ())
    listed = ledger.overview().listed
    assert [each.what for each in listed] == ["delete job", "release", "cancel job", "release"]
    assert [each.number for each in listed] == [4, 3, 2, 1]
    assert [each.previous for each in listed] == [*(each.head for each in listed[1:]), ""]
    first, *rest = read(paths[1]).records
    paths[1].write_bytes(b"".join(map(line_of, [{**first, "reason": "another"}, *rest])))
    assert any("does not follow the one before it" in problem for problem in ledger.verify().problems)
    paths[1].unlink()
    assert any("000002 is missing" in problem for problem in ledger.verify().problems)


def test_a_write_is_no_plan_to_anything_that_goes_through_plans(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 1, "create", told("unknown"))
    plan(ledger, 2)
    write(ledger, 3)
    (entry,) = ledger.entries()
    assert [each.plan_id for each in ledger.overview().plans] == [entry.plan_id]
    assert ledger.unfinished("acc") == []
    assert ledger.other_plans("acc").held() == {}
    assert ledger.other_plans(entry.account).sent_after(entry) == {}
    assert entry.unfinished_before == frozenset()
    assert [each.write for each in ledger.open_writes("acc")] == ["cancel", "create"]
    assert ledger.open_writes("another") == []
    path = plan(ledger, 4)
    assert read(path).records[0]["unfinished"] == []


def test_a_write_is_found_by_its_id_its_file_its_number_and_its_job(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 0xABCDEF01, "cancel", told())
    for name in ("abcdef01", "ABCD", "000001", "1", "000001-abcdef01.jsonl", JOB, JOB[:4].upper()):
        found = ledger.find_any(name)
        assert isinstance(found, WriteEntry)
        with pytest.raises(NoSuchPlan, match="is no plan: somebody wanted to cancel job 182bd5e5"):
            ledger.find(name)
    with pytest.raises(NoSuchPlan):
        ledger.find_any(JOB[:3])
    write(ledger, 2, "delete")
    with pytest.raises(JournalError, match="2 journals go by 182bd5e5-6e1"):
        ledger.find_any(JOB)
    one = plan(ledger, 3).stem[7:]
    assert ledger.find(one).plan_id == one
    assert ledger.find_any(one).name == one


def test_a_write_that_is_not_understood_holds_nothing_back_and_says_so(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1)
    (first,) = read(path).records
    path.write_bytes(line_of({**first, "format": 9, "version": "99.0"}))
    assert ledger.other_plans("acc").held() == {}
    overview = ledger.overview()
    assert overview.listed == []
    assert "written by a newer version" in overview.unreadable[0]
    assert any("holds no write that can be read" in problem for problem in ledger.verify().problems)
    plan(ledger, 2)
    assert ledger.verify().journals == 2


def test_mail_that_the_first_line_of_one_that_is_not_understood_names_is_held_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1)
    (first,) = read(path).records
    path.write_bytes(line_of({**first, "format": 9, "version": "99.0", "ids": [[MAIL, None]]}))
    held = ledger.other_plans("acc").held()
    assert {name: kept.why for name, kept in held.items()} == {
        MAIL: f"named in {path.name}, which this version can't read"
    }
    assert "1 id held back" in ledger.overview().unreadable[0]


@pytest.mark.parametrize("kind", ["a pipe", "a link", "a folder"])
def test_no_write_is_begun_while_something_else_has_the_name_of_a_journal(kind: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1, "cancel", told())
    strange = ledger.folder / "000002-0badcafe.jsonl"
    if kind == "a pipe":
        os.mkfifo(strange)
    elif kind == "a link":
        strange.symlink_to(path)
    else:
        strange.mkdir()
    with pytest.raises(JournalError, match=r"Nothing was sent: look at 000002-0badcafe\.jsonl and move it away"):
        write(ledger, 2)
    assert [each.name for each in ledger.folder.glob("*.jsonl") if each != strange] == [path.name]


_FAR = "9999-12-31T23:59:59-12:00"


@pytest.mark.parametrize("at", [_FAR, "0001-01-01T00:00:00+14:00", "1969-12-31T23:00:00+00:00", "2026-11-20T12:00:00"])
def test_a_time_that_there_can_t_be_is_shown_as_it_is_and_ends_nothing(at: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1, "cancel", told("unknown"))
    path.write_bytes(b"".join(line_of({**record, "at": at}) for record in read(path).records))
    (entry,) = ledger_in(tmp_path).overview().writes
    assert (entry.at, entry.last_at, dict(entry.facts())["when"]) == (None, None, at)
    assert write_json(entry)["at"] == at
    assert ledger.settle_write(entry, told()).as_asked


@pytest.mark.parametrize("later", [False, True])
def test_mail_that_somebody_wrote_into_one_is_held_back(later: bool, tmp_path: Path) -> None:
    """Whoever makes the journal of a plan into one of a write frees no id."""
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1)
    kept = path.read_bytes()
    harm = b"00000000 {}\n" if later else b""
    path.write_bytes(kept + harm + line_of(intent_record([Target(MAIL)], "ids", NOON)))
    assert ledger.other_plans("acc").held().keys() == {MAIL}


def test_a_changed_answer_makes_it_damaged_and_a_torn_one_unknown(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1, "cancel", told())
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"CANCELLED", b"COMPLETED"))
    (entry,) = ledger.overview().writes
    assert (entry.standing, entry.as_asked) == ("damaged", False)
    assert any("line 2 was changed" in problem for problem in ledger.verify().problems)
    assert ledger.other_plans("acc").held() == {}
    with pytest.raises(JournalError):
        ledger.settle_write(entry, told())
    path.write_bytes(kept[:-10])
    (entry,) = ledger.overview().writes
    assert (entry.standing, entry.damaged) == ("unknown", "")
    assert ledger.settle_write(entry, told()).as_asked
    assert [record["type"] for record in read(path).records] == ["job_write", "answer"]
    with pytest.raises(JournalError, match="is done by now: nothing is open"):
        ledger.settle_write(entry, told())


def test_a_copy_is_told_and_is_no_link(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1, "cancel", told())
    copy = path.with_name(f"000002{path.name[6:]}")
    shutil.copy(path, copy)
    says = f"{copy.name} is a copy of {path.name}: both hold the same write."
    assert any(problem.startswith(says) for problem in ledger.verify().problems)
    assert [bool(each.doubts) for each in ledger.overview().writes] == [True, False]


def test_what_is_over_is_remembered_with_the_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns
    monkeypatch.setattr(journal_file.time, "time_ns", lambda: now() + 10**10)
    ledger = ledger_in(tmp_path)
    for number in range(1, 41):
        write(ledger, number, ("cancel", "create", "delete")[number % 3], told())
        if number % 2:
            plan(ledger, number)
    write(ledger, 99, "create", told("unknown"))
    first = ledger_in(tmp_path).overview()
    remembered = load_index(ledger.folder)
    assert sum(1 for known in remembered.values() if known.write is not None) > 20
    assert "000061-00000063.jsonl" not in remembered
    reads: list[str] = []
    monkeypatch.setattr(journal_file, "read", lambda path: reads.append(path.name) or read(path))
    again = ledger_in(tmp_path).overview()
    assert {*reads} == {each.file for each in first.listed} - remembered.keys()
    assert again.writes == first.writes
    assert [each.plan_id for each in again.listed] == [each.plan_id for each in first.listed]
