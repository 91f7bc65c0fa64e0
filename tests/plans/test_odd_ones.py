"""Mail that is not like the others: held back from mailboxes unless somebody let just that through, and always told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, releases_on
from tests.support.services import held_mail
from tests.support.trials import RELEASE
from tui_app.api.enums import Destination, Disposition
from tui_app.config.schema import GuardSettings
from tui_app.core.outliers import DifferenceKind, Features
from tui_app.core.text import Untrusted
from tui_app.plans.commands import Send
from tui_app.plans.effect import Effect
from tui_app.plans.guard import ODD, Policy
from tui_app.plans.odd_ones import HELD_AS_ODD, find_odd, known_domains, odd_ones, odd_sums, severity, target_signs
from tui_app.plans.plan import Target
from tui_app.plans.recheck import judge_look
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.plans.service import PlanService
from tui_app.plans.state import Phase
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.server import Options, Simulator, running

GENUINE = "news@acme-news.example"
CASE = Case(1, "none", 30, 30, PATIENT)
TO_INBOX, TO_JUNK = (PlanRequest(Effect.move(folder)) for folder in (Destination.INBOX, Destination.JUNK))


@pytest.fixture
def account() -> Any:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as simulator:
        yield simulator


def mail(number: int, sender: str = GENUINE, *, spf: str = "pass", **known: Any) -> Target:
    features = Features.of(sender=sender, subject="Weekly digest", spf=spf)
    return held_mail(
        f"4NAAAAAAAAAAAA{number:02}-2026-11-20T12:00:00-{number}",
        sender=Untrusted(sender),
        subject=Untrusted("Weekly digest"),
        recipients=(Untrusted("bo@acme.example"),),
        features=features,
        **known,
    )


ALIKE, FAILING = mail(90, IMPOSTOR), mail(91, spf="fail")
MAILS = (*(mail(number) for number in range(10)), FAILING, ALIKE)


@asynccontextmanager
async def plans(account: Simulator, folder: Path, *, hold_odd: bool = True) -> AsyncIterator[PlanService]:
    async with releases_on(account, folder, CASE, guard=GuardSettings(hold_odd=hold_odd)) as releases:
        yield releases


async def test_a_release_holds_odd_mail_back_and_says_what_is_different(account: Simulator, tmp_path: Path) -> None:
    async with plans(account, tmp_path) as releases:
        guarded = releases.guard(MAILS)
        assert {kept.target for kept in guarded.held_back} == {ALIKE, FAILING}
        assert guarded.includable_counts() == {ODD: 2}
        assert guarded.reasons() == {"odd": 2}, "one reason, whatever is different"
        told = odd_ones(guarded, A_RELEASE)
        assert [(one.target, one.different, one.why) for one in told] == [
            (ALIKE, "like acme-news.example: I for l", HELD_AS_ODD),
            (FAILING, "SPF fail, the others pass", HELD_AS_ODD),
        ]


async def test_the_word_lets_all_through_and_they_are_told_all_the_same(account: Simulator, tmp_path: Path) -> None:
    async with plans(account, tmp_path) as releases:
        guarded = releases.guard(MAILS, include=["odd"])
        assert set(guarded.allowed[-2:]) == {ALIKE, FAILING}, "they are sent last"
        assert [(one.held, one.why) for one in odd_ones(guarded, A_RELEASE)] == [(False, "ODD was given")] * 2
        assert set(releases.plan(guarded, "x").included) == {(ODD, ALIKE.id), (ODD, FAILING.id)}


async def test_what_was_marked_by_hand_goes_out_alone(account: Simulator, tmp_path: Path) -> None:
    async with plans(account, tmp_path) as releases:
        request = PlanRequest(by_hand=frozenset({ALIKE.id}))
        guarded = releases.guard(MAILS, request)
        assert ALIKE in guarded.allowed
        assert [kept.target for kept in guarded.held_back] == [FAILING]
        assert [(one.target, one.held, one.why) for one in odd_ones(guarded, request)] == [
            (ALIKE, False, "chosen by hand"),
            (FAILING, True, HELD_AS_ODD),
        ]
        bad = replace(ALIKE, disposition=Disposition.MALICIOUS)
        assert bad not in releases.guard([*MAILS[:-1], bad], request).allowed, "a mark answers for no verdict"


async def test_without_the_rule_odd_mail_is_sent_and_told(account: Simulator, tmp_path: Path) -> None:
    async with plans(account, tmp_path, hold_odd=False) as releases:
        guarded = releases.guard(MAILS)
        assert set(guarded.allowed) == set(MAILS)
        assert [(one.held, one.why) for one in odd_ones(guarded, A_RELEASE)] == [(False, "guard.hold_odd is off")] * 2


@pytest.mark.parametrize(("request_", "held_back"), [(TO_INBOX, 2), (TO_JUNK, 0)], ids=["to Inbox", "to Junk"])
async def test_a_move_holds_odd_mail_back_only_where_it_brings_mail_into_mailboxes(
    account: Simulator, tmp_path: Path, request_: PlanRequest, held_back: int
) -> None:
    delivered = [replace(each, held=False) for each in MAILS]
    async with plans(account, tmp_path) as releases:
        guarded = releases.guard(delivered, request_)
        assert (len(guarded.held_back), len(guarded.allowed)) == (held_back, len(MAILS) - held_back)


async def test_the_list_that_they_were_chosen_from_counts_too(account: Simulator, tmp_path: Path) -> None:
    alone = mail(1)
    async with plans(account, tmp_path) as releases:
        assert releases.guard([alone]).allowed == (alone,)
        request = PlanRequest(odd={alone.id: "SPF fail, the others pass"})
        assert releases.guard([alone], request).includable_counts() == {ODD: 1}


async def test_ids_from_elsewhere_are_compared_with_each_other(account: Simulator, tmp_path: Path) -> None:
    RELEASE.make_ready(account, account.account.held)
    held = account.account.held
    (impostor, *_), plain = ([m for m in held if (m.sender == IMPOSTOR) is is_one] for is_one in (True, False))
    ids = [each.investigate_id for each in (*plain[:9], impostor)]
    async with plans(account, tmp_path) as releases:
        looked_up = await releases.look_up(ids)
        guarded = releases.guard(looked_up)
        assert [kept.target.id for kept in guarded.held_back] == [impostor.investigate_id]
        assert guarded.held_back[0].why.startswith("odd: like acme-news.example")
        assert not (await releases.changes_since_review(releases.plan(guarded, "x"), None)).gone
        state = await releases.start(Send(releases.plan(releases.guard(looked_up, include=[ODD]), "x")))
    assert state.phase is Phase.DONE
    assert sorted(entry["id"] for entry in account.account.truth.of("release")) == sorted(ids), "a recheck lets it pass"


def test_a_recheck_judges_no_message_anew_by_its_company() -> None:
    from random import Random

    from tui_app.plans.plan import Plan

    plan = Plan.make(MAILS, "x", 25, Random(1), included=[(ODD, ALIKE.id), (ODD, FAILING.id)])
    look = judge_look(Policy.make((), 100), lambda _: "", plan, MAILS, MAILS)
    assert look.fit == MAILS


def test_sums_tell_the_word_and_what_goes_out() -> None:
    from tui_app.plans.odd_ones import OddOne

    ones = [
        OddOne(ALIKE, "x", True, HELD_AS_ODD),
        OddOne(ALIKE, "x", True, "MALICIOUS"),
        *[OddOne(ALIKE, "x", False, "chosen by hand")] * 2,
    ]
    assert odd_sums(ones, lets_through="ODD") == [
        ("1 odd held back, ODD lets it through", False),
        ("1 odd held back, ODD alone is not enough", False),
        ("2 odd go out: chosen by hand", True),
    ]


def test_a_domain_that_imitates_is_worse_than_a_verdict_and_that_than_a_check() -> None:
    told = ["like acme.example: I for l", "holds acme.example, but is of evil.test"]
    told += [f"{kind} x, the others y" for kind in DifferenceKind]
    assert [severity(text)[0] for text in told] == [0, 0, *range(1, 8)]
    assert severity("SPF fail, the others pass; reply-to x, the others y") < severity("SPF fail, the others pass")


def test_the_sign_of_a_target_is_that_of_its_sender_s_domain() -> None:
    known = known_domains(MAILS)
    (sign,) = target_signs(ALIKE, known)
    assert (sign.kind.glyph, sign.word) == ("≈", "alike")
    assert target_signs(MAILS[0], known) == ()


@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from(["pass", "fail", ""])), max_size=12))
def test_any_senders_have_an_answer_and_it_is_safe_text(values: list[tuple[str, str]]) -> None:
    found = find_odd([mail(number, sender, spf=spf) for number, (sender, spf) in enumerate(values)])
    assert all(text.isprintable() for text in found.values())


def test_mailboxes_that_no_answer_names_make_no_domain_known() -> None:
    """A list of people in `to` was written by the sender: whoever is imitated there is not ours."""
    mine = held_mail("one", sender=Untrusted("a@other.example"), recipients=(Untrusted("b@acme.example"),))
    assert known_domains([mine]).likeness("acrne.example") is not None
    told = replace(mine, recipients_known=False)
    assert known_domains([told]).likeness("acrne.example") is None
