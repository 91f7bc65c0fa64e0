from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.errors import ApiError, Conflict, Invalid, ServerFault, TooLarge, Unreachable, Unreadable
from tui_app.api.retry import ReadRetries, RetryBucket, backoff, retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30), (" 7 ", 7), ("0", 1), ("100000", 300), ("-5", 300), ("NaN", 300), ("1e9", 300), ("", 300), (None, 300), ("soon", 300),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60), ("Fri, 20 Nov 2026 11:00:00 GMT", 1), ("١٢", 300),
    ],
)  # fmt: skip
def test_retry_after_in_all_its_forms(header: str | None, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_makes_us_wait_less_than_a_second_or_more_than_the_window(header: str) -> None:
    assert 1 <= retry_after(header, NOW) <= 300


def test_backoff_grows_to_half_a_minute() -> None:
    random = Random(1)
    assert all(backoff(attempt, random) <= min(30, 2**attempt) for attempt in range(12) for _ in range(20))


def test_a_broken_server_is_not_hammered() -> None:
    bucket = RetryBucket()
    assert sum(bucket.take() for _ in range(100)) == 5
    for _ in range(10):
        bucket.success()
    assert bucket.take()


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (Unreachable("x", request="GET x", sent=True), 3),
        (ServerFault("x", request="GET x", status=503), 3),
        (ServerFault("x", request="GET x", status=408), 3),
        (Unreadable("x", request="GET x", status=200), 2),
        (Conflict("x", request="GET x", status=409), 2),
        (Unreadable("x", request="GET x", status=302), 1),
        (Unreadable("x", request="GET x", status=202), 1),
        (TooLarge("x", request="GET x"), 1),
        *(
            (Invalid("x", request="GET x", status=status), 1)
            for status in (400, 401, 403, 404, 405, 413, 414, 415, 422)
        ),
    ],
)
def test_what_a_read_may_be_tried_again_for(error: ApiError, attempts: int) -> None:
    retries = ReadRetries()
    while retries.allows(error):
        pass
    assert retries.failures == attempts


LOST = Unreachable("x", request="GET x", sent=True)
GARBLED = Unreadable("x", request="GET x", status=200)
CONFLICT = Conflict("x", request="GET x", status=409)


@pytest.mark.parametrize(
    ("errors", "allowed"),
    [
        ((LOST, GARBLED, LOST), (True, True, False)),
        ((GARBLED, LOST, LOST), (True, True, False)),
        ((LOST, LOST, GARBLED), (True, True, False)),
        ((GARBLED, GARBLED), (True, False)),
        ((GARBLED, CONFLICT), (True, False)),
        ((LOST, GARBLED, GARBLED), (True, True, False)),
    ],
)
def test_a_read_has_three_attempts_of_whatever_kind(errors: tuple[ApiError, ...], allowed: tuple[bool, ...]) -> None:
    retries = ReadRetries()
    assert tuple(map(retries.allows, errors)) == allowed


@pytest.mark.parametrize(
    ("header", "milliseconds", "seconds"),
    [
        (None, "2500", 2.5),
        ("9", "2500", 2.5),
        ("9", "soon", 9),
        ("9", "", 9),
        (None, "1", 1),
        (None, "999999999", 300),
        ("9", "-5", 9),
    ],
)
def test_milliseconds_are_more_exact(header: str | None, milliseconds: str, seconds: float) -> None:
    assert retry_after(header, NOW, milliseconds) == seconds
