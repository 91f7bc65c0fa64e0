"""Every answer of the simulator, field by field, against models written from the API's documentation alone."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field

from tui_app.simulator.server import Simulator

T = TypeVar("T")
Destination = Literal["Inbox", "JunkEmail", "DeletedItems", "RecoverableItemsDeletions", "RecoverableItemsPurges"]
Disposition = Literal[
    "MALICIOUS", "MALICIOUS-BEC", "SUSPICIOUS", "SPOOF", "SPAM", "BULK", "ENCRYPTED", "EXTERNAL", "UNKNOWN", "NONE"
]
Delivery = Literal["delivered", "moved", "quarantined", "rejected", "deferred", "bounced", "queued", "move_failed"]


class Documented(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Source(Documented):
    pointer: str | None = None


class ResponseInfo(Documented):
    code: int
    message: str
    documentation_url: str | None = None
    source: Source | None = None
    error_chain: list["ResponseInfo"] | None = None


class Success(Documented, Generic[T]):
    success: Literal[True]
    errors: list[ResponseInfo] = Field(max_length=0)
    messages: list[ResponseInfo]
    result: T


class CursorResultInfo(Documented):
    count: int
    per_page: int
    total_count: Literal[0]
    next: str | None = None
    previous: str | None = None
    page: Literal[0] | None = None


class Listed(Success[list[T]], Generic[T]):
    result_info: CursorResultInfo


class Failure(Documented):
    success: Literal[False]
    errors: list[ResponseInfo] = Field(min_length=1)
    messages: list[ResponseInfo]
    result: None


class MoveParams(Documented):
    type: Literal["MOVE"]
    destination: Destination
    expected_disposition: Disposition | None = None


class ReleaseParams(Documented):
    type: Literal["RELEASE"]


class RowMoveParams(MoveParams):
    client_recipient: str


class RowReleaseParams(ReleaseParams):
    client_recipient: str


class OldJob(Documented):
    job_id: UUID
    action_type: Literal["MOVE", "RELEASE"]
    action_params: Annotated[MoveParams | ReleaseParams, Field(discriminator="type")]
    search_params: dict[str, Any]
    status: Literal["PENDING", "DISCOVERING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"]
    total_messages_discovered: int
    messages_pending: int
    messages_successful: int
    messages_failed: int
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    comment: str | None = None
    status_message: str | None = None


class NewJob(OldJob):
    status: Literal["PENDING", "DISCOVERING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
    messages_skipped: int
    messages_cancelled: int


class Validation(Documented):
    comment: str | None = None
    dkim: Literal["pass", "neutral", "fail", "error", "none"] | None = None
    dmarc: Literal["pass", "neutral", "fail", "error", "none"] | None = None
    spf: Literal["pass", "neutral", "fail", "error", "none"] | None = None


class NewMessage(Documented):
    id: str
    postfix_id: str
    client_recipients: list[str]
    is_quarantined: bool
    is_phish_submission: bool
    detection_reasons: list[str]
    properties: dict[str, Any]
    alert_id: str | None = None
    message_id: str | None = None
    subject: str | None = None
    from_: str | None = Field(None, alias="from")
    from_name: str | None = None
    envelope_from: str | None = None
    to: list[str] | None = None
    envelope_to: list[str] | None = None
    final_disposition: Disposition | None = None
    delivery_mode: Literal["DIRECT", "BCC", "JOURNAL", "API", "RETRO_SCAN"] | None = None
    delivery_status: list[Delivery] | None = None
    post_delivery_operations: list[Literal["PREVIEW", "QUARANTINE_RELEASE", "SUBMISSION", "MOVE"]] | None = None
    validation: Validation | None = None
    scanned_at: datetime | None = None
    sent_at: datetime | None = None
    smtp_helo_server_ip: str | None = None


class OldMessage(NewMessage):
    ts: datetime
    action_log: list[Any]
    findings: list[Any] | None


class OldRow(Documented):
    message_id: UUID
    postfix_id: str
    action_type: Literal["MOVE", "RELEASE"]
    action_params: Annotated[RowMoveParams | RowReleaseParams, Field(discriminator="type")]
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"]
    retry_count: int = Field(ge=0)
    created_at: datetime
    status_message: str | None = None
    retry_after: datetime | None = None
    processed_at: datetime | None = None
    alert_id: str | None = None
    email_message_id: str | None = None


class NewRow(OldRow):
    message: NewMessage | None = None


class NewReleased(Documented):
    id: str
    delivered: list[str] | None = None
    undelivered: list[str] | None = None
    failed: list[str] | None = None


class OldReleased(NewReleased):
    postfix_id: str


class Deleted(Documented):
    id: UUID


class Moved(Documented):
    success: bool
    status: str | None = None
    operation: str | None = None
    destination: str | None = None
    recipient: str | None = None
    message_id: str | None = None
    completed_at: datetime | None = None


@pytest.fixture(params=["simulator", "seed_simulator"])
def account(request: pytest.FixtureRequest) -> Simulator:
    simulator: Simulator = request.getfixturevalue(request.param)
    return simulator


class Caller:
    def __init__(self, simulator: Simulator) -> None:
        self.old = simulator.account.generation == "seed"
        self._http = httpx.Client(headers={"Authorization": f"Bearer {simulator.door.token}"}, trust_env=False)
        self._base = f"{simulator.base_url}/accounts/{simulator.account.account_id}/email-security/investigate"

    def __call__(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = self._http.request(method, self._base + path, **more)
        assert answer.status_code == status, answer.text
        assert answer.headers["cf-ray"]
        return answer.json()


@pytest.fixture
def call(account: Simulator) -> Caller:
    return Caller(account)


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
    assert len(seen) == len(set(seen)) == 143
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


def test_release_in_each_generation(account: Simulator, call: Caller) -> None:
    mails = account.account.held[:2]
    new_body: Any = {"ids": [mail.investigate_id for mail in mails]}
    old_body: Any = [mail.postfix_id for mail in mails]
    kind: Any = OldReleased if call.old else NewReleased
    Failure.model_validate(call("POST", "/release", 400, json=new_body if call.old else old_body))
    released = Success[list[kind]].model_validate(call("POST", "/release", json=old_body if call.old else new_body))
    assert [item.id for item in released.result] == [mail.investigate_id for mail in mails]


def test_move_and_one_message(account: Simulator, call: Caller) -> None:
    kind: Any = OldMessage if call.old else NewMessage
    mail = account.account.campaign[0]
    Success[kind].model_validate(call("GET", f"/{mail.investigate_id}"))
    moved = Success[list[Moved]].model_validate(
        call("POST", "/move", json={"destination": "Inbox", "ids": [mail.investigate_id]})
    )
    assert moved.result[0].recipient == mail.recipients[0]
    Success[list[Moved]].model_validate(call("POST", f"/{mail.investigate_id}/move", json={"destination": "JunkEmail"}))
    Failure.model_validate(call("GET", "/4Nnothing-2026-01-01T00:00:00-1", 404))


def test_search_refuses_what_it_does_not_know(call: Caller) -> None:
    for query in (
        "final_disposition=MALICIOUS-BEC",
        "start=2999-01-01T00:00:00Z",
        "delivery_status=lost",
        "cursor=nonsense",
        "detections_only=1",
    ):
        Failure.model_validate(call("GET", f"?{query}", 400))


def test_rate_limits_are_told() -> None:
    from tui_app.simulator.server import Options, running

    with running(Options(quota=2, messages=10, held=5)) as limited:
        headers = {"Authorization": f"Bearer {limited.door.token}"}
        answers = [httpx.get(f"{limited.base_url}/accounts", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith('"default";r=1;t=')
    assert answers[0].headers["ratelimit-policy"] == '"default";q=2;w=300'
    assert 0 < int(answers[2].headers["retry-after"]) <= 300
    assert Failure.model_validate(answers[2].json()).errors[0].code == 971
