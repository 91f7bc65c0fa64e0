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
from tui_app.api.pages import all_job_messages
from tui_app.jobs.arrangement import Arranged, Sort
from tui_app.jobs.filters import parse_filter
from tui_app.jobs.job_watching import JobSnapshot
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
        return answer(200, success([wire_row(n) for n in range(total)][(page - 1) * size : page * size]))

    return script


async def test_all_pages_are_loaded_in_order_and_each_once(large: Simulator) -> None:
    snapshots: list[JobSnapshot] = []
    async with service_on(large) as service:
        job = max((await service.client.list_jobs()).items, key=lambda job: job.total_messages_discovered)
        subject = service.watch_job(job.id, snapshots.append)
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
        one_by_one = [row.id async for page in all_job_messages(service.client, job.id) for row in page]
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
        subject = service.watch_job(JOB, lambda _: None)
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
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        with pytest.raises(ServerFault):
            await subject.load_all()
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
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        loading = asyncio.create_task(subject.load_all())
        await third.wait()
        await until(lambda: subject._rows._listing.next_page == 3)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        await service.close()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2000, False)


async def test_a_list_that_ends_before_its_plan_is_complete() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(2000, total_messages_discovered=9000)) as server:
        service = lonely_service(server.base_url)
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        await subject.load_all()
        await service.close()
    assert (snapshots[-1].rows.loaded, snapshots[-1].rows.complete) == (2000, True)


async def test_filter_and_order_hold_while_more_is_loaded_and_end_with_nothing_lost() -> None:
    snapshots: list[JobSnapshot] = []
    async with faulty(served(3500)) as server:
        service = lonely_service(server.base_url)
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        await subject.arrange(Arranged(parse_filter("tries:2")))
        assert snapshots[-1].rows.rows is not None
        assert len(snapshots[-1].rows.rows) == 333
        await subject.load_all()
        rows = snapshots[-1].rows
        assert rows.rows is not None
        assert [row.id for row in rows.rows] == [f"r{n:05d}" for n in range(3500) if n % 3 == 2]
        assert rows.loaded == 3500
        await subject.arrange(Arranged(parse_filter("tries:2"), Sort("id", reverse=True)))
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [
            f"r{n:05d}" for n in reversed(range(3500)) if n % 3 == 2
        ]
        await subject.arrange(Arranged())
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
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        asked = len(server.received)
        await subject.ask(RowStatus.FAILED)
        assert len(server.received) == asked
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [f"r{n:05d}" for n in range(0, 500, 100)]
        assert snapshots[-1].rows.complete
        await subject.ask(None)
        await subject.poll()
        assert len(server.received) == asked + 1, "the job alone is asked for: nothing moved"
        assert snapshots[-1].rows.loaded == 500
        await service.close()


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
        subject = service.watch_job(JOB, snapshots.append)
        await subject.poll()
        await subject.arrange(Arranged(parse_filter("status:pending")))
        assert len(snapshots[-1].rows.rows or ()) == 10
        state = "COMPLETED"
        await subject.poll()
        assert [row.id for row in snapshots[-1].rows.rows or ()] == [f"r{n:05d}" for n in range(5, 10)]
        await service.close()


async def test_pages_read_ahead_are_dropped_when_nobody_wants_them(large: Simulator) -> None:
    async with service_on(large) as service:
        with pytest.raises(NotFound):
            async for _ in all_job_messages(service.client, JOB, expected=6000):
                raise AssertionError("there is no such job")
        job = max((await service.client.list_jobs()).items, key=lambda job: job.total_messages_discovered)
        pages = all_job_messages(service.client, job.id, expected=6500)
        first = await pages.load()
        pages.close()
        assert len(first) == 1000
        assert not [task for task in asyncio.all_tasks() if "list_job_messages" in repr(task) and not task.cancelling()]
