"""A job's rows: loaded ahead, all of them or some, arranged while they come, and kept when it ends early."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clock import until
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import lonely_service, service_on
from tui_app.api.enums import RowStatus
from tui_app.api.errors import NotFound, ServerFault
from tui_app.api.pagination import WHOLE, Lack, job_message_pages
from tui_app.jobs.filters import parse_filter
from tui_app.jobs.job_watch import JobSnapshot
from tui_app.rows.view import RowView, Sort
from tui_app.simulator.server import Options, Simulator, running

JOB = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"


@pytest.fixture
def large() -> Iterator[Simulator]:
    """A running job of 6,500 rows, discovered in a moment."""
    with running(Options(quota=0, messages=6500, held=1, speed=200)) as simulator:
        yield simulator


def query(request: Received) -> dict[str, str]:
    return dict(part.split("=") for part in request.target.partition("?")[2].split("&"))


def wire_row(number: int, status: str = "COMPLETED") -> dict[str, Any]:
    return {"message_id": f"r{number:05d}", "status": status, "retry_count": number % 3, "postfix_id": f"p{number}"}


def served(total: int, **job: Any) -> Any:
    """A script of a server with one job of so many rows."""
    counters = {
        "job_id": JOB,
        "status": "COMPLETED",
        "total_messages_discovered": total,
        "messages_successful": total,
        **job,
    }

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success(counters))
        asked = query(request)
        size, page = int(asked["per_page"]), int(asked["page"])
        return answer(200, success([wire_row(n) for n in range(total)[(page - 1) * size : page * size]]))

    return script


async def test_all_pages_are_loaded_in_order_and_each_once(large: Simulator) -> None:
    snapshots: list[JobSnapshot] = []
    async with service_on(large) as service:
        job = max((await service.client.list_jobs()).items, key=lambda job: job.total_messages_discovered)
        subject = service.jobs.watch(job.id, snapshots.append)
        await subject.poll()
        assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (1000, False)
        assert subject.requests_to_load_all == 6
        await subject.load_all()
    rows = snapshots[-1].rows
    assert rows.rows is not None
    assert rows.complete
    ids = [row.id for row in rows.rows]
    assert len(set(ids)) == len(ids) == 6500
    async with service_on(large) as service:
        one_by_one = [row.id async for page in job_message_pages(service.client, job.id) for row in page]
    assert ids == one_by_one


async def test_three_pages_are_on_their_way_at_a_time_and_none_beyond_the_plan() -> None:
    script = served(4000)
    most = 0
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        asked = service.client.list_job_messages
        on_their_way = 0

        async def counted(*names: Any, **options: Any) -> Any:
            nonlocal on_their_way, most
            on_their_way += 1
            most = max(most, on_their_way)
            try:
                return await asked(*names, **options)
            finally:
                on_their_way -= 1

        service.client.list_job_messages = counted  # type: ignore[method-assign]
        subject = service.jobs.watch(JOB, lambda _: None)
        await subject.poll()
        await subject.load_all()
        await service.close()
        pages = [int(query(request)["page"]) for request in server.received if "/messages" in request.target]
    assert most == 3
    # The last planned page is full: whether it was the last is seen only by asking once more.
    assert sorted(pages) == [1, 2, 3, 4, 5]


async def test_what_was_loaded_stays_when_a_page_fails_and_loading_goes_on_from_there() -> None:
    script, broken = served(4000), True

    def sometimes(request: Received) -> bytes:
        if broken and "page=3" in request.target:
            return answer(500, failure(1, "broken"))
        return script(request)

    snapshots: list[JobSnapshot] = []
    async with faulty(sometimes) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        with pytest.raises(ServerFault):
            await subject.load_all()
        await subject.arrange(subject.wanted)
        assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2000, False)
        broken = False
        await subject.load_all()
        await service.close()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (4000, True)


async def test_loading_that_is_cancelled_keeps_what_came() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(4000)) as server:
        service = lonely_service(server.base_url)
        asked, third = service.client.list_job_messages, asyncio.Event()

        async def hanging(*names: Any, **options: Any) -> Any:
            if options["page"] == 3:
                third.set()
                await asyncio.Event().wait()
            return await asked(*names, **options)

        service.client.list_job_messages = hanging  # type: ignore[method-assign]
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        loading = asyncio.create_task(subject.load_all())
        await third.wait()
        await until(lambda: subject._rows._listing.next_page == 3)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        await subject.arrange(subject.wanted)
        await service.close()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2000, False)


async def test_a_list_that_ends_before_its_plan_is_complete() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(2000, total_messages_discovered=9000)) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.load_all()
        await service.close()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2000, True)


async def test_filter_and_order_hold_while_more_is_loaded_and_end_with_nothing_lost() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(3500)) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.arrange(RowView(parse_filter("tries:2")))
        assert snapshots[-1].rows.rows is not None
        assert len(snapshots[-1].rows.rows) == 333
        await subject.load_all()
        rows = snapshots[-1].rows
        assert rows.rows is not None
        assert [row.id for row in rows.rows] == [f"r{n:05d}" for n in range(3500) if n % 3 == 2]
        assert rows.loaded == 3500
        await subject.arrange(RowView(parse_filter("tries:2"), Sort("id", reverse=True)))
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [
            f"r{n:05d}" for n in reversed(range(3500)) if n % 3 == 2
        ]
        await subject.arrange(RowView())
        assert len(snapshots[-1].rows.rows or ()) == 3500
        await service.close()


async def test_a_state_whose_rows_are_all_here_is_shown_without_asking() -> None:
    snapshots: list[JobSnapshot] = []
    rows = [wire_row(n, "FAILED" if n % 100 == 0 else "COMPLETED") for n in range(500)]

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success({"job_id": JOB, "status": "COMPLETED", "total_messages_discovered": 500}))
        return answer(200, success(rows))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        asked = len(server.received)
        subject.turn_to(RowStatus.FAILED)
        await subject.arrange(subject.wanted)
        assert len(server.received) == asked
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [f"r{n:05d}" for n in range(0, 500, 100)]
        assert snapshots[-1].rows.complete
        subject.turn_to(None)
        await subject.poll()
        assert len(server.received) == asked + 1, "the job alone is asked for: nothing moved"
        assert snapshots[-1].rows.loaded == 500
        await service.close()


@pytest.mark.parametrize(
    ("status", "rows", "more", "lack"),
    [
        (200, [wire_row(1), wire_row(2)], {}, WHOLE),
        (200, [wire_row(1), wire_row(1), wire_row(2)], {}, WHOLE),
        (200, [wire_row(1), {**wire_row(1, "FAILED"), "postfix_id": "another"}, wire_row(2)], {}, Lack(of_one_id=1)),
        (200, [wire_row(1), {"message_id": "no status"}, wire_row(2)], {}, Lack(unreadable=1)),
        (206, [wire_row(1), wire_row(2)], {}, Lack(partial=True)),
        (200, [wire_row(1), wire_row(2)], {"errors": [{"code": 1, "message": "a shard is away"}]}, Lack(partial=True)),
        (200, [wire_row(1), wire_row(2)], {"result_info": {"count": 5}}, Lack(maybe_more=True)),
    ],
)
async def test_rows_and_what_is_doubted_are_those_of_the_command_line(
    status: int, rows: list[dict[str, Any]], more: dict[str, Any], lack: Lack
) -> None:
    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success({"job_id": JOB, "status": "COMPLETED"}))
        return answer(status, {**success(rows), **more})

    snapshots: list[JobSnapshot] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        pages = job_message_pages(service.client, JOB)
        listed = [row.raw async for page in pages for row in page]
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.load_all()
        shown, asked = snapshots[-1].rows, len(server.received)
        assert [row.raw for row in shown.rows or ()] == listed
        assert [row.postfix_id for row in listed] == ["p1", "p2"]
        assert (shown.lack, pages.lack) == (lack, lack)
        subject.turn_to(RowStatus.COMPLETED)
        await subject.poll()
        await service.close()
    asked_for_state = len([request for request in server.received[asked:] if "status=COMPLETED" in request.target])
    assert asked_for_state == lack.may_miss, "only where all rows are here is it known which are in a state"


async def test_rows_that_changed_are_filtered_anew() -> None:
    state = "PENDING"
    snapshots: list[JobSnapshot] = []

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            done = 0 if state == "PENDING" else 5
            return answer(
                200,
                success(
                    {
                        "job_id": JOB,
                        "status": "PROCESSING",
                        "total_messages_discovered": 10,
                        "messages_successful": done,
                    }
                ),
            )
        return answer(200, success([wire_row(n, state if n < 5 else "PENDING") for n in range(10)]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.arrange(RowView(parse_filter("status:pending")))
        assert len(snapshots[-1].rows.rows or ()) == 10
        state = "COMPLETED"
        await subject.poll()
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [f"r{n:05d}" for n in range(5, 10)]
        await service.close()


async def test_pages_read_ahead_are_dropped_when_nobody_wants_them(large: Simulator) -> None:
    async with service_on(large) as service:
        with pytest.raises(NotFound):
            async for _ in job_message_pages(service.client, JOB, expected=6000):
                raise AssertionError("there is no such job")
        job = max((await service.client.list_jobs()).items, key=lambda job: job.total_messages_discovered)
        pages = job_message_pages(service.client, job.id, expected=6500)
        first = await pages.load()
        pages.close()
        assert len(first) == 1000
        assert not [task for task in asyncio.all_tasks() if "list_job_messages" in repr(task) and not task.cancelling()]


async def test_a_filter_made_while_rows_come_in_shows_each_once() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(9000)) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        loading = asyncio.create_task(subject.load_all())
        while not loading.done():
            await subject.arrange(RowView(parse_filter("tries:0")))
            await subject.arrange(RowView(parse_filter("-tries:0"), Sort("id")))
            await subject.arrange(RowView(parse_filter("tries:1")))
        await loading
        rows = snapshots[-1].rows.rows
        assert rows is not None
        assert [row.id for row in rows] == [f"r{n:05d}" for n in range(9000) if n % 3 == 1]
        await service.close()


async def test_a_server_with_smaller_pages_of_its_own_is_not_taken_for_one_that_has_no_more() -> None:
    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success({"job_id": JOB, "status": "COMPLETED", "total_messages_discovered": 2100}))
        page = int(query(request)["page"])
        rows = [wire_row(n) for n in range(2100)][(page - 1) * 500 : page * 500]
        return answer(200, success(rows, result_info={"per_page": 500, "count": len(rows)}))

    snapshots: list[JobSnapshot] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (500, False)
        await subject.load_all()
        assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2100, True)
        await service.close()


async def test_reading_all_again_keeps_what_is_shown_until_all_is_here() -> None:
    moved, broken = 0, False

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            job = {
                "job_id": JOB,
                "status": "PROCESSING",
                "total_messages_discovered": 4500,
                "messages_successful": moved,
            }
            return answer(200, success(job))
        if broken:
            return answer(500, failure(1, "broken"))
        return served(4500)(request)  # type: ignore[no-any-return]

    snapshots: list[JobSnapshot] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.load_all()
        moved = 5
        await subject.poll()
        assert (snapshots[-1].rows.complete, snapshots[-1].rows.stale) == (True, True)
        broken, seen = True, len(snapshots)
        with pytest.raises(ServerFault):
            await subject.load_all()
        assert snapshots[-1].rows.loaded == 4500
        broken = False
        await subject.load_all()
        await service.close()
    assert all(snapshot.rows.loaded == 4500 for snapshot in snapshots[seen:])
    assert (snapshots[-1].rows.complete, snapshots[-1].rows.stale) == (True, False)


async def test_an_answer_that_is_too_large_costs_none_of_the_rows_that_are_here() -> None:
    heavy = False

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            job = {
                "job_id": JOB,
                "status": "PROCESSING",
                "total_messages_discovered": 3000,
                "messages_successful": int(heavy),
            }
            return answer(200, success(job))
        asked = query(request)
        size, page = int(asked["per_page"]), int(asked["page"])
        rows = [wire_row(n) | ({"status_message": "x" * 12_000} if heavy else {}) for n in range(3000)]
        return answer(200, success(rows[(page - 1) * size : page * size]))

    snapshots: list[JobSnapshot] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB, snapshots.append)
        await subject.poll()
        await subject.load_all()
        heavy = True
        await subject.poll()
        await service.close()
    assert snapshots[-1].rows.loaded == 3000


@pytest.mark.parametrize("cap", [7, 50, 300])
async def test_a_server_that_caps_its_pages_is_read_to_the_end_of_its_counters(cap: int) -> None:
    snapshots: list[JobSnapshot] = []
    with running(
        Options(quota=0, messages=700, held=1, speed=200, faults=f"capped_pages={cap}@job_messages")
    ) as account:
        async with service_on(account) as service:
            job = max(account.account.list_jobs("COMPLETED", None), key=lambda job: job["total_messages_discovered"])
            subject = service.jobs.watch(job["job_id"], snapshots.append)
            await subject.poll()
            first = snapshots[-1].rows
            assert (first.loaded, first.complete) == (min(cap, subject.expected), cap >= subject.expected)
            await subject.load_more()
            assert snapshots[-1].rows.loaded == min(2 * cap, subject.expected)
            await subject.load_all()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (job["total_messages_discovered"], True)
