"""Held mail asked for in words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import DeliveryStatus
from tui_app.mail.query import parse_held_query

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_held_query_in_words() -> None:
    params = parse_held_query('from:news@a.example subject:"weekly digest" verdict:bulk 24h urgent', NOW)
    assert params.as_query() == {
        "start": "2026-11-19T12:00:00Z", "end": "2026-11-20T12:00:00Z", "query": "urgent", "detections_only": "false",
        "final_disposition": "BULK", "delivery_status": "quarantined", "sender": "news@a.example", "subject": "weekly digest",
    }  # fmt: skip
    assert parse_held_query("", NOW).start == datetime(2026, 11, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("to:<ana@acme.example>", "recipient", "ana@acme.example"),
        ("from:<ana@acme.example", "sender", "ana@acme.example"),
        ('"Re: invoice"', "query", "Re: invoice"),
        ("12:30", "query", "12:30"),
        ("7D", "query", None),
    ],
)
def test_addresses_and_phrases_are_what_they_look_like(line: str, name: str, value: str | None) -> None:
    assert getattr(parse_held_query(line, NOW), name) == value


def test_a_day_as_the_end_of_a_query_is_the_whole_day() -> None:
    params = parse_held_query("start:2026-11-19 end:2026-11-19", NOW)
    assert (params.as_query()["start"], params.as_query()["end"]) == ("2026-11-19T00:00:00Z", "2026-11-19T23:59:59Z")
    with pytest.raises(ValueError, match="is not after the start"):
        parse_held_query("start:2026-11-19 end:2026-11-18", NOW)


@pytest.mark.parametrize("line", ['subject:"open', "colour:red", "verdict:NICE", "start:soon"])
def test_a_query_that_makes_no_sense_is_said(line: str) -> None:
    with pytest.raises(ValueError, match=r".+\."):
        parse_held_query(line, NOW)


@given(st.text(max_size=60))
def test_any_query_line_asks_for_held_mail_or_says_why_not(line: str) -> None:
    try:
        params = parse_held_query(line, NOW)
    except ValueError:
        return
    assert params.delivery_status is DeliveryStatus.QUARANTINED
