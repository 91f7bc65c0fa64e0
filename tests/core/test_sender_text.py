"""A sender beside a subject: the domain that counts is whole, and nothing else is read in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.address import domain_in
from tui_app.core.sender_text import NO_SENDER, before_domain, sender_in_sentence, sender_text

BLANKS = " " * 600


@pytest.mark.parametrize("nobody", ["", " ", "<>", " <> ", "\u3000", "\u00a0\u3000"])
def test_where_nobody_can_be_seen_a_word_says_so(nobody: str) -> None:
    assert sender_in_sentence(nobody, 60) == NO_SENDER


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("news@acme.example", "news@acme.example"),
        ("Acme <news@acme.example>", "Acme <news@acme.example>"),
        (f"Acme <news{'s' * 50}@acme.example>", f"Acme <news{'s' * 18}…(+32)@acme.example>"),
        (f'"ceo@acme.example  Contract{BLANKS}"@evil.test', '"ceo@acme.example Contract …(+597)@evil.test'),
        (f"ceo@acme.example {BLANKS}<x@evil.test>", "ceo@acme.example …(+588)@evil.test"),
        (f"x@evil.test (ceo@acme.example{BLANKS})", "x@evil.test"),
        ("ceo@acme.example  Contract renewal", "ceo@acme.example Contract renewal"),
    ],
)
def test_the_domain_stays_and_a_row_of_blanks_does_not(written: str, told: str) -> None:
    assert sender_in_sentence(written, 40) == told


@given(st.text(max_size=80), st.integers(1, 100))
def test_no_name_before_a_domain_takes_its_place(name: str, most: int) -> None:
    written = f"{name}<x@evil.test>"
    for told in (sender_text(written, most), sender_in_sentence(written, most)):
        assert not domain_in(written) or "@evil.test" in told
        assert told.isprintable()
    assert "  " not in sender_in_sentence(written, most)


@pytest.mark.parametrize(
    ("sender", "local"),
    [
        ("a@acme.example", "a"),
        ("A <a@acme.example>", "A <a"),
        ("a@acme.example (b@evil.test)", "a"),
        ("a@Acme.example. ", "a"),
        ("nobody", ""),
        ("a@evil.test!", "a"),
    ],
)
def test_what_is_before_the_domain_is_told_with_it(sender: str, local: str) -> None:
    assert before_domain(sender) == local
