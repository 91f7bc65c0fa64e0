"""Submissions on the wire: what is asked, and which answers tell of each message."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.faulty import Cut, Received, answer, failure, faulty, success
from tests.support.services import lonely_service
from tui_app.api.enums import Disposition
from tui_app.api.submission import SubmissionItem, SubmissionType, SubmittedMail
from tui_app.api.write_result import Ambiguous, Done, Refused, WriteResult
from tui_app.core.errors import UsageError

FALSE, MISSED = SubmissionType.RECLASSIFICATION, SubmissionType.MISSED_DETECTION
MAILS = [SubmittedMail(f"id{n}", f"alert{n}", f"postfix{n}", f"<m{n}@x>", (f"u{n}@x", "both@x")) for n in range(3)]
YES: dict[str, Any] = {"accepted": True}


async def submitted(said: bytes, **more: Any) -> tuple[WriteResult[tuple[SubmissionItem, ...]], list[Received]]:
    asked: dict[str, Any] = {"kind": FALSE, "expected": Disposition.NONE, "mails": MAILS, **more}
    async with faulty(lambda _: said) as server:
        service = lonely_service(server.base_url)
        result = await service.client.submit_messages(asked["kind"], asked["expected"], asked["mails"])
        await service.close()
        return result, server.received


def told(*items: Any) -> bytes:
    return answer(202, success({"results": items}))


async def test_a_false_positive_is_named_by_its_alert_id_and_a_missed_one_by_its_mailboxes() -> None:
    _, (request,) = await submitted(told())
    assert (request.method, request.target.rpartition("/email-security/")[2]) == ("POST", "submissions")
    assert json.loads(request.body) == {
        "type": "reclassification",
        "messages": [{"alert_id": f"alert{n}", "expected_disposition": "NONE"} for n in range(3)],
    }
    _, (request,) = await submitted(told(), kind=MISSED, expected=Disposition.SPOOF)
    body = json.loads(request.body)
    assert (body["type"], body["messages"][1]) == (
        "missed_detection",
        {
            "postfix_id": "postfix1",
            "message_id": "<m1@x>",
            "recipient_emails": ["u1@x", "both@x"],
            "expected_disposition": "SPOOF",
        },
    )


async def test_each_message_has_the_item_in_its_place() -> None:
    result, received = await submitted(
        told({"id": "s0", **YES}, {"id": "s1", "accepted": False, "error": "no such message"}, YES)
    )
    assert isinstance(result, Done)
    assert [(item.accepted, item.error and item.error.exact) for item in result.value] == [
        (True, None),
        (False, "no such message"),
        (True, None),
    ]
    assert len(received) == 1


NO: dict[str, Any] = {"accepted": False, "error": "no"}
REAL = [
    SubmittedMail(
        f"4N00000000000{n}01-2026-11-19T00:00:0{n}-1000000{n}",
        f"4N00000000000{n}01-2026-11-19T00:00:0{n}",
        f"4N00000000000{n}01",
        f"<m{n}@x>",
        (f"u{n}@x",),
    )
    for n in range(3)
]


@pytest.mark.parametrize("field", ["id", "alert_id", "postfix_id", "message_id", "investigate_id", "new_field"])
@pytest.mark.parametrize(
    "name",
    [
        lambda mail: mail.id,
        lambda mail: mail.alert_id,
        lambda mail: mail.postfix_id,
        lambda mail: mail.message_id,
        lambda mail: mail.message_id.strip("<>"),
    ],
)
@pytest.mark.parametrize("kind", [FALSE, MISSED])
async def test_any_name_of_a_message_says_which_one_an_item_is_about(
    kind: SubmissionType, name: Callable[[SubmittedMail], str], field: str
) -> None:
    more = {"kind": kind, "mails": REAL, "expected": Disposition.SPAM}

    def items(*order: int) -> bytes:
        return told(*({field: name(REAL[n]), **(NO if n == 0 else YES)} for n in order))

    for order in ((0, 1, 2), (2, 0, 1)):
        result, _ = await submitted(items(*order), **more)
        assert isinstance(result, Done)
        assert [item.accepted for item in result.value] == [False, True, True], order
    for wrong in ((0, 2, 2), (1, 1, 2)):
        result, received = await submitted(items(*wrong), **more)
        assert (type(result), len(received)) == (Ambiguous, 1), wrong
    only_some = told({field: name(REAL[1]), **YES}, YES, YES)
    assert isinstance((await submitted(only_some, **more))[0], Ambiguous), "in which order the others are nobody knows"


async def test_an_item_that_names_two_messages_or_one_that_was_not_asked_for_tells_of_none() -> None:
    two = {"alert_id": REAL[0].alert_id, "postfix_id": REAL[1].postfix_id, **YES}
    inside = {"message": {"alert_id": REAL[1].alert_id}, **YES}
    strange = {"id": "4NZZZZZZZZZZZ01-2026-11-19T00:00:00", **YES}
    for item in (two, inside, strange):
        assert isinstance((await submitted(told(item, YES, YES), mails=REAL))[0], Ambiguous), item


async def test_a_name_that_several_messages_bear_says_nothing_of_the_order() -> None:
    mails = [replace(mail, message_id="<same@x>") for mail in REAL]
    result, _ = await submitted(told(*({"message_id": "<same@x>", **YES} for _ in mails)), mails=mails)
    assert isinstance(result, Done)
    result, _ = await submitted(told(YES, {"error": REAL[0].alert_id, "accepted": False}, YES), mails=mails)
    assert isinstance(result, Done), "an error is a text"


@pytest.mark.parametrize(
    "said",
    [
        told(YES, YES),
        told(YES, YES, YES, YES),
        told(),
        answer(202, success(None)),
        answer(202, success([YES] * 3)),
        answer(202, success({"results": None})),
        told(YES, YES, {"id": "x"}),
        told(YES, YES, {"accepted": "true"}),
        told(YES, YES, "yes"),
        told({"id": "alert1", **YES}, {"id": "alert0", **YES}, YES),
        told({"id": "alert1", **YES}, {"id": "alert1", **YES}, {"id": "alert2", **YES}),
        answer(202, b"<html>"),
        answer(500, failure(1, "oh")),
        answer(504, b"<html>"),
        Cut(b"HTTP/1.1 202 X\r\ncontent-length: 99\r\n\r\n{"),
    ],
)
async def test_an_answer_that_does_not_tell_of_each_message_tells_of_none_and_it_is_sent_once(said: bytes) -> None:
    result, received = await submitted(said)
    assert isinstance(result, Ambiguous)
    assert len(received) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_is_refused_is_not_sent_again(status: int) -> None:
    result, received = await submitted(answer(status, failure(10000, "no")))
    assert isinstance(result, Refused)
    assert len(received) == 1


async def test_what_was_answered_429_is_sent_again() -> None:
    answers = [answer(429, failure(1, "slow down"), retry_after="1"), told(YES, YES, YES)]
    async with faulty(lambda _: answers.pop(0)) as server:
        service = lonely_service(server.base_url)
        assert isinstance(await service.client.submit_messages(FALSE, Disposition.NONE, MAILS), Done)
        await service.close()


@pytest.mark.parametrize(
    ("kind", "expected", "count"),
    [(FALSE, "MALICIOUS", 1), (MISSED, "NONE", 1), (FALSE, "NONE", 101), (FALSE, "NONE", 0), (MISSED, "ENCRYPTED", 1)],
)
async def test_what_makes_no_sense_is_not_sent(kind: SubmissionType, expected: str, count: int) -> None:
    service = lonely_service("http://127.0.0.1:9")
    with pytest.raises(UsageError, match="Nothing was sent"):
        await service.client.submit_messages(kind, Disposition(expected), [MAILS[0]] * count)
    await service.close()
