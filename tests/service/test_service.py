"""The service against the simulator, and against servers whose outcome is unclear."""

import asyncio
import json
from dataclasses import replace
from random import Random

import pytest

from tests.support.faulty import ACCOUNT, Received, answer, failure, faulty, success
from tests.support.services import service_on
from tui_app.api.errors import Forbidden, NotFound, ServerFault, Unauthenticated
from tui_app.api.models import ActionType, DeliveryStatus, Destination, JobStatus
from tui_app.api.outcome import Ambiguous, Done
from tui_app.api.pages import all_jobs
from tui_app.api.search import SearchParams
from tui_app.clock import SystemClock
from tui_app.config import Settings
from tui_app.credentials import Secret, TokenCredential
from tui_app.errors import GuardError
from tui_app.jobs.new_job import NewJob
from tui_app.jobs.watching import JobSnapshot
from tui_app.plans.engine import Fate, Phase
from tui_app.plans.plan import Target
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator
from tui_app.text import Untrusted

HELD = SearchParams(detections_only=False, delivery_status=DeliveryStatus.QUARANTINED, sender="acme-news.example")


class SkippingClock(SystemClock):
    """Waits take no time."""

    async def sleep(self, seconds: float) -> None:
        return None


async def held_targets(service: EmailSecurityService, count: int) -> tuple[Target, ...]:
    found = [message async for page in service.search(HELD) for message in page]
    return tuple(Target.of(message) for message in found[:count])


@pytest.mark.parametrize("which", ["simulator", "seed_simulator"])
async def test_a_release_sends_every_id_exactly_once_in_either_generation(
    which: str, request: pytest.FixtureRequest
) -> None:
    simulator: Simulator = request.getfixturevalue(which)
    async with service_on(simulator) as service:
        targets = await held_targets(service, 60)
        plan = service.plan_release(service.guard(targets), "newsletter")
        state = await service.run_release(plan)
    truth = simulator.account.truth.of("release")
    assert state.phase is Phase.DONE
    assert sorted(entry["id"] for entry in truth) == sorted(target.id for target in targets)
    assert len({entry["request"] for entry in truth}) == 3
    for result in state.results:
        said = next(entry for entry in truth if entry["id"] == result.target.investigate_id)
        assert [str(name) for name in result.delivered] == said["delivered"]
        assert [str(name) for name in result.undelivered] == said["undelivered"]
    assert sum(state.fates().values()) == 60


async def test_the_oldest_body_is_learnt_once(seed_simulator: Simulator) -> None:
    async with service_on(seed_simulator) as service:
        for _ in range(2):
            plan = service.plan_release(service.guard(await held_targets(service, 5)), "x")
            assert (await service.run_release(plan)).phase is Phase.DONE
    # One request was refused for its shape, the four others (two batches, each sent once) were not.
    assert len({entry["request"] for entry in seed_simulator.account.truth.of("release")}) == 2


async def test_a_bad_id_refuses_its_batch_and_the_rest_goes_on(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        good = await held_targets(service, 30)
        bad = replace(good[0], investigate_id="4NAAAAAAAAAAAAAA-2026-01-01T00:00:00-1")
        plan = service.plan_release(service.guard((bad, *good)), "x")
        state = await service.run_release(plan)
    fates = state.fates()
    assert (fates[Fate.REFUSED], state.phase) == (25, Phase.DONE)
    assert state.error is not None
    assert "message not found at /ids/0" in str(state.error)
    assert fates[Fate.DELIVERED] + fates[Fate.UNDELIVERED] + fates[Fate.FAILED] == 6


async def test_a_token_that_may_only_read_stops_at_the_first_batch(simulator: Simulator) -> None:
    reader = TokenCredential(Secret(simulator.door.read_token, "test"))
    async with service_on(simulator, credential=reader) as service:
        plan = service.plan_release(service.guard(await held_targets(service, 60)), "x")
        state = await service.run_release(plan)
    assert (state.phase, state.batches_done) == (Phase.HALTED, 1)
    assert isinstance(state.error, Forbidden)
    assert state.fates()[Fate.NOT_SENT] == 35
    assert simulator.account.truth.of("release") == []


async def test_read_only_refuses_every_write_before_anything_is_sent(simulator: Simulator) -> None:
    async with service_on(simulator, read_only=True) as service:
        job = simulator.account.list_jobs("PROCESSING", None)[0]["job_id"]
        plan = service.plan_release(service.guard(await held_targets(service, 1)), "x")
        new = NewJob(action=ActionType.RELEASE, params=HELD)
        for work in (
            service.cancel_job(job),
            service.delete_job(job),
            service.create_job(new),
            service.run_release(plan),
        ):
            with pytest.raises(GuardError, match="read-only"):
                await work
    assert simulator.account.truth.entries == []


async def test_ids_of_either_kind_are_looked_up(simulator: Simulator) -> None:
    mails = simulator.account.held
    delivered = simulator.account.campaign[0]
    async with service_on(simulator) as service:
        names = [
            mails[0].investigate_id,
            mails[1].postfix_id,
            delivered.investigate_id,
            "4NZZZZZZZZZZZZ",
            mails[0].investigate_id[:-1] + "x",
        ]
        targets = await service.look_up(names[:4])
    assert [target.checked for target in targets] == [True, True, True, False]
    assert targets[1].investigate_id == mails[1].investigate_id
    assert [target.held for target in targets[:3]] == [True, True, False]


async def test_cancel_and_delete(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        job_id = simulator.account.list_jobs("PROCESSING", None)[0]["job_id"]
        refused = await service.client.delete_job(job_id)
        assert isinstance(refused, Ambiguous)  # 409 leaves a delete open: read the job back
        cancelled = await service.cancel_job(job_id)
        assert isinstance(cancelled, Done)
        assert cancelled.value.status is JobStatus.CANCELLED
        assert isinstance(await service.delete_job(job_id), Done)
        assert isinstance(await service.delete_job(job_id), Done), "gone already is done"
    assert [entry["outcome"] for entry in simulator.account.truth.entries] == ["refused", "cancelled", "deleted"]


async def test_a_new_job_always_says_when_and_a_release_only_takes_held_mail(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        outcome = await service.create_job(
            NewJob(action=ActionType.RELEASE, params=SearchParams(sender="acme-news.example"), comment="INC-1")
        )
        assert isinstance(outcome, Done)
        assert str(outcome.value.comment).startswith("INC-1 #op-")
    (entry,) = simulator.account.truth.of("create_job")
    body = entry["body"]
    assert body["search_params"]["delivery_status"] == "quarantined"
    assert {"start", "end"} <= body["search_params"].keys()
    assert "destination" not in body


@pytest.mark.parametrize(
    "new",
    [
        NewJob(action=ActionType.RELEASE, params=SearchParams()),
        NewJob(action=ActionType.MOVE, params=SearchParams(sender="a.example")),
        NewJob(action=ActionType.MOVE, params=SearchParams(submissions=True), destination=Destination.JUNK),
        NewJob(action=ActionType.RELEASE, params=SearchParams(sender="a", delivery_status=DeliveryStatus.DELIVERED)),
    ],
)
async def test_jobs_we_never_send(simulator: Simulator, new: NewJob) -> None:
    async with service_on(simulator) as service:
        with pytest.raises(GuardError):
            await service.create_job(new)
    assert simulator.account.truth.entries == []


async def test_a_preview_counts_what_the_job_will_take(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        new = NewJob(
            action=ActionType.MOVE, params=SearchParams(sender="billing@evil.example"), destination=Destination.JUNK
        )
        preview = await service.preview(new.checked(service.clock.now()).params)
        made = await service.create_job(new)
        assert isinstance(made, Done)
    rows = simulator.account.truth.of("create_job")[0]["rows"]
    assert (preview.count, preview.complete) == (rows, True)
    assert preview.dispositions[0][0] == "MALICIOUS"


async def test_a_release_job_that_would_free_malicious_mail_is_held_back(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        new = NewJob(action=ActionType.RELEASE, params=SearchParams(query="invoice")).checked(service.clock.now())
        preview = await service.preview(new.params)
        with pytest.raises(GuardError, match="MALICIOUS"):
            service.guard_job(new, preview)
        service.guard_job(new, preview, include=[verdict for verdict, _ in preview.dispositions])


async def test_what_is_wrong_with_a_refusal_is_found_out(simulator: Simulator) -> None:
    async with service_on(simulator, account_id="0" * 32) as service:
        with pytest.raises(Forbidden) as caught:
            await service.client.list_jobs()
        assert simulator.account.account_id in await service.diagnose(caught.value)
    async with service_on(simulator, credential=TokenCredential(Secret("wrong", "test"))) as service:
        with pytest.raises(Unauthenticated) as refused:
            await service.client.list_jobs()
        assert await service.diagnose(refused.value) == "The token itself is not accepted."


def lonely_service(base_url: str) -> EmailSecurityService:
    settings = Settings(ACCOUNT, base_url, TokenCredential(Secret("t", "test")))
    return EmailSecurityService(settings, clock=SkippingClock(), random=Random(1))


async def test_a_create_without_an_answer_is_found_by_its_mark_and_never_sent_again() -> None:
    comments: list[str] = []

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            comments.append(json.loads(request.body)["comment"])
            return None
        seen = comments if len(server.received) > 3 else []
        return answer(
            200,
            success([{"job_id": f"j{n}", "status": "PENDING", "comment": comment} for n, comment in enumerate(seen)]),
        )

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        outcome = await service.create_job(NewJob(action=ActionType.RELEASE, params=HELD))
        await service.close()
        assert isinstance(outcome, Done)
        assert outcome.value.job_id == Untrusted("j0")
        assert server.count("POST") == 1


async def test_a_create_that_is_never_seen_stays_unknown() -> None:
    async with faulty(lambda request: None if request.method == "POST" else answer(200, success([]))) as server:
        service = lonely_service(server.base_url)
        outcome = await service.create_job(NewJob(action=ActionType.RELEASE, params=HELD))
        await service.close()
        assert isinstance(outcome, Ambiguous)
        assert (server.count("POST"), server.count("GET")) == (1, 5)
        assert "outcome unknown" in service.activities[-1].sentence


async def test_a_cancel_without_an_answer_is_settled_by_reading_the_job() -> None:
    ended = answer(200, success({"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "CANCELLED"}))
    async with faulty(lambda request: None if request.method == "POST" else ended) as server:
        service = lonely_service(server.base_url)
        outcome = await service.cancel_job("182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e")
        await service.close()
        assert isinstance(outcome, Done)
        assert server.count("POST") == 1


async def test_a_release_without_an_answer_is_unknown_and_halts() -> None:
    async with faulty(lambda _: None) as server:
        service = lonely_service(server.base_url)
        targets = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(60))
        state = await service.run_release(service.plan_release(service.guard(targets), "x"))
        await service.close()
        assert server.count("POST") == 1
    assert state.phase is Phase.HALTED
    assert (state.fates()[Fate.UNKNOWN], state.fates()[Fate.NOT_SENT]) == (25, 35)


async def test_an_id_that_the_answer_does_not_name_is_unknown() -> None:
    names = [f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1" for n in range(3)]
    reply = answer(200, success([{"id": names[0], "delivered": ["a@b.example"]}, {"id": names[1]}]))
    async with faulty(lambda _: reply) as server:
        service = lonely_service(server.base_url)
        state = await service.run_release(service.plan_release(service.guard([Target(name) for name in names]), "x"))
        await service.close()
    assert [result.fate for result in state.results] == [Fate.DELIVERED, Fate.UNKNOWN, Fate.UNKNOWN]
    assert state.results[2].why == "the answer does not name it"


async def test_a_stopped_release_sends_no_further_batch(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        plan = service.plan_release(service.guard(await held_targets(service, 75)), "x")
        service.on_release = lambda state: service.stop_release() if state.batches_done == 1 else None
        state = await service.run_release(plan)
    assert (state.phase, state.fates()[Fate.NOT_SENT]) == (Phase.STOPPED, 50)
    assert len(simulator.account.truth.of("release")) == 25


async def test_a_refused_shape_is_not_tried_the_other_way_after_it_worked_once() -> None:
    ok = answer(200, success([{"id": "4NAAAAAAAAAAAA00-2026-01-01T00:00:00-1", "delivered": ["a@b.example"]}]))
    replies = iter([ok, answer(400, failure(1, "bad body", ""))])
    async with faulty(lambda _: next(replies)) as server:
        service = lonely_service(server.base_url)
        for expected in (Fate.DELIVERED, Fate.REFUSED):
            target = Target("4NAAAAAAAAAAAA00-2026-01-01T00:00:00-1", "4NAAAAAAAAAAAA00")
            state = await service.run_release(service.plan_release(service.guard([target]), "x"))
            assert state.results[0].fate is expected
        await service.close()
        assert server.count("POST") == 2


async def test_lists_come_whole_from_the_server(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        pages = [page async for page in all_jobs(service.client, per_page=5)]
        assert [len(page) for page in pages] == [5, 5, 2]
        failed = [page async for page in all_jobs(service.client, status=JobStatus.FAILED)]
        assert {job.status for page in failed for job in page} == {JobStatus.FAILED}


async def test_an_answer_is_credited_only_to_the_message_it_names() -> None:
    names = [f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1" for n in range(3)]
    items = [
        {"id": names[1], "postfix_id": "4NAAAAAAAAAAAA00", "delivered": ["b@b.example"]},
        {"id": names[2], "delivered": ["c@b.example"]},
        {"id": names[2], "failed": ["c@b.example"]},
    ]
    async with faulty(lambda _: answer(200, success(items))) as server:
        service = lonely_service(server.base_url)
        targets = [Target(name, name[:16]) for name in names]
        state = await service.run_release(service.plan_release(service.guard(targets), "x"))
        await service.close()
    assert [result.fate for result in state.results] == [Fate.UNKNOWN, Fate.DELIVERED, Fate.UNKNOWN]


async def test_a_postfix_id_of_two_messages_is_nobody_s(simulator: Simulator) -> None:
    first, second = simulator.account.held[:2]
    second.postfix_id = first.postfix_id
    async with service_on(simulator) as service:
        (target,) = await service.look_up([first.postfix_id])
    assert not target.checked


async def test_a_search_goes_on_where_a_page_failed() -> None:
    def page(request: Received) -> bytes:
        if "cursor=two" not in request.target:
            return answer(200, success([{"id": "a"}], result_info={"next": "two"}))
        broken = sum("cursor=two" in seen.target for seen in server.received) <= 3
        return answer(502, b"") if broken else answer(200, success([{"id": "b"}], result_info={"next": None}))

    async with faulty(page) as server:
        service = lonely_service(server.base_url)
        search = service.search_held(HELD)
        await search.load_page()
        with pytest.raises(ServerFault):
            await search.load_page()
        assert not search.complete
        await search.load_page()
        await service.close()
    assert ([message.id.exact for message in search.found], search.complete) == (["a", "b"], True)


async def test_rows_whose_reading_failed_are_read_with_the_next_poll() -> None:
    job = {"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "COMPLETED", "total_messages_discovered": 1}
    asked = 0

    def script(request: Received) -> bytes:
        nonlocal asked
        if "/messages" not in request.target:
            return answer(200, success(job))
        asked += 1
        return answer(502, b"") if asked <= 3 else answer(200, success([{"message_id": "m", "status": "COMPLETED"}]))

    snapshots: list[JobSnapshot] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.watch_job(str(job["job_id"]), snapshots.append)
        with pytest.raises(ServerFault):
            await subject.poll()
        await subject.poll()
        await service.close()
    rows = snapshots[-1].rows
    assert rows is not None
    assert [row.id for row in rows] == ["m"]


async def test_a_missing_job_is_not_blamed_on_the_token(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        with pytest.raises(NotFound) as caught:
            await service.client.get_job("00000000-0000-4000-8000-000000000000")
        assert await service.diagnose(caught.value) == ""


async def test_leaving_gives_up_a_read_back_and_says_unknown() -> None:
    posted = asyncio.Event()

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            posted.set()
            return None
        return answer(200, success([]))

    async with faulty(script) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret("t", "test")))
        service = EmailSecurityService(settings, clock=SystemClock(), random=Random(1))
        creating = asyncio.create_task(service.create_job(NewJob(action=ActionType.RELEASE, params=HELD)))
        await posted.wait()
        await asyncio.wait_for(service.close(), 10)
        assert isinstance(await creating, Ambiguous)


async def test_a_release_that_is_stopped_while_a_request_is_in_flight_does_not_wait_for_the_quota() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="200")
    services: list[EmailSecurityService] = []

    def script(_: Received) -> bytes:
        services[0].stop_release()
        return limited

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        services.append(service)
        state = await service.run_release(service.plan_release(service.guard([Target("4NA-1")]), "x"))
        await service.close()
        assert server.count("POST") == 1
    assert state.fates()[Fate.REFUSED] == 1
