import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.decoding import DecodeError, Envelope, parse_envelope, read_many
from tui_app.api.rows import Message

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
