"""A typed line becomes words as in a shell."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.query import QueryError, words_of


def test_quotation_marks_keep_blanks() -> None:
    assert [word.text for word in words_of('subject:"two words"  from:a@b.example -x')] == [
        "subject:two words",
        "from:a@b.example",
        "-x",
    ]
    assert [word.text for word in words_of("   ")] == []


@pytest.mark.parametrize(
    ("line", "said", "place"),
    [
        ('from:a subject:"open', "quotation mark is not closed", (15, 20)),
        ("ends with \\", "backslash has nothing", (10, 11)),
    ],
)
def test_a_line_that_is_not_finished_says_so_and_where(line: str, said: str, place: tuple[int, int]) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        [word.text for word in words_of(line)]
    assert (caught.value.start, caught.value.end) == place


@given(st.text(alphabet=st.sampled_from("ab \t\n\\\"':é"), max_size=40))
def test_words_are_those_of_a_shell_and_each_stands_where_it_says(line: str) -> None:
    try:
        expected = shlex.split(line)
    except ValueError:
        with pytest.raises(QueryError):
            words_of(line)
        return
    words = words_of(line)
    assert [word.text for word in words] == expected
    for word in words:
        assert [word.text for word in words_of(line[word.start : word.end])] == [word.text]
