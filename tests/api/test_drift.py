"""What nobody documented is noticed, once for each kind of thing, and read all the same."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_decoding import JSON
from tests.api.test_http import JOB_ID, client_at
from tests.api.test_models import JOB
from tests.support.faulty import Received, answer, faulty, success
from tui_app.api.details import Detections, LogEntry, Trace
from tui_app.api.drift import MAX_FINDINGS, Drift, describe
from tui_app.api.models import Job, MoveItem, ReleaseItem, TokenStatus
from tui_app.api.rows import JobMessage, Message
from tui_app.api.search import SearchParams
from tui_app.core.text import Untrusted

ROW: dict[str, Any] = {
    "message_id": "d3a0b2e3-0e30-4deb-ad03-a9529a3a7cf1",
    "postfix_id": "4N34",
    "action_type": "MOVE",
    "action_params": {"type": "MOVE", "destination": "Inbox", "client_recipient": "a@b.example"},
    "status": "FAILED",
    "retry_count": 1,
    "created_at": "2026-11-20T12:00:00Z",
    "message": {
        "id": "i",
        "subject": "s",
        "from": "f@g.example",
        "final_disposition": "SPAM",
        "delivery_status": ["moved"],
    },
}


def seen(drift: Drift) -> set[tuple[str, str, str]]:
    return {(finding.kind, finding.where, finding.what.exact) for finding in drift.findings}


def test_what_is_documented_is_no_drift() -> None:
    drift = Drift()
    Job.from_wire({**JOB, "started_at": None, "status_message": "x"}, drift)
    JobMessage.from_wire(ROW, drift)
    Message.from_wire(
        {"id": "i", "ts": "x", "action_log": [], "findings": None, "properties": {}, "validation": {}}, drift
    )
    TokenStatus.from_wire({"id": "x", "status": "active", "expires_on": "2027-01-01T00:00:00Z"}, drift)
    ReleaseItem.from_wire({"id": "i", "postfix_id": "p", "delivered": None}, drift)
    MoveItem.from_wire({"success": True, "item_count": 1, "completed_timestamp": "x", "status": "OK"}, drift)
    Trace.from_wire(
        {"inbound": {"lines": [{"lineno": 1, "ts": "x", "message": "m"}], "pending": None}, "outbound": {}}, drift
    )
    assert drift.findings == ()


def test_unknown_fields_and_values_are_noticed_at_every_depth() -> None:
    drift = Drift()
    Job.from_wire(
        {**JOB, "status": "PAUSED", "shard": 7, "action_params": {"type": "MOVE", "destination": "Attic", "why": 1}},
        drift,
    )
    JobMessage.from_wire(
        {
            **ROW,
            "status": "QUEUED",
            "lane": 1,
            "action_params": {**ROW["action_params"], "folder": "x"},
            "message": {
                **ROW["message"],
                "final_disposition": "GREYMAIL",
                "delivery_status": ["moved", "lost"],
                "hue": 1,
            },
        },
        drift,
    )
    Detections.from_wire({"action": "x", "attachments": [{"size": 1, "crc": "x"}, None, {"size": 2}]}, drift)
    LogEntry.from_wire({"operation": "RECALL", "properties": {"mood": "x"}}, drift)
    assert seen(drift) == {
        ("field", "Job", "shard"),
        ("value", "Job.status", "PAUSED"),
        ("field", "ActionParams", "why"),
        ("value", "ActionParams.destination", "Attic"),
        ("field", "JobMessage", "lane"),
        ("value", "JobMessage.status", "QUEUED"),
        ("field", "JobMessage.action_params", "folder"),
        ("field", "Message", "hue"),
        ("value", "Message.final_disposition", "GREYMAIL"),
        ("value", "Message.delivery_status", "lost"),
        ("field", "Attachment", "crc"),
        ("value", "LogEntry.operation", "RECALL"),
        ("field", "LogProperties", "mood"),
    }


def test_a_thousand_times_the_same_is_one_finding_and_the_record_has_an_end() -> None:
    drift = Drift()
    for _ in range(1000):
        JobMessage.from_wire({**ROW, "lane": 1}, drift)
    (finding,) = drift.findings
    assert (finding.where, finding.count) == ("JobMessage", 1000)
    drift.fields("Job", (f"f{number}" for number in range(2 * MAX_FINDINGS)))
    assert len(drift.findings) == MAX_FINDINGS
    assert drift.left_out == MAX_FINDINGS + 1


def test_announcements_of_an_end_are_kept_by_endpoint() -> None:
    drift = Drift()
    for number in range(3):
        drift.headers(f"GET investigate/4Njp{number}/trace", {"sunset": "Tue, 01 Dec 2026 00:00:00 GMT", "server": "x"})
    (finding,) = drift.findings
    assert (finding.kind, finding.where, finding.count) == ("header", "GET investigate/…/trace", 3)
    assert finding.what.exact == "sunset: Tue, 01 Dec 2026 00:00:00 GMT"


def test_a_hostile_name_is_text() -> None:
    drift = Drift()
    Job.from_wire({**JOB, "\x1b[2J" * 200: 1}, drift)
    (finding,) = drift.findings
    assert "\x1b" not in str(finding.what)
    assert len(finding.what.exact) == 200


async def test_lists_are_looked_at_by_their_first_page_and_single_answers_always() -> None:
    def script(request: Received) -> bytes:
        if "messages" in request.target:
            return answer(200, success([{**ROW, "message_id": f"m{n}", request.target[-8:]: 1} for n in range(3)]))
        if "cursor" in request.target or "detections_only" in request.target:
            name = "second" if "cursor" in request.target else "first"
            return answer(200, success([{"id": name, name: 1}], result_info={"next": "c"}))
        return answer(200, success({**JOB, "shard": 7}))

    async with faulty(script) as server, client_at(server.base_url) as client:
        for page in (1, 2):
            rows = await client.list_job_messages(JOB_ID, page=page, per_page=3)
            assert [row.id for row in rows.items] == ["m0", "m1", "m2"]
        found = await client.search_messages(SearchParams())
        assert [mail.id.exact for mail in (await client.search_messages(SearchParams(), cursor=found.next)).items] == [
            "second"
        ]
        for _ in range(2):
            await client.get_job(JOB_ID)
        assert {(finding.where, finding.what.exact, finding.count) for finding in client.transport.drift.findings} == {
            ("JobMessage", "r_page=3", 3),
            ("Message", "first", 1),
            ("Job", "shard", 2),
        }


def test_what_is_not_documented_is_told_in_plain_words() -> None:
    drift = Drift()
    assert describe(drift) == ()
    drift.fields("Message", ["hue\x1b[2J"])
    assert describe(drift) == ("The API sent 1 thing that is not documented:", "Message has the field 'hue␛[2J'")
    drift.value("JobMessage.status", Untrusted("QUEUED"))
    drift.value("JobMessage.status", Untrusted("QUEUED"))
    drift.headers("GET investigate/x", {"sunset": "soon"})
    assert describe(drift)[0] == "The API sent 3 things that are not documented:"
    assert describe(drift)[2:] == (
        "JobMessage.status is 'QUEUED', 2 times",
        "GET investigate/… came with the header 'sunset: soon'",
    )
    drift.fields("Job", (f"f{number}" for number in range(2 * MAX_FINDINGS)))
    assert describe(drift)[-1].startswith("and more, 50")


@given(
    st.dictionaries(st.sampled_from([*ROW, "extra"]), JSON),
    st.dictionaries(
        st.sampled_from(["id", "from", "final_disposition", "delivery_status", "post_delivery_operations", "x"]), JSON
    ),
)
def test_any_json_in_a_row_is_read_and_noticed(fields: dict[str, Any], mail: dict[str, Any]) -> None:
    drift = Drift()
    row = JobMessage.from_wire(
        {**fields, "message_id": "m", "status": json.dumps(fields.get("status")), "message": mail}, drift
    )
    for field in (
        "status",
        "recipient",
        "retry_count",
        "created_at",
        "subject",
        "sender",
        "destination",
        "action_type",
        "investigate_id",
    ):
        assert str(getattr(row, field)).isprintable()
    assert all(str(finding.what).isprintable() for finding in drift.findings)
    message = Message.from_wire({**mail, "id": "m"}, drift)
    assert all(
        str(value).isprintable()
        for value in (message.sender, *message.delivery_status, *message.recipients, message.final_disposition)
    )
