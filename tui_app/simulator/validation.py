"""Checks what the simulated API accepts: fields, enums and limits, by generation."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

ACTIONS = ("MOVE", "RELEASE")
DESTINATIONS = ("Inbox", "JunkEmail", "DeletedItems", "RecoverableItemsDeletions", "RecoverableItemsPurges")
JOB_STATES = ("PENDING", "DISCOVERING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED")
ROW_STATES = ("PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED")
SEARCH_DISPOSITIONS = ("MALICIOUS", "SUSPICIOUS", "SPOOF", "SPAM", "BULK", "NONE")
DISPOSITIONS = (
    "MALICIOUS",
    "MALICIOUS-BEC",
    "SUSPICIOUS",
    "SPOOF",
    "SPAM",
    "BULK",
    "ENCRYPTED",
    "EXTERNAL",
    "UNKNOWN",
    "NONE",
)
DELIVERY_STATES = ("delivered", "moved", "quarantined", "rejected", "deferred", "bounced", "queued", "move_failed")
MESSAGE_ACTIONS = ("PREVIEW", "QUARANTINE_RELEASED", "MOVED")
TEXT_FIELDS = (
    "query",
    "sender",
    "recipient",
    "subject",
    "exact_subject",
    "domain",
    "message_id",
    "alert_id",
    "metric",
    "smtp_helo_ip",
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class InvalidRequest(Exception):
    """A request that the API refuses: which field, and why."""

    def __init__(self, message: str, pointer: str, code: int = 10400, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.code = code
        self.status = status


def one_of(value: object, allowed: tuple[str, ...], pointer: str) -> str:
    """The value, if it is one of the allowed strings. Raises InvalidRequest."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidRequest(f"must be one of {', '.join(allowed)}", pointer)
    return value


def moment(value: object, pointer: str) -> datetime:
    """The value as a time. Raises InvalidRequest."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise InvalidRequest("must be an RFC 3339 date-time", pointer)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidRequest("must be an RFC 3339 date-time", pointer) from None


def page_number(query: Mapping[str, str]) -> int:
    """`page`, at least 1. Raises InvalidRequest."""
    return _whole(query.get("page", "1"), 1, 10**9, "/query/page")


def page_size(query: Mapping[str, str], low: int = 1, high: int = 1000) -> int:
    """`per_page`, 20 by default. Raises InvalidRequest."""
    return _whole(query.get("per_page", "20"), low, high, "/query/per_page")


def flag(query: Mapping[str, str], name: str) -> bool:
    """A parameter that is `true` or `false`, false by default. Raises InvalidRequest."""
    return one_of(query.get(name, "false"), ("true", "false"), f"/query/{name}") == "true"


def _whole(text: str, low: int, high: int, pointer: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text) or not low <= int(text) <= high:
        raise InvalidRequest(f"must be a whole number from {low} to {high}", pointer)
    return int(text)


def search_body(params: object, generation: str) -> dict[str, Any]:
    """The `search_params` of a new job, checked. Raises InvalidRequest."""
    if not isinstance(params, dict):
        raise InvalidRequest("search_params is required and must be an object", "/search_params")
    deliveries = DELIVERY_STATES if generation == "new" else DELIVERY_STATES[:-1]
    for name, value in params.items():
        pointer = f"/search_params/{name}"
        if name in ("start", "end"):
            moment(value, pointer)
        elif name in ("detections_only", "submissions", "action_log"):
            if not isinstance(value, bool):
                raise InvalidRequest("must be true or false", pointer)
        elif value is None:
            continue
        elif name == "final_disposition":
            one_of(value, DISPOSITIONS, pointer)
        elif name == "delivery_status":
            one_of(value, deliveries, pointer)
        elif name == "message_action":
            one_of(value, MESSAGE_ACTIONS, pointer)
        elif name in TEXT_FIELDS and not (generation == "seed" and name == "smtp_helo_ip"):
            if not isinstance(value, str):
                raise InvalidRequest("must be a string", pointer)
        else:
            raise InvalidRequest("unknown search parameter", pointer)
    return params


def search_query(query: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The query of a search, checked, with booleans and times as such. Raises InvalidRequest."""
    checked: dict[str, Any] = {}
    for name, value in query.items():
        pointer = f"/query/{name}"
        if name in ("start", "end"):
            checked[name] = value
            if name == "start" and moment(value, pointer) > now:
                raise InvalidRequest("start must not be in the future", pointer)
            moment(value, pointer)
        elif name == "detections_only":
            checked[name] = one_of(value, ("true", "false"), pointer) == "true"
        elif name == "final_disposition":
            checked[name] = one_of(value, SEARCH_DISPOSITIONS, pointer)
        elif name == "delivery_status":
            checked[name] = one_of(value, DELIVERY_STATES, pointer)
        elif name == "message_action":
            checked[name] = one_of(value, MESSAGE_ACTIONS, pointer)
        elif name in TEXT_FIELDS:
            if name == "exact_subject":
                raise InvalidRequest("unknown query parameter", pointer)
            checked[name] = value
    return checked


def move_ids(body: dict[str, Any]) -> list[str]:
    """The ids of a move: 1 to 1,000 in `ids`, or in the deprecated `postfix_ids`. Raises InvalidRequest."""
    name = "ids" if "ids" in body or "postfix_ids" not in body else "postfix_ids"
    ids = body.get(name)
    if not isinstance(ids, list) or not 1 <= len(ids) <= 1000 or not all(isinstance(i, str) for i in ids):
        raise InvalidRequest("must be an array of 1 to 1000 strings", f"/{name}")
    return ids


def reclassification(body: object) -> str:
    """The disposition that a reclassification expects. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be an object", "")
    for name in ("eml_content", "escalated_submission_id"):
        if body.get(name) is not None and not isinstance(body[name], str):
            raise InvalidRequest("must be a string", f"/{name}")
    try:
        base64.b64decode(body.get("eml_content") or "", validate=True)
    except ValueError:
        raise InvalidRequest("must be base64", "/eml_content") from None
    return one_of(body.get("expected_disposition"), SEARCH_DISPOSITIONS, "/expected_disposition")


def release_ids(body: object, generation: str) -> list[str]:
    """The ids of a release body: an object with `ids`, or a list in the oldest generation. Raises InvalidRequest."""
    ids: object
    if generation == "seed":
        if not isinstance(body, list):
            raise InvalidRequest("Invalid input: expected array, received object", "")
        ids, pointer = body, ""
    else:
        if not isinstance(body, dict):
            raise InvalidRequest("Invalid input: expected object, received array", "")
        ids, pointer = body.get("ids"), "/ids"
        if not isinstance(ids, list):
            raise InvalidRequest("ids is required and must be an array", pointer)
    if not isinstance(ids, list) or not ids:
        raise InvalidRequest("must have at least 1 item", pointer)
    for index, value in enumerate(ids):
        if not isinstance(value, str):
            raise InvalidRequest("must be a string", f"{pointer}/{index}")
    return ids
