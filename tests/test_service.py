"""The service against the simulator, and against servers whose outcome is unclear."""

import asyncio
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import HurriedClock, SetClock
from tests.support.faulty import ACCOUNT, Received, answer, faulty, success
from tests.support.services import HELD, held_targets, lonely_service, service_on
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, DeliveryStatus, Destination, JobStatus
from tui_app.api.errors import Forbidden, NotFound, ServerFault, Unauthenticated
from tui_app.api.models import Job
from tui_app.api.pagination import job_pages
from tui_app.api.search import SearchParams
from tui_app.api.write_result import Ambiguous, Done
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.core.clock import SystemClock
from tui_app.core.errors import GuardError
from tui_app.core.text import Untrusted
from tui_app.jobs.job_watch import JobSnapshot
from tui_app.jobs.new_job import NewJob
from tui_app.plans.commands import Send
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running


async def test_read_only_refuses_every_write_before_anything_is_sent(simulator: Simulator) -> None:
    async with service_on(simulator, read_only=True) as service:
        job = simulator.account.list_jobs("PROCESSING", None)[0]["job_id"]
        plan = service.plans.plan(service.plans.guard(await held_targets(service, 1)), "x")
        new = NewJob(action=ActionType.RELEASE, params=HELD)
        for work in (
            service.jobs.cancel(job),
            service.jobs.delete(job),
            service.jobs.create(new),
        ):
            with pytest.raises(GuardError, match="read-only"):
                await work
        with pytest.raises(GuardError, match="read-only"):
            service.plans.start(Send(plan))
    assert simulator.account.truth.entries == []


async def test_a_machine_that_slept_has_no_clock_that_is_off(simulator: Simulator) -> None:
    clock = SetClock()
    async with service_on(simulator, clock=clock) as service:
        await held_targets(service, 1)
        assert service.look_at_clock() == ""
        clock.set_by = 36_000
        assert (service.look_at_clock(), service.clock_sign) == ("", "")
        await held_targets(service, 1)
        assert "10 h ahead of the server's" in service.look_at_clock()
        assert service.clock_sign == "clock 10 h ahead"
        await held_targets(service, 1)
        assert service.look_at_clock() == "", "once"
        clock.set_by = 0
        await held_targets(service, 1)
        assert (service.look_at_clock(), service.clock_sign) == ("", "")


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
        targets = await service.plans.look_up(names[:4])
    assert [target.checked for target in targets] == [True, True, True, False]
    assert targets[1].investigate_id == mails[1].investigate_id
    assert [target.held for target in targets[:3]] == [True, True, False]


async def test_cancel_and_delete(simulator: Simulator) -> None:
    async with service_on(simulator, clock=HurriedClock()) as service:
        job_id = simulator.account.list_jobs("PROCESSING", None)[0]["job_id"]
        refused = await service.client.delete_job(job_id)
        assert isinstance(refused, Ambiguous)  # 409 leaves a delete open: read the job back
        cancelled = await service.jobs.cancel(job_id)
        assert isinstance(cancelled, Done)
        assert cancelled.value.status is JobStatus.CANCELLED
        assert isinstance(await service.jobs.delete(job_id), Done)
        assert isinstance(await service.jobs.delete(job_id), Done), "gone already is done"
    assert [entry["outcome"] for entry in simulator.account.truth.entries] == ["refused", "cancelled", "deleted"]


async def test_a_new_job_always_says_when_and_a_release_only_takes_held_mail(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        outcome = await service.jobs.create(
            NewJob(action=ActionType.RELEASE, params=SearchParams(sender="acme-news.example"), comment="INC-1")
        )
        assert isinstance(outcome, Done)
        assert str(outcome.value.job.comment).startswith("INC-1 #op-")
        assert outcome.value.differences == ()
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
            await service.jobs.create(new)
    assert simulator.account.truth.entries == []


async def test_a_preview_counts_what_the_job_will_take(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        new = NewJob(
            action=ActionType.MOVE, params=SearchParams(sender="billing@evil.example"), destination=Destination.JUNK
        )
        preview = await service.jobs.preview(new.checked(service.clock.now()).params)
        made = await service.jobs.create(new)
        assert isinstance(made, Done)
    rows = simulator.account.truth.of("create_job")[0]["rows"]
    assert (preview.count, preview.complete) == (rows, True)
    assert preview.dispositions[0][0] == "MALICIOUS"


@pytest.mark.parametrize("fault", [f"stored_changed={n}" for n in (1, 2, 4, 5, 6)])
async def test_a_new_job_that_is_another_one_than_was_asked_for_is_told_and_on_record(fault: str) -> None:
    new = NewJob(
        action=ActionType.MOVE,
        params=SearchParams(sender="billing@evil.example", subject="invoice"),
        destination=Destination.JUNK,
    )
    with running(Options(quota=0, messages=300, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        simulator.set_faults(f"{fault}@create_job")
        async with service_on(simulator) as service:
            made = await service.jobs.create(new)
            assert isinstance(made, Done)
            assert made.value.differences
            (told,) = [entry for entry in service.activities if "differs from what was asked for" in entry.sentence]
            assert told.details == made.value.differences
            simulator.set_faults("none")
            same = await service.jobs.create(new)
            assert isinstance(same, Done)
            assert same.value.differences == ()


async def test_what_a_job_does_is_what_is_read_of_it_and_not_what_its_answer_says() -> None:
    new = NewJob(
        action=ActionType.MOVE, params=SearchParams(sender="billing@evil.example"), destination=Destination.JUNK
    )
    with running(
        Options(quota=0, messages=300, held=60, faults="echo_changed=2@create_job", speed=NO_JOB_ENDS)
    ) as simulator:
        async with service_on(simulator) as service:
            made = await service.jobs.create(new)
            assert isinstance(made, Done)
            assert made.value.differences == ()
        assert simulator.account.truth.of("cancel_job") == []


async def test_a_release_job_that_would_free_malicious_mail_is_held_back(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        new = NewJob(action=ActionType.RELEASE, params=SearchParams(query="invoice")).checked(service.clock.now())
        preview = await service.jobs.preview(new.params)
        with pytest.raises(GuardError, match="MALICIOUS"):
            service.jobs.guard(new, preview)
        service.jobs.guard(new, preview, include=[verdict for verdict, _ in preview.dispositions])


async def test_what_is_wrong_with_a_refusal_is_found_out(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with service_on(simulator, account_id="0" * 32) as service:
        with pytest.raises(Forbidden) as caught:
            await service.client.list_jobs()
        assert simulator.account.account_id in await service.diagnose(caught.value)
        real = EmailSecurityClient.list_accounts

        async def partial(client: EmailSecurityClient, **where: Any) -> Any:
            return replace(await real(client, **where), partial=True)

        monkeypatch.setattr(EmailSecurityClient, "list_accounts", partial)
        assert "Whether it sees this account is not known" in await service.diagnose(caught.value)
    async with service_on(simulator, credential=TokenCredential(Secret("wrong", "test"))) as service:
        with pytest.raises(Unauthenticated) as refused:
            await service.client.list_jobs()
        assert await service.diagnose(refused.value) == "The token itself is not accepted."


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
        outcome = await service.jobs.create(NewJob(action=ActionType.RELEASE, params=HELD))
        await service.close()
        assert isinstance(outcome, Done)
        assert outcome.value.job.job_id == Untrusted("j0")
        assert server.count("POST") == 1


async def test_a_create_that_is_never_seen_stays_unknown() -> None:
    async with faulty(lambda request: None if request.method == "POST" else answer(200, success([]))) as server:
        service = lonely_service(server.base_url)
        outcome = await service.jobs.create(NewJob(action=ActionType.RELEASE, params=HELD))
        await service.close()
        assert isinstance(outcome, Ambiguous)
        assert (server.count("POST"), server.count("GET")) == (1, 5)
        assert "outcome unknown" in service.activities[-1].sentence


async def test_a_cancel_without_an_answer_is_settled_by_reading_the_job() -> None:
    ended = answer(200, success({"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "CANCELLED"}))
    async with faulty(lambda request: None if request.method == "POST" else ended) as server:
        service = lonely_service(server.base_url)
        outcome = await service.jobs.cancel("182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e")
        await service.close()
        assert isinstance(outcome, Done)
        assert server.count("POST") == 1


@pytest.mark.parametrize("status", ["PROCESSING", "PENDING", "NEW_WORD"])
@pytest.mark.parametrize("ends", [True, False])
async def test_a_cancel_that_is_answered_by_a_job_at_work_is_not_told_as_done(status: str, ends: bool) -> None:
    def script(request: Received) -> bytes:
        told = "CANCELLED" if ends and request.method == "GET" else status
        return answer(200, success({"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": told}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        outcome = await service.jobs.cancel("182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e")
        await service.close()
        assert server.count("POST") == 1
    assert isinstance(outcome, Done if ends else Ambiguous)
    if not ends:
        assert f"outcome unknown. The server says: still {status.lower()}." in service.activities[-1].sentence


async def test_lists_come_whole_from_the_server(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        pages = [page async for page in job_pages(service.client, per_page=5)]
        assert [len(page) for page in pages] == [5, 5, 2]
        failed = [page async for page in job_pages(service.client, status=JobStatus.FAILED)]
        assert {job.status for page in failed for job in page} == {JobStatus.FAILED}


async def test_a_postfix_id_of_two_messages_is_nobody_s(simulator: Simulator) -> None:
    first, second = simulator.account.held[:2]
    second.postfix_id = first.postfix_id
    async with service_on(simulator) as service:
        targets = await service.plans.look_up([first.postfix_id])
        guarded = service.plans.guard(targets, include=["UNCHECKED", "UNSEEN", first.disposition, second.disposition])
    assert guarded.allowed == ()
    (held,) = guarded.held_back
    verdicts = ", ".join(sorted((first.disposition, second.disposition)))
    assert held.why == f"names 2 messages ({verdicts}): give the investigate id: " + ", ".join(
        f"{mail.investigate_id} ({mail.disposition})" for mail in (first, second)
    )
    assert held.include == "", "no word lets it through"


async def test_a_search_goes_on_where_a_page_failed() -> None:
    def page(request: Received) -> bytes:
        if "cursor=two" not in request.target:
            return answer(200, success([{"id": "a"}], result_info={"next": "two"}))
        broken = sum("cursor=two" in seen.target for seen in server.received) <= 3
        return answer(502, b"") if broken else answer(200, success([{"id": "b"}], result_info={"next": None}))

    async with faulty(page) as server:
        service = lonely_service(server.base_url)
        subject = service.mail.watch(lambda _: None)
        await subject.load()
        assert isinstance(subject.snapshot.problem, ServerFault)
        assert not subject.snapshot.complete
        await subject.load()
        await service.close()
    found = subject.snapshot
    assert ([message.id.exact for message in found.found], found.complete, found.problem) == (["a", "b"], True, None)


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
        subject = service.jobs.watch(str(job["job_id"]), snapshots.append)
        with pytest.raises(ServerFault):
            await subject.poll()
        await subject.poll()
        await service.close()
    rows = snapshots[-1].rows.rows
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
        creating = asyncio.create_task(service.jobs.create(NewJob(action=ActionType.RELEASE, params=HELD)))
        await posted.wait()
        await asyncio.wait_for(service.close(), 10)
        assert isinstance(await creating, Ambiguous)


async def test_a_reading_older_than_an_answer_does_not_undo_it() -> None:
    old = {"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "PROCESSING"}
    snapshots: list[JobSnapshot] = []

    def script(request: Received) -> bytes:
        if len(server.received) == 3:
            # While this reading is on its way, the answer to a cancel arrives.
            subject.take(Job.from_wire({**old, "status": "CANCELLED"}))
        return answer(200, success(old if "/messages" not in request.target else []))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(old["job_id"], snapshots.append)
        await subject.poll()
        assert (await subject.poll()).moved
        await service.close()
    assert snapshots[-1].job.status is JobStatus.CANCELLED
