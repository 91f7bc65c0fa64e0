"""How far a job is, how fast, and how long it will take."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_models import JOB
from tui_app.api.models import Job
from tui_app.jobs.progress import Eta, Progress, acted_share


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


def test_rate_and_time_left_come_from_readings() -> None:
    progress = Progress()
    first = job(total_messages_discovered=1000, messages_pending=1000)
    assert progress.add(first, 100.0)
    assert progress.eta(first, 100.0) == Eta()
    second = job(total_messages_discovered=1000, messages_pending=600)
    assert progress.add(second, 110.0)
    eta = progress.eta(second, 110.0)
    assert (eta.rate, eta.left) == (40.0, 15)
    assert eta.describe() == "40/s · about 15 s left"


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
