"""Mail and the rows of jobs: what comes by the hundred thousand, so exact tuples and no validator between.

Shapes: Cloudflare API reference, Email Security › Investigate › list, bulk › messages. `ts`, `action_log` and `findings`
ended on 2026-11-01 and may be gone; the oldest shape has no `message` in a row.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from tui_app.api.drift import Drift
from tui_app.api.enums import ActionType, DeliveryMode, DeliveryStatus, Destination, Disposition, Operation, RowStatus
from tui_app.api.fields import Misshapen, Wire, count, moment, open_enum, text, texts
from tui_app.text import NOTHING, Untrusted

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

_disposition = open_enum(Disposition)
_row_status = open_enum(RowStatus)
_destination = open_enum(Destination)
_action = open_enum(ActionType)
_DELIVERIES: Final = frozenset(DeliveryStatus)
_MODES: Final = frozenset(DeliveryMode)
_OPERATIONS: Final = frozenset(Operation)


class Message(NamedTuple):
    """A mail known to investigate; `id` is its investigate id, the only identity in paths and bodies."""

    id: Untrusted
    postfix_id: Untrusted | None
    message_id: Untrusted | None
    alert_id: Untrusted | None
    subject: Untrusted
    sender: Untrusted
    from_name: Untrusted | None
    recipients: tuple[Untrusted, ...]
    """Mailboxes of this customer that the mail went to; else whom it was addressed to."""
    is_quarantined: bool
    is_phish_submission: bool
    final_disposition: Disposition | Untrusted | None
    detection_reasons: tuple[Untrusted, ...]
    delivery_status: tuple[Untrusted, ...]
    post_delivery_operations: tuple[Untrusted, ...]
    when: datetime | None
    """When it was scanned (`ts` in the oldest shape), else sent."""
    wire: Wire = NOT_KEPT
    """The object exactly as the server sent it; for JSON, never for a screen."""

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> "Message":
        """Read one mail; `exact` keeps the object too. Raises Misshapen without an id."""
        if not isinstance(data, dict) or not isinstance(data.get("id"), str):
            raise Misshapen("Message: id is missing")
        get = data.get
        disposition = get("final_disposition")
        message = cls(
            Untrusted(data["id"]),
            text(get("postfix_id")),
            text(get("message_id")),
            text(get("alert_id")),
            text(get("subject")) or NOTHING,
            text(get("from")) or NOTHING,
            text(get("from_name")),
            texts(get("client_recipients")) or texts(get("to")),
            get("is_quarantined") is True,
            get("is_phish_submission") is True,
            None if disposition is None else _disposition(disposition),
            texts(get("detection_reasons")),
            texts(get("delivery_status")),
            texts(get("post_delivery_operations")),
            moment(get("scanned_at")) or moment(get("ts")) or moment(get("sent_at")),
            data if exact else NOT_KEPT,
        )
        if drift is not None:
            message._notice(data, drift)
        return message

    def _notice(self, data: Wire, drift: Drift) -> None:
        if not _MESSAGE.issuperset(data):
            drift.fields("Message", data.keys() - _MESSAGE)
        if type(self.final_disposition) is Untrusted:
            drift.value("Message.final_disposition", self.final_disposition)
        for status in self.delivery_status:
            if status.exact not in _DELIVERIES:
                drift.value("Message.delivery_status", status)
        for operation in self.post_delivery_operations:
            if operation.exact not in _OPERATIONS:
                drift.value("Message.post_delivery_operations", operation)
        mode = data.get("delivery_mode")
        if type(mode) is str and mode not in _MODES:
            drift.value("Message.delivery_mode", Untrusted(mode))


class JobMessage(NamedTuple):
    """One row of a job: one action on one message for one recipient; `message_id` is the row's uuid."""

    message_id: Untrusted
    postfix_id: Untrusted | None
    action_type: ActionType | Untrusted
    recipient: Untrusted
    """The mailbox this row is about."""
    destination: Destination | Untrusted | None
    status: RowStatus | Untrusted
    retry_count: int
    created_at: datetime | None
    status_message: Untrusted | None
    retry_after: datetime | None
    processed_at: datetime | None
    alert_id: Untrusted | None
    email_message_id: Untrusted | None
    message: Message | None
    wire: Wire = NOT_KEPT
    """The object exactly as the server sent it; for JSON, never for a screen."""

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> "JobMessage":
        """Read one row; `exact` keeps the object too. Raises Misshapen without an id or a status."""
        if not isinstance(data, dict):
            raise Misshapen("JobMessage: is no object")
        get = data.get
        identity, status = get("message_id"), get("status")
        if not isinstance(identity, str) or status is None:
            raise Misshapen(f"JobMessage: {'status' if isinstance(identity, str) else 'message_id'} is missing")
        params, mail = get("action_params"), get("message")
        params = params if isinstance(params, dict) else {}
        destination, usable = params.get("destination"), isinstance(mail, dict) and isinstance(mail.get("id"), str)
        row = cls(
            Untrusted(identity),
            text(get("postfix_id")),
            _action(get("action_type") or ""),
            text(params.get("client_recipient")) or NOTHING,
            None if destination is None else _destination(destination),
            _row_status(status),
            count(get("retry_count")),
            moment(get("created_at")),
            text(get("status_message")),
            moment(get("retry_after")),
            moment(get("processed_at")),
            text(get("alert_id")),
            text(get("email_message_id")),
            Message.from_wire(mail, drift, exact=exact) if usable else None,
            data if exact else NOT_KEPT,
        )
        if drift is not None:
            row._notice(data, params, drift)
        return row

    def _notice(self, data: Wire, params: Wire, drift: Drift) -> None:
        if not _ROW.issuperset(data):
            drift.fields("JobMessage", data.keys() - _ROW)
        if not _ROW_PARAMS.issuperset(params):
            drift.fields("JobMessage.action_params", params.keys() - _ROW_PARAMS)
        for name, value in (
            ("status", self.status),
            ("action_type", self.action_type),
            ("action_params.destination", self.destination),
        ):
            if type(value) is Untrusted and value.exact:
                drift.value(f"JobMessage.{name}", value)

    @property
    def id(self) -> str:
        """The row's id, exact."""
        return self.message_id.exact

    @property
    def subject(self) -> Untrusted | None:
        """The mail's subject; the oldest shape has none."""
        return self.message.subject if self.message else None
