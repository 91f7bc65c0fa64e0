"""Messages of the simulated account, and their JSON."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from tui_app.simulator.evidence import PASSED, Evidence, Validation, categories_of

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


HELO_IP = "192.0.2.25"
_DIGITS = dict.fromkeys(range(ord("0"), ord("9") + 1), "#")


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
    envelope_from: str | None = None
    """The sender that the mail server named; None becomes the sender that readers see."""
    reply_to: str | None = None
    helo_ip: str = HELO_IP
    """The address of the server that handed the mail in."""
    x_originating_ip: str | None = None
    validation: Validation = PASSED
    delivery_mode: str = "DIRECT"
    threat_categories: tuple[str, ...] = ()
    """Names of threat categories; none: those of its verdict."""
    evidence: Evidence | None = None
    alert_id: str = field(init=False)
    investigate_id: str = field(init=False)
    """The id in paths and bodies."""
    header_id: str = field(init=False)
    """The Message-ID header."""
    scanned: str = field(init=False)

    def __post_init__(self) -> None:
        if self.envelope_from is None:
            self.envelope_from = self.sender
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

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of its threat categories."""
        return self.threat_categories or categories_of(self.disposition)

    @property
    def _origin(self) -> tuple[str | None, str | None, str, str | None, Validation, str, tuple[str, ...]]:
        return (
            self.envelope_from,
            self.reply_to,
            self.helo_ip,
            self.x_originating_ip,
            self.validation,
            self.delivery_mode,
            self.threat_categories or categories_of(self.disposition),
        )

    @property
    def _sent_date(self) -> str:
        return f"{_day(self.scanned[:10])} {self.scanned[11:19]} +0000"

    def wire(self, generation: str) -> Wire:
        """The Message object of the newest (`new`) or the oldest (`seed`) generation."""
        message: Wire = {
            "id": self.investigate_id,
            "postfix_id": self.postfix_id,
            "alert_id": self.alert_id,
            "message_id": self.header_id,
            "edf_hash": edf_hash(self.sender, self.subject),
            "subject": self.subject,
            "from": self.sender,
            "from_name": self.sender_name,
            **_addressed(self.recipients),
            "is_quarantined": self.quarantined,
            "is_phish_submission": self.phish_submission,
            "final_disposition": self.disposition,
            "detection_reasons": list(self.reasons),
            "delivery_status": list(self.delivery_status),
            "post_delivery_operations": list(self.operations),
            "properties": self.properties,
            **_origin(*self._origin),
            "scanned_at": self.scanned,
            "sent_at": self.scanned,
            "sent_date": self._sent_date,
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
            edf_hash(self.sender, self.subject),
            _often(self.subject),
            _often(self.sender),
            _often(self.sender_name),
            _addressed_json(self.recipients),
            "true" if self.quarantined else "false",
            "true" if self.phish_submission else "false",
            self.disposition,
            escaped_list(self.reasons) if self.reasons else "[]",
            _words(tuple(self.delivery_status)),
            _words(tuple(self.operations)),
            json.dumps(self.properties) if self.allowed else "{}",
            _origin_json(*self._origin),
            self.scanned,
            self.scanned,
            self._sent_date,
            *(() if generation == "new" else (self.scanned,)),
        )


@lru_cache(maxsize=8192)
def edf_hash(sender: str, subject: str) -> str:
    """A hash that similar messages share: of the same sender, with subjects that differ in digits only."""
    return hashlib.sha256(f"{sender}\n{subject.translate(_DIGITS)}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


@lru_cache(maxsize=512)
def _day(date: str) -> str:
    return datetime.fromisoformat(date).strftime("%a, %d %b %Y")


def _addressed(recipients: Sequence[str]) -> Wire:
    """The fields that name the recipients."""
    addresses = list(recipients)
    names = [address.partition("@")[0].title() for address in addresses]
    return {"to": addresses, "to_name": names, "client_recipients": addresses, "envelope_to": addresses}


def _origin(
    envelope_from: str | None,
    reply_to: str | None,
    helo_ip: str,
    x_originating_ip: str | None,
    validation: Validation,
    delivery_mode: str,
    categories: tuple[str, ...],
) -> Wire:
    """The fields about where a message came from, and what was thought of that."""
    return {
        "envelope_from": envelope_from,
        "replyto": reply_to,
        "smtp_helo_server_ip": helo_ip,
        "smtp_previous_hop_ip": helo_ip,
        "x_originating_ip": x_originating_ip,
        "validation": validation.wire,
        "delivery_mode": delivery_mode,
        "threat_categories": list(categories),
    }


def _fields(part: Wire) -> str:
    """An object as JSON without its braces: a part of another object."""
    return json.dumps(part, separators=(",", ":"))[1:-1]


# Many messages of a page share these parts.
_addressed_json = lru_cache(maxsize=4096)(lambda recipients: _fields(_addressed(recipients)))
_origin_json = lru_cache(maxsize=4096)(lambda *origin: _fields(_origin(*origin)))


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
        ("<id>", "<postfix>", "<alert>", "<disposition>"),
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
    probe.investigate_id, probe.alert_id, probe.header_id = "<id>", "<alert>", "<header>"
    text = json.dumps(probe.wire(generation), separators=(",", ":")).replace("%", "%%")
    text = text.replace(_fields(_origin(*probe._origin)), "%s").replace(_fields(_addressed(probe.recipients)), "%s")
    text = text.replace(f'"{edf_hash(probe.sender, probe.subject)}"', '"%s"').replace(probe._sent_date, "%s")
    for mark in (*(f'"{name}"' for name in bare), '["<list>"]'):
        text = text.replace(mark, "%s")
    for name in (*quoted, probe.scanned):
        text = text.replace(name, "%s")
    text = text.replace('"properties":{}', '"properties":%s')
    for flag in ("is_quarantined", "is_phish_submission"):
        text = text.replace(f'"{flag}":false', f'"{flag}":%s')
    return text
