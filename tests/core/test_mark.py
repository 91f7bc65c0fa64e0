"""Marks of jobs: what stands at the end of a comment is ours, what stands elsewhere is somebody's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.mark import ends_with, make, without_marks

ONE, OTHER = make("7f3a9c01"), make("0123abcd")


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        (f"INC-1 #1 {ONE}", "INC-1 #1"),
        (f"INC-1 {ONE} {OTHER}\n", "INC-1"),
        (f"INC-1 {ONE} again {OTHER}", f"INC-1 {ONE} again"),
        (ONE, ""),
        (f" {ONE}{OTHER}", f" {ONE}{OTHER}"),
        (f"INC-1{ONE}", f"INC-1{ONE}"),
        ("INC-1 #op-1", "INC-1 #op-1"),
        ("", ""),
    ],
)
def test_only_marks_at_the_end_are_no_words(comment: str, words: str) -> None:
    assert without_marks(comment) == words


@given(
    comment=st.lists(st.sampled_from([ONE, OTHER, "INC-1", " ", "\t", "#op-", "x"]) | st.text(max_size=4)).map("".join)
)
def test_what_is_left_of_a_comment_has_no_mark_to_take_away(comment: str) -> None:
    words = without_marks(comment)
    assert comment.startswith(words)
    assert without_marks(words) == words
    assert without_marks(f"{words} {ONE} {OTHER} ") == words
    assert ends_with(f"{comment} {ONE} ", ONE)
    assert not ends_with(f"{comment} {ONE} x", ONE)
    assert not ends_with(f"x{ONE}", ONE)


@pytest.mark.parametrize("piece", [" ", f"{ONE} ", "#op-", f" {ONE}x"])
def test_no_comment_takes_long(piece: str) -> None:
    # A rule that looks for blanks from each of them on takes half an hour for it.
    comment = piece * (1_000_000 // len(piece)) + "x"
    assert without_marks(comment) == comment
    assert without_marks(f"x {ONE} " * 1_000 + f"{ONE} " * 100_000) == (f"x {ONE} " * 999 + "x")
