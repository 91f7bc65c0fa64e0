"""Writes to jobs on a server whose answers are wrong: whose job it is, and whether anything was done."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import lonely_service
from tui_app.api.enums import ActionType, Destination
from tui_app.api.search import SearchParams
from tui_app.api.write_result import Ambiguous, Done
from tui_app.jobs.new_job import NewJob
from tui_app.plans.write_entry import WriteEntry
from tui_app.service import EmailSecurityService

OURS = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
STRANGERS = "00000000-6e1a-4fe4-a799-aa6d9a6ab26e"
NEW = NewJob(action=ActionType.MOVE, params=SearchParams(sender="a.example"), destination=Destination.JUNK)
NO_SUCH_JOB = answer(404, failure(10404, "no such job"))


class Creating:
    """A server that makes a job and answers with another id than that of the job."""

    def __init__(self, told: str, *, destination: str = "Inbox", listed: bool = True) -> None:
        self.told, self.destination, self.listed = told, destination, listed
        self.comment, self.search = "", {}
        self.read: Callable[[str], bytes] = lambda name: NO_SUCH_JOB

    def job(self, name: str, comment: str) -> dict[str, Any]:
        return {
            "job_id": name, "action_type": "MOVE", "action_params": {"destination": self.destination},
            "search_params": self.search, "status": "PROCESSING", "comment": comment,
        }  # fmt: skip

    def __call__(self, request: Received) -> bytes:
        path = request.target.partition("?")[0].rpartition("/investigate/")[2]
        if request.method == "POST" and path == "bulk":
            body = json.loads(request.body)
            self.comment, self.search = body["comment"], body["search_params"]
            return answer(201, success(self.job(self.told, self.comment)))
        if path == "bulk":
            jobs = [self.job(STRANGERS, "theirs"), *([self.job(OURS, self.comment)] if self.listed else [])]
            return answer(200, success(jobs))
        return self.read(path.split("/")[1])


def on_record(service: EmailSecurityService) -> list[WriteEntry]:
    return list(reversed(service.plans.ledger.overview().writes))


async def created(server: Creating) -> tuple[Any, list[Received], list[WriteEntry]]:
    async with faulty(server) as running:
        service = lonely_service(running.base_url)
        made = await service.jobs.create(NEW)
        await service.close()
        return made, running.received, on_record(service)


def is_cancel(request: Received) -> bool:
    return request.target.endswith("/cancel")


@pytest.mark.parametrize("told", [STRANGERS, "../../accounts", "job-1"])
async def test_an_answer_with_our_mark_and_another_s_id_cancels_nobody_s_job(told: str) -> None:
    server = Creating(told, listed=False)
    server.read = lambda name: answer(200, success(server.job(name, "theirs")))
    made, received, (entry,) = await created(server)
    assert isinstance(made, Ambiguous)
    assert not any(map(is_cancel, received))
    assert (entry.standing, entry.job) == ("unknown", "")


async def test_the_job_is_found_by_its_mark_when_its_answer_had_another_id() -> None:
    server = Creating(STRANGERS, destination="JunkEmail")
    server.read = lambda name: answer(200, success(server.job(name, "theirs")))
    made, _, (entry,) = await created(server)
    assert isinstance(made, Done)
    assert (made.value.job.id, made.value.differences) == (OURS, ())
    assert (entry.standing, entry.job) == ("done", OURS)


async def test_a_job_that_the_server_does_not_have_is_not_ours() -> None:
    made, received, _ = await created(Creating(STRANGERS, listed=False))
    assert isinstance(made, Ambiguous)
    assert "which the server does not have" in str(made.error)
    assert not any(map(is_cancel, received))


async def test_a_new_job_that_can_t_be_read_is_done_but_not_cancelled_for_what_it_does_differently() -> None:
    server = Creating(STRANGERS)
    server.read = lambda name: answer(500, failure(1, "oops"))
    made, received, (entry,) = await created(server)
    assert isinstance(made, Done)
    assert made.value.differences == ("destination: asked for JunkEmail, the job has Inbox",)
    assert made.value.what_became_of_it().startswith("It was NOT cancelled: it can't be read")
    assert not any(map(is_cancel, received))
    assert (entry.standing, entry.as_asked) == ("done", False)


# ---- answered as done, without effect


def acts(service: EmailSecurityService, kind: str) -> Any:
    return service.jobs.cancel(OURS, "INC-1") if kind == "cancel" else service.jobs.delete(OURS, "INC-1")


DONE = answer(200, success({"job_id": OURS, "id": OURS, "status": "CANCELLED"}))


@pytest.mark.parametrize(("kind", "says"), [("cancel", "still processing"), ("delete", "the server still has it")])
async def test_what_is_answered_as_done_and_was_not_is_unknown(kind: str, says: str) -> None:
    at_work = answer(200, success({"job_id": OURS, "status": "PROCESSING"}))
    async with faulty(lambda request: at_work if request.method == "GET" else DONE) as server:
        service = lonely_service(server.base_url)
        outcome = await acts(service, kind)
        await service.close()
        assert isinstance(outcome, Ambiguous)
        assert says in str(outcome.error)
        assert len(server.received) - server.count("GET") == 1
        assert server.count("GET") == 6
    (entry,) = on_record(service)
    assert entry.standing == "unknown"


@pytest.mark.parametrize("kind", ["cancel", "delete"])
async def test_it_is_looked_at_once_and_an_answer_that_nobody_can_check_counts(kind: str) -> None:
    for seen in (DONE if kind == "cancel" else NO_SUCH_JOB, answer(403, failure(1, "no")), answer(404, b"<html>")):
        async with faulty(lambda request, s=seen: s if request.method == "GET" else DONE) as server:  # type: ignore[misc]
            service = lonely_service(server.base_url)
            assert isinstance(await acts(service, kind), Done)
            await service.close()
            assert server.count("GET") == 1


@pytest.mark.parametrize("kind", ["cancel", "delete"])
async def test_nobody_waits_for_the_quota_to_look(kind: str) -> None:
    done = DONE.replace(b"\r\n\r\n", b'\r\nratelimit: "default";r=0;t=200\r\n\r\n', 1)
    async with faulty(lambda _: done) as server:
        service = lonely_service(server.base_url)
        assert isinstance(await acts(service, kind), Done)
        await service.close()
        assert server.count("GET") == 0
