"""Every answer about mail, field by field, in both generations."""

import base64
import email
import email.policy
from typing import Any

import pytest

from tests.contract.caller import Caller
from tests.contract.documented import (
    Counted,
    Detections,
    Failure,
    Listed,
    MailPreview,
    NewAction,
    NewMessage,
    NewMoved,
    NewReleased,
    NewTraceLine,
    Nothing,
    OldAction,
    OldMessage,
    OldMoved,
    OldReleased,
    OldTraceLine,
    Raw,
    Success,
    Trace,
)
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Simulator

NOWHERE = "/4Nnothing-2026-01-01T00:00:00-1"


@pytest.fixture
def clean(account: Simulator) -> Mail:
    """A delivered mail without a detection."""
    return next(mail for mail in account.account.campaign if not mail.is_detection)


def test_release_in_each_generation(account: Simulator, call: Caller) -> None:
    mails = account.account.held[:2]
    new_body: Any = {"ids": [mail.investigate_id for mail in mails]}
    old_body: Any = [mail.postfix_id for mail in mails]
    kind: Any = OldReleased if call.old else NewReleased
    Failure.model_validate(call("POST", "/release", 400, json=new_body if call.old else old_body))
    released = Success[list[kind]].model_validate(call("POST", "/release", json=old_body if call.old else new_body))
    assert [item.id for item in released.result] == [mail.investigate_id for mail in mails]


def test_move_and_one_message(account: Simulator, call: Caller) -> None:
    message, moved_kind = (OldMessage, OldMoved) if call.old else (NewMessage, NewMoved)
    kind: Any = moved_kind
    mail = account.account.campaign[0]
    Success[message].model_validate(call("GET", f"/{mail.investigate_id}"))
    body = {"destination": "Inbox", "ids": [mail.investigate_id]}
    moved = Success[list[kind]].model_validate(call("POST", "/move", json=body)).result
    assert [item.recipient for item in moved] == list(mail.recipients)
    assert all(item.success and item.completed_at and item.message_id == mail.header_id for item in moved)
    one = call("POST", f"/{mail.investigate_id}/move", json={"destination": "JunkEmail"})
    assert Success[list[kind]].model_validate(one).result[0].destination == "JunkEmail"
    by_queue = {"destination": "Inbox", "postfix_ids": [mail.postfix_id]}
    Success[list[kind]].model_validate(call("POST", "/move", json=by_queue))
    Failure.model_validate(call("GET", NOWHERE, 404))


def test_mail_that_is_held_is_in_no_mailbox_to_be_moved_from(account: Simulator, call: Caller) -> None:
    mail = next(mail for mail in account.account.held if len(mail.recipients) > 1)
    moved = call("POST", "/move", json={"destination": "Inbox", "ids": [mail.investigate_id]})["result"]
    assert [item["success"] for item in moved] == [False] * len(mail.recipients)
    assert account.account.truth.of("move")[-1]["outcome"] == "not moved"
    assert mail.quarantined


@pytest.mark.parametrize(
    "body",
    [
        {"destination": "Attic", "ids": ["x"]},
        {"destination": "Inbox", "ids": []},
        {"destination": "Inbox", "ids": ["x"] * 1001},
        {"destination": "Inbox"},
        {"ids": ["x"]},
        [],
    ],
)
def test_a_malformed_move_moves_nothing(account: Simulator, call: Caller, body: Any) -> None:
    assert Failure.model_validate(call("POST", "/move", 400, json=body)).errors[0].source is not None
    known = account.account.campaign[0].investigate_id
    Failure.model_validate(call("POST", "/move", 400, json={"destination": "Inbox", "ids": [known, "unknown"]}))
    assert account.account.truth.of("move") == []


def test_what_is_kept_of_a_detection(account: Simulator, call: Caller) -> None:
    for mail in account.account.held[-25:]:
        found = Success[Detections].model_validate(call("GET", f"/{mail.investigate_id}/detections")).result
        assert found.final_disposition == mail.disposition
        assert [finding.reason for finding in found.findings or []] == list(mail.reasons)
        raw = Success[Raw].model_validate(call("GET", f"/{mail.investigate_id}/raw")).result.raw
        assert raw.startswith("Received: ")
        head = raw.partition("\r\n\r\n")[0]
        assert all(line.startswith(" ") or ": " in line for line in head.splitlines())
    plain = account.account.held[0]
    parsed = email.message_from_string(
        call("GET", f"/{plain.investigate_id}/raw")["result"]["raw"], policy=email.policy.default
    )
    assert (parsed["subject"], parsed["message-id"]) == (plain.subject, plain.header_id)


def test_a_picture_is_a_png(account: Simulator, call: Caller, clean: Mail) -> None:
    held = account.account.held[0]
    for answer in (
        call("GET", f"/{held.investigate_id}/preview"),
        call("POST", "/preview", json={"id": clean.investigate_id}),
    ):
        assert Success[MailPreview].model_validate(answer).result.screenshot.startswith(b"\x89PNG\r\n\x1a\n")
    seen = account.account.truth.of("preview")
    assert [entry["id"] for entry in seen] == [held.investigate_id, clean.investigate_id]
    Failure.model_validate(call("POST", "/preview", 404, json={"id": held.investigate_id}))
    Failure.model_validate(call("POST", "/preview", 400, json={"id": 7}))


def test_of_clean_mail_only_the_metadata_is_kept(call: Caller, clean: Mail) -> None:
    for part in ("detections", "raw", "preview"):
        Failure.model_validate(call("GET", f"/{clean.investigate_id}/{part}", 404))
    for part in ("detections", "raw", "preview", "trace", "action_log"):
        Failure.model_validate(call("GET", f"{NOWHERE}/{part}", 404))


def test_a_trace_is_pending_once_at_most(account: Simulator, call: Caller) -> None:
    kind: Any = OldTraceLine if call.old else NewTraceLine
    pending: set[bool | None] = set()
    for mail in account.account.held[:12]:
        first = Success[Trace[kind]].model_validate(call("GET", f"/{mail.investigate_id}/trace")).result
        again = Success[Trace[kind]].model_validate(call("GET", f"/{mail.investigate_id}/trace")).result
        assert first.inbound.lines
        assert [line.lineno for line in first.inbound.lines] == [1, 2]
        assert (again.outbound.pending, again.outbound.lines) == (False, [])
        pending.add(first.outbound.pending)
    assert pending == {True, False}


def test_the_action_log_says_what_was_done(account: Simulator, call: Caller) -> None:
    kind: Any = OldAction if call.old else NewAction
    mail = account.account.held[0]
    assert Counted[kind].model_validate(call("GET", f"/{mail.investigate_id}/action_log")).result == []
    call("POST", "/release", json=[mail.postfix_id] if call.old else {"ids": [mail.investigate_id]})
    call("POST", f"/{mail.investigate_id}/move", json={"destination": "JunkEmail"})
    call("POST", f"/{mail.investigate_id}/reclassify", 202, json={"expected_disposition": "SPAM"})
    call("GET", f"/{mail.investigate_id}/preview")
    log = Counted[kind].model_validate(call("GET", f"/{mail.investigate_id}/action_log?per_page=3"))
    assert [entry.operation for entry in log.result] == ["QUARANTINE_RELEASE", "MOVE", "SUBMISSION"]
    assert all(entry.success and entry.completed_at for entry in log.result)
    assert log.result[1].properties.folder == "JunkEmail"
    assert log.result[2].properties.requested_disposition == "SPAM"
    assert (log.result_info.count, log.result_info.total_count, log.result_info.total_pages) == (3, 4, 2)
    rest = Counted[kind].model_validate(call("GET", f"/{mail.investigate_id}/action_log?per_page=3&page=2"))
    assert [entry.operation for entry in rest.result] == ["PREVIEW"]
    assert Trace[Any].model_validate(call("GET", f"/{mail.investigate_id}/trace")["result"])


def test_the_action_log_knows_jobs(account: Simulator, call: Caller) -> None:
    done = next(job for job in call("GET", "/bulk?status=COMPLETED")["result"] if job["messages_failed"] == 140)
    for state, success in (("FAILED", False), ("COMPLETED", True)):
        row = call("GET", f"/bulk/{done['job_id']}/messages?status={state}&per_page=1")["result"][0]
        job = account.account.jobs[done["job_id"]]
        mail = next(job.target(n).mail for n in range(job.size) if job.target(n).mail.alert_id == row["alert_id"])
        log = call("GET", f"/{mail.investigate_id}/action_log")["result"]
        assert [(entry["operation"], entry["success"]) for entry in log] == [("MOVE", success)]
        assert log[0]["properties"]["requested_by"] == f"bulk-job:{done['job_id']}"
        assert log[0]["status"] == (row["status_message"] or "OK")


def test_reclassification_is_taken_and_checked(account: Simulator, call: Caller) -> None:
    mail = account.account.campaign[0]
    body = {"expected_disposition": "NONE", "eml_content": base64.b64encode(b"Subject: x").decode()}
    Success[Nothing].model_validate(call("POST", f"/{mail.investigate_id}/reclassify", 202, json=body))
    for wrong in ({}, {"expected_disposition": "UNKNOWN"}, {"expected_disposition": "SPAM", "eml_content": "%"}, []):
        Failure.model_validate(call("POST", f"/{mail.investigate_id}/reclassify", 400, json=wrong))
    entries = account.account.truth.of("reclassify")
    assert [(entry["id"], entry["expected_disposition"]) for entry in entries] == [(mail.investigate_id, "NONE")]


def test_submissions_are_kept_apart(account: Simulator, call: Caller) -> None:
    kind: Any = OldMessage if call.old else NewMessage
    submission = account.account.submissions[0]
    Failure.model_validate(call("GET", f"/{submission.investigate_id}", 404))
    found = Success[kind].model_validate(call("GET", f"/{submission.investigate_id}?submission=true")).result
    assert found.is_phish_submission
    Failure.model_validate(call("GET", f"/{account.account.held[0].investigate_id}?submission=true", 404))
    Failure.model_validate(call("GET", f"/{submission.investigate_id}?submission=1", 400))
    listed = Listed[kind].model_validate(call("GET", "?detections_only=false&per_page=1000")).result
    assert submission.investigate_id not in {message.id for message in listed}
    params = {"submissions": True, "detections_only": False}
    body = {"action": "MOVE", "destination": "Inbox", "search_params": params}
    job = call("POST", "/bulk", 201, json=body)["result"]
    assert account.account.jobs[job["job_id"]].size == len(account.account.submissions)


def test_search_refuses_what_it_does_not_know(call: Caller) -> None:
    for query in (
        "final_disposition=MALICIOUS-BEC",
        "start=2999-01-01T00:00:00Z",
        "delivery_status=lost",
        "cursor=nonsense",
        "detections_only=1",
    ):
        Failure.model_validate(call("GET", f"?{query}", 400))
