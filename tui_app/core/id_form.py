"""The forms of ids: what an investigate id, a postfix id, an alert id and a Message-ID look like."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

_MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
# A queue id, and an investigate id: the same, a time and a number. Both kinds as the API's examples show them.
INVESTIGATE_ID: Final = re.compile(rf"[0-9A-Za-z]{{12,24}}-({_MOMENT})-\d{{1,20}}", re.ASCII)
ALERT_ID: Final = re.compile(rf"[0-9A-Za-z]{{12,24}}-({_MOMENT})", re.ASCII)
POSTFIX_ID: Final = re.compile(r"(?=4\d*[A-Za-z])4[0-9A-Za-z]{15,23}", re.ASCII)
"""Sixteen characters or more: with 12 and 15 other mail servers number their queues; digits alone are telephones."""
_ANY_QUEUE_ID: Final = re.compile(r"4[0-9A-Za-z]{11,23}", re.ASCII)
_MESSAGE_ID: Final = re.compile(r"<?([^<>\s\"'@,;]{1,250}@[^<>\s\"'@,;]{1,250})>?")


class IdKind(StrEnum):
    """What a name of a message is."""

    INVESTIGATE = "investigate id"
    POSTFIX = "postfix id"
    ALERT = "alert id"
    MESSAGE = "Message-ID"


def kind_of(text: str) -> IdKind:
    """Which kind of id it is by its form; what has no other form can only be a postfix id."""
    if is_investigate_id(text):
        return IdKind.INVESTIGATE
    if ALERT_ID.fullmatch(text):
        return IdKind.ALERT
    return IdKind.MESSAGE if message_id(text) else IdKind.POSTFIX


def is_investigate_id(text: str) -> bool:
    """Whether it has the form of an investigate id."""
    return INVESTIGATE_ID.fullmatch(text) is not None


def message_id(text: str) -> str:
    """A Message-ID in its brackets, whether or not they were written; empty for what is none."""
    match = _MESSAGE_ID.fullmatch(text.strip())
    return f"<{match[1]}>" if match and match[1].isprintable() else ""


def moment_of_id(text: str) -> datetime | None:
    """When a message was scanned, as its investigate id or alert id tells; None where that is no time."""
    match = INVESTIGATE_ID.fullmatch(text) or ALERT_ID.fullmatch(text)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def could_name_a_message(text: str) -> bool:
    """Whether it may be an investigate id or a postfix id, also of a length that is not searched for in texts."""
    return is_investigate_id(text) or _ANY_QUEUE_ID.fullmatch(text) is not None
