"""Counts of what is to be sent: one bad one among many is seen, and no sender writes a count."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.services import held_mail
from tui_app.core.outliers import Features
from tui_app.core.text import Untrusted
from tui_app.plans.plan import Target
from tui_app.plans.summary import (
    NO_DOMAIN,
    rarest_first,
    sender_domain,
    sender_domain_counts,
    sender_told,
    verdict_counts,
)


def mails(sender: str, count: int, verdict: str = "BULK") -> list[Target]:
    return [
        held_mail(f"{sender}-{number}", sender=Untrusted(sender), disposition=Untrusted(verdict))
        for number in range(count)
    ]


def test_the_rarest_verdict_comes_first() -> None:
    targets = [*mails("a@x.example", 50), *mails("b@x.example", 1, "SPOOF"), *mails("c@x.example", 3, "SPAM")]
    assert verdict_counts(targets) == [("SPOOF", 1), ("SPAM", 3), ("BULK", 50)]
    assert str(rarest_first(targets)[0].sender) == "b@x.example"


def test_domains_that_look_alike_stand_beside_each_other_before_all_others() -> None:
    junk = [mail for number in range(6) for mail in mails(f"a@junk{number}q{number}.example", 1)]
    targets = [
        *junk,
        *mails("a@partner.example", 99),
        *mails("a@partner.example.evil.test", 1),
        *mails("a@ѕky.example", 1),
    ]
    counted = sender_domain_counts([*targets, *mails("a@sky.example", 40)])
    assert [domain for domain, _ in counted[:4]] == [
        "partner.example",
        "partner.example.evil.test",
        "sky.example",
        "ѕky.example (xn--ky-doc.example)",
    ]
    assert dict(counted)["partner.example"] == 99


def test_a_sender_writes_no_counts_and_no_other_domains() -> None:
    assert sender_domain_counts(mails("a@x.test, 498 acme.example", 1)) == [(NO_DOMAIN, 1)]
    two = [*mails("a@faß.example", 1), *mails("a@fass.example", 1)]
    assert sorted(sender_domain_counts(two)) == [("fass.example", 1), ("faß.example (xn--fa-hia.example)", 1)]


def test_no_readable_domain_comes_before_all_others() -> None:
    targets = [*mails("a@partner.example", 1), *mails("a@partner.example.evil.test", 1), *mails("nobody", 40)]
    assert sender_domain_counts(targets)[0] == (NO_DOMAIN, 40)


def test_a_domain_with_letters_of_another_script_has_its_form_on_the_wire_beside_it() -> None:
    for domain, wire in (("аррӏе.example", "xn--80ak6aa92e.example"), ("почта.example", "xn--80a1acny.example")):
        assert sender_domain_counts(mails(f"a@{domain}", 2)) == [(f"{domain} ({wire})", 2)]
    assert sender_domain_counts(mails(f"a@{'п' * 70}.example", 1)) == [(NO_DOMAIN, 1)]


def test_one_domain_is_counted_once_however_it_is_written() -> None:
    wire = [*mails("a@xn--cme-5cd.example", 1), *mails("a@аcme.example", 1), *mails("a@XN--CME-5CD.example.", 2)]
    assert sender_domain_counts(wire) == [("аcme.example (xn--cme-5cd.example)", 4)]
    capitals = [*mails("a@exampIe.test", 1), *mails("a@exampie.test", 1)]
    assert sender_domain_counts(capitals) == [("exampIe.test", 2)], "what it imitates is seen"
    assert sender_domain_counts([*capitals, *mails("a@exampie.test", 1)]) == [("exampie.test", 3)]
    assert sender_domain_counts(mails("a@xn--a.example", 2)) == [("xn--a.example", 2)], "it stands for no letters"


def test_messages_of_one_domain_stand_together_however_it_is_written() -> None:
    targets = [*mails("a@Acme.example", 2), *mails("a@zoo.example", 3), *mails("a@acme.example", 2)]
    assert [str(target.sender)[2:].lower() for target in rarest_first(targets)] == (
        ["zoo.example"] * 3 + ["acme.example"] * 4
    )


@given(
    st.one_of(
        st.text(max_size=30).map("x@acme.example{}".format),
        st.text(st.sampled_from('a@.,;<>()"\\ \x00\u200b\u3000é'), max_size=40),
        st.text(max_size=40),
    )
)
@example("x@acme.example!")
@example("x@acmе.example'")
@example("x@acme.example (CEO)")
@example("A <x@acme.example>")
def test_the_review_names_a_domain_where_the_guard_reads_one_and_only_there(sender: str) -> None:
    (mail,) = mails(sender, 1)
    read = Features.of(sender=sender, subject="")
    assert (sender_domain(mail) == NO_DOMAIN) == (not read.domain)
    assert read.unreadable_sender or read.domain or not sender.strip(" \t\r\n<>")


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("", "no sender"),
        ("<>", "no sender"),
        ("\u3000", "no sender"),
        ("a@acme.example", "a@acme.example"),
        ("A  <a@аcme.example>", "A <a@аcme.example> (xn--cme-5cd.example)"),
        ('"ana@acme.example  Invoice" <x@evil.test>', '"ana@acme.example Invoice" <x@evil.test>'),
        ('"a<b"@evil.test', '"a<b"@evil.test'),
        ("a@acme.example (b@evil.test)", "a@acme.example"),
        (f"{'n' * 100}@evil.test", f"{'n' * 64}…(+36)@evil.test"),
        ("ceo@acme.example  Contract renewal", "ceo@acme.example Contract renewal"),
    ],
)
def test_a_sender_is_told_with_its_whole_domain_or_by_a_word(sender: str, told: str) -> None:
    assert sender_told(mails(sender, 1)[0]) == told


def test_of_what_could_not_be_looked_at_no_sender_is_told() -> None:
    assert sender_told(Target("4N", checked=False)) == ""
