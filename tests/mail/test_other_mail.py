"""Answers about parts of a message that may be another mail's: the difference comes first in the part."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.mail.hostile import MEGABYTE, bounded
from tui_app.api.details import Detections, RawMessage, Trace
from tui_app.api.rows import Message
from tui_app.core.look_alike import KnownDomains
from tui_app.mail.message_parts import MessageParts, Part, Source
from tui_app.mail.other_mail import facts_of, unlike_trace
from tui_app.mail.part_text import WARNING, lines_of, raw_lines
from tui_app.simulator.mail import Mail

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MAIL = Mail(7, "4NAAAAAAAAAAAA07", "ana@acme.example", "A", ("b@acme.example",), "Hello", NOW, "BULK")
MESSAGE = Message.from_wire(MAIL.wire("new"))
OTHER_ID = "This may be another mail's: its Message-ID is other@x.example, the message's is"
KNOWN = KnownDomains.of((), {})


def first_line(part: Part, source: Source, answer: object) -> str:
    """What comes first in a part of the message as a list knows it."""
    parts = MessageParts(lambda: None, None, MESSAGE.id.exact)  # type: ignore[arg-type, return-value]
    parts._read[source] = answer
    line = lines_of(part, parts, KNOWN, MESSAGE)[0]
    return line.text if line.tone == WARNING else ""


def detections(verdict: str = "BULK", **headers: str) -> Detections:
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    return Detections.from_wire({"final_disposition": verdict, "headers": named})


@pytest.mark.parametrize("part", [Part.WHY, Part.LINKS, Part.HEADERS])
@pytest.mark.parametrize(
    ("headers", "first"),
    [
        ({}, ""),
        ({"Message_ID": MAIL.header_id, "From": "Ana <ANA@acme.example>"}, ""),
        ({"message_id": f"\r\n {MAIL.header_id.strip('<>')}"}, ""),
        ({"Message_ID": "<other@x.example>", "MESSAGE_ID": MAIL.header_id}, ""),
        ({"From": "a name that nobody can read"}, ""),
        ({"Message_ID": "<other@x.example>"}, OTHER_ID),
        ({"Message_ID": "<other@x.example>\x1b[2J"}, OTHER_ID),
        ({"From": "bob@x.example"}, "This may be another mail's: its From is bob@x.example, the message's is ana@acme"),
    ],
)
def test_other_headers_are_told(part: Part, headers: dict[str, str], first: str) -> None:
    assert first_line(part, Source.DETECTIONS, detections(**headers)).startswith(first)
    assert bool(first_line(part, Source.DETECTIONS, detections(**headers))) == bool(first)


def test_another_verdict_is_told() -> None:
    told = first_line(Part.WHY, Source.DETECTIONS, detections("MALICIOUS"))
    assert told.startswith("The verdict is MALICIOUS here and BULK of the message: it was changed since")
    assert first_line(Part.HEADERS, Source.DETECTIONS, detections("MALICIOUS")) == ""


def test_another_raw_mail_is_told() -> None:
    for written, told in ((MAIL.header_id, ""), ("<other@x.example>", OTHER_ID)):
        raw = RawMessage.from_wire({"raw": f"Message-ID:\r\n {written}\r\nFrom: ana@acme.example\r\n\r\nHello"})
        assert first_line(Part.RAW, Source.RAW, raw).startswith(told)
        assert bool(first_line(Part.RAW, Source.RAW, raw)) == bool(told)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", ""),
        ("connect from 192.0.2.1", ""),
        (f"{MAIL.postfix_id}: scanned", ""),
        (f"4NAAAAAAAAAAAA99: message-id={MAIL.header_id}", ""),
        (f"{MAIL.postfix_id}: message-id=<other@x.example>", OTHER_ID),
        ("4NAAAAAAAAAAAA99: scanned", "This may be another mail's: its postfix id is 4NAAAAAAAAAAAA99"),
    ],
)
def test_another_trace_is_told(line: str, told: str) -> None:
    trace = Trace.from_wire({"inbound": {"lines": [{"message": line}, {"message": "x"}]}})
    assert first_line(Part.TRACE, Source.TRACE, trace).startswith(told)
    assert bool(first_line(Part.TRACE, Source.TRACE, trace)) == bool(told)


@pytest.mark.parametrize("piece", ["4", "4N", "message-id=", "message-id=<", "<"])
def test_a_hostile_trace_takes_linear_time(piece: str) -> None:
    text: Any = piece * (MEGABYTE // len(piece))
    with bounded(3):
        unlike_trace(Trace.from_wire({"inbound": {"lines": [{"message": text}]}}), facts_of(MESSAGE))
        raw_lines(f"Message-ID: {text}\nFrom: {text}\n\n", facts_of(MESSAGE))


def test_no_line_of_a_mail_can_be_taken_for_one_of_ours() -> None:
    body = "headers\r\nsource\r\nFrom:          boss@acme.example\r\n⟦hidden: x⟧\r\n" + "a" * 5000
    lines = [str(line) for line in raw_lines(f"From: x@y.example\r\n\r\n{body}")]
    ours = [line for line in lines if not line.startswith("│")]
    assert [line for line in ours if line in ("headers", "source")] == ["headers", "source"]
    assert [line for line in ours if line.startswith("From:")] == ["From:          x@y.example"]
    assert [line for line in lines if "↪" in line] == ["│ ↪ " + "a" * 1000] * 2
    assert [line for line in lines if "hidden" in line] == ["│ [hidden: x]", "│ ⟦hidden: x⟧"]
