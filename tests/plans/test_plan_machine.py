"""Plans, faults, crashes, restarts and clocks in any order: nothing is done twice or early, nothing is lost, the ledger stays whole."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.clock import HurriedClock, SetClock
from tests.support.services import held_mail, settings_for
from tests.support.trials import BACK_TO_INBOX, RELEASE, TO_JUNK, TRIALS, Trial, target_of
from tui_app.api.client import EmailSecurityClient
from tui_app.api.server_clock import ServerClock
from tui_app.api.transport import Transport
from tui_app.config.schema import PlanSettings
from tui_app.core.clock import SystemClock
from tui_app.core.errors import GuardError
from tui_app.plans.commands import Close, Command, Resume, Send, Settle
from tui_app.plans.journal import JournalError
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.plans.storage import Storage
from tui_app.service import EmailSecurityService
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

POOL: Final = 30
WEATHER: Final = (
    "none", "none", "close_after@writes#1", "close_before@writes#2", "reset_after@writes%40", "missing_ids@writes",
    "status_after=502@writes#2", "status=422@writes#1", "rate_limit=2@writes#1", "status=403@writes#2",
    "html_200@writes%50", "close_after@writes#1,status=500@reads", "any@reads%20,null_result@writes#1",
)  # fmt: skip
WAITS: Final = (0, 0, 0, 3, 60, 5000)
"""Seconds before a plan may be sent."""
JUMPS: Final = (0, 0, -7200, -40, 100, 7200)
"""Seconds by which somebody sets the clock of this machine."""
SKEWS: Final = (0, -3600, 3600)
"""Seconds by which the server's clock is ahead of what this machine's showed first."""


class Crash(BaseException):
    """The program ended here: whatever it would have done next, it did not."""


class FragileDisk(Storage):
    """At the n-th thing that is asked of it the program ends, before it, after it or half way; or something else happens."""

    def __init__(self) -> None:
        self._asked = 0
        self._crash_at = 0
        self._then: tuple[int, Callable[[], None]] = (0, lambda: None)

    def prepare(self, crash_at: int, then: tuple[int, Callable[[], None]]) -> None:
        self._asked, self._crash_at, self._then = 0, crash_at, then

    def _meet(self) -> bool:
        """Whether the program ends in the middle of this."""
        self._asked += 1
        if self._asked == self._then[0]:
            self._then[1]()
        return self._asked == self._crash_at

    def open(self, path: str, flags: int) -> int:
        crashes = self._meet()
        descriptor = super().open(path, flags)
        if crashes:
            self.close(descriptor)
            raise Crash
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        if self._meet():
            super().write(descriptor, data[: len(data) * (self._crash_at % 4) // 3])
            raise Crash
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        if self._meet():
            raise Crash


class OtherClock(ServerClock):
    """Of a server whose answers tell the time of a clock of its own."""

    def __init__(self, monotonic: Callable[[], float], server_time: Callable[[], datetime]) -> None:
        super().__init__(monotonic)
        self._server_time = server_time

    def read(self, headers: Mapping[str, str]) -> None:
        super().read({**headers, "date": format_datetime(self._server_time(), usegmt=True)})


class WatchedClient(EmailSecurityClient):
    """Tells of each request for mail before it leaves."""

    leaves: Callable[[], None]

    async def release_messages(self, *asked: Any, **more: Any) -> Any:
        self.leaves()
        return await super().release_messages(*asked, **more)

    async def move_messages(self, *asked: Any, **more: Any) -> Any:
        self.leaves()
        return await super().move_messages(*asked, **more)


class Sluice(RuleBasedStateMachine):
    """One account, one effect, one state folder, and a program that comes and goes."""

    def __init__(self, simulator: Simulator, trial: Trial = RELEASE) -> None:
        super().__init__()
        self.simulator, self.trial = simulator, trial
        self.sent = trial.said_done | {Outcome.FAILED, Outcome.UNKNOWN, Outcome.ALREADY_THERE, trial.not_seen}
        trial.fresh(simulator)
        simulator.set_faults("none")
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.random = Random(1)
        self.resends: Counter[str] = Counter()
        self.clock, self.skew = SetClock(), 0
        self.early: list[str] = []
        self.simulator.account.clock = self._server_time
        self.service = self._started()

    # ---- the program

    def _server_time(self) -> datetime:
        return self.clock.right_time() + timedelta(seconds=self.skew)

    def _started(self) -> EmailSecurityService:
        self.disk = FragileDisk()
        settings = settings_for(self.simulator, plans=PlanSettings(batch_size=3, move_batch_size=3, canary=2))
        service = EmailSecurityService(settings, clock=self.clock, random=self.random, state=self.folder)
        plans, origin = service.plans, service.plans.ledger.origin
        plans.ledger = Ledger(self.folder / "plans", origin, self.clock.now, self.disk)
        self.ledger = Ledger(self.folder / "plans", origin, self.clock.now)

        def leaves() -> None:
            assert plans.state is not None
            due, now, server = plans.state.plan.not_before, self.clock.now(), self._server_time()
            if due is not None and min(now, server) < due:
                self.early.append(f"due at {due}, sent at {now}, by the server's clock at {server}")

        def acting(waits: Callable[[float], None]) -> EmailSecurityClient:
            server_clock = OtherClock(self.clock.monotonic, self._server_time)
            transport = Transport(settings, self.clock, self.random, 300.0, on_wait=waits, shared_clock=server_clock)
            client = WatchedClient(transport)
            client.leaves = leaves
            return client

        plans.make_client = acting
        return service

    @initialize(skew=st.sampled_from(SKEWS))
    def begin(self, skew: int) -> None:
        """The server's clock is right, or it is not."""
        self.skew = skew

    @rule()
    def restart(self) -> None:
        """The program ends in good order, and another one begins."""
        self.loop.run_until_complete(self.service.close())
        self.service = self._started()

    async def _worked(self, command: Command, *, patient: bool) -> PlanState:
        # A read that stalls takes its real time-out, three times over, and a plan has many reads.
        async with asyncio.timeout(300):
            state = await self.service.plans.start(command)
            while patient and state.phase is Phase.WAITING:
                state = await self.service.plans.when_due(state.plan.plan_id) or state
            return state

    def _done(
        self, command: Command, crash_at: int, stop_at: int = 0, *, jump: int = 0, patient: bool = True
    ) -> PlanState | None:
        """What the plans made of it; None when the program ended meanwhile. A pause always goes on.

        The first time that it waits for its time the clock is set by `jump`; who is not patient ends the program then.
        """
        plans, jumps = self.service.plans, [jump]
        self.disk.prepare(crash_at, (stop_at, plans.stop if stop_at % 2 else plans.pause))

        def moved(state: PlanState) -> None:
            if state.phase in (Phase.PAUSED, Phase.CANARY):
                plans.continue_sending()
            if state.phase is Phase.WAITING and jumps:
                self.clock.set_by += jumps.pop()

        self.service.on_plan = moved
        try:
            state = self.loop.run_until_complete(self._worked(command, patient=patient))
            if state.phase is Phase.WAITING:
                self.restart()
            return state
        except Crash:
            self.restart()
            return None
        finally:
            self.disk.prepare(0, (0, lambda: None))

    # ---- what people do

    @rule(spec=st.sampled_from(WEATHER))
    def weather(self, spec: str) -> None:
        """The line gets better or worse."""
        self.simulator.set_faults(spec)

    @rule(seconds=st.sampled_from(JUMPS))
    def set_clock(self, seconds: int) -> None:
        """Somebody sets the clock of this machine, or it was asleep: time passed that it did not count."""
        self.clock.set_by += seconds

    @rule(
        count=st.integers(1, 9), start=st.integers(0, POOL), crash_at=st.integers(0, 24), stop_at=st.integers(0, 12),
        canary=st.booleans(), wait=st.sampled_from(WAITS), jump=st.sampled_from(JUMPS), patient=st.booleans(),
    )  # fmt: skip
    def send(
        self, count: int, start: int, crash_at: int, stop_at: int, canary: bool, wait: int, jump: int, patient: bool
    ) -> None:
        """A new plan over some mail that is in no other plan, and to which it was not done."""
        plans, trial = self.service.plans, self.trial
        # Of a release the account tells what was done; of mail that was moved nobody sees where it lies.
        known = trial.said_done | {Outcome.ALREADY_THERE} if trial.effect.is_move else frozenset[Outcome]()
        taken = {
            target.id
            for entry in self.ledger.entries()
            for target in entry.state.with_outcome(
                Outcome.FAILED, *known, *([Outcome.NOT_SENT] if entry.state.unfinished else [])
            )
        }
        free = [mail for mail in self._pool() if mail.investigate_id not in taken]
        targets = [target_of(mail) for mail in (free[start:] + free[:start])[:count]]
        due = self.clock.now() + timedelta(seconds=wait) if wait else None
        request = replace(trial.request, not_before=due)
        guarded = plans.guard(targets, request)
        may_be_done = {target.id for entry in self.ledger.entries() for target in entry.state.with_outcome(*self.sent)}
        assert may_be_done.isdisjoint(target.id for target in guarded.allowed)
        if guarded.allowed:
            plan = plans.plan(guarded, "a ticket", request, canary=canary)
            self._done(Send(plan), crash_at, stop_at, jump=jump, patient=patient)

    @precondition(lambda self: self._unfinished())
    @rule(
        which=st.integers(0, 5), again=st.booleans(), crash_at=st.integers(0, 20), stop_at=st.integers(0, 9),
        jump=st.sampled_from(JUMPS), patient=st.booleans(),
    )  # fmt: skip
    def resume(self, which: int, again: bool, crash_at: int, stop_at: int, jump: int, patient: bool) -> None:
        """An unfinished plan is settled and gone on with."""
        entry = self._unfinished()[which % len(self._unfinished())]
        if again:
            self.resends.update(target.id for target in entry.plan.targets)
        self._done(Resume(entry, resend_unseen=again), crash_at, stop_at, jump=jump, patient=patient)

    @precondition(lambda self: self._unfinished())
    @rule(which=st.integers(0, 5), crash_at=st.integers(0, 8))
    def settle(self, which: int, crash_at: int) -> None:
        """It is looked up what became of a plan; nothing is sent."""
        entry = self._unfinished()[which % len(self._unfinished())]
        before = self._came()
        self._done(Settle(entry), crash_at)
        assert self._came() == before

    @precondition(lambda self: self._unfinished())
    @rule(which=st.integers(0, 5), crash_at=st.integers(0, 5))
    def close_plan(self, which: int, crash_at: int) -> None:
        """The rest of a plan is given up; whoever still has it on a screen can't go on with it."""
        entry = self._unfinished()[which % len(self._unfinished())]
        before = self._came()
        state = self._done(Close(entry), crash_at)
        if state is not None:
            with contextlib.suppress(GuardError, JournalError):
                self._done(Resume(entry), 0)
        assert self._came() == before

    # ---- what must hold

    def _pool(self) -> list[Mail]:
        return self.simulator.account.held[:POOL]

    def _unfinished(self) -> list[LedgerEntry]:
        return self.ledger.unfinished(self.service.settings.identity)

    def _came(self) -> Counter[str]:
        return self.trial.came(self.simulator)

    @invariant()
    def the_ledger_is_whole(self) -> None:
        assert self.ledger.verify().problems == ()
        assert not [entry for entry in self.ledger.entries() if entry.damaged]

    @invariant()
    def nothing_was_sent_twice(self) -> None:
        assert not {name: times for name, times in self._came().items() if times > 1 + self.resends[name]}

    @invariant()
    def nothing_was_sent_before_its_time_by_any_clock(self) -> None:
        assert self.early == []

    @invariant()
    def what_is_on_record_is_so(self) -> None:
        outcome_counts: dict[str, set[Outcome]] = {}
        for entry in self.ledger.entries():
            assert sum(entry.state.outcome_counts().values()) == len(entry.plan.targets)
            for target in entry.plan.targets:
                outcome_counts.setdefault(target.id, set()).add(entry.state.outcome_of(target))
        came, done_to = self._came(), self.trial.done_to(self.simulator)
        assert set(came) <= set(outcome_counts), "what came to the account is in a plan"
        for mail in self._pool():
            name = mail.investigate_id
            told, done = outcome_counts.get(name, set()), bool(done_to[name])
            assert not told & self.trial.said_done or done, f"{name} is called {told}, and it was not done"
            assert self.trial.not_seen not in told or not done, f"{name} is called {told}, and it was done"
            assert bool(told & self.sent) >= bool(came[name]), f"{name} is called {told}"

    def teardown(self) -> None:
        """In good weather every plan comes to its end: all is out, or somebody is told why not."""
        try:
            self.simulator.set_faults("none")
            for entry in self._unfinished():
                state = self._done(Resume(entry), 0)  # type: ignore[misc]
                assert state is not None
                assert not state.outcome_counts()[Outcome.UNKNOWN] + state.outcome_counts()[Outcome.NOT_SENT], (
                    state.describe()
                )
            self.the_ledger_is_whole()
            self.nothing_was_sent_twice()
            self.nothing_was_sent_before_its_time_by_any_clock()
            self.what_is_on_record_is_so()
        finally:
            self.simulator.account.clock = SystemClock().now
            self.loop.run_until_complete(self.service.close())
            self.loop.close()
            shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=POOL, messages=100, faults="none")) as simulator:
        yield simulator


def run_machine(account: Simulator, trial: Trial, runs: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Sluice(account, trial),  # type: ignore[arg-type]
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=[*HealthCheck],
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.parametrize(
    ("trial", "runs"), [(RELEASE, 15), (TO_JUNK, 8), (BACK_TO_INBOX, 8)], ids=[trial.name for trial in TRIALS]
)
def test_whatever_happens_nothing_is_done_twice_or_early_and_nothing_is_lost(
    trial: Trial, runs: int, account: Simulator
) -> None:
    run_machine(account, trial, runs, 15)


@pytest.mark.long
@pytest.mark.parametrize("trial", [RELEASE, RELEASE, TO_JUNK, BACK_TO_INBOX], ids=lambda trial: trial.name)
def test_a_thousand_runs(trial: Trial, account: Simulator) -> None:
    """Parts, so that two cores can share them."""
    run_machine(account, trial, 250, 50)


async def test_a_stop_that_comes_before_the_first_request_is_not_lost(account: Simulator, tmp_path: Path) -> None:
    """Whoever presses ctrl+c while the engine is being made wants nothing to be sent, either."""
    account.set_faults("none")
    service = EmailSecurityService(settings_for(account), clock=HurriedClock(), random=Random(1), state=tmp_path)
    releases, make = service.plans, service.plans.make_client

    def stopped_meanwhile(waits: Callable[[float], None]) -> Any:
        service.stop_plan()
        return make(waits)

    releases.make_client = stopped_meanwhile
    before = len(account.account.truth.of("release"))
    targets = [held_mail(mail.investigate_id) for mail in account.account.held]
    state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
    await service.close()
    assert state.phase is Phase.STOPPED
    assert len(account.account.truth.of("release")) == before


async def test_what_another_plan_has_sent_meanwhile_is_not_sent_again(account: Simulator, tmp_path: Path) -> None:
    """A plan that was left before it was sent is gone on with after another one took some of its messages."""
    machine = Sluice(account)
    releases, identity = machine.service.plans, machine.service.settings.identity
    targets = releases.guard([target_of(mail) for mail in account.account.held[:20]]).allowed[:6]
    left = releases.plan(releases.guard(targets), "left")
    releases.ledger.begin(left, identity)[0].close()
    await releases.start(Send(releases.plan(releases.guard(targets[:3]), "meanwhile")))
    state = await releases.start(Resume(releases.ledger.find(left.plan_id)))
    came = machine._came()
    await machine.service.close()
    machine.loop.close()
    account.account.clock = SystemClock().now
    shutil.rmtree(machine.folder)
    assert came == Counter({target.id: 1 for target in targets})
    assert state.finished
