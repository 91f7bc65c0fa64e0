"""Models of the details of one message: detections, preview, raw text, trace, action log.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/detections/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/preview/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/raw/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/trace/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/action_log/
"""

from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BeforeValidator, PlainValidator

from tui_app.api.enums import Operation
from tui_app.api.wire_model import Count, Flag, OpenDisposition, When, WireModel, an_object
from tui_app.api.wire_values import open_enum, texts
from tui_app.core.text import NOTHING, Untrusted

M = TypeVar("M", bound=WireModel)
_LARGEST: Final = 1e9


def _objects(value: Any) -> Any:
    """The objects of a list; null is an empty list."""
    return (
        tuple(item for item in value if isinstance(item, (dict, WireModel))) if isinstance(value, (list, tuple)) else ()
    )


def _number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
    return float(value) if fits else None


Many = Annotated[tuple[M, ...], BeforeValidator(_objects)]
Texts = Annotated[tuple[Untrusted, ...], PlainValidator(texts)]


class ThreatCategory(WireModel):
    """A category of threats."""

    id: Untrusted | None = None
    name: Untrusted | None = None
    description: Untrusted | None = None


class Attachment(WireModel):
    """One attached file; `size` in bytes."""

    size: Count = 0
    filename: Untrusted | None = None
    name: Untrusted | None = None
    content_type: Untrusted | None = None
    detection: Untrusted | None = None
    encrypted: Flag = False
    md5: Untrusted | None = None
    sha1: Untrusted | None = None
    sha256: Untrusted | None = None


class MailHeader(WireModel):
    """One header of the mail."""

    name: Untrusted = NOTHING
    value: Untrusted = NOTHING


class MailLink(WireModel):
    """A link in the message; it is shown, never opened."""

    href: Untrusted = NOTHING
    text: Untrusted | None = None


class SenderInfo(WireModel):
    """The sending server: network, country, address."""

    as_name: Untrusted | None = None
    as_number: Untrusted | None = None
    geo: Untrusted | None = None
    ip: Untrusted | None = None
    pld: Untrusted | None = None


class Evidence(WireModel):
    """A finding of the detection."""

    attachment: Untrusted | None = None
    portion: Untrusted | None = None
    score: Annotated[float | None, PlainValidator(_number)] = None
    """How sure the detection is, 0 to 1."""
    detection: Untrusted | None = None
    detail: Untrusted | None = None
    field: Untrusted | None = None
    name: Untrusted | None = None
    reason: Untrusted | None = None
    value: Untrusted | None = None


class Validation(WireModel):
    """Results of SPF, DKIM and DMARC, as the API names them."""

    spf: Untrusted | None = None
    dkim: Untrusted | None = None
    dmarc: Untrusted | None = None
    comment: Untrusted | None = None


class ListProperties(WireModel):
    """Which lists a mail matched."""

    UNREAD: ClassVar[frozenset[str]] = frozenset(
        {"allowlisted_pattern_type", "blocklisted_message", "whitelisted_pattern_type"}
    )
    allowlisted_pattern: Untrusted | None = None
    blocklisted_pattern: Untrusted | None = None


class MessageDetails(WireModel):
    """What a mail tells beside what lists of mail keep (`api/rows.py`): read when one is opened."""

    to: Texts = ()
    delivery_mode: Untrusted | None = None
    threat_categories: Texts = ()
    postfix_id_outbound: Untrusted | None = None
    edf_hash: Untrusted | None = None
    smtp_previous_hop_ip: Untrusted | None = None
    x_originating_ip: Untrusted | None = None
    sent_at: When = None
    sent_date: Untrusted | None = None
    properties: Annotated[ListProperties, BeforeValidator(an_object)] = ListProperties()
    validation: Annotated[Validation, BeforeValidator(an_object)] = Validation()


class Detections(WireModel):
    """Why a message was detected."""

    OPEN: ClassVar[tuple[str, ...]] = ("final_disposition",)
    action: Untrusted = NOTHING
    final_disposition: OpenDisposition | None = None
    attachments: Many[Attachment] = ()
    headers: Many[MailHeader] = ()
    links: Many[MailLink] = ()
    sender_info: Annotated[SenderInfo, BeforeValidator(an_object)] = SenderInfo()
    threat_categories: Many[ThreatCategory] = ()
    validation: Annotated[Validation, BeforeValidator(an_object)] = Validation()
    findings: Many[Evidence] = ()


class MailPreview(WireModel):
    """A picture of the message: PNG in base64, without a data-URI prefix."""

    screenshot: Untrusted


class RawMessage(WireModel):
    """The message as EML text."""

    raw: Untrusted


class TraceLine(WireModel):
    """A line of a mail server's log. `ts` ended on 2026-11-01."""

    lineno: Count = 0
    logged_at: When = None
    ts: When = None
    message: Untrusted = NOTHING


class TraceLeg(WireModel):
    """One direction of a trace; while `pending`, more lines come later."""

    lines: Many[TraceLine] = ()
    pending: Flag = False


class Trace(WireModel):
    """The way of a message through the mail servers."""

    inbound: Annotated[TraceLeg, BeforeValidator(an_object)] = TraceLeg()
    outbound: Annotated[TraceLeg, BeforeValidator(an_object)] = TraceLeg()

    @property
    def pending(self) -> bool:
        """Whether more lines come later."""
        return self.inbound.pending or self.outbound.pending


class LogProperties(WireModel):
    """Details of an action."""

    folder: Untrusted | None = None
    requested_by: Untrusted | None = None
    requested_disposition: Untrusted | None = None
    service: Untrusted | None = None
    submission_id: Untrusted | None = None
    submission_type: Untrusted | None = None


class LogEntry(WireModel):
    """An action on a message. `success` is None when the API does not say it."""

    OPEN: ClassVar[tuple[str, ...]] = ("operation",)
    UNREAD: ClassVar[frozenset[str]] = frozenset({"completed_timestamp"})
    operation: Annotated[Operation | Untrusted, PlainValidator(open_enum(Operation))]
    status: Untrusted | None = None
    success: Annotated[bool | None, PlainValidator(lambda value: value if isinstance(value, bool) else None)] = None
    started_at: When = None
    completed_at: When = None
    properties: Annotated[LogProperties, BeforeValidator(an_object)] = LogProperties()
