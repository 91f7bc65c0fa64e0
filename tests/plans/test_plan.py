import json
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.faulty import ACCOUNT
from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition
from tui_app.api.errors import Invalid, Notice
from tui_app.api.models import ReleaseItem
from tui_app.api.search import SearchParams
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.core.errors import GuardError
from tui_app.core.state_file import StateFile
from tui_app.core.text import Untrusted
from tui_app.jobs.new_job import JobPreview, NewJob, guard_job
from tui_app.mail.query import parse_held_query
from tui_app.plans.actions import Release, rejects_the_body, release_outcome
from tui_app.plans.guard import Guarded, Policy, guard_targets
from tui_app.plans.ids import parse_ids
from tui_app.plans.plan import Plan, Target
from tui_app.plans.state import Outcome

INVESTIGATE = "4Njp3P0STMz2c02Q-2024-01-05T10:00:00-12345678"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = Policy(frozenset({"MALICIOUS", "MALICIOUS-BEC"}), 100)


def guarded_release(targets: Iterable[Target], policy: Policy, **how: Any) -> Guarded:
    release = Release(Settings(ACCOUNT, "http://127.0.0.1", TokenCredential(Secret("t", "test"))), StateFile())
    return guard_targets(targets, policy, unfit=release.unfit, **how)


def target(name: str, **changes: object) -> Target:
    return Target(**{"investigate_id": name, **changes})  # type: ignore[arg-type]


def test_ids_of_both_kinds_are_found_in_pasted_text() -> None:
    parsed = parse_ids(
        [
            f"please release '{INVESTIGATE}', thanks",
            "4Njp3P0STMz2c02Q;4Njp3P0STMz2c02R # and no 4Njp3P0STMz2c02S",
            INVESTIGATE,
        ]
    )
    assert parsed.ids == (INVESTIGATE, "4Njp3P0STMz2c02Q", "4Njp3P0STMz2c02R")
    assert parsed.duplicates == 1
    assert parsed.repeated == ((3, INVESTIGATE),)
    assert parsed.unrecognised == ()


@given(st.lists(st.text(max_size=80), max_size=10))
def test_any_text_is_parsed_and_every_id_comes_once(lines: list[str]) -> None:
    parsed = parse_ids(lines)
    assert len(set(parsed.ids)) == len(parsed.ids)


def test_malicious_mail_is_held_back_unless_it_is_named() -> None:
    targets = [
        target("a", disposition=Disposition.MALICIOUS),
        target("b", disposition=Disposition.BULK),
        target("c", held=False),
    ]
    guarded = guarded_release(targets, POLICY)
    assert [item.id for item in guarded.allowed] == ["b"]
    assert guarded.reasons() == {"MALICIOUS": 1, "not held now": 1}
    included = guarded_release(targets, POLICY, include=["MALICIOUS"])
    assert [item.id for item in included.allowed] == ["b", "a"], "what is looked at first is not what was named"
    assert included.named() == {"MALICIOUS": 1}


def test_mail_to_a_recipient_s_domain_that_is_to_be_left_alone_is_held_back() -> None:
    policy = Policy(frozenset(), 100, frozenset({"VIP.example"}))
    guarded = guarded_release([target("a", recipients=(Untrusted("ceo@vip.example"),)), target("b")], policy)
    assert [item.id for item in guarded.allowed] == ["b"]


JOB_RULES = {"hold_dispositions": ("MALICIOUS", "MALICIOUS-BEC"), "max_messages": 100}


def previewed(
    count: int = 5, *, complete: bool = True, verdict: str = "BULK", hidden: tuple[str, ...] = ()
) -> JobPreview:
    return JobPreview(count, complete, ((verdict, count),), count, (), hidden)


@pytest.mark.parametrize(
    ("params", "preview", "said"),
    [
        (SearchParams(sender="a"), previewed(verdict="MALICIOUS"), "MALICIOUS"),
        (SearchParams(sender="a"), previewed(10_000, complete=False), "more than 10,000"),
        (SearchParams(sender="a"), previewed(101), "more than the policy allows"),
        (SearchParams(sender="a", submissions=True), previewed(hidden=("submissions",)), "submissions"),
        (
            SearchParams(sender="a", final_disposition=Disposition.MALICIOUS_BEC),
            previewed(hidden=("final_disposition",)),
            "MALICIOUS-BEC",
        ),
    ],
)
def test_a_release_job_is_held_to_the_rules_of_a_release(params: SearchParams, preview: JobPreview, said: str) -> None:
    with pytest.raises(GuardError, match=said):
        guard_job(NewJob(action=ActionType.RELEASE, params=params), preview, **JOB_RULES)  # type: ignore[arg-type]


def test_what_is_named_is_let_through_and_a_move_that_can_be_undone_is_not_guarded() -> None:
    release = NewJob(
        action=ActionType.RELEASE, params=SearchParams(sender="a", final_disposition=Disposition.MALICIOUS)
    )
    guard_job(release, previewed(verdict="MALICIOUS"), include=["MALICIOUS"], **JOB_RULES)  # type: ignore[arg-type]
    unseen = previewed(10_000, complete=False)
    for place in Destination:
        move = NewJob(action=ActionType.MOVE, params=SearchParams(sender="a"), destination=place)
        if place is Destination.HARD_DELETE:
            with pytest.raises(GuardError):
                guard_job(move, unseen, **JOB_RULES)  # type: ignore[arg-type]
        else:
            guard_job(move, unseen, **JOB_RULES)  # type: ignore[arg-type]


def test_an_unknown_verdict_is_no_way_around_the_guard() -> None:
    policy = Policy(frozenset({"WEIRD"}), 100)
    assert not guarded_release([target("a", disposition=Untrusted("WEIRD"))], policy).allowed


def test_what_could_not_be_looked_up_is_sent_only_by_name_of_that_risk() -> None:
    unknown = target("a", checked=False)
    assert not guarded_release([unknown], POLICY).allowed
    assert guarded_release([unknown], POLICY, include=["unchecked"]).allowed == (unknown,)


def test_what_another_plan_has_not_settled_is_let_through_by_no_word() -> None:
    guarded = guarded_release([target("a")], POLICY, include=["UNCHECKED", "a"], open_ids={"a": ("7f3a9c00", False)})
    assert not guarded.allowed
    assert guarded.held_back[0].why == "unknown in plan 7f3a9c00: settle that first"
    assert guarded.words() == {}


def test_a_domain_that_is_left_alone_is_let_through_by_its_whole_name_only() -> None:
    policy = Policy(frozenset(), 100, frozenset({"board.example"}))
    mail = target("a", recipients=(Untrusted("eva@Board.example"),))
    assert guarded_release([mail], policy).words() == {"board.example": 1}
    assert not guarded_release([mail], policy, include=["board"]).allowed
    assert guarded_release([mail], policy, include=["BOARD.example"]).allowed == (mail,)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=80), st.integers(1, 30))
def test_a_plan_sends_every_id_exactly_once_and_never_mixes_kinds(ids: list[tuple[int, bool]], batch_size: int) -> None:
    targets = tuple(target(f"i{n}") if known else Target(None, f"p{n}", checked=False) for n, known in ids)
    plan = Plan.make(targets, "why", batch_size, Random(1))
    batches = plan.batches()
    sent = [item.id for batch in batches for item in batch]
    assert sorted(sent) == sorted({item.id for item in targets})
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert all(len({bool(item.investigate_id) for item in batch}) == 1 for batch in batches)


def test_the_digest_is_of_ids_and_reason() -> None:
    plans = [Plan.make((target("a"),), reason, 25, Random(seed)) for reason, seed in (("x", 1), ("x", 2), ("y", 1))]
    assert plans[0].digest == plans[1].digest != plans[2].digest


@pytest.mark.parametrize(
    ("lists", "outcome"),
    [
        ({"delivered": ["a"]}, Outcome.DELIVERED),
        ({"delivered": ["a"], "undelivered": ["b"]}, Outcome.PARTLY),
        ({"delivered": ["a"], "undelivered": ["b"], "failed": ["c"]}, Outcome.PARTLY),
        ({"delivered": None}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_only_named_recipients_make_a_message_delivered(lists: dict[str, object], outcome: Outcome) -> None:
    assert release_outcome(ReleaseItem.from_wire({"id": "i", **lists})) is outcome


@pytest.mark.parametrize(
    ("status", "pointer", "about_the_body"),
    [(400, "", True), (422, "/ids", True), (400, "/ids/3", False), (403, "", False)],
)
def test_only_a_refusal_of_the_whole_body_allows_the_other_body(
    status: int, pointer: str, about_the_body: bool
) -> None:
    error = Invalid("no", request="POST x", status=status, notices=[Notice(1, Untrusted("m"), Untrusted(pointer))])
    assert rejects_the_body(error) is about_the_body


@pytest.mark.parametrize(
    ("words", "about_the_body"),
    [("Expected array, received object", True), ("No route for that URI", False), ("", False)],
)
def test_a_refusal_without_a_pointer_counts_only_if_it_speaks_of_the_body(words: str, about_the_body: bool) -> None:
    notices = [Notice(1, Untrusted(words))] if words else []
    assert rejects_the_body(Invalid("no", request="POST x", status=400, notices=notices)) is about_the_body


def test_a_held_query_in_words() -> None:
    params = parse_held_query('from:news@a.example subject:"weekly digest" verdict:bulk 24h urgent', NOW)
    assert params.as_query() == {
        "start": "2026-11-19T12:00:00Z", "end": "2026-11-20T12:00:00Z", "query": "urgent", "detections_only": "false",
        "final_disposition": "BULK", "delivery_status": "quarantined", "sender": "news@a.example", "subject": "weekly digest",
    }  # fmt: skip
    assert parse_held_query("", NOW).start == datetime(2026, 11, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize("line", ['subject:"open', "colour:red", "verdict:NICE", "start:soon"])
def test_a_query_that_makes_no_sense_is_said(line: str) -> None:
    with pytest.raises(ValueError, match=r".+\."):
        parse_held_query(line, NOW)


@given(st.text(max_size=60))
def test_any_query_line_asks_for_held_mail_or_says_why_not(line: str) -> None:
    try:
        params = parse_held_query(line, NOW)
    except ValueError:
        return
    assert params.delivery_status is DeliveryStatus.QUARANTINED


ONE, OTHER = "4N37A483DAD1DD04-2026-11-25T17:55:50-10000004", "4NFF0483DAD1DD04-2026-11-25T17:55:50-10000005"


@pytest.mark.parametrize(
    "line",
    [ONE + OTHER, f"{ONE}4NFF0483DAD1DD04 glued", ONE.lower(), "4NABC-2026-13-45T99:99:99-1 and more", f"x-{ONE} y"],
)
def test_what_looks_like_an_id_and_is_none_is_told_of(line: str) -> None:
    parsed = parse_ids([line])
    assert parsed.ids == ()
    assert parsed.unrecognised


def test_what_somebody_took_out_of_a_list_is_told_of_and_not_taken() -> None:
    parsed = parse_ids([f"# {ONE}", f'"x # 0",{OTHER}', f"#{OTHER}"])
    assert parsed.ids == ()
    assert parsed.commented == ((1, ONE), (2, OTHER), (3, OTHER))


def test_a_line_of_any_length_an_address_and_utf_16_are_read_whole() -> None:
    names = [f"4N37A483DAD1{number:04d}-2026-11-25T17:55:50-{number}" for number in range(1000)]
    assert parse_ids([json.dumps([{"id": name, "subject": "y" * 700} for name in names])]).ids == tuple(names)
    assert parse_ids([f"https://h/a/{ONE}/{OTHER}?x=1", ONE.replace(":", "%3A")]).ids == (ONE, OTHER)
    assert parse_ids(f"{ONE}\n{OTHER}".encode("utf-16").decode("utf-8", "replace").split("\n")).ids == (ONE, OTHER)


def test_one_word_never_answers_for_another() -> None:
    to_two = tuple(map(Untrusted.of, ("ana@one.example", "bo@two.example")))
    bad = target("a", disposition=Disposition.MALICIOUS, recipients=to_two)
    policy = Policy(frozenset({"MALICIOUS"}), 100, frozenset({"one.example", "two.example"}))
    words = ("MALICIOUS", "one.example", "two.example")
    for left_out in words:
        guarded = guarded_release([bad], policy, include=[word for word in words if word != left_out])
        assert guarded.allowed == ()
        assert guarded.words() == {left_out: 1}
    assert guarded_release([bad], policy, include=words).allowed == (bad,)
    gone = target("b", held=False, released=True)
    assert guarded_release([gone], policy, include=["UNSEEN"], open_ids={"b": ("0a1b2c3d", True)}).allowed == ()


@pytest.mark.parametrize(
    "line",
    [
        ONE.replace("-", "\u2011"),
        ONE.replace("-", "-\u200b"),
        ONE.replace("-", "&#45;"),
        f"https%253A%252F%252Fh%252F{ONE.replace(':', '%253A')}",
    ],
)
def test_an_id_out_of_a_word_processor_or_a_page_is_taken(line: str) -> None:
    assert parse_ids([f"see {line} please"]).ids == (ONE,)
