"""Plans of before: what is closed sends nothing, what another plan did meanwhile is not done again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.scenes import PATIENT
from tests.service.test_settling import Case, held_again, releases_on
from tui_app.errors import GuardError
from tui_app.plans.guard import UNSEEN
from tui_app.plans.plan import Target
from tui_app.plans.releases import Releases
from tui_app.plans.run import Fate, Phase, RunState
from tui_app.simulator.server import Options, Simulator, running

LOST = Case(1, "close_before@release#1", 6, 3, PATIENT)
"""Two requests; the first one never arrives, and its answer neither."""
STOPPED = Case(1, "none", 6, 3, PATIENT)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=40, messages=100, faults="none")) as simulator:
        yield simulator


async def run(account: Simulator, releases: Releases, case: Case) -> tuple[list[Target], RunState]:
    targets = held_again(account, case.messages)
    account.set_faults(case.faults)
    state = await releases.run(releases.plan(releases.guard(targets), "x"))
    account.set_faults("none")
    return targets, state


def sent(account: Simulator) -> list[str]:
    return [entry["id"] for entry in account.account.truth.of("release")]


async def test_a_closed_plan_sends_nothing_more_and_can_be_settled(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        assert state.of_fate(Fate.NOT_SEEN) == tuple(targets[:3])
        entry = releases.ledger.find(state.plan.plan_id)
        closed = await releases.close_plan(entry)
        assert (closed.closed, closed.unfinished) == (True, False)
        for resend in (False, True):
            with pytest.raises(GuardError, match="closed"):
                await releases.resume(releases.ledger.find(state.plan.plan_id), resend_unseen=resend)
        assert sent(account) == []
        account.account.release({"ids": [target.investigate_id for target in targets[:3]]})  # it went out late
        settled = await releases.settle(releases.ledger.find(state.plan.plan_id))
        assert {settled.fate_of(target) for target in targets[:3]} == {Fate.RELEASED}
        assert settled.closed
        assert releases.ledger.find(state.plan.plan_id).state.closed


async def test_what_a_closed_plan_never_saw_goes_out_again_only_by_its_word(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        word = releases.guard(targets).held_back[0]
        assert (word.include, "settle that first" in word.why) == ("", True), "an open plan has to be settled"
        await releases.close_plan(releases.ledger.find(state.plan.plan_id))
        guarded = releases.guard(targets)
        assert guarded.words() == {UNSEEN: 3}
        assert guarded.allowed == tuple(targets[3:])
        plan = releases.plan(releases.guard(targets, include=[UNSEEN]), "x", include=[UNSEEN])
        after = await releases.run(plan)
        assert after.phase is Phase.DONE
        assert sorted(sent(account)) == sorted(target.id for target in targets)


async def test_a_plan_made_before_another_one_failed_to_answer_is_not_begun(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets = held_again(account, LOST.messages)
        early = releases.plan(releases.guard(targets), "made before")
        await run(account, releases, LOST)
        with pytest.raises(GuardError, match="must settle them first"):
            await releases.run(early)
        assert sent(account) == []


async def test_what_another_plan_released_meanwhile_is_left_out_and_what_it_failed_is_not(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        releases.on_state = lambda state: releases.stop() if state.in_flight else None
        targets, state = await run(account, releases, STOPPED)
        releases.on_state = lambda _: None
        assert state.unsent == tuple(targets[3:])
        account.account.release({"ids": [targets[3].investigate_id]})  # by somebody else: the next one fails
        meanwhile = await releases.run(releases.plan(releases.guard(targets[3:5]), "meanwhile"))
        assert meanwhile.fate_of(targets[3]) is Fate.FAILED
        after = await releases.resume(releases.ledger.find(state.plan.plan_id))
        assert after.fate_of(targets[4]) is Fate.LEFT_OUT
        assert meanwhile.plan.plan_id in after.outcomes[targets[4].id].why
        assert after.finished
        assert sent(account).count(targets[4].id) == 1
        assert sent(account).count(targets[5].id) == 1


async def test_a_plan_that_sent_something_long_ago_is_asked_for_once(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        _, state = await run(account, releases, LOST)
        entry = releases.ledger.find(state.plan.plan_id)
        assert (await releases.settle(entry)).asked > 1, "it was sent a moment ago"
        sent_at = entry.sent_at
        assert sent_at is not None
    async with releases_on(account, tmp_path, STOPPED) as releases:
        monkeypatch.setattr(releases.clock, "now", lambda: sent_at + timedelta(hours=1))
        assert (await releases.settle(releases.ledger.find(state.plan.plan_id))).asked == 1
