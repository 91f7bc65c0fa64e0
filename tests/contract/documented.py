"""Models of every answer, written from the API's documentation alone."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

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
    replyto: str | None = None
    edf_hash: str | None = None
    threat_categories: list[str] | None = None
    to: list[str] | None = None
    to_name: list[str] | None = None
    envelope_to: list[str] | None = None
    final_disposition: Disposition | None = None
    delivery_mode: (
        Literal[
            "DIRECT",
            "BCC",
            "JOURNAL",
            "REVIEW_SUBMISSION",
            "DMARC_UNVERIFIED",
            "DMARC_FAILURE_REPORT",
            "DMARC_AGGREGATE_REPORT",
            "THREAT_INTEL_SUBMISSION",
            "SIMULATION_SUBMISSION",
            "API",
            "RETRO_SCAN",
        ]
        | None
    ) = None
    delivery_status: list[Delivery] | None = None
    post_delivery_operations: list[Literal["PREVIEW", "QUARANTINE_RELEASE", "SUBMISSION", "MOVE"]] | None = None
    validation: Validation | None = None
    scanned_at: datetime | None = None
    sent_at: datetime | None = None
    sent_date: str | None = None
    smtp_helo_server_ip: str | None = None
    smtp_previous_hop_ip: str | None = None
    x_originating_ip: str | None = None


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


class NewMoved(Documented):
    success: bool
    status: str | None = None
    operation: str | None = None
    destination: str | None = None
    recipient: str | None = None
    message_id: str | None = None
    completed_at: datetime | None = None


class OldMoved(NewMoved):
    completed_timestamp: datetime
    item_count: int


class PageResultInfo(Documented):
    count: int
    page: int
    per_page: int
    total_count: int
    total_pages: int


class Counted(Success[list[T]], Generic[T]):
    result_info: PageResultInfo


class ActionProperties(Documented):
    folder: str | None = None
    requested_by: str | None = None
    requested_disposition: str | None = None
    service: str | None = None
    submission_id: str | None = None
    submission_type: str | None = None


class NewAction(Documented):
    operation: Literal["PREVIEW", "QUARANTINE_RELEASE", "SUBMISSION", "MOVE"]
    status: str | None = None
    success: bool | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    properties: ActionProperties | None = None


class OldAction(NewAction):
    completed_timestamp: str


class MailPreview(Documented):
    screenshot: Base64Bytes


class Raw(Documented):
    raw: str


class SubmissionResult(Documented):
    id: str
    accepted: bool
    error: str | None = None


class SubmissionResults(Documented):
    results: list[SubmissionResult]


class Header(Documented):
    name: str
    value: str


class MailLink(Documented):
    href: str
    text: str | None = None


class SenderInfo(Documented):
    as_name: str | None = None
    as_number: int | None = None
    geo: str | None = None
    ip: str | None = None
    pld: str | None = None


class ThreatCategory(Documented):
    id: int | None = None
    name: str | None = None
    description: str | None = None


class Attachment(Documented):
    size: int = Field(ge=0)
    content_type: str | None = None
    detection: Disposition | None = None
    encrypted: bool | None = None
    filename: str | None = None
    name: str | None = None
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None


class Finding(Documented):
    attachment: str | None = None
    detail: str | None = None
    detection: Disposition | None = None
    field: str | None = None
    name: str | None = None
    portion: str | None = None
    reason: str | None = None
    score: float | None = None
    value: str | None = None


class Detections(Documented):
    action: str
    final_disposition: Disposition | None = None
    findings: list[Finding] | None
    threat_categories: list[ThreatCategory]
    validation: Validation
    sender_info: SenderInfo
    headers: list[Header]
    links: list[MailLink]
    attachments: list[Attachment]


class NewTraceLine(Documented):
    lineno: int
    logged_at: datetime | None = None
    message: str


class OldTraceLine(NewTraceLine):
    ts: str


class Way(Documented, Generic[T]):
    lines: list[T] | None = None
    pending: bool | None = None


class Trace(Documented, Generic[T]):
    inbound: Way[T]
    outbound: Way[T]


class Nothing(Documented):
    """An object without fields."""


class AccountSettings(Documented):
    abuse_contact_email: str | None = None
    enforce_twofactor: bool | None = None


class Account(Documented):
    id: str = Field(min_length=32, max_length=32)
    name: str
    type: Literal["standard", "enterprise"]
    created_on: datetime | None = None
    settings: AccountSettings | None = None


class Verified(Documented):
    id: str = Field(min_length=32, max_length=32)
    status: Literal["active", "disabled", "expired"]
    expires_on: datetime | None = None
    not_before: datetime | None = None
