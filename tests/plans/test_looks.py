"""What a look at a message is worth, and for how long."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.plans.test_recheck import turn
from tests.plans.test_settle import held_again, releases_on
from tests.support.plan_runs import LOST, STOPPED, names, run, sent, stopped
from tui_app.core.errors import GuardError
from tui_app.plans import lookup as look_up
from tui_app.plans.commands import Resume, Send
from tui_app.plans.ledger import Ledger
from tui_app.plans.plan import Target
from tui_app.plans.service import PlanService
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.simulator.server import Simulator

# ---- what a look is worth


def lost_to_searches(account: Simulator, targets: Iterable[Target], patch: pytest.MonkeyPatch) -> None:
    """No search finds these any more: each has to be asked for alone."""
    ids = set(names(targets))
    for mail in account.account.held:
        if mail.investigate_id in ids:
            patch.setattr(mail, "quarantined", False)


async def test_the_rest_is_not_called_reviewed_when_some_of_it_can_not_be_looked_at(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        lost_to_searches(account, targets[3:], monkeypatch)
        entry = releases.ledger.find(state.plan.plan_id)
        monkeypatch.setattr(look_up, "SINGLE_LOOK_UPS", 2)
        with pytest.raises(GuardError, match="can't be looked at again"):
            await releases.review_rest(entry)
        monkeypatch.setattr(look_up, "SINGLE_LOOK_UPS", 3)
        assert (await releases.review_rest(entry)).why_not == dict.fromkeys(names(targets[3:]), "not held now")


async def test_an_id_that_was_never_asked_for_does_not_count_as_looked_at(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_up, "SINGLE_LOOK_UPS", 1)
    (held,) = held_again(account, 1)
    ids = [held.id, *(f"4NAAAAAAAAAAAA{number:02d}-{held.id[17:36]}-1" for number in range(3))]
    async with releases_on(account, tmp_path, STOPPED) as releases:
        await releases.look_up(ids)
        assert [releases._looks.is_old(name) for name in ids] == [False, False, True, True]


@pytest.mark.parametrize("before", [0, 3], ids=["at once", "behind a batch that can"])
async def test_what_can_not_be_looked_at_before_it_is_sent_is_not_sent(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(look_up, "SINGLE_LOOK_UPS", 1)
    held = held_again(account, 3)
    ids = [f"4NAAAAAAAAAAAA{number:02d}-{held[0].id[17:36]}-1" for number in range(3)]
    async with releases_on(account, tmp_path, STOPPED) as releases:
        guarded = releases.guard(await releases.look_up([*names(held[:before]), *ids]), include=["UNCHECKED"])
        assert names(guarded.allowed) == [*names(held[:before]), *ids]
        releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
        state = await releases.start(Send(releases.plan(guarded, "x")))
    assert (state.phase, names(state.unsent), state.requests) == (Phase.HALTED, ids, before // 3)
    assert isinstance(state.error, GuardError)
    assert "can't be looked at again" in str(state.error)
    assert sent(account) == names(held[:before])


def slow(monkeypatch: pytest.MonkeyPatch, releases: PlanService, where: str) -> list[int]:
    """From now on a look takes half a minute; how many messages each was about."""
    module, _, name = where.rpartition(".")
    look, looks = getattr(sys.modules[module], name), list[int]()

    async def slowly(*arguments: Any, **options: Any) -> Any:
        found = await look(*arguments, **options)
        looks.append(len(next(each for each in arguments if isinstance(each, list | tuple))))
        releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(where, slowly)
    return looks


async def test_a_look_before_a_plan_counts_from_when_it_began(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        rest, entry = names(targets[3:]), releases.ledger.find(state.plan.plan_id)

        def old() -> list[bool]:
            return [releases._looks.is_old(name) for name in rest]

        await releases.look_up(rest)
        await releases.review_rest(entry)
        plan = releases.plan(releases.guard(targets[3:]), "x")
        assert old() == [False] * 3
        with monkeypatch.context() as patch:
            slow(patch, releases, "tui_app.plans.service.look_up")
            await releases.look_up(rest)
            assert old() == [True] * 3
        for looks in (lambda: releases.review_rest(entry), lambda: releases.changes_since_review(plan, None)):
            with monkeypatch.context() as patch:
                await releases.look_up(rest)
                assert old() == [False] * 3
                slow(patch, releases, "tui_app.plans.service.look_again")
                await looks()
                assert old() == [True] * 3


async def test_a_look_that_was_slow_does_not_answer_for_the_next_batch(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 9)
        looks = slow(monkeypatch, releases, "tui_app.plans.engine.look_again")
        state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
    assert (state.phase, state.requests, len(sent(account))) == (Phase.DONE, 3, 9)
    assert looks == [9, 6, 3], "once before each request, with all that follows"


async def test_why_a_message_is_not_sent_again_is_told_by_a_journal_that_is_read_anew(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        turn(account, targets[:1], "MALICIOUS")
        entry = releases.ledger.find(state.plan.plan_id)
        after = await releases.start(Resume(entry, resend_unseen=True))
        kept = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now).find(state.plan.plan_id).state
    assert targets[0].id not in sent(account)
    for known in (after, kept):
        result = known.results_by_id[targets[0].id]
        assert (result.outcome, result.why) == (
            Outcome.NOT_SEEN,
            "not sent again: MALICIOUS (seen when the plan was resumed)",
        )


@pytest.mark.parametrize("canary", [2, 0])
async def test_what_was_seen_before_a_wait_is_looked_at_again_after_it(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: int
) -> None:
    """However slow a look is, it counts for the batch behind it; but not for one that waited for somebody."""
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 9)
        looked_up = await releases.look_up(names(targets))
        plan = replace(releases.plan(releases.guard(looked_up), "x"), canary=canary)
        account.account.release({"ids": names(targets[:2])})  # by somebody else: the first ones are left out
        account.account.truth.entries.clear()
        releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
        slow(monkeypatch, releases, "tui_app.plans.engine.look_again")
        waited = list[str]()

        def told(state: PlanState) -> None:
            if not canary and state.phase is Phase.RUNNING and not state.requests and not waited:
                releases.pause()
            if state.phase in (Phase.CANARY, Phase.PAUSED) and not waited:
                waited.extend(sent(account) or ["nothing"])
                turn(account, targets[2:], "MALICIOUS")
                releases.clock.waits.append(7200.0)  # type: ignore[attr-defined]
                asyncio.get_running_loop().call_soon(releases.continue_sending)

        releases.on_state = told
        state = await releases.start(Send(plan))
        releases.on_state = lambda _: None
        turn(account, targets, "BULK")
    assert waited
    assert sent(account) == (waited if canary else [])
    assert len(state.with_outcome(Outcome.LEFT_OUT)) == 9 - len(sent(account))
