"""Releases, faults, crashes and restarts in any order: nothing goes out twice, nothing is lost, the ledger stays whole."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.support.clock import HurriedClock
from tests.support.services import held_mail, settings_for
from tui_app.api.enums import Disposition
from tui_app.config.schema import PlanSettings
from tui_app.core.errors import GuardError
from tui_app.plans.commands import Close, Command, Resume, Send, Settle
from tui_app.plans.journal import JournalError
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.plan import Target
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.plans.storage import Storage
from tui_app.service import EmailSecurityService
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

OUT: Final = frozenset({Outcome.DELIVERED, Outcome.PARTLY, Outcome.UNDELIVERED, Outcome.RELEASED})
SENT: Final = OUT | {Outcome.FAILED, Outcome.UNKNOWN, Outcome.NOT_SEEN}
POOL: Final = 30
WEATHER: Final = (
    "none", "none", "close_after@release#1", "close_before@release#2", "reset_after@release%40", "missing_ids@release",
    "status_after=502@release#2", "status=422@release#1", "rate_limit=2@release#1", "status=403@release#2",
    "html_200@release%50", "close_after@release#1,status=500@reads", "any@reads%20,null_result@release#1",
)  # fmt: skip


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


class Sluice(RuleBasedStateMachine):
    """One account, one state folder, and a program that comes and goes."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self.simulator = simulator
        account = simulator.account
        for mail in account.held:
            mail.quarantined, mail.delivery_status, mail.disposition = True, ["quarantined"], "BULK"
            mail.operations.clear()
        account.truth.entries.clear()
        simulator.set_faults("none")
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.random = Random(1)
        self.resends: Counter[str] = Counter()
        self.service = self._started()

    # ---- the program

    def _started(self) -> EmailSecurityService:
        self.disk, clock = FragileDisk(), HurriedClock()
        settings = settings_for(self.simulator, plans=PlanSettings(batch_size=3, canary=2))
        service = EmailSecurityService(settings, clock=clock, random=self.random, state=self.folder)
        origin = service.plans.ledger.origin
        service.plans.ledger = Ledger(self.folder / "plans", origin, clock.now, self.disk)
        self.ledger = Ledger(self.folder / "plans", origin, clock.now)
        return service

    @rule()
    def restart(self) -> None:
        """The program ends in good order, and another one begins."""
        self.loop.run_until_complete(self.service.close())
        self.service = self._started()

    async def _worked(self, command: Command) -> PlanState:
        # A read that stalls takes its real time-out, three times over, and a plan has many reads.
        return await asyncio.wait_for(self.service.plans.start(command), 300)

    def _done(self, command: Command, crash_at: int, stop_at: int = 0) -> PlanState | None:
        """What the releases made of it; None when the program ended meanwhile. A pause always goes on."""
        releases = self.service.plans
        self.disk.prepare(crash_at, (stop_at, releases.stop if stop_at % 2 else releases.pause))

        def moved(state: PlanState) -> None:
            if state.phase in (Phase.PAUSED, Phase.CANARY):
                releases.continue_sending()

        self.service.on_plan = moved
        try:
            return self.loop.run_until_complete(self._worked(command))
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

    @rule(
        count=st.integers(1, 9), start=st.integers(0, POOL), crash_at=st.integers(0, 24), stop_at=st.integers(0, 12),
        canary=st.booleans(),
    )  # fmt: skip
    def release(self, count: int, start: int, crash_at: int, stop_at: int, canary: bool) -> None:
        """A new plan over some of what is held and in no other plan."""
        taken = {
            target.id
            for entry in self.ledger.entries()
            for target in entry.state.with_outcome(
                Outcome.FAILED, *([Outcome.NOT_SENT] if entry.state.unfinished else [])
            )
        }
        free = [mail for mail in self._pool() if mail.investigate_id not in taken]
        targets = [_target(mail) for mail in (free[start:] + free[:start])[:count]]
        releases = self.service.plans
        guarded = releases.guard(targets)
        may_be_out = {target.id for entry in self.ledger.entries() for target in entry.state.with_outcome(*SENT)}
        assert may_be_out.isdisjoint(target.id for target in guarded.allowed)
        if guarded.allowed:
            plan = releases.plan(guarded, "a ticket", canary=canary)
            self._done(Send(plan), crash_at, stop_at)

    @precondition(lambda self: self._unfinished())
    @rule(which=st.integers(0, 5), again=st.booleans(), crash_at=st.integers(0, 20), stop_at=st.integers(0, 9))
    def resume(self, which: int, again: bool, crash_at: int, stop_at: int) -> None:
        """An unfinished plan is settled and gone on with."""
        entry = self._unfinished()[which % len(self._unfinished())]
        if again:
            self.resends.update(target.id for target in entry.plan.targets)
        self._done(Resume(entry, resend_unseen=again), crash_at, stop_at)

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
        truth = self.simulator.account.truth.of("release")
        return Counter(entry["id"] for entry in truth if entry["outcome"] != "refused")

    @invariant()
    def the_ledger_is_whole(self) -> None:
        assert self.ledger.verify().problems == ()
        assert not [entry for entry in self.ledger.entries() if entry.damaged]

    @invariant()
    def nothing_was_sent_twice(self) -> None:
        assert not {name: times for name, times in self._came().items() if times > 1 + self.resends[name]}

    @invariant()
    def what_is_on_record_is_so(self) -> None:
        outcome_counts: dict[str, set[Outcome]] = {}
        for entry in self.ledger.entries():
            assert sum(entry.state.outcome_counts().values()) == len(entry.plan.targets)
            for target in entry.plan.targets:
                outcome_counts.setdefault(target.id, set()).add(entry.state.outcome_of(target))
        came = self._came()
        assert set(came) <= set(outcome_counts), "what came to the account is in a plan"
        for mail in self._pool():
            told, out = outcome_counts.get(mail.investigate_id, set()), not mail.quarantined
            assert not told & OUT or out, f"{mail.investigate_id} is called {told} and still held"
            assert Outcome.NOT_SEEN not in told or not out, f"{mail.investigate_id} is called {told} and is out"
            assert bool(told & SENT) >= bool(came[mail.investigate_id]), f"{mail.investigate_id} is called {told}"

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
            self.what_is_on_record_is_so()
        finally:
            self.loop.run_until_complete(self.service.close())
            self.loop.close()
            shutil.rmtree(self.folder)


def _target(mail: Mail) -> Target:
    return held_mail(
        mail.investigate_id,
        mail.postfix_id,
        when=mail.scanned_at,
        held=mail.quarantined,
        disposition=Disposition.BULK,
    )


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=POOL, messages=100, faults="none")) as simulator:
        yield simulator


def run_machine(account: Simulator, runs: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Sluice(account),  # type: ignore[arg-type]
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=[*HealthCheck],
            report_multiple_bugs=False,
        ),
    )


def test_whatever_happens_nothing_goes_out_twice_and_nothing_is_lost(account: Simulator) -> None:
    run_machine(account, 15, 15)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_a_thousand_runs(account: Simulator, part: int) -> None:
    """Parts, so that two cores can share them."""
    run_machine(account, 250, 50)


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
    targets = [_target(mail) for mail in account.account.held[:6]]
    left = releases.plan(releases.guard(targets), "left")
    releases.ledger.begin(left, identity)[0].close()
    await releases.start(Send(releases.plan(releases.guard(targets[:3]), "meanwhile")))
    state = await releases.start(Resume(releases.ledger.find(left.plan_id)))
    came = machine._came()
    await machine.service.close()
    machine.loop.close()
    shutil.rmtree(machine.folder)
    assert came == Counter({target.id: 1 for target in targets})
    assert state.finished
