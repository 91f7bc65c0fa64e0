"""The contents of a message: its text, its detections, its trace, its picture."""

import base64
import hashlib
import struct
import zlib
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Final

from tui_app.simulator.action_log import ActionRecord
from tui_app.simulator.evidence import CATEGORIES, Attachment, Evidence, Finding
from tui_app.simulator.mail import Mail, Wire, stable_hash, stamp

_BODY: Final = Evidence()


def _headers(mail: Mail) -> list[tuple[str, str]]:
    host, checked = (mail.envelope_from or "").rpartition("@")[2] or "unknown", mail.validation
    optional = (("Reply-To", mail.reply_to), ("X-Originating-IP", mail.x_originating_ip))
    return [
        ("Received", f"from mx.{host} ([{mail.helo_ip}]) by mx.acme.example; {format_datetime(mail.scanned_at)}"),
        ("Return-Path", f"<{mail.envelope_from}>"),
        (
            "Authentication-Results",
            f"mx.acme.example; spf={checked.spf} smtp.mailfrom={mail.envelope_from};"
            f" dkim={checked.dkim}; dmarc={checked.dmarc} header.from={_domain(mail)}",
        ),
        ("From", f'"{mail.sender_name}" <{mail.sender}>'),
        ("To", ", ".join(mail.recipients)),
        *((name, value) for name, value in optional if value is not None),
        ("Subject", mail.subject),
        ("Date", format_datetime(mail.scanned_at)),
        ("Message-ID", mail.header_id),
        ("MIME-Version", "1.0"),
        ("Content-Type", (mail.evidence or _BODY).content_type),
    ]


def _domain(mail: Mail) -> str:
    return mail.sender.rpartition("@")[2]


def _link(mail: Mail) -> str:
    return f"https://{_domain(mail)}/open?m={mail.number}"


def eml(mail: Mail) -> str:
    """The message as EML text; a line break in a header is folded."""
    own = mail.evidence or _BODY
    if own.raw is not None:
        return own.raw
    head = [f"{name}: {value}" for name, value in _headers(mail)]
    folded = ["\r\n ".join(line.splitlines()) for line in head]
    if own.body is not None:
        return "\r\n".join([*folded, "", own.body])
    body = ["Hello,", "", f"{mail.subject}.", "", f"Please see {_link(mail)}", "", mail.sender_name]
    return "\r\n".join([*folded, "", *body, ""])


def _raw_headers(raw: str) -> list[tuple[str, str]]:
    """The headers of a text that may be malformed: a line without a colon is a header without a name."""
    parts: list[list[str]] = []
    for line in raw.replace("\r\n", "\n").partition("\n\n")[0].split("\n"):
        if line[:1] in (" ", "\t") and parts:
            parts[-1].append(line.strip())
        elif line:
            parts.append([line])
    pairs = [" ".join(lines).partition(":") for lines in parts]
    return [(name if colon else "", (value if colon else name).strip()) for name, colon, value in pairs]


def detections(mail: Mail) -> Wire:
    """The detections of a message."""
    own = mail.evidence or _BODY
    return {
        "action": "QUARANTINED" if mail.quarantined else "DELIVERED",
        "final_disposition": mail.disposition,
        "findings": [_finding(mail, finding) for finding in own.findings or _findings(mail)] or None,
        "threat_categories": [_category(name) for name in mail.categories or ("Other",)],
        "validation": mail.validation.wire,
        "sender_info": {
            "as_name": "EXAMPLE-NET",
            "as_number": 64496,
            "geo": "NL",
            "ip": mail.helo_ip,
            "pld": _domain(mail),
        },
        "headers": [
            {"name": name, "value": value}
            for name, value in (_headers(mail) if own.raw is None else _raw_headers(own.raw))
        ],
        "links": [{"href": href, "text": text} for href, text in own.links or ((_link(mail), "Please see"),)],
        "attachments": [_attachment(mail, attachment) for attachment in _attachments(mail)],
    }


def _category(name: str) -> Wire:
    number, description = CATEGORIES.get(name, (9, None))
    return {"id": number, "name": name, "description": description}


def _findings(mail: Mail) -> list[Finding]:
    name = f"SIM_{(mail.categories or ('Other',))[0].upper()}"
    return [
        Finding(name, reason, 0.5 + stable_hash(mail.number, index) % 50 / 100, value=_link(mail))
        for index, reason in enumerate(mail.reasons)
    ]


def _finding(mail: Mail, finding: Finding) -> Wire:
    return {
        "attachment": finding.attachment,
        "detail": finding.reason,
        "detection": mail.disposition,
        "field": finding.field,
        "name": finding.name,
        "portion": None,
        "reason": finding.reason,
        "score": finding.score,
        "value": finding.value,
    }


def _attachments(mail: Mail) -> tuple[Attachment, ...]:
    if mail.evidence is not None:
        return mail.evidence.attachments
    if mail.number % 3:
        return ()
    name, size = f"invoice-{mail.number}.pdf", 1000 + mail.number % 90_000
    return (Attachment(name, size, "application/pdf", str(mail.number).encode()),)


def _attachment(mail: Mail, attachment: Attachment) -> Wire:
    return {
        "size": attachment.size,
        "content_type": attachment.content_type,
        "detection": mail.disposition,
        "encrypted": attachment.encrypted,
        "filename": attachment.name,
        "name": attachment.name,
        "md5": hashlib.md5(attachment.content, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(attachment.content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(attachment.content).hexdigest(),
    }


def trace(mail: Mail, entries: list[ActionRecord], generation: str, *, pending: bool) -> Wire:
    """The trace in and, after a release, out; while `pending` the way out is not known yet."""
    verdict = "held in quarantine" if mail.delivery_status == ["quarantined"] else "passed on"
    inbound = [
        (
            mail.scanned_at - timedelta(seconds=2),
            f"{mail.postfix_id}: from=<{mail.envelope_from}>, connect from {mail.helo_ip}",
        ),
        (mail.scanned_at, f"{mail.postfix_id}: scanned, disposition={mail.disposition}, {verdict}"),
    ]
    outbound = [
        (entry.completed_at, f"{mail.postfix_id}: to=<{to}>, relay=mail.acme.example, status=sent (250 OK)")
        for entry in entries
        if entry.action == "RELEASE" and entry.success
        for to in mail.recipients
    ]
    return {
        "inbound": {"lines": _lines(inbound, generation), "pending": False},
        "outbound": {"lines": None if pending else _lines(outbound, generation), "pending": pending},
    }


def _lines(events: list[tuple[datetime, str]], generation: str) -> list[Wire]:
    lines: list[Wire] = []
    for number, (moment, message) in enumerate(events, 1):
        line: Wire = {"lineno": number, "logged_at": stamp(moment), "message": message}
        lines.append(line | {"ts": stamp(moment)} if generation == "seed" else line)
    return lines


@cache
def screenshot() -> str:
    """A picture of 16 by 9 grey points, as base64 of a PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes(min(255, 40 + 12 * (x + y)) for x in range(16)) for y in range(9))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 9, 8, 0, 0, 0, 0))
    picture = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(picture).decode()
