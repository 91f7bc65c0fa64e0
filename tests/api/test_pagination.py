import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.errors import Invalid, TooLarge, Unreadable
from tui_app.api.page import Page
from tui_app.api.pagination import CursorPages, NumberedPages


def collect(
    pages: dict[int, list[str]] | list[str], per_page: int, *, ignores_page: bool = False, past_end: bool = False
) -> list[str]:
    rows = pages if isinstance(pages, list) else []
    asked = 0

    async def fetch(number: int, size: int) -> Page[str]:
        nonlocal asked
        asked += 1
        assert asked < 1000, "never ends"
        start = 0 if ignores_page else (number - 1) * size
        if past_end and start >= len(rows) and number > 1:
            raise Invalid("past the end", request="GET x", status=400)
        return Page(tuple(rows[start : start + size]))

    async def run() -> list[str]:
        return [item async for page in NumberedPages(fetch, lambda item: item, per_page) for item in page]

    return asyncio.run(run())


@given(st.integers(0, 60), st.integers(1, 20), st.booleans())
def test_numbered_pages_bring_every_row_once(count: int, per_page: int, past_end: bool) -> None:
    rows = [str(number) for number in range(count)]
    assert collect(rows, per_page, past_end=past_end) == rows


def test_a_server_that_ignores_page_does_not_hold_us_for_ever() -> None:
    assert collect(["a", "b"], 2, ignores_page=True) == ["a", "b"]


def test_a_refused_first_page_is_an_error_not_an_empty_list() -> None:
    async def fetch(number: int, size: int) -> Page[str]:
        raise Invalid("no", request="GET x")

    async def run() -> None:
        async for _ in NumberedPages(fetch, str, 10):
            pass

    with pytest.raises(Invalid):
        asyncio.run(run())


def test_rows_that_shift_onto_the_next_page_come_once() -> None:
    answers = [("a", "b"), ("b", "c"), ("d",)]

    async def fetch(number: int, size: int) -> Page[str]:
        return Page(answers[number - 1])

    async def run() -> tuple[list[str], bool]:
        pages = NumberedPages(fetch, str, 2)
        return [item async for page in pages for item in page], pages.shifted

    assert asyncio.run(run()) == (["a", "b", "c", "d"], True)


@given(st.integers(0, 300), st.integers(10, 100), st.integers(1, 99))
def test_pages_too_large_for_an_answer_are_asked_for_in_smaller_ones(count: int, per_page: int, fits: int) -> None:
    rows = [str(number) for number in range(count)]

    async def fetch(number: int, size: int) -> Page[str]:
        page = rows[(number - 1) * size : number * size]
        # The further down, the larger the rows.
        if sum(1 + int(row) // 50 for row in page) > max(fits, 5 * 7):
            raise TooLarge("larger than 8 MiB", request="GET x")
        return Page(tuple(page))

    async def run() -> tuple[list[str], bool]:
        pages = NumberedPages(fetch, str, per_page)
        return [item async for page in pages for item in page], pages.shifted

    try:
        found, shifted = asyncio.run(run())
    except TooLarge:
        return
    assert found == rows
    assert not shifted


def test_what_does_not_fit_even_alone_is_told() -> None:
    async def fetch(number: int, size: int) -> Page[str]:
        raise TooLarge("larger than 8 MiB", request="GET x")

    pages = NumberedPages(fetch, str, 1000)
    with pytest.raises(TooLarge):
        asyncio.run(pages.load())
    assert not pages.complete


def test_a_page_that_fails_is_asked_for_again_where_it_failed() -> None:
    answers: list[Page[str] | Exception] = [Page(("a", "b")), Invalid("no", request="GET x"), Page(("c",))]

    async def run(pages: CursorPages[str]) -> None:
        assert await pages.load() == ("a", "b")
        with pytest.raises(Unreadable):
            await pages.load()
        assert await pages.load() == ("c",)
        assert pages.complete

    async def fetch(cursor: str | None, size: int) -> Page[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise Unreadable("no", request="GET x")
        return Page(answer.items, next="n" if len(answers) == 2 else None)

    asyncio.run(run(CursorPages(fetch, str, 2)))


def test_cursors_are_followed_to_the_end_and_never_in_circles() -> None:
    chain = {None: Page(("a",), "1"), "1": Page(("b",), "2"), "2": Page(("c",), None)}
    circle = {None: Page(("a",), "1"), "1": Page(("b",), "1")}

    async def run(pages: dict[str | None, Page[str]]) -> tuple[list[str], bool]:
        async def fetch(cursor: str | None, size: int) -> Page[str]:
            return pages[cursor]

        rows: list[str] = []
        cursor_pages = CursorPages(fetch, str, 10)
        while not cursor_pages.complete:
            rows += await cursor_pages.load()
        return rows, cursor_pages.maybe_more

    assert asyncio.run(run(chain)) == (["a", "b", "c"], False)
    assert asyncio.run(run(circle)) == (["a", "b"], True)


@given(st.integers(0, 700), st.integers(1, 120), st.sampled_from([20, 50, 100, 1000]), st.booleans(), st.booleans())
def test_a_list_is_whole_however_the_server_caps_its_pages(
    total: int, cap: int, asked: int, echoed: bool, counted: bool
) -> None:
    """Without a counter, and without an echo, only the caps that servers are known to have are seen through."""
    size = min(cap, asked)
    if not echoed and not counted and size < asked:
        size = min((20, 25, 50, 100), key=lambda usual: abs(usual - size))
        asked = max(asked, size)
    rows = list(range(total))

    async def run() -> list[int]:
        async def fetch(number: int, _: int) -> Page[int]:
            items = tuple(rows[(number - 1) * size : number * size])
            return Page(items, per_page=size if echoed else None)

        pages = NumberedPages(fetch, str, asked, total if counted else 0)
        return [row async for page in pages for row in page]

    assert asyncio.run(run()) == rows


def test_pages_of_what_was_not_asked_for_are_not_the_end_and_a_repeated_one_is() -> None:
    answers = [Page[str]((), others=("x", "y")), Page[str]((), others=("z", "w")), Page(("a",), others=("b",))]

    async def run(replies: list[Page[str]]) -> tuple[list[str], list[tuple[str, ...]], int, bool]:
        async def fetch(number: int, size: int) -> Page[str]:
            return replies[min(number, len(replies)) - 1]

        pages, items, others = NumberedPages(fetch, str, 2), list[str](), list[tuple[str, ...]]()
        while not pages.complete:
            items += await pages.load()
            others.append(pages.others)
        return items, others, pages.unasked, pages.shifted

    assert asyncio.run(run(answers)) == (["a"], [("x", "y"), ("z", "w"), ("b",), ()], 5, False)
    assert asyncio.run(run(answers[:1])) == ([], [("x", "y"), ()], 2, False)


@pytest.mark.parametrize(("total", "cap", "refused"), [(4000, 500, 4), (4000, 1000, 3), (1900, 200, 5), (700, 600, 2)])
def test_pages_that_are_capped_and_then_too_large_leave_nothing_out(total: int, cap: int, refused: int) -> None:
    async def run() -> list[int]:
        async def fetch(number: int, size: int) -> Page[int]:
            if number == refused and size == 1000:
                raise TooLarge("too large", request="GET x")
            size = min(size, cap)
            return Page(tuple(range(total)[(number - 1) * size : number * size]))

        return [row async for page in NumberedPages(fetch, str, 1000, total) for row in page]

    assert asyncio.run(run()) == list(range(total))


@pytest.mark.parametrize("size", [3, 50])
def test_a_page_that_is_repeated_with_something_that_can_t_be_read_ends_too(size: int) -> None:
    rows = tuple(range(size - 1))

    async def run() -> tuple[list[int], bool, list[int], bool, int]:
        asked = 0

        async def numbered(number: int, _: int) -> Page[int]:
            nonlocal asked
            asked += 1
            return Page(rows, unreadable=1)

        async def by_cursor(cursor: str | None, _: int) -> Page[int]:
            nonlocal asked
            asked += 1
            return Page(rows, next=f"c{asked}", unreadable=1)

        pages, cursors = NumberedPages(numbered, str, size), CursorPages(by_cursor, str, size)
        one = [row async for page in pages for row in page]
        two = [row async for page in cursors for row in page]
        return one, pages.may_miss, two, cursors.may_miss, asked

    assert asyncio.run(run()) == (list(rows), True, list(rows), True, 6)


def test_a_total_that_is_larger_than_what_came_says_that_there_is_more() -> None:
    """A server that caps its pages at a size that nobody knows of."""
    rows = [str(number) for number in range(7)]

    async def fetch(number: int, size: int) -> Page[str]:
        return Page(tuple(rows[3 * (number - 1) : 3 * number]), per_page=1000, total=7)

    async def run() -> list[str]:
        return [item async for page in NumberedPages(fetch, lambda item: item, 1000) for item in page]

    assert asyncio.run(run()) == rows


@pytest.mark.parametrize("total", [0, 2, 50])
def test_a_total_that_is_not_true_costs_a_request_and_loses_nothing(total: int) -> None:
    asked = 0

    async def fetch(number: int, size: int) -> Page[str]:
        nonlocal asked
        asked += 1
        return Page(("a", "b") if number == 1 else (), total=total)

    async def run() -> tuple[list[str], bool]:
        pages = NumberedPages(fetch, lambda item: item, 1000)
        return [item async for page in pages for item in page], pages.may_miss

    assert asyncio.run(run()) == (["a", "b"], False)
    assert asked == (2 if total == 50 else 1)


def test_a_page_of_which_something_is_missing_makes_the_list_doubtful() -> None:
    async def fetch(number: int, size: int) -> Page[str]:
        return Page(("a",), partial=True)

    async def run() -> NumberedPages[str]:
        pages = NumberedPages(fetch, lambda item: item, 10)
        assert [item async for page in pages for item in page] == ["a"]
        return pages

    pages = asyncio.run(run())
    assert (pages.complete, pages.may_miss) == (True, True)
    assert pages.doubts("row") == ("the server says that part of the answer is missing",)


def test_a_list_that_never_ends_ends_far_beyond_what_the_job_counts() -> None:
    asked = 0

    async def fetch(number: int, size: int) -> Page[str]:
        nonlocal asked
        asked += 1
        return Page(tuple(f"{number} {row}" for row in range(size)))

    async def run() -> None:
        async for _ in NumberedPages(fetch, lambda item: item, 1000, expected=2400):
            pass

    with pytest.raises(Unreadable, match=r"The list has no end: .* rows came, and the job counts 2,400"):
        asyncio.run(run())
    assert asked < 20


def read(pages: NumberedPages[Any] | CursorPages[Any]) -> tuple[list[Any], list[Any]]:
    """What came, and what came beside it."""

    async def run() -> tuple[list[Any], list[Any]]:
        came: list[Any] = []
        others: list[Any] = []
        async for page in pages:
            came += page
            others += pages.others
        return came, others

    return asyncio.run(run())


def by_cursor(
    *answers: Page[tuple[str, str]], traits: Callable[[tuple[str, str]], str] = lambda item: item[1]
) -> CursorPages[Any]:
    """Items are an id and a verdict."""
    cursors = {str(number): page for number, page in enumerate(answers)}

    async def fetch(cursor: str | None, size: int) -> Page[tuple[str, str]]:
        number = int(cursor or 0)
        return replace(cursors[str(number)], next=str(number + 1) if number + 1 < len(answers) else None)

    return CursorPages(fetch, lambda item: item[0], 1000, traits)


A, B, C = ("a", "BULK"), ("b", "BULK"), ("c", "SPAM")
ANOTHER_A = ("a", "MALICIOUS")


@pytest.mark.parametrize(
    ("answers", "misses"),
    [
        ([Page((A, B), count=2)], False),
        ([Page((A, B), count=7)], True),
        ([Page((A, B), count=3), Page((C,), count=1)], False),
        ([Page((A, B), count=7), Page((C,), count=1)], True),
        ([Page((A, B), count=3), Page((C,), count=3)], False),  # a server that counts the whole list
        ([Page((A, B), count=9), Page((C,), count=3)], True),
        ([Page((A,), count=2, unreadable=1)], True),
        ([Page((A,), count=2, others=(B,))], False),
        ([Page((A, B))], False),
    ],
)
def test_a_page_with_less_than_it_says_makes_a_list_that_may_not_be_whole(
    answers: list[Page[tuple[str, str]]], misses: bool
) -> None:
    pages = by_cursor(*answers)
    read(pages)
    assert pages.may_miss is misses
    if misses and not pages.unreadable:
        assert pages.doubts("message") == ("the server says that there is more, and brings none",)


@pytest.mark.parametrize(
    "answers",
    [
        [Page((A, B)), Page((ANOTHER_A,))],
        [Page((A, B)), Page((C,), others=(ANOTHER_A,))],
        [Page((A, B)), Page((), others=(ANOTHER_A,))],
        [Page((A, ANOTHER_A, B))],
        [Page((A, B), others=(ANOTHER_A,))],
    ],
)
def test_what_comes_again_with_other_traits_is_told_beside_what_was_asked(
    answers: list[Page[tuple[str, str]]],
) -> None:
    pages = by_cursor(*answers)
    came, others = read(pages)
    assert came[:2] == [A, B] and ANOTHER_A in others
    assert pages.of_one_id == 1 and pages.may_miss


def test_what_comes_again_as_it_was_is_nothing_new() -> None:
    pages = by_cursor(Page((A,), others=(B,)), Page((A,), others=(B,)), Page((A, C)))
    assert read(pages) == ([A, C], [B])
    assert (pages.of_one_id, pages.unasked) == (0, 1)


def test_a_server_that_tells_another_verdict_on_each_page_comes_to_an_end() -> None:
    turns = 0

    async def fetch(cursor: str | None, size: int) -> Page[tuple[str, str]]:
        nonlocal turns
        turns += 1
        return Page((("a", f"verdict {turns}"),), next=str(turns))

    pages: CursorPages[tuple[str, str]] = CursorPages(fetch, lambda item: item[0], 1000, lambda item: item[1])
    came, others = read(pages)
    assert (came, others) == ([("a", "verdict 1")], [("a", "verdict 2")])
    assert pages.may_miss and turns < 10
