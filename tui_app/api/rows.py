"""Mail and the rows of jobs: what comes by the hundred thousand.

So each is a tuple of plain JSON values, which costs the garbage collector nothing, and a field is made of its value when
somebody looks at it: a server's string becomes Untrusted on the way out, there is no other way.

Shapes: Cloudflare API reference, Email Security › Investigate › list, bulk › messages. `ts`, `action_log` and `findings`
ended on 2026-11-01 and may be gone; the oldest shape has no `message` in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tui_app.api.enums import ActionType, DeliveryMode, DeliveryStatus, Destination, Disposition, Operation, RowStatus
from tui_app.api.wire_values import SchemaError, Wire, count, flag, moment, open_enum, text, texts
from tui_app.core.text import NOTHING, Untrusted

if TYPE_CHECKING:
    from tui_app.api.drift import Drift

T = TypeVar("T")
E = TypeVar("E")

NOT_KEPT: Final[Wire] = {}
"""Stands for the exact object where it was not kept."""

_MESSAGE: Final = frozenset(
    [
        "id",
        "postfix_id",
        "postfix_id_outbound",
        "alert_id",
        "message_id",
        "edf_hash",
        "htmltext_structure_hash",
        "subject",
        "from",
        "from_name",
        "envelope_from",
        "replyto",
        "to",
        "to_name",
        "envelope_to",
        "client_recipients",
        "is_quarantined",
        "delivery_status",
        "delivery_mode",
        "final_disposition",
        "detection_reasons",
        "threat_categories",
        "is_phish_submission",
        "post_delivery_operations",
        "properties",
        "validation",
        "scanned_at",
        "sent_at",
        "sent_date",
        "smtp_helo_server_ip",
        "smtp_previous_hop_ip",
        "x_originating_ip",
        "ts",
        "action_log",
        "findings",
    ]
)
_ROW: Final = frozenset(
    [
        "message_id",
        "postfix_id",
        "action_type",
        "action_params",
        "status",
        "retry_count",
        "created_at",
        "status_message",
        "retry_after",
        "processed_at",
        "alert_id",
        "email_message_id",
        "message",
    ]
)
_ROW_PARAMS: Final = frozenset({"type", "client_recipient", "destination", "expected_disposition"})

_DELIVERIES: Final = frozenset(DeliveryStatus)
_MODES: Final = frozenset(DeliveryMode)
_OPERATIONS: Final = frozenset(Operation)
_DISPOSITIONS: Final = frozenset(Disposition)
_LISTS: Final = (("delivery_status", _DELIVERIES), ("post_delivery_operations", _OPERATIONS))
_ROW_STATES: Final = frozenset(RowStatus)
_ACTIONS: Final = frozenset(ActionType)
_DESTINATIONS: Final = frozenset(Destination)


class At(Generic[T]):
    """A field of a tuple: the value at a place, read when it is looked at."""

    def __init__(self, position: int, read: Callable[[Any], T]) -> None:
        self._place = position
        self._read = read

    def __get__(self, row: tuple[Any, ...], owner: object) -> T:
        return self._read(row[self._place])


def _some_text(value: Any) -> Untrusted:
    return text(value) or NOTHING


def _optional(read: Callable[[Any], E]) -> Callable[[Any], E | None]:
    return lambda value: None if value is None else read(value)


def _exact(value: Any) -> Wire:
    return value if value is not None else NOT_KEPT


def _frozen(value: Any) -> Any:
    """A list of strings as a tuple, which the garbage collector need not watch."""
    return tuple(value) if type(value) is list else value


def _pattern_type(properties: Any) -> Any:
    return properties.get("allowlisted_pattern_type") if properties and isinstance(properties, dict) else None


def _strange(drift: Drift, where: str, value: Any, known: frozenset[Any]) -> None:
    if not (type(value) is str and value in known):
        drift.value(where, Untrusted.of(value))


class Message(tuple[Any, ...]):
    """A mail known to investigate; `id` is its investigate id, the only identity in paths and bodies."""

    __slots__ = ()
    id = At(0, Untrusted.of)
    postfix_id = At(1, text)
    message_id = At(2, text)
    alert_id = At(3, text)
    subject = At(4, _some_text)
    sender = At(5, _some_text)
    from_name = At(6, text)
    recipients = At(7, texts)
    """Mailboxes of this customer that the mail went to; else whom it was addressed to."""
    is_quarantined = At(8, flag)
    is_phish_submission = At(9, flag)
    final_disposition = At(10, _optional(open_enum(Disposition)))
    detection_reasons = At(11, texts)
    delivery_status = At(12, texts)
    post_delivery_operations = At(13, texts)
    when = At(14, moment)
    """When it was scanned (`ts` in the oldest shape), else sent."""
    allowlisted_pattern_type = At(16, text)
    """Which kind of allow-list pattern it matched (`properties.allowlisted_pattern_type`)."""
    wire = At(15, _exact)
    """The object exactly as the server sent it; for JSON, never for a screen."""

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> Message:
        """Read one mail; `exact` keeps the object too. Raises SchemaError without an id."""
        if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
            raise SchemaError("Message: id is missing")
        if drift is not None:
            notice_message(data, drift)
        get = data.get
        return cls(
            (
                data["id"],
                get("postfix_id"),
                get("message_id"),
                get("alert_id"),
                get("subject"),
                get("from"),
                get("from_name"),
                _frozen(get("client_recipients") or get("to")),
                get("is_quarantined"),
                get("is_phish_submission"),
                get("final_disposition"),
                _frozen(get("detection_reasons")),
                _frozen(get("delivery_status")),
                _frozen(get("post_delivery_operations")),
                next((value for name in ("scanned_at", "ts", "sent_at") if moment(value := get(name))), None),
                data if exact else None,
                _pattern_type(get("properties")),
            )
        )


def notice_message(data: Wire, drift: Drift) -> None:
    """Tell of what the documentation does not know in a mail, alone or in a row."""
    if not data.keys() <= _MESSAGE:
        drift.fields("Message", data.keys() - _MESSAGE)
    # Asked of each row of each page: what is missing or an empty list is not worth a call.
    get = data.get
    if (value := get("final_disposition")) is not None:
        _strange(drift, "Message.final_disposition", value, _DISPOSITIONS)
    if (value := get("delivery_mode")) is not None:
        _strange(drift, "Message.delivery_mode", value, _MODES)
    for name, known in _LISTS:
        values = get(name)
        if values and type(values) is list:
            for value in values:
                if value is not None:
                    _strange(drift, f"Message.{name}", value, known)


class JobMessage(tuple[Any, ...]):
    """One row of a job: one action on one message for one recipient; `message_id` is the row's uuid."""

    __slots__ = ()
    message_id = At(0, Untrusted.of)
    postfix_id = At(1, text)
    action_type = At(2, _optional(open_enum(ActionType)))
    recipient = At(3, _some_text)
    """The mailbox this row is about."""
    destination = At(4, _optional(open_enum(Destination)))
    status = At(5, open_enum(RowStatus))
    retry_count = At(6, count)
    created_at = At(7, moment)
    status_message = At(8, text)
    retry_after = At(9, moment)
    processed_at = At(10, moment)
    alert_id = At(11, text)
    email_message_id = At(12, text)
    investigate_id = At(13, text)
    """The mail's, and with it its subject and sender; the oldest shape has none of them."""
    subject = At(14, text)
    sender = At(15, text)
    wire = At(16, _exact)
    """The object exactly as the server sent it; for JSON, never for a screen."""

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> JobMessage:
        """Read one row; `exact` keeps the object too. Raises SchemaError without an id or a status."""
        if not isinstance(data, dict):
            raise SchemaError("JobMessage: is no object")
        get = data.get
        identity, status = get("message_id"), get("status")
        if not isinstance(identity, str) or not identity:
            raise SchemaError("JobMessage: message_id is missing")
        if not isinstance(status, str) or not status:
            raise SchemaError("JobMessage: status is missing")
        params, mail = get("action_params"), get("message")
        params = params if isinstance(params, dict) else {}
        mail = mail if isinstance(mail, dict) and isinstance(mail.get("id"), str) else {}
        if drift is not None:
            cls._notice(data, params, mail, drift)
        return cls(
            (
                identity,
                get("postfix_id"),
                get("action_type"),
                params.get("client_recipient"),
                params.get("destination"),
                status,
                get("retry_count"),
                get("created_at"),
                get("status_message"),
                get("retry_after"),
                get("processed_at"),
                get("alert_id"),
                get("email_message_id"),
                mail.get("id"),
                mail.get("subject"),
                mail.get("from"),
                data if exact else None,
                _pattern_type(get("properties")),
            )
        )

    @staticmethod
    def _notice(data: Wire, params: Wire, mail: Wire, drift: Drift) -> None:
        if not data.keys() <= _ROW:
            drift.fields("JobMessage", data.keys() - _ROW)
        if not params.keys() <= _ROW_PARAMS:
            drift.fields("JobMessage.action_params", params.keys() - _ROW_PARAMS)
        _strange(drift, "JobMessage.status", data["status"], _ROW_STATES)
        if (value := data.get("action_type")) is not None:
            _strange(drift, "JobMessage.action_type", value, _ACTIONS)
        if (value := params.get("destination")) is not None:
            _strange(drift, "JobMessage.action_params.destination", value, _DESTINATIONS)
        if mail:
            notice_message(mail, drift)

    @property
    def id(self) -> str:
        """The row's id, exact."""
        return self[0]  # type: ignore[no-any-return]
