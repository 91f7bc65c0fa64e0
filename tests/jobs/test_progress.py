"""How far a job is, how fast, and how long it will take."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_models import JOB
from tui_app.api.models import Job
from tui_app.jobs.progress import Eta, Progress, acted_share, setback


def job(**changes: Any) -> Job:
    return Job.from_wire({**JOB, **changes})


def test_the_share_done_is_not_known_before_discovery_ended() -> None:
    assert acted_share(job(status="DISCOVERING")) is None
    assert acted_share(job(status="PROCESSING", total_messages_discovered=10, messages_pending=4)) == 0.6
    assert acted_share(job(status="COMPLETED", total_messages_discovered=0)) == 1.0


def test_a_job_stopped_half_way_stays_at_a_half() -> None:
    stopped = job(
        status="CANCELLED",
        total_messages_discovered=10,
        messages_pending=0,
        messages_successful=5,
        messages_failed=0,
        messages_cancelled=5,
    )
    assert acted_share(stopped) == 0.5


@given(
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 300),
    st.sampled_from(["PROCESSING", "FAILED", "COMPLETED", "X"]),
)
def test_the_share_is_a_share_whatever_the_server_counts(
    pending: int, ok: int, failed: int, found: int, status: str
) -> None:
    share = acted_share(
        job(
            status=status,
            messages_pending=pending,
            messages_successful=ok,
            messages_failed=failed,
            total_messages_discovered=found,
        )
    )
    assert share is None or 0 <= share <= 1


def at_work(through: int, *, found: int = 1000, **changes: Any) -> Job:
    return job(
        total_messages_discovered=found, messages_pending=found - through, messages_successful=through, **changes
    )


def read(*readings: tuple[float, Job]) -> Eta:
    progress = Progress()
    for at, reading in readings:
        progress.add(reading, at)
    return progress.eta(readings[-1][1], readings[-1][0])


def test_rate_and_time_left_come_from_three_readings() -> None:
    first, second, third = (100.0, at_work(0)), (110.0, at_work(400)), (115.0, at_work(600))
    assert read(first).describe() == "no estimate yet"
    assert read(first, second).describe() == "40/s · no estimate yet"
    eta = read(first, second, third)
    assert (eta.rate, eta.left, eta.spread) == (40.0, 10, 0.0)
    assert eta.describe() == "40/s · about 10 s left (±1)"


def test_the_estimate_may_be_off_by_as_much_as_the_rate_varied() -> None:
    steady = read((0.0, at_work(0)), (10.0, at_work(210)), (20.0, at_work(390)))
    uneven = read((0.0, at_work(0)), (10.0, at_work(380)), (20.0, at_work(390)))
    assert steady.left == uneven.left == 32
    assert steady.spread is not None and uneven.spread is not None
    assert steady.describe().endswith("about 32 s left (±3)")
    assert 10 * steady.spread < uneven.spread


def test_while_it_discovers_nothing_is_estimated_and_its_readings_are_none_of_the_work() -> None:
    found = [
        (float(at), job(status="DISCOVERING", total_messages_discovered=at * 9, messages_pending=at * 9))
        for at in range(9)
    ]
    assert read(*found).describe() == "no estimate yet"
    work = [(9.0, at_work(0)), (10.0, at_work(20))]
    assert read(*found, *work).describe() == "20/s · no estimate yet"


def test_a_job_without_a_counter_of_what_waits_has_no_pace() -> None:
    one, two, three = (
        job(messages_pending=None, messages_successful=done, total_messages_discovered=90) for done in (1, 9, 30)
    )
    assert read((0.0, one), (5.0, two), (9.0, three)) == Eta(goes_on=True)


def test_only_the_last_minute_counts() -> None:
    slow = [(float(at), at_work(at)) for at in range(0, 100, 10)]
    fast = [(90.0 + at, at_work(90 + 10 * at)) for at in range(10, 71, 10)]
    assert read(*slow, *fast).rate == 10.0


def test_the_rates_are_of_the_time_from_one_piece_of_news_to_the_next() -> None:
    eta = read((0.0, at_work(0)), (10.0, at_work(100)), (20.0, at_work(100)), (30.0, at_work(500)))
    assert eta.rates == (10.0, 20.0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (at_work(10), job(status="DISCOVERING"), "went from processing back to discovering"),
        (at_work(10, status="COMPLETED"), at_work(10), "went from completed back to processing"),
        (at_work(900), at_work(800), "counts 800 completed after 900"),
        (at_work(900), at_work(900, found=950), "counts 950 found after 1,000"),
        (at_work(10), at_work(20), ""),
        (at_work(10), at_work(20, status="ON_HOLD"), ""),
        (job(status="DISCOVERING"), at_work(5), ""),
    ],
)
def test_what_goes_backwards_is_said(before: Job, after: Job, told: str) -> None:
    assert setback(before, after) == told


def test_counters_that_shrink_give_no_negative_rate() -> None:
    eta = read((0.0, at_work(0)), (10.0, at_work(500)), (20.0, at_work(100)), (30.0, at_work(300)))
    assert (eta.rate, eta.left, eta.rates) == (20.0, None, (50.0, 20.0))


@given(
    st.lists(
        st.tuples(
            st.integers(1, 120_000),
            st.integers(0, 10**12),
            st.none() | st.integers(0, 10**12),
            st.sampled_from(["PENDING", "DISCOVERING", "PROCESSING", "PROCESSING", "PROCESSING", "COMPLETED", "X"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_read_the_rate_is_not_negative_and_the_estimate_finite(
    readings: list[tuple[int, int, int | None, str]],
) -> None:
    progress, at = Progress(), 0.0
    for wait, found, pending, status in readings:
        at += wait / 1000
        reading = job(status=status, total_messages_discovered=found, messages_pending=pending)
        progress.add(reading, at)
        eta = progress.eta(reading, at)
        assert all(0 < rate < math.inf for rate in eta.rates)
        assert eta.rate is None or 0 < eta.rate < math.inf
        assert (eta.left is None) == (eta.spread is None)
        assert eta.left is None or (eta.spread is not None and 0 <= eta.left < math.inf and 0 <= eta.spread < math.inf)
        assert status == "PROCESSING" or eta.left is None
        assert "nan" not in eta.describe()


def test_a_stall_is_said() -> None:
    progress = Progress()
    reading = job(total_messages_discovered=1000, messages_pending=600)
    progress.add(reading, 0.0)
    assert not progress.add(reading, 180.0)
    assert progress.eta(reading, 180.0).describe() == "no progress for 3 min"


def test_a_reading_that_can_t_be_read_tells_no_pace_and_hides_no_standstill() -> None:
    progress, odd = Progress(), {"messages_pending": "many", "messages_successful": "few"}
    for at in range(0, 100, 2):
        changes = odd if at % 4 else {"messages_pending": 1000, "messages_successful": 0}
        now = job(total_messages_discovered=1000, messages_failed=0, **changes)
        moved = progress.add(now, float(at))
        assert moved is (at == 0)
        if at % 4:
            assert progress.eta(now, float(at)) == Eta()
    still = job(total_messages_discovered=1000, messages_pending=1000, messages_successful=0, messages_failed=0)
    assert progress.eta(still, 100.0).still_for == 100.0
