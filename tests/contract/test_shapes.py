"""Every answer about jobs and lists, field by field, in both generations."""

from typing import Any

import httpx
import pytest

from tests.contract.caller import Caller
from tests.contract.documented import (
    Deleted,
    Failure,
    Listed,
    NewJob,
    NewMessage,
    NewRow,
    OldJob,
    OldMessage,
    OldRow,
    Success,
)
from tui_app.simulator.server import Options, running


def test_jobs(call: Caller) -> None:
    kind: Any = OldJob if call.old else NewJob
    listed = Listed[kind].model_validate(call("GET", "/bulk"))
    assert listed.result_info.count == len(listed.result) == 12
    for job in listed.result:
        Success[kind].model_validate(call("GET", f"/bulk/{job.job_id}"))
        if not call.old:
            counted = (
                job.messages_pending
                + job.messages_successful
                + job.messages_failed
                + job.messages_skipped
                + job.messages_cancelled
            )
            assert counted == job.total_messages_discovered
    assert (listed.result_info.page == 0) is call.old


def test_rows_of_all_jobs(call: Caller) -> None:
    kind: Any = OldRow if call.old else NewRow
    for job in call("GET", "/bulk")["result"]:
        listed = Listed[kind].model_validate(call("GET", f"/bulk/{job['job_id']}/messages?per_page=200"))
        assert listed.result_info.per_page == 200


def test_pages_by_number_and_cursor_meet_their_limits(call: Caller) -> None:
    kind: Any = OldMessage if call.old else NewMessage
    seen: list[str] = []
    cursor = ""
    while True:
        page = Listed[kind].model_validate(
            call("GET", f"?detections_only=false&delivery_status=quarantined&per_page=50{cursor}")
        )
        seen += [message.id for message in page.result]
        if page.result_info.next is None:
            break
        cursor = f"&cursor={page.result_info.next}"
    assert len(seen) == len(set(seen)) == 143 + 64 + 450
    for query in ("per_page=0", "per_page=1001", "page=0", "page=x"):
        Failure.model_validate(call("GET", f"/bulk?{query}", 400))
    assert len(call("GET", "/bulk?per_page=5&page=3")["result"]) == 2


def test_a_job_s_life(call: Caller) -> None:
    kind: Any = OldJob if call.old else NewJob
    body = {
        "action": "MOVE",
        "destination": "Inbox",
        "search_params": {"sender": "evil.example", "subject": None},
        "comment": None,
    }
    job = Success[kind].model_validate(call("POST", "/bulk", 201, json=body)).result
    Failure.model_validate(call("DELETE", f"/bulk/{job.job_id}", 409))
    assert Success[kind].model_validate(call("POST", f"/bulk/{job.job_id}/cancel")).result.status == "CANCELLED"
    Failure.model_validate(call("POST", f"/bulk/{job.job_id}/cancel", 409))
    assert Success[Deleted].model_validate(call("DELETE", f"/bulk/{job.job_id}")).result.id == job.job_id
    Failure.model_validate(call("GET", f"/bulk/{job.job_id}", 404))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "ERASE", "search_params": {}}, "/action"),
        ({"action": "MOVE", "search_params": {}}, "/destination"),
        ({"action": "MOVE", "destination": "Attic", "search_params": {}}, "/destination"),
        ({"action": "RELEASE"}, "/search_params"),
        ({"action": "RELEASE", "search_params": {"start": "yesterday"}}, "/search_params/start"),
        ({"action": "RELEASE", "search_params": {"delivery_status": "lost"}}, "/search_params/delivery_status"),
        ({"action": "RELEASE", "search_params": {"detections_only": "no"}}, "/search_params/detections_only"),
        ([], ""),
    ],
)
def test_a_malformed_job_is_refused_with_the_place_of_the_fault(call: Caller, body: Any, pointer: str) -> None:
    refused = Failure.model_validate(call("POST", "/bulk", 400, json=body))
    assert refused.errors[0].source is not None
    assert refused.errors[0].source.pointer == pointer


def test_rate_limits_are_told() -> None:
    with running(Options(quota=2, messages=10, held=5)) as limited:
        headers = {"Authorization": f"Bearer {limited.authenticator.token}"}
        answers = [httpx.get(f"{limited.base_url}/accounts", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith('"default";r=1;t=')
    assert answers[0].headers["ratelimit-policy"] == '"default";q=2;w=300'
    assert 0 < int(answers[2].headers["retry-after"]) <= 300
    assert Failure.model_validate(answers[2].json()).errors[0].code == 971
