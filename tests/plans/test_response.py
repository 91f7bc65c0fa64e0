"""What an answer tells beside what was asked: it changes no outcome, is told, and is on record."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, held_again, releases_on
from tests.support.services import held_mail
from tui_app.api.models import ReleaseItem
from tui_app.core.text import Untrusted
from tui_app.plans.commands import Resume, Send
from tui_app.plans.ledger import Ledger
from tui_app.plans.release import _released
from tui_app.plans.report import as_json, as_markdown
from tui_app.plans.response import CONTRADICTED, match_by_identity
from tui_app.plans.state import Outcome, Phase
from tui_app.simulator.server import Options, running


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1, "which was not sent"),
        (2, "names recipients that it does not have: stranger@elsewhere.example"),
        (4, "the answer says success and also:"),
    ],
)
async def test_what_nobody_asked_for_is_told_in_the_plan_and_in_its_report(
    value: int, told: str, tmp_path: Path
) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as account:
        targets = held_again(account, 3)
        case = Case(1, f"extra_items={value}@release", 3, 3, PATIENT)
        async with releases_on(account, tmp_path, case) as releases:
            looked_up = await releases.look_up([target.id for target in targets])
            account.set_faults(case.faults)
            state = await releases.start(Send(releases.plan(releases.guard(looked_up), "x")))
            assert state.phase is Phase.DONE
            assert any(told in remark for remark in state.remarks), state.remarks
            kept = Ledger(releases.ledger.folder, releases.ledger.origin, releases.clock.now).find(state.plan.plan_id)
        assert kept.state.remarks == state.remarks
        assert told.split(":")[0] in as_json(kept)
        assert "what answers told beside what was asked: nothing" not in as_markdown(kept)


async def test_after_success_beside_errors_nothing_more_is_sent_before_somebody_has_looked(tmp_path: Path) -> None:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as account:
        targets = held_again(account, 6)
        case = Case(1, "extra_items=4@release#1", 6, 2, PATIENT)
        async with releases_on(account, tmp_path, case) as releases:
            looked_up = await releases.look_up([target.id for target in targets])
            account.set_faults(case.faults)
            state = await releases.start(Send(releases.plan(releases.guard(looked_up), "x")))
            assert (state.phase, state.requests, len(state.unsent)) == (Phase.HALTED, 1, 4)
            assert len(state.with_outcome(Outcome.DELIVERED)) == 2, "what it says of each stays"
            assert str(state.error) == CONTRADICTED
            rest = await releases.review_rest(releases.ledger.find(state.plan.plan_id))
            state = await releases.start(Resume(releases.ledger.find(state.plan.plan_id), reviewed=rest.fit))
            assert (state.phase, len(state.with_outcome(Outcome.DELIVERED))) == (Phase.DONE, 6)


names = st.text(st.sampled_from("abc"), min_size=1, max_size=3)


@given(sent=st.lists(names, min_size=1, max_size=6, unique=True), told=st.lists(names, max_size=10))
def test_whatever_an_answer_names_only_what_it_names_once_and_was_sent_has_an_outcome(
    sent: list[str], told: list[str]
) -> None:
    batch = tuple(held_mail(name, recipients=(Untrusted("bo@acme.example"),)) for name in sent)
    items = [ReleaseItem.from_wire({"id": name, "delivered": ["bo@acme.example"]}) for name in told]
    matched = match_by_identity(
        batch, items, sent=lambda target: target.id, named=lambda item: item.id.exact, read=_released
    )
    assert [result.target for result in matched.results] == list(batch), "each message once, in its order"
    for result in matched.results:
        once = told.count(result.target.id) == 1
        assert (result.outcome is Outcome.DELIVERED) is once
    strangers = set(told) - set(sent)
    assert bool(matched.remarks) is bool(strangers)
    for name in sorted(strangers)[:1] if len(strangers) <= 5 else []:
        assert any(name in remark for remark in matched.remarks)


@pytest.mark.parametrize(
    ("told", "remark"),
    [
        ({"delivered": ["al@acme.example", "bo@acme.example"]}, ""),
        ({"delivered": ["Al@ACME.example"], "undelivered": ["bo@acme.example"]}, ""),
        ({"delivered": ["al@acme.example", "bo@acme.example"], "failed": ["bo@acme.example"]}, "tells several outcomes for bo@acme.example"),
        ({"undelivered": ["al@acme.example"], "failed": ["al@acme.example"]}, "tells several outcomes for al@acme.example"),
        ({"delivered": ["al@acme.example"]}, "does not name 1 recipient of 2"),
        ({"delivered": ["al@acme.example", "eve@x.example"]}, "names recipients that it does not have: eve@x.example"),
        ({}, ""),
    ],
    ids=["all", "all, in another spelling", "twice", "one alone twice", "not all", "a stranger", "nobody"],
)  # fmt: skip
def test_recipients_that_are_told_twice_or_not_at_all_are_remarked_on(told: dict[str, list[str]], remark: str) -> None:
    recipients = (Untrusted("al@acme.example"), Untrusted("bo@acme.example"))
    target = held_mail("one", recipients=recipients)
    items = [ReleaseItem.from_wire({"id": "one", **told})]
    matched = match_by_identity(
        (target,), items, sent=lambda each: each.id, named=lambda item: item.id.exact, read=_released
    )
    assert matched.remarks == ((f"the answer for one {remark}",) if remark else ())


def test_of_recipients_that_are_not_known_none_is_missed_and_a_contradiction_is_told() -> None:
    target = held_mail("one", recipients=(Untrusted("a, list of people"),), recipients_known=False)
    for told, remarks in (
        ({"delivered": ["al@acme.example"]}, 0),
        ({"delivered": ["a@b.example"], "failed": ["a@b.example"]}, 1),
    ):
        items = [ReleaseItem.from_wire({"id": "one", **told})]
        matched = match_by_identity(
            (target,), items, sent=lambda each: each.id, named=lambda item: item.id.exact, read=_released
        )
        assert len(matched.remarks) == remarks
