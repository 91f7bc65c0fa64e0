"""What the answer to a release says of each message."""

import pytest

from tui_app.api.errors import Invalid, Notice
from tui_app.api.models import ReleaseItem
from tui_app.core.text import Untrusted
from tui_app.plans.actions import rejects_the_body, release_outcome
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
