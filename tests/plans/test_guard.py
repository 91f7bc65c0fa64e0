"""The guard of a release: what it holds back, and by which word it lets that through."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.faulty import ACCOUNT
from tui_app.api.enums import ActionType, Destination, Disposition
from tui_app.api.rows import Message
from tui_app.api.search import SearchParams
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.core.address import canonical_address
from tui_app.core.errors import GuardError
from tui_app.core.outliers import UNREADABLE_SENDER, Features
from tui_app.core.state_file import StateFile
from tui_app.core.text import Untrusted
from tui_app.core.verdict import VERDICTS, canonical_verdict
from tui_app.jobs.new_job import JobPreview, NewJob, guard_job
from tui_app.plans.guard import ODD, Guarded, OpenElsewhere, Policy, guard_targets
from tui_app.plans.odd_ones import find_odd
from tui_app.plans.plan import Target
from tui_app.plans.release import Release
from tui_app.plans.summary import NO_DOMAIN, sender_domain_counts

POLICY = Policy.make({"MALICIOUS", "MALICIOUS-BEC"}, 100)


def guarded(targets: Iterable[Target], policy: Policy, include: Iterable[str] = (), **how: Any) -> Guarded:
    settings = Settings(ACCOUNT, "http://127.0.0.1", TokenCredential(Secret("t", "test")))
    return guard_targets(targets, policy, unfit=Release(settings, StateFile()).unfit, include=lambda _: include, **how)


def target(name: str, **changes: object) -> Target:
    return Target(
        **{
            "investigate_id": name,
            "disposition": Disposition.BULK,
            "recipients": (Untrusted("bo@acme.example"),),
            **changes,
        }
    )  # type: ignore[arg-type]


def test_malicious_mail_is_held_back_unless_it_is_named() -> None:
    targets = [
        target("a", disposition=Disposition.MALICIOUS),
        target("b", disposition=Disposition.BULK),
        target("c", held=False),
    ]
    allowed = guarded(targets, POLICY)
    assert [item.id for item in allowed.allowed] == ["b"]
    assert allowed.reasons() == {"MALICIOUS": 1}
    assert allowed.unfit_reasons() == {"not held now": 1}, "another word: nobody holds it back"
    included = guarded(targets, POLICY, include=["MALICIOUS"])
    assert [item.id for item in included.allowed] == ["b", "a"], "what is looked at first is not what was named"
    assert included.included_counts() == {"MALICIOUS": 1}


def test_mail_to_a_recipient_s_domain_that_is_to_be_left_alone_is_held_back() -> None:
    policy = Policy.make((), 100, {"VIP.example"})
    allowed = guarded([target("a", recipients=(Untrusted("ceo@vip.example"),)), target("b")], policy)
    assert [item.id for item in allowed.allowed] == ["b"]


def test_an_unknown_verdict_is_no_way_around_the_guard() -> None:
    policy = Policy.make({"WEIRD"}, 100)
    assert not guarded([target("a", disposition=Untrusted("WEIRD"))], policy).allowed


def test_what_could_not_be_looked_up_is_sent_only_by_name_of_that_risk() -> None:
    unknown = target("a", checked=False)
    assert not guarded([unknown], POLICY).allowed
    assert guarded([unknown], POLICY, include=["unchecked"]).allowed == (unknown,)


def test_what_another_plan_has_not_settled_is_let_through_by_no_word() -> None:
    allowed = guarded(
        [target("a")],
        POLICY,
        include=["UNCHECKED", "a"],
        open_ids={"a": OpenElsewhere("7f3a9c00", "unknown in plan 7f3a9c00: settle that first")},
    )
    assert not allowed.allowed
    assert allowed.held_back[0].why == "unknown in plan 7f3a9c00: settle that first"
    assert allowed.includable_counts() == {}


@pytest.mark.parametrize("name", ["a", "4NBBBBBBBBBBBBBB"])
def test_what_is_open_by_either_of_its_ids_is_held_back(name: str) -> None:
    mail = target("a", postfix_id="4NBBBBBBBBBBBBBB")
    held = guarded([mail], POLICY, open_ids={name: OpenElsewhere("7f3a9c00", "unknown in plan 7f3a9c00")})
    assert not held.allowed
    assert held.held_back[0].why == "unknown in plan 7f3a9c00"


def test_a_domain_that_is_left_alone_is_let_through_by_its_whole_name_only() -> None:
    policy = Policy.make((), 100, {"board.example"})
    mail = target("a", recipients=(Untrusted("eva@Board.example"),))
    assert guarded([mail], policy).includable_counts() == {"board.example": 1}
    assert not guarded([mail], policy, include=["board"]).allowed
    assert guarded([mail], policy, include=["BOARD.example"]).allowed == (mail,)


def test_one_word_never_answers_for_another() -> None:
    to_two = tuple(map(Untrusted.of, ("ana@one.example", "bo@two.example")))
    bad = target("a", disposition=Disposition.MALICIOUS, recipients=to_two)
    policy = Policy.make({"MALICIOUS"}, 100, {"one.example", "two.example"})
    words = ("MALICIOUS", "one.example", "two.example")
    for left_out in words:
        allowed = guarded([bad], policy, include=[word for word in words if word != left_out])
        assert allowed.allowed == ()
        assert allowed.includable_counts() == {left_out: 1}
    assert guarded([bad], policy, include=words).allowed == (bad,)
    gone = target("b", held=False, released=True)
    assert (
        guarded(
            [gone], policy, include=["UNSEEN"], open_ids={"b": OpenElsewhere("0a1b2c3d", "never seen", "UNSEEN")}
        ).allowed
        == ()
    )


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        ("malicious", "MALICIOUS"), ("Malicious ", "MALICIOUS"), ("MALICIOUS_BEC", "MALICIOUS-BEC"),
        ("PHISHING", "UNKNOWN-VERDICT"), ("[\'MALICIOUS\']", "UNKNOWN-VERDICT"), ("", "NO-VERDICT"), (None, "NO-VERDICT"),
    ],
)  # fmt: skip
def test_a_verdict_in_any_spelling_is_held_and_what_is_not_understood_too(verdict: str | None, word: str) -> None:
    mail = target("a", disposition=None if verdict is None else Untrusted(verdict))
    assert guarded([mail], POLICY).includable_counts() == {word: 1}
    assert guarded([mail], POLICY, include=[word.lower()]).allowed == (mail,)


def test_where_recipients_are_to_be_left_alone_those_that_can_t_be_read_are_held() -> None:
    policy = Policy.make((), 100, ["vip.example"])
    for changes in (
        {"recipients": (Untrusted("undisclosed"),)}, {"recipients": ()}, {"recipients_known": False},
    ):  # fmt: skip
        mail = target("a", **changes)
        assert guarded([mail], policy).includable_counts() == {"UNREADABLE-RECIPIENT": 1}
        assert guarded([mail], POLICY).allowed == (mail,), "without such rules nobody has to read them"


@pytest.mark.parametrize("unreadable", [5, None, "", {}], ids=str)
def test_a_recipient_that_is_no_text_may_be_one_to_be_left_alone(unreadable: object) -> None:
    wire = {"id": "a", "is_quarantined": True, "final_disposition": "BULK"}
    mail = Target.of(Message.from_wire({**wire, "client_recipients": ["bo@acme.example", unreadable]}))
    held = guarded([mail], Policy.make((), 100, ["vip.example"]))
    assert held.includable_counts() == {"UNREADABLE-RECIPIENT": 1}


# ---- any spelling, any way into a mailbox


def in_any_case(text: str) -> st.SearchStrategy[str]:
    return st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
        lambda upper: "".join(
            letter.upper() if high else letter.lower() for letter, high in zip(text, upper, strict=True)
        )
    )


blanks = st.sampled_from(["", " ", "  ", "\t"])
verdicts = st.builds(
    lambda before, word, joint, after: before + word.replace("-", joint) + after,
    blanks, st.sampled_from(["MALICIOUS", "MALICIOUS-BEC"]).flatmap(in_any_case), st.sampled_from(["-", "_", " "]), blanks,
)  # fmt: skip
held_addresses = st.builds(
    lambda form, sub, domain, dot: form.format(f"ceo@{sub}{domain}{dot}"),
    st.sampled_from(["{}", " {} ", "CEO <{}>", "<{}>", '"The, CEO" <{}>']),
    st.sampled_from(["", "mail.", "a.b."]), in_any_case("vip.example"), st.sampled_from(["", "."]),
)  # fmt: skip


def job_over(*mails: Target) -> JobPreview:
    """What a search would show of these."""
    return JobPreview(
        len(mails), True, tuple((str(mail.disposition), 1) for mail in mails), 1, (), (),
        frozenset(canonical_address(name.exact) for mail in mails for name in mail.recipients),
    )  # fmt: skip


WAYS = (
    NewJob(action=ActionType.RELEASE, params=SearchParams(sender="x")),
    NewJob(action=ActionType.MOVE, params=SearchParams(sender="x"), destination=Destination.INBOX),
)


@given(verdict=verdicts)
def test_a_held_verdict_reaches_no_mailbox_in_whatever_spelling(verdict: str) -> None:
    mail = target("a", disposition=Untrusted(verdict))
    assert guarded([mail, target("b")], POLICY).allowed == (target("b"),)
    for way in WAYS:
        with pytest.raises(GuardError):
            guard_job(way, job_over(mail), hold_dispositions=["malicious", "Malicious_BEC"], max_messages=100)


@given(address=held_addresses, rule=st.sampled_from(["vip.example", "@VIP.example", "vip.example.", " vip.example "]))
def test_mail_to_a_held_recipient_reaches_no_mailbox_in_whatever_spelling(address: str, rule: str) -> None:
    mail = target("a", recipients=(Untrusted("bo@acme.example"), Untrusted(address)))
    policy = Policy.make((), 100, [rule])
    assert guarded([mail], policy).includable_counts().keys() <= {"vip.example", "UNREADABLE-RECIPIENT"}
    assert not guarded([mail], policy).allowed
    for way in WAYS:
        with pytest.raises(GuardError):
            guard_job(way, job_over(mail), hold_dispositions=(), max_messages=100, hold_recipients=[rule])


@given(word=st.text(min_size=1, max_size=12))
def test_a_verdict_that_nobody_knows_reaches_no_mailbox(word: str) -> None:
    mail = target("a", disposition=Untrusted(word))
    known = canonical_verdict(word) in VERDICTS
    assert bool(guarded([mail], Policy.make((), 100)).allowed) is known
    if not known:
        for way in WAYS:
            with pytest.raises(GuardError):
                guard_job(way, job_over(mail), hold_dispositions=(), max_messages=100)


@pytest.mark.parametrize("tail", ["!", "'", "/", "+x", "#x.evil.example", "\u2215evil.example", "\x00", "\u200b"])
def test_a_sender_whose_domain_is_none_is_held_back_as_odd(tail: str) -> None:
    mails = [
        target(
            name,
            sender=Untrusted(sender),
            features=Features.of(sender=sender, subject="Invoice"),
        )
        for name, sender in (
            ("a", "billing@acme.example"),
            ("b", f"billing@acme.example{tail}"),
            ("c", f"billing@acmе.example{tail}"),
        )
    ]
    odd = find_odd(mails)
    assert odd == dict.fromkeys("bc", UNREADABLE_SENDER)
    held = guarded(mails, POLICY, odd=odd)
    assert [item.id for item in held.allowed] == ["a"]
    assert {(kept.target.id, kept.include) for kept in held.held_back} == {("b", ODD), ("c", ODD)}
    assert sender_domain_counts(mails) == [(NO_DOMAIN, 2), ("acme.example", 1)], "the review says the same"
