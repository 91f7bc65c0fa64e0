"""Addresses, domains and rules about them: one form, whatever the spelling."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_app.core.address import (
    RecipientRule,
    address_in_name,
    canonical_address,
    canonical_domain,
    domain_in,
    domains_in,
    unreadable_sender,
)
from tui_app.core.confusables import prototypes


@given(
    st.sampled_from(
        ["vip.example", "VIP.Example", " vip.example ", "vip.example.", "@vip.example", "xn--bcher-kva.example"]
    ),
    st.sampled_from(["{}", "CEO <{}>", '"CEO, the" <{}>', " {} ", "{}."]),
    st.sampled_from(["ceo", "CEO", "c.e.o+x"]),
    st.sampled_from(["", "mail.", "a.b."]),
)
def test_a_domain_holds_every_spelling_of_its_addresses_and_its_subdomains(
    rule: str, around: str, local: str, sub: str
) -> None:
    domain = "bücher.example" if rule.startswith("xn--") else "Vip.Example"
    address = canonical_address(around.format(f"{local}@{sub}{domain}"))
    assert address is not None
    assert RecipientRule.parse(rule).matches(address)
    assert not RecipientRule.parse(rule).matches("ceo@notvip.example")


def test_a_star_holds_subdomains_only_and_an_address_itself_only() -> None:
    star, one = RecipientRule.parse("*.vip.example"), RecipientRule.parse("CEO@vip.example")
    assert [star.matches(name) for name in ("a@vip.example", "a@b.vip.example")] == [False, True]
    assert [one.matches(name) for name in ("ceo@vip.example", "bo@vip.example")] == [True, False]


@pytest.mark.parametrize(
    "text", ["", "no at", "@vip.example", "a@", "a@b@", "a b@c.example", "<a@b.example", "a@b..example"]
)
def test_what_can_t_be_read_is_no_address(text: str) -> None:
    assert canonical_address(text) is None


@pytest.mark.parametrize("text", ["", ".", "*", "a b.example", "http://vip.example", "*.*.example"])
def test_what_can_never_match_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        RecipientRule.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    address = canonical_address(text)
    assert address is None or canonical_address(address) == address
    try:
        domain = canonical_domain(text)
    except ValueError:
        return
    assert canonical_domain(domain) == domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("großbank.example", "xn--grobank-2va.example"),
        ("GROßBANK。Example", "xn--grobank-2va.example"),
        ("grossbank.example", "grossbank.example"),
        ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"),
        ("σχολιασμός.example", "xn--mxapfglwbe5a0d.example"),
    ],
)
def test_a_domain_is_in_the_form_that_is_on_the_wire_today(text: str, domain: str) -> None:
    assert canonical_domain(text) == domain


@pytest.mark.parametrize("text", ["\u2065.example", "-ü.example", "ü" * 200, "a\u0301\u200dü.example"])
def test_what_is_no_domain_of_today_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        canonical_domain(text)


@pytest.mark.parametrize("around", ["{}", "*.{}", "ceo@mail.{}"])
@pytest.mark.parametrize("rule", ["großbank.example", "grossbank.example", "xn--grobank-2va.example"])
@pytest.mark.parametrize("domain", ["großbank.example", "grossbank.example", "xn--grobank-2va.example"])
def test_a_rule_holds_a_domain_in_the_forms_of_older_and_of_newer_programs(around: str, rule: str, domain: str) -> None:
    address = canonical_address(f"ceo@mail.{domain}")
    assert address is not None
    assert RecipientRule.parse(around.format(rule)).matches(address)
    assert not RecipientRule.parse(around.format(rule)).matches(address.replace("bank", "band"))


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("a@acme.example", "acme.example"),
        ("A <a@Acme.Example.>", "Acme.Example"),
        ("x@acme.example (CEO)", "acme.example"),
        ("A <x@acme.example> (the (one) CEO) (too) ", "acme.example"),
        ("<x@acme.example (CEO)>", "acme.example"),
        ("x@evil.test (y@acme.example)", "evil.test"),
        ('"ceo@acme.example, x" <x@evil.test>', "evil.test"),
        ("ceo@acme.example <x@evil.test>", "evil.test"),
        ('"a@b"@acme.example', "acme.example"),
        ("Doe, Jo <jo@acme.example>", "acme.example"),
        ("Doe, Jo <jo@acme.example> (jo@home)", "acme.example"),
    ],
)
def test_the_domain_of_a_sender_is_read(text: str, domain: str) -> None:
    assert domain_in(text) == domain
    assert not unreadable_sender(text)


@pytest.mark.parametrize(
    "text",
    [
        "a@acme.example, b@evil.test",
        "A <a@acme.example>; B <b@evil.test>",
        "<a@acme.example> <b@evil.test>",
        "a@acme.example b@evil.test",
        "a@[1.2.3.4]",
        "a@" + "x." * 200 + "test",
        "a@acme.example\\",
        "a@acme.example (CEO",
        "postmaster",
        "a@",
        "a@b.test" * 2000,
    ],
)
def test_a_sender_that_can_t_be_read_is_told_from_none(text: str) -> None:
    assert domain_in(text) == ""
    assert unreadable_sender(text)


@pytest.mark.parametrize("text", ["", "  ", "<>", " < > "])
def test_no_sender_is_not_an_unreadable_one(text: str) -> None:
    assert not unreadable_sender(text)


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("", []),
        ("<>", []),
        ("a@x.test", ["x.test"]),
        ("a@x.test,b@y.test; C <c@z.test>", ["x.test", "y.test", "z.test"]),
        ('"A, B" <a@x.test>, (b, c) d@y.test (e@no.test, f)', ["x.test", "y.test"]),
        ("Doe, Jr., Jo <jo@x.test>, b@y.test", ["x.test", "y.test"]),
        ("<a@x.test> <b@y.test>", ["x.test", "y.test"]),
        ("a@x.test, nobody", ["x.test", ""]),
        ("nobody, a@x.test", ["", "x.test"]),
        ("a@x.test b@y.test", [""]),
        ('"a@x.test, b@y.test', [""]),
        (", ".join(["a@x.test"] * 20), ["x.test"] * 20),
        (", ".join(["a@x.test"] * 21), [*["x.test"] * 20, ""]),
        ("a@x.test" + " " * 9_000 + ", b@y.test", ["x.test", ""]),
    ],
)
def test_the_domains_of_a_list_are_read_outside_of_quotes_and_comments(text: str, domains: list[str]) -> None:
    assert domains_in(text) == domains


TAILS = [
    "'", "/", "/x", "!", "+x", "#x.evil.test", "\u2215evil.test", "\u2044.evil.test", "\x00", "\x1f", "\x7f", "\u200b", "\xad", "\u3000", "\xa0",
    "%00", "?", "*", "=x", "&x", "`", "|", "-", "_", "★", "\u2024evil.test", "\u3002", "\ufe0f", "..test", "\u0301\u200d", "\x1f(CEO)", "🙂",
]  # fmt: skip


@pytest.mark.parametrize("around", ["{}", "CEO <{}>", "{} (CEO)"])
@pytest.mark.parametrize("domain", ["acme.example", "acmе.example"])
@pytest.mark.parametrize("tail", TAILS)
def test_a_domain_with_something_behind_it_is_none(around: str, domain: str, tail: str) -> None:
    text = around.format(f"billing@{domain}{tail}")
    assert domain_in(text) == ""
    assert unreadable_sender(text)
    assert "" in domains_in(text)


@pytest.mark.parametrize(
    "written",
    [
        "ａcme.example",
        "acme．example",
        "𝐚cme.example",
        "ac\u200bme.example",
        "\u2060acme.example",
        "b\xadücher.example",
    ],
)
def test_what_only_some_programs_take_for_a_domain_is_none(written: str) -> None:
    assert canonical_domain(written), "the rules about recipients still know it"
    assert domain_in(f"a@{written}") == ""


@pytest.mark.parametrize(
    "domain",
    [
        "mail_out.acme.example", "_bounce.acme.example", "acme_.example", "web_01", "localhost", "acme.example.", "ACME.Example", "1.2.3.test",
        "bücher.example", "BÜCHER.example", "bu\u0308cher.example", "XN--bcher-kva.example", "xn--bcher-kva.bücher.example", "xn--acme.ü.example",
        "großbank.example", "GROẞBANK.example", "σχολιασμός.example", "ΣΧΟΛΙΑΣΜΌΣ.example", "почта.рф", "日本語。jp".replace("。", "."),
        "น้ำ.example", "نامه\u200cای.example", "उदाहरण.भारत", "דוגמה.example", "i\u0307stanbul.example", "xn--i-7iq.example",
    ],
)  # fmt: skip
def test_a_real_domain_is_read_in_every_spelling(domain: str) -> None:
    assert domain_in(f"A <a@{domain}>") == domain.strip(".")
    assert not unreadable_sender(f"a@{domain}")
    assert domains_in(f"a@{domain}, b@acme.example") == [domain.strip("."), "acme.example"]


@given(
    st.sampled_from(["acme.example", "acmе.example", "a@acme.example", "A <a@acme.example>", "A <a@acme.example"]),
    st.text(
        st.one_of(st.characters(codec=None, exclude_categories=()), st.sampled_from("<>()@.,\"' \t\u200b")), max_size=4
    ),
)
def test_what_is_read_of_any_sender_is_a_domain_and_the_one_that_is_written(begin: str, tail: str) -> None:
    text = begin + tail
    for domain in filter(None, (domain_in(text), *domains_in(text))):
        assert domain in text
        name = canonical_domain(domain)
        assert name == domain.lower() or "xn--" in name, "whoever does not map it finds the same one"
        assert not set("\u200b\xad <>()\x00") & set(domain)


@given(st.text(st.sampled_from('a@.x,;<>()"\\ '), max_size=60))
def test_any_list_is_read_or_can_t_be(text: str) -> None:
    assert all("@" not in domain and "," not in domain for domain in (*domains_in(text), domain_in(text)))


@pytest.mark.parametrize("hostile", ["()", ")", "(", "<a@b>", "@,", '"', "a@b ()", "\\"])
def test_a_huge_sender_is_read_in_one_pass(hostile: str) -> None:
    huge = "a@b.test" + hostile * (1_000_000 // len(hostile))
    domain_in(huge)
    unreadable_sender(huge)
    domains_in(huge)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ceo@acme.example via docs", "ceo@acme.example"),
        ('"The CEO (ceo@acme.example)"', "ceo@acme.example"),
        ("ceo＠acme。example", "ceo@acme.example"),
        ("me @home, you@acme.example.", "you@acme.example"),
        ("Anna @ Acme", ""),
        ("CEO @ corp.example", "CEO@corp.example"),
        ("ceo@acme.example✔", "ceo@acme.example"),
        ("‹ceo@acme.example›", "ceo@acme.example"),
        ("＜ceo@acme.example＞", "ceo@acme.example"),
        ("★ceo@★acme.example★x.test", "ceo@acme.example"),
        ("ceo@acme.example_x", "ceo@acme.example"),
        ("ceo@acme.example–x", "ceo@acme.example"),
        ("ceo@acme.example-x", "ceo@acme.example"),
        ("ceo@acme.exampleᄀ", "ceo@acme.example"),
        ("ceo@acme.exampleא", "ceo@acme.example"),
        ("ceo@ac\u200bme.exam\u00adple\u2069", "ceo@acme.example"),
        ("ceo@acme․example\u200d", "ceo@acme.example"),
        ("ceo@نامه\u200cای.example", "ceo@نامه\u200cای.example"),
        ("“ceo”@acme.example", "ceo@acme.example"),
        ("ceo@(acme.example)", "ceo@acme.example"),
        ("ceo@bücher.example!", "ceo@bücher.example"),
        ("ceo@उदाहरण.भारत!", "ceo@उदाहरण.भारत"),
        (" " * 9000 + "ceo@acme.example", "ceo@acme.example"),
        ("\u2060" * 9000 + "ceo@acme.example", "ceo@acme.example"),
        ("ceo@acme.example★2", "ceo@acme.example"),
        ("ceo@@acme.example", "ceo@acme.example"),
        ("ceo@ ＠.@acme.example", "ceo@acme.example"),
        ("ceo@,acme.example", "ceo@acme.example"),
        ("ceo,@;acme.example", "ceo@acme.example"),
        ("ceo@acme·example", "ceo@acme.example"),
        ("ceo@acme·example, x@evil.test", "ceo@acme.example"),
        ("ceo@acme·example.evil.test", "ceo@acme.example.evil.test"),
        ("ceo@acme.example·evil.test", "ceo@acme.example"),
        ("ceo@acme..example", "ceo@acme.example"),
        ("ceo@acme-.★example", "ceo@acme.example"),
        ("info@paral·lel.example", "info@paral·lel.example"),
        ("info@ビッグ・ボーイ.example", "info@ビッグ・ボーイ.example"),
        ("Anna @, Bob", ""),
        ("@@" * 3000 + ", x", ""),
        ("srv@prod.v2 and srv@db.prod2", ""),
        ("the ceo@ \u00a0corp.example", "ceo@corp.example"),
        ("Lunch @ 9.30am", ""),
        ("@ \u3000" * 5000, ""),
        ("user@localhost", ""),
        ("v@1.2", ""),
        ("", ""),
        ("@" * 5000, ""),
    ],
)
def test_an_address_in_a_name_is_found(name: str, address: str) -> None:
    assert address_in_name(name) == address


@given(st.text(max_size=100))
def test_an_address_in_any_name_is_found_or_not(text: str) -> None:
    assert address_in_name(text).count("@") <= 1


def test_whatever_looks_like_a_full_stop_is_one_in_the_address_of_a_name() -> None:
    alike = {sign for sign, other in prototypes().items() if other in (prototypes()["\u2024"], prototypes()["\u2022"])}
    assert {"·", "•", "‧", "۰"} <= alike
    missed = {sign for sign in alike if address_in_name(f"ceo@acme{sign}example") != "ceo@acme.example"}
    assert missed == set()


NO_LETTERS = st.characters(codec=None, exclude_categories=("L", "M", "Nd", "Nl", "No", "So")) | st.sampled_from(
    "★✔→＞\ufe0f"
)
IN_AN_ADDRESS = "!#$%&'*+-/=?^_`{|}~."
"""What belongs to the address where it stands before it."""


@given(st.text(NO_LETTERS, max_size=3), st.text(NO_LETTERS, max_size=3), st.sampled_from(["", "x", "ö"]))
@example("‹", "›", "")
@example("", "_", "x")
@example("_¡", "", "")
@example("_¡__¡_", "", "")
def test_no_sign_around_it_hides_an_address_in_a_name(before: str, behind: str, word: str) -> None:
    behind = (
        behind.replace(".", "").replace("\u3002", "").replace("\uff0e", "").replace("\uff61", "").replace("\u2024", "")
    )
    found = address_in_name(f"{before}ceo@acme.example{behind}{word if behind else ''}")
    assert found.lstrip(IN_AN_ADDRESS).startswith("ceo@acme.example")


def test_an_address_that_takes_long_to_be_read_is_told_as_it_is_written() -> None:
    begin = time.process_time()
    for junk in ("ü.aᄀ", "क.ᄀᄀᄀ", "ü.x★", "a.aa-", "א.aa"):
        assert address_in_name(f"{('a@' + junk * 60 + ' ') * 17}ceo@acme.example")
    assert time.process_time() - begin < 5
