from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_models import JOB
from tui_app.api.models import Job
from tui_app.api.rows import JobMessage
from tui_app.jobs.progress import Eta, Progress, acted_share
from tui_app.jobs.row_pages import RowPages
from tui_app.jobs.row_store import PackedRows, RowStore


def job(**changes: Any) -> Job:
    return Job.from_wire({**JOB, **changes})


def rows(*names: str) -> tuple[JobMessage, ...]:
    return tuple(JobMessage.from_wire({"message_id": name, "status": "PENDING"}) for name in names)


class Pages:
    """A listing that is fed with names of rows."""

    def __init__(self, per_page: int) -> None:
        self.listing = RowPages(RowStore(), None, per_page)

    def put(self, number: int, *names: str) -> None:
        self.listing.put(number, self.listing.store.put(PackedRows.of(rows(*names))), last=len(names) < 2)

    @property
    def names(self) -> list[str]:
        return [row.id for row in self.listing.rows()]


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


def test_pages_are_put_together_once_each() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b")
    assert pages.listing.next_page == 2
    pages.put(2, "b", "c")
    assert pages.listing.shifted
    pages.put(3, "d")
    assert pages.names == ["a", "b", "c", "d"]
    assert pages.listing.next_page is None


def test_a_page_that_repeats_what_is_known_ends_the_list() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b")
    pages.put(2, "a", "b")
    assert (pages.listing.complete, len(pages.listing.pages)) == (True, 1)


def test_reading_a_page_again_takes_the_newer_one() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b")
    pages.put(2, "c", "d")
    seen = pages.listing.rows()
    pages.put(1, "a")
    assert pages.names == ["a"]
    assert pages.listing.complete
    pages.put(1, "a", "b")
    assert not pages.listing.complete
    assert [row.id for row in seen] == ["a", "b", "c", "d"], "who looks at rows does not see their number change"
