"""`watch` and `create --wait` as scripts see them; each run is a process of its own, whose waits take no time."""

import asyncio
import csv
import io
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.test_models import JOB
from tests.support.clock import HurriedClock
from tests.support.commands import Ended, run_with, started, told
from tests.support.faulty import answer, failure, faulty, success
from tests.support.services import lonely_service, service_on
from tui_app.api.errors import Forbidden, ServerFault
from tui_app.api.models import Job
from tui_app.cli.watch import Watch, exit_code_of
from tui_app.core.errors import ExitCode
from tui_app.jobs.followed import JobEnd
from tui_app.simulator.jobs import Pace
from tui_app.simulator.server import Options, Simulator, running

Run = Callable[..., Ended]


@pytest.fixture
def quick() -> Iterator[Simulator]:
    """Jobs that are over in a moment."""
    with running(Options(quota=0, messages=300, held=60, speed=400, faults="none")) as simulator:
        yield simulator


@pytest.fixture
def hurried(quick: Simulator) -> Run:
    return lambda *arguments, **changes: run_with({**quick.environment(), **changes}, *arguments, hurried=True)


def ids(simulator: Simulator, **wanted: object) -> list[str]:
    jobs = simulator.account.list_jobs(None, None)
    return [job["job_id"] for job in jobs if all(job[name] == value for name, value in wanted.items())]


def test_how_jobs_ended_is_in_the_exit_code_and_on_standard_output(hurried: Run, quick: Simulator) -> None:
    failed = hurried("watch", *ids(quick, messages_failed=140), "--json")
    (told_of,) = json.loads(failed.stdout)
    assert (failed.returncode, told_of["messages_failed"], told_of["mailsluice"]["done"]) == (4, 140, 1.0)
    ended = hurried("watch", *ids(quick, status="CANCELLED"), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert (ended.returncode, {row["status"] for row in rows}) == (4, {"cancelled"})
    (fine,) = ids(quick, total_messages_discovered=310)
    done = hurried("watch", fine[:8], fine)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    assert done.stderr.splitlines() == [f"{fine[:8]}  completed    100 %  310 of 310 completed"]


def test_several_that_run_are_one_request_a_round(hurried: Run, quick: Simulator) -> None:
    for job in quick.account.jobs.values():
        if job.comment in ("INC-4713 payroll lure", "INC-4802 partner newsletter, queued"):
            job.pace = Pace(1.5, 0.5, 9000.0)
            job.created_at = quick.account.clock()
    going = [job for status in ("PENDING", "DISCOVERING", "PROCESSING") for job in ids(quick, status=status)]
    assert len(going) == 2
    ended = hurried("watch", *going, "--format", "ndjson")
    assert ended.returncode == 0, ended.stderr
    assert sorted(json.loads(line)["job_id"] for line in ended.stdout.splitlines()) == sorted(going)
    asked = [request["path"].rpartition("/investigate/")[2] for request in quick.wire()]
    assert asked[:2] == [f"bulk/{job}" for job in going]
    assert set(asked[2:]) <= {"bulk", *(f"bulk/{job}" for job in going)}
    assert "bulk" in asked


def test_create_waits_and_ends_as_the_job_does(hurried: Run, quick: Simulator) -> None:
    search = ("create", "--action", "release", "--sender", "acme-news.example")
    count = json.loads(hurried(*search, "--preview", "--json").stdout)["mailsluice"]["count"]
    ended = hurried(*search, "--yes", "--expect", str(count), "--wait", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["status"] == "COMPLETED"
    assert "is started." in ended.stderr
    assert hurried(*search, "--preview", "--wait").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"], 5, "it was deleted"),
        (["182bd5"], 2, "No job's id begins with 182bd5"),
        (["182b"], 2, "A job id is a UUID"),
        (["182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "--for", "soon"], 2, "is not a duration"),
    ],
)
def test_what_can_t_be_watched_is_a_sentence(hurried: Run, arguments: list[str], code: int, said: str) -> None:
    ended = hurried("watch", *arguments)
    assert ended.returncode == code
    assert said in ended.stderr


def test_a_beginning_of_several_ids_lists_them(hurried: Run, quick: Simulator) -> None:
    one, *_ = quick.account.jobs.values()
    other = next(iter([*quick.account.jobs.values()][1:]))
    twin = one.job_id[:8] + other.job_id[8:]
    other.__dict__["job_id"] = twin
    ended = hurried("watch", one.job_id[:6])
    assert ended.returncode == 2
    assert one.job_id in ended.stderr
    assert twin in ended.stderr


def test_ctrl_c_says_that_the_jobs_go_on(simulator: Simulator) -> None:
    (going,) = ids(simulator, status="DISCOVERING")
    with started(simulator.environment(), "watch", going) as process:
        told(process, "discovering")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert f"the job goes on. To watch again: mailsluice watch {going}" in err


# ---- in this process, against a server of a script


def job(status: str = "PROCESSING", **changes: Any) -> dict[str, Any]:
    counters = {
        "total_messages_discovered": 100,
        "messages_pending": 0,
        "messages_successful": 100,
        "messages_failed": 0,
    }
    none = {"messages_skipped": 0, "messages_cancelled": 0}
    return {**JOB, **counters, **none, "status": status, **changes}


ANSWERS: dict[str, bytes] = {
    "gone": answer(404, failure(7003, "no such job")),
    "down": answer(502, b"<html>"),
    "refused": answer(403, failure(10000, "no")),
    "going": answer(200, success(job(messages_pending=40, messages_successful=60))),
    "completed": answer(200, success(job("COMPLETED"))),
    "failed": answer(200, success(job("FAILED"))),
}


async def watched(*answers: str, limit: float | None = None) -> tuple[JobEnd, HurriedClock]:
    """How a job ended that is answered so, one after the other; the last one goes on."""
    left = list(answers)
    async with faulty(lambda _: ANSWERS[left.pop(0) if len(left) > 1 else left[0]]) as server:
        service = lonely_service(server.base_url)
        try:
            (end,) = await Watch(service, limit).run([Job.from_wire(job(messages_pending=90, messages_successful=10))])
        finally:
            await service.close()
    assert isinstance(service.clock, HurriedClock)
    return end, service.clock


async def test_a_job_that_is_gone_can_t_be_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    end, _ = await watched("going", "gone")
    assert (end.gone, exit_code_of(end)) == (True, ExitCode.UNKNOWN_OUTCOME)
    assert "was deleted; how it ended" in capsys.readouterr().err


async def test_trouble_that_passes_is_said_and_sat_out(capsys: pytest.CaptureFixture[str]) -> None:
    end, _ = await watched("going", *["down"] * 9, "completed")
    assert exit_code_of(end) is ExitCode.DONE
    said = capsys.readouterr().err
    assert said.count("It is asked again in") == 1
    assert "the jobs go on meanwhile" in said


async def test_trouble_that_lasts_ends_it_and_a_refusal_at_once() -> None:
    with pytest.raises(ServerFault):
        await watched("going", "down")
    with pytest.raises(Forbidden):
        await watched("going", "refused")


async def test_when_the_time_is_up_it_says_that_the_job_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    end, clock = await watched("going", limit=60.0)
    assert exit_code_of(end) is ExitCode.UNKNOWN_OUTCOME
    assert 57 < sum(clock.waits) < 59, "the last answer needs some of it"
    said = capsys.readouterr().err
    assert f"The time is up: the job goes on. To watch again: mailsluice watch {JOB['job_id']}" in said
    assert len(said.splitlines()) == 3, "a line at first, one for the news, none for silence"


@pytest.mark.parametrize("fault", ["stall_before", "rate_limit=200"])
async def test_the_time_is_up_also_for_a_request_that_hangs_or_waits_for_the_quota(
    fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(Options(quota=0, messages=300, held=60, faults="none")) as simulator:
        (going,) = ids(simulator, status="DISCOVERING")
        async with service_on(simulator, read_wait=300.0) as service:
            seen = await service.client.get_job(going)
            simulator.set_faults(fault)
            (end,) = await asyncio.wait_for(Watch(service, 0.2).run([seen]), 3)
    assert exit_code_of(end) is ExitCode.UNKNOWN_OUTCOME
    assert f"The time is up: the job goes on. To watch again: mailsluice watch {going}" in capsys.readouterr().err


def test_the_time_is_up_before_the_first_answer() -> None:
    with running(Options(quota=0, messages=300, held=60, faults="rate_limit=200")) as simulator:
        (going,) = ids(simulator, status="DISCOVERING")
        ended = run_with(simulator.environment(), "watch", going, "--for", "1s")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "The time is up, and no answer told how the jobs stand." in ended.stderr


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (job("COMPLETED"), ExitCode.DONE),
        (job("COMPLETED", messages_skipped=5, messages_successful=95), ExitCode.DONE),
        (job("COMPLETED", messages_failed=1, messages_successful=99), ExitCode.PARTLY_FAILED),
        (job("FAILED"), ExitCode.PARTLY_FAILED),
        (job("CANCELLED"), ExitCode.PARTLY_FAILED),
        (job("SKIPPED"), ExitCode.PARTLY_FAILED),
        (job("COMPLETED", messages_successful=90), ExitCode.UNKNOWN_OUTCOME),
        (job("COMPLETED", messages_failed="some"), ExitCode.UNKNOWN_OUTCOME),
        (job("COMPLETED", messages_pending=10, messages_successful=90), ExitCode.UNKNOWN_OUTCOME),
        (job("COMPLETED", messages_pending=10, messages_failed=90, messages_successful=0), ExitCode.UNKNOWN_OUTCOME),
        (job("CANCELLED", messages_pending=10, messages_successful=90), ExitCode.UNKNOWN_OUTCOME),
        (job(), ExitCode.UNKNOWN_OUTCOME),
    ],
)
def test_the_exit_code_is_what_is_known_of_the_end(wire: dict[str, Any], code: ExitCode) -> None:
    assert exit_code_of(JobEnd(Job.from_wire(wire))) is code
