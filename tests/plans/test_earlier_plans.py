"""Plans of before: what is closed sends nothing, what another plan did meanwhile is not done again."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, held_again, releases_on
from tests.support.plan_runs import LOST, STOPPED, names, run, sent, stopped
from tui_app.config.schema import GuardSettings
from tui_app.core.errors import GuardError
from tui_app.plans import lookup as look_up
from tui_app.plans.commands import Close, Resume, Send, Settle
from tui_app.plans.guard import UNSEEN
from tui_app.plans.ledger import Ledger
from tui_app.plans.report import as_markdown
from tui_app.plans.state import Outcome, Phase
from tui_app.simulator.server import Options, Simulator, running


async def test_a_closed_plan_sends_nothing_more_and_can_be_settled(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        assert state.with_outcome(Outcome.NOT_SEEN) == tuple(targets[:3])
        entry = releases.ledger.find(state.plan.plan_id)
        closed = await releases.start(Close(entry))
        assert (closed.closed, closed.unfinished) == (True, False)
        for resend in (False, True):
            with pytest.raises(GuardError, match="closed"):
                await releases.start(Resume(releases.ledger.find(state.plan.plan_id), resend_unseen=resend))
        assert sent(account) == []
        account.account.release({"ids": [target.investigate_id for target in targets[:3]]})  # it went out late
        settled = await releases.start(Settle(releases.ledger.find(state.plan.plan_id)))
        assert {settled.outcome_of(target) for target in targets[:3]} == {Outcome.RELEASED}
        assert settled.closed
        assert releases.ledger.find(state.plan.plan_id).state.closed


async def test_what_a_closed_plan_never_saw_goes_out_again_only_by_its_word(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        word = releases.guard(targets).held_back[0]
        assert (word.include, "settle that first" in word.why) == ("", True), "an open plan has to be settled"
        await releases.start(Close(releases.ledger.find(state.plan.plan_id)))
        guarded = releases.guard(targets)
        assert guarded.includable_counts() == {UNSEEN: 3}
        assert guarded.allowed == tuple(targets[3:])
        plan = releases.plan(releases.guard(targets, include=[UNSEEN]), "x")
        after = await releases.start(Send(plan))
        assert after.phase is Phase.DONE
        assert sorted(sent(account)) == sorted(target.id for target in targets)


async def test_a_plan_made_before_another_one_failed_to_answer_is_not_begun(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets = held_again(account, LOST.messages)
        early = releases.plan(releases.guard(targets), "made before")
        await run(account, releases, LOST)
        with pytest.raises(GuardError, match="is held back: unknown in plan"):
            await releases.start(Send(early))
        assert sent(account) == []


async def test_what_another_plan_released_meanwhile_is_left_out_and_what_it_failed_is_not(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        assert state.unsent == tuple(targets[3:])
        account.account.release({"ids": [targets[3].investigate_id]})  # by somebody else: the next one fails
        meanwhile = await releases.start(Send(releases.plan(releases.guard(targets[3:5]), "meanwhile")))
        assert meanwhile.outcome_of(targets[3]) is Outcome.FAILED
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
        assert after.outcome_of(targets[4]) is Outcome.LEFT_OUT
        assert meanwhile.plan.plan_id in after.results_by_id[targets[4].id].why
        assert after.finished
        assert sent(account).count(targets[4].id) == 1
        assert sent(account).count(targets[5].id) == 1


async def test_a_plan_that_sent_something_long_ago_is_asked_for_once(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        _, state = await run(account, releases, LOST)
        entry = releases.ledger.find(state.plan.plan_id)
        assert (await releases.start(Settle(entry))).asked > 1, "it was sent a moment ago"
        sent_at = entry.sent_at
        assert sent_at is not None
    async with releases_on(account, tmp_path, STOPPED) as releases:
        monkeypatch.setattr(releases.clock, "now", lambda: sent_at + timedelta(hours=1))
        assert (await releases.start(Settle(releases.ledger.find(state.plan.plan_id)))).asked == 1


async def test_a_resend_that_is_refused_leaves_open_what_the_first_request_may_still_do(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        account.set_faults("status=403@release")
        for _ in range(2):
            state = await releases.start(Resume(releases.ledger.find(state.plan.plan_id), resend_unseen=True))
            assert state.unfinished
            assert names(state.with_outcome(Outcome.NOT_SEEN)) == names(targets[:3])
            assert names(state.unsent) == names(targets[3:])
            kept = releases.ledger.find(state.plan.plan_id)
            assert kept.state.with_outcome(Outcome.NOT_SEEN) == tuple(kept.state.plan.targets[:3])
            assert {item.target.id for item in releases.guard(targets).held_back} == {t.id for t in targets[:3]}
        account.set_faults("none")
        state = await releases.start(Resume(kept, resend_unseen=True))
        assert state.finished
        assert sorted(sent(account)) == sorted(target.id for target in targets)
        told = as_markdown(releases.ledger.find(state.plan.plan_id))
        assert told.count("3 messages at 2") == 3, "who confirmed what is in the report"


async def test_what_changed_since_is_left_out_of_a_plan_that_is_gone_on_with(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        mails = {mail.investigate_id: mail for mail in account.account.held}
        account.account.release({"ids": [targets[3].id]})  # by somebody else
        mails[targets[4].id].disposition = "MALICIOUS"
        state = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
        mails[targets[4].id].disposition = "BULK"
    assert [state.outcome_of(target) is Outcome.LEFT_OUT for target in targets[3:]] == [True, True, False]
    assert "already released" in state.results_by_id[targets[3].id].why
    assert "MALICIOUS" in state.results_by_id[targets[4].id].why
    assert Counter(sent(account))[targets[3].id] == 1
    assert targets[4].id not in sent(account)
    assert state.finished


async def test_a_plan_that_is_larger_than_the_policy_allows_by_now_is_not_gone_on_with(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        _, state = await stopped(account, releases)
    async with releases_on(account, tmp_path, STOPPED, guard=GuardSettings(max_messages=1)) as releases:
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
    assert isinstance(after.error, GuardError)
    assert (after.unfinished, len(after.unsent)) == (True, 3)
    assert len(sent(account)) == 3


async def test_a_clock_that_was_set_back_lets_nothing_go_out_twice(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        now = releases.clock.now
        with monkeypatch.context() as earlier:
            earlier.setattr(releases.clock, "now", lambda: now() - timedelta(hours=20))
            await releases.start(Send(releases.plan(releases.guard(targets[3:]), "meanwhile")))
        for mail in account.account.held:
            mail.quarantined = mail.investigate_id in {target.id for target in targets[3:]}  # as a late search shows it
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
    assert names(after.with_outcome(Outcome.LEFT_OUT)) == names(targets[3:])
    assert max(Counter(sent(account)).values()) == 1


async def test_more_open_messages_than_can_be_asked_for_one_by_one_are_settled_all_the_same(tmp_path: Path) -> None:
    case = Case(1, "close_before@release#1", 130, 130, PATIENT)
    with running(Options(quota=0, held=140, messages=100, faults="none")) as large:
        async with releases_on(large, tmp_path, case) as releases:
            targets, state = await run(large, releases, case)
            assert state.with_outcome(Outcome.NOT_SEEN) == tuple(targets)
            single = [entry for entry in large.wire() if entry["endpoint"] == "message"]
            assert len(single) < 10, "a search tells of all of them"


async def test_what_was_never_asked_for_is_not_called_not_found(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_up, "SINGLE_LOOK_UPS", 1)
    scanned = account.account.held[0].scanned[:19]
    ids = [f"4NAAAAAAAAAAAA{number:02d}-{scanned}-1" for number in range(3)]
    async with releases_on(account, tmp_path, STOPPED) as releases:
        guarded = releases.guard(await releases.look_up(ids))
    assert [kept.why.split(":")[0] for kept in guarded.held_back] == [
        "not found (unchecked)", "not looked up", "not looked up",
    ]  # fmt: skip


async def test_a_message_that_is_named_by_both_its_ids_is_one_message(account: Simulator, tmp_path: Path) -> None:
    targets = held_again(account, 2)
    async with releases_on(account, tmp_path, STOPPED) as releases:
        found = await releases.look_up([name for t in targets for name in (t.id, t.postfix_id or "")])
    assert [target.id for target in found] == [target.id for target in targets]


async def test_a_resend_is_guarded_too_and_only_what_was_sent_again_is_told_of(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        targets, state = await run(account, releases, LOST)
        mails = {mail.investigate_id: mail for mail in account.account.held}
        mails[targets[0].id].disposition = "MALICIOUS"
        state = await releases.start(Resume(releases.ledger.find(state.plan.plan_id), resend_unseen=True))
        mails[targets[0].id].disposition = "BULK"
        assert names(state.with_outcome(Outcome.NOT_SEEN)) == [targets[0].id]
        assert targets[0].id not in sent(account)
        assert Counter(sent(account)) == Counter(names(targets[1:]))
        (told,) = state.resends
        assert told.startswith("2 messages at ")


async def test_what_was_left_out_is_told_so_by_a_ledger_that_reads_the_journal_anew(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        account.account.release({"ids": [targets[3].id]})  # by somebody else
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
        anew = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now)
    kept = anew.find(state.plan.plan_id).state
    assert names(kept.with_outcome(Outcome.LEFT_OUT)) == [targets[3].id]
    assert kept.results_by_id[targets[3].id].why == after.results_by_id[targets[3].id].why
    assert "already released" in kept.results_by_id[targets[3].id].why
    assert (kept.unsent, kept.finished) == ((), True)


async def test_a_plan_made_before_a_closed_one_left_ids_open_goes_out_only_by_the_word(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        early = releases.guard(held_again(account, LOST.messages))
        without = releases.plan(early, "made before")
        other_word, named = (
            replace(without, included=tuple((word, target.id) for target in without.targets))
            for word in ("SPAM", UNSEEN)
        )
        targets, state = await run(account, releases, LOST)
        await releases.start(Close(releases.ledger.find(state.plan.plan_id)))
        for plan in (without, other_word):
            with pytest.raises(GuardError, match=r"is held back: .*outcome never seen"):
                await releases.start(Send(plan))
        assert sent(account) == []
        after = await releases.start(Send(named))
        assert after.phase is Phase.DONE
    assert sorted(sent(account)) == sorted(names(targets))


async def test_what_was_left_out_was_not_taken_so_a_hopeless_plan_still_ends_soon(
    account: Simulator, tmp_path: Path
) -> None:
    case = Case(1, "status=403@release", 9, 1, PATIENT)
    async with releases_on(account, tmp_path, case) as releases:
        targets, state = await run(account, releases, case)
        assert names(state.unsent) == names(targets), "nothing was sent yet"
        account.account.release({"ids": [targets[0].id]})  # by somebody else
        account.set_faults("status=400@release")
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
        account.set_faults("none")
    assert names(after.with_outcome(Outcome.LEFT_OUT)) == [targets[0].id]
    assert (after.phase, len(after.with_outcome(Outcome.REFUSED)), len(after.unsent)) == (Phase.HALTED, 5, 3)
