"""What is known of a mail, each thing declared once: by which name it is filtered and sorted, exported and copied.

A screen adds how it draws what it shows (`screens/mail/screen.py`); a new field of the wire is added in `api/rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import astuple

from tui_app.api.enums import DeliveryStatus
from tui_app.api.rows import MailProperties, MailValidation, Message, WireMail
from tui_app.api.wire_values import moment
from tui_app.core.address import canonical_address
from tui_app.core.verdict import VERDICTS, canonical_verdict
from tui_app.rows.shape import Row, RowColumn, RowShape

_PLAIN: Final = tuple(name for name in WireMail.__struct_fields__ if name not in ("properties", "validation"))
_CHECKS: Final = ("spf", "dkim", "dmarc")
_SEVERITY: Final = {verdict: place for place, verdict in enumerate(VERDICTS)}
"""The worst verdict is the first."""


def _by_severity(verdict: Any) -> tuple[int, str]:
    """What nobody knows comes first: it may be anything."""
    if verdict is None:
        return (len(_SEVERITY), "")
    word = canonical_verdict(str(verdict))
    return (_SEVERITY.get(word, -1), word)


def _by_domain(address: Any) -> tuple[str, str]:
    """Addresses of one domain together."""
    text = str(address or "")
    local, _, domain = (canonical_address(text) or text.casefold()).rpartition("@")
    return (domain, local)


def _by_age(times: Any) -> float:
    """The youngest first; no time at all comes before."""
    known = next((found for found in map(moment, times) if found is not None), None)
    return float("-inf") if known is None else -known.timestamp()


def _by_recipients(names: Any) -> tuple[int, str]:
    found = names[0] or names[1] or ()
    if not isinstance(found, tuple):
        found = (found,)
    return (len(found), str(found[0]).casefold() if found else "")


_COLUMNS: Final = (
    RowColumn("id", "id", export_width=52, copied_as="investigate id", copy_place=1),
    RowColumn("final_disposition", "verdict", in_words=True, export_width=13, values=VERDICTS, order=_by_severity),
    RowColumn("sender", "from", in_words=True, export_width=30, copied_as="from", copy_place=2, order=_by_domain),
    RowColumn("subject", "subject", in_words=True, export_width=40, copied_as="subject", copy_place=4),
    RowColumn(
        "recipients",
        "to",
        in_words=True,
        export_width=40,
        copied_as="to",
        copy_place=3,
        kept_as=("client_recipients", "to"),
        order=_by_recipients,
    ),
    RowColumn("delivery_status", "delivery", in_words=True, export_width=12, values=tuple(DeliveryStatus)),
    RowColumn("when", "age", is_time=True, export_width=20, kept_as=("scanned_at", "ts", "sent_at"), order=_by_age),
    RowColumn("detection_reasons", "why", in_words=True, export_width=40, copied_as="reasons", copy_place=8),
    RowColumn("from_name", "name", in_words=True),
    RowColumn("envelope_from", "envelope", in_words=True),
    RowColumn("replyto", "replyto", in_words=True),
    RowColumn("smtp_helo_server_ip", "helo"),
    RowColumn("spf", "spf"),
    RowColumn("dkim", "dkim"),
    RowColumn("dmarc", "dmarc"),
    RowColumn("post_delivery_operations", "action"),
    RowColumn("is_quarantined"),
    RowColumn("postfix_id", "postfix", export_width=16, copied_as="postfix id", copy_place=5),
    RowColumn("message_id", "messageid", copied_as="Message-ID", copy_place=6),
    RowColumn("alert_id", "alert", copied_as="alert id", copy_place=7),
)


def _keep(messages: Iterable[Message]) -> list[Row]:
    rows: list[Row] = []
    for message in messages:
        *plain, properties, validation = astuple(message.raw)
        pattern = None if properties is None else properties.allowlisted_pattern_type
        rows.append((*plain, pattern, *(astuple(validation) if validation is not None else (None, None, None))))
    return rows


def _make(row: Row) -> Message:
    *plain, pattern, spf, dkim, dmarc = row
    properties = None if pattern is None else MailProperties(pattern)
    checks = (spf, dkim, dmarc)
    validation = None if checks == (None, None, None) else MailValidation(*checks)
    return Message(WireMail(**dict(zip(_PLAIN, plain, strict=True)), properties=properties, validation=validation))


MAIL_ROWS: Final = RowShape[Message](
    names=(*_PLAIN, "allowlisted_pattern_type", *_CHECKS),
    keep=_keep,
    make=_make,
    identity="id",
    state="final_disposition",
    columns=_COLUMNS,
)
