"""What looks alike, and what imitates a known domain: few false alarms, and an answer to any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core import look_alike
from tui_app.core.confusables import prototypes
from tui_app.core.look_alike import (
    KnownDomains,
    idn_forms,
    mixed_scripts,
    skeleton,
    whole_script_confusable,
)

KNOWN = KnownDomains.of(
    ["acme-news.example", "kmail.test", "acme.test", "orders.test"],
    {
        "partner.example": 50,
        "digital.example": 30,
        "mail-2024.example": 40,
        "mailer10.example": 40,
        "seldom-seen.example": 4,
        "sixmails.example": 6,
        "news.partner.example": 2,
        "bücher.example": 9,
        "partner.co.uk": 3,
        "grosshandel.example": 40,
        "rare-firm.example": 10,
        "busy-firm.example": 400,
        "busy-film.example": 300,
    },
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("exampIe", "example"),
        ("examp1e", "example"),
        ("examp|e", "example"),
        ("EXAMPLE", "example"),
        ("g00gle", "google"),
        ("acrne", "acme"),
        ("vvorld", "world"),
        ("аррӏе", "apple"),
        ("ехample", "example"),
        ("ｅｘａｍｐｌｅ", "example"),
        ("exạmple", "example"),
        ("ex\u200bample", "example"),
        ("sкype", "skype"),
        ("großbank", "grossbank"),
    ],
)
def test_texts_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("mail", "mall"), ("acme-news", "acmenews"), ("clock", "dock"), ("8", "b")])
def test_texts_that_can_be_told_apart_have_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_every_small_letter_stands_for_itself() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz-._"
    assert "".join(map(skeleton, letters)) == letters
    assert prototypes()["m"] == "m"


@given(st.text(max_size=60))
def test_a_skeleton_is_its_own(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


@pytest.mark.parametrize("hostile", ["\ufdfa", "a\u0301\u0316", "\u202e", "rn", "㈡"])
def test_a_long_hostile_text_is_looked_at_character_by_character(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    normalize = look_alike.unicodedata.normalize
    monkeypatch.setattr("unicodedata.normalize", lambda form, text: asked.append(len(text)) or normalize(form, text))
    assert len(skeleton(hostile * 100_000)) <= 20 * len(hostile) * 100_000
    assert max(asked, default=1) == 1


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ("acme-news.exampIe", "like acme-news.example: I for l"),
        ("acrne-news.example", "like acme-news.example: rn for m"),
        ("аcme-news.example", "like acme-news.example: Cyrillic а for a"),
        ("xn--cme-news-06g.example", "like acme-news.example: Cyrillic а for a"),
        ("acme-ne\u0323ws.example", "like acme-news.example: a mark on e"),
        ("kmai1.test", "like kmail.test: 1 for l"),
        ("login.kmai1.test", "like kmail.test: 1 for l"),
        ("DlGlTAL.example", "like digital.example: l for I"),
        ("großhandel.example", "like grosshandel.example: Latin ß for ss"),
        ("bucher.example", "like xn--bcher-kva.example: u for Latin ü"),
        ("acmenews.example", "like acme-news.example: one hyphen less"),
        ("acme-newss.example", "like acme-news.example: one letter more"),
        ("acme-n-ews.example", "like acme-news.example: one hyphen more"),
        ("acme-n_ews.example", "like acme-news.example: one underscore more"),
        ("acmen-ews.example", "like acme-news.example: two characters swapped"),
        ("acme-new.example", "like acme-news.example: one letter less"),
        ("acme-mews.example", "like acme-news.example: m for n"),
        ("acme-nwes.example", "like acme-news.example: two letters swapped"),
        ("digital1.example", "like digital.example: one digit more"),
        ("acme-news.example.evil.test", "holds acme-news.example, but is of evil.test"),
        ("login.acme-news.example.evil.test", "holds acme-news.example, but is of evil.test"),
        ("acme-news-example.evil.test", "holds acme-news.example, but is of evil.test"),
        ("acme-news-example-login.test", "holds acme-news.example, but is of acme-news-example-login.test"),
        ("acme-news.example-login.test", "holds acme-news.example, but is of example-login.test"),
        ("acme.test-login.example", "holds acme.test, but is of test-login.example"),
        ("my-acme-news.example-login.test", "holds acme-news.example, but is of example-login.test"),
        (f"{'a.' * 45}acme-news.example.evil.test", "holds acme-news.example, but is of evil.test"),
        (f"acme-news.example.{'a.' * 45}evil.test", "holds acme-news.example, but is of evil.test"),
        ("acme-news-login.example", "holds acme-news.example, but is of acme-news-login.example"),
        ("login-acme-news.example", "holds acme-news.example, but is of login-acme-news.example"),
        ("my-acrne-news-login.test", "holds acme-news.example, but is of my-acrne-news-login.test"),
        ("login.partner-mail.test", "holds partner.example, but is of partner-mail.test"),
        ("acme-news.test", "like acme-news.example: the same name under .test"),
        ("partner.com", "like partner.example: the same name under .com"),
        ("acme-nеws.test", "like acme-news.example: Cyrillic е for e, under .test"),
        ("kmail_.test", "like kmail.test: _ added"),
        ("_kmai1.test", "like kmail.test: _ added, 1 for l"),
        ("kmail--.test", "like kmail.test: - added"),
        ("acme_news.example", "like acme-news.example: _ for -"),
        ("acme--news.example", "like acme-news.example: - added"),
        ("acme-news_.test", "like acme-news.example: _ added, under .test"),
        ("kmail_test.evil.example", "holds kmail.test, but is of evil.example"),
        ("kmail.test_.example", "holds kmail.test, but is of test_.example"),
        ("kmail_.--test.evil.example", "holds kmail.test, but is of evil.example"),
        ("kmail._.test", "holds kmail.test, but is of _.test"),
        ("acme_news_login.test", "holds acme-news.example, but is of acme_news_login.test"),
    ],
)
def test_an_imitation_is_told_with_its_characters(domain: str, told: str) -> None:
    likeness = KNOWN.likeness(domain)
    assert likeness is not None
    assert likeness.describe() == told


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("acme-news.example", "it is known itself"),
        ("ACME-NEWS.Example.", "another spelling"),
        ("mail.acme-news.example", "a subdomain"),
        ("xn--bcher-kva.example", "the same on the wire"),
        ("mail-2025.example", "a digit for a digit"),
        ("mailer1.example", "a digit less beside a digit"),
        ("acne.test", "a short name with one letter more, less or other"),
        ("orderss.test", "the known name is short"),
        ("acme.example", "a short name under another ending"),
        ("kmail-login.test", "a short name in another"),
        ("sixmails-login.test", "a name that is not known well enough in another"),
        ("mypartner-mail.test", "not a whole piece between hyphens"),
        ("acme-news.sender.test", "the name of a subdomain"),
        ("my-kmail.test", "the end of a domain is its own"),
        ("rareform.example", "two letters"),
        ("seldom-seem.example", "one letter from a domain that only four messages are from"),
        ("sixmails.test", "not known well enough for another ending"),
        ("busy-film.example", "two that are frequent"),
        ("busy-firm.example", "two that are frequent"),
        ("unlike.test", "nothing"),
        ("k-mail.test", "a short name with a hyphen in it"),
        ("_", "nothing but a sign"),
        ("", "no domain"),
        ("x" * 300, "too long"),
    ],
)
def test_what_imitates_nobody_is_left_in_peace(domain: str, why: str) -> None:
    assert KNOWN.likeness(domain) is None, why


def test_a_domain_is_known_by_five_times_as_many_messages_as_the_one_like_it() -> None:
    for count, told in ((1, True), (2, True), (3, False)):
        known = KnownDomains.of([], {"rare-firm.example": 10, "rare-f1rm.example": count})
        assert (known.likeness("rare-f1rm.example") is not None) == told
        assert known.likeness("rare-firm.example") is None


def test_our_own_domain_is_imitated_by_one_that_sends_more() -> None:
    known = KnownDomains.of(["acme-news.example"], {"acme-mews.example": 900, "acme-news.example": 1})
    assert known.likeness("acme-mews.example") is not None
    assert known.likeness("acme-news.example") is None


def test_our_own_domains_never_imitate_each_other() -> None:
    known = KnownDomains.of(["acme-news.example", "acme-mews.example", "acme-news.test"], {})
    assert not any(map(known.likeness, ("acme-news.example", "acme-mews.example", "acme-news.test")))


def test_a_domain_that_was_looked_at_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownDomains.of(["acme-news.example"], {})
    asked: list[str] = []
    monkeypatch.setattr(look_alike, "skeleton", lambda text: asked.append(text) or skeleton(text))
    domains = [f"acme-n{number}ws.example" for number in range(20)]
    for number in range(400):
        known.likeness(domains[number % 20])
    assert len(asked) <= 20 * 10


def test_many_known_domains_are_learned_without_comparing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(look_alike, "_one_difference", lambda label, known: compared.append(known) or "")
    known = KnownDomains.of([], {f"firm-{number:05}-name.example": 9 for number in range(5000)})
    assert compared == []
    known.likeness("firm-00017-nane.example")
    assert len(compared) < 100


LABELS = st.text(st.sampled_from("acmenews-.xn0l1I|аеⅷ\u0323\u200b。@ß💩\ud800"), max_size=80)


@given(st.one_of(st.text(max_size=300), LABELS))
def test_any_text_has_an_answer(text: str) -> None:
    likeness = KNOWN.likeness(text)
    assert likeness is None or likeness.describe().isprintable()
    forms = idn_forms(text)
    assert forms is None or (forms[0] != forms[1] and forms[1].isascii())
    mixed_scripts(text)
    whole_script_confusable(text)


@given(st.lists(LABELS, max_size=6), st.dictionaries(LABELS, st.integers(0, 100), max_size=6))
def test_hostile_domains_can_be_known(own: list[str], counts: dict[str, int]) -> None:
    known = KnownDomains.of(own, counts)
    for domain in (*own, *counts):
        likeness = known.likeness(domain)
        assert likeness is None or likeness.describe()


def test_what_is_no_domain_is_never_told_as_known() -> None:
    hostile = "evil\u202e\x1b[2J.example"
    assert KnownDomains.of([hostile], {}).likeness("evil\u202e\x1b[2J.test") is None


def test_a_domain_of_another_script_has_two_forms() -> None:
    both = ("аррӏе.example", "xn--80ak6aa92e.example")
    assert idn_forms(both[0]) == both
    assert idn_forms(both[1]) == both
    assert idn_forms("acme.example") is None
    assert idn_forms("xn--.example") is None


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("pаypal.example", ("Cyrillic", "Latin")),
        ("aρple.example", ("Greek", "Latin")),
        ("почта.example", ()),
        ("日本ファンabcひ.example", ()),
        ("中ㄅa", ()),
        ("한국韓國abc", ()),
        ("ひ한", ("Hangul", "Hiragana")),
        ("Иван Smith", ()),
        ("bücher-2024", ()),
    ],
)
def test_scripts_that_nobody_mixes_are_named(text: str, scripts: tuple[str, ...]) -> None:
    assert mixed_scripts(text) == scripts


def test_a_label_of_one_other_script_that_looks_latin_is_seen() -> None:
    assert [whole_script_confusable(label) for label in ("аррӏе", "сосо", "почта", "apple", "日本", "")] == (
        [True, True, False, False, False, False]
    )


@pytest.mark.parametrize(("genuine", "impostor"), [(6, 3), (1, 1), (10, 1_200)])
def test_capitals_that_make_a_domain_look_like_another_are_told_however_much_mail_it_has(
    genuine: int, impostor: int
) -> None:
    known = KnownDomains.of([], {"acme-news.example": genuine, "acme-news.exampie": impostor})
    found = known.likeness("acme-news.exampIe")
    assert found is not None
    assert found.describe() == "like acme-news.example: I for l"
    assert (known.likeness("acme-news.example") is None) is (impostor < 5 * genuine), "what many write is known, too"


@pytest.mark.parametrize(("more", "less", "accused"), [(2, 1, "lesser"), (1, 1, "both")])
@pytest.mark.parametrize(("one", "other"), [("bücher.example", "bucher.example"), ("großbank.test", "grossbank.test")])
def test_of_two_that_look_the_same_the_one_with_less_mail_imitates(
    one: str, other: str, more: int, less: int, accused: str
) -> None:
    for better, lesser in ((one, other), (other, one)):
        known = KnownDomains.of([], {better: more, lesser: less})
        assert known.likeness(lesser) is not None
        assert (known.likeness(better) is not None) is (accused == "both")


@pytest.mark.parametrize(
    ("plain", "trick"),
    [
        ("market-pulse.example", "rnarket-pulse.example"),
        ("world-travel.example", "vvorld-travel.example"),
        ("digital.example", "digita1.example"),
        ("google-like.example", "g00gle-like.example"),
        ("partner.example", "pаrtner.example"),
        ("apple.test", "аррӏе.test"),
        ("kmail.test", "kmail_.test"),
        ("my-mail.test", "my--mail.test"),
    ],
)
@pytest.mark.parametrize(
    ("genuine", "tricks", "plain_is_told"),
    [(50, 1, False), (6, 8, False), (6, 6, False), (5, 100, False), (4, 100, True)],
)
def test_a_spelling_that_is_the_trick_is_told_however_much_mail_it_has(
    plain: str, trick: str, genuine: int, tricks: int, plain_is_told: bool
) -> None:
    known = KnownDomains.of([], {plain: genuine, trick: tricks})
    assert known.likeness(trick) is not None
    assert (known.likeness(plain) is not None) is plain_is_told
    assert KnownDomains.of([plain], {trick: tricks}).likeness(plain) is None


def test_a_trick_with_much_mail_under_another_ending_does_not_accuse_the_plain_name() -> None:
    known = KnownDomains.of([], {"market-pulse.example": 6, "rnarket-pulse.test": 100})
    assert known.likeness("market-pulse.example") is None


def test_numbers_and_genuine_letters_are_no_trick() -> None:
    known = KnownDomains.of([], {"plan100.example": 30, "planloo.example": 30, "почта.example": 9, "mail2.example": 5})
    assert known.likeness("plan100.example") is not None, "1 and 0 alone are letters, too"
    assert known.likeness("почта.example") is None
    assert known.likeness("mail2.example") is None


def test_thousands_that_look_the_same_are_told_in_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    tricks = look_alike._tricks
    monkeypatch.setattr(look_alike, "_tricks", lambda shown: compared.append(shown) or tricks(shown))
    marks = [f"partn{chr(0x300 + number % 60)}{chr(0x300 + number // 60)}er.example" for number in range(3000)]
    known = KnownDomains.of([], dict.fromkeys([*marks, "partner.example"], 9))
    for domain in marks:
        known.likeness(domain)
    assert len(compared) < 3000 * 50
