"""A plan that may not be sent before a time: never early by any clock, and not forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import SetClock
from tests.support.faulty import ACCOUNT, faulty
from tests.support.one_mail import OneMail
from tests.support.trials import TO_JUNK
from tui_app.api.client import EmailSecurityClient
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.cli.plan_run import run_plan
from tui_app.config.settings import Settings
from tui_app.plans.commands import Close, Resume, Send
from tui_app.plans.engine import Engine
from tui_app.plans.journal import Journal
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.plan import Plan
from tui_app.plans.service import PlanService
from tui_app.plans.state import Phase, PlanState
from tui_app.service import EmailSecurityService

HOUR = 3600.0


@dataclass
class Desk:
    """A program, its clock, and a server with one message."""

    clock: SetClock
    server: OneMail
    base_url: str
    folder: Path
    service: EmailSecurityService

    @property
    def plans(self) -> PlanService:
        return self.service.plans

    async def planned(self, wait: float) -> Plan:
        """A plan that was looked up just now."""
        due = self.clock.now() + timedelta(seconds=wait)
        request = replace(TO_JUNK.request, not_before=due)
        targets = await self.plans.look_up([self.server.mail.investigate_id], request)
        return self.plans.plan(self.plans.guard(targets, request), "x", request)

    async def to_the_end(self, state: PlanState) -> PlanState:
        while state.phase is Phase.WAITING:
            state = await self.plans.when_due(state.plan.plan_id) or state
        return state

    async def restart(self) -> None:
        await self.service.close()
        self.service = service_at(self)


def service_at(desk: Desk) -> EmailSecurityService:
    settings = Settings(ACCOUNT, desk.base_url, TokenCredential(Secret("t", "test")))
    return EmailSecurityService(settings, clock=desk.clock, random=Random(1), state=desk.folder)


@asynccontextmanager
async def desk_with(folder: Path, behind: float = 0.0) -> AsyncIterator[Desk]:
    clock = SetClock()
    server = OneMail((), behind, clock.right_time, is_lost=False)
    async with faulty(server.answers) as listening:
        desk = Desk(clock, server, listening.base_url, folder, service=None)  # type: ignore[arg-type]
        desk.service = service_at(desk)
        try:
            yield desk
        finally:
            await desk.service.close()


@pytest.mark.parametrize("jump", [0, 2 * HOUR, -2 * HOUR], ids=["not set", "set forward", "set back"])
async def test_it_is_sent_once_and_by_no_clock_before_its_time(jump: float, tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        plan = await desk.planned(HOUR)
        state = await desk.plans.start(Send(plan))
        assert (state.phase, state.ended, state.unfinished, desk.server.moves) == (Phase.WAITING, True, True, 0)
        assert desk.plans.waiting() == (plan.plan_id,)
        assert state.due_in == pytest.approx(HOUR, abs=5)
        desk.clock.set_by += jump
        state = await desk.to_the_end(state)
        assert plan.not_before is not None
        assert min(desk.clock.now(), desk.clock.right_time()) >= plan.not_before
        assert (state.phase, desk.server.moves, desk.plans.waiting()) == (Phase.DONE, 1, ())


@pytest.mark.parametrize("behind", [2 * HOUR, -2 * HOUR], ids=["behind", "ahead"])
async def test_the_server_s_clock_counts_too(behind: float, tmp_path: Path) -> None:
    async with desk_with(tmp_path, behind) as desk:
        plan = await desk.planned(HOUR)
        state = await desk.to_the_end(await desk.plans.start(Send(plan)))
        assert (state.phase, desk.server.moves) == (Phase.DONE, 1)
        assert plan.not_before is not None
        assert min(desk.clock.now(), desk.server.now()) >= plan.not_before


@pytest.mark.parametrize("wait", [-60.0, 3.0])
async def test_the_server_s_clock_counts_for_the_first_request_too(wait: float, tmp_path: Path) -> None:
    """It was told when the messages were looked up, a moment ago."""
    async with desk_with(tmp_path, HOUR) as desk:
        state = await desk.plans.start(Send(await desk.planned(wait)))
        assert (state.phase, desk.server.moves) == (Phase.WAITING, 0)


async def test_a_machine_that_slept_sends_what_is_due(tmp_path: Path) -> None:
    """The time of day and the server's are hours ahead, and this machine's seconds were not counted meanwhile."""
    async with desk_with(tmp_path) as desk:
        state = await desk.plans.start(Send(await desk.planned(HOUR)))
        desk.clock.set_by += 2 * HOUR
        desk.server.behind -= 2 * HOUR
        state = await desk.to_the_end(state)
        assert (state.phase, desk.server.moves) == (Phase.DONE, 1)
        assert desk.clock.passed < 60, "it is not waited for once more"


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        plan = await desk.planned(HOUR)
        await desk.plans.start(Send(plan))
        await desk.restart()
        (entry,) = desk.plans.unfinished()
        assert (entry.plan.not_before, entry.plan.digest, desk.server.moves) == (due_of(plan), plan.digest, 0)
        state = await desk.plans.start(Resume(entry))
        assert (state.phase, desk.server.moves) == (Phase.WAITING, 0)
        state = await desk.to_the_end(state)
        assert (state.phase, desk.server.moves) == (Phase.DONE, 1)
        assert desk.clock.passed > HOUR - 10


def due_of(plan: Plan) -> object:
    """Its time as journals keep it: in full thousandths of a second."""
    assert plan.not_before is not None
    assert plan.not_before.microsecond % 1000 == 0
    return plan.not_before


async def test_what_is_closed_while_it_waits_is_never_sent(tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        plan = await desk.planned(HOUR)
        waiting = await desk.plans.start(Send(plan))
        state = await desk.plans.start(Close(desk.plans.ledger.find(plan.plan_id)))
        assert (state.closed, desk.plans.waiting()) == (True, ())
        assert await desk.plans.when_due(plan.plan_id) is None
        desk.clock.set_by += 2 * HOUR
        assert waiting.phase is Phase.WAITING
        for _ in range(200):
            await asyncio.sleep(0)
        assert desk.server.moves == 0


async def test_what_another_program_closed_meanwhile_is_not_sent(tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        plan, passes, sleep = await desk.planned(HOUR), asyncio.Event(), desk.clock.sleep

        async def wait_first(seconds: float) -> None:
            await passes.wait()
            await sleep(seconds)

        desk.clock.sleep = wait_first  # type: ignore[method-assign]
        state = await desk.plans.start(Send(plan))
        other = service_at(desk)
        await other.plans.start(Close(other.plans.ledger.find(plan.plan_id)))
        await other.close()
        passes.set()
        state = await desk.plans.when_due(plan.plan_id) or state
        assert (state.closed, desk.server.moves) == (True, 0)


@pytest.mark.parametrize("ends", ["stop", "forget"])
async def test_who_waits_may_give_it_up(ends: str, tmp_path: Path) -> None:
    give_up: dict[str, Callable[[PlanService, str], None]] = {
        "stop": lambda plans, _: plans.stop(),
        "forget": lambda plans, name: plans.forget_time(name),
    }
    async with desk_with(tmp_path) as desk:
        plan = await desk.planned(4.0 if ends == "stop" else HOUR)
        if ends == "stop":
            # So near its time it is waited for with the lock held.
            desk.plans.on_state = lambda state: give_up[ends](desk.plans, plan.plan_id) if state.due_in else None
            desk.clock.sleep = forever  # type: ignore[method-assign]
        state = await desk.plans.start(Send(plan))
        give_up[ends](desk.plans, plan.plan_id)
        assert state.phase is (Phase.STOPPED if ends == "stop" else Phase.WAITING)
        assert desk.plans.waiting() == ()
        assert desk.server.moves == 0
        assert [entry.plan_id for entry in desk.plans.unfinished()] == [plan.plan_id]


async def forever(seconds: float) -> None:
    await asyncio.sleep(30)


async def test_a_stop_while_the_engine_is_being_made_is_obeyed(tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        plan, passes, make = await desk.planned(-60.0), threading.Event(), desk.plans.make_client

        def made_late(waits: Callable[[float], None]) -> EmailSecurityClient:
            assert passes.wait(30)
            return make(waits)

        desk.plans.make_client = made_late
        started = desk.plans.start(Send(plan))
        desk.plans.stop()
        passes.set()
        assert ((await started).phase, desk.server.moves) == (Phase.STOPPED, 0)


async def test_a_stop_before_the_engine_turns_to_a_plan_is_obeyed(tmp_path: Path) -> None:
    async with desk_with(tmp_path) as desk:
        far = await desk.planned(HOUR)
        await desk.plans.start(Send(far))
        await desk.plans.start(Close(desk.plans.ledger.find(far.plan_id)))
        plan, passes = await desk.planned(-60.0), threading.Event()

        def is_busy(_: Engine) -> None:
            assert passes.wait(30)

        desk.plans._thread.call(is_busy)
        started = desk.plans.start(Send(plan))
        desk.plans.stop()
        passes.set()
        assert ((await started).phase, desk.server.moves) == (Phase.STOPPED, 0)
        state = await desk.plans.start(Resume(desk.plans.ledger.find(plan.plan_id)))
        assert (state.phase, desk.server.moves) == (Phase.DONE, 1), "a stop is of one run, not of the next"


async def test_what_waits_is_not_sent_while_the_program_ends(tmp_path: Path) -> None:
    """It waits for the answer of another write, and the time of a plan comes meanwhile."""
    async with desk_with(tmp_path) as desk:
        passes, sleep = asyncio.Event(), desk.clock.sleep

        async def wait_first(seconds: float) -> None:
            await passes.wait()
            await sleep(seconds)

        desk.clock.sleep = wait_first  # type: ignore[method-assign]
        await desk.plans.start(Send(await desk.planned(HOUR)))
        assert len(desk.plans.waiting()) == 1
        answer = desk.service._spawn(held_up(passes))
        ends = asyncio.ensure_future(desk.service.close())
        await asyncio.sleep(0)
        passes.set()
        await ends
        assert answer.done()
        assert desk.server.moves == 0


async def test_who_gives_it_up_when_its_time_has_just_come_stops_it(tmp_path: Path) -> None:
    """It is being opened: nothing waits any more, and nothing was sent yet."""
    async with desk_with(tmp_path) as desk:
        plan, opened, passes = await desk.planned(HOUR), threading.Event(), threading.Event()
        resume = desk.plans.ledger.resume

        def resumed_late(entry: LedgerEntry) -> tuple[Journal, LedgerEntry]:
            opened.set()
            assert passes.wait(30)
            return resume(entry)

        desk.plans.ledger.resume = resumed_late  # type: ignore[method-assign]
        state = await desk.plans.start(Send(plan))
        due = desk.plans.when_due(plan.plan_id)
        ends = asyncio.ensure_future(due)
        await asyncio.to_thread(opened.wait, 30)
        assert not desk.plans.give_up(plan.plan_id)
        passes.set()
        state = await ends or state
        assert (state.phase, desk.server.moves) == (Phase.STOPPED, 0)


async def test_ctrl_c_while_somebody_else_acts_tells_what_was_not_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk_with(tmp_path) as desk:
        plan, passes, sleep = await desk.planned(HOUR), asyncio.Event(), desk.clock.sleep
        waits, blocked, told = asyncio.Event(), asyncio.Event(), desk.plans.record

        async def wait_first(seconds: float) -> None:
            await passes.wait()
            await asyncio.sleep(0.01)
            await sleep(seconds)

        def recorded(sentence: str, details: Sequence[str]) -> None:
            told(sentence, details)
            if ": waiting," in sentence:
                waits.set()
            if "is due and waits" in sentence:
                blocked.set()

        desk.clock.sleep, desk.plans.record = wait_first, recorded  # type: ignore[method-assign]
        running = asyncio.ensure_future(run_plan(desk.service, Send(plan), "ndjson"))
        other = service_at(desk)
        await asyncio.wait_for(waits.wait(), 30)
        with other.plans.ledger.account_locked(other.settings.identity):
            passes.set()
            await asyncio.wait_for(blocked.wait(), 30)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        await other.close()
        said = capsys.readouterr()
        assert '"outcome": "not sent"' in said.out
        assert f"mailsluice ledger resume {plan.plan_id}" in said.err
        assert desk.server.moves == 0


async def held_up(passes: asyncio.Event) -> None:
    await passes.wait()
    for _ in range(200):
        await asyncio.sleep(0.001)
