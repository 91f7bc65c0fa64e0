"""What the answer to a move says of each message: nothing that it does not say of exactly that message and all its copies."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import Destination
from tui_app.api.models import MoveItem
from tui_app.core.text import Untrusted
from tui_app.plans.move import Move, match_moves
from tui_app.plans.plan import Target
from tui_app.plans.state import Outcome, Result

JUNK: Final = Destination.JUNK
ANA, BO, CY = "ana@acme.example", "bo@acme.example", "cy@acme.example"
GONE: Final = "Mailbox not found for recipient"


def mail(number: int, *recipients: str, message_id: str | None = None, **known: Any) -> Target:
    """A delivered message."""
    name = f"{number}@x.example" if message_id is None else message_id
    names = tuple(map(Untrusted, recipients or (ANA,)))
    return Target(
        f"4NAAAAAAAAAAAA{number:02d}-2026-11-20T10:00:00-{number}",
        recipients=names,
        **{"held": False, "message_id": name, "delivery": ("delivered",), **known},
    )


def item(number: int, recipient: str | None = ANA, success: bool = True, **other: Any) -> dict[str, Any]:
    """What an answer says of one copy."""
    status = "OK" if success else GONE
    usual = {
        "success": success,
        "status": status,
        "operation": "MOVE",
        "destination": JUNK.value,
        "recipient": recipient,
    }
    return {**usual, "message_id": f"<{number}@x.example>", **other}


def told(batch: Sequence[Target], items: Sequence[dict[str, Any]]) -> tuple[list[Result], tuple[str, ...]]:
    matched = match_moves(batch, [MoveItem.from_wire(each) for each in items], JUNK)
    assert [result.target for result in matched.results] == list(batch)
    return list(matched.results), matched.remarks


def outcomes(batch: Sequence[Target], *items: dict[str, Any]) -> list[Outcome]:
    return [result.outcome for result in told(batch, items)[0]]


def names(recipients: Sequence[Untrusted]) -> list[str]:
    return [name.exact for name in recipients]


def test_all_copies_together_make_an_outcome() -> None:
    batch = [mail(1, ANA, BO), mail(2, ANA, BO), mail(3, ANA, BO), mail(4, ANA, BO), mail(5, ANA, BO)]
    there = "Message is already in the destination folder"
    results, remarks = told(
        batch,
        [
            item(1, ANA), item(1, BO),
            item(2, ANA), item(2, BO, success=False),
            item(3, ANA, success=False), item(3, BO, success=False),
            item(4, ANA), item(4, BO, success=False, status=there),
            item(5, ANA, success=False, status=there), item(5, BO, status=there),
        ],
    )  # fmt: skip
    assert [result.outcome for result in results] == [
        Outcome.MOVED, Outcome.PARTLY_MOVED, Outcome.FAILED, Outcome.MOVED, Outcome.ALREADY_THERE,
    ]  # fmt: skip
    told_names = [(names(result.moved), names(result.already_there), names(result.failed)) for result in results]
    assert told_names == [
        ([ANA, BO], [], []),
        ([ANA], [], [BO]),
        ([], [], [ANA, BO]),
        ([ANA], [BO], []),
        ([], [ANA, BO], []),
    ]
    assert [result.why for result in results] == ["", GONE, GONE, "", ""]
    assert remarks == ()


@pytest.mark.parametrize(
    "items",
    [
        [],
        [item(1, ANA)],
        [item(1, ANA), item(1, BO), item(1, BO)],
        [item(1, ANA), item(1, BO), item(1, BO, success=False)],
        [item(1, ANA), item(1, BO), item(1, "BO@ACME.example", success=False)],
        [item(1, ANA), item(1, BO, destination="Inbox")],
        [item(1, ANA), item(1, BO, destination="junkemail")],
        [item(1, ANA), item(1, BO, operation="QUARANTINE_RELEASE")],
        [item(1, ANA), item(1, BO, message_id="<2@x.example>")],
        [item(1, ANA), item(1, BO, message_id=None)],
        [item(1, ANA), item(1, None)],
        [item(1, ANA), item(1, BO, status="FAILED")],
        [item(1, ANA), item(1, BO, status="Throttled, will be tried again")],
        [item(1, ANA), item(1, BO, success=False, status="OK")],
        [item(1, ANA), item(1, CY)],
    ],
    ids=[
        "nothing", "one copy is missing", "twice", "twice and otherwise", "twice in other letters", "another folder",
        "an unknown folder", "another action", "another message", "no Message-ID", "no recipient", "success beside FAILED",
        "success and more", "no success beside OK", "another recipient",
    ],
)  # fmt: skip
def test_what_is_not_said_of_each_copy_once_is_unknown(items: list[dict[str, Any]]) -> None:
    (result,), _ = told([mail(1, ANA, BO)], items)
    assert (result.outcome, bool(result.why)) == (Outcome.UNKNOWN, True)
    assert result.by_recipient() == (), "half of an answer is told as none"


@pytest.mark.parametrize(
    "change",
    [
        {"message_id": "1@x.example"}, {"message_id": " <1@x.example> "}, {"recipient": "Ana@ACME.Example"},
        {"recipient": "Ana <ana@acme.example>"}, {"destination": None}, {"operation": None}, {"operation": "move"},
        {"status": None}, {"status": ""}, {"status": "Success"}, {"more": 1},
    ],
)  # fmt: skip
def test_the_same_in_another_form_is_the_same(change: dict[str, Any]) -> None:
    assert outcomes([mail(1)], {**item(1), **change}) == [Outcome.MOVED]


def test_a_failure_without_a_word_is_told_as_such() -> None:
    (result,), _ = told([mail(1)], [item(1, success=False, status=None)])
    assert (result.outcome, result.why) == (Outcome.FAILED, "the answer gives no reason")


@pytest.mark.parametrize("words", ["Message was already moved by the user", "The user already moved or deleted it"])
def test_what_somebody_moved_elsewhere_is_not_told_as_being_there(words: str) -> None:
    assert outcomes([mail(1)], item(1, success=False, status=words)) == [Outcome.FAILED]


def test_a_message_whose_copies_nobody_can_name_is_unknown_whatever_the_answer_says() -> None:
    batch = [mail(1, message_id=""), mail(2, recipients_known=False), mail(3)]
    items = [item(1, message_id=""), item(2), item(3)]
    assert outcomes(batch, *items) == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.MOVED]


def test_what_two_messages_share_is_unknown_for_both_and_for_no_other() -> None:
    batch = [mail(1, ANA, BO), mail(2, BO, CY, message_id="1@x.example"), mail(3)]
    items = [item(1, ANA), item(1, BO), item(1, CY), item(3)]
    results, remarks = told(batch, items)
    assert [result.outcome for result in results] == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.MOVED]
    assert {result.why for result in results[:2]} == {"another message has the same Message-ID and recipient"}
    assert remarks == ()
    # The same Message-ID in other mailboxes is told apart.
    assert outcomes(
        [mail(1, ANA), mail(2, BO, message_id="1@x.example")], item(1, ANA), item(1, BO, success=False)
    ) == [
        Outcome.MOVED,
        Outcome.FAILED,
    ]


def test_what_was_not_asked_for_is_told() -> None:
    _, remarks = told([mail(1)], [item(1), item(1, CY), item(9), item(1, None), item(1, message_id=None)])
    assert remarks == (
        f"the answer names 1@x.example for {CY}, which was not asked for",
        f"the answer names 9@x.example for {ANA}, which was not asked for",
        "2 items of the answer without a Message-ID or a recipient",
    )
    _, remarks = told([mail(1)], [item(1), *(item(number) for number in range(2, 50))])
    assert len(remarks) == 6
    assert remarks[-1] == "the answer names 43 more that were not asked for"


def test_what_a_sender_wrote_into_his_message_id_can_not_act_on_a_terminal() -> None:
    _, remarks = told([mail(1)], [item(1), item(2, message_id="<\x1b[2J\n" + "a" * 500 + ">")])
    assert remarks[0].isprintable()
    assert len(remarks[0]) < 300


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"held": True}, "held: a move acts on delivered mail"),
        ({"held": None}, "can't tell whether it is held"),
        ({"investigate_id": None, "postfix_id": "4N"}, "only its postfix id is known: a move needs the investigate id"),
        ({"investigate_id": None, "postfix_id": "4N", "checked": False}, "only its postfix id is known: a move needs the investigate id"),
        ({"delivery": ("bounced",)}, "not delivered: bounced"),
        ({"delivery": ("bounced", "delivered")}, ""),
        ({"delivery": ("move_failed",)}, ""),
        ({"delivery": ("what is new",)}, ""),
    ],
)  # fmt: skip
def test_only_delivered_mail_with_an_investigate_id_can_be_moved(changes: dict[str, Any], why: str) -> None:
    assert Move(JUNK).unfit(replace(mail(1), **changes)) == why


# ---- any answer

STATUSES: Final = (None, "", "OK", "ok", "moved", "FAILED", GONE, "already in the folder", "Throttled")
SPELLINGS: Final = (str, str.upper, lambda name: f"Somebody <{name}>")

messages = st.lists(
    st.tuples(st.integers(1, 4), st.lists(st.sampled_from((ANA, BO, CY)), min_size=1, max_size=3, unique=True)),
    min_size=1,
    max_size=4,
)
anything = st.fixed_dictionaries(
    {
        "success": st.booleans(),
        "status": st.sampled_from(STATUSES),
        "operation": st.sampled_from((None, "MOVE", "MOVE", "PREVIEW")),
        "destination": st.sampled_from((None, JUNK.value, JUNK.value, "Inbox", "Elsewhere")),
        "recipient": st.sampled_from((None, *(spell(name) for name in (ANA, BO, CY) for spell in SPELLINGS))),
        "message_id": st.sampled_from((None, *(f"<{number}@x.example>" for number in range(1, 6)), "1@x.example")),
    }
)


def copy_of(each: dict[str, Any]) -> tuple[str, str] | None:
    """Which copy an item is about, in words of our own."""
    if each["message_id"] is None or each["recipient"] is None:
        return None
    recipient = each["recipient"].lower()
    return each["message_id"].strip("<>"), recipient.partition("<")[2].strip(">") or recipient


@st.composite
def answered(draw: st.DrawFn) -> tuple[list[Target], list[dict[str, Any]]]:
    """Messages, some of which share a Message-ID, and an answer in which a copy is told rightly, wrongly, or not at all."""
    batch = [
        mail(10 + at, *recipients, message_id=f"{number}@x.example")
        for at, (number, recipients) in enumerate(draw(messages))
    ]
    items = draw(st.lists(anything, max_size=4))
    for target in batch:
        for name in target.recipients:
            right = {**item(1, name.exact), "message_id": f"<{target.message_id}>"}
            mostly = st.sampled_from((right, right, {**right, "success": False, "status": GONE}, None))
            chosen = draw(st.one_of(mostly, mostly, mostly, anything))
            items += [] if chosen is None else [chosen]
    return batch, items


@given(case=answered(), seed=st.integers(0, 9))
def test_no_outcome_is_told_that_the_answer_does_not_say(
    case: tuple[list[Target], list[dict[str, Any]]], seed: int
) -> None:
    batch, items = case
    results, remarks = told(batch, items)
    for result in results:
        target = result.target
        ends = {name.exact: end for end, ends in result.by_recipient() for name in ends}
        if result.outcome is Outcome.UNKNOWN:
            assert (ends, bool(result.why)) == ({}, True)
            continue
        assert set(ends) == {name.exact for name in target.recipients}, "each copy is told"
        for name, end in ends.items():
            pair = (target.message_id, name)
            assert sum((other.message_id == pair[0]) and name in names(other.recipients) for other in batch) == 1
            (said,) = [each for each in items if copy_of(each) == pair]
            assert said["destination"] in (None, JUNK.value)
            assert said["operation"] in (None, "MOVE")
            status = (said["status"] or "").lower()
            if "already" in status:
                assert end is Outcome.ALREADY_THERE
            else:
                assert end is (Outcome.MOVED if said["success"] else Outcome.FAILED)
                assert said["success"] is (status in ("", "ok", "moved")) or (not said["success"] and not status)
        moved, failed = Outcome.MOVED in ends.values(), Outcome.FAILED in ends.values()
        assert (result.outcome is Outcome.MOVED) is (moved and not failed)
        assert (result.outcome is Outcome.FAILED) is (set(ends.values()) == {Outcome.FAILED})
    asked = {(target.message_id, name) for target in batch for name in names(target.recipients)}
    strangers = {copy_of(each) for each in items} - asked - {None}
    nameless = [each for each in items if copy_of(each) is None]
    assert bool(remarks) is bool(strangers or nameless)
    for pair in sorted(filter(None, strangers))[:1]:
        assert len(strangers) > 5 or any(pair[0] in remark and pair[1] in remark for remark in remarks)
    # In whatever order they come.
    again, _ = told(batch, Random(seed).sample(items, len(items)))
    assert [(result.outcome, result.by_recipient()) for result in again] == [
        (result.outcome, result.by_recipient()) for result in results
    ]
