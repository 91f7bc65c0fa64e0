"""The filter line and the order of rows."""

import asyncio
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tests.rows.test_store import row, stored
from tui_app.jobs.filters import parse_filter
from tui_app.rows import view as arrangement
from tui_app.rows.store import OrderedRows
from tui_app.rows.view import RowView, Sort, Superseded, arrange

ROWS = (
    row("m1", "FAILED", retry_count=3, action_params={"client_recipient": "Ana@acme.example"}, status_message="Mailbox not found"),
    row("m2", "COMPLETED", retry_count=0, action_params={"client_recipient": "bo@acme.example"}, message={"id": "i2", "subject": "Invoice 47", "from": "x@evil.example"}),
    row("m3", "FAILED", retry_count=1, action_params={"client_recipient": "chen@labs.example"}, status_message="throttled", retry_after="2026-11-21T10:00:00Z"),
)  # fmt: skip


def passing(line: str) -> list[str]:
    wanted = parse_filter(line)
    assert wanted is not None
    return [read.id for read in ROWS if wanted.matches(astuple(read.raw))]


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("acme", ["m1", "m2"]),
        ("ACME failed", ["m1"]),
        ("acme -failed", ["m2"]),
        ("-acme", ["m3"]),
        ("status:fail", ["m1", "m3"]),
        ("status:=failed tries:>1", ["m1"]),
        ("tries:0", ["m2"]),
        ("tries:<=1", ["m2", "m3"]),
        ("-tries:0", ["m1", "m3"]),
        ("subject:invoice", ["m2"]),
        ('why:"not found"', ["m1"]),
        ("from:evil", ["m2"]),
        ("id:m3", ["m3"]),
        ("retry:>=2026-11-21", ["m3"]),
        ("to:<acme>", ["m1", "m2"]),
        ("to:<acme", ["m1", "m2"]),
        ("from:>evil", []),
        ('"Re: x"', []),
        ("-", []),
    ],
)
def test_a_line_lets_through_what_it_says(line: str, ids: list[str]) -> None:
    assert passing(line) == ids


def test_an_empty_line_is_no_filter() -> None:
    assert parse_filter("  ") is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"open', "quotation"),
        ("color:red", "is not a field"),
        ("http://nowhere", "is not a field"),
        ("tries:many", "number"),
        ("to:", "without a value"),
    ],
)
def test_a_line_that_makes_no_sense_is_said(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_filter(line)


@given(st.text(max_size=30))
def test_no_line_breaks_it(line: str) -> None:
    try:
        wanted = parse_filter(line)
    except ValueError:
        return
    if wanted is not None:
        assert all(isinstance(wanted.matches(astuple(read.raw)), bool) for read in ROWS)


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.booleans()), max_size=60), st.booleans())
def test_sorted_step_by_step_is_sorted(values: list[Any], reverse: bool) -> None:
    store = stored(*[row(f"r{number}", retry_count=value) for number, value in enumerate(values)])
    view = OrderedRows(store, array("I", range(len(values))))
    before, arrangement._RUN = arrangement._RUN, 7
    try:
        ordered = asyncio.run(arrange(view, RowView(sort=Sort("tries", reverse))))
    finally:
        arrangement._RUN = before
    keys = [arrangement._key(value) for value in values]
    assert list(ordered.slots) == sorted(range(len(values)), key=keys.__getitem__, reverse=reverse)


async def test_what_is_not_wanted_any_more_is_given_up() -> None:
    store = stored(*[row(f"r{number}") for number in range(2000)])
    view, asked = OrderedRows(store, array("I", range(2000))), 0

    def still() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    with pytest.raises(Superseded):
        await arrange(view, RowView(filter=parse_filter("r")), still=still)
    assert asked == 3


@pytest.mark.parametrize("wanted", [RowView(filter=parse_filter("x")), RowView(sort=Sort("id"))])
async def test_others_have_their_turn_meanwhile(wanted: RowView) -> None:
    store = stored(*[row(f"r{number}") for number in range(3000)])
    view = OrderedRows(store, array("I", range(3000)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(other())
    await arrange(view, wanted)
    running.cancel()
    assert turns >= 5
