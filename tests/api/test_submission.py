"""Submissions on the wire: what is asked, and which answers tell of each message."""

import json
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


async def test_the_alert_ids_may_come_back_in_their_places() -> None:
    result, _ = await submitted(told(*({"id": mail.alert_id, **YES} for mail in MAILS)))
    assert isinstance(result, Done)


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
