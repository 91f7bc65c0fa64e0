"""Mail and the rows of jobs: what comes by the hundred thousand.

A row has two sides. Its raw values have names and cost little to decode, keep, filter and sort: they are for `jobs` and never
for a screen. `Message` and `JobMessage` give a value out as what it means: there a server's string is Untrusted.

Shapes: Cloudflare API reference, Email Security › Investigate › list, bulk › messages. `ts`, `action_log` and `findings`
ended on 2026-11-01 and may be gone; `message` in a row is optional in the newest shape, and in the oldest there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar, cast

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from tui_app.api.enums import ActionType, DeliveryMode, DeliveryStatus, Destination, Disposition, Operation, RowStatus
from tui_app.api.wire_values import SchemaError, Wire, count, flag, known_flag, moment, open_enum, text, texts
from tui_app.core.text import NOTHING, Untrusted

if TYPE_CHECKING:
    from tui_app.api.drift import Drift

T = TypeVar("T")
E = TypeVar("E")

NOT_KEPT: Final[Wire] = {}
"""Stands for the exact object where it was not kept."""

Name = Annotated[str, Meta(min_length=1)]
Names = tuple[str, ...] | None

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


class Value(Generic[T]):
    """A value of a row as it is given out, made of the raw one of the same name when it is looked at."""

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._raw: Callable[[Any], Any] = attrgetter("")

    def __set_name__(self, owner: type, name: str) -> None:
        self._raw = attrgetter(f"raw.{name}")

    def __get__(self, row: object, owner: type) -> T:
        return self._read(self._raw(row))


def _some_text(value: Any) -> Untrusted:
    return text(value) or NOTHING


def _optional(read: Callable[[Any], E]) -> Callable[[Any], E | None]:
    return lambda value: None if value is None else read(value)


def _frozen(value: Any) -> Any:
    """A list of strings as a tuple, which the garbage collector need not watch."""
    return tuple(value) if type(value) is list else value


def _strange(drift: Drift, where: str, value: Any, known: frozenset[Any]) -> None:
    if not (type(value) is str and value in known):
        drift.value(where, Untrusted.of(value))


# ---- mail


class MailProperties(Struct, frozen=True, gc=False):
    """`properties` of a mail."""

    allowlisted_pattern_type: str | None = None


class MailValidation(Struct, frozen=True, gc=False):
    """`validation` of a mail: pass, neutral, fail, error, none."""

    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None


class WireMail(Struct, frozen=True, gc=False):
    """A mail's values as JSON has them. As decoded they are of these types; the tolerant reader puts in anything."""

    id: Name
    postfix_id: str | None = None
    message_id: str | None = None
    alert_id: str | None = None
    subject: str | None = None
    sender: str | None = field(default=None, name="from")
    from_name: str | None = None
    client_recipients: Names = None
    to: Names = None
    envelope_from: str | None = None
    replyto: str | None = None
    smtp_helo_server_ip: str | None = None
    is_quarantined: bool | None = None
    is_phish_submission: bool | None = None
    final_disposition: str | None = None
    detection_reasons: Names = None
    delivery_status: Names = None
    post_delivery_operations: Names = None
    scanned_at: str | None = None
    ts: str | None = None
    sent_at: str | None = None
    properties: MailProperties | None = None
    validation: MailValidation | None = None


_MAIL_FIELDS: Final = tuple(
    (own, wire)
    for own, wire in zip(WireMail.__struct_fields__, WireMail.__struct_encode_fields__, strict=True)
    if own not in ("properties", "validation")
)


class Message(Struct, frozen=True, gc=False):
    """A mail known to investigate; `id` is its investigate id, the only identity in paths and bodies."""

    raw: WireMail
    wire: Wire = NOT_KEPT
    """The object exactly as the server sent it; for JSON, never for a screen."""

    id = Value(Untrusted.of)
    postfix_id = Value(text)
    message_id = Value(text)
    alert_id = Value(text)
    subject = Value(_some_text)
    sender = Value(_some_text)
    from_name = Value(text)
    envelope_from = Value(text)
    replyto = Value(text)
    smtp_helo_server_ip = Value(text)
    is_quarantined = Value(known_flag)
    is_phish_submission = Value(flag)
    final_disposition = Value(_optional(open_enum(Disposition)))
    detection_reasons = Value(texts)
    delivery_status = Value(texts)
    post_delivery_operations = Value(texts)

    def __repr__(self) -> str:
        return f"Message({self.id})"

    @property
    def names_mailboxes(self) -> bool:
        """Whether `recipients` are the mailboxes that the API named; else they are what the sender wrote in `To`."""
        return bool(self.raw.client_recipients)

    @property
    def recipients(self) -> tuple[Untrusted, ...]:
        """Mailboxes of this customer that the mail went to; else whom it was addressed to."""
        return texts(self.raw.client_recipients or self.raw.to)

    @property
    def was_released(self) -> bool | None:
        """Whether it was released from quarantine; None where the API does not tell, or in words that nobody knows."""
        return self._was(Operation.QUARANTINE_RELEASE, Operation.RELEASE)

    @property
    def was_moved(self) -> bool | None:
        """Whether it was moved, by what was done to it or by where it is; None as for a release."""
        states = {status.exact for status in self.delivery_status}
        if DeliveryStatus.MOVED in states:
            return True
        was = self._was(Operation.MOVE)
        return was if was or states <= _DELIVERIES else None

    def _was(self, *operations: Operation) -> bool | None:
        told = self.raw.post_delivery_operations
        done = {each.exact for each in self.post_delivery_operations}
        if not done.isdisjoint(operations):
            return True
        # A word in other letters may be any of them.
        all_known = isinstance(told, (list, tuple)) and len(told) == len(self.post_delivery_operations)
        return False if all_known and done <= _OPERATIONS else None

    @property
    def when(self) -> datetime | None:
        """When it was scanned (`ts` in the oldest shape), else sent."""
        raw = self.raw
        return moment(raw.scanned_at) or moment(raw.ts) or moment(raw.sent_at)

    @property
    def allowlisted_pattern_type(self) -> Untrusted | None:
        """Which kind of allow-list pattern it matched (`properties.allowlisted_pattern_type`)."""
        properties = self.raw.properties
        return None if properties is None else text(properties.allowlisted_pattern_type)

    @property
    def compared(self) -> tuple[Any, ...]:
        """The values by which it is compared with others, as `mail_features.COMPARED` names them; never for a screen."""
        raw, checks = self.raw, self.raw.validation
        return (
            raw.sender,
            raw.subject,
            raw.final_disposition,
            raw.envelope_from,
            raw.replyto,
            raw.smtp_helo_server_ip,
            *((None, None, None) if checks is None else (checks.spf, checks.dkim, checks.dmarc)),
        )

    @property
    def spf(self) -> Untrusted | None:
        """The result of SPF (`validation.spf`)."""
        return None if self.raw.validation is None else text(self.raw.validation.spf)

    @property
    def dkim(self) -> Untrusted | None:
        """The result of DKIM (`validation.dkim`)."""
        return None if self.raw.validation is None else text(self.raw.validation.dkim)

    @property
    def dmarc(self) -> Untrusted | None:
        """The result of DMARC (`validation.dmarc`)."""
        return None if self.raw.validation is None else text(self.raw.validation.dmarc)

    @classmethod
    def of_raw(cls, mails: Iterable[WireMail]) -> list[Message]:
        """Mails as they were decoded."""
        return [*map(cls, mails)]

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> Message:
        """Read one mail, whatever is in it; `exact` keeps the object too. Raises SchemaError without an id."""
        if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
            raise SchemaError("Message: id is missing")
        if drift is not None:
            notice_message(data, drift)
        values = {own: _frozen(data.get(wire)) for own, wire in _MAIL_FIELDS}
        properties = data.get("properties")
        if isinstance(properties, dict):
            values["properties"] = MailProperties(properties.get("allowlisted_pattern_type"))
        validation = data.get("validation")
        if isinstance(validation, dict):
            values["validation"] = MailValidation(*map(validation.get, MailValidation.__struct_fields__))
        return cls(WireMail(**values), data if exact else NOT_KEPT)


def notice_message(data: Wire, drift: Drift) -> None:
    """Tell of what the documentation does not know in a mail, alone or in a row."""
    if not data.keys() <= _MESSAGE:
        drift.fields("Message", data.keys() - _MESSAGE)
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


# ---- rows of jobs


class RawRow(Struct, frozen=True, gc=False):
    """A row's values as JSON has them, in the order in which they are kept. All but the first two may be of any type."""

    message_id: str
    status: str
    postfix_id: Any = None
    action_type: Any = None
    recipient: Any = None
    destination: Any = None
    retry_count: Any = None
    created_at: Any = None
    status_message: Any = None
    retry_after: Any = None
    processed_at: Any = None
    alert_id: Any = None
    email_message_id: Any = None
    investigate_id: Any = None
    subject: Any = None
    sender: Any = None


class _RowParams(Struct, frozen=True, gc=False):
    client_recipient: str | None = None
    destination: str | None = None


class _RowMail(Struct, frozen=True, gc=False):
    id: str
    subject: str | None = None
    sender: str | None = field(default=None, name="from")


_NO_MAIL: Final = _RowMail(cast(Any, None))


class WireRow(Struct, frozen=True, gc=False):
    """A row as the documentation has it: for the decoder, which skips what has no name here."""

    message_id: Name
    status: Name
    postfix_id: str | None = None
    action_type: str | None = None
    action_params: _RowParams | None = _RowParams()
    retry_count: int | float | None = None
    created_at: str | None = None
    status_message: str | None = None
    retry_after: str | None = None
    processed_at: str | None = None
    alert_id: str | None = None
    email_message_id: str | None = None
    message: _RowMail | None = _NO_MAIL


_NESTED: Final = {
    "recipient": "action_params.client_recipient",
    "destination": "action_params.destination",
    "investigate_id": "message.id",
    "subject": "message.subject",
    "sender": "message.sender",
}
"""Where the API has the values that stand deeper in a row."""
_values: Final[Callable[[WireRow], tuple[Any, ...]]] = attrgetter(
    *(_NESTED.get(name, name) for name in RawRow.__struct_fields__)
)


_SOURCES: Final = tuple(
    (part, "from" if name == "sender" else name)
    for part, _, name in (_NESTED.get(own, own).rpartition(".") for own in RawRow.__struct_fields__)
)
"""The object of a row and its field there that each raw value is from."""


def _plain_row(row: WireRow) -> RawRow:
    try:
        return RawRow(*_values(row))
    except AttributeError:
        # Null is the same as missing.
        whole = replace(row, action_params=row.action_params or _RowParams(), message=row.message or _NO_MAIL)
        return RawRow(*_values(whole))


class JobMessage(Struct, frozen=True, gc=False):
    """One row of a job: one action on one message for one recipient; `message_id` is the row's uuid."""

    raw: RawRow
    wire: Wire = NOT_KEPT
    """The object exactly as the server sent it; for JSON, never for a screen."""

    message_id = Value(Untrusted.of)
    postfix_id = Value(text)
    action_type = Value(_optional(open_enum(ActionType)))
    recipient = Value(_some_text)
    """The mailbox this row is about."""
    destination = Value(_optional(open_enum(Destination)))
    status = Value(open_enum(RowStatus, any_case=True))
    retry_count = Value(count)
    created_at = Value(moment)
    status_message = Value(text)
    retry_after = Value(moment)
    processed_at = Value(moment)
    alert_id = Value(text)
    email_message_id = Value(text)
    investigate_id = Value(text)
    """The mail's, and with it its subject and sender; a row may come without any of them, in whatever shape."""
    subject = Value(text)
    sender = Value(text)

    def __repr__(self) -> str:
        return f"JobMessage({self.message_id})"

    @classmethod
    def of_raw(cls, rows: Iterable[WireRow]) -> list[JobMessage]:
        """Rows as they were decoded."""
        return [*map(cls, map(_plain_row, rows))]

    @classmethod
    def from_wire(cls, data: Any, drift: Drift | None = None, *, exact: bool = True) -> JobMessage:
        """Read one row, whatever is in it; `exact` keeps the object too. Raises SchemaError without an id or a status."""
        if not isinstance(data, dict):
            raise SchemaError("JobMessage: is not an object")
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
        parts = {"": data, "action_params": params, "message": mail}
        values: list[Any] = [parts[part].get(name) for part, name in _SOURCES]
        raw = RawRow(*values)
        return cls(raw, data if exact else NOT_KEPT)

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
        return self.raw.message_id

    @property
    def mail_id(self) -> Untrusted | None:
        """By what its mail is known: the investigate id, else the mail-queue id, else the alert id; None for nothing.

        Never the Message-ID: whoever sent the mail chose that.
        """
        return self.investigate_id or self.postfix_id or self.alert_id
