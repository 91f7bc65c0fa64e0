from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.budget import Budget
from tui_app.api.retry import RetryBucket, backoff, retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30), (" 7 ", 7), ("0", 0), ("100000", 300), ("-5", 300), ("NaN", 300), ("1e9", 300), ("", 300), (None, 300), ("soon", 300),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60), ("Fri, 20 Nov 2026 11:00:00 GMT", 0), ("١٢", 300),
    ],
)  # fmt: skip
def test_retry_after_in_all_its_forms(header: str | None, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_makes_us_wait_less_than_nothing_or_more_than_the_window(header: str) -> None:
    assert 0 <= retry_after(header, NOW) <= 300


def test_backoff_grows_to_half_a_minute() -> None:
    random = Random(1)
    assert all(backoff(attempt, random) <= min(30, 2**attempt) for attempt in range(12) for _ in range(20))


def test_a_broken_server_is_not_hammered() -> None:
    bucket = RetryBucket()
    assert sum(bucket.take() for _ in range(100)) == 5
    for _ in range(10):
        bucket.success()
    assert bucket.take()


def test_the_budget_reads_what_the_server_says() -> None:
    budget = Budget()
    assert budget.share_left == 1.0
    budget.read({"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"burst";q=100;w=60'})
    assert (budget.remaining, budget.resets_in, budget.share_left) == (50, 30, 0.5)
    budget.read({"ratelimit": "nonsense"})
    assert budget.remaining == 50
