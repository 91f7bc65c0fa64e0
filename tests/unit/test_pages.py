import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.client import Page
from tui_app.api.errors import Invalid, Unreadable
from tui_app.api.pages import CursorPages, numbered


def collect(
    pages: dict[int, list[str]] | list[str], per_page: int, *, ignores_page: bool = False, past_end: bool = False
) -> list[str]:
    rows = pages if isinstance(pages, list) else []
    asked = 0

    async def fetch(number: int) -> Page[str]:
        nonlocal asked
        asked += 1
        assert asked < 1000, "never ends"
        start = 0 if ignores_page else (number - 1) * per_page
        if past_end and start >= len(rows) and number > 1:
            raise Invalid("past the end", request="GET x")
        return Page(tuple(rows[start : start + per_page]))

    async def run() -> list[str]:
        return [item async for page in numbered(fetch, lambda item: item, per_page) for item in page]

    return asyncio.run(run())


@given(st.integers(0, 60), st.integers(1, 20), st.booleans())
def test_numbered_pages_bring_every_row_once(count: int, per_page: int, past_end: bool) -> None:
    rows = [str(number) for number in range(count)]
    assert collect(rows, per_page, past_end=past_end) == rows


def test_a_server_that_ignores_page_does_not_hold_us_for_ever() -> None:
    assert collect(["a", "b"], 2, ignores_page=True) == ["a", "b"]


def test_a_refused_first_page_is_an_error_not_an_empty_list() -> None:
    async def fetch(number: int) -> Page[str]:
        raise Invalid("no", request="GET x")

    async def run() -> None:
        async for _ in numbered(fetch, str, 10):
            pass

    with pytest.raises(Invalid):
        asyncio.run(run())


def test_rows_that_shift_onto_the_next_page_come_once() -> None:
    answers = [("a", "b"), ("b", "c"), ("d",)]

    async def fetch(number: int) -> Page[str]:
        return Page(answers[number - 1])

    async def run() -> list[str]:
        return [item async for page in numbered(fetch, str, 2) for item in page]

    assert asyncio.run(run()) == ["a", "b", "c", "d"]


def test_cursors_are_followed_to_the_end_and_never_in_circles() -> None:
    chain = {None: Page(("a",), "1"), "1": Page(("b",), "2"), "2": Page(("c",), None)}
    circle = {None: Page(("a",), "1"), "1": Page(("b",), "1")}

    async def run(pages: dict[str | None, Page[str]]) -> list[str]:
        async def fetch(cursor: str | None) -> Page[str]:
            return pages[cursor]

        rows: list[str] = []
        cursor_pages = CursorPages(fetch, str)
        while not cursor_pages.complete:
            rows += await cursor_pages.load()
        return rows

    assert asyncio.run(run(chain)) == ["a", "b", "c"]
    with pytest.raises(Unreadable, match="circles"):
        asyncio.run(run(circle))
