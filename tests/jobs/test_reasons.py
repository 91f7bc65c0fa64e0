"""Rows by reason: counted once each, step by step or as they come, and told what to do about."""

import asyncio
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tests.jobs.test_rows import JOB, query, wire_row
from tests.rows.test_store import json_values, row, stored
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import lonely_service
from tui_app.api.errors import ServerFault
from tui_app.api.rows import JobMessage
from tui_app.jobs.failure_watch import FailuresSnapshot
from tui_app.jobs.filters import parse_filter, reason_line
from tui_app.jobs.reasons import ReasonTally, RowsByReason, group_by_reason
from tui_app.rows.store import OrderedRows
from tui_app.rows.view import Superseded

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def to(address: str) -> dict[str, str]:
    return {"client_recipient": address}


ROWS = (
    row("a", "FAILED", retry_count=3, status_message="Throttled (429)", retry_after="2026-11-20T14:41:00Z", action_params=to("a@Labs.example")),
    row("b", "FAILED", retry_count=1, status_message="throttled", retry_after="2026-11-20T11:00:00Z", action_params=to("b@labs.example")),
    row("c", "FAILED", retry_count="x", status_message="Mailbox a@b.example not found", action_params=to("Ana <c@acme.example>")),
    row("d", "SKIPPED", status_message="Mailbox not found", retry_after="2026-11-20T13:00:00Z", action_params=to("nobody")),
    row("e", "COMPLETED", status_message="Mailbox not found"),
    row("f", "FAILED"),
    row("g", "failed", status_message="Policy 12 forbids it"),
)  # fmt: skip


def grouped(rows: Sequence[JobMessage], **options: Any) -> RowsByReason:
    view = OrderedRows(stored(*rows), array("I", range(len(rows))))
    return asyncio.run(group_by_reason(view, NOW, **options))


def test_a_group_tells_tries_times_domains_and_one_row_s_own_words() -> None:
    found = grouped(ROWS)
    assert [(group.label, group.count, group.skipped) for group in found.groups] == [
        ("mailbox not found", 2, 1),
        ("throttled by the mail provider", 2, 0),
        ("no reason given", 1, 0),
        ("policy … forbids it", 1, 0),
    ]
    mailbox, throttled, *_ = found.groups
    assert (throttled.tries, throttled.earliest_retry, throttled.latest_retry) == (
        "1-3",
        datetime(2026, 11, 20, 11, tzinfo=UTC),
        datetime(2026, 11, 20, 14, 41, tzinfo=UTC),
    )
    assert throttled.domains == (("labs.example", 2),)
    assert mailbox.domains == (("", 1), ("acme.example", 1))
    assert mailbox.sample.exact == "Mailbox a@b.example not found"
    assert (throttled.worth_retrying, mailbox.worth_retrying) == (2, 1), "a time that is still to come is a retry"
    assert {key: list(slots) for key, slots in found.slots.items()} == {
        "throttled by the mail provider": [0, 1],
        "mailbox not found": [2, 3],
        "no reason given": [5],
        "policy … forbids it": [6],
    }


rows_of_any_kind = st.lists(
    st.tuples(st.sampled_from(["FAILED", "SKIPPED", "COMPLETED", "NEW"]), json_values, json_values, json_values),
    max_size=40,
)


@given(rows_of_any_kind)
def test_every_failed_row_is_in_one_group_and_its_filter_finds_it(values: list[tuple[str, Any, Any, Any]]) -> None:
    rows = [
        row(f"r{number}", status, status_message=reason, retry_count=tries, retry_after=again)
        for number, (status, reason, tries, again) in enumerate(values)
    ]
    found = grouped(rows)
    assert sorted(slot for slots in found.slots.values() for slot in slots) == [
        number for number, (status, *_) in enumerate(values) if status in ("FAILED", "SKIPPED")
    ]
    for group in found.groups:
        wanted = parse_filter(reason_line(group.key))
        assert wanted is not None
        passing = [number for number, one in enumerate(rows) if wanted.matches(astuple(one.raw))]
        assert passing == list(found.slots[group.key])
    tally = ReasonTally(NOW)
    tally.add(rows)
    assert tally.result().groups == found.groups, "as they come it is the same"


def test_a_filter_by_reason_takes_words_too() -> None:
    def passing(line: str) -> str:
        wanted = parse_filter(line)
        assert wanted is not None
        return "".join(one.id for one in ROWS if wanted.matches(astuple(one.raw)))

    assert passing("reason:throttled") == "ab"
    assert passing("reason:NOT") == "cd"
    assert passing('reason:="no reason given"') == "f"
    assert passing('-reason:"policy"') == "abcdef"
    for line in ("reason:", "reason:="):
        with pytest.raises(ValueError, match="without a value"):
            parse_filter(line)


async def test_others_have_their_turn_and_what_is_not_wanted_any_more_is_given_up() -> None:
    view = OrderedRows(stored(*[row(f"r{number}", "FAILED") for number in range(3000)]), array("I", range(3000)))
    asked = 0

    def still() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    with pytest.raises(Superseded):
        await group_by_reason(view, NOW, still=still)
    assert asked == 3
    assert (await group_by_reason(view, NOW)).rows == 3000


def by_status(failed: int, skipped: int | None, broken: str = "") -> Any:
    """A script of a server with so many failed and skipped rows; pages with `broken` in their address fail."""
    counters = {
        "job_id": JOB,
        "status": "COMPLETED",
        "total_messages_discovered": 9000,
        "messages_successful": 0,
        "messages_failed": failed,
    }
    if skipped is not None:
        counters["messages_skipped"] = skipped

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success(counters))
        if broken and broken in request.target:
            return answer(500, failure(1, "broken"))
        asked = query(request)
        size, page, status = int(asked["per_page"]), int(asked["page"]), asked.get("status", "COMPLETED")
        total, first = {"FAILED": (failed, 0), "SKIPPED": (skipped or 0, 50_000)}.get(status, (1000, 70_000))
        return answer(
            200, success([wire_row(first + n, status) for n in range(total)[(page - 1) * size : page * size]])
        )

    return script


async def test_only_failed_and_skipped_rows_are_asked_for_and_their_marks_are_the_job_s() -> None:
    async with faulty(by_status(1500, 40)) as server:
        service = lonely_service(server.base_url)
        of = service.jobs.watch(JOB, lambda _: None)
        await of.poll()
        subject = service.jobs.watch_failures(of, await service.client.get_job(JOB), lambda _: None)
        assert (subject.requests_to_load, subject.snapshot.loaded) == (3, 0)
        assert subject.snapshot.missing == "0 of 1,540 loaded"
        told: list[int] = []
        await subject.load(told.append)
        assert told == [1000, 1500, 1540]
        assert (subject.requests_to_load, subject.snapshot.loaded, subject.snapshot.missing) == (0, 1540, "")
        (group,) = (found := await subject.group(NOW)).groups
        assert (group.count, group.skipped) == (1540, 40)
        of.rows.store.mark(found.slots[group.key], on=True)
        assert of.rows.snapshot.rows is not None
        assert of.rows.snapshot.rows.marks == 1540
        await service.close()
        asked = [query(request).get("status") for request in server.received if "/messages" in request.target]
    assert [status for status in asked if status] == ["FAILED", "FAILED", "SKIPPED"]


@pytest.mark.parametrize(("skipped", "requests"), [(0, 1), (None, 2)])
async def test_what_a_counter_rules_out_is_not_asked_for(skipped: int | None, requests: int) -> None:
    async with faulty(by_status(3, skipped)) as server:
        service = lonely_service(server.base_url)
        of = service.jobs.watch(JOB, lambda _: None)
        subject = service.jobs.watch_failures(of, await service.client.get_job(JOB), lambda _: None)
        await subject.load()
        await service.close()
        assert len([request for request in server.received if "/messages" in request.target]) == requests


async def test_what_came_before_a_failure_is_grouped_and_the_rest_is_told() -> None:
    async with faulty(by_status(2500, 0, broken="page=3")) as server:
        service = lonely_service(server.base_url)
        of = service.jobs.watch(JOB, lambda _: None)
        subject = service.jobs.watch_failures(of, await service.client.get_job(JOB), lambda _: None)
        with pytest.raises(ServerFault):
            await subject.load()
        await service.close()
    assert subject.snapshot.missing == "2,000 of 2,500 loaded"
    assert (await subject.group(NOW)).rows == 2000


async def test_what_may_be_missing_of_failed_rows_is_told_once() -> None:
    whole = by_status(2, 1)

    def script(request: Received) -> bytes:
        reply: bytes = whole(request)
        return reply.replace(b"HTTP/1.1 200", b"HTTP/1.1 206") if "/messages" in request.target else reply

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        of = service.jobs.watch(JOB, lambda _: None)
        subject = service.jobs.watch_failures(of, await service.client.get_job(JOB), lambda _: None)
        await subject.load()
        await service.close()
    assert (subject.snapshot.loaded, subject.requests_to_load) == (3, 0)
    assert subject.snapshot.missing == "the server says that part of the answer is missing"


async def test_when_counters_move_the_rows_are_old_and_are_read_again_when_asked_for() -> None:
    more = 0

    def script(request: Received) -> bytes:
        return by_status(3 + more, 0)(request)  # type: ignore[no-any-return]

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        of = service.jobs.watch(JOB, lambda _: None)
        told: list[FailuresSnapshot] = []
        subject = service.jobs.watch_failures(of, await service.client.get_job(JOB), told.append)
        await subject.poll()
        await subject.load()
        await subject.poll()
        assert (told[-1].loaded, told[-1].stale) == (3, False)
        more = 2
        await subject.poll()
        assert (told[-1].loaded, told[-1].stale, subject.requests_to_load) == (3, True, 1)
        await subject.load()
        assert (subject.snapshot.loaded, subject.snapshot.stale) == (5, False)
        subject.expire()
        assert subject.requests_to_load == 1, "whoever asks for it has them read again"
        await service.close()
