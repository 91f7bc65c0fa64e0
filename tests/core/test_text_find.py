import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.text_find import HIT_LIMIT, find_all, next_hit


def test_words_are_found_in_either_case_with_their_columns() -> None:
    assert find_all(["An Invoice", "none", "invoice INVOICE"], "iNvoice") == [(0, 3), (2, 0), (2, 8)]


def test_columns_are_those_of_the_line_where_one_character_becomes_two() -> None:
    assert find_all(["straße ende"], "ENDE") == [(0, 7)]
    assert find_all(["Straße"], "STRASSE") == [(0, 0)]
    assert find_all(["ßx"], "s") == [(0, 0)]


def test_nothing_is_found_by_no_words() -> None:
    assert find_all(["a"], "") == []


def test_hits_are_bounded() -> None:
    assert len(find_all(["a" * 30_000], "a")) == HIT_LIMIT


@given(st.text(max_size=40), st.text(min_size=1, max_size=3))
def test_a_hit_is_a_place_of_the_line(line: str, words: str) -> None:
    for number, column in find_all([line], words):
        assert number == 0
        assert 0 <= column < len(line)


@pytest.mark.parametrize(
    ("place", "backwards", "found"),
    [
        ((0, 0), False, (0, 4)), ((0, 4), False, (2, 1)), ((2, 1), False, (0, 4)),
        ((2, 1), True, (0, 4)), ((0, 4), True, (2, 1)), ((9, 0), True, (2, 1)),
    ],
)  # fmt: skip
def test_stepping_goes_round(place: tuple[int, int], backwards: bool, found: tuple[int, int]) -> None:
    assert next_hit([(0, 4), (2, 1)], *place, backwards=backwards) == found


def test_without_hits_there_is_no_next_one() -> None:
    assert next_hit([], 0, 0) is None
