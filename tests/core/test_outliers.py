"""The odd ones in a family of mail: what is told, and what is not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.core import outliers
from tui_app.core.outliers import DifferenceKind, FamilyTally, Features, network_of

USUAL = Features(
    domain="mailer.example",
    pattern="weekly digest #",
    verdict="BULK",
    envelope="mailer.example",
    reply_to="",
    network="192.0.2.0/24",
    spf="pass",
    dkim="pass",
    dmarc="pass",
)


@pytest.mark.parametrize("tail", ["!", "+x", "#x.evil.test", "\x00", "\x1f", "\u200b", "\u2215evil.test", "'"])
def test_an_address_with_something_behind_its_domain_is_no_address(tail: str) -> None:
    sender, other = (f"a@mailer.example{tail}", f"a@evil.test{tail}")
    read = Features.of(sender=sender, subject="x", envelope_from=other, reply_to=other)
    assert (read.domain, read.unreadable_sender) == ("", True)
    assert (read.envelope, read.reply_to) == ("unreadable", "unreadable")
    nobody = Features.of(sender="a@mailer.example", subject="x", envelope_from="<>", reply_to="")
    assert (nobody.unreadable_sender, nobody.envelope, nobody.reply_to) == (False, "", "")


def told(odd: Features, *others: Features) -> list[str]:
    tally = FamilyTally()
    for features in (*others, odd):
        tally.add(features)
    return [difference.describe() for difference in tally.odd(odd)]


def among(count: int, odd: dict[str, Any], usual: dict[str, Any] | None = None) -> list[str]:
    """What is told of one odd message among so many usual ones."""
    others = replace(USUAL, **(usual or {}))
    return told(replace(others, **odd), *[others] * count)


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"envelope": "evil.test"}, ["envelope evil.test, the others mailer.example"]),
        ({"network": "203.0.113.0/24"}, ["helo network 203.0.113.0/24, the others 192.0.2.0/24"]),
        ({"verdict": "MALICIOUS"}, ["verdict MALICIOUS, the others BULK"]),
        ({"verdict": "malicious_bec"}, ["verdict malicious_bec, the others BULK"]),
        ({"verdict": "NEW-WORD"}, ["verdict NEW-WORD, the others BULK"]),
        ({"spf": "fail"}, ["SPF fail, the others pass"]),
        ({"dkim": ""}, ["DKIM unknown, the others pass"]),
        ({"reply_to": "evil.test"}, ["reply-to evil.test, the others none"]),
        ({"dmarc": "fail", "verdict": "SPOOF"}, ["verdict SPOOF, the others BULK", "DMARC fail, the others pass"]),
        ({"spf": "PASS"}, []),
        ({"envelope": "", "network": ""}, []),
        ({"verdict": "SPAM"}, []),
        ({"verdict": ""}, []),
        ({"domain": "news.mailer.example", "spf": "fail"}, ["SPF fail, the others pass"]),
        ({"domain": "other.example", "spf": "fail"}, []),
        ({"pattern": "another", "spf": "fail"}, ["SPF fail, the others pass"]),
        ({"pattern": "another", "envelope": "evil.test"}, ["envelope evil.test, the others mailer.example"]),
        ({"pattern": "another", "reply_to": "evil.test"}, ["reply-to evil.test, the others none"]),
        ({"pattern": "another", "verdict": "MALICIOUS", "network": "203.0.113.0/24"}, []),
    ],
)
def test_one_among_many_is_told_by_what_it_alone_has(odd: dict[str, Any], expected: list[str]) -> None:
    assert among(20, odd) == expected


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ({"verdict": "MALICIOUS"}, {"verdict": "BULK"}),
        ({"verdict": "SPOOF"}, {"verdict": "SUSPICIOUS"}),
        ({"reply_to": "mailer.example"}, {"reply_to": ""}),
        ({"network": ""}, {"network": "192.0.2.0/24"}),
        ({"envelope": ""}, {"envelope": "evil.test"}),
        ({"spf": ""}, {"spf": "fail"}),
    ],
)
def test_what_is_no_worse_or_can_t_be_compared_is_not_odd(usual: dict[str, Any], odd: dict[str, Any]) -> None:
    assert among(20, odd, usual) == []


def test_a_family_of_four_has_a_usual_value_and_one_of_three_has_none() -> None:
    assert among(3, {"spf": "fail"})
    assert among(2, {"spf": "fail"}) == []


@pytest.mark.parametrize("odd", [{"spf": "fail"}, {"dmarc": ""}, {"verdict": "SPOOF"}, {"reply_to": "evil.test"}])
@pytest.mark.parametrize(
    ("usual", "differ", "is_odd"),
    [
        (3, 1, True),
        (2, 2, False),
        (4, 2, False),
        (6, 2, True),
        (9, 1, True),
        (8, 2, False),
        (90, 10, True),
        (89, 11, False),
    ],
)
def test_what_differs_from_a_settled_value_is_odd_however_many_have_it(
    odd: dict[str, Any], usual: int, differ: int, is_odd: bool
) -> None:
    spoof = replace(USUAL, **odd)
    assert bool(told(spoof, *[USUAL] * usual, *[spoof] * (differ - 1))) == is_odd


@pytest.mark.parametrize("odd", [{"envelope": "other.test"}, {"network": "203.0.113.0/24"}])
@pytest.mark.parametrize(
    ("usual", "differ", "is_odd"), [(8, 1, True), (30, 3, True), (96, 4, False), (196, 4, True), (195, 5, False)]
)
def test_an_envelope_or_a_network_alone_is_odd_for_three_messages_or_one_in_fifty(
    odd: dict[str, Any], usual: int, differ: int, is_odd: bool
) -> None:
    other = replace(USUAL, **odd)
    assert bool(told(other, *[USUAL] * usual, *[other] * (differ - 1))) == is_odd


def test_two_differences_are_odd_however_many_have_them() -> None:
    other = replace(USUAL, envelope="other.test", network="203.0.113.0/24")
    assert told(other, *[USUAL] * 90, *[other] * 9) == [
        "envelope other.test, the others mailer.example",
        "helo network 203.0.113.0/24, the others 192.0.2.0/24",
    ]


@pytest.mark.parametrize("usual", ["fail", "none", "softfail"])
def test_who_passes_where_the_others_do_not_is_not_accused(usual: str) -> None:
    assert among(20, {"dmarc": "pass", "spf": "pass"}, {"dmarc": usual, "spf": usual}) == []
    assert among(20, {"dmarc": "temperror"}, {"dmarc": usual}) == []


@pytest.mark.parametrize(("usual", "is_odd"), [(90, True), (89, False)])
def test_nine_of_ten_make_a_value_usual(usual: int, is_odd: bool) -> None:
    others = [replace(USUAL, network=f"10.0.{number}.0/24") for number in range(100 - usual)]
    assert bool(told(others[0], *[USUAL] * usual, *others[1:])) == is_odd


def test_messages_without_a_network_are_left_out_of_the_reckoning() -> None:
    unknown = [replace(USUAL, network="")] * 30
    odd = replace(USUAL, network="203.0.113.0/24")
    assert told(odd, *unknown, *[USUAL] * 4) == ["helo network 203.0.113.0/24, the others 192.0.2.0/24"]
    assert told(odd, *unknown, *[USUAL] * 2) == []


def test_a_value_of_mail_is_told_as_safe_text() -> None:
    assert among(9, {"envelope": "\x1b[2J\u202e" + "x" * 500})[0].isprintable()


def test_features_are_made_of_what_was_written() -> None:
    written = Features.of(
        sender="News <n@News.Mailer.Example>",
        subject="Weekly digest 46",
        verdict="malicious_bec",
        envelope_from="<b@bounce.send.example>",
        reply_to="",
        helo_ip="192.0.2.77",
        spf=" PASS",
        dkim="Fail",
    )
    assert written == Features(
        domain="news.mailer.example",
        pattern="weekly digest #",
        verdict="MALICIOUS-BEC",
        envelope="send.example",
        network="192.0.2.0/24",
        spf="pass",
        dkim="fail",
    )


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        (" 2001:db8:1:2::3 ", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("mail.example", ""),
        ("", ""),
    ],
)
def test_a_network_is_the_first_part_of_an_address(ip: str, network: str) -> None:
    assert network_of(ip) == network


def test_a_family_is_reckoned_once_for_all_of_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    reckoned: list[int] = []
    usual = outliers._usual
    monkeypatch.setattr(outliers, "_usual", lambda counts, size: reckoned.append(size) or usual(counts, size))
    family = [replace(USUAL, network=f"net {number}", envelope=f"e{number}.test") for number in range(500)]
    tally = FamilyTally()
    for features in family:
        tally.add(features)
    assert not any(map(tally.odd, family))
    assert len(reckoned) == 2 * len(DifferenceKind), "the family, and all mail of the organisation"


WORDS = st.sampled_from(["", "pass", "fail", "MALICIOUS", "x.test", "\x1b", "\ud800"])
FEATURES = st.builds(Features, *[WORDS] * 9)


@given(st.lists(FEATURES, max_size=12))
def test_any_messages_have_an_answer_and_the_usual_one_is_never_odd(family: list[Features]) -> None:
    tally = FamilyTally()
    for features in family:
        tally.add(features)
    for features in family:
        for difference in tally.odd(features):
            assert difference.value != difference.usual
            assert difference.describe().isprintable()


@given(
    st.builds(dict, sender=st.text(), subject=st.text(), verdict=st.text(), envelope_from=st.text(), helo_ip=st.text())
)
def test_features_are_made_of_any_text(written: dict[str, str]) -> None:
    assert isinstance(Features.of(**written), Features)


def test_a_bad_verdict_is_odd_among_harmless_ones_of_whatever_kind() -> None:
    mixed = [replace(USUAL, verdict=word) for word in ("BULK", "SPAM") * 10]
    assert told(replace(USUAL, verdict="MALICIOUS"), *mixed) == ["verdict MALICIOUS, the others BULK"]
    assert told(replace(USUAL, verdict="NONE"), *mixed) == []


def test_a_sender_whose_other_mail_does_not_pass_is_not_accused_for_not_passing() -> None:
    others = [replace(USUAL, dkim="none", pattern=f"kind {number % 3}") for number in range(30)]
    assert told(replace(USUAL, dkim="fail", pattern="another"), *others) == []


@pytest.mark.parametrize(
    ("reply_to", "feature"),
    [
        ("", ""),
        ("news@mailer.example, Bo <b@eu.mailer.example>", ""),
        ("n@mailer.example; b@mail.evil.test", "evil.test"),
        ("z@z.test, a@a.test, b@a.test", "a.test, z.test"),
        ("n@mailer.example, nobody, z@z.test", "unreadable, z.test"),
        (",".join(["n@mailer.example"] * 21), "unreadable"),
    ],
)
def test_of_a_reply_to_the_foreign_organisations_are_compared(reply_to: str, feature: str) -> None:
    assert Features.of(sender="n@news.mailer.example", subject="", reply_to=reply_to).reply_to == feature


def test_a_sender_that_can_t_be_read_is_marked() -> None:
    assert Features.of(sender="a@[192.0.2.1]", subject="").unreadable_sender
    assert not Features.of(sender="a@mailer.example (CEO)", subject="").unreadable_sender
    assert not Features.of(sender="", subject="").unreadable_sender
