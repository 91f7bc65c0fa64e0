"""Submissions: each message has its result, what was accepted is on record, and nothing malformed is taken."""

import base64
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.contract.caller import Caller
from tests.contract.documented import Counted, Failure, NewAction, OldAction, SubmissionResults, Success
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Simulator


def reclassification(*messages: Any) -> Any:
    return {"type": "reclassification", "messages": [{"expected_disposition": "NONE", **each} for each in messages]}


def missed(mail: Mail, **more: Any) -> Any:
    message = {
        "postfix_id": mail.postfix_id,
        "message_id": mail.header_id,
        "recipient_emails": list(mail.recipients),
        "expected_disposition": "MALICIOUS",
        **more,
    }
    return {"type": "missed_detection", "messages": [message]}


def results(call: Caller, body: Any) -> list[tuple[bool, str | None]]:
    told = Success[SubmissionResults].model_validate(call.submissions("POST", status=202, json=body)).result.results
    assert len({UUID(each.id) for each in told}) == len(told)
    return [(each.accepted, each.error) for each in told]


def test_each_message_has_its_result_in_order(account: Simulator, call: Caller) -> None:
    first, second = account.account.held[:2]
    body = reclassification({"alert_id": first.alert_id}, {"alert_id": "4Nx"}, {"alert_id": second.alert_id})
    assert results(call, body) == [(True, None), (False, "no such message"), (True, None)]
    assert results(call, body) == [
        (False, "already submitted"),
        (False, "no such message"),
        (False, "already submitted"),
    ]
    lines = account.account.truth.of("submission")
    assert [(line["id"], line["accepted"]) for line in lines[:3]] == [
        (first.investigate_id, True),
        (None, False),
        (second.investigate_id, True),
    ]
    assert {(line["type"], line["expected"]) for line in lines} == {("reclassification", "NONE")}


def test_an_accepted_submission_is_in_the_action_log_and_in_the_message(account: Simulator, call: Caller) -> None:
    mail = account.account.held[0]
    told = call.submissions("POST", status=202, json=reclassification({"alert_id": mail.alert_id}))["result"]["results"]
    kind: Any = OldAction if call.old else NewAction
    (entry,) = Counted[kind].model_validate(call("GET", f"/{mail.investigate_id}/action_log")).result
    assert (entry.operation, entry.success) == ("SUBMISSION", True)
    assert entry.properties.submission_id == told[0]["id"]
    assert (entry.properties.submission_type, entry.properties.requested_disposition) == ("reclassification", "NONE")
    assert call("GET", f"/{mail.investigate_id}")["result"]["post_delivery_operations"] == ["SUBMISSION"]


def test_only_mail_without_a_detection_can_be_a_missed_one(account: Simulator, call: Caller) -> None:
    clean = next(mail for mail in account.account.campaign if not mail.is_detection)
    text = base64.b64encode(b"Subject: x").decode()
    assert results(call, missed(account.account.held[0])) == [(False, "message has a detection")]
    assert results(call, missed(clean, message_id="<another@x.example>")) == [(False, "no such message")]
    assert results(call, missed(clean, recipient_emails=["else@x.example"])) == [(False, "no such message")]
    assert results(call, missed(clean, eml_content=text)) == [(True, None)]
    log = call("GET", f"/{clean.investigate_id}/action_log")["result"]
    assert log[-1]["properties"]["submission_type"] == "missed_detection"


def test_a_message_of_a_job_s_row_can_be_submitted(account: Simulator, call: Caller) -> None:
    done = next(job for job in call("GET", "/bulk?status=COMPLETED")["result"] if job["messages_failed"] == 140)
    row = call("GET", f"/bulk/{done['job_id']}/messages?per_page=1")["result"][0]
    assert results(call, reclassification({"alert_id": row["alert_id"]})) == [(True, None)]


def test_a_submission_is_escalated_once_and_by_its_id_only(account: Simulator, call: Caller) -> None:
    alert = {"alert_id": account.account.held[0].alert_id}
    first = call.submissions("POST", status=202, json=reclassification(alert))["result"]["results"][0]["id"]
    other = reclassification({**alert, "escalated_submission_id": "x"})
    again = reclassification({**alert, "escalated_submission_id": first})
    assert [results(call, body)[0] for body in (other, again, again)] == [
        (False, "already submitted"),
        (True, None),
        (False, "already submitted"),
    ]


def test_submissions_are_listed_in_pages_newest_first(account: Simulator, call: Caller) -> None:
    mails = account.account.held[:5]
    for mail in mails:
        call.submissions("POST", status=202, json=reclassification({"alert_id": mail.alert_id}))
    pages = [
        Counted[dict[str, Any]].model_validate(call.submissions("GET", f"?per_page=2&page={n}")) for n in (1, 2, 3)
    ]
    listed = [item for page in pages for item in page.result]
    assert [item["alert_id"] for item in listed] == [mail.alert_id for mail in reversed(mails)]
    assert {(item["status"], item["type"], item["requested_disposition"]) for item in listed} == {
        ("unreviewed", "reclassification", "NONE")
    }
    assert all(UUID(item["submission_id"]) and item["requested_at"].endswith("Z") for item in listed)
    assert (pages[0].result_info.total_count, pages[0].result_info.total_pages) == (5, 3)
    Failure.model_validate(call.submissions("GET", "?per_page=0", 400))


GOOD: Any = {"alert_id": "x", "expected_disposition": "SPAM"}
MISSED: Any = {"postfix_id": "x", "message_id": "x", "recipient_emails": ["x"], "expected_disposition": "SPAM"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"type": "other", "messages": [GOOD]},
        {"type": "reclassification"},
        {"type": "reclassification", "messages": []},
        {"type": "reclassification", "messages": [7]},
        {"type": "reclassification", "messages": [GOOD], "more": 1},
        {"type": "reclassification", "messages": [MISSED]},
        {"type": "reclassification", "messages": [GOOD, {**GOOD, "expected_disposition": "UNKNOWN"}]},
        {"type": "reclassification", "messages": [{**GOOD, "alert_id": 7}]},
        {"type": "reclassification", "messages": [{**GOOD, "escalated_submission_id": 7}]},
        {"type": "missed_detection", "messages": [GOOD]},
        {"type": "missed_detection", "messages": [{**MISSED, "recipient_emails": []}]},
        {"type": "missed_detection", "messages": [{**MISSED, "recipient_emails": "x"}]},
        {"type": "missed_detection", "messages": [{**MISSED, "eml_content": "%"}]},
        {"type": "missed_detection", "messages": [{**MISSED, "expected_disposition": None}]},
    ],
)
def test_a_malformed_submission_submits_nothing(account: Simulator, call: Caller, body: Any) -> None:
    refused = Failure.model_validate(call.submissions("POST", status=400, json=body))
    assert refused.errors[0].source is not None
    assert account.account.truth.of("submission") == []


def test_a_read_only_token_lists_and_does_not_submit(account: Simulator) -> None:
    url = f"{account.base_url}/accounts/{account.account.account_id}/email-security/submissions"
    headers = {"Authorization": f"Bearer {account.authenticator.read_token}"}
    body = reclassification({"alert_id": account.account.held[0].alert_id})
    assert httpx.post(url, headers=headers, json=body, trust_env=False).status_code == 403
    assert httpx.get(url, headers=headers, trust_env=False).json()["result"] == []
