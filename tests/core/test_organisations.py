"""Who is behind a domain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.organisations import organisation


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("mail.acme.example", "acme.example"),
        ("Mail.ACME.co.uk.", "acme.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("co.uk", "co.uk"),
        ("evil.onmicrosoft.com", "evil.onmicrosoft.com"),
        ("mail.Evil.onmicrosoft.com.", "evil.onmicrosoft.com"),
        ("acme.zendesk.com", "acme.zendesk.com"),
        ("a.shop.myshopify.com", "shop.myshopify.com"),
        ("sendgrid.net", "sendgrid.net"),
        ("www.notsendgrid.net", "notsendgrid.net"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_organisation_is_what_somebody_registered(domain: str, registered: str) -> None:
    assert organisation(domain) == registered


@given(
    st.one_of(st.text(max_size=300), st.text(st.sampled_from("acme-.xn0l1I|аеⅷ\u0323\u200b。@ß💩\ud800"), max_size=80))
)
def test_any_text_has_an_organisation(text: str) -> None:
    assert isinstance(organisation(text), str)
