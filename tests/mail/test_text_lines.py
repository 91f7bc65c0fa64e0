import pytest
from hypothesis import given

from tests.mail.hostile import ANY_TEXT, MEGABYTE, assert_safe, bounded
from tui_app.core.text import sanitize
from tui_app.mail.text_lines import GOES_ON, text_lines

pytestmark = pytest.mark.slow


def test_lines_end_in_every_way() -> None:
    assert text_lines("a\r\nb\nc\rd\u2028e\u2029f\n") == ["a", "b", "c", "d", "e", "f"]
    assert text_lines("") == []
    assert text_lines("\n\na") == ["", "", "a"]


def test_a_long_line_goes_on_and_nothing_is_left_out() -> None:
    assert text_lines("abcdefg", limit=3) == ["abc", f"{GOES_ON}def", f"{GOES_ON}g"]


def test_what_is_invisible_is_marked_and_a_tab_is_blanks() -> None:
    assert text_lines("a\tb\x1b[31m\u202e\ud800") == ["a    b␛[31m⟨202E⟩\ufffd"]
    assert text_lines("grüße е\u0301\u0301\u0301\u0301") == [sanitize("grüße е\u0301\u0301\u0301\u0301")]


@given(ANY_TEXT)
def test_any_text_is_safe_in_lines(text: str) -> None:
    assert_safe(text)


@given(ANY_TEXT)
def test_the_fast_way_shows_what_the_thorough_one_shows(text: str) -> None:
    text = text.translate(dict.fromkeys(map(ord, "\t\r\n\u2028\u2029")))
    assert text_lines(text) == ([sanitize(text)] if text else [])


@pytest.mark.parametrize("text", ["a", "\n", "Привет ", "\u202e", "a\u0301", "\ud800", "\t", "\u0f73", "\u1100"])
def test_large_texts_take_linear_time(text: str) -> None:
    with bounded(8):
        text_lines(text * (4 * MEGABYTE // len(text)))


@pytest.mark.parametrize("row", ["\u0301" * 2000 + "\u0316" * 2000, "\u0f73" * 4000, "\u0301\u0316" * 2000])
def test_marks_out_of_order_take_linear_time(row: str) -> None:
    with bounded(8):
        text_lines(f"{row}\n" * (MEGABYTE // len(row)))
