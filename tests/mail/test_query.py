"""Held mail asked for in words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import SearchParams
from tui_app.core.query import QueryError
from tui_app.mail.query import ALL_MAIL, FIELDS, HELD_MAIL, complete, parse_query, query_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def parse_held_query(line: str, now: datetime) -> SearchParams:
    return parse_query(line, now, HELD_MAIL)


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


def test_all_mail_of_a_day_is_found_where_nothing_is_said() -> None:
    assert parse_query("", NOW).as_query() == {
        "start": "2026-11-19T12:00:00Z",
        "end": "2026-11-20T12:00:00Z",
        "detections_only": "false",
    }


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("delivery:held", "delivery_status", DeliveryStatus.QUARANTINED),
        ("delivery:quarantined", "delivery_status", DeliveryStatus.QUARANTINED),
        ("delivery:Delivered", "delivery_status", DeliveryStatus.DELIVERED),
        ("delivery:held delivery:any", "delivery_status", None),
        ("action:released", "message_action", "QUARANTINE_RELEASED"),
        ("action:quarantine_released", "message_action", "QUARANTINE_RELEASED"),
        ("verdict:none", "final_disposition", Disposition.NONE),
        ("alert:4Njp3P0STMz2c02Q-2026-11-19T10:00:00", "alert_id", "4Njp3P0STMz2c02Q-2026-11-19T10:00:00"),
        ("id:4Njp3P0STMz2c02Q-2026-11-19T10:00:00-12345678", "alert_id", "4Njp3P0STMz2c02Q-2026-11-19T10:00:00"),
        ("id:<a@b.example>", "message_id", "<a@b.example>"),
        ("helo:192.0.2.25", "smtp_helo_ip", "192.0.2.25"),
        ("detections", "detections_only", True),
        ("detections all", "detections_only", False),
        ("since:2026-11-19T10:00", "start", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    ],
)
def test_each_field_of_the_grammar_sets_a_parameter(line: str, name: str, value: object) -> None:
    found = getattr(parse_query(line, NOW), name)
    assert found == value if not isinstance(value, datetime) else found is not None


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("from:a colour:red words", "colour:red"),
        ("verdict:NICE from:a", "verdict:NICE"),
        ("from:a delivery:nowhere", "delivery:nowhere"),
        ("words since:soon", "since:soon"),
        ("words until:2099", "until:2099"),
        ("from: ana", "from:"),
        ("id:postfix9", "id:postfix9"),
        ('subject:"open', '"open'),
    ],
)
def test_a_mistake_is_told_with_its_place(line: str, wrong: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(line, NOW)
    assert line[caught.value.start : caught.value.end] == wrong
    assert str(caught.value).endswith(".")


def test_quarantine_is_held_mail_alone() -> None:
    with pytest.raises(QueryError, match="F finds all mail"):
        parse_held_query("delivery:delivered", NOW)
    assert parse_held_query("delivery:held", NOW).delivery_status is DeliveryStatus.QUARANTINED


@given(
    st.lists(
        st.sampled_from(
            [
                "from:a@b.example", "to:acme.example", 'subject:"two words"', "verdict:SPAM", "delivery:moved", "action:moved",
                "alert:4Njp3P0STMz2c02Q-2026-11-19T10:00:00", "id:<a@b.example>", "helo:192.0.2.1", "detections", "all",
                "since:2026-11-18", "until:2026-11-19", "3d", "word", "it's", '"a b"',
            ]
        ),
        max_size=6,
        unique=True,
    )
)  # fmt: skip
def test_the_line_of_a_search_finds_what_the_search_finds(words: list[str]) -> None:
    try:
        params = parse_query(" ".join(words), NOW)
    except QueryError:
        return
    line = query_of(params, NOW)
    assert not line or parse_query(line, NOW).as_query() == params.as_query()
    if "it's" not in words:
        assert line


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("", (*(f"{known.name}:" for known in FIELDS), "all", "detections")),
        ("words fr", ("from:",)),
        ("s", ("subject:", "since:")),
        ("verdict:m", ("verdict:MALICIOUS",)),
        ("delivery:d", ("delivery:delivered", "delivery:deferred")),
        ("nothing", ()),
    ],
)
def test_tab_completes_fields_and_values(line: str, choices: tuple[str, ...]) -> None:
    assert complete(line, len(line)).choices == choices


def test_presets_differ_in_their_age_and_in_what_they_hold() -> None:
    held, every = parse_query("", NOW, HELD_MAIL), parse_query("", NOW, ALL_MAIL)
    assert (held.start, held.delivery_status) == (datetime(2026, 11, 13, 12, tzinfo=UTC), DeliveryStatus.QUARANTINED)
    assert (every.start, every.delivery_status) == (datetime(2026, 11, 19, 12, tzinfo=UTC), None)
