"""Plans of before: what is closed sends nothing, what another plan did meanwhile is not done again."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, held_again, releases_on
from tests.support.clock import ManualClock, until
from tests.support.plan_runs import STOPPED, names, sent, stopped
from tests.support.services import held_mail
from tui_app.api.enums import DeliveryStatus
from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.config.schema import GuardSettings
from tui_app.core.outliers import Features
from tui_app.core.text import NOTHING, Untrusted
from tui_app.plans.commands import Resume, Send
from tui_app.plans.effect import TO_RELEASE
from tui_app.plans.guard import ODD, Policy
from tui_app.plans.ledger import Ledger
from tui_app.plans.plan import Plan, Target
from tui_app.plans.recheck import LastLooks, judge_look
from tui_app.plans.report import as_json, as_markdown
from tui_app.plans.service import PlanService
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.simulator.server import Options, Simulator, running

# ---- between the decision and the request


def turn(account: Simulator, targets: Iterable[Target], verdict: str) -> None:
    """The account thinks otherwise of these from now on."""
    names_of = set(names(targets))
    for mail in account.account.held:
        if mail.investigate_id in names_of:
            mail.disposition = verdict


async def test_a_word_lets_nothing_through_that_it_was_not_typed_for(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 6)
        turn(account, targets[5:], "MALICIOUS")
        looked_up = await releases.look_up(names(targets))
        assert releases.guard(looked_up).includable_counts() == {"MALICIOUS": 1}
        plan = releases.plan(releases.guard(looked_up, include=["MALICIOUS", ODD]), "x")
        # Among five newsletters its verdict makes it odd, too.
        assert plan.included == (("MALICIOUS", targets[5].id), (ODD, targets[5].id))
        releases.on_state = lambda state: releases.stop() if state.in_flight else None
        state = await releases.start(Send(plan))
        releases.on_state = lambda _: None
        later = state.unsent
        assert targets[5].id in names(later)
        turn(account, targets, "MALICIOUS")
        after = await releases.start(Resume(releases.ledger.find(plan.plan_id)))
    assert names(after.with_outcome(Outcome.LEFT_OUT)) == [each.id for each in later if each.id != targets[5].id]
    assert sorted(sent(account)) == sorted([*names(targets[:3]), targets[5].id])


async def test_a_verdict_that_turns_while_the_first_ones_are_looked_at_is_not_sent(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 9)
        before = len([entry for entry in account.wire() if entry["endpoint"] == "search"])
        looked_up = await releases.look_up(names(targets))
        plan = replace(releases.plan(releases.guard(looked_up), "x"), canary=3)

        def told(state: PlanState) -> None:
            if state.phase is Phase.CANARY and not releases.clock.waits:  # type: ignore[attr-defined]
                turn(account, targets[4:6], "MALICIOUS")
                turn(account, targets[6:7], "SPAM")
                releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
                releases.continue_sending()

        releases.on_state = told
        after = await releases.start(Send(plan))
        asked = len([entry for entry in account.wire() if entry["endpoint"] == "search"]) - before
    assert {target.id: after.results_by_id[target.id].why for target in after.with_outcome(Outcome.LEFT_OUT)} == {
        targets[4].id: "MALICIOUS (seen before it was sent)",
        targets[5].id: "MALICIOUS (seen before it was sent)",
        targets[6].id: "its verdict is SPAM, it was BULK (seen before it was sent)",
    }
    assert sorted(sent(account)) == sorted(names([*targets[:4], *targets[7:]]))
    assert after.finished
    kept = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now).find(plan.plan_id).state
    assert names(kept.with_outcome(Outcome.LEFT_OUT)) == names(targets[4:7]), "on record"
    assert asked == 2, "one search to look the ids up, and one for all batches behind the first"


async def test_nothing_is_sent_when_it_can_not_be_looked_at_again(account: Simulator, tmp_path: Path) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 6)
        account.set_faults("status=500@reads")
        state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
        account.set_faults("none")
        assert (state.phase, sent(account)) == (Phase.HALTED, [])
        assert state.error is not None
        after = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
    assert sorted(sent(account)) == sorted(names(targets))
    assert after.finished


def test_a_look_is_old_by_whichever_clock_has_gone_further() -> None:
    clock = ManualClock()
    looks = LastLooks(clock)
    assert looks.is_old("a")
    looks.looked(["a"], looks.now())
    assert not looks.is_old("a")
    clock._seconds = 30.5
    assert looks.is_old("a")
    looks.looked(["a"], looks.now())
    slept = MonkeyClock(clock, later=timedelta(minutes=5))
    assert LastLooks(slept, looks._at).is_old("a"), "the machine slept"
    assert LastLooks(MonkeyClock(clock, later=-timedelta(minutes=5)), looks._at).is_old("a"), "the clock was set back"


class MonkeyClock(ManualClock):
    """Another clock's seconds, and a wall clock that went its own way."""

    def __init__(self, like: ManualClock, later: timedelta) -> None:
        super().__init__()
        self._seconds, self._later = like.monotonic(), later

    def now(self) -> datetime:
        return super().now() + self._later


async def test_a_postfix_id_that_names_two_held_messages_is_never_sent(tmp_path: Path) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none", generation="seed")) as account:
        targets = held_again(account, 3)
        twin = account.account.held[40]
        twin.postfix_id, twin.disposition = targets[1].postfix_id or "", "MALICIOUS"
        async with releases_on(account, tmp_path, STOPPED) as releases:
            after = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
        assert "names 2 held messages (BULK, MALICIOUS)" in after.results_by_id[targets[1].id].why
        assert after.outcome_of(targets[1]) is Outcome.LEFT_OUT
        assert sorted(sent(account)) == sorted([targets[0].id, targets[2].id])


async def test_what_the_review_of_the_rest_leaves_out_is_on_record_and_ends_the_plan(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        turn(account, targets[4:5], "MALICIOUS")
        entry = releases.ledger.find(state.plan.plan_id)
        rest = await releases.review_rest(entry)
        assert names(rest.fit) == names([targets[3], targets[5]])
        assert rest.why_not == {targets[4].id: "MALICIOUS"}
        one = await releases.start(Resume(entry, reviewed=(targets[3],)))
        assert (names(one.with_outcome(Outcome.LEFT_OUT)), names(one.unsent)) == ([targets[4].id], [targets[5].id])
        assert sent(account) == names(targets[:4]), "nothing goes out that was not reviewed"
        over = await releases.start(Resume(releases.ledger.find(state.plan.plan_id)))
    assert over.finished


async def test_one_message_that_is_left_out_between_two_bodies_is_told_so_by_its_journal(tmp_path: Path) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none", generation="seed")) as account:
        targets = held_again(account, 1)
        account.account.held[40].postfix_id = targets[0].postfix_id or ""
        async with releases_on(account, tmp_path, STOPPED) as releases:
            after = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
            kept = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now).find(after.plan.plan_id)
        assert after.outcome_of(targets[0]) is Outcome.LEFT_OUT
        assert kept.state.outcome_of(kept.plan.targets[0]) is Outcome.LEFT_OUT
        assert sent(account) == []


async def test_nothing_is_sent_when_it_was_stopped_during_the_look(tmp_path: Path) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none", generation="seed")) as account:
        targets = held_again(account, 3)
        async with releases_on(account, tmp_path, STOPPED, release_body="postfix") as releases:
            action = releases.actions[TO_RELEASE]
            look = action._held_by_postfix_id  # type: ignore[attr-defined]

            async def stopped_meanwhile(sending: Any) -> Any:
                found = await look(sending)
                releases._thread._engine.stop()  # type: ignore[union-attr]  # as S does
                return found

            action._held_by_postfix_id = stopped_meanwhile  # type: ignore[attr-defined]
            after = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
        assert after.phase is Phase.STOPPED
        assert sent(account) == []


async def test_what_turns_malicious_behind_the_first_request_never_goes_out(tmp_path: Path) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as account:
        targets = held_again(account, 12)
        async with releases_on(account, tmp_path, STOPPED) as releases:
            looked_up = await releases.look_up(names(targets))
            account.set_faults("verdict_turns=50@release#1")

            def told(state: PlanState) -> None:
                if state.requests == 1 and not releases.clock.waits:  # type: ignore[attr-defined]
                    releases.clock.waits.append(31.0)  # type: ignore[attr-defined]

            releases.on_state = told
            plan = replace(releases.plan(releases.guard(looked_up), "x"), canary=3)
            going = asyncio.ensure_future(releases.start(Send(plan)))
            await until(lambda: releases.state is not None and releases.state.phase is Phase.CANARY)
            releases.continue_sending()
            after = await going
        turned = [mail for mail in account.account.held if mail.disposition == "MALICIOUS"]
        assert turned
        assert all(entry["verdict"] != "MALICIOUS" for entry in account.account.truth.of("release"))
        left_out = set(names(after.with_outcome(Outcome.LEFT_OUT)))
        assert left_out == {mail.investigate_id for mail in turned} & {target.id for target in targets[3:]}


# ---- the first ones


async def first_ones(
    account: Simulator, releases: PlanService, before: Callable[[list[Target]], object]
) -> tuple[list[Target], list[list[str]], PlanState]:
    """A plan of nine with two first ones, before which something happens; what was sent when the operator was asked."""
    targets, sent_by_then = held_again(account, 9), list[list[str]]()
    looked_up = await releases.look_up(names(targets))
    plan = replace(releases.plan(releases.guard(looked_up), "x"), canary=2)
    before(targets)

    def told(state: PlanState) -> None:
        if state.phase is Phase.CANARY:
            sent_by_then.append(sent(account))
            releases.stop()

    releases.on_state = told
    state = await releases.start(Send(plan))
    account.set_faults("none")
    return targets, sent_by_then, state


async def test_first_ones_that_no_answer_told_of_wait_for_the_operator_once_they_are_seen_released(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, asked, state = await first_ones(
            account, releases, lambda _: account.set_faults("close_after@release#1")
        )
    assert state.phase is Phase.STOPPED
    assert names(state.with_outcome(Outcome.RELEASED)) == names(targets[:2])
    assert (asked, sent(account)) == ([names(targets[:2])], names(targets[:2]))


@pytest.mark.parametrize("gone", [2, 4])
async def test_where_all_first_ones_are_left_out_as_few_others_come_first(
    account: Simulator, tmp_path: Path, gone: int
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:

        def before(targets: list[Target]) -> None:
            account.account.release({"ids": names(targets[:gone])})  # by somebody else
            account.account.truth.entries.clear()
            releases.clock.waits.append(31.0)  # type: ignore[attr-defined]

        targets, asked, state = await first_ones(account, releases, before)
    assert names(state.with_outcome(Outcome.LEFT_OUT)) == names(targets[:gone])
    assert len(asked) == 1
    assert 0 < len(asked[0]) <= 2, "no more than would have come first"
    assert sent(account) == asked[0]
    assert set(asked[0]) <= set(names(targets[gone:]))


async def test_where_all_first_ones_are_left_out_at_the_last_moment_nobody_is_asked_about_nothing(
    tmp_path: Path,
) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none", generation="seed")) as account:

        def before(targets: list[Target]) -> None:
            for target, twin in zip(targets[:2], account.account.held[40:], strict=False):
                twin.postfix_id = target.postfix_id or ""

        async with releases_on(account, tmp_path, STOPPED, release_body="postfix") as releases:
            targets, asked, state = await first_ones(account, releases, before)
        assert names(state.with_outcome(Outcome.LEFT_OUT)) == names(targets[:2])
        assert asked == [names(targets[2:4])]
        assert sent(account) == asked[0]


# ---- between the preview and the request

ANOTHER = "its sender, subject or recipients are different"
FEATURES = Features("acme.example", "news", envelope="acme.example", spf="pass")
HELD = SearchParams(detections_only=False, delivery_status=DeliveryStatus.QUARANTINED)


def change(account: Simulator, targets: Iterable[Target], patch: pytest.MonkeyPatch) -> None:
    """Three messages are others by now: in their sender, their recipients, their verdict."""
    mails = {mail.investigate_id: mail for mail in account.account.held}
    sender, recipients, verdict = (mails[target.id] for target in targets)
    patch.setattr(sender, "sender", "eve@evil.example")
    patch.setattr(recipients, "recipients", (*recipients.recipients, "boss@acme.example"))
    patch.setattr(verdict, "disposition", "SPOOF")


@pytest.mark.parametrize("count", [8, 55], ids=["by id", "by search"])
async def test_what_changed_since_the_preview_is_told_with_its_reason_and_stays_on_record(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    guard = GuardSettings(hold_recipient_domains=("board.example",))
    async with releases_on(account, tmp_path, Case(1, "none", count, 60, PATIENT), guard=guard) as releases:
        targets = held_again(account, count)
        held = [message async for page in search_pages(releases.read_client(), HELD) for message in page]
        guarded = releases.guard(await releases.look_up(names(targets)))
        plan = releases.plan(guarded, "x")
        assert names(plan.targets) == names(targets)
        change(account, targets[:3], monkeypatch)
        monkeypatch.setattr(account.account.held[3], "recipients", ("chair@board.example",))
        monkeypatch.setattr(account.account.held[4], "quarantined", False)
        changes = await releases.changes_since_review(plan, HELD)
        why = [ANOTHER, ANOTHER, "its verdict is SPOOF, it was BULK", "recipient at board.example", "not held now"]
        gone = dict(zip(names(targets), why, strict=False))
        assert (changes.gone, changes.new) == (gone, len(held) - count if count > 50 else 0)
        assert sent(account) == [], "a look sends nothing"

        left, unfit = plan.without(changes.gone), guarded.without(changes.gone).unfit
        assert names(left.targets) == names(guarded.without(changes.gone).allowed) == names(targets[5:])
        assert left.unfit == tuple(gone.items()) == tuple((kept.target.id, kept.why) for kept in unfit)
        await releases.start(Send(left))
        assert sorted(sent(account)) == sorted(names(targets[5:]))
        kept = releases.ledger.reread(releases.ledger.find(plan.plan_id))
    assert kept is not None
    assert kept.plan.unfit == left.unfit
    told = [(each["id"], each["why"]) for each in json.loads(as_json(kept))["left_out"]]
    assert told == list(gone.items())
    assert f"2 {ANOTHER}" in as_markdown(kept)


async def test_what_is_another_message_by_the_time_it_is_sent_does_not_go_out(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets = held_again(account, 4)
        plan = releases.plan(releases.guard(await releases.look_up(names(targets))), "x")
        change(account, targets[:3], monkeypatch)
        releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
        state = await releases.start(Send(plan))
    assert sent(account) == [targets[3].id]
    assert [state.results_by_id[target.id].why for target in targets[:2]] == [
        f"{ANOTHER} (seen before it was sent)"
    ] * 2


async def test_the_rest_of_a_plan_is_sent_as_it_was_reviewed_or_not_at_all(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        targets, state = await stopped(account, releases)
        entry = releases.ledger.find(state.plan.plan_id)
        rest = await releases.review_rest(entry)
        assert names(rest.fit) == names(targets[3:])
        change(account, targets[3:], monkeypatch)
        releases.clock.waits.append(31.0)  # type: ignore[attr-defined]
        after = await releases.start(Resume(entry, reviewed=rest.fit))
        kept = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now).find(state.plan.plan_id).state
    assert sent(account) == names(targets[:3]), "nothing more"
    assert names(after.with_outcome(Outcome.LEFT_OUT)) == names(targets[3:])
    reasons = [ANOTHER, ANOTHER, "its verdict is SPOOF, it was BULK"]
    for known in (after, kept):
        told = [known.results_by_id[target.id].why for target in targets[3:]]
        assert told == [f"{why} (seen when the plan was resumed)" for why in reasons]


async def test_recipients_that_nobody_asked_for_are_told_of_a_plan_that_is_gone_on_with(
    account: Simulator, tmp_path: Path
) -> None:
    async with releases_on(account, tmp_path, STOPPED) as releases:
        _, state = await stopped(account, releases)
        entry = releases.ledger.find(state.plan.plan_id)
        rest = await releases.review_rest(entry)
        account.set_faults("extra_items=2@release")
        after = await releases.start(Resume(entry, reviewed=rest.fit))
        account.set_faults("none")
    assert any("recipients that it does not have: stranger@elsewhere.example" in remark for remark in after.remarks)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sender": Untrusted("eve@evil.example")}, ANOTHER),
        ({"sender": Untrusted("")}, ANOTHER),
        ({"subject": Untrusted("Wire transfer today")}, ANOTHER),
        ({"recipients": (Untrusted("bo@acme.example"),)}, ANOTHER),
        ({"recipients": (Untrusted("bo@acme.example"), Untrusted("al@acme.example"))}, ""),
        ({"disposition": Untrusted("SPAM")}, "its verdict is SPAM, it was BULK"),
        ({"features": replace(FEATURES, reply_to="evil.example")}, "the server tells it differently now: reply-to"),
        (
            {"features": replace(FEATURES, spf="fail", envelope="")},
            "the server tells it differently now: envelope, spf",
        ),
        ({}, ""),
    ],
    ids=[
        "sender",
        "no sender",
        "a subject where there was none",
        "fewer recipients",
        "another order",
        "verdict",
        "reply-to",
        "spf",
        "nothing",
    ],
)
def test_a_message_is_the_one_that_was_shown_or_it_is_told_what_is_not(changes: dict[str, Any], why: str) -> None:
    shown = held_mail(
        "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1",
        sender=Untrusted("news@acme.example"),
        recipients=(Untrusted("al@acme.example"), Untrusted("bo@acme.example")),
        features=FEATURES,
    )
    plan = Plan.make([shown], "x", 1, Random(1))
    look = judge_look(Policy.make((), 10), lambda _: "", plan, [shown], [replace(shown, **changes)])
    assert dict(look.why_not) == ({shown.id: why} if why else {})
    bare = Target(shown.id, checked=True, sender=NOTHING)  # as a journal knows it
    look = judge_look(Policy.make((), 10), lambda _: "", plan, [bare], [replace(shown, **changes)])
    assert names(look.fit) == [shown.id], "what was never shown can't be another"
