"""Jobs that are followed to their end, against the simulator with a clock of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests.api.test_models import JOB
from tests.conftest import MOMENT
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import lonely_service, service_on
from tui_app.api.errors import NotFound
from tui_app.api.models import Job
from tui_app.api.pagination import job_pages
from tui_app.jobs.followed import FollowedJobs, JobEnd
from tui_app.jobs.job_list import JobsQuery
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running


@dataclass
class Time:
    now: datetime = MOMENT

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: int) -> None:
        self.now += timedelta(**span)


@dataclass
class Heard:
    ends: list[JobEnd] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def watched(time: Time) -> Iterator[Simulator]:
    with running(Options(quota=0, messages=600, held=0, faults="none"), clock=time) as simulator:
        yield simulator


@pytest.fixture
async def service(watched: Simulator) -> AsyncIterator[EmailSecurityService]:
    async with service_on(watched) as service:
        yield service


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def followed(service: EmailSecurityService, heard: Heard) -> FollowedJobs:
    followed = FollowedJobs(lambda: service.client, service.clock, heard.said.append)
    followed.on_ended = heard.ends.append
    return followed


async def all_jobs(service: EmailSecurityService) -> list[Job]:
    return [job async for page in job_pages(service.client) for job in page]


def asked(simulator: Simulator) -> list[str]:
    return [f"{request['method']} {request['path'].rpartition('/investigate/')[2]}" for request in simulator.wire()]


async def test_several_jobs_are_one_request_and_each_end_is_told_once(
    watched: Simulator, service: EmailSecurityService, followed: FollowedJobs, heard: Heard, time: Time
) -> None:
    followed.take(await all_jobs(service))
    assert len(followed.running) == 3
    before = len(watched.wire())
    assert not (await followed.poll()).over
    assert asked(watched)[before:] == ["GET bulk"]
    assert heard.ends == []
    time.passes(hours=1)
    assert (await followed.poll()).over
    assert len(asked(watched)) == before + 2
    assert sorted(end.outcome for end in heard.ends) == ["completed"] * 3
    assert followed.running == ()
    followed.take(await all_jobs(service))
    assert len(heard.ends) == 3


async def test_one_job_is_asked_for_alone(
    watched: Simulator, service: EmailSecurityService, followed: FollowedJobs
) -> None:
    job = next(job for job in await all_jobs(service) if not job.ended)
    followed.take([job])
    await followed.poll()
    assert asked(watched)[-1] == f"GET bulk/{job.id}"


@pytest.mark.parametrize("alone", [True, False])
async def test_a_job_that_was_deleted_is_told_as_that(
    watched: Simulator, service: EmailSecurityService, followed: FollowedJobs, heard: Heard, alone: bool
) -> None:
    going = [job for job in await all_jobs(service) if not job.ended]
    followed.take(going[:1] if alone else going)
    del watched.account.jobs[going[0].id]
    await followed.poll()
    if alone:
        assert heard.ends == [], "one answer may be wrong"
        assert len(followed.running) == 1
        await followed.poll()
    (end,) = heard.ends
    assert (end.job.id, end.gone) == (going[0].id, True)
    assert end.sentence == f"Job {going[0].id[:8]} was deleted; how it ended is not known."


LOST = answer(404, failure(10404, "no such job"))
PROXYS = answer(404, b"<html>not found</html>")
GOING = answer(200, success({**JOB, "status": "PROCESSING"}))


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    ("answers", "gone"),
    [
        ([LOST, LOST], True),
        ([LOST, GOING, LOST, GOING], False),
        ([LOST, PROXYS, LOST], False),
        ([PROXYS] * 4, False),
        ([PROXYS, LOST, GOING], False),
        ([GOING, PROXYS, LOST, LOST], True),
    ],
)
async def test_a_job_is_gone_when_the_api_says_so_twice_in_a_row(
    opened: bool, answers: list[bytes], gone: bool
) -> None:
    left, heard = list(answers), Heard()
    async with faulty(lambda _: left.pop(0)) as server:
        service = lonely_service(server.base_url)
        followed = service.jobs.followed
        followed.on_ended = heard.ends.append
        followed.take([job(status="PROCESSING")])
        subject = service.jobs.watch(str(JOB["job_id"]), lambda _: None)
        for reply in answers:
            poll = subject.poll_counters if opened else followed.poll
            trouble = reply is PROXYS or (opened and reply is LOST)
            with pytest.raises(NotFound) if trouble else nullcontext():
                await poll()
        await service.close()
    assert [end.gone for end in heard.ends] == [True] * gone
    assert len(followed.running) == (not gone)


@pytest.mark.parametrize("whole", [True, False])
async def test_a_list_that_may_not_be_whole_takes_a_second_look(heard: Heard, whole: bool) -> None:
    other = {**JOB, "job_id": "00000000-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "PROCESSING"}

    def script(request: Received) -> bytes:
        if "/bulk/" in request.target:
            return LOST
        return answer(200, success([other, *([] if whole else [17])]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        followed = service.jobs.followed
        followed.on_ended = heard.ends.append
        followed.take([job(status="PROCESSING"), Job.from_wire(other)])
        await followed.poll()
        assert len(heard.ends) == whole
        await followed.poll()
        assert [end.gone for end in heard.ends] == [True]
        await service.close()


async def test_trouble_with_one_job_keeps_what_was_read_of_the_others(heard: Heard) -> None:
    other = {**JOB, "job_id": "00000000-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "COMPLETED"}
    async with faulty(
        lambda request: PROXYS if "/bulk/" in request.target else answer(200, success([other]))
    ) as server:
        service = lonely_service(server.base_url)
        followed = service.jobs.followed
        followed.on_ended = heard.ends.append
        followed.take([job(status="PROCESSING"), Job.from_wire({**other, "status": "PROCESSING"})])
        with pytest.raises(NotFound):
            await followed.poll()
        await service.close()
    assert [end.outcome for end in heard.ends] == ["completed"]
    assert len(followed.running) == 1


async def test_what_the_screen_tells_of_is_not_asked_for_behind_it(service: EmailSecurityService, time: Time) -> None:
    followed = service.jobs.followed
    assert not followed.wanted(None)
    shown = service.jobs.watch_list(JobsQuery(), lambda _: None)
    await shown.poll()
    going = followed.running
    assert len(going) == 3
    assert not followed.wanted(shown)
    opened = service.jobs.watch(going[0].id, lambda _: None)
    assert followed.wanted(opened)
    assert followed.wanted(None)
    for job in going[1:]:
        followed.forget(job.id)
    assert not followed.wanted(opened)
    time.passes(hours=1)
    await opened.poll()
    assert not followed.wanted(None)


def job(**changes: object) -> Job:
    return Job.from_wire({**JOB, **changes})


async def test_what_goes_backwards_is_told_once(followed: FollowedJobs, heard: Heard) -> None:
    for _ in range(3):
        for status, found in (("PROCESSING", 90), ("DISCOVERING", 90), ("PROCESSING", 90), ("PROCESSING", 80)):
            followed.take([job(status=status, total_messages_discovered=found, messages_pending=70)])
    name = str(JOB["job_id"])[:8]
    assert heard.said == [
        f"Job {name} went from processing back to discovering.",
        f"Job {name} counts 80 found after 90.",
    ]


async def test_a_job_that_ended_and_goes_on_is_told_and_followed_again(followed: FollowedJobs, heard: Heard) -> None:
    for status in ("PROCESSING", "COMPLETED", "PROCESSING", "FAILED"):
        followed.take([job(status=status)])
    assert [end.outcome for end in heard.ends] == ["completed", "failed"]
    assert heard.said == [f"Job {str(JOB['job_id'])[:8]} went from completed back to processing."]


@pytest.mark.parametrize(
    ("counters", "said"),
    [
        ({"messages_failed": 42, "messages_successful": 58}, "completed, 42 failed."),
        ({"messages_failed": 0, "messages_successful": 100}, "completed."),
        ({"messages_failed": 0, "messages_successful": 90}, "completed, unaccounted 10."),
        ({"messages_failed": 0, "messages_successful": 90, "messages_pending": 10}, "completed, 10 still pending."),
        ({"messages_failed": "x", "messages_successful": 90}, "completed, its counters can't be read."),
    ],
)
def test_an_end_is_told_with_what_is_wrong_with_it(counters: dict[str, object], said: str) -> None:
    others = {"messages_pending": 0, "messages_skipped": 0, "messages_cancelled": 0}
    ended = job(status="COMPLETED", total_messages_discovered=100, **{**others, **counters})
    assert JobEnd(ended).sentence == f"Job {ended.id[:8]} ended: {said}"


async def test_the_share_is_of_all_rows_that_are_known(followed: FollowedJobs) -> None:
    assert followed.share is None
    first = {"status": "PROCESSING", "total_messages_discovered": 100, "messages_pending": 50}
    ids = [f"{number:08x}-6e1a-4fe4-a799-aa6d9a6ab26e" for number in range(3)]
    followed.take([job(job_id=ids[0], **first)])
    assert followed.share == 0.5
    followed.take([job(job_id=ids[1], **{**first, "total_messages_discovered": 300, "messages_pending": 0})])
    followed.take([job(job_id=ids[2], status="DISCOVERING", total_messages_discovered=900, messages_pending=900)])
    assert followed.share == 0.875
