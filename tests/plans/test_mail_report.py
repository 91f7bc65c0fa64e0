"""The journal of a report of mail: what it holds is read back as it was, and what makes no sense is not understood."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans.test_write_records import _JSON, ANA, MAIL, NOON, facts, ledger_in, plan, told, write
from tui_app.api.details import LogEntry
from tui_app.api.page import Page
from tui_app.plans.journal import JournalError, NoSuchPlan, line_of, read
from tui_app.plans.journal_index import Remembered, load_index, save_index
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_filter import parse_ledger_filter
from tui_app.plans.mail_report import MailReport
from tui_app.plans.submission_read_back import settled_facts
from tui_app.plans.write_entry import WriteEntry, write_json
from tui_app.plans.write_records import answer_record, write_of, write_record

IDS = [f"4N00000000{n:04d}01-2026-11-19T00:00:00-1" for n in range(3)]
PLAN = "3fa1b2c3"


def asked(write_id: str = "0a1b2c3d", count: int = 3, **more: Any) -> dict[str, Any]:
    """A report that is about to be sent."""
    messages = [
        {"id": name, "alert_id": f"{name}-a", "postfix_id": "", "message_id": "", "recipients": []}
        for name in IDS[:count]
    ]
    return {
        **facts(write_id, "report", job="", action="", destination="", search={}, preview=None, mark=""),
        "follows": PLAN,
        "kind": "reclassification",
        "expected": "NONE",
        "server_at": "",
        "messages": messages,
        **more,
    }


def answered(*acceptances: str, **more: Any) -> dict[str, Any]:
    """What was answered of each: `accepted`, `not accepted`, `unknown`."""
    outcome = "unknown" if "unknown" in acceptances else "done"
    messages = [{"acceptance": each, "submission": f"s-{each}", "why": ""} for each in acceptances]
    return {**told(outcome, job="", status="", http=None, why=""), "messages": messages, **more}


def refused(outcome: str = "refused") -> dict[str, Any]:
    return {**told(outcome), "messages": []}


def report(ledger: Ledger, number: int, *answers: dict[str, Any], **more: Any) -> Path:
    journal = ledger.begin_write(asked(f"{number:08x}", **more), "acc")
    for each in answers:
        journal.add(each)
    journal.close()
    return max(ledger.folder.glob("*.jsonl"))


def records(first: dict[str, Any], *answers: dict[str, Any]) -> list[dict[str, Any]]:
    made = write_record(first, number=1, account="acc", origin=ANA, at=NOON, version="1", previous="", folder="/x")
    found: list[dict[str, Any]] = json.loads(json.dumps([made, *(answer_record(each, NOON) for each in answers)]))
    return found


YES, NO, PERHAPS = "accepted", "not accepted", "unknown"


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = report(ledger, 7, answered(YES, NO, YES))
    (entry,) = ledger.reports_of(PLAN)
    assert read(path).records[0]["format"] == 2
    assert entry.report == MailReport.of(asked())
    assert (entry.what, entry.target, entry.counts) == ("report mail", PLAN, "2 accepted, 1 not accepted")
    assert (entry.does, entry.reason) == ("false positive, expected NONE", "INC-4711")
    assert ledger.reports_of("another") == []
    assert ledger.reports_of("another", asked()["kind"]) == [entry], "of all plans, where a kind is asked for"
    listed = write_json(entry)["report"]
    assert (listed["plan"], listed["expected_disposition"]) == (PLAN, "NONE")
    assert [each["acceptance"] for each in listed["messages"]] == [YES, NO, YES]
    shown = [value for _, value in entry.facts()]
    assert f"{IDS[1]} · not accepted · s-not accepted" in shown


@pytest.mark.parametrize(
    ("answers", "standing", "sums", "as_asked"),
    [
        ([], "unknown", "3 unknown", False),
        ([answered(YES, YES, YES)], "done", "3 accepted", True),
        ([answered(YES, NO, YES)], "partly", "2 accepted, 1 not accepted", False),
        ([answered(NO, NO, NO)], "none done", "3 not accepted", False),
        ([answered(YES, PERHAPS, NO)], "unknown", "1 accepted, 1 not accepted, 1 unknown", False),
        ([answered(YES, PERHAPS, NO), answered(YES, YES, NO)], "partly", "2 accepted, 1 not accepted", False),
        ([refused()], "refused", "3 not accepted", False),
        ([refused("not sent")], "not sent", "3 not sent", False),
        ([refused("unknown")], "unknown", "3 unknown", False),
        ([refused("unknown"), answered(YES, PERHAPS, PERHAPS)], "unknown", "1 accepted, 2 unknown", False),
    ],
)
def test_it_stands_as_its_messages_do(answers: list[dict[str, Any]], standing: str, sums: str, as_asked: bool) -> None:
    entry = write_of(records(asked(), *answers))
    assert (entry.standing, entry.sums(), entry.as_asked) == (standing, sums, as_asked)
    assert entry.open is (standing == "unknown")


@pytest.mark.parametrize(
    "harm",
    [
        lambda found: found[0].update(format=1),
        lambda found: found[0].update(format=3),
        lambda found: found[0].update(write="cancel"),
        lambda found: found[0].update(job="x"),
        lambda found: found[0].update(kind="other"),
        lambda found: found[0].update(follows=""),
        lambda found: found[0].update(messages=[]),
        lambda found: found[0]["messages"].append(found[0]["messages"][0]),
        lambda found: found[0]["messages"][0].update(id=""),
        lambda found: found[0]["messages"][0].update(recipients="a"),
        lambda found: found[0]["messages"][0].pop("alert_id"),
        lambda found: found[0].pop("expected"),
        lambda found: found[1]["messages"].pop(),
        lambda found: found[1].pop("messages"),
        lambda found: found[1].update(outcome="done"),
        lambda found: found[1].update(outcome="refused"),
        lambda found: found[1]["messages"][0].update(acceptance="perhaps"),
        lambda found: found[1]["messages"][0].update(acceptance="not sent"),
        lambda found: found[2]["messages"][0].update(acceptance=NO),
        lambda found: found[2].update(messages=[], outcome="unknown"),
        lambda found: found[2].update(job="x"),
        lambda found: found.append(found[2]),
    ],
)
def test_what_makes_no_sense_is_not_understood(harm: Callable[[list[dict[str, Any]]], Any]) -> None:
    found = records(asked(), answered(YES, PERHAPS, NO), answered(YES, YES, NO))
    write_of(found)
    harm(found)
    with pytest.raises(ValueError, match="not a write that this version can read"):
        write_of(found)


@given(st.integers(0, 1), st.data())
def test_a_record_with_anything_in_it_is_read_or_not_understood(which: int, data: st.DataObject) -> None:
    found = records(asked(), answered(YES, PERHAPS, NO))
    name = data.draw(st.sampled_from(sorted(found[which])))
    found[which][name] = data.draw(_JSON)
    try:
        entry = write_of(found)
    except ValueError:
        return
    assert write_json(entry)["report"]["messages"]
    assert all(text.isprintable() for pair in entry.facts() for text in pair)


def test_writes_to_jobs_are_still_written_as_earlier_versions_read_them(tmp_path: Path) -> None:
    assert read(write(ledger_in(tmp_path), 1)).records[0]["format"] == 1


def test_it_is_no_plan_holds_no_id_back_and_is_found_by_its_own_id(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    report(ledger, 0xAB, refused("unknown"))
    plan(ledger, 2)
    assert ledger.other_plans("acc").held() == {}
    assert [entry.what for entry in ledger.open_writes("acc")] == ["report mail"]
    with pytest.raises(NoSuchPlan, match=f"is no plan: somebody wanted to report mail {PLAN}"):
        ledger.find("000000ab")
    found = ledger.find_any("000000ab")
    assert isinstance(found, WriteEntry)
    assert ledger.verify().problems == ()
    settled = ledger.settle_write(found, answered(YES, NO, YES))
    assert (settled.open, settled.sums()) == (False, "2 accepted, 1 not accepted")
    with pytest.raises(JournalError, match="is partly by now: nothing is open"):
        ledger.settle_write(found, answered(YES, NO, YES))


def test_one_of_a_newer_format_is_said_to_be_and_holds_its_messages_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = report(ledger, 1)
    (first,) = read(path).records
    path.write_bytes(line_of({**first, "format": 3, "version": "99.0", "ids": [MAIL]}))
    assert "written by a newer version" in ledger.overview().unreadable[0]
    assert MAIL in ledger.other_plans("acc").held()


def test_a_copy_of_a_report_counts_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = report(ledger, 1, answered(YES, YES, YES))
    path.with_name(f"000002{path.name[6:]}").write_bytes(path.read_bytes())
    assert len(ledger.reports_of(PLAN)) == 1


def test_it_is_remembered_whole_and_filtered_by_its_words(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = report(ledger, 1, answered(YES, NO, YES))
    (entry,) = ledger.reports_of(PLAN)
    save_index(ledger.folder, {path.name: Remembered((1,), 0, write=entry)})
    assert load_index(ledger.folder)[path.name].write == entry
    for line in ("action:report", "action:false", f"target:{entry.name}", "state:partly", "1", "-cancel"):
        wanted = parse_ledger_filter(line, NOON)
        assert wanted is not None
        assert wanted.matches(entry), line


class Logs:
    """A client whose action logs have these entries for each message."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries = entries
        self.asked: list[str] = []

    async def list_action_log(self, name: str, *, page: int) -> Page[LogEntry]:
        self.asked.append(name)
        return Page(tuple(map(LogEntry.from_wire, self.entries)))


def logged(after: float, **properties: Any) -> dict[str, Any]:
    """A submission so many seconds after the report."""
    told = {"requested_disposition": "NONE", "submission_type": "reclassification", "submission_id": "s1", **properties}
    at = (NOON + timedelta(seconds=after)).isoformat()
    return {"operation": "SUBMISSION", "success": True, "started_at": at, "completed_at": at, "properties": told}


@pytest.mark.parametrize(
    ("server_at", "entry", "sums"),
    [
        ("", logged(1), "3 accepted"),
        ("", logged(-100), "3 accepted"),
        ("", logged(-3600), ""),
        (NOON.isoformat(), logged(-4), "3 accepted"),
        (NOON.isoformat(), logged(-100), ""),
        ("", logged(1, requested_disposition="SPAM"), ""),
        ("", logged(1, submission_type="missed_detection"), ""),
        ("", logged(1, requested_disposition=None, submission_type=None), "3 accepted"),
        ("", {**logged(1), "operation": "MOVE"}, ""),
        ("", {**logged(1), "started_at": None, "completed_at": None}, ""),
        ("", {**logged(1), "success": False, "status": "too old"}, "3 not accepted"),
        ("", {**logged(1), "success": None, "status": "FAILED"}, "3 unknown"),
        ("", {**logged(1), "success": None}, "3 unknown"),
        ("", {**logged(1), "success": None, "status": "ok"}, "3 accepted"),
        ("", {**logged(1), "success": "yes", "status": ""}, "3 unknown"),
        ("", {**logged(1), "success": True, "status": "OK"}, "3 accepted"),
        ("", {**logged(1), "success": True, "status": "FAILED"}, "3 unknown"),
        ("", {**logged(1), "success": False, "status": "OK"}, "3 unknown"),
        ("", {**logged(1), "success": False}, "3 not accepted"),
    ],
)
async def test_only_this_report_settles_it_and_not_an_older_one_or_another(
    server_at: str, entry: dict[str, Any], sums: str
) -> None:
    lost = write_of(records(asked(server_at=server_at), refused("unknown")))
    logs: Any = Logs(entry)
    found, told_so = await settled_facts(logs, lost)
    assert (logs.asked, told_so if found else "") == (IDS, sums)
    if found is not None:
        assert write_of(records(asked(), refused("unknown"), found)).sums() == sums


async def _settled(*entries: dict[str, Any], before: WriteEntry | None = None) -> tuple[Any, str]:
    logs: Any = Logs(*entries)
    found, said = await settled_facts(logs, before or write_of(records(asked(count=1), refused("unknown"))))
    return found and found["messages"][0], said


async def test_entries_that_contradict_each_other_settle_nothing() -> None:
    failed = {**logged(1), "success": False, "status": "too old"}
    for entries in ((logged(1), failed), (failed, logged(1))):
        told_of, said = await _settled(*entries)
        assert (told_of["acceptance"], said) == (PERHAPS, "1 unknown")
        assert "too old" in told_of["why"]
    assert (await _settled(logged(1), logged(2)))[1] == "1 accepted"
    assert (await _settled(failed, logged(1, requested_disposition="SPAM")))[1] == "1 not accepted"


async def test_what_the_log_can_t_settle_is_put_on_record_once() -> None:
    entry = {**logged(1), "success": None, "status": "FAILED"}
    logs: Any = Logs(entry)
    first = records(asked(count=1), refused("unknown"))
    found, _ = await settled_facts(logs, write_of(first))
    assert found is not None
    assert "neither accepted nor failed: FAILED" in found["messages"][0]["why"]
    again = write_of(records(asked(count=1), refused("unknown"), found))
    assert (again.open, again.sums()) == (True, "1 unknown")
    assert (await settled_facts(logs, again))[0] is None


async def test_it_is_told_who_asked_for_what_the_log_shows() -> None:
    told_of, _ = await _settled(logged(1, requested_by="eve@other.example"))
    assert (told_of["acceptance"], told_of["why"]) == (YES, "seen in the action log, requested by eve@other.example")
