"""Fitting: what of a domain or an address is left where there is little room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_app.core.fitting import end_of, short_address


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("acmе.example (xn--acm-tdd.example)", 34, "acmе.example (xn--acm-tdd.example)"),
        ("acmе.example (xn--acm-tdd.example)", 33, "acmе.example"),
        ("acmе.example (xn--acm-tdd.example)", 12, "acmе.example"),
        ("acmе.example (xn--acm-tdd.example)", 9, "….example"),
        ("news@acmе.example (xn--acm-tdd.example)", 20, "news@acmе.example"),
        ("mail.partner.example", 16, "…partner.example"),
        ("no readable domain", 10, "…le domain"),
    ],
)
def test_a_domain_is_told_before_a_note_behind_it(text: str, width: int, shown: str) -> None:
    assert end_of(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("news@acmе.example (xn--acm-tdd.example)", 38, "news@acmе.example"),
        ("news@acmе.example (xn--acm-tdd.example)", 15, "n…@acmе.example"),
        ("news@acmе.example (xn--acm-tdd.example)", 9, "….example"),
        ("x@evil.test (Support of acme.example)", 30, "x@evil.test"),
        ("x@evil.test (a (b) ceo@acme.example)", 30, "x@evil.test"),
        ("someone@acme.example", 16, "so…@acme.example"),
        ("x@evil.test" + "y" * 20 + "…(+88)", 20, "…yyyyyyyyyyyyy…(+88)"),
    ],
)
def test_an_address_has_its_domain_before_a_note_and_before_a_comment(text: str, width: int, shown: str) -> None:
    assert short_address(text, width) == shown


@given(
    st.sampled_from(["acme.example", "acmе.example", "почта.example"]),
    st.text(max_size=30).map(lambda text: text.replace("(", "").replace(")", "")),
    st.integers(16, 60),
)
def test_no_note_takes_the_room_of_a_domain(domain: str, note: str, width: int) -> None:
    for shown in (end_of(f"{domain} ({note})", width), short_address(f"x@{domain} ({note})", width)):
        assert domain in shown
        assert cell_len(shown) <= width
