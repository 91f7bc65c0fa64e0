"""Plans that were run, or stopped, against a simulated account."""

from collections.abc import Iterable
from dataclasses import replace

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, held_again
from tui_app.plans.commands import Send
from tui_app.plans.plan import Target
from tui_app.plans.service import PlanService
from tui_app.plans.state import PlanState
from tui_app.simulator.server import Simulator

LOST = Case(1, "close_before@release#1", 6, 3, PATIENT)
"""Two requests; the first one never arrives, and its answer neither."""


STOPPED = Case(1, "none", 6, 3, PATIENT)


async def run(account: Simulator, releases: PlanService, case: Case) -> tuple[list[Target], PlanState]:
    targets = held_again(account, case.messages)
    account.set_faults(case.faults)
    state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
    account.set_faults("none")
    return targets, state


async def stopped(account: Simulator, releases: PlanService) -> tuple[list[Target], PlanState]:
    """A plan that was stopped after its first request."""
    releases.on_state = lambda state: releases.stop() if state.in_flight else None
    # The news of a request comes by another thread: the answer must not be there before it.
    begun = await run(account, releases, replace(STOPPED, faults="latency=60@release"))
    releases.on_state = lambda _: None
    return begun


def sent(account: Simulator) -> list[str]:
    return [entry["id"] for entry in account.account.truth.of("release")]


def names(targets: Iterable[Target]) -> list[str]:
    return [target.id for target in targets]
