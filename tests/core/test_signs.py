"""Signs of a message: what each says, their order, and an answer to any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.look_alike import KnownDomains
from tui_app.core.signs import SignKind, signs_of
from tui_app.core.text import sanitize

KNOWN = KnownDomains.of(["acme-news.example"], {"partner.example": 50})


def signs(sender: str, name: str = "", envelope: str = "", reply_to: str = "") -> list[tuple[str, str]]:
    found = signs_of(sender=sender, from_name=name, envelope_from=envelope, reply_to=reply_to, known=KNOWN)
    return [(sign.word, sign.detail) for sign in found]


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (("a@partner.example",), []),
        (
            ("A <a@partner.example>", "A (a@mail.partner.example)", "<b@bounce.partner.example>", "c@partner.example"),
            [],
        ),
        (
            ("", "ceo@acme-news.example", "b@evil.test", "c@evil.test"),
            [
                ("name", "the name says ceo@acme-news.example, and no sender can be read"),
                ("reply-to", "replies go to evil.test, and no sender can be read"),
                ("envelope", "the envelope is from evil.test, and no sender can be read"),
            ],
        ),
        (("a@[192.0.2.1]", "Anna"), [("sender", "the sender's address can't be read")]),
        (("a@acme-news.example, b@evil.test",), [("sender", "the sender's address can't be read")]),
        (("a@acme-news.example (CEO)",), []),
        (("a@acme-news.example!",), [("sender", "the sender's address can't be read")]),
        (("a@acmе-news.example'",), [("sender", "the sender's address can't be read")]),
        (
            ("a@partner.example", "", "b@evil.test!", "c@evil.test+x"),
            [
                ("reply-to", "replies go to something that can't be read"),
                ("envelope", "the envelope's sender can't be read"),
            ],
        ),
        (
            ("a@evil.test", "ceo@acme-news.example★"),
            [("name", "the name says ceo@acme-news.example, the sender is of evil.test")],
        ),
        (("a@partner.example", "Anna", "<>", "<>"), []),
        (("a@partner.example", "", "", "nobody"), [("reply-to", "replies go to something that can't be read")]),
        (
            ("a@partner.example", "", "", ",".join(["a@partner.example"] * 30)),
            [("reply-to", "replies go to something that can't be read")],
        ),
        (
            ("a@partner.example", "", "", "a@partner.example; b@mail.evil.test, nobody"),
            [("reply-to", "replies go to evil.test, not to partner.example")],
        ),
        (
            ("a@partner.example", "", "", "a@evil.test, b@acme-news.exampIe"),
            [
                (
                    "reply-to",
                    "replies go to acme-news.exampIe, not to partner.example (like acme-news.example: I for l)",
                )
            ],
        ),
        (("a@acme-news.exampIe",), [("alike", "like acme-news.example: I for l")]),
        (
            ("a@pаrtner.test",),
            [
                ("alike", "like partner.example: Cyrillic а for a, under .test"),
                ("scripts", "mixes Cyrillic and Latin letters: pаrtner.test"),
                ("punycode", "pаrtner.test is xn--prtner-3nf.test"),
            ],
        ),
        (
            ("a@xn--80ak6aa92e.test",),
            [("scripts", "looks Latin, but is not: аррӏе.test"), ("punycode", "аррӏе.test is xn--80ak6aa92e.test")],
        ),
        (("a@сосо.рф",), [("punycode", "сосо.рф is xn--n1aahb.xn--p1ai")]),
        (
            ("a@evil.test", "ceo@acme-news.example via docs"),
            [("name", "the name says ceo@acme-news.example, the sender is of evil.test")],
        ),
        (
            ("a@partner.example", "", "", "Bo <b@evil.test>"),
            [("reply-to", "replies go to evil.test, not to partner.example")],
        ),
        (
            ("a@partner.example", "", "", '"A, B" <a@partner.example>, b@evil.test'),
            [("reply-to", "replies go to evil.test, not to partner.example")],
        ),
        (
            ("a@partner.example", "", "", "b@acrne-news.example"),
            [
                (
                    "reply-to",
                    "replies go to acrne-news.example, not to partner.example (like acme-news.example: rn for m)",
                )
            ],
        ),
        (
            ("a@partner.example", "", "<b@mail.evil.test>"),
            [("envelope", "the envelope is from evil.test, not from partner.example")],
        ),
    ],
)
def test_a_message_has_the_signs_that_it_has(mail: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert signs(*mail) == expected


def test_the_worst_sign_comes_first() -> None:
    found = signs_of(
        sender="a@pаrtner.test", from_name="b@c.test", envelope_from="d@e.test", reply_to="f@g.test", known=KNOWN
    )
    assert [sign.kind for sign in found] == [kind for kind in SignKind if kind is not SignKind.SENDER]
    unread = signs_of(
        sender="a@[::1]", from_name="b@c.test", envelope_from="d@e.test", reply_to="f@g.test", known=KNOWN
    )
    assert [sign.word for sign in unread] == ["sender", "name", "reply-to", "envelope"]


def test_every_word_fits_a_narrow_column_and_has_a_glyph() -> None:
    assert {kind.word: kind.glyph for kind in SignKind} == {
        "alike": "≈",
        "scripts": "≈",
        "sender": "≈",
        "punycode": "≈",
        "name": "≠",
        "reply-to": "≠",
        "envelope": "≠",
    }
    assert max(len(kind.word) for kind in SignKind) == 8


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("a@.xn-<>,;аlI1 \u202e\x1b\u0323\ud800＠"), max_size=60),
    st.sampled_from(
        ["a@acme-news.exampIe", "a@xn--a.test", "a@\x1b[2J.test", "\u202ea@b.test", "x" * 1_000_000 + "@a.test"]
    ),
)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_has_an_answer_that_is_safe(sender: str, name: str, envelope: str, reply_to: str) -> None:
    found = signs_of(sender=sender, from_name=name, envelope_from=envelope, reply_to=reply_to, known=KNOWN)
    for sign in found:
        assert sanitize(sign.detail, 2000) == sign.detail
        assert sign.word == sign.kind.word


@pytest.mark.parametrize("hostile", ["@", "a@", "a.b@", "<", "＠", ",", "a", "\ufdfa"])
def test_a_huge_text_has_an_answer(hostile: str) -> None:
    huge = hostile * (1_000_000 // len(hostile))
    found = signs_of(sender="a@partner.example", from_name=huge, envelope_from=huge, reply_to=huge, known=KNOWN)
    assert all(len(sign.detail) < 1000 for sign in found)
    signs(huge)
