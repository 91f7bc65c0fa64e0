"""What a job or a plan did is taken back, exactly that, and what failed is tried again: judged by where mail lies."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.clock import HurriedClock, SetClock
from tests.support.faulty import answer, faulty, success
from tests.support.services import lonely_service, settings_for
from tests.support.trials import RELEASE, TO_JUNK
from tui_app.api.enums import Destination
from tui_app.api.rows import JobMessage
from tui_app.config.schema import GuardSettings, PlanSettings
from tui_app.core.errors import GuardError
from tui_app.plans.commands import CheckArrival, Resume, Send
from tui_app.plans.effect import Effect, Source
from tui_app.plans.follow_up import undo_of_job
from tui_app.plans.request import PlanRequest
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.service import EmailSecurityService
from tui_app.simulator.obstacles import NO_MAILBOX, THROTTLED
from tui_app.simulator.server import Options, Simulator, running

JUNK, INBOX, GONE = Destination.JUNK.value, Destination.INBOX.value, Destination.HARD_DELETE.value


class Later:
    """The time of the account; jobs end when it is set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def time() -> Later:
    return Later()


@pytest.fixture
def account(time: Later) -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none"), time) as account:
        yield account


@asynccontextmanager
async def service_of(
    account: Simulator, folder: Path, plans: PlanSettings | None = None, **guard: Any
) -> AsyncIterator[EmailSecurityService]:
    settings = settings_for(account, guard=GuardSettings(**guard), plans=plans or PlanSettings())
    service = EmailSecurityService(settings, clock=HurriedClock(), random=Random(1), state=folder)
    try:
        yield service
    finally:
        await service.close()


async def sent(service: EmailSecurityService, request: PlanRequest, include: Sequence[str] = ()) -> PlanState:
    plans, request = service.plans, await service.plans.dated(request)
    guarded = plans.guard(await plans.look_up(request.ids, request), request, include=include)
    return await plans.start(Send(plans.plan(guarded, request.reason or "INC-1", request), request.journals))


async def undone(service: EmailSecurityService, state: PlanState) -> PlanState:
    return await sent(service, await service.follow_ups.undo_plan(service.plans.ledger.find(state.plan.plan_id)))


def folders(account: Simulator, ids: Sequence[str]) -> Counter[str | None]:
    """Where the copies of these messages lie."""
    known = account.account.folders()
    return Counter(folder for name in ids for folder in known[name].values())


def a_job(account: Simulator, time: Later, destination: str) -> str:
    """A job that moved the newsletters, and has ended; its id."""
    search = {"sender": "acme-news.example", "detections_only": False}
    created = account.account.create_job({"action": "MOVE", "destination": destination, "search_params": search})
    time.ahead += timedelta(minutes=10)
    account.account.settle()
    return str(created["job_id"])


# ---- plans


async def test_an_undo_of_an_undo_ends_where_it_began(account: Simulator, tmp_path: Path) -> None:
    destination, there = Destination.SOFT_DELETE, Destination.SOFT_DELETE.value
    ids = tuple(target.id for target in TO_JUNK.fresh(account, 4))
    before = folders(account, ids)
    copies = before.total()
    async with service_of(account, tmp_path) as service:
        state = await sent(service, PlanRequest(Effect.move(destination), ids))
        for number, folder in enumerate((INBOX, there, INBOX)):
            state = await undone(service, state)
            assert (state.phase.value, state.plan.source is not None) == ("done", True)
            assert state.outcome_counts()[Outcome.MOVED] == len(ids), (number, state.describe())
            assert folders(account, ids) == {folder: copies}
        assert service.plans.ledger.verify().problems == ()
    moves = Counter((line["id"], line["request"]) for line in account.account.truth.of("move"))
    assert set(moves.values()) == {1}
    assert len(moves) == 4 * len(ids)


async def test_an_undo_takes_back_what_was_done_and_leaves_the_rest(account: Simulator, tmp_path: Path) -> None:
    ids = tuple(target.id for target in TO_JUNK.fresh(account, 8))
    account.account.move({"destination": GONE, "ids": list(ids[:2])})
    account.account.move({"destination": JUNK, "ids": list(ids[2:4])})
    async with service_of(account, tmp_path) as service:
        state = await sent(service, PlanRequest(TO_JUNK.effect, ids))
        told = [state.outcome_of(target) for target in state.plan.targets]
        assert told == [Outcome.FAILED] * 2 + [Outcome.ALREADY_THERE] * 2 + [Outcome.MOVED] * 4
        request = await service.follow_ups.undo_plan(service.plans.ledger.find(state.plan.plan_id))
        assert request.ids == ids[4:], "what lay there before stays there"
        assert request.remarks == ("Can't be undone: 2 failed, 2 already there",)
        await sent(service, request)
        with pytest.raises(GuardError, match="4 taken back in plan"):
            await service.follow_ups.undo_plan(service.plans.ledger.find(state.plan.plan_id))
    assert set(folders(account, ids[:2])) == {GONE}
    assert set(folders(account, ids[2:4])) == {JUNK}
    assert set(folders(account, ids[4:])) == {INBOX}


async def test_what_is_unknown_is_not_taken_back_before_it_is_settled(account: Simulator, tmp_path: Path) -> None:
    ids = tuple(target.id for target in TO_JUNK.fresh(account, 3))
    account.set_faults("close_before@move#1")
    async with service_of(account, tmp_path) as service:
        state = await sent(service, PlanRequest(TO_JUNK.effect, ids))
        assert state.outcome_counts()[Outcome.NOT_SEEN_MOVED] == 3
        with pytest.raises(GuardError, match="settle the plan first"):
            await service.follow_ups.undo_plan(service.plans.ledger.find(state.plan.plan_id))


async def test_a_release_is_taken_back_into_junk(account: Simulator, tmp_path: Path) -> None:
    ids = tuple(target.id for target in RELEASE.fresh(account, 4))
    async with service_of(account, tmp_path) as service:
        state = await sent(service, PlanRequest(RELEASE.effect, ids))
        taken = await undone(service, state)
        assert (taken.plan.effect, taken.plan.targets[0].id) == (Effect.move(Destination.JUNK), ids[0])
    assert set(folders(account, ids)) <= {JUNK, None}
    assert folders(account, ids)[JUNK] >= len(ids) - 1


async def test_an_undo_that_was_left_before_it_was_sent_can_be_gone_on_with(account: Simulator, tmp_path: Path) -> None:
    ids = tuple(target.id for target in TO_JUNK.fresh(account, 3))
    async with service_of(account, tmp_path) as service:
        plans = service.plans
        state = await sent(service, PlanRequest(TO_JUNK.effect, ids))
        request = await service.follow_ups.undo_plan(plans.ledger.find(state.plan.plan_id))
        left = plans.plan(plans.guard(await plans.look_up(request.ids, request), request), "x", request)
        plans.ledger.begin(left, service.settings.identity)[0].close()
        state = await plans.start(Resume(plans.ledger.find(left.plan_id)))
        assert state.outcome_counts()[Outcome.MOVED] == 3, [result.why for result in state.results]


# ---- jobs


async def test_an_undo_of_a_job_moves_exactly_its_completed_rows(
    account: Simulator, time: Later, tmp_path: Path
) -> None:
    targets = TO_JUNK.fresh(account)
    ids = [target.id for target in targets if "acme-news.example" in target.sender.exact]
    account.account.move({"destination": GONE, "ids": ids[:3]})
    account.account.move({"destination": JUNK, "ids": ids[3:5]})
    job = a_job(account, time, JUNK)
    rows = [line for line in account.account.truth.of("row") if line["job_id"] == job]
    done = {line["id"] for line in rows if line["outcome"] == "COMPLETED"}
    assert 20 < len(done) <= len(ids) - 5
    async with service_of(account, tmp_path, max_messages=20) as service:
        taken: list[str] = []
        while set(taken) != done:
            request = await service.follow_ups.undo_job(job)
            assert len(request.ids) == min(20, len(done) - len(taken))
            assert any("guard.max_messages" in remark for remark in request.remarks) is (len(done) - len(taken) > 20)
            taken += request.ids
            state = await sent(service, request)
            assert state.plan.source == Source(Source.UNDO, Source.JOB, job, Destination.JUNK)
        with pytest.raises(GuardError, match="taken back in plan"):
            await service.follow_ups.undo_job(job)
        read = await service.jobs.all_rows(job, None)
        chosen = undo_of_job(read.job, read.rows, {}, 5000)
        assert sorted(chosen.ids) == sorted(done), "whatever rows come"
    assert len(taken) == len(done)
    assert folders(account, ids[:3]) == Counter({GONE: folders(account, ids[:3]).total()})
    assert set(folders(account, ids[3:5])) == {JUNK}
    assert set(folders(account, sorted(done))) <= {INBOX, None}


async def test_an_undo_of_chosen_rows_takes_no_other_mail_that_comes_under_their_ids() -> None:
    def row(name: str, mail: str) -> dict[str, Any]:
        return {"message_id": name, "status": "COMPLETED", "message": {"id": f"{mail}-2026-11-20T10:00:00-1"}}

    job: dict[str, Any] = {
        "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "COMPLETED", "action_type": "MOVE",
        "action_params": {"destination": JUNK}, "messages_successful": 2,
    }  # fmt: skip
    now = [row("r1", "4NAAAAAAAAAAAA09"), row("r2", "4NAAAAAAAAAAAA02")]
    chosen = [JobMessage.from_wire(row("r1", "4NAAAAAAAAAAAA01")), JobMessage.from_wire(now[1])]
    async with faulty(lambda request: answer(200, success(now if "/messages" in request.target else job))) as server:
        service = lonely_service(server.base_url)
        request = await service.follow_ups.undo_job(job["job_id"], chosen=chosen)
        await service.close()
    assert request.ids == ("4NAAAAAAAAAAAA02-2026-11-20T10:00:00-1",)


async def test_a_retry_of_a_job_sends_what_failed_and_may_help(account: Simulator, tmp_path: Path) -> None:
    job = next(job for job in account.account.jobs.values() if (job.comment or "").startswith("INC-4699"))
    rows = job.rows_in("FAILED", account.account.settle())
    failed = {job.target(index).mail.investigate_id: job.ending_of(index).reason for index in rows}
    helps = {name for name, reason in failed.items() if reason == THROTTLED}
    boxless = {name for name, reason in failed.items() if reason == NO_MAILBOX}
    assert (len(failed), len(helps), len(boxless)) == (140, 96, 31)
    async with service_of(account, tmp_path) as service:
        state = await sent(service, await service.follow_ups.retry_job(job.job_id))
        assert Counter(line["id"] for line in account.account.truth.of("move")) == Counter(helps)
        assert {line["destination"] for line in account.account.truth.of("move")} == {job.destination}
        assert {name for name, _ in state.plan.held_back} == set(failed) - helps
        moved = {target.id for target in state.with_outcome(Outcome.MOVED)}
        assert (len(moved), moved <= helps) == (94, True)
        # What was done is left out of the next one, and a word lets through what it names.
        again = await service.follow_ups.retry_job(job.job_id)
        assert set(again.ids) == set(failed) - moved
        state = await sent(service, again, ["NO-MAILBOX"])
        assert {target.id for target in state.plan.targets} == (helps - moved) | boxless
        assert state.outcome_counts()[Outcome.FAILED] == 2 + 31
        last = await service.follow_ups.retry_plan(service.plans.ledger.find(state.plan.plan_id))
        assert set(last.ids) == (helps - moved) | boxless
        assert set(last.hopeless) == boxless
        assert last.source == Source(Source.RETRY, Source.PLAN, state.plan.plan_id)


async def test_a_retry_waits_for_the_last_time_that_the_server_named(time: Later, tmp_path: Path) -> None:
    options = Options(quota=0, held=60, messages=100, faults="none", retry_in=1800)
    with running(options, time) as account:
        job = next(job for job in account.account.jobs.values() if (job.comment or "").startswith("INC-4699"))
        async with service_of(account, tmp_path) as service:
            request = await service.follow_ups.retry_job(job.job_id)
    assert request.not_before is not None
    assert timedelta(minutes=20) < request.not_before - time() <= timedelta(minutes=30)
    assert not set(request.hopeless) >= set(request.ids)


async def test_what_a_retry_of_a_follow_up_did_is_left_out_of_the_next_one(account: Simulator, tmp_path: Path) -> None:
    ids = tuple(target.id for target in TO_JUNK.fresh(account) if len(target.recipients) == 1)[:4]
    async with service_of(account, tmp_path) as service:
        ledger = service.plans.ledger
        first = await sent(service, PlanRequest(TO_JUNK.effect, ids))
        account.set_faults("partial@move#1")
        back = await undone(service, first)
        account.set_faults("none")
        assert back.outcome_counts()[Outcome.FAILED] == 2
        again = await sent(service, await service.follow_ups.retry_plan(ledger.find(back.plan.plan_id)))
        assert again.outcome_counts()[Outcome.MOVED] == 2
        assert set(folders(account, ids)) == {INBOX}
        with pytest.raises(GuardError, match="Nothing to undo"):
            await service.follow_ups.undo_plan(ledger.find(first.plan.plan_id))


async def test_a_time_of_the_server_s_is_waited_for_by_its_clock(tmp_path: Path) -> None:
    """Ours is an hour ahead."""
    with running(Options(quota=0, held=60, messages=100, retry_in=1800)) as account:
        job = next(job for job in account.account.jobs.values() if (job.comment or "").startswith("INC-4699"))
        clock = SetClock()
        clock.set_by = 3600
        service = EmailSecurityService(settings_for(account), clock=clock, random=Random(1), state=tmp_path)
        request = await service.follow_ups.retry_job(job.job_id)
        await service.close()
    assert request.not_before is not None


@pytest.mark.parametrize("when", ["while it is reviewed", "by the rest of an unfinished plan"])
async def test_what_another_console_did_since_the_review_is_not_done_again(
    when: str, account: Simulator, tmp_path: Path
) -> None:
    """Both looked at the same mail; a look of a moment ago says nothing of what was sent since."""
    ids = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"][:4]
    async with service_of(account, tmp_path / "state") as first, service_of(account, tmp_path / "state") as second:
        early = replace(RELEASE.request, ids=tuple(ids[:3]), reason="x")
        if when != "while it is reviewed":
            halted = await reviewed(first, early)
            started = first.plans.start(halted)
            first.plans.stop()
            assert (await started).unsent
        late = await reviewed(second, replace(early, ids=tuple(ids)))
        if when == "while it is reviewed":
            done = await sent(first, early)
        else:
            done = await first.plans.start(Resume(first.plans.ledger.find(halted.plan.plan_id)))
        assert done.outcome_counts()[Outcome.DELIVERED] == 3
        state = await second.plans.start(late)
    outcomes = {target.id: state.outcome_of(target) for target in late.plan.targets}
    assert outcomes == {**dict.fromkeys(ids[:3], Outcome.LEFT_OUT), ids[3]: Outcome.DELIVERED}
    assert {result.why for result in state.results if result.outcome is Outcome.LEFT_OUT} == {
        f"plan {done.plan.plan_id} has sent it since it was reviewed"
    }
    assert len(account.account.truth.of("release")) == 4


async def test_what_another_console_only_looked_at_since_the_review_is_sent(account: Simulator, tmp_path: Path) -> None:
    """The journal of an older plan grew, and nothing of it was sent."""
    ids = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"][:3]
    async with service_of(account, tmp_path / "state") as first, service_of(account, tmp_path / "state") as second:
        await sent(first, replace(RELEASE.request, ids=tuple(ids), reason="x"))
        moved = await sent(first, replace(TO_JUNK.request, ids=tuple(ids), reason="x"))
        again = replace(TO_JUNK.request, effect=Effect.move(Destination.SOFT_DELETE), ids=tuple(ids))
        late = await reviewed(second, again)
        await first.plans.start(CheckArrival(first.plans.ledger.find(moved.plan.plan_id)))
        state = await second.plans.start(late)
    assert state.outcome_counts()[Outcome.MOVED] == 3


async def test_the_first_ones_are_looked_at_although_one_was_left_out(account: Simulator, tmp_path: Path) -> None:
    ids = [mail.investigate_id for mail in account.account.held if mail.disposition == "BULK"][:8]
    plans = PlanSettings(batch_size=3, canary=2)
    async with (
        service_of(account, tmp_path / "state") as first,
        service_of(account, tmp_path / "state", plans=plans) as second,
    ):
        request = replace(RELEASE.request, ids=tuple(ids), reason="x")
        late = await reviewed(second, request, canary=True)
        await sent(first, replace(request, ids=tuple(ids[:1])))
        phases: list[Phase] = []

        def moved(state: PlanState) -> None:
            phases.append(state.phase)
            if state.phase is Phase.CANARY:
                assert len(state.results_by_id) == 3, "two were sent, and one was left out"
                second.plans.continue_sending()

        second.on_plan = moved
        state = await second.plans.start(late)
    assert Phase.CANARY in phases
    assert state.outcome_counts()[Outcome.DELIVERED] == 7


async def reviewed(service: EmailSecurityService, request: PlanRequest, *, canary: bool = False) -> Send:
    """What a review would send, had it been confirmed."""
    request = await service.plans.dated(request)
    guarded = service.plans.guard(await service.plans.look_up(request.ids, request), request)
    return Send(service.plans.plan(guarded, "x", request, canary=canary), request.journals)
