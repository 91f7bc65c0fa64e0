"""The journal in every state that a crash, a disk or a hand may leave it in."""

import os
import stat
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.core.text import Untrusted
from tui_app.plans.journal import Journal, JournalError, Record, line_of, parse, read
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry
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
from tui_app.plans.report import FORMATS, accounted
from tui_app.plans.state import Outcome, Result
from tui_app.plans.storage import Storage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1", "bo", "192.0.2.7")
HOSTILE = "late \x1b[2J\r\n\x00 \ud800 \u202egnp| <b> \x7f\x9b"
TARGETS = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1", f"4NAAAAAAAAAAAA{n:02d}") for n in range(8))
PLAN = Plan("0a1b2c3d", TARGETS, HOSTILE, 2, canary=2, included=(("SPAM", TARGETS[0].id),))


class Hasty(Storage):
    """A disk that never waits: whether it does is not what these tests are about."""

    def sync(self, descriptor: int) -> None:
        pass

    def sync_folder(self, path: str) -> None:
        pass


def told(outcome: Outcome, *targets: Target) -> Record:
    ends = {Outcome.DELIVERED: "delivered", Outcome.UNDELIVERED: "undelivered", Outcome.FAILED: "failed"}
    names = {ends[outcome]: (Untrusted(f"{HOSTILE}@b.example"),)} if outcome in ends else {}
    results = [Result(target, outcome, why=HOSTILE, **names) for target in targets]
    return result_record(results, http=200, ray="8f-FRA", ms=12, at=NOON)


def dozen() -> list[Record]:
    """A plan with an eventful life, in twelve records and one more."""
    a, b, c, d, e, f, g, h = TARGETS
    records = [
        plan_record(PLAN, number=1, account="acc@x", origin=ANA, at=NOON, version="1", previous=""),
        intent_record((a, b), "ids", NOON),
        told(Outcome.DELIVERED, a, b),
        intent_record((c, d), "ids", NOON),
        told(Outcome.UNKNOWN, c, d),
        settled_record(Result(c, Outcome.RELEASED, why="seen"), NOON),
        settled_record(Result(d, Outcome.NOT_SEEN, why="held"), NOON),
        resend_record((d,), ANA, NOON),
        intent_record((d, e), "postfix", NOON),
        told(Outcome.FAILED, d, e),
        intent_record((f, g, h), "ids", NOON),
        told(Outcome.REFUSED, f, g, h),
    ]
    last = entry_of(records)
    return [*records, closed_record(last.state, NOON)]


RECORDS = dozen()
LINES = [line_of(record) for record in RECORDS]
WHOLE = b"".join(LINES)
MORE: Record = {"type": "note", "at": "later"}


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


# ---- torn ends


@pytest.mark.parametrize(
    ("tail", "step"),
    [(b"", 3), pytest.param(b"", 1, marks=pytest.mark.long), (b"\0" * 64, 11)],
    ids=["cut off", "cut off anywhere", "then zeros"],
)
def test_whatever_was_torn_off_the_rest_is_read_cut_and_added_to(tail: bytes, step: int, tmp_path: Path) -> None:
    for size in range(0, len(WHOLE), step):
        path = put(tmp_path / "torn.jsonl", WHOLE[:size] + tail)
        whole_lines = WHOLE[:size].count(b"\n")
        if not whole_lines:
            with pytest.raises(JournalError, match="holds no plan"):
                Journal.reopen(path, Hasty())
            continue
        journal, reading = Journal.reopen(path, Hasty())
        assert list(reading.records) == RECORDS[:whole_lines]
        assert entry_of(reading.records).plan == PLAN
        journal.add(MORE)
        journal.close()
        after = read(path)
        assert [*after.records] == [*RECORDS[:whole_lines], MORE]
        assert (after.torn, after.damaged_at) == (False, None)


def test_until_an_intent_is_answered_its_messages_are_unknown() -> None:
    outcome_counts = [entry_of(RECORDS[:many]).state.outcome_of(TARGETS[3]) for many in range(1, len(RECORDS) + 1)]
    sent = [Outcome.UNKNOWN] * 3 + [Outcome.NOT_SEEN]
    assert outcome_counts == [Outcome.NOT_SENT] * 3 + sent + [Outcome.NOT_SEEN, Outcome.UNKNOWN] + [Outcome.FAILED] * 4


# ---- changed bytes


def flipped(positions: list[int]) -> bytes:
    changed = bytearray(WHOLE)
    for bit in positions:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@settings(max_examples=150, deadline=None)
@given(bits=st.lists(st.integers(0, 8 * len(WHOLE) - 1), min_size=1, max_size=3, unique=True))
def test_no_changed_record_is_ever_taken_for_a_good_one(bits: list[int]) -> None:
    reading = parse(flipped(bits))
    good = len(reading.records)
    assert list(reading.records) == RECORDS[:good]
    assert reading.good == sum(map(len, LINES[:good]))
    assert reading.torn or reading.damaged_at == good + 1


@settings(max_examples=120, deadline=None)
@given(bit=st.integers(0, 8 * sum(map(len, LINES[:-2])) - 1))
def test_a_changed_line_with_good_ones_behind_it_is_damage_and_is_not_gone_on_with(
    bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = put(tmp_path_factory.getbasetemp() / "changed.jsonl", flipped([bit]))
    line = WHOLE[: bit // 8].count(b"\n") + 1
    assert read(path).damaged_at == line
    with pytest.raises(JournalError, match=f"line {line} was changed"):
        Journal.reopen(path, Hasty())
    assert path.read_bytes() == flipped([bit]), "what is damaged is left as it is"


def test_a_journal_that_was_refused_is_locked_no_longer(tmp_path: Path) -> None:
    path = put(tmp_path / "changed.jsonl", flipped([80]))
    for _ in range(2):
        with pytest.raises(JournalError, match="line 1 was changed"):
            Journal.reopen(path)


# ---- how large it may be


def longest_of(records: int) -> int:
    """The bytes of the longest of so many first lines."""
    return max(map(len, LINES[:records]))


def test_a_journal_of_many_times_the_longest_line_is_read_to_its_end_and_nothing_of_it_is_cut(tmp_path: Path) -> None:
    path = put(tmp_path / "large.jsonl", WHOLE + line_of(MORE) * 50_000)
    longest = longest_of(len(LINES))
    assert path.stat().st_size > 800 * longest
    assert len(read(path, longest).records) == len(RECORDS) + 50_000
    journal, reading = Journal.reopen(path, Hasty(), longest)
    journal.add(MORE)
    journal.close()
    assert reading.good == path.stat().st_size - len(line_of(MORE))
    assert len(read(path, longest).records) == len(RECORDS) + 50_001


@pytest.mark.parametrize("end", [b"", b"\n", b"\n" + LINES[1]], ids=["no end", "an end", "another line"])
def test_a_line_that_is_too_long_is_damage_and_what_it_names_is_known(end: bytes, tmp_path: Path) -> None:
    longest = longest_of(len(LINES))
    long = b"x" * longest + b" " + TARGETS[7].id.encode() + b" " * (3 * longest) + TARGETS[6].id.encode()
    path = put(tmp_path / "long.jsonl", LINES[0] + long + end)
    reading = read(path, longest)
    assert (reading.damaged_at, reading.torn, reading.good) == (2, False, len(LINES[0]))
    assert reading.names >= {TARGETS[6].id, TARGETS[7].id}
    assert len(reading.later) == (1 if LINES[1] in end else 0)
    with pytest.raises(JournalError, match="line 2 was changed"):
        Journal.reopen(path, Hasty(), longest)
    assert path.read_bytes() == LINES[0] + long + end


@pytest.mark.parametrize("at", range(1, 60))
def test_an_id_is_found_in_a_line_that_is_too_long_wherever_it_is_read_in_two(at: int) -> None:
    name = TARGETS[7].id.encode()
    line = b'"' + b" " * (200 + at) + name + b'",' + b" " * 300
    assert parse(line, 255).names >= {name.decode()}


def test_no_more_of_a_file_is_in_memory_than_its_longest_line(tmp_path: Path) -> None:
    path = put(tmp_path / "sparse.jsonl", LINES[0])
    with path.open("r+b") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        reading = read(path, 64 * 1024)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reading.damaged_at == 2
    assert most < 2 * 1024 * 1024


def test_a_line_that_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.plans.journal.LONGEST_LINE", 2_000)
    journal = Journal.create(tmp_path / "one.jsonl", MORE, Hasty())
    with pytest.raises(JournalError, match=r"too long .* Nothing was sent"):
        journal.add({**MORE, "text": "x" * 2_000})
    journal.close()
    assert len(read(tmp_path / "one.jsonl").records) == 1


def test_two_whole_lines_that_were_changed_at_the_end_are_damage_and_are_not_cut(tmp_path: Path) -> None:
    data = LINES[0] + b"gone\n" + b"gone too\n"
    path = put(tmp_path / "changed.jsonl", data)
    with pytest.raises(JournalError, match="line 2 was changed"):
        Journal.reopen(path, Hasty())
    path.write_bytes(data + b"and a piece")
    with pytest.raises(JournalError, match="line 2 was changed"):
        Journal.reopen(path, Hasty())
    assert path.read_bytes() == data + b"and a piece"


# ---- who may open it


@pytest.mark.parametrize("opened", [lambda path: Journal.create(path, MORE), Journal.reopen, read])
def test_a_link_is_never_followed(opened: Callable[[Path], object], tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere", WHOLE)
    link = tmp_path / "link.jsonl"
    link.symlink_to(elsewhere)
    with pytest.raises(JournalError, match=r"can't be .*link\.jsonl|link\.jsonl can't be"):
        opened(link)
    assert elsewhere.read_bytes() == WHOLE


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere", b"mine")
    (tmp_path / "plans").mkdir(mode=0o700)
    (tmp_path / "plans" / "chain.lock").symlink_to(elsewhere)
    with pytest.raises(JournalError, match=r"Nothing was sent: a lock can't be opened \(.*\)\. It is chain\.lock"):
        Ledger(tmp_path / "plans", ANA, lambda: NOON).begin(PLAN, "acc")
    assert elsewhere.read_bytes() == b"mine"


def test_a_journal_that_is_there_is_not_begun_again(tmp_path: Path) -> None:
    path = put(tmp_path / "one.jsonl", WHOLE)
    with pytest.raises(JournalError, match="Nothing was sent"):
        Journal.create(path, MORE)
    assert path.read_bytes() == WHOLE


def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Journal.create(tmp_path / "one.jsonl", MORE).close()
        ledger = Ledger(tmp_path / "deep" / "plans", ANA, lambda: NOON)
        ledger.begin(PLAN, "acc")[0].close()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in (tmp_path / "deep" / "plans").iterdir()}
    assert stat.S_IMODE((tmp_path / "one.jsonl").lstat().st_mode) == 0o600
    assert modes == {"000001-0a1b2c3d.jsonl": 0o600, "chain.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "deep" / "plans").lstat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701, 0o770, 0o720])
def test_a_folder_that_others_can_look_into_is_refused(mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    folder.mkdir(mode=0o700)
    ledger = Ledger(folder, ANA, lambda: NOON)
    assert ledger.entries() == []
    folder.chmod(mode)
    for ask in (ledger.entries, ledger.verify, lambda: ledger.begin(PLAN, "acc")):
        with pytest.raises(JournalError, match="chmod 700"):
            ask()
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "plans").symlink_to(tmp_path / "real")
    with pytest.raises(JournalError, match="is a link"):
        Ledger(tmp_path / "plans", ANA, lambda: NOON).begin(PLAN, "acc")
    assert list((tmp_path / "real").iterdir()) == []


OPENS = """
import sys; from pathlib import Path; from tui_app.plans.journal import Journal, JournalError
try: Journal.reopen(Path(sys.argv[1])); print("opened")
except JournalError as error: print(error)
"""


def opened_elsewhere(path: Path) -> str:
    command = [sys.executable, "-c", OPENS, os.fspath(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def test_while_one_program_has_it_open_no_other_can(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    journal = Journal.create(path, RECORDS[0])
    assert "in use by another mailsluice" in opened_elsewhere(path)
    with pytest.raises(JournalError, match="in use"):
        Journal.reopen(path)
    assert len(read(path).records) == 1, "but it can be read"
    journal.close()
    assert opened_elsewhere(path) == "opened"


# ---- the disk


class Short(Hasty):
    """Writes half of what it is given, and says so."""

    def write(self, descriptor: int, data: bytes) -> int:
        return super().write(descriptor, data[: len(data) // 2])


def test_a_write_that_was_cut_short_is_noticed_and_nothing_more_is_taken(tmp_path: Path) -> None:
    path = put(tmp_path / "one.jsonl", b"".join(LINES[:3]))
    journal, _ = Journal.reopen(path, Short())
    with pytest.raises(JournalError, match="no space left"):
        journal.add(RECORDS[3])
    torn = path.read_bytes()
    with pytest.raises(JournalError, match="failed before"):
        journal.add(RECORDS[3])
    journal.close()
    assert path.read_bytes() == torn
    again, reading = Journal.reopen(path)
    again.close()
    assert reading.torn
    assert path.read_bytes() == b"".join(LINES[:3])


# ---- text


def test_hostile_text_is_kept_as_it_is_and_written_so_that_no_terminal_obeys_it() -> None:
    assert not [byte for byte in WHOLE if byte != 0x0A and not 0x20 <= byte <= 0x7E]
    entry = entry_of(parse(WHOLE).records)
    assert entry.plan.reason == HOSTILE
    assert not entry.damaged
    result = entry.state.results_by_id[TARGETS[0].id]
    assert [name.exact for name in result.delivered] == [f"{HOSTILE}@b.example"]
    assert result.why == HOSTILE
    assert entry.origin == ANA


# ---- records that make no sense

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(list(Outcome)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
ids = st.lists(st.sampled_from([target.id for target in TARGETS]) | json_values, max_size=3)
outcome = st.fixed_dictionaries({}, optional={"id": ids.flatmap(lambda some: st.sampled_from([*some, TARGETS[0].id])), "outcome": json_values, "delivered": json_values, "failed": json_values, "why": json_values})  # fmt: skip
fields: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(
    {key for record in RECORDS for key in record} - {"type", "ids", "outcomes"}, json_values
)
later = st.fixed_dictionaries(
    {"type": st.sampled_from(["plan", "intent", "result", "settled", "resend", "closed", "?"]) | json_values},
    optional={
        **fields,
        "ids": ids | json_values,
        "outcomes": st.lists(outcome | json_values, max_size=3) | json_values,
    },
)
first = st.dictionaries(st.sampled_from([*RECORDS[0]]), json_values, max_size=2).map(
    lambda some: {**RECORDS[0], **some}
)
lacking = st.sampled_from([*RECORDS[0]]).map(
    lambda name: {key: value for key, value in RECORDS[0].items() if key != name}
)


def understood(records: list[Record]) -> LedgerEntry | None:
    try:
        return entry_of(records)
    except ValueError:
        return None


@settings(max_examples=120, deadline=None)
@given(records=st.lists(later, max_size=3) | st.builds(lambda head, rest: [head, *rest], first | lacking, st.lists(later, max_size=3)))  # fmt: skip
def test_records_that_make_no_sense_are_refused_or_can_be_shown(records: list[Record]) -> None:
    entry = understood(records)
    if entry is not None:
        assert len(accounted(entry.state)) == len(entry.plan.targets)
        assert entry.state.describe() is not None
        assert all(written(entry) for written in FORMATS.values())


@pytest.mark.parametrize("name", ["number", "batch_size", "canary"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), [], None, "x", {}])
def test_a_number_that_is_none_makes_a_plan_that_cannot_be_read(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"not a plan|convert|invalid"):
        entry_of([{**RECORDS[0], name: value}])


@pytest.mark.parametrize("ids", [[[1, None]], [[None, None]], [["", ""]], [[["a"], None]], [[{}, "b"]], ["ab"], [[]]])
def test_ids_that_are_no_text_make_a_plan_that_cannot_be_read(ids: object) -> None:
    with pytest.raises(ValueError, match="not a plan"):
        entry_of([{**RECORDS[0], "ids": ids}])


@pytest.mark.parametrize(
    "record",
    [
        {"type": "intent"},
        {"type": "intent", "ids": ["somebody else's"]},
        {"type": "intent", "ids": 7},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": "sold"}]},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": []}]},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id}]},
        {"type": "result", "outcomes": ["delivered"]},
        {"type": "result", "outcomes": [None]},
        {"type": "result", "outcomes": [{"id": TARGETS[0].id, "outcome": "failed", "failed": 7}]},
        {"type": "settled", "id": TARGETS[0].id, "outcome": "unknown"},
        {"type": "settled", "id": [], "outcome": "unknown", "how": ""},
        {"type": "resend", "ids": 7},
    ],
    ids=str,
)
def test_a_later_record_that_makes_no_sense_is_refused_with_the_one_error_for_that(record: Record) -> None:
    with pytest.raises(ValueError):
        entry_of([RECORDS[0], record])


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"type":"plan","n":' + b"9" * 10_000 + b"}", b'"type"', b"\xff{}"])
def test_a_line_with_a_right_checksum_around_nonsense_is_a_bad_line(body: bytes) -> None:
    line = b"%08x " % zlib.crc32(body) + body + b"\n"
    assert parse(WHOLE + line).records == tuple(RECORDS)
    assert parse(LINES[0] + line + LINES[1]).damaged_at == 2
