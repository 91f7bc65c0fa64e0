"""Every write to a job is on record before it is sent, and what was answered after it."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import HurriedClock
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import HELD, lonely_service, service_on
from tui_app.api.enums import ActionType, Destination
from tui_app.api.search import SearchParams
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, describe
from tui_app.config.schema import GuardSettings
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.jobs.job_write import DIFFERS
from tui_app.jobs.new_job import JobPreview, NewJob
from tui_app.jobs.several import one_after_another
from tui_app.plans.account_lock import Locked
from tui_app.plans.journal import JournalError, read
from tui_app.plans.write_entry import WriteEntry
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator

JOB = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
CANCELLED = answer(200, success({"job_id": JOB, "status": "CANCELLED"}))
NEW = NewJob(action=ActionType.RELEASE, params=HELD, comment="INC-1")
ACTS: dict[str, Callable[[EmailSecurityService], Any]] = {
    "create": lambda service: service.jobs.create(NEW),
    "cancel": lambda service: service.jobs.cancel(JOB, "INC-1"),
    "delete": lambda service: service.jobs.delete(JOB, "INC-1"),
}


def journals(service: EmailSecurityService) -> list[Path]:
    return sorted(service.plans.ledger.folder.glob("*.jsonl"))


def on_record(service: EmailSecurityService) -> list[WriteEntry]:
    """All writes, the oldest first."""
    return list(reversed(service.plans.ledger.overview().writes))


@pytest.mark.parametrize("kind", ACTS)
async def test_it_is_on_the_disk_before_the_request_is(kind: str) -> None:
    seen: list[list[dict[str, Any]]] = []

    def script(request: Received) -> bytes:
        if request.method != "GET":
            seen.append([dict(record) for path in journals(service) for record in read(path).records])
        return answer(403, failure(10000, "no"))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        assert isinstance(await ACTS[kind](service), Refused)
        await service.close()
    ((first,),) = seen
    assert (first["type"], first["write"], first["reason"]) == ("job_write", kind, "INC-1")
    assert first["job"] == ("" if kind == "create" else JOB)
    (entry,) = on_record(service)
    assert (entry.standing, entry.answers[0].http, entry.open) == ("refused", 403, False)
    assert "10000" in entry.answers[0].why or "no" in entry.answers[0].why


@pytest.mark.parametrize("kind", ACTS)
async def test_without_a_record_nothing_is_sent(kind: str) -> None:
    async with faulty(lambda _: CANCELLED) as server:
        service = lonely_service(server.base_url)
        service.plans.ledger.folder.parent.mkdir(parents=True, mode=0o700)
        service.plans.ledger.folder.write_text("a file is where the folder should be")
        with pytest.raises(JournalError) as caught:
            await ACTS[kind](service)
        await service.close()
        assert server.received == []
    assert "is not a folder" in str(caught.value)
    assert service.activities[-1].sentence.endswith(f"not sent, as it can't be put on record. {caught.value}")


async def test_an_answer_that_can_t_be_put_on_record_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(request: Received) -> bytes:
        (path,) = journals(service)
        kept.append(path.read_bytes())
        monkeypatch.setattr("tui_app.plans.storage.Storage.sync", lambda *_: fail())
        return CANCELLED

    def fail() -> None:
        raise OSError(28, "No space left on device")

    kept: list[bytes] = []
    unrecorded: list[str] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        service.writes.on_unrecorded = unrecorded.append
        assert isinstance(await service.jobs.cancel(JOB), Done)
        await service.close()
    monkeypatch.undo()
    sentences = [entry.sentence for entry in service.activities]
    assert any("its answer is not on record" in sentence for sentence in sentences)
    assert sentences[-1] == f"Cancel job {JOB}: done."
    (path,) = journals(service)
    (sentence,) = unrecorded
    assert sentence.startswith(f"Cancel job {JOB}: its answer is not on record. ")
    assert service.writes.unsettled == {path.stem[7:]: f"Cancel job {JOB}"}
    path.write_bytes(kept[0])  # what the disk kept
    assert [entry.standing for entry in on_record(service)] == ["unknown"]


# ---- stopped


@contextmanager
def writing(service: EmailSecurityService, signed: bytes = b"") -> Iterator[None]:
    """While another program begins a journal."""
    service.plans.ledger._make_folder()
    gate = os.open(service.plans.ledger.folder / "chain.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        flock(gate, LOCK_EX)
        os.pwrite(gate, signed, 0)
        yield
    finally:
        os.close(gate)


@pytest.mark.parametrize("kind", ACTS)
async def test_what_is_stopped_while_another_program_writes_is_never_sent(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_app.plans.account_lock._SAID_AFTER", 0.0)
    monkeypatch.setattr("tui_app.plans.account_lock._SIGNED_WITHIN", 0.0)
    async with faulty(lambda _: CANCELLED) as server:
        service = lonely_service(server.base_url)
        waits = asyncio.Event()
        service.start()
        service.on_ledger_wait = lambda _: waits.set()
        with writing(service):
            acting = asyncio.create_task(ACTS[kind](service))
            await asyncio.wait_for(waits.wait(), 5)
            assert service.activities[-1].sentence == (
                "Waiting for the ledger, 10 s at most: another mailsluice is writing to it."
            )
            service.stop_writes()
            with pytest.raises(Locked, match="Stopped before it was put on record"):
                await asyncio.wait_for(acting, 5)
        await service.close()
        assert [request for request in server.received if request.method != "GET"] == []
    assert (journals(service), service.writes.unsettled) == ([], {})


async def test_a_program_that_writes_for_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.plans.account_lock.PATIENCE", 0.05)
    holder = json.dumps({"pid": 77, "user": "bo", "host": "jump2", "since": "2026-11-20T12:00:00+00:00"}).encode()
    async with faulty(lambda _: CANCELLED) as server:
        service = lonely_service(server.base_url)
        with (
            writing(service, holder),
            pytest.raises(
                Locked, match=r"Nothing was sent: mailsluice with pid 77 on jump2 \(of bo@jump2.* is writing"
            ),
        ):
            await asyncio.wait_for(service.jobs.cancel(JOB), 5)
        assert isinstance(await service.jobs.cancel(JOB), Done), "it has ended"
        await service.close()


@pytest.mark.parametrize("kind", ACTS)
async def test_what_is_stopped_between_its_record_and_the_request_is_not_sent_and_on_record_so(kind: str) -> None:
    async with faulty(lambda _: CANCELLED) as server:
        service = lonely_service(server.base_url)
        begin = service.plans.ledger.begin_write

        def stopped_behind(*arguments: Any, **more: Any) -> Any:
            begun = begin(*arguments, **more)
            service.stop_writes()
            return begun

        service.plans.ledger.begin_write = stopped_behind  # type: ignore[method-assign]
        result = await ACTS[kind](service)
        assert isinstance(result, Unsent)
        assert describe(result)[0] == "not sent. It was stopped before."
        again = await ACTS[kind](service)
        assert isinstance(again, Unsent)
        await service.close()
        assert server.received == []
    (entry,) = on_record(service)
    assert (entry.standing, entry.open, service.writes.unsettled) == ("not sent", False, {})


async def test_several_that_are_stopped_end_with_the_one_on_its_way() -> None:
    def script(request: Received) -> bytes:
        service.stop_writes()
        return CANCELLED

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        ids = [JOB, JOB[:-1] + "0", JOB[:-1] + "1"]
        tried = await one_after_another(ids, lambda job, answered: service.jobs.cancel(job, "", answered))
        await service.close()
        assert server.count("POST") == 1
    assert [type(result) for _, result in tried.results] == [Done, Unsent]
    assert tried.not_tried == (ids[2],)
    assert len(on_record(service)) == 1


async def test_an_answer_that_never_came_is_on_record_at_once_and_what_reading_back_shows_later() -> None:
    midway: list[str] = []

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        midway.extend(entry.standing for entry in on_record(service))
        return CANCELLED

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        assert isinstance(await service.jobs.cancel(JOB), Done)
        await service.close()
    assert midway == ["unknown"]
    (entry,) = on_record(service)
    assert [each.outcome.value for each in entry.answers] == ["unknown", "done"]
    assert entry.as_asked


async def test_a_cancel_that_has_not_ended_the_job_says_what_the_server_says() -> None:
    states = iter(["PROCESSING", *["PENDING"] * 9])

    async with faulty(lambda _: answer(200, success({"job_id": JOB, "status": next(states)}))) as server:
        service = lonely_service(server.base_url)
        outcome = await service.jobs.cancel(JOB)
        await service.close()
    assert isinstance(outcome, Ambiguous)
    assert str(outcome.error) == "The server says: still pending."
    (entry,) = on_record(service)
    assert [(each.outcome.value, each.status) for each in entry.answers] == [
        ("unknown", "processing"),
        ("unknown", "pending"),
    ]


async def test_a_new_job_is_known_by_the_mark_that_is_its_id_on_record(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        made = await service.jobs.create(NEW, JobPreview(12, True, (), 12, (), ()))
        assert isinstance(made, Done)
        (entry,) = on_record(service)
    assert entry.mark == f"#op-{entry.plan_id}"
    assert str(made.value.job.comment) == f"INC-1 {entry.mark}"
    assert (entry.job, entry.counts, entry.standing) == (made.value.job.id, "12 found", "done")
    assert entry.search["sender"] == "acme-news.example"
    assert entry.search["delivery_status"] == "quarantined"


async def test_what_a_job_does_differently_and_its_cancel_are_on_record() -> None:
    job: dict[str, object] = {}

    def script(request: Received) -> bytes:
        if request.target.endswith("/cancel"):
            job["status"] = "CANCELLED"
        elif request.method == "POST":
            body = json.loads(request.body)
            job.update(
                job_id=JOB,
                action_type="MOVE",
                action_params={"type": "MOVE", "destination": "Inbox"},
                search_params=body["search_params"],
                status="PENDING",
                comment=body["comment"],
            )
            return answer(201, success(job))
        return answer(200, success(job))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        params = SearchParams(sender="a.example")
        await service.jobs.create(NewJob(action=ActionType.MOVE, params=params, destination=Destination.JUNK))
        await service.close()
    entry, cancelled = on_record(service)
    assert entry.answers[0].differences == ("destination: asked for JunkEmail, the job has Inbox",)
    assert (entry.standing, entry.as_asked) == ("done", False)
    assert (cancelled.write, cancelled.job, cancelled.reason) == ("cancel", JOB, DIFFERS)
    assert (cancelled.standing, cancelled.as_asked) == ("done", True)


async def test_what_was_known_of_a_deleted_job_stays_on_record(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        job = await service.jobs.read(simulator.account.list_jobs("CANCELLED", None)[0]["job_id"])
        await service.jobs.delete(job, "clean up")
        (entry,) = on_record(service)
    assert (entry.job, entry.reason, entry.standing) == (job.id, "clean up", "done")
    assert (entry.action, dict(entry.search)) == (str(job.action_type), dict(job.search_params))


@pytest.mark.parametrize("kind", ACTS)
async def test_a_policy_that_asks_for_a_reason_lets_no_write_through_without_one(
    kind: str, simulator: Simulator
) -> None:
    async with service_on(simulator, guard=GuardSettings(require_reason=True)) as service:
        acts = {
            "create": lambda: service.jobs.create(NewJob(action=ActionType.RELEASE, params=HELD, comment="  ")),
            "cancel": lambda: service.jobs.cancel(JOB),
            "delete": lambda: service.jobs.delete(JOB, " "),
        }
        with pytest.raises(GuardError, match=r"guard\.require_reason.*Nothing was sent"):
            await acts[kind]()
        assert journals(service) == []
    assert simulator.account.truth.entries == []


async def test_one_404_after_a_delete_that_nothing_answered_is_no_proof() -> None:
    """Somebody's cache says so once; the server has the job."""
    asked: list[str] = []

    def script(request: Received) -> bytes | None:
        asked.append(request.method)
        if request.method == "DELETE":
            return None
        return answer(404, failure(10000, "not found")) if asked.count("GET") == 1 else CANCELLED

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        result = await service.jobs.delete(JOB, "clean up")
        await service.close()
    assert isinstance(result, Ambiguous)
    assert asked.count("DELETE") == 1
    assert [entry.standing for entry in on_record(service)] == ["unknown"]


@pytest.mark.parametrize("kind", ["cancel", "delete"])
async def test_who_waits_for_the_answer_alone_is_told_before_the_job_is_looked_at(kind: str) -> None:
    seen: list[str] = []

    def script(request: Received) -> bytes:
        seen.append(request.method)
        if kind == "delete" and request.method == "GET":
            return answer(404, failure(10000, "not found"))
        return CANCELLED

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        act = service.jobs.cancel if kind == "cancel" else service.jobs.delete
        assert isinstance(await act(JOB, "x", lambda: seen.append("told")), Done)
        await service.close()
    assert seen[:3] == ["POST" if kind == "cancel" else "DELETE", "told", "GET"]
    assert [entry.standing for entry in on_record(service)] == ["done"]


async def test_a_write_that_was_never_answered_is_settled_by_reading_back(simulator: Simulator) -> None:
    """The program was killed between the record and the answer."""
    account = simulator.account
    async with service_on(simulator) as service:
        ledger = service.plans.ledger
        made = await service.jobs.create(NEW)
        assert isinstance(made, Done)
        running = account.list_jobs("PROCESSING", None)[0]["job_id"]
        await service.jobs.cancel(running)
        for path in journals(service):
            path.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\n")
        lost = await service.writes.find_open()
        assert [entry.write for entry in lost] == ["cancel", "create"]
        assert "unknown: no answer is on record" in service.activities[-1].sentence
        settled = [await service.writes.settle(entry) for entry in lost]
        assert [(entry.standing, entry.job) for entry in settled] == [("done", running), ("done", made.value.job.id)]
        assert ledger.open_writes(service.settings.identity) == []
        assert len(account.truth.of("create_job")) == 1
    async with service_on(simulator) as service:
        gone = await service.writes.settle(_lost_delete(service, running))
        assert gone.standing == "unknown", "it is still there"
        await service.client.delete_job(running)
        assert (await service.writes.settle(gone)).as_asked
        other = service.settings.identity.replace("@", "0@")
        service.plans.ledger.begin_write({**_facts(running), "plan": "00000002"}, other).close()
        with pytest.raises(UsageError, match="belongs to another account"):
            await service.writes.settle(service.plans.ledger.overview().writes[0])


@pytest.mark.parametrize(
    ("changed", "differs"),
    [({}, ()), ({"destination": "Inbox"}, ("destination: ",)), ({"search": {"sender": "b.example"}}, ("sender: ",))],
)
async def test_a_job_that_is_found_later_is_compared_with_what_was_asked_for(
    simulator: Simulator, changed: dict[str, Any], differs: tuple[str, ...]
) -> None:
    async with service_on(simulator) as service:
        asked = NewJob(action=ActionType.MOVE, params=SearchParams(sender="a.example"), destination=Destination.JUNK)
        made = await service.jobs.create(asked)
        assert isinstance(made, Done)
        (entry,) = on_record(service)
        (path,) = journals(service)
        path.unlink()
        facts = {
            **_facts(""), "plan": entry.plan_id, "write": "create", "action": entry.action, "mark": entry.mark,
            "destination": changed.get("destination", entry.destination), "search": {**entry.search, **changed.get("search", {})},
        }  # fmt: skip
        service.plans.ledger.begin_write(facts, service.settings.identity).close()
        (lost,) = await service.writes.find_open()
        settled = await service.writes.settle(lost)
        assert (settled.standing, settled.job) == ("done", made.value.job.id)
        told = settled.answers[-1].differences
        assert [line.startswith(word) for line, word in zip(told, differs, strict=True)] == [True] * len(differs)
        assert (settled.as_asked, settled.differs) == (not differs, bool(differs))
        assert ("differs" in service.activities[-1].sentence) is bool(differs)


def _facts(job: str) -> dict[str, Any]:
    return {
        "plan": "00000001", "write": "delete", "job": job, "action": "", "destination": "", "search": {},
        "reason": "", "preview": None, "mark": "",
    }  # fmt: skip


def _lost_delete(service: EmailSecurityService, job: str) -> WriteEntry:
    service.plans.ledger.begin_write(_facts(job), service.settings.identity).close()
    return service.plans.ledger.overview().writes[0]


async def test_an_id_that_is_none_is_refused_before_anything_is_on_record(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        with pytest.raises(UsageError):
            await service.jobs.cancel("../../accounts")
        assert journals(service) == []


# ---- several


async def test_several_are_tried_in_turn_and_an_error_of_one_stops_no_other(simulator: Simulator) -> None:
    running = [simulator.account.list_jobs(status, None)[0]["job_id"] for status in ("PROCESSING", "PENDING")]
    ids = [running[0], "00000000-0000-4000-8000-000000000000", running[1]]
    async with service_on(simulator, clock=HurriedClock()) as service:
        heard: list[str] = []
        tried = await one_after_another(
            ids, lambda job, answered: service.jobs.cancel(job, "", answered), lambda job, _: heard.append(job)
        )
        assert [type(result) for _, result in tried.results] == [Done, Refused, Done]
        assert [job for job, _ in tried.results] == ids
        assert sorted(heard) == sorted(ids), "each as it is known: one that is looked at again may come later"
        assert (tried.not_tried, tried.error) == ((), None)
        assert [entry.job for entry in on_record(service)] == ids


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_what_concerns_all_of_them_ends_it(status: int) -> None:
    ids = [JOB, JOB[:-1] + "0", JOB[:-1] + "1"]

    def script(request: Received) -> bytes:
        return answer(status, failure(10000, "no"), retry_after="1") if request.method == "POST" else CANCELLED

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        tried = await one_after_another(ids, lambda job, answered: service.jobs.cancel(job, "", answered))
        await service.close()
    assert tried.not_tried == tuple(ids[1:])
    assert len(on_record(service)) == 1


async def test_a_record_that_fails_ends_it_and_says_which_were_not_tried() -> None:
    async def act(job: int, answered: Callable[[], None]) -> Done[int]:
        if job == 2:
            raise JournalError("The disk is full. Nothing was sent.")
        return Done(job)

    tried = await one_after_another((1, 2, 3), act)
    assert tried.results == ((1, Done(1)),)
    assert tried.not_tried == (2, 3)
    assert tried.error is not None
    assert tried.error.exit_code is ExitCode.UNEXPECTED


async def test_the_next_one_does_not_wait_until_the_last_is_read_back() -> None:
    """What is read back for a minute must not let the other jobs run on."""
    settled, second = asyncio.Event(), asyncio.Event()

    async def act(job: int, answered: Callable[[], None]) -> Done[int]:
        if job == 1:
            answered()
            await settled.wait()
        else:
            second.set()
        return Done(job)

    going = asyncio.create_task(one_after_another((1, 2), act))
    await asyncio.wait_for(second.wait(), 5)
    assert not going.done()
    settled.set()
    assert [job for job, _ in (await going).results] == [1, 2]
