"""Why nothing can be done with a plan now: what holds it back is said, and never that there is nothing to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, plan_record
from tui_app.plans.replay import entry_of
from tui_app.plans.state import Outcome, Phase, Result
from tui_app.screens.plan.standing import Standing

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DELIVERED, UNKNOWN, NOT_SEEN, NEVER = (Target(f"4NAAAAAAAAAAAA0{n}-2026-11-20T12:00:00-{n}") for n in range(4))
PLAN = Plan.make([DELIVERED, UNKNOWN, NOT_SEEN, NEVER], "x", 25, Random(1))
ENTRY = entry_of(
    [
        plan_record(PLAN, number=1, account="acc", origin=Origin("ana", "j"), at=NOON, version="1", previous=""),
        intent_record([DELIVERED, UNKNOWN, NOT_SEEN], "ids", NOON),
    ],
    head="a" * 64,
)
STATE = replace(
    ENTRY.state,
    results_by_id={
        target.id: Result(target, outcome)
        for target, outcome in (
            (DELIVERED, Outcome.DELIVERED),
            (UNKNOWN, Outcome.UNKNOWN),
            (NOT_SEEN, Outcome.NOT_SEEN),
        )
    },
)
ALL = ("plan.continue", "plan.settle", "plan.check", "plan.resend", "plan.close")
"""What there is to do with it."""


def test_all_can_be_done_with_it() -> None:
    standing = Standing(STATE, ENTRY)
    assert {action: standing.why_not(action) for action in ALL} == dict.fromkeys(ALL, "")
    assert "unfinished" in standing.why_not("plan.submit")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"lock_holder": "mailsluice with pid 7"}, "Nothing can be done here while mailsluice with pid 7 is acting."),
        ({"read_only": True}, "This profile is read-only: nothing can be done about a plan here."),
        ({"entry": replace(ENTRY, damaged="line 3 is changed")}, "Its journal is damaged: line 3 is changed. Nothing"),
        ({"state": replace(STATE, head="")}, "It has no journal that can be read."),
        ({"whose": "acme-test"}, "This plan is of acme-test: only to read here"),
        ({"state": replace(STATE, phase=Phase.SETTLING)}, ""),
    ],
)
def test_what_holds_it_back_is_said_of_each(more: Mapping[str, Any], why: str) -> None:
    standing = Standing(**{"state": STATE, "entry": ENTRY, **more})
    for action in (*ALL, "plan.submit"):
        said = standing.why_not(action)
        assert said.startswith(why or ("It is being sent." if action == "plan.continue" else "The plan has not ended"))
        assert not standing.fits(action)


def test_a_damaged_or_missing_journal_is_why_nothing_is_undone() -> None:
    assert Standing(STATE, ENTRY).why_not("rows.undo") == ""
    assert "is damaged: x." in Standing(STATE, replace(ENTRY, damaged="x")).why_not("rows.undo")
    assert Standing(replace(STATE, head=""), ENTRY).why_not("rows.undo") == "It has no journal that can be read."
    assert Standing(STATE, replace(ENTRY, damaged="x")).fits("plan.report"), "it is what is left"


def test_of_a_plan_that_nothing_holds_back_it_is_said_what_there_is_not() -> None:
    done = replace(STATE, results_by_id={target.id: Result(target, Outcome.FAILED) for target in PLAN.targets})
    said = {action: Standing(done, ENTRY).why_not(action) for action in ALL}
    assert said == {
        "plan.continue": "Nothing is left to send.",
        "plan.settle": "Nothing is unknown.",
        "plan.check": "There is nothing to check.",
        "plan.resend": "No message waits to be sent again.",
        "plan.close": "The plan is over: there is nothing to close.",
    }
    assert Standing(replace(done, closed=True), ENTRY).why_not("plan.continue") == said["plan.continue"]
    closed = Standing(replace(STATE, closed=True), ENTRY)
    assert closed.fits("plan.settle") and closed.fits("plan.check")
    for action in ("plan.continue", "plan.resend", "plan.close"):
        assert closed.why_not(action) == "The plan is closed: nothing more is sent for it."


def test_the_rest_is_offered_only_where_something_was_never_sent() -> None:
    sent = {**STATE.results_by_id, NEVER.id: Result(NEVER, Outcome.UNKNOWN)}
    standing = Standing(replace(STATE, results_by_id=sent), ENTRY)
    assert standing.why_not("plan.continue") == "All was sent: ‹plan.settle› asks what is unknown."
    assert standing.next_step() == [("Some are unknown: ‹plan.settle› asks.", "$text-warning")]
    assert standing.fits("plan.close")
    assert standing.why_not("plan.pause") == "Nothing of it is being sent now."


def test_that_the_lock_can_t_be_seen_keeps_no_key_back_and_is_said() -> None:
    standing = Standing(STATE, ENTRY, lock_unseen="The lock x can't be looked at: Permission denied.")
    assert all(standing.fits(action) for action in ALL)
    assert "It can't be seen whether another mailsluice acts on this account. The lock x" in str(standing.next_step())
