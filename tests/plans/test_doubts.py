"""Copies, odd names, strangers: journals that are not where, or whose, they should be are named, held to and not gone on with."""

import json
import os
import re
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.clock import HurriedClock
from tests.support.services import held_targets, service_on
from tui_app.core.errors import GuardError
from tui_app.plans.account_lock import Locked
from tui_app.plans.commands import CheckArrival, Close, Resume, Send, Settle
from tui_app.plans.journal import JournalError, line_of, read
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.origin import Origin, origin_of
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, resend_record
from tui_app.plans.report import as_csv, as_json, as_markdown
from tui_app.plans.state import Outcome
from tui_app.simulator.server import Options, running

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1", uid=os.geteuid())
TARGETS = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(6))
IDS = {target.id for target in TARGETS}


def ledger_in(folder: Path, origin: Origin = ANA) -> Ledger:
    return Ledger(folder / "plans", origin, lambda: NOON)


def begin(ledger: Ledger, plans: int = 1) -> list[Path]:
    """So many plans, each with half of its messages sent and no answer; the paths of their journals."""
    random = Random(plans)
    for _ in range(plans):
        journal, _head = ledger.begin(Plan.make(TARGETS, "a ticket", 3, random), "acc")
        journal.add(intent_record(TARGETS[:3], "ids", NOON))
        journal.close()
    return sorted(ledger.folder.glob("*.jsonl"))


def change_first(path: Path, **fields: object) -> None:
    """The same journal with other fields in its first record, and a right checksum."""
    first, *rest = read(path).records
    path.write_bytes(b"".join(map(line_of, [{**first, **fields}, *rest])))


# ---- copies and names


def test_a_copy_is_named_by_its_file_and_each_of_the_two_can_be_asked_for(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 3)
    copy = ledger.folder / f"000004{paths[1].name[6:]}"
    shutil.copy(paths[1], copy)
    plan_id = read(copy).records[0]["plan"]
    assert ledger.find(plan_id).file == paths[1].name, "the one that has the right name is meant"
    assert ledger.find(plan_id).doubts == ()
    for name in (copy.name, copy.stem, "000004"):
        found = ledger.find(name)
        assert (found.file, found.name) == (copy.name, copy.name)
        assert f"{copy.name} is a copy of {paths[1].name}" in found.doubts[0]
    assert [problem for problem in ledger.verify().problems if "is a copy of" in problem]
    copied = next(entry for entry in ledger.entries() if entry.file == copy.name)
    assert ledger.reread(copied) == copied
    journal, now = ledger.resume(copied)
    journal.close()
    assert now.doubts == copied.doubts != ()


def test_what_is_open_in_a_copy_is_held_back_also_when_the_original_is_gone(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    path.rename(ledger.folder / "000001-0badcafe (copy).jsonl")
    assert set(ledger.other_plans("acc").held()) == {target.id for target in TARGETS[:3]}
    (entry,) = ledger.entries()
    assert f"begun as {path.name}" in entry.doubts[0]
    assert ledger.find(entry.file) == entry == ledger.find(entry.plan.plan_id)


def test_a_plan_and_its_copy_do_not_both_send_a_message(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    shutil.copy(path, ledger.folder / f"000002{path.name[6:]}")
    original, copied = (ledger.find(name) for name in ("1", "000002"))
    assert ledger.other_plans(original.account).sent_after(original).keys() == {target.id for target in TARGETS[:3]}
    assert set(ledger.other_plans("acc").held(except_file=copied.file)) == {target.id for target in TARGETS[:3]}


def test_two_copies_of_a_journal_that_is_gone_are_both_doubted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    names = [f"{number:06d}{path.name[6:]}" for number in (7, 8)]
    shutil.copy(path, ledger.folder / names[0])
    path.rename(ledger.folder / names[1])
    assert all("is a copy of" in entry.doubts[0] for entry in ledger.entries())
    with pytest.raises(JournalError, match=rf"2 journals go by .*\. Give the name of one: {names[0]}, {names[1]}\."):
        ledger.find(path.stem[7:])
    assert [ledger.find(name).file for name in names] == names


def test_two_plans_that_drew_the_same_id_are_no_copies(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for targets in (TARGETS[:2], TARGETS[2:]):
        ledger.begin(Plan.make(targets, "x", 3, Random(7)), "acc")[0].close()
    assert ledger.verify().problems == ()
    assert [entry.doubts for entry in ledger.entries()] == [(), ()]
    with pytest.raises(JournalError, match="2 journals go by"):
        ledger.find(ledger.entries()[0].plan.plan_id)


def test_what_follows_a_copy_follows_the_journal_before_it(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 3)
    copy = ledger.folder / f"000004{paths[1].name[6:]}"
    shutil.copy(paths[1], copy)
    begin(ledger, 1)
    newest = ledger.entries()[0]
    assert (newest.number, newest.doubts) == (5, ())
    assert newest.previous == ledger.find("000003").state.head


def test_numbers_go_on_behind_six_digits(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    last = ledger.folder / f"999999{path.name[6:]}"
    path.rename(last)
    change_first(last, number=999_999)
    for number in (1_000_000, 1_000_001):
        ledger.begin(Plan.make(TARGETS, "x", 3, Random(number)), "acc")[0].close()
        entry = ledger.entries()[0]
        assert (entry.number, entry.doubts) == (number, ())
        assert entry.file.startswith(f"{number}-")
        assert ledger.find(str(number)) == entry
    assert ledger.verify().problems == ("000001 is missing: " + last.name + " comes after 000000.",)
    assert ledger.verify().journals == 3


def test_behind_the_last_number_that_has_a_name_nothing_is_sent(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    path.rename(ledger.folder / f"{10**18 - 1}{path.name[6:]}")
    with pytest.raises(JournalError, match="Move that file away"):
        begin(ledger)


def test_a_name_that_is_a_plans_id_means_that_plan_and_not_a_number(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 2)
    change_first(paths[1], plan="00000001")
    paths[1].rename(ledger.folder / "000002-00000001.jsonl")
    assert ledger.find("00000001").number == 2
    assert ledger.find("000001").number == 1


def test_a_journal_in_another_folder_than_it_was_begun_in_is_doubted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path / "here" / "state")
    (path,) = begin(ledger)
    there = tmp_path / "there" / "plans"
    there.mkdir(parents=True, mode=0o700)
    there.parent.chmod(0o700)
    shutil.copy2(path, there)
    other = ledger_in(there.parent)
    (doubt,) = other.find("1").doubts
    assert doubt.startswith(f"{path.name} was begun in another folder, ")
    assert str(ledger.folder) in doubt
    assert (other.verify().problems, other.verify().notes) == ((), (doubt,)), "the chain is whole all the same"
    assert ledger.find("1").doubts == ()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    assert ledger_in(tmp_path / "link" / "state").find("1").doubts == (), "another name of the same folder"


def test_a_journal_that_does_not_say_in_which_folder_it_was_begun_is_not_doubted_for_that(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    first, *rest = read(path).records
    old = {name: value for name, value in first.items() if name != "folder"}
    path.write_bytes(b"".join(map(line_of, [old, *rest])))
    assert ledger.find("1").folder == ""
    assert ledger.find("1").doubts == ()


# ---- what a journal says against itself


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"previous": "ab" * 32}, "does not follow the one before it"),
        ({"number": 7}, "calls itself number 7"),
        ({"plan": "0badcafe"}, "holds plan 0badcafe, begun as 000002-0badcafe.jsonl"),
        ({"host": "jump2"}, r"was written on another host, by ana .*@jump2; this is jump1"),
        (
            {"uid": 4242, "user": "eve\x1b[2J"},
            r"was written by another user, eve␛\[2J \(uid 4242\) @jump1; you are ana",
        ),
    ],
)
def test_a_doubt_is_told_wherever_the_plan_is(fields: dict[str, Any], says: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = begin(ledger, 2)[1]
    change_first(path, **fields)
    entry = ledger.find(path.name)
    journal, resumed = ledger.resume(entry)
    journal.close()
    again = ledger.reread(entry)
    assert again is not None
    verdict = ledger.verify()
    for told in (entry.doubts, resumed.doubts, again.doubts, (*verdict.problems, *verdict.notes)):
        assert [doubt for doubt in told if re.search(says, doubt)]
    assert json.loads(as_json(entry))["doubts"] == list(entry.doubts)
    assert "- doubts about the journal: none" not in as_markdown(entry)


def test_a_journal_whose_number_is_missing_before_it_is_doubted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 3)
    paths[1].unlink()
    assert ledger.find("000003").doubts[0] == f"000002 is missing: {paths[2].name} comes after 000001."
    assert ledger.find("1").doubts == ()


def test_a_whole_ledger_is_not_doubted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    begin(ledger, 3)
    assert [entry.doubts for entry in ledger.entries()] == [()] * 3
    assert "- doubts about the journal: none" in as_markdown(ledger.entries()[0])


def test_a_journal_that_did_not_keep_the_number_of_the_user_is_not_doubted_for_that(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    change_first(path, uid=None)
    assert ledger.find("1").doubts == ()
    assert ledger.find("1").origin.who == "ana@jump1"


# ---- going on


async def test_what_is_doubted_is_sent_only_by_somebody_who_says_so_and_read_back_by_anybody() -> None:
    with running(Options(quota=0, held=120, messages=100, faults="close_before@release#1")) as simulator:
        async with service_on(simulator, clock=HurriedClock()) as service:
            plans = service.plans
            guarded = plans.guard(await held_targets(service, 40))
            state = await plans.start(Send(plans.plan(guarded, "x")))
            simulator.set_faults("none")
            assert state.unfinished
            plans.ledger.origin = replace(plans.ledger.origin, host="another")
            (entry,) = plans.ledger.entries()
            before = len(simulator.account.truth.of("release"))
            with pytest.raises(GuardError, match=r"another host.* ledger show .*--despite-doubts"):
                await plans.start(Resume(entry))
            await plans.start(Settle(entry))
            await plans.start(CheckArrival(entry))
            assert len(simulator.account.truth.of("release")) == before
            (entry,) = plans.ledger.entries()
            ended = await plans.start(Resume(entry, resend_unseen=True, despite_doubts=True))
            assert ended.finished
            assert len(simulator.account.truth.of("release")) > before


async def test_a_plan_that_is_doubted_can_be_closed() -> None:
    with running(Options(quota=0, held=120, messages=100, faults="close_before@release#1")) as simulator:
        async with service_on(simulator, clock=HurriedClock()) as service:
            plans = service.plans
            await plans.start(Send(plans.plan(plans.guard(await held_targets(service, 40)), "x")))
            plans.ledger.origin = replace(plans.ledger.origin, host="another")
            assert (await plans.start(Close(plans.ledger.entries()[0]))).closed


async def test_what_another_journal_holds_back_is_left_out_of_a_plan_that_is_resumed() -> None:
    with running(Options(quota=0, held=120, messages=100, faults="close_before@release#1")) as simulator:
        async with service_on(simulator, clock=HurriedClock()) as service:
            plans = service.plans
            await plans.start(Send(plans.plan(plans.guard(await held_targets(service, 60)), "x")))
            simulator.set_faults("none")
            (entry,) = plans.ledger.entries()
            taken = entry.state.unsent[0].id
            newer = {"type": "plan", "format": 3, "ids": [[taken, None]]}
            path = plans.ledger.folder / "000000-0badcafe.jsonl"
            path.write_bytes(line_of(newer))
            path.chmod(0o600)
            ended = await plans.start(Resume(entry, despite_doubts=True))
            left = next(result for result in ended.results if result.target.id == taken)
            assert left.outcome is Outcome.LEFT_OUT
            assert "000000-0badcafe.jsonl, which this version can't read" in left.why
            assert taken not in [each["id"] for each in simulator.account.truth.of("release")]


# ---- values that make no sense


@pytest.mark.parametrize(
    "fields",
    [
        {"batch_size": 0},
        {"batch_size": -1},
        {"batch_size": 1001},
        {"batch_size": True},
        {"batch_size": "25"},
        {"canary": 7},
        {"canary": -1},
        {"ids": [[TARGETS[0].id, None]] * 2},
        {"ids": [[name, None] for name in sorted(IDS)] + [[TARGETS[0].id, "4NAAAAAAAAAAAA00"]]},
        {"number": 0},
        {"number": -3},
        {"number": 10**19},
        {"number": None},
        {"plan": 7},
        {"plan": "\x1b[2J"},
        {"action": "Format C:"},
        {"action": None},
        {"reason": ["x"]},
        {"account": ""},
        {"account": 7},
        {"uid": "root"},
        {"uid": -1},
        {"user": None},
        {"host": 7},
        {"format": True},
        {"format": 2.0},
        {"digest": None},
        {"previous": 0},
        {"included": [["SPAM", "4NBBBBBBBBBBBB01-2026-01-01T00:00:00-1"]]},
        {"included": [["SPAM"]]},
        {"included": ["SPAM"]},
        {"included": [["SPAM", ""]]},
        {"held_back": [["x"]]},
        {"released_before": 7},
        {"not_before": "9999-12-31T23:59:59-12:00"},
        {"not_before": "2201-01-01T00:00:00+00:00"},
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_told_and_holds_its_ids_back(fields: dict[str, Any], tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    change_first(path, **fields)
    assert ledger.entries() == []
    held = ledger.other_plans("another account").held()
    assert {target.id for target in TARGETS[:3]} <= set(held)
    assert {kept.include for kept in held.values()} == {""}
    (sentence,) = ledger.overview().unreadable
    assert sentence.startswith(f"{path.name}: its records are not understood")
    assert ledger.verify().problems
    with pytest.raises(JournalError, match="not understood"):
        ledger.find(path.name)
    assert ledger.begin(Plan.make(TARGETS[3:], "next", 3, Random(9)), "acc")[0].close() is None


@pytest.mark.parametrize(
    "record",
    [
        {"type": "note", "text": "of another version"},
        {"type": "plan"},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": "in flight"}]},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": "left out"}]},
        {"type": "settled", "id": TARGETS[0].id, "outcome": "not sent", "how": ""},
        {"type": "settled", "id": TARGETS[0].id, "outcome": "refused", "how": ""},
        {"type": "settled", "id": TARGETS[5].id, "outcome": "seen released", "how": ""},
        {"type": "resend", "ids": [TARGETS[0].id]},
    ],
    ids=str,
)
def test_a_record_that_contradicts_those_before_it_sets_no_message_free(record: dict[str, Any], tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    path.write_bytes(path.read_bytes() + line_of(record))
    assert ledger.entries() == []
    assert set(ledger.other_plans("acc").held()) >= {target.id for target in TARGETS[:3]}


def test_an_answer_that_comes_again_later_does_not_undo_the_first_one(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    for outcome in ("delivered", "not sent"):
        answer = {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": outcome}]}
        path.write_bytes(path.read_bytes() + line_of(answer))
    assert ledger.entries() == []
    assert TARGETS[0].id in ledger.other_plans("acc").held()


def test_a_second_request_that_was_not_sent_leaves_the_first_one_open(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    for record in (
        resend_record(TARGETS[:1], ANA, NOON),
        intent_record(TARGETS[:1], "ids", NOON),
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": "not sent"}]},
    ):
        path.write_bytes(path.read_bytes() + line_of(record))
    (entry,) = ledger.entries()
    assert entry.state.outcome_of(entry.plan.targets[0]) is Outcome.UNKNOWN
    assert entry.state.resends == (f"1 message at 2026-11-20T12:00:00.000+00:00 by ana (uid {os.geteuid()}) @jump1",)


@pytest.mark.parametrize("outcome", ["not sent", "refused"])
def test_a_request_that_comes_twice_and_is_not_taken_once_is_open(outcome: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    answer = {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": outcome}]}
    path.write_bytes(path.read_bytes() + line_of(intent_record(TARGETS[:1], "ids", NOON)) + line_of(answer))
    assert set(ledger.other_plans("acc").held()) == {target.id for target in TARGETS[:3]}


def test_a_request_that_was_not_sent_undoes_no_answer_to_the_one_before(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger)
    answers = [
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": each}]} for each in ("delivered", "not sent")
    ]
    lines = [answers[0], intent_record(TARGETS[:1], "ids", NOON), answers[1]]
    path.write_bytes(path.read_bytes() + b"".join(map(line_of, lines)))
    (entry,) = ledger.entries()
    assert entry.state.outcome_of(entry.plan.targets[0]) is Outcome.DELIVERED


# ---- who


def entry_of_one(ledger: Ledger) -> LedgerEntry:
    begin(ledger)
    return ledger.entries()[0]


def test_who_acts_is_the_account_and_the_environment_only_says_things(tmp_path: Path) -> None:
    said = {"LOGNAME": "bo", "USER": "cy", "SUDO_USER": "dan", "SSH_CONNECTION": "192.0.2.7 1 192.0.2.1 22"}
    origin = origin_of(said)
    assert (origin.uid, origin.login, origin.sudo_user, origin.ssh_client) == (os.geteuid(), "bo", "dan", "192.0.2.7")
    assert origin.user == origin_of({}).user != "bo"
    entry = entry_of_one(ledger_in(tmp_path, replace(origin, user="ana", uid=os.geteuid(), host="jump1")))
    who = f"ana (uid {os.geteuid()}) @jump1, says: user bo, sudo from dan, ssh from 192.0.2.7"
    assert entry.origin.describe() == who
    assert json.loads(as_json(entry))["uid"] == os.geteuid()
    assert as_csv(entry).splitlines()[0].endswith(",uid")
    assert as_csv(entry).splitlines()[1].endswith(f",{os.geteuid()}")
    assert f"(uid {os.geteuid()})" in as_markdown(entry).replace("\\", "")


@pytest.mark.parametrize("said", [{"LOGNAME": "\x1b[2J", "SUDO_USER": "a b", "SSH_CONNECTION": "x"}, {}])
def test_what_the_environment_says_in_another_form_is_not_kept(said: dict[str, str]) -> None:
    origin = origin_of(said)
    assert (origin.login, origin.sudo_user, origin.ssh_client) == ("", "", "")
    assert origin_of({"SSH_CONNECTION": "fe80::1%\x1b[2J 1 fe80::2 22"}).ssh_client == "fe80::1"


def test_the_account_that_the_environment_names_rightly_is_not_said_twice() -> None:
    assert origin_of({"LOGNAME": origin_of({}).user}).login == ""


def test_a_lock_names_its_holder_in_the_same_words(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, replace(ANA, uid=1000, sudo_user="bo"))
    with (
        ledger.account_locked("acc"),
        pytest.raises(Locked, match=r"on jump1 \(of ana \(uid 1000\) @jump1, says: sudo from bo, since 2026"),
        ledger.account_locked("acc"),
    ):
        raise AssertionError


# ---- what was read is kept


def test_a_journal_that_was_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 2)
    later = time.time_ns() + 10**10
    monkeypatch.setattr("tui_app.plans.journal_file.time.time_ns", lambda: later)
    before = ledger.entries()
    assert all(one is other for one, other in zip(before, ledger.entries(), strict=True)), "as it was"
    about = paths[1].stat()
    changed = paths[1].read_bytes().replace(b"a ticket", b"A ticket")
    paths[1].write_bytes(changed)
    os.utime(paths[1], ns=(about.st_atime_ns, about.st_mtime_ns))
    assert [entry.number for entry in ledger.entries()] == [1]
    assert IDS >= set(ledger.other_plans("acc").held()) >= {target.id for target in TARGETS[:3]}
