"""Which messages a search finds, and the cursors of its pages."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any, Final

from tui_app.simulator.mail import Mail
from tui_app.simulator.validation import InvalidRequest

_STATUS: Final[tuple[str, ...]] = ("detections_only", "final_disposition", "delivery_status", "message_action")
_WRONG: Final = 3


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


def outside(mails: Iterable[Mail], query: dict[str, Any], which: int, seed: int) -> list[Mail]:
    """Up to three messages that a search must not find: of another status (1), sender (2), or not held (3); 0 is any."""
    status = {"detections_only": True, **{name: query[name] for name in _STATUS if name in query}}
    rest = {name: value for name, value in query.items() if name not in (*_STATUS, "start", "end", "submissions")}
    known = list(mails)
    wrong = (
        [mail for mail in known if not matches(mail, status)],
        [mail for mail in known if not matches(mail, {"detections_only": False, **rest})],
        [mail for mail in known if not mail.quarantined] if query.get("delivery_status") == "quarantined" else [],
    )
    fitting = [found for found in wrong if found]
    chosen = wrong[which - 1] if which else fitting[seed % len(fitting)] if fitting else []
    # What is held comes first: it could be sent on.
    return sorted(chosen, key=lambda mail: not mail.quarantined)[:_WRONG]


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
