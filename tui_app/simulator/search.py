"""Which messages a search finds, and the cursors of its pages."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Final

from tui_app.simulator.mail import Mail
from tui_app.simulator.validation import InvalidRequest

_STATUS: Final[tuple[str, ...]] = ("detections_only", "final_disposition", "delivery_status", "message_action")
_WRONG: Final = 3
_OPERATIONS: Final = {"QUARANTINE_RELEASED": "QUARANTINE_RELEASE", "MOVED": "MOVE", "PREVIEW": "PREVIEW"}
_ADDRESSES: Final[dict[str, Callable[[Mail], tuple[str, ...]]]] = {
    "sender": lambda mail: (mail.sender,),
    "recipient": lambda mail: mail.recipients,
    "domain": lambda mail: (mail.sender, *mail.recipients),
}
"""The addresses of a message that a field of a search is about."""


def matcher(query: dict[str, Any]) -> Callable[[Mail], bool]:
    """Whether a search finds a message, as a function: a search asks it of thousands."""
    checks: list[Callable[[Mail], bool]] = []
    if query.get("detections_only", True):
        checks.append(lambda mail: mail.is_detection)
    if delivery := query.get("delivery_status"):
        checks.append(lambda mail: delivery in mail.delivery_status)
    if disposition := query.get("final_disposition"):
        checks.append(lambda mail: disposition == mail.disposition)
    if action := query.get("message_action"):
        operation = _OPERATIONS[action]
        checks.append(lambda mail: operation in mail.operations)
    if (exact := query.get("exact_subject")) is not None:
        checks.append(lambda mail: exact == mail.subject)
    for name, addresses in _ADDRESSES.items():
        if wanted := (query.get(name) or "").casefold():
            checks.append(_of_address(wanted, addresses))
    if helo := query.get("smtp_helo_ip"):
        checks.append(lambda mail: helo == mail.helo_ip)
    if header_id := query.get("message_id"):
        checks.append(lambda mail: header_id == mail.header_id)
    if alert_id := query.get("alert_id"):
        checks.append(lambda mail: alert_id == mail.alert_id)
    if keywords := (query.get("subject") or "").casefold().split():
        checks.append(lambda mail: all(word in mail.subject.casefold() for word in keywords))
    if words := (query.get("query") or "").casefold().split():
        checks.append(lambda mail: all(word in _haystack(mail) for word in words))
    return lambda mail: all(check(mail) for check in checks)


def _of_address(wanted: str, addresses: Callable[[Mail], tuple[str, ...]]) -> Callable[[Mail], bool]:
    ending = "@" + wanted.removeprefix("@")
    return lambda mail: any(
        wanted == address or address.endswith(ending) for address in map(str.casefold, addresses(mail))
    )


def _haystack(mail: Mail) -> str:
    return " ".join((mail.sender, *mail.recipients, mail.subject, mail.header_id)).casefold()


def matches(mail: Mail, query: dict[str, Any]) -> bool:
    """Whether a search finds a message."""
    return matcher(query)(mail)


def outside(mails: Iterable[Mail], query: dict[str, Any], which: int, seed: int) -> list[Mail]:
    """Up to three messages that a search must not find: of another status (1), sender (2), or not held (3); 0 is any."""
    status = {"detections_only": True, **{name: query[name] for name in _STATUS if name in query}}
    rest = {name: value for name, value in query.items() if name not in (*_STATUS, "start", "end", "submissions")}
    known = list(mails)
    of_status, of_rest = matcher(status), matcher({"detections_only": False, **rest})
    wrong = (
        [mail for mail in known if not of_status(mail)],
        [mail for mail in known if not of_rest(mail)],
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
