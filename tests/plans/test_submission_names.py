"""A message is reported under its own names only: a name that the server told may be that of another mail."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tui_app.api.enums import Destination, Disposition
from tui_app.core.text import Untrusted
from tui_app.plans.effect import Effect
from tui_app.plans.plan import Plan, Target
from tui_app.plans.state import Outcome, Phase, PlanState, Result
from tui_app.plans.submission import ToSubmit, choose, type_for
from tui_app.plans.submission_names import FOREIGN_ALERT_ID, FOREIGN_NAMES


def _name(number: int) -> str:
    return f"4N00000000000{number}01-2026-11-19T00:00:00-1"


def _chosen(effect: Effect, *told: dict[str, Any]) -> ToSubmit:
    """What is chosen of messages of which an answer told this; what it did not tell is as it should be."""
    targets = [
        replace(
            Target(
                _name(n),
                _name(n).partition("-")[0],
                header_id=f"<m{n}@x>",
                alert_id=_name(n)[:-2],
                disposition=Disposition.NONE,
            ),
            **more,
        )
        for n, more in enumerate(told)
    ]
    plan = Plan.make([Target(t.id) for t in targets], "x", 25, Random(1), effect=effect)
    outcome = Outcome.MOVED if effect.is_move else Outcome.DELIVERED
    results = {t.id: Result(t, outcome, moved=(Untrusted(f"u{n}@x"),)) for n, t in enumerate(targets)}
    kind = type_for(effect)
    assert kind is not None
    return choose(PlanState(plan, Phase.DONE, results), kind, {t.id: t for t in targets}, [])


JUNK = Effect.move(Destination.JUNK)
FOREIGN = "4NZZZZZZZZZZZ01-2026-11-19T00:00:00"


@pytest.mark.parametrize(
    ("told", "left_out"),
    [
        ([{}, {}], []),
        ([{"alert_id": FOREIGN}, {}], [0]),
        ([{"alert_id": FOREIGN}, {"alert_id": FOREIGN}], [0, 1]),
        ([{"alert_id": f"{FOREIGN}-7"}, {}], [0]),
        ([{"alert_id": _name(1)[:-2]}, {}], [0]),
        ([{"alert_id": "a form of its own"}, {}], []),
        ([{"alert_id": "a form of its own"}, {"alert_id": " A form of its own"}, {}], [0, 1]),
        ([{"alert_id": _name(0)[:-2]}, {"investigate_id": f"{_name(0)}2", "alert_id": _name(0)[:-2]}], [0, 1]),
        ([{"investigate_id": "x", "alert_id": FOREIGN}, {}], []),
        ([{"investigate_id": "x", "alert_id": _name(1)[:-2]}, {}], [0]),
        ([{"investigate_id": None, "alert_id": FOREIGN}, {}], [0]),
        ([{"investigate_id": None}, {}], []),
    ],
    ids=str,
)
def test_an_alert_id_of_another_mail_is_never_reported(told: list[dict[str, Any]], left_out: list[int]) -> None:
    chosen = _chosen(Effect(), *told)
    assert list(chosen.left_out.values()) == [FOREIGN_ALERT_ID] * len(left_out)
    assert len(chosen.mails) == len(told) - len(left_out)
    assert {mail.alert_id for mail in chosen.mails}.isdisjoint({FOREIGN} if left_out else ())


@pytest.mark.parametrize(
    ("told", "left_out"),
    [
        ([{}, {}], []),
        ([{"postfix_id": "4NZZZZZZZZZZZ01"}, {}], [0]),
        ([{"postfix_id": _name(1).partition("-")[0]}, {}], [0]),
        ([{"postfix_id": "other"}, {}], []),
        ([{"postfix_id": "other"}, {"postfix_id": "other"}, {}], [0, 1]),
        ([{"header_id": "<m@x>"}, {"header_id": "m@X"}, {}], [0, 1]),
        ([{"header_id": "<m1@x>"}, {}], [0, 1]),
    ],
    ids=str,
)
def test_a_missed_mail_is_not_reported_under_the_names_of_another(
    told: list[dict[str, Any]], left_out: list[int]
) -> None:
    chosen = _chosen(JUNK, *told)
    assert list(chosen.left_out.items()) == [(_name(n), FOREIGN_NAMES) for n in left_out]
    assert len(chosen.mails) == len(told) - len(left_out)
