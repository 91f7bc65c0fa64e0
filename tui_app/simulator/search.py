"""Which messages a search finds, and the cursors of its pages."""

import base64
import binascii
from typing import Any

from tui_app.simulator.mail import Mail
from tui_app.simulator.validation import InvalidRequest


def matches(mail: Mail, query: dict[str, Any]) -> bool:
    """Whether a search finds a message."""
    if query.get("detections_only", True) and not mail.is_detection:
        return False
    delivery, disposition = query.get("delivery_status"), query.get("final_disposition")
    if delivery and delivery not in mail.delivery_status:
        return False
    if disposition and disposition != mail.disposition:
        return False
    acted = {"QUARANTINE_RELEASED": "QUARANTINE_RELEASE", "MOVED": "MOVE", "PREVIEW": "PREVIEW"}
    if query.get("message_action") and acted[query["message_action"]] not in mail.operations:
        return False
    if query.get("exact_subject") is not None and query["exact_subject"] != mail.subject:
        return False
    addresses = {"sender": (mail.sender,), "recipient": mail.recipients, "domain": (mail.sender, *mail.recipients)}
    for name, held in addresses.items():
        wanted = (query.get(name) or "").casefold()
        if wanted and not any(
            wanted == a.casefold() or a.casefold().endswith("@" + wanted.removeprefix("@")) for a in held
        ):
            return False
    for name, value in (("message_id", mail.header_id), ("alert_id", mail.alert_id)):
        if query.get(name) and query[name] != value:
            return False
    subject = mail.subject.casefold()
    if not all(word in subject for word in (query.get("subject") or "").casefold().split()):
        return False
    words = (query.get("query") or "").casefold().split()
    haystack = " ".join((mail.sender, *mail.recipients, mail.subject, mail.header_id)).casefold() if words else ""
    return all(word in haystack for word in words)


def cursor_for(offset: int) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def cursor_offset(cursor: str) -> int:
    """The offset of a cursor. Raises InvalidRequest."""
    try:
        word, _, offset = base64.urlsafe_b64decode(cursor.encode("ascii", "replace")).decode().partition(":")
        if word == "after":
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise InvalidRequest("invalid cursor", "/query/cursor")
