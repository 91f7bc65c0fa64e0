"""What is remembered of journals between two runs: it may be missing, old or wrong, and nothing is told wrongly for it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zlib import crc32

import pytest

from tui_app.plans import journal_file
from tui_app.plans.journal_index import load_index, save_index
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import closed_record, intent_record, result_record
from tui_app.plans.state import Outcome, PlanState, Result

pytestmark = pytest.mark.slow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLANS = 60
INDEX = "journals.index"


def ledger_in(folder: Path) -> Ledger:
    """As a program that has just begun has it."""
    return Ledger(folder / "plans", Origin("ana", "jump1"), lambda: NOON)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files were changed long enough ago."""
    now = time.time_ns
    monkeypatch.setattr(journal_file.time, "time_ns", lambda: now() + 10**10)


def targets_of(number: int) -> tuple[Target, ...]:
    return tuple(Target(f"4NAAAA{number:08d}-2026-01-01T00:00:00-{n}") for n in range(3))


def write(ledger: Ledger, number: int, kind: str) -> Path:
    """A plan of one kind: finished, failed, closed, open, unsent."""
    targets = targets_of(number)
    plan = Plan.make(targets, f"ticket {number}", 6, Random(number))
    journal, _ = ledger.begin(plan, "acc")
    if kind != "unsent":
        journal.add(intent_record(targets, "ids", NOON))
    if kind in ("finished", "failed"):
        outcome = Outcome.DELIVERED if kind == "finished" else Outcome.FAILED
        journal.add(result_record([Result(t, outcome) for t in targets], http=200, ray=None, ms=5, at=NOON))
    if kind == "closed":
        journal.add(closed_record(PlanState(plan), NOON))
    journal.close()
    return journal.path


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty plans that are over, and some that are not."""
    folder = tmp_path_factory.mktemp("ledger")
    ledger = ledger_in(folder)
    for number in range(PLANS):
        write(ledger, number, "failed" if number % 7 == 0 else "finished")
    for number, kind in enumerate(("open", "unsent", "closed"), PLANS):
        write(ledger, number, kind)
    return folder


@pytest.fixture
def folder(tmp_path: Path, master: Path, later: None) -> Path:
    """A copy, as it stands in one place."""
    ledger = ledger_in(tmp_path)
    (tmp_path / "plans").mkdir(mode=0o700)
    for path in (master / "plans").glob("*.jsonl"):
        text = path.read_bytes()
        (tmp_path / "plans" / path.name).write_bytes(text)
        (tmp_path / "plans" / path.name).chmod(0o600)
    tmp_path.chmod(0o700)
    ledger.overview()
    return tmp_path


def in_short(plans: Sequence[PlanSummary]) -> list[PlanSummary]:
    return [replace(plan.in_short(), outcomes=dict(+Counter(plan.outcomes))) for plan in plans]


def test_the_list_is_the_same_with_and_without_it(folder: Path) -> None:
    remembered = load_index(folder / "plans")
    with_it = ledger_in(folder).overview().plans
    (folder / "plans" / INDEX).unlink()
    without = ledger_in(folder).overview().plans
    assert in_short(with_it) == in_short(without)
    assert len(remembered) == PLANS, "what is not over, or was closed with an open outcome, is not in it"
    whole = [plan for plan in with_it if isinstance(plan, LedgerEntry)]
    assert {plan.messages for plan in with_it} == {3}
    assert len(whole) == 3, "only these were read"


def test_what_is_open_is_held_back_with_and_without_it(folder: Path) -> None:
    with_it = ledger_in(folder).other_plans("acc").held()
    (folder / "plans" / INDEX).unlink()
    assert with_it == ledger_in(folder).other_plans("acc").held()
    assert with_it.keys() == {t.id for number in (PLANS, PLANS + 2) for t in targets_of(number)}


def test_what_other_plans_have_sent_is_read_from_their_journals(folder: Path) -> None:
    ledger = ledger_in(folder)
    (unsent,) = [entry for entry in ledger.unfinished("acc") if "unknown" not in entry.describe()]
    old = replace(unsent, number=1, made_at="2026-11-20T12:00:00.000+00:00")
    sent = ledger.other_plans(old.account).sent_after(old)
    finished = {t.id for number in range(PLANS) if number % 7 for t in targets_of(number)}
    assert finished <= sent.keys()


def test_a_journal_that_was_changed_since_is_read_again(folder: Path) -> None:
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    about = path.stat()
    path.write_bytes(path.read_bytes().replace(b"delivered", b"unknown!!"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    (changed,) = [plan for plan in ledger_in(folder).overview().plans if plan.file == path.name]
    assert changed.damaged
    assert {t.id for t in targets_of(5)} <= ledger_in(folder).other_plans("acc").held().keys()


def test_verify_believes_nothing_that_was_remembered(folder: Path) -> None:
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    index = dict(load_index(folder / "plans"))
    path.write_bytes(path.read_bytes().replace(b"delivered", b"unknown!!"))
    about = path.stat()
    stamp = (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev)
    save_index(folder / "plans", {**index, path.name: replace(index[path.name], stamp=stamp)})
    ledger = ledger_in(folder)
    assert not [plan for plan in ledger.overview().plans if plan.damaged], "the disk changed it, and nobody was told"
    assert any(path.name in problem for problem in ledger.verify().problems)
    assert [plan.file for plan in ledger.overview().plans if plan.damaged] == [path.name], "from now on it is known"


def test_verify_puts_right_what_the_index_says_of_a_file_that_looks_as_it_did(folder: Path) -> None:
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    index = dict(load_index(folder / "plans"))
    true = index[path.name]
    assert true.plan is not None
    wrong = replace(true, plan=replace(true.plan, reason="another"))
    save_index(folder / "plans", {**index, path.name: wrong})
    assert "another" in {plan.reason for plan in ledger_in(folder).overview().plans}
    ledger_in(folder).verify()
    assert load_index(folder / "plans") == index


def empty(index: Path) -> None:
    index.write_bytes(b"")


def cut(index: Path) -> None:
    index.write_bytes(index.read_bytes()[:-10])


def change_a_byte(index: Path) -> None:
    index.write_bytes(index.read_bytes().replace(b'"delivered":3', b'"delivered":4', 1))


def another_version(index: Path) -> None:
    kind, _, rest = index.read_bytes().partition(b"\n")
    index.write_bytes(kind + b".1\n" + rest)


def other_fields(index: Path) -> None:
    kind, _, rest = index.read_bytes().partition(b"\n")
    body = rest.partition(b"\n")[2].replace(b'"plan_id"', b'"plan_no"')
    index.write_bytes(kind + b"\n%08x\n" % crc32(body) + body)


def a_link(index: Path) -> None:
    index.rename(index.with_name("elsewhere"))
    index.symlink_to("elsewhere")


def open_to_others(index: Path) -> None:
    index.chmod(0o644)


def a_pipe(index: Path) -> None:
    index.unlink()
    os.mkfifo(index, 0o600)


def a_folder(index: Path) -> None:
    index.unlink()
    index.mkdir()


@pytest.mark.parametrize(
    "spoil", [empty, cut, change_a_byte, another_version, other_fields, a_link, open_to_others, a_pipe, a_folder]
)
def test_an_index_that_is_not_ours_is_not_used(folder: Path, spoil: Callable[[Path], None]) -> None:
    before = in_short(ledger_in(folder).overview().plans)
    spoil(folder / "plans" / INDEX)
    assert not load_index(folder / "plans")
    assert in_short(ledger_in(folder).overview().plans) == before


def test_a_journal_that_is_gone_is_in_no_list(folder: Path) -> None:
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    path.unlink()
    plans = ledger_in(folder).overview().plans
    assert path.name not in {plan.file for plan in plans}
    assert any("is missing" in doubt for plan in plans for doubt in plan.doubts)


def test_a_state_folder_that_was_copied_is_read_anew(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("copied")
    (other / "plans").mkdir(mode=0o700)
    for path in (folder / "plans").iterdir():
        copied, about = other / "plans" / path.name, path.stat()
        copied.write_bytes(
            path.read_bytes().replace(b"delivered", b"unknown!!") if "jsonl" in path.name else path.read_bytes()
        )
        copied.chmod(0o600)
        os.utime(copied, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert load_index(other / "plans"), "it came along"
    delivered = [number for number in range(PLANS) if number % 7]
    assert sum(bool(plan.damaged) for plan in ledger_in(other).overview().plans) == len(delivered)


def test_few_plans_need_no_index(tmp_path: Path, later: None) -> None:
    ledger = ledger_in(tmp_path)
    for number in range(5):
        write(ledger, number, "finished")
    assert len(ledger_in(tmp_path).overview().plans) == 5
    assert not (tmp_path / "plans" / INDEX).exists()


def test_a_folder_that_can_not_be_written_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "plans" / INDEX).unlink()

    def refuse(**_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr("tui_app.core.files.tempfile.mkstemp", refuse)
    assert len(ledger_in(folder).overview().plans) == PLANS + 3
    assert [path.name for path in (folder / "plans").iterdir() if not path.name.endswith(".jsonl")] == []


# ---- what can't be remembered


def test_what_can_t_be_written_down_is_read_each_time_and_stops_nothing(folder: Path) -> None:
    odd, *_ = sorted((folder / "plans").glob("*.jsonl"))
    named = odd.with_name("B\udcfcro.jsonl")
    odd.rename(named)
    (folder / "plans" / INDEX).unlink()
    assert len(ledger_in(folder).overview().plans) == PLANS + 3
    assert len(load_index(folder / "plans")) == PLANS - 1
    ledger_in(folder).verify()


@pytest.mark.parametrize(
    "body", (b'{"a":"\xff"}', b"[" * 100_000, b'{"a":' * 2000, b"null", b"{}", b'{"a":{"stamp":[1]}}')
)
def test_an_index_that_fits_its_sum_and_makes_no_sense_is_not_used(folder: Path, body: bytes) -> None:
    path = folder / "plans" / INDEX
    kind = path.read_bytes().split(b"\n", 1)[0]
    path.write_bytes(b"\n".join((kind, b"%08x" % crc32(body), body)))
    path.chmod(0o600)
    assert load_index(folder / "plans") == {}
    assert len(ledger_in(folder).overview().plans) == PLANS + 3


def test_files_that_are_others_by_now_are_remembered_anew(folder: Path) -> None:
    before = (folder / "plans" / INDEX).read_bytes()
    for path in (folder / "plans").glob("*.jsonl"):
        os.utime(path)
    ledger_in(folder).overview()
    after = (folder / "plans" / INDEX).read_bytes()
    assert after != before
    whole = [plan for plan in ledger_in(folder).overview().plans if isinstance(plan, LedgerEntry)]
    assert len(whole) == 3, "as many were read as before"


def test_to_verify_corrects_what_is_remembered(folder: Path) -> None:
    ledger_in(folder).verify()
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    name, before = path.name, load_index(folder / "plans")
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"delivered"', b'"deliverEd"', 1))
    ledger_in(folder).verify()
    after = load_index(folder / "plans")
    assert name in before
    assert name not in after


def test_a_plan_whose_journal_was_changed_behind_its_end_is_not_over(folder: Path) -> None:
    path = sorted((folder / "plans").glob("*.jsonl"))[5]
    with path.open("ab") as file:
        file.write(b'{"type":"intent","ids":["4NVICTIM00000000-2026-01-01T00:00:00-1"]}\n')
    ledger = ledger_in(folder)
    ledger.overview()
    assert "4NVICTIM00000000-2026-01-01T00:00:00-1" in ledger_in(folder).other_plans("acc").held()


def test_a_journal_that_was_changed_a_moment_ago_is_read_again(master: Path, tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    path = write(ledger, 1, "finished")
    (plan,) = ledger.overview().plans
    assert plan.count_of(Outcome.DELIVERED) == 3
    about = path.stat()
    # Within the same tick of the file system's clock, and of the same size.
    path.write_bytes(path.read_bytes().replace(b"delivered", b"DELIVERED"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    (plan,) = ledger.overview().plans
    assert plan.damaged
