import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.hostile import ANY_TEXT, MEGABYTE, assert_safe, bounded
from tui_app.core.text import sanitize
from tui_app.mail.defang import defang, link_host, url_remarks

URLISH = st.text(st.sampled_from("hHtTpPsxX:/\\@.[]%2e?#a1-\t\n é。"), max_size=30)


@pytest.mark.parametrize(
    ("url", "shown", "host"),
    [
        ("https://evil.example/x.html", "hxxps://evil[.]example/x.html", "evil.example"),
        ("http://good.example@evil.example", "hxxp://good[.]example[@]evil[.]example", "evil.example"),
        ("HTTPS:\\\\a.b\\x", "hxxps://a[.]b\\x", "a.b"),
        ("http:a.b", "hxxp://a[.]b", "a.b"),
        ("ht\ntps://a\t.b", "hxxps://a[.]b", "a.b"),
        ("mailto:a@b.example?subject=x.y", "mailto[:]a[@]b[.]example?subject=x.y", "b.example"),
        ("javascript:alert(1)", "javascript[:]alert(1)", ""),
        ("ftp://a.b/c", "ftp[:]//a[.]b/c", "a.b"),
        ("see evil.example/x.html", "see evil[.]example/x.html", ""),
        ("evil.example:8080/x", "evil[.]example:8080/x", ""),
        ("//a.b/c.d", "//a[.]b/c.d", "a.b"),
        ("https://a.b/?u=https://c.d", "hxxps://a[.]b/?u=hxxps://c.d", "a.b"),
        ("http://2130706433/", "hxxp://2130706433/", "127.0.0.1"),
        ("http://0x7f.1:80/", "hxxp://0x7f[.]1:80/", "127.0.0.1"),
        ("http://evil%2Eexample", "hxxp://evil%2Eexample", "evil.example"),
        ("https://bücher.example/", "hxxps://bücher[.]example/", "bücher.example (xn--bcher-kva.example)"),
        ("https://xn--bcher-kva.example", "hxxps://xn--bcher-kva[.]example", "bücher.example (xn--bcher-kva.example)"),
        ("http://[::1]/", "hxxp://[::1]/", "[::1]"),
        ("", "", ""),
    ],
)
def test_a_link_without_danger_and_its_host(url: str, shown: str, host: str) -> None:
    assert defang(url) == shown
    assert link_host(url) == host


def test_what_misleads_is_told() -> None:
    assert len(url_remarks("http:\\\\a@b\n.c/")) == 3
    assert url_remarks("https://a.b/c@d") == ()
    assert url_remarks("https://a%2eb") == ("the host is written with % codes",)


@given(ANY_TEXT | URLISH | URLISH.map("https://".__add__) | URLISH.map("mailto:".__add__))
def test_twice_without_danger_is_the_same_and_nothing_raises(url: str) -> None:
    assert defang(defang(url)) == defang(url)
    assert_safe(defang(url))
    host = link_host(url)
    assert sanitize(host, len(host)) == host
    url_remarks(url)


@given(URLISH)
def test_no_live_scheme_is_left(url: str) -> None:
    assert "http:" not in defang(url).lower()
    assert "https:" not in defang(url).lower()


@pytest.mark.parametrize("piece", ["a", "a.", "@", "/", "http", "[.]", "%2e", "\\"])
def test_long_urls_take_linear_time(piece: str) -> None:
    for begin in ("", "http://", "mailto:"):
        with bounded(4):
            url = begin + piece * (MEGABYTE // len(piece))
            defang(url), link_host(url), url_remarks(url)
