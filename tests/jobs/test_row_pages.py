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

    def put(self, number: int, *names: str, size: int = 0, **lack: Any) -> None:
        slots = self.listing.store.put(PackedRows.of(JOB_ROWS, rows(*names)))
        size = size or len(names)
        self.listing.put(number, slots, PageLack(size, **lack), last=size < 2)

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


def test_a_page_of_rows_that_nobody_asked_for_does_not_end_the_list() -> None:
    pages = Pages(2)
    pages.put(1, size=2, unasked=2, others=1)
    assert pages.listing.next_page == 2
    pages.put(2, "a", "b")
    pages.put(3, size=2, unasked=2, others=3)
    pages.put(4, "c")
    assert (pages.names, pages.listing.next_page) == (["a", "b", "c"], None)
    assert pages.listing.lack == Lack(unasked=4)


def test_a_server_that_repeats_what_nobody_asked_for_comes_to_an_end() -> None:
    pages = Pages(2)
    pages.put(1, "a", "b", size=3, unasked=1, others=1)
    pages.put(2, "a", "b", size=3, unasked=1, others=1)
    assert (pages.listing.complete, pages.listing.lack.unasked) == (True, 1), "it is told once"
    pages = Pages(2)
    pages.put(1, size=2, unasked=2, others=1)
    pages.put(2, size=2, unasked=2, others=1)
    assert (pages.listing.complete, pages.listing.lack.unasked) == (True, 2)


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
