"""Redaction: of an address the domain is left, of a name and of what can't be read nothing."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.environment import ROOT
from tui_app.widgets.redaction import REDACTED, AddressText, PrivateText, Redaction


@pytest.fixture
def redaction() -> Redaction:
    redaction = Redaction()
    redaction.on = True
    return redaction


ADDRESSES = {
    "ana@acme.example": "▒▒▒@acme.example",
    "o'brien@acme.example": "▒▒▒@acme.example",
    '"ana lopez"@acme.example': "▒▒▒@acme.example",
    '"ana@lopez"@acme.example': "▒▒▒@acme.example",
    "Ana Lopez <ana@acme.example>": "▒▒▒@acme.example",
    '"Lopez, Ana" <ana@acme.example>': f"{REDACTED}, ▒▒▒@acme.example",
    "ana@acme.example, o'brien@other.example": "▒▒▒@acme.example, ▒▒▒@other.example",
    "ana@acme.example (Ana Lopez)": REDACTED,
    "ana.lopez@": REDACTED,
    "Ana Lopez": REDACTED,
    "ana.lopez…(+40)": REDACTED,
    "ana@büro.example": "▒▒▒@büro.example",
    "": "",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_of_an_address_the_domain_is_left(redaction: Redaction, address: str) -> None:
    assert redaction.over(AddressText(address)) == ADDRESSES[address]


SENTENCES = {
    "could not deliver to ana@acme.example": "could not deliver to ▒▒▒@acme.example",
    "mailbox o'brien@acme.example is full": "mailbox ▒▒▒@acme.example is full",
    'mailbox "ana lopez"@acme.example is full': "mailbox ▒▒▒@acme.example is full",
    "no such user: Ana Lopez <ana@acme.example>, skipped": "no such user: <▒▒▒@acme.example>, skipped",
    "no such user: ana@": "no such user: ▒▒▒@",
    "quota of ana.lope…(+40)": "quota of ▒▒▒…",
    "to first.last @acme.example": "to ▒▒▒@acme.example",
    "ana＠acme.example, ana%40acme.example": "▒▒▒＠acme.example, ▒▒▒%40acme.example",
    '<""""""""""""""""""""""""x>': '<""""""""""""""""""""""""x>',
    "3 of 12 rows, 12:30, @ noon <b>": "3 of 12 rows, 12:30, @ noon <b>",
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_of_a_sentence_all_is_left_but_addresses_and_their_names(redaction: Redaction, sentence: str) -> None:
    assert redaction.over(sentence) == SENTENCES[sentence]
    assert Redaction().over(sentence) == sentence


@pytest.mark.parametrize(
    "text", ('"' * 8192, "a" * 8192, '"a' * 4000 + "@", "<" * 8192 + "@", "a@" * 4000, "@" * 8192, " " * 8192 + "@")
)
def test_whatever_a_mail_holds_it_is_read_in_one_pass(text: str) -> None:
    script = (
        "import sys; from tui_app.widgets.redaction import AddressText, Redaction\n"
        "redaction = Redaction(); redaction.on = True; text = sys.stdin.read()\n"
        "for _ in range(20): redaction.over(text); redaction.over(AddressText(text))"
    )
    # A pattern that goes back would take longer than the universe has.
    subprocess.run([sys.executable, "-c", script], input=text, text=True, check=True, timeout=30, cwd=ROOT)


_SECRET = "zyxw"


@given(
    local=st.text(st.sampled_from("ab.'\"<>()@,;: \\+-é"), max_size=6),
    after=st.text(st.sampled_from("ab.'\"<>()@,;: \\+-é"), max_size=6),
    closing=st.sampled_from(("@acme.example", "@acme.example>", "@", "", "…(+9)")),
)
def test_what_stands_before_the_last_at_is_never_shown(local: str, after: str, closing: str) -> None:
    redaction = Redaction()
    redaction.on = True
    shown = redaction.over(AddressText(f"{local}{_SECRET} {after}{closing}"))
    # What follows an @ may be a domain, and domains are shown.
    before = f"{local}{_SECRET}"
    if "@" not in before:
        assert _SECRET not in shown
    assert redaction.over(PrivateText(before)) == REDACTED
