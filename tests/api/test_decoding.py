import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api import decoding
from tui_app.api.decoding import DecodeError, Envelope, parse_envelope, read_many, read_rows, typed_envelope
from tui_app.api.rows import JobMessage, Message, WireMail, WireRow

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_garbled(body: bytes) -> None:
    try:
        assert isinstance(parse_envelope(body), Envelope)
    except DecodeError as garbled:
        assert str(garbled)


@given(st.dictionaries(st.sampled_from(["success", "errors", "messages", "result", "result_info"]), JSON))
def test_any_json_in_the_envelope_is_read_or_garbled(data: dict[str, object]) -> None:
    try:
        envelope = parse_envelope(json.dumps(data).encode())
    except DecodeError:
        assert "success" not in data
    else:
        assert envelope.success is (data["success"] is True)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html><h1>502</h1>", b"[1]", b'{"success": NaN}', b"[" * 100_000, b'{"success": true, "result": ' + b"9" * 6000 + b"}",
        b"\xff\xfe", b'{"success": true', b"null",
    ],
)  # fmt: skip
def test_garbage_is_said_to_be_garbage(body: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_envelope(body)


def test_one_lone_surrogate_does_not_cost_the_page() -> None:
    body = b'{"success": true, "result": [{"id": "a", "subject": "x \\ud800 y"}, {"id": "b", "subject": null}]}'
    first, second = read_many(Message.from_wire, parse_envelope(body).result)
    assert first.subject.exact == "x \ud800 y"
    assert str(first.subject) == "x \ufffd y"
    assert str(second.subject) == ""


def test_a_missing_id_names_the_field_and_never_a_value() -> None:
    with pytest.raises(DecodeError, match="id is missing") as caught:
        read_many(Message.from_wire, [{"subject": "payroll secret"}])
    assert "payroll" not in str(caught.value)


def test_error_chains_and_pointers_are_kept() -> None:
    errors = [
        {
            "code": 6003,
            "message": "bad",
            "source": {"pointer": "/a"},
            "error_chain": [{"code": 6111, "message": "format"}],
        },
        "odd",
    ]
    envelope = parse_envelope(json.dumps({"success": False, "errors": errors}).encode())
    assert [str(error) for error in envelope.errors] == ["bad at /a (code 6003)", "format (code 6111)", "odd"]


# ---- rows that are decoded at once

PARSE_ROWS, PARSE_MAILS = typed_envelope(WireRow), typed_envelope(WireMail)
ROW: dict[str, Any] = {
    "message_id": "d3a0b2e3-0e30-4deb-ad03-a9529a3a7cf1",
    "postfix_id": "4N34",
    "action_type": "MOVE",
    "action_params": {"type": "MOVE", "destination": "Inbox", "client_recipient": "a@b.example"},
    "status": "FAILED",
    "retry_count": 1,
    "created_at": "2026-11-20T12:00:00Z",
    "status_message": "näme",
    "message": {"id": "i", "subject": "s", "from": "f@g.example", "to": ["a@b.example"], "properties": {}},
}
MAIL: dict[str, Any] = {
    "id": "i", "subject": "s", "from": "f@g.example", "to": ["a"], "client_recipients": ["a@b.example"], "is_quarantined": True,
    "properties": {"allowlisted_pattern_type": "quarantine_release"}, "delivery_status": ["moved"], "ts": "2026-11-20T12:00:00Z",
}  # fmt: skip


def read_as_rows(envelope: Envelope) -> tuple[JobMessage, ...]:
    return read_rows(partial(JobMessage.from_wire, exact=False), JobMessage.of_raw, envelope)


def read_as_mails(envelope: Envelope) -> tuple[Message, ...]:
    return read_rows(partial(Message.from_wire, exact=False), Message.of_raw, envelope)


def seen(item: JobMessage | Message) -> dict[str, Any]:
    """All that is given out of a row."""
    return {
        name: getattr(item, name) for name in dir(type(item)) if not name.startswith("_") and name not in ("plain",)
    }


def of_body(body: bytes, parse: Any, read: Any) -> Any:
    """What is read of it, or what is wrong with it."""
    try:
        envelope = parse(body)
        return (
            envelope.success, envelope.errors, envelope.messages, envelope.result_info,
            [{name: value for name, value in seen(item).items() if not callable(value)} for item in read(envelope)],
        )  # fmt: skip
    except DecodeError as error:
        return (str(error), error.too_large)


@given(
    st.dictionaries(st.sampled_from([*ROW, "extra"]), JSON),
    st.dictionaries(st.sampled_from(["id", "subject", "from", "x"]), JSON),
    st.dictionaries(st.sampled_from(["success", "errors", "messages", "result_info", "x"]), JSON),
)
def test_rows_decoded_at_once_are_those_of_the_tolerant_reader(
    row: dict[str, Any], mail: dict[str, Any], around: dict[str, Any]
) -> None:
    for changed in (row, {"message": mail}):
        body = json.dumps({"success": True, "result": [ROW, {**ROW, **changed}], **around}).encode()
        assert of_body(body, PARSE_ROWS, read_as_rows) == of_body(body, parse_envelope, read_as_rows)


@given(st.dictionaries(st.sampled_from([*MAIL, "scanned_at", "extra"]), JSON))
def test_mails_decoded_at_once_are_those_of_the_tolerant_reader(mail: dict[str, Any]) -> None:
    body = json.dumps({"success": True, "result": [MAIL, {**MAIL, **mail}]}, ensure_ascii=False).encode()
    assert of_body(body, PARSE_MAILS, read_as_mails) == of_body(body, parse_envelope, read_as_mails)


@given(st.integers(0, 2000), st.binary(max_size=3))
def test_broken_bytes_are_never_read_as_another_row(place: int, instead: bytes) -> None:
    body = json.dumps({"success": True, "result": [ROW, ROW], "result_info": {"per_page": 2}}).encode()
    place %= len(body)
    broken = body[:place] + instead + body[place + 1 :]
    strict, quick = (of_body(broken, parse, read_as_rows) for parse in (parse_envelope, PARSE_ROWS))
    # What is skipped is not looked into as closely; what is read is the same.
    assert quick == strict or len(strict) == 2


def test_a_page_as_documented_is_decoded_at_once_and_nulls_are_missing() -> None:
    oldest = {"message_id": "m", "status": "PENDING"}
    nulls = {**dict.fromkeys(ROW), **oldest}
    envelope = PARSE_ROWS(json.dumps({"success": True, "result": [ROW, oldest, nulls]}).encode())
    assert envelope.typed
    first, second, third = read_as_rows(envelope)
    assert (str(first.recipient), str(first.subject), str(first.status_message)) == ("a@b.example", "s", "näme")
    assert (second.subject, second.investigate_id, str(second.recipient)) == (None, None, "")
    assert second == third


@pytest.mark.parametrize(
    "odd", [{"subject": "x \ud800 y"}, {"subject": 7}, {"to": "a"}, {"retry_count": 10**30}, {"sender": None}]
)
def test_one_odd_row_costs_no_page_however_it_is_read(odd: dict[str, Any]) -> None:
    row = {**ROW, **odd, "message": {**ROW["message"], **odd}}
    body = json.dumps({"success": True, "result": [ROW, row]}).encode()
    assert [read.id for read in read_as_rows(PARSE_ROWS(body))] == [ROW["message_id"]] * 2


@pytest.mark.parametrize("parse", [parse_envelope, PARSE_ROWS])
def test_brackets_in_a_subject_are_no_parts_of_an_answer(parse: Any) -> None:
    row = {**ROW, "message": {"id": "i", "subject": "[" * 200_000 + '\\"' + "," * 500_000}}
    (read,) = read_as_rows(parse(json.dumps({"success": True, "result": [row]}).encode()))
    assert len(read.raw.subject) == 700_002
    for poison in (b"[" + b"[]," * 100_001 + b"[]]", b"[" + b"1," * 400_001 + b"1]"):
        with pytest.raises(DecodeError, match="too many parts"):
            parse(b'{"success": true, "errors": ' + poison + b', "result": []}')


@pytest.mark.parametrize("parse", [parse_envelope, PARSE_ROWS])
def test_more_items_than_any_page_has_are_too_large(parse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_ITEMS", 3)
    with pytest.raises(DecodeError, match="more than 3 items") as caught:
        read_as_rows(parse(json.dumps({"success": True, "result": [ROW] * 4}).encode()))
    assert caught.value.too_large


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "result": [{"message_id": "m", "status": "S", "skipped": "\xff"}]}',
        b'{"success": true, "result": [{"message_id": "", "status": "S"}]}',
        b'{"success": true, "result": [{"message_id": "m"}]}',
        b'{"result": [{"message_id": "m", "status": "S"}]}',
        b'{"success": true, "result": [{"message_id": "m", "status": "S", "retry_count": NaN}]}',
        b'{"success": true, "result": [], "errors": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"success": true, "result": [{"message_id": "m", "status": ' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_page_is_said_by_either_reader(body: bytes) -> None:
    assert len(of_body(body, PARSE_ROWS, read_as_rows)) == 2
    assert of_body(body, PARSE_ROWS, read_as_rows) == of_body(body, parse_envelope, read_as_rows)
