"""What a request may be: endpoints, queries and bodies, written from the API's documentation alone."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from tests.support.faulty import ACCOUNT, Received

JOB_ID = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
MailId = Annotated[str, Field(min_length=1)]
ConsoleScreen = Literal["Inbox", "JunkEmail", "DeletedItems", "RecoverableItemsDeletions", "RecoverableItemsPurges"]
SixVerdicts = Literal["MALICIOUS", "SUSPICIOUS", "SPOOF", "SPAM", "BULK", "NONE"]
TenVerdicts = SixVerdicts | Literal["MALICIOUS-BEC", "ENCRYPTED", "EXTERNAL", "UNKNOWN"]
Delivery = Literal["delivered", "moved", "quarantined", "rejected", "deferred", "bounced", "queued", "move_failed"]
MailAction = Literal["PREVIEW", "QUARANTINE_RELEASED", "MOVED"]
PageNumber = Annotated[str, Field(pattern=r"^[1-9]\d*$")]


def _page_size(value: str) -> str:
    assert re.fullmatch(r"\d{1,4}", value)
    assert 1 <= int(value) <= 1000
    return value


def _moment(value: str) -> str:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
    datetime.fromisoformat(value)
    return value


PageSize = Annotated[str, AfterValidator(_page_size)]
Moment = Annotated[str, AfterValidator(_moment)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NoQuery(Strict):
    pass


class Numbered(Strict):
    page: PageNumber
    per_page: PageSize


class SearchFields(Strict):
    start: Moment | None = None
    end: Moment | None = None
    query: str | None = None
    delivery_status: Delivery | None = None
    message_action: MailAction | None = None
    sender: str | None = None
    recipient: str | None = None
    subject: str | None = None
    domain: str | None = None
    message_id: str | None = None
    alert_id: str | None = None
    metric: str | None = None
    smtp_helo_ip: str | None = None


class SearchQuery(SearchFields):
    detections_only: Literal["true", "false"] = "true"
    final_disposition: SixVerdicts | None = None
    cursor: Annotated[str, Field(min_length=1)] | None = None
    per_page: PageSize


class MessageQuery(Strict):
    submission: Literal["true", "false"] = "false"


class JobsQuery(Numbered):
    status: Literal["PENDING", "DISCOVERING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"] | None = None
    action_type: Literal["MOVE", "RELEASE"] | None = None


class RowsQuery(Numbered):
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"] | None = None


class JobSearch(SearchFields):
    detections_only: bool = True
    exact_subject: str | None = None
    submissions: bool = False
    final_disposition: TenVerdicts | None = None


class MoveJob(Strict):
    action: Literal["MOVE"]
    search_params: JobSearch
    destination: ConsoleScreen
    comment: str | None = None


class ReleaseJob(Strict):
    action: Literal["RELEASE"]
    search_params: JobSearch
    comment: str | None = None


class Release(Strict):
    ids: Annotated[list[MailId], Field(min_length=1)]


class Move(Strict):
    destination: ConsoleScreen
    ids: Annotated[list[MailId], Field(min_length=1, max_length=1000)]


class MoveOne(Strict):
    destination: ConsoleScreen


class MailPreview(Strict):
    id: MailId


class Reclassify(Strict):
    expected_disposition: SixVerdicts
    eml_content: str | None = None


class FalsePositive(Strict):
    alert_id: Annotated[str, Field(min_length=1)]
    expected_disposition: SixVerdicts


class MissedDetection(Strict):
    postfix_id: Annotated[str, Field(min_length=1)]
    message_id: Annotated[str, Field(min_length=1)]
    recipient_emails: Annotated[list[str], Field(min_length=1)]
    expected_disposition: SixVerdicts


class FalsePositives(Strict):
    type: Literal["reclassification"]
    messages: Annotated[list[FalsePositive], Field(min_length=1)]


class MissedDetections(Strict):
    type: Literal["missed_detection"]
    messages: Annotated[list[MissedDetection], Field(min_length=1)]


SUBMISSIONS = f"/client/v4/accounts/{ACCOUNT}/email-security/submissions"
ES = f"/client/v4/accounts/{ACCOUNT}/email-security/investigate"
ID, JOB = r"(?P<id>[^/]+)", rf"bulk/{JOB_ID}"
ENDPOINTS: list[tuple[str, str, type[Strict], Any]] = [
    ("GET", "/client/v4/user/tokens/verify", NoQuery, None),
    ("GET", f"/client/v4/accounts/{ACCOUNT}/tokens/verify", NoQuery, None),
    ("GET", "/client/v4/accounts", Numbered, None),
    ("GET", ES, SearchQuery, None),
    ("GET", f"{ES}/bulk", JobsQuery, None),
    ("POST", f"{ES}/bulk", NoQuery, MoveJob | ReleaseJob),
    ("GET", f"{ES}/{JOB}", NoQuery, None),
    ("DELETE", f"{ES}/{JOB}", NoQuery, None),
    ("POST", f"{ES}/{JOB}/cancel", NoQuery, None),
    ("GET", f"{ES}/{JOB}/messages", RowsQuery, None),
    ("POST", f"{ES}/release", NoQuery, Release),
    ("POST", f"{ES}/move", NoQuery, Move),
    ("POST", f"{ES}/preview", NoQuery, MailPreview),
    ("GET", f"{ES}/{ID}", MessageQuery, None),
    ("GET", f"{ES}/{ID}/action_log", Numbered, None),
    ("GET", f"{ES}/{ID}/detections", NoQuery, None),
    ("POST", f"{ES}/{ID}/move", NoQuery, MoveOne),
    ("GET", f"{ES}/{ID}/preview", NoQuery, None),
    ("GET", f"{ES}/{ID}/raw", NoQuery, None),
    ("POST", f"{ES}/{ID}/reclassify", NoQuery, Reclassify),
    ("GET", f"{ES}/{ID}/trace", NoQuery, None),
    ("POST", SUBMISSIONS, NoQuery, FalsePositives | MissedDetections),
]


def check(request: Received) -> tuple[str, str]:
    """Which endpoint it is; AssertionError or ValidationError when it is none, or not as documented."""
    target = urlsplit(request.target)
    for method, path, query, body in ENDPOINTS:
        match = re.fullmatch(path, target.path) if method == request.method else None
        if match is None:
            continue
        pairs = parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query))
        assert len(dict(pairs)) == len(pairs), "a parameter twice"
        query.model_validate(dict(pairs))
        if body is None:
            assert request.body == b""
            assert "content-type" not in request.headers
        else:
            assert request.headers["content-type"] == "application/json"
            data = json.loads(request.body)
            TypeAdapter(body).validate_python(data)
            assert None not in data.values(), "what is not given is not sent"
        return method, path
    raise AssertionError(f"no such endpoint: {request.method} {request.target}")
