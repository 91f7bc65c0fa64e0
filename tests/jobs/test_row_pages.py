"""Pages of a job's rows, put together while the list moves on."""

from typing import Any

from tui_app.api.pagination import WHOLE, Lack
from tui_app.api.rows import JobMessage
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.jobs.row_pages import PageLack, RowPages
from tui_app.rows.store import PackedRows, RowStore


def rows(*names: str) -> tuple[JobMessage, ...]:
    return tuple(JobMessage.from_wire({"message_id": name, "status": "PENDING"}) for name in names)


class Pages:
    """A listing that is fed with names of rows."""

    def __init__(self, per_page: int) -> None:
        self.listing = RowPages(RowStore(JOB_ROWS), None, per_page)

    def put(self, number: int, *names: str, **lack: Any) -> None:
        slots = self.listing.store.put(PackedRows.of(JOB_ROWS, rows(*names)))
        self.listing.put(number, slots, PageLack(len(names), **lack), last=len(names) < 2)

    @property
    def names(self) -> list[str]:
        return [row.id for row in self.listing.rows()]


def test_pages_are_put_together_once_each() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b")
    assert pages.listing.next_page == 2
    pages.put(2, "b", "c")
    assert pages.listing.lack.shifted
    pages.put(3, "d")
    assert pages.names == ["a", "b", "c", "d"]
    assert pages.listing.next_page is None


def test_what_a_page_lacked_is_told_for_as_long_as_it_is_listed() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b")
    pages.put(2, "c", "d", partial=True, unreadable=1, of_one_id=1, unasked=1)
    assert pages.listing.lack == Lack(partial=True, unreadable=1, of_one_id=1, unasked=1)
    pages.put(2, "c", "d", counted=9)
    assert pages.listing.lack == WHOLE, "more may come"
    pages.put(3, "e")
    assert pages.listing.lack == Lack(maybe_more=True)
    pages.put(2, "c", "d", partial=True)
    pages.listing.end_before(2)
    assert (pages.names, pages.listing.lack) == (["a", "b"], WHOLE)


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
