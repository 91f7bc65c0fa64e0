"""Patterns of subjects: what varies is taken out, what is said stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.subject import LONGEST_PATTERN, common_patterns, subject_pattern


@pytest.mark.parametrize(
    ("subject", "pattern"),
    [
        ("Weekly digest 46", "weekly digest #"),
        ("RE: FW:  weekly   digest 44", "weekly digest #"),
        ("AW[2]: Weekly digest", "weekly digest"),
        ("Re：Hello", "hello"),
        ("[EXTERNAL] Invoice INV-2024-1 of $1,200.50 due 3 May 2024", "[external] invoice # of # due #"),
        ("Rechnung über 1 200,50 EUR", "rechnung über #"),
        ("You may go", "you may go"),
        ("Newsletter for March", "newsletter for #"),
        ("Ihr Termin am 12. Okt. 2023", "ihr termin #"),
        ("Order deadbeefcafe: shipped", "order #: shipped"),
        ('"A plan" was shared by bo@acme.example', "# was shared by #"),
        ("„Ein Plan“ und “a plan”", "# und #"),
        ("Wei\u200bght", "weight"),
        ("46", "#"),
        ("Re:", ""),
        ("", ""),
        ("order re: x", "order re: x"),
    ],
)
def test_a_subject_has_its_pattern(subject: str, pattern: str) -> None:
    assert subject_pattern(subject) == pattern


@given(st.one_of(st.text(max_size=300), st.text(st.sampled_from('Re: [("“„#@1a\u0301\u202e$'), max_size=700)))
def test_any_subject_has_a_short_safe_pattern(subject: str) -> None:
    pattern = subject_pattern(subject)
    assert len(pattern) <= LONGEST_PATTERN
    assert pattern.isprintable()


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_do_not_count(one: int, other: int) -> None:
    assert subject_pattern(f"Report {one} is out") == subject_pattern(f"re: report {other} is out")


@pytest.mark.parametrize("hostile", ["re:", "re ", '"', "“", "1", "a"])
def test_a_huge_subject_has_a_pattern(hostile: str) -> None:
    assert len(subject_pattern(hostile * 300_000)) <= LONGEST_PATTERN


NAMES = ("ana", "bo", "chen", "dmitri", "elif", "farah", "goran", "hanna", "ines")


def test_patterns_of_one_sender_that_differ_in_a_name_are_one() -> None:
    jobs, seats = [f"# jobs for you, {name}" for name in NAMES], [f"seat # is yours, {name}" for name in NAMES]
    merged = common_patterns([*jobs, *seats, "your invoice is overdue"])
    assert {merged[pattern] for pattern in jobs} == {"# jobs for you, *"}
    assert {merged[pattern] for pattern in seats} == {"seat # is yours, *"}
    assert "your invoice is overdue" not in merged


def test_two_words_that_vary_are_both_taken_out() -> None:
    patterns = [f"reminder: {one} with {other} on #" for one in NAMES for other in NAMES]
    assert set(common_patterns(patterns).values()) == {"reminder: * with * on #"}


@pytest.mark.parametrize(
    "patterns",
    [
        [f"your {word}" for word in NAMES],
        [f"see you in {name}" for name in NAMES[:7]],
        ["word " * 20 + name for name in NAMES],
    ],
    ids=["too short", "too few", "too long"],
)
def test_patterns_that_say_little_in_common_stay_apart(patterns: list[str]) -> None:
    assert common_patterns(patterns) == {}


@given(st.lists(st.text(alphabet="ab #*", max_size=20), max_size=60))
def test_whatever_is_merged_has_as_many_words(patterns: list[str]) -> None:
    for pattern, merged in common_patterns(patterns).items():
        assert len(pattern.split()) == len(merged.split())
        assert all(new in (old, "*") for old, new in zip(pattern.split(), merged.split(), strict=True))
