import time
from datetime import UTC, datetime

import pytest

from tui_app.core.clock import coarse_age, local_time, parse_moment, parse_window, rfc3339, rough_duration

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("24h", "2026-11-19T12:00:00Z"),
        ("7d", "2026-11-13T12:00:00Z"),
        ("90m", "2026-11-20T10:30:00Z"),
        ("now", "2026-11-20T12:00:00Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"),
        (" 2026-11-01T10:00:00Z ", "2026-11-01T10:00:00Z"),
    ],
)
def test_moments_people_write(words: str, moment: str) -> None:
    assert rfc3339(parse_moment(words, NOW)) == moment


@pytest.mark.parametrize(
    "words", ["", "soon", "7", "24hours", "2026-13-01", "-3d", "99999w", "0001-01-01T00:00:00+05:00", "9999-12-31"]
)
def test_what_is_no_moment_is_said(words: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_moment(words, NOW)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(0, "<1m"), (59, "<1m"), (60, "1m"), (3599, "59m"), (3600, "1h"), (172800, "2d"), (10**8, "165w")],
)
def test_ages_are_coarse(seconds: float, age: str) -> None:
    assert coarse_age(seconds) == age


def test_durations_are_rough() -> None:
    assert [rough_duration(s) for s in (0.2, 20, 240, 7200, 5.5e9)] == ["1 s", "20 s", "4 min", "2 h", "63,657 days"]


NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-11-20", "2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z"),
        ("2026-11-20", "2026-11-21", "2026-11-20T00:00:00Z", "2026-11-21T23:59:59Z"),
        ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"),
        ("7D", None, "2026-11-20T12:00:00Z", "2026-11-27T12:00:00Z"),
        ("2W", "1d", "2026-11-13T12:00:00Z", "2026-11-26T12:00:00Z"),
        (None, None, "2026-11-26T12:00:00Z", "2026-11-27T12:00:00Z"),
        (None, "2026-11-01", "2026-10-31T23:59:59Z", "2026-11-01T23:59:59Z"),
        ("2026-11-27", "2026-11-27", "2026-11-27T00:00:00Z", "2026-11-27T12:00:00Z"),
    ],
)
def test_a_window_is_the_one_that_was_meant(start: str | None, end: str | None, first: str, last: str) -> None:
    found = parse_window(start, end, NOON, default_start="1d")
    assert found[0] is not None
    assert (rfc3339(found[0]), rfc3339(found[1])) == (first, last)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-21", "2026-11-20"),
        ("now", "1d"),
        ("1d", "1d"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("now", None),
    ],
)
def test_an_end_that_is_not_after_its_start_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(ValueError, match=r"is not after the start"):
        parse_window(start, end, NOON)


def test_a_capital_m_is_no_time() -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_window("7M", None, NOON)


@pytest.mark.parametrize("zone", ("UTC+25", "UTC-24", "Nowhere/At/All", ":", ""))
def test_a_zone_that_can_t_be_is_taken_for_utc_or_another_and_ends_nothing(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_time(datetime(2026, 11, 20, 12, tzinfo=UTC)) == datetime(2026, 11, 20, 12, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()
