"""The ledger: the chain through all journals, who may add to it, and what a report makes of a plan."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tests.support.commands import ROOT
from tui_app.core.text import Untrusted
from tui_app.plans.account_lock import Locked
from tui_app.plans.journal import JournalError, line_of, read
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import closed_record, intent_record, result_record
from tui_app.plans.state import Outcome, Result

NUMBER = re.compile(r"[+-]\d+(\.\d+)?%?", re.ASCII)
"""A signed number is no formula, and stays one."""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1")
TARGETS = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(12))


def ledger_in(folder: Path) -> Ledger:
    return Ledger(folder / "plans", ANA, lambda: NOON)


def begin(ledger: Ledger, plans: int, *, account: str = "acc") -> list[Path]:
    """So many plans, each with an intent and a result on record; the paths of their journals."""
    random = Random(plans)
    for _ in range(plans):
        journal, _head = ledger.begin(Plan.make(TARGETS, "a ticket", 6, random), account)
        journal.add(intent_record(TARGETS[:6], "ids", NOON))
        results = [Result(target, Outcome.DELIVERED, (Untrusted("a@b.example"),)) for target in TARGETS[:5]]
        journal.add(result_record(results, http=200, ray=None, ms=5, at=NOON))
        journal.close()
    return sorted(ledger.folder.glob("*.jsonl"))


# ---- the chain


def test_plans_are_numbered_and_chained_and_the_chain_is_whole(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    assert ledger.verify().problems == ()
    assert ledger.verify().head == ""
    paths = begin(ledger, 4)
    verdict = ledger.verify()
    assert (verdict.journals, verdict.problems) == (4, ())
    entries = ledger.entries()
    assert [entry.number for entry in entries] == [4, 3, 2, 1]
    assert [entry.file for entry in reversed(entries)] == [path.name for path in paths]
    assert verdict.head == entries[0].state.head
    assert [entry.previous for entry in entries] == [*(entry.state.head for entry in entries[1:]), ""]


def change_first_line(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes().replace(b"a ticket", b"no ticket"))


def forge_first_line(paths: list[Path]) -> None:
    """Whoever can compute a checksum can't make the next plan name another one."""
    first, *rest = read(paths[1]).records
    paths[1].write_bytes(b"".join(map(line_of, [{**first, "user": "eve"}, *rest])))


def forge_ids(paths: list[Path]) -> None:
    first, *rest = read(paths[-1]).records
    paths[-1].write_bytes(b"".join(map(line_of, [{**first, "ids": first["ids"][:-1]}, *rest])))


def change_a_later_line(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes().replace(b'"intent"', b'"intend"'))


def remove(paths: list[Path]) -> None:
    paths[1].unlink()


def remove_the_first(paths: list[Path]) -> None:
    paths[0].unlink()


def swap(paths: list[Path]) -> None:
    one, other = paths[1].read_bytes(), paths[2].read_bytes()
    paths[1].write_bytes(other)
    paths[2].write_bytes(one)


def swap_names(paths: list[Path]) -> None:
    one, other = paths[1].name[:6], paths[2].name[:6]
    paths[1].rename(paths[1].with_name(other + paths[1].name[6:]))
    paths[2].rename(paths[2].with_name(one + paths[2].name[6:]))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (change_first_line, "holds no plan that can be read"),
        (forge_first_line, "does not follow the one before it"),
        (forge_ids, "its digest does not fit its ids"),
        (change_a_later_line, "line 2 was changed"),
        (remove, "000002 is missing"),
        (remove_the_first, "000001 is missing"),
        (swap, "calls itself number 3"),
        (swap_names, "calls itself number 3"),
    ],
)
def test_what_was_done_to_the_ledger_is_found(harm: Callable[[list[Path]], None], said: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    harm(begin(ledger, 4))
    assert [problem for problem in ledger.verify().problems if said in problem]


def test_only_the_head_in_a_report_tells_that_the_last_plan_was_taken_away(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 3)
    heads = {entry.state.head for entry in ledger.entries()}
    noted = ledger.verify().head
    paths[-1].unlink()
    assert ledger.verify().problems == ()
    assert ledger.verify().head in heads - {noted}


@pytest.mark.parametrize("left", [0, 1, 40, -1, None], ids=["nothing", "a byte", "a piece", "all but the end", "zeros"])
def test_a_plan_whose_first_line_was_never_whole_was_never_begun(left: int | None, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    paths = begin(ledger, 2)
    first_line = paths[1].read_bytes().partition(b"\n")[0] + b"\n"
    paths[1].write_bytes(b"\0" * 64 if left is None else first_line[:left])
    assert [entry.number for entry in ledger.entries()] == [1]
    assert ledger.verify().problems == ()
    journal, _ = ledger.begin(Plan.make(TARGETS, "next", 6, Random(9)), "acc")
    journal.close()
    assert [entry.number for entry in ledger.entries()] == [3, 1]
    assert ledger.verify().problems == ()


def hold_everything_back(ledger: Ledger) -> set[str]:
    """The ids that no other plan may send; all of them where the ledger refuses to say."""
    try:
        return set(ledger.other_plans("acc").held())
    except JournalError:
        return {target.id for target in TARGETS}


@pytest.mark.parametrize("changed", [b"a ticket", b'"intent"', b"a@b.example"], ids=["plan", "intent", "result"])
def test_a_changed_byte_does_not_set_free_what_may_have_been_released(changed: bytes, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger, 1)
    journal, _ = ledger.resume(ledger.entries()[0])
    journal.add(intent_record(TARGETS[6:9], "ids", NOON))
    journal.close()
    may_be_out = {target.id for target in TARGETS[5:9]}
    assert set(ledger.other_plans("acc").held()) == may_be_out
    path.write_bytes(path.read_bytes().replace(changed, changed.upper(), 1))
    assert ledger.verify().problems
    assert hold_everything_back(ledger) >= may_be_out


def test_a_plan_is_found_by_the_beginning_of_its_id_if_that_is_only_one(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    begin(ledger, 3)
    one = ledger.entries()[0].plan.plan_id
    assert ledger.find(one.upper()).plan.plan_id == one
    for wrong in ("", "zz", "\x1b[2J", one + "0"):
        with pytest.raises(JournalError, match="No plan begins with"):
            ledger.find(wrong)


def test_what_an_older_plan_never_heard_of_is_not_gone_on_with_by_either_id(tmp_path: Path) -> None:
    moments = [NOON - timedelta(hours=9)]
    ledger = Ledger(tmp_path / "plans", ANA, lambda: moments[-1])
    targets = [replace(target, postfix_id=target.id[:16]) for target in TARGETS[:4]]
    old, _ = ledger.begin(
        Plan.make([replace(targets[0], investigate_id=None), *targets[1:3]], "x", 6, Random(1)), "acc"
    )
    old.add(intent_record([replace(targets[0], investigate_id=None), targets[1]], "ids", moments[-1]))
    old.close()
    moments.append(NOON)
    plan = Plan.make(targets, "x", 6, Random(2), included=[("UNSEEN", targets[1].id)])
    ledger.begin(plan, "acc")[0].close()
    now, before = ledger.entries()
    assert ledger.other_plans(now.account).sent_after(now) == {}, "it was long before"
    held = f"held back: unknown in plan {before.name}: settle that first"
    assert ledger.other_plans("acc").taken(now, targets) == {targets[0].id: held, targets[1].id: held}, (
        "no word for what is open"
    )
    assert ledger.other_plans("another account").taken(now, targets) == {}
    journal, _ = ledger.resume(before)
    journal.add(closed_record(before.state, NOON - timedelta(hours=8)))
    journal.close()
    closed = f"held back: sent by plan {before.name} (closed or damaged), outcome never seen"
    assert ledger.other_plans("acc").taken(now, targets) == {targets[0].id: closed}, (
        "the word was typed for the other one"
    )


@pytest.mark.parametrize("back", (0, 1, 3, 48))
def test_a_clock_that_was_set_back_hides_nothing_that_another_plan_has_sent(tmp_path: Path, back: int) -> None:
    ledger = Ledger(tmp_path / "plans", ANA, lambda: NOON)
    for number in (1, 2):
        ledger.begin(Plan.make(TARGETS[:2], "x", 6, Random(number)), "acc")[0].close()
    first, second = sorted(ledger.entries(), key=lambda entry: entry.number)
    journal, _ = ledger.resume(first)
    at = NOON - timedelta(hours=back)
    journal.add(intent_record(TARGETS[:1], "ids", at))
    journal.add(result_record([Result(TARGETS[0], Outcome.DELIVERED)], http=200, ray=None, ms=5, at=at))
    journal.close()
    assert ledger.other_plans("acc").taken(second, TARGETS[:2]) == {
        TARGETS[0].id: f"plan {first.name} has sent it, too"
    }


# ---- several programs

BEGINS = """
import sys; from datetime import UTC, datetime; from pathlib import Path; from random import Random
from tui_app.plans.ledger import Ledger; from tui_app.plans.plan import Plan, Target; from tui_app.plans.ledger_entry import Origin
ledger = Ledger(Path(sys.argv[1]), Origin("ana", "jump1"), lambda: datetime.now(UTC)); random = Random(sys.argv[2])
print("ready", flush=True)
for n in range(12): ledger.begin(Plan.make([Target(f"id-{n}")], "x", 1, random), "acc")[0].close()
"""
ACTS = """
import sys; from datetime import UTC, datetime; from pathlib import Path
from tui_app.plans.ledger import Ledger; from tui_app.plans.ledger_entry import Origin
with Ledger(Path(sys.argv[1]), Origin("bo", "jump2"), lambda: datetime(2026, 11, 20, 12, tzinfo=UTC)).account_locked("acc"):
    print("ready", flush=True); sys.stdin.read()
"""


@contextmanager
def elsewhere(script: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Another program, from the moment at which it is ready."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_programs_that_begin_plans_at_the_same_time_make_one_chain(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.folder.mkdir(mode=0o700)
    gate = os.open(ledger.folder / "chain.lock", os.O_RDWR | os.O_CREAT, 0o600)
    flock(gate, LOCK_EX)
    with elsewhere(BEGINS, ledger.folder, 1) as one, elsewhere(BEGINS, ledger.folder, 2) as other:
        os.close(gate)  # now
        assert [process.wait(timeout=30) for process in (one, other)] == [0, 0]
    verdict = ledger.verify()
    assert (verdict.journals, verdict.problems) == (24, ())
    assert [entry.number for entry in ledger.entries()] == [*range(24, 0, -1)]


def test_whoever_acts_on_the_account_is_named_and_nobody_else_acts_on_it_meanwhile(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    with elsewhere(ACTS, ledger.folder) as holder:
        with (
            pytest.raises(Locked, match=rf"pid {holder.pid} on jump2 \(of bo@jump2, since 2026-11-20T12:00\)"),
            ledger.account_locked("acc"),
        ):
            raise AssertionError
        with ledger.account_locked("another account"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=10)
        with ledger.account_locked("acc"):
            pass  # the lock died with it


@pytest.mark.parametrize("signed", [b"", b"{", b"[]", b'{"pid": "x"}', b'{"pid": 1, "host": "\\u001b[2J", "user": 1}'])
def test_a_lock_that_names_nobody_holds_all_the_same(signed: bytes, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    with ledger.account_locked("acc"):
        (lock,) = ledger.folder.glob("acting-*.lock")
        lock.write_bytes(signed)
        with pytest.raises(Locked, match="another mailsluice is acting"), ledger.account_locked("acc"):
            raise AssertionError


def signed(pid: int, host: str) -> str:
    return json.dumps({"pid": pid, "user": "bo", "host": host, "since": "2026-11-20T12:00:00"})


def lock_of(ledger: Ledger) -> Path:
    """The file of a lock that was held once."""
    with ledger.account_locked("acc"):
        pass
    (lock,) = ledger.folder.glob("acting-*.lock")
    return lock


HERE = os.uname().nodename


def test_a_name_in_a_lock_that_nobody_holds_is_nobody(tmp_path: Path) -> None:
    """Who wrote it was killed; its pid is in use again, its host goes by another name, or the folder was copied."""
    ledger = Ledger(tmp_path / "plans", replace(ANA, host=HERE), lambda: NOON)
    lock = lock_of(ledger)
    for pid, host in product((os.getpid(), os.getppid(), 1, 99_999_999), (HERE, "jump2")):
        lock.write_text(signed(pid, host))
        assert ledger.lock_holder("acc") == "", (pid, host)


def test_whoever_holds_a_lock_acts_whatever_is_written_in_it(tmp_path: Path) -> None:
    """As in a container, where both have the same pid, or that of the other one is nobody's here."""
    ledger = Ledger(tmp_path / "plans", replace(ANA, host=HERE), lambda: NOON)
    lock = lock_of(ledger)
    with elsewhere(ACTS, ledger.folder) as holder:
        for text, named in (
            ("", "another mailsluice"),
            ("{", "another mailsluice"),
            (signed(99_999_999, HERE), "mailsluice with pid 99999999 on "),
            (signed(1, "jump2"), "mailsluice with pid 1 on jump2 "),
            (signed(os.getpid(), HERE), f"mailsluice with pid {os.getpid()} on "),
        ):
            lock.write_text(text)
            assert ledger.lock_holder("acc").startswith(named)
        assert ledger.lock_holder("another account") == ""
        with pytest.raises(Locked), ledger.account_locked("acc"):
            raise AssertionError
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=10)
        assert lock.read_text() == text
        assert ledger.lock_holder("acc") == ""


def test_a_look_at_a_lock_keeps_nobody_from_taking_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledger_in(tmp_path)
    looks = os.open(lock_of(ledger), os.O_RDONLY)
    flock(looks, LOCK_SH)
    assert ledger.lock_holder("acc") == "", "whoever looks, too, is nobody"
    waited: list[float] = []

    def given_back(seconds: float) -> None:
        waited.append(seconds)
        flock(looks, LOCK_UN)

    monkeypatch.setattr("tui_app.plans.account_lock.time.sleep", given_back)
    with ledger.account_locked("acc"):
        assert len(waited) == 1
    os.close(looks)


def test_what_this_process_holds_is_named_to_the_others_of_it_and_stays_held(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "alias").symlink_to(tmp_path)
    ledger, other = ledger_in(tmp_path / "state"), ledger_in(tmp_path / "alias" / "state")
    with ledger.account_locked("acc"):
        assert ledger.lock_holder("acc") == ""
        assert other.lock_holder("acc").startswith(f"mailsluice with pid {os.getpid()} on jump1 ")
        with pytest.raises(Locked), other.account_locked("acc"):
            raise AssertionError
        assert other.lock_holder("acc")
    assert other.lock_holder("acc") == ""


@pytest.mark.parametrize("kind", ["a link", "a pipe", "below a file"])
def test_a_lock_that_can_t_be_looked_at_is_not_free(kind: str, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    assert ledger.lock_holder("acc") == "", "nobody has ever acted"
    lock = lock_of(ledger)
    lock.unlink()
    if kind == "a link":
        lock.symlink_to(tmp_path / "nowhere")
    elif kind == "a pipe":
        os.mkfifo(lock)
    else:
        ledger.folder.rmdir()
        ledger.folder.write_text("")
    with pytest.raises(JournalError, match=r"The lock acting-[0-9a-f]+\.lock can't be looked at: "):
        ledger.lock_holder("acc")


A_PLAN = Plan("0a1b2c3d", (TARGETS[0],), "x", 5, held_back=(("y", "MALICIOUS"),))


@pytest.mark.parametrize("kind", ["a folder", "a link", "a pipe", "a file for others"])
def test_what_lies_among_the_journals_and_is_none_hides_none(tmp_path: Path, kind: str) -> None:
    ledger = Ledger(tmp_path / "plans", ANA, lambda: NOON)
    journal, _ = ledger.begin(A_PLAN, "a@b")
    journal.close()
    strange = ledger.folder / "000002-0badcafe.jsonl"
    if kind == "a folder":
        strange.mkdir()
    elif kind == "a link":
        strange.symlink_to(next(ledger.folder.glob("000001-*")))
    elif kind == "a pipe":
        os.mkfifo(strange)
    else:
        strange.touch(mode=0o666)
        strange.chmod(0o666)
    assert [entry.plan for entry in ledger.entries()] == [A_PLAN]
    told = " ".join(ledger.verify().problems)
    if kind == "a file for others":
        assert ledger.other_plans("a@b").held() == {}
        assert "by others" in told
        return
    assert "000002-0badcafe.jsonl is not a journal file" in told
    with pytest.raises(JournalError, match=r"000002-0badcafe\.jsonl and move it away"):
        ledger.other_plans("a@b").held()  # it may stand for a journal with something open: nothing is sent meanwhile


def test_a_folder_above_that_others_may_write_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "mailsluice"
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(JournalError, match="closed to all others"):
        Ledger(state / "plans", ANA, lambda: NOON).begin(A_PLAN, "a@b")


def rewritten(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    """The same journal with other records, each with a right checksum."""
    records = [json.loads(line[9:]) for line in path.read_bytes().splitlines()]
    for record in records:
        change(record)
    path.write_bytes(b"".join(map(line_of, records)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.update(format=4, version="9.0.0") if r["type"] == "plan" else None, "newer version of mailsluice (9.0.0)"),
        (lambda r: r.update(version="9.0.0") if r["type"] == "plan" else r.update(type="note"), "newer version of mailsluice (9.0.0)"),
        (lambda r: r.update(version="0.0.1") if r["type"] == "plan" else r.update(type="note"), "not understood"),
        (lambda r: r.update(version="9.beta") if r["type"] == "plan" else r.update(type="note"), "not understood"),
        (lambda r: r.update(type="design") if r["type"] == "plan" else None, "not understood"),
        (
            lambda r: [each.update(outcome="teleported") for each in r["outcomes"]] if r["type"] == "result" else None,
            "not understood",
        ),
        (lambda r: r.update(batch_size="many") if r["type"] == "plan" else None, "not understood"),
    ],
    ids=["a newer format", "a newer version", "an older version", "a version of another form", "no plan", "an unknown outcome", "a broken plan"],
)  # fmt: skip
def test_what_is_not_understood_in_a_journal_holds_its_ids_back(
    change: Callable[[dict[str, object]], object], says: str, tmp_path: Path
) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger, 1)
    rewritten(path, change)
    assert ledger.entries() == []
    held = ledger.other_plans("another account").held()
    assert set(held) == {target.id for target in TARGETS}
    assert {each.include for each in held.values()} == {""}, "no word lets them through"
    (sentence,) = ledger.overview().unreadable
    assert says in sentence
    assert "12 ids held back" in sentence


def test_an_id_in_a_reason_holds_nothing_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    (path,) = begin(ledger, 1)
    other = "4NBBBBBBBBBBBB01-2026-01-01T00:00:00-1"
    rewritten(path, lambda r: r.update(format=3, reason=other) if r["type"] == "plan" else None)
    assert other not in ledger.other_plans("acc").held()


def test_a_journal_of_the_same_account_in_another_spelling_holds_its_ids_back(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    journal, _ = ledger.begin(Plan.make(TARGETS, "a ticket", 6, Random(1)), "acc@HTTP://LOCALHOST.:80/client/v4/")
    journal.add(intent_record(TARGETS[:6], "ids", NOON))
    journal.close()
    account = "acc@http://localhost/client/v4"
    assert len(ledger.other_plans(account).held()) == 6
    assert len(ledger.unfinished(account)) == 1
    with ledger.account_locked("acc@http://LOCALHOST/client/v4"), pytest.raises(Locked), ledger.account_locked(account):
        pass
