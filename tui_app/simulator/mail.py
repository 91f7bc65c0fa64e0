"""Messages of the simulated account, and their JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

Wire = dict[str, Any]


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, as the API writes it; None stays None."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def stable_hash(*parts: int) -> int:
    """A 64-bit number that looks random and depends only on the parts."""
    value = 0x9E3779B97F4A7C15
    for part in parts:
        value = (value ^ (part & 0xFFFFFFFFFFFFFFFF)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        value ^= value >> 29
        value = value * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        value ^= value >> 32
    return value


def queue_id(seed: int, number: int) -> str:
    """A mail-queue id of 16 characters."""
    return f"4N{stable_hash(seed, number) >> 16:012X}{number % 97:02d}"


def row_uuid(seed: int, job: int, index: int) -> str:
    """A UUID for the index-th row of a job; index -1 is the job itself."""
    first = stable_hash(seed * 1_000_003 + job, index)
    text = "%032x" % (first << 64 | first * 0xD6E8FEB86659FD93 & 0xFFFFFFFFFFFFFFFF)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


_VALIDATION = {"dkim": "pass", "dmarc": "pass", "spf": "pass"}


@dataclass(slots=True)
class Mail:
    """One message with all its recipients."""

    number: int
    postfix_id: str
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    scanned_at: datetime
    disposition: str = "NONE"
    reasons: tuple[str, ...] = ()
    quarantined: bool = False
    delivery_status: list[str] = field(default_factory=lambda: ["delivered"])
    operations: list[str] = field(default_factory=list)
    phish_submission: bool = False
    allowed: bool = False
    """Whether its release put its sender on the allow list."""
    placed: dict[str, str | None] = field(default_factory=dict)
    """The folder of each recipient's copy, if it is not the inbox; None: the copy did not arrive."""
    alert_id: str = field(init=False)
    investigate_id: str = field(init=False)
    """The id in paths and bodies."""
    header_id: str = field(init=False)
    """The Message-ID header."""
    scanned: str = field(init=False)

    def __post_init__(self) -> None:
        self._name()

    def share_postfix_id(self, postfix_id: str) -> None:
        """Take another message's mail-queue id; the ids that are made from it change, too."""
        self.postfix_id = postfix_id
        self._name()

    def _name(self) -> None:
        self.scanned = self.scanned_at.isoformat(timespec="milliseconds")[:23] + "Z"
        self.alert_id = f"{self.postfix_id}-{self.scanned[:19]}"
        self.investigate_id = f"{self.alert_id}-{10_000_000 + self.number}"
        self.header_id = f"<{self.number:08x}.{self.postfix_id}@{self.sender.rpartition('@')[2]}>"

    def folder(self, recipient: str) -> str | None:
        """The folder where a recipient's copy lies; None while the mail is held, and for a copy that did not arrive."""
        return None if self.quarantined else self.placed.get(recipient, "Inbox")

    def move(self, recipient: str, folder: str) -> None:
        """Put a recipient's copy into a folder."""
        self.placed[recipient] = folder
        self.delivery_status = ["delivered", "moved"]

    def release(self, delivered: Iterable[str]) -> None:
        """Let a held mail go to these recipients; the copies of others, unless they are there, do not arrive."""
        if self.quarantined:
            self.placed = dict.fromkeys(self.recipients)
        self.placed |= dict.fromkeys(delivered, "Inbox")
        self.quarantined = False
        self.delivery_status = ["delivered"]

    @property
    def properties(self) -> Wire:
        """The `properties` object."""
        if not self.allowed:
            return {}
        return {"allowlisted_pattern": self.sender, "allowlisted_pattern_type": "quarantine_release"}

    @property
    def is_detection(self) -> bool:
        """Whether a search for detections only finds it."""
        return self.disposition not in ("NONE", "UNKNOWN", "EXTERNAL", "ENCRYPTED")

    def wire(self, generation: str) -> Wire:
        """The Message object of the newest (`new`) or the oldest (`seed`) generation."""
        message: Wire = {
            "id": self.investigate_id,
            "postfix_id": self.postfix_id,
            "alert_id": self.alert_id,
            "message_id": self.header_id,
            "subject": self.subject,
            "from": self.sender,
            "from_name": self.sender_name,
            "to": list(self.recipients),
            "client_recipients": list(self.recipients),
            "is_quarantined": self.quarantined,
            "is_phish_submission": self.phish_submission,
            "final_disposition": self.disposition,
            "detection_reasons": list(self.reasons),
            "delivery_mode": "DIRECT",
            "delivery_status": list(self.delivery_status),
            "post_delivery_operations": list(self.operations),
            "properties": self.properties,
            "validation": _VALIDATION,
            "scanned_at": self.scanned,
            "sent_at": self.scanned,
            "smtp_helo_server_ip": "192.0.2.25",
        }
        if generation == "seed":
            message |= {"ts": self.scanned, "action_log": [], "findings": None}
        return message

    def json(self, generation: str, header_id: str | None = None) -> str:
        """The same object as JSON text, from a template: a page of 1,000 must be fast.

        `header_id` is the Message-ID as JSON, if it was written already.
        """
        return _template(generation) % (
            self.investigate_id,
            self.postfix_id,
            self.alert_id,
            header_id or escaped(self.header_id),
            _often(self.subject),
            _often(self.sender),
            _often(self.sender_name),
            recipients := escaped_list(self.recipients),
            recipients,
            "true" if self.quarantined else "false",
            "true" if self.phish_submission else "false",
            self.disposition,
            escaped_list(self.reasons) if self.reasons else "[]",
            _words(tuple(self.delivery_status)),
            _words(tuple(self.operations)),
            json.dumps(self.properties) if self.allowed else "{}",
            *(self.scanned,) * (2 if generation == "new" else 3),
        )


def escaped(text: str) -> str:
    """A string as JSON, quotes included."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return json.dumps(text)


_often = lru_cache(maxsize=8192)(escaped)
"""The same, cached, for texts of many messages."""


def escaped_list(texts: Sequence[str]) -> str:
    """Strings as a JSON array."""
    return f"[{escaped(texts[0])}]" if len(texts) == 1 else f"[{','.join(map(escaped, texts))}]"


_words = lru_cache(maxsize=1024)(escaped_list)
"""The same, cached, for states and operations, of which there are few."""


@cache
def _template(generation: str) -> str:
    """The JSON of a mail with a `%s` wherever mails differ, in the order of `Mail.wire`, and made from it."""
    quoted, bare = (
        ("<id>", "<postfix>", "<alert>", "<disposition>", "<scanned>"),
        ("<header>", "<subject>", "<from>", "<name>"),
    )
    probe = Mail(
        0,
        "<postfix>",
        "<from>",
        "<name>",
        ("<list>",),
        "<subject>",
        datetime(2000, 1, 1, tzinfo=UTC),
        "<disposition>",
        ("<list>",),
        delivery_status=["<list>"],
        operations=["<list>"],
    )
    probe.investigate_id, probe.alert_id, probe.header_id, probe.scanned = "<id>", "<alert>", "<header>", "<scanned>"
    text = json.dumps(probe.wire(generation), separators=(",", ":")).replace("%", "%%")
    for mark in (*(f'"{name}"' for name in bare), '["<list>"]'):
        text = text.replace(mark, "%s")
    for name in quoted:
        text = text.replace(name, "%s")
    text = text.replace('"properties":{}', '"properties":%s')
    for flag in ("is_quarantined", "is_phish_submission"):
        text = text.replace(f'"{flag}":false', f'"{flag}":%s')
    return text
