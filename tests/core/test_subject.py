"""Patterns of subjects: what varies is taken out, what is said stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.subject import LONGEST_PATTERN, subject_pattern


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
