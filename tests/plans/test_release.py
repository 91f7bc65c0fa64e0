"""What the answer to a release says of each message."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.faulty import Received, answer, faulty, success
from tests.support.services import held_mail, lonely_service
from tui_app.api.errors import Invalid, Notice
from tui_app.api.models import ReleaseItem
from tui_app.core.state_file import StateFile
from tui_app.core.text import Untrusted
from tui_app.plans.commands import Send
from tui_app.plans.effect import TO_RELEASE
from tui_app.plans.release import Release, _released, rejects_the_body, release_outcome
from tui_app.plans.state import Outcome


@pytest.mark.parametrize(
    ("lists", "outcome"),
    [
        ({"delivered": ["a"]}, Outcome.DELIVERED),
        ({"delivered": ["a"], "undelivered": ["b"]}, Outcome.PARTLY),
        ({"delivered": ["a"], "undelivered": ["b"], "failed": ["c"]}, Outcome.PARTLY),
        ({"delivered": None}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_only_named_recipients_make_a_message_delivered(lists: dict[str, object], outcome: Outcome) -> None:
    assert release_outcome(ReleaseItem.from_wire({"id": "i", **lists})) is outcome


@pytest.mark.parametrize(
    ("status", "pointer", "about_the_body"),
    [(400, "", True), (422, "/ids", True), (400, "/ids/3", False), (403, "", False)],
)
def test_only_a_refusal_of_the_whole_body_allows_the_other_body(
    status: int, pointer: str, about_the_body: bool
) -> None:
    error = Invalid("no", request="POST x", status=status, notices=[Notice(1, Untrusted("m"), Untrusted(pointer))])
    assert rejects_the_body(error) is about_the_body


@pytest.mark.parametrize(
    ("words", "about_the_body"),
    [("Expected array, received object", True), ("No route for that URI", False), ("", False)],
)
def test_a_refusal_without_a_pointer_counts_only_if_it_speaks_of_the_body(words: str, about_the_body: bool) -> None:
    notices = [Notice(1, Untrusted(words))] if words else []
    assert rejects_the_body(Invalid("no", request="POST x", status=400, notices=notices)) is about_the_body


# ---- whom an id names

NAMES = [f"4NAAAAAAAAAAAA{n:02d}" for n in range(3)]
IDS = [f"{name}-2026-11-20T10:00:00-1" for name in NAMES]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"id": IDS[0], "postfix_id": NAMES[0]}, Outcome.DELIVERED),
        ({"id": IDS[0]}, Outcome.DELIVERED),
        ({"postfix_id": NAMES[0]}, Outcome.DELIVERED),
        ({"id": IDS[1], "postfix_id": NAMES[0]}, Outcome.UNKNOWN),
        ({"id": IDS[0], "postfix_id": NAMES[1]}, Outcome.UNKNOWN),
    ],
)
def test_an_item_with_an_id_of_another_message_delivers_nothing(said: dict[str, str], outcome: Outcome) -> None:
    result = _released(held_mail(IDS[0], NAMES[0]), ReleaseItem.from_wire({**said, "delivered": ["bo@acme.example"]}))
    assert result.outcome is outcome
    assert bool(result.why) is (outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("known", "told", "outcome"),
    [
        ({}, {"delivered": ["ceo@other.example"]}, Outcome.UNKNOWN),
        ({}, {"undelivered": ["ceo@other.example"]}, Outcome.UNKNOWN),
        ({}, {"delivered": ["ceo@other.example", "Bo@ACME.example"]}, Outcome.DELIVERED),
        ({"recipients_known": False}, {"delivered": ["ceo@other.example"]}, Outcome.DELIVERED),
        ({"recipients": ()}, {"delivered": ["ceo@other.example"]}, Outcome.DELIVERED),
    ],
)
def test_an_item_that_names_only_recipients_of_others_is_about_another_mail(
    known: dict[str, Any], told: dict[str, Any], outcome: Outcome
) -> None:
    target = held_mail(IDS[0], **{"recipients": (Untrusted("bo@acme.example"),), "recipients_known": True} | known)
    assert _released(target, ReleaseItem.from_wire({"id": IDS[0], **told})).outcome is outcome


def held(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": IDS[number], "postfix_id": NAMES[number], "is_quarantined": True, "final_disposition": "BULK", **changes
    }  # fmt: skip


TWIN = held(2, postfix_id=NAMES[0])


@pytest.mark.parametrize(
    "others",
    [
        [TWIN],
        [{**TWIN, "final_disposition": "MALICIOUS"}, {**TWIN, "final_disposition": "SUSPICIOUS"}],
        [{**TWIN, "is_quarantined": None}],
        [{**TWIN, "is_quarantined": None}, {**TWIN, "is_quarantined": None, "final_disposition": "SPAM"}],
    ],
    ids=["one verdict", "two verdicts", "perhaps held", "perhaps held, two verdicts"],
)
async def test_a_postfix_id_that_may_free_something_else_never_goes_out(others: list[dict[str, Any]]) -> None:
    bodies: list[Any] = []

    def script(request: Received) -> bytes:
        if request.method == "GET":
            return answer(200, success([held(0), held(1), *others], result_info={"next": None}))
        bodies.append(json.loads(request.body))
        return answer(200, success([{"postfix_id": name, "delivered": ["a@b.example"]} for name in bodies[-1]]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        service.plans.actions = {TO_RELEASE: Release(replace(service.settings, release_body="postfix"), StateFile())}
        targets = [held_mail(name, postfix) for name, postfix in zip(IDS[:2], NAMES, strict=False)]
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
    assert bodies == [[NAMES[1]]]
    assert [state.outcome_of(target) for target in targets] == [Outcome.LEFT_OUT, Outcome.DELIVERED]
    assert "names 2 held messages (BULK" in state.results_by_id[IDS[0]].why
