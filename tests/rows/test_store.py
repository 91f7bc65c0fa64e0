"""The packed rows: whatever comes in comes out, whatever its order, its ids and its odd values."""

import uuid
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import RowStatus
from tui_app.api.rows import JobMessage
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.jobs.row_pages import PageLack, RowPages
from tui_app.rows.id_index import IdIndex, key_of, keys_of
from tui_app.rows.store import OrderedRows, PackedRows, RowStore

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("\udcff"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
identities = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda value: str(value).upper()),
    st.text(min_size=1, max_size=40),
    st.sampled_from(("a", "b", "0" * 36, "----0000----0000----0000----00000000")),
)


def row(identity: str, status: str = "PENDING", **values: Any) -> JobMessage:
    return JobMessage.from_wire({"message_id": identity, "status": status, **values}, exact=False)


def stored(*rows: JobMessage) -> RowStore:
    store = RowStore(JOB_ROWS)
    store.put(PackedRows.of(JOB_ROWS, rows))
    return store


def shown(store: RowStore, slots: Sequence[int]) -> list[str]:
    return [store.id(slot) for slot in slots]


@given(
    st.lists(
        st.lists(st.tuples(identities, st.sampled_from(("PENDING", "FAILED", "NEW")), json_values), max_size=70),
        max_size=4,
    )
)
def test_rows_come_out_as_they_were_read_last(pages: list[list[tuple[str, str, Any]]]) -> None:
    store, expected = RowStore(JOB_ROWS), {}
    for page in pages:
        rows = [row(identity, status, status_message=value, retry_count=value) for identity, status, value in page]
        slots = store.put(PackedRows.of(JOB_ROWS, rows))
        assert shown(store, slots) == [read.id for read in rows]
        for read in rows:
            expected[read.id] = read
    assert len(store) == len(expected)
    for identity, read in expected.items():
        slot = store.slot(identity)
        assert slot is not None
        assert store.row(slot) == read
        assert store.id(slot) == identity
    for status in ("PENDING", "FAILED", "NEW"):
        wanted = [store.slot(identity) for identity, read in expected.items() if read.raw.status == status]
        assert sorted(store.with_status(status)) == sorted(slot for slot in wanted if slot is not None)


@given(st.lists(identities, max_size=200))
def test_ids_are_found_where_they_were_put(names: list[str]) -> None:
    ids, known = IdIndex(), {}
    rows = ids.add([key_of(name) for name in names])
    for name, place in zip(names, rows, strict=True):
        assert known.setdefault(name, place) == place
    for name, place in known.items():
        assert (ids.find(name), ids[place]) == (place, name)
    assert ids.find("nobody here") is None
    assert len(ids) == len(known)


@given(st.lists(identities, max_size=5))
def test_many_keys_at_once_are_the_keys_of_each(names: list[str]) -> None:
    assert keys_of(names) == [key_of(name) for name in names]


def test_many_ids_are_found_after_every_table_has_grown() -> None:
    random, ids = Random(1), IdIndex()
    names = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(20_000)]
    assert list(ids.add([key_of(name) for name in names])) == list(range(20_000))
    assert all(ids.find(name) == place for place, name in enumerate(names))
    news = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(3)]
    again = [news[0], names[7], news[1], news[0], "odd", names[19_999], news[2], "odd"]
    assert list(ids.add(keys_of(again))) == [20_000, 7, 20_001, 20_000, 20_002, 19_999, 20_003, 20_002]
    assert list(ids.add(keys_of([*news, *names[:2]]))) == [20_000, 20_001, 20_003, 0, 1]
    mixed = [str(uuid.UUID(int=random.getrandbits(128))), *names[:2], news[2]]
    assert list(ids.add(keys_of(mixed))) == [20_004, 0, 1, 20_003]
    assert ids[20_004] == mixed[0]


def test_a_row_that_is_read_again_changes_in_place_and_keeps_its_mark() -> None:
    store = stored(*[row(f"r{number}") for number in range(100)])
    store.mark([40], on=True)
    assert store.changes == 0
    store.put(PackedRows.of(JOB_ROWS, [row("r40", "FAILED", retry_count=3), row("r41")]))
    assert store.changes == 1
    assert (store.row(40).status, store.row(40).retry_count, store.is_marked(40)) == (RowStatus.FAILED, 3, True)
    assert shown(store, store.with_status("FAILED")) == ["r40"]
    assert 40 not in store.with_status("PENDING")
    store.put(PackedRows.of(JOB_ROWS, [row("r40", "FAILED", retry_count=3)]))
    assert store.changes == 1, "the same again is no change"


@pytest.mark.parametrize("name", ["investigate_id", "postfix_id", "alert_id"])
def test_a_row_of_another_mail_takes_no_row_s_place_and_its_mark_goes(name: str) -> None:
    def told(value: str | None, status: str = "PENDING") -> JobMessage:
        names = {"message": {"id": value}} if name == "investigate_id" else {name: value}
        return row("a", status, **(names if value is not None else {}))

    for before, now, taken in ((None, "one", True), ("one", None, True), ("one", "one", True), ("one", "other", False)):
        store = stored(told(before), row("b"))
        store.mark([0, 1], on=True)
        store.put(PackedRows.of(JOB_ROWS, [told(now, "FAILED"), row("c")]))
        assert (store.row(0).status is RowStatus.FAILED) is taken
        assert (store.marks, store.of_one_id) == ((2, 0) if taken else (1, 1))
        assert len(store) == 3


def test_marks_are_counted_once_and_go_with_absent_rows() -> None:
    store = stored(*[row(name) for name in "abcd"])
    view = OrderedRows(store, store.put(PackedRows.of(JOB_ROWS, [row("b"), row("c")])))
    view.mark([0, 1, 1], on=True)
    store.mark([0], on=True)
    assert store.marks == 3
    view.unmark_absent()
    assert [read.id for read in view.marked_rows()] == ["b", "c"]
    view.unmark(["b", "nobody"])
    assert (view.marks, view.is_marked(1)) == (1, True)
    view.unmark_all()
    assert (view.marks, list(store.marked_slots())) == (0, [])


def test_a_view_knows_the_places_of_its_rows_only() -> None:
    store = stored(*[row(name) for name in "abcd"])
    view = OrderedRows(store, store.put(PackedRows.of(JOB_ROWS, [row("d"), row("b")])))
    assert [view.index_of(name) for name in "abcdx"] == [None, 1, None, 0, None]
    assert [view.key_at(index) for index in range(len(view))] == ["d", "b"]
    assert [read.id for read in view[:1]] == ["d"]


def test_rows_of_a_state_are_known_when_all_rows_are() -> None:
    store = stored(*[row(f"r{number}", "FAILED" if number % 3 else "PENDING") for number in range(9)])
    whole = RowPages(store, None, 9)
    # r6 is not listed any more: it was read once, under another status.
    whole.put(
        1,
        store.put(PackedRows.of(JOB_ROWS, [row(f"r{n}", "FAILED" if n % 3 else "PENDING") for n in range(6)])),
        PageLack(6),
        last=True,
    )
    listing = whole.known(RowStatus.PENDING)
    assert listing.complete
    assert [read.id for read in listing.rows()] == ["r0", "r3"]
