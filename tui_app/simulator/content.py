"""The contents of a message: its text, its detections, its trace, its picture."""

import base64
import hashlib
import struct
import zlib
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache

from tui_app.simulator.action_log import ActionRecord
from tui_app.simulator.mail import Mail, Wire, stable_hash, stamp

_CATEGORIES = {
    "MALICIOUS": (1, "CredentialHarvester", "Leads to a form that asks for credentials"),
    "MALICIOUS-BEC": (2, "BusinessEmailCompromise", "Poses as a colleague to have money moved"),
    "SUSPICIOUS": (3, "Suspicious", "Looks like campaigns seen elsewhere"),
    "SPOOF": (4, "Spoof", "Claims a sender that it is not from"),
    "SPAM": (5, "Spam", "Unasked advertising"),
    "BULK": (6, "Bulk", "Sent to many at once"),
}


def _headers(mail: Mail) -> list[tuple[str, str]]:
    return [
        ("Received", f"from mx.sender.example ([192.0.2.25]) by mx.acme.example; {format_datetime(mail.scanned_at)}"),
        ("From", f'"{mail.sender_name}" <{mail.sender}>'),
        ("To", ", ".join(mail.recipients)),
        ("Subject", mail.subject),
        ("Date", format_datetime(mail.scanned_at)),
        ("Message-ID", mail.header_id),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]


def _link(mail: Mail) -> str:
    return f"https://{mail.sender.rpartition('@')[2]}/open?m={mail.number}"


def eml(mail: Mail) -> str:
    """The message as EML text; a line break in a header is folded."""
    head = [f"{name}: {value}" for name, value in _headers(mail)]
    folded = ["\r\n ".join(line.splitlines()) for line in head]
    body = ["Hello,", "", f"{mail.subject}.", "", f"Please see {_link(mail)}", "", mail.sender_name]
    return "\r\n".join([*folded, "", *body, ""])


def detections(mail: Mail) -> Wire:
    """The detections of a message."""
    number, name, description = _CATEGORIES.get(mail.disposition, (9, "Other", None))
    return {
        "action": "QUARANTINED" if mail.quarantined else "DELIVERED",
        "final_disposition": mail.disposition,
        "findings": [
            {
                "attachment": None,
                "detail": reason,
                "detection": mail.disposition,
                "field": "body",
                "name": f"SIM_{name.upper()}",
                "portion": None,
                "reason": reason,
                "score": 0.5 + stable_hash(mail.number, index) % 50 / 100,
                "value": _link(mail),
            }
            for index, reason in enumerate(mail.reasons)
        ]
        or None,
        "threat_categories": [{"id": number, "name": name, "description": description}],
        "validation": {"comment": None, "dkim": "pass", "dmarc": "pass", "spf": "pass"},
        "sender_info": {
            "as_name": "EXAMPLE-NET",
            "as_number": 64496,
            "geo": "NL",
            "ip": "192.0.2.25",
            "pld": mail.sender.rpartition("@")[2],
        },
        "headers": [{"name": name, "value": value} for name, value in _headers(mail)],
        "links": [{"href": _link(mail), "text": "Please see"}],
        "attachments": [_attachment(mail)] if mail.number % 3 == 0 else [],
    }


def _attachment(mail: Mail) -> Wire:
    digest = hashlib.sha256(str(mail.number).encode()).hexdigest()
    return {
        "size": 1000 + mail.number % 90_000,
        "content_type": "application/pdf",
        "detection": mail.disposition,
        "encrypted": False,
        "filename": f"invoice-{mail.number}.pdf",
        "name": f"invoice-{mail.number}.pdf",
        "md5": digest[:32],
        "sha1": digest[:40],
        "sha256": digest,
    }


def trace(mail: Mail, entries: list[ActionRecord], generation: str, *, pending: bool) -> Wire:
    """The trace in and, after a release, out; while `pending` the way out is not known yet."""
    verdict = "held in quarantine" if mail.delivery_status == ["quarantined"] else "passed on"
    inbound = [
        (mail.scanned_at - timedelta(seconds=2), f"{mail.postfix_id}: from=<{mail.sender}>, connect from 192.0.2.25"),
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
