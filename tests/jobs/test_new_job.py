"""A new job before it is sent: the guard, what changed since its preview, and a job that is run again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition
from tui_app.api.models import Job
from tui_app.api.search import SearchParams
from tui_app.core.errors import GuardError
from tui_app.jobs.new_job import JobPreview, NewJob, guard_job

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
        (SearchParams(sender="a"), previewed(101), "the policy allows 100 at once"),
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


def test_what_is_named_is_let_through_and_a_move_out_of_the_way_that_can_be_undone_is_not_guarded() -> None:
    release = NewJob(
        action=ActionType.RELEASE, params=SearchParams(sender="a", final_disposition=Disposition.MALICIOUS)
    )
    guard_job(release, previewed(verdict="MALICIOUS"), include=["MALICIOUS"], **JOB_RULES)  # type: ignore[arg-type]
    unseen = previewed(10_000, complete=False)
    for place in Destination:
        move = NewJob(action=ActionType.MOVE, params=SearchParams(sender="a"), destination=place)
        if place in (Destination.HARD_DELETE, Destination.INBOX):
            with pytest.raises(GuardError):
                guard_job(move, unseen, **JOB_RULES)  # type: ignore[arg-type]
        else:
            guard_job(move, unseen, **JOB_RULES)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", ["malicious", "MALICIOUS ", "Malicious", "PHISHING", "NO-VERDICT"])
@pytest.mark.parametrize("action", ["release", "move to the inbox"])
def test_no_way_into_a_mailbox_goes_round_the_verdicts(action: str, verdict: str) -> None:
    kind = ActionType.RELEASE if action == "release" else ActionType.MOVE
    destination = None if kind is ActionType.RELEASE else Destination.INBOX
    job = NewJob(action=kind, params=SearchParams(sender="a"), destination=destination)
    with pytest.raises(GuardError, match="into mailboxes"):
        guard_job(job, previewed(verdict=verdict), **JOB_RULES)  # type: ignore[arg-type]


def test_a_job_brings_no_mail_to_recipients_that_are_to_be_left_alone() -> None:
    job = NewJob(action=ActionType.RELEASE, params=SearchParams(sender="a"))
    rules = {**JOB_RULES, "hold_recipients": ["vip.example"]}
    with pytest.raises(GuardError, match=r"vip\.example"):
        guard_job(job, replace(previewed(), addresses=frozenset({"ceo@mail.vip.example"})), **rules)  # type: ignore[arg-type]
    with pytest.raises(GuardError, match="can't be read"):
        guard_job(job, replace(previewed(), addresses=frozenset({None})), **rules)  # type: ignore[arg-type]
    guard_job(job, replace(previewed(), addresses=frozenset({"bo@acme.example"})), **rules)  # type: ignore[arg-type]


IDS = st.sets(st.text(max_size=3), max_size=8)


def found(ids: Collection[str], **changes: Any) -> JobPreview:
    """A preview that found these."""
    return replace(previewed(len(ids)), ids=tuple(ids), **changes)


@given(IDS, IDS)
def test_drift_is_what_came_and_what_went_and_nothing_else(before: set[str], after: set[str]) -> None:
    drift = found(before).drift(found(after))
    assert len(before) + drift.new - drift.gone == len(after)
    assert bool(drift) is (before != after)
    assert (found(before).digest == found(after).digest) is (before == after)


@given(IDS, st.randoms())
def test_the_digest_is_of_the_messages_and_not_of_their_order(ids: set[str], random: Any) -> None:
    shuffled = sorted(ids)
    random.shuffle(shuffled)
    assert found(shuffled).digest == found(sorted(ids)).digest


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (found("ab"), found("abcd"), "+2 new since the preview"),
        (found("abc"), found("cd"), "+1 new since the preview, 2 gone"),
        (found("abc"), found("c"), "2 gone since the preview"),
        (found("ab", complete=False), found("bc"), "+1 new since the preview, 1 gone (of those that are counted)"),
        (found("ab"), found("ab", dispositions=(("MALICIOUS", 2),)), "The same messages as in the preview, but"),
        (found("ab"), found("ab", unasked=1), "The same messages as in the preview, but"),
    ],
)
def test_drift_is_told_in_a_sentence(before: JobPreview, after: JobPreview, said: str) -> None:
    assert before.drift(after)
    assert before.drift(after).describe().startswith(said)


@pytest.mark.parametrize(
    ("preview", "why"),
    [
        (found("ab"), ""),
        (found("abc"), "the policy allows 2 at once"),
        (found("ab", complete=False), "may not be whole"),
        (found("ab", not_searchable=("submissions",)), "ignores submissions"),
        (found(""), "nothing is found"),
    ],
)
def test_why_only_the_search_can_be_acted_on(preview: JobPreview, why: str) -> None:
    told = preview.only_the_search(2)
    assert why in told
    assert bool(told) is bool(why)


def job_of(new: NewJob, comment: str, **search: Any) -> Job:
    """The job as the API tells it."""
    params: dict[str, Any] = {"type": new.action.value}
    if new.destination is not None:
        params["destination"] = new.destination.value
    return Job.from_wire({
        "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "action_type": new.action.value, "action_params": params, "status": "COMPLETED",
        "search_params": {**new.params.as_body(), **search}, "comment": comment,
    })  # fmt: skip


WHOLE = NewJob(
    action=ActionType.MOVE,
    destination=Destination.SOFT_DELETE,
    params=SearchParams(
        start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC), query="any", detections_only=False,
        final_disposition=Disposition.MALICIOUS_BEC, delivery_status=DeliveryStatus.DELIVERED, message_action="MOVED", sender="a.example",
        recipient="b@acme.example", subject="two words", exact_subject="whole", domain="c.example", message_id="<m@x>", alert_id="al-1",
        metric="m", smtp_helo_ip="192.0.2.1", submissions=True,
    ),
    comment="INC-1 #1",
)  # fmt: skip


def test_a_job_that_is_run_again_asks_for_the_same() -> None:
    assert NewJob.like(job_of(WHOLE, "INC-1 #1 #op-7f3a9c01")) == WHOLE
    assert NewJob.like(job_of(WHOLE, "INC-1 #1", metric="m", of_no_use=None, neither=False)) == WHOLE
    again = "INC-1 #op-7f3a9c01 again"
    assert NewJob.like(job_of(WHOLE, f"{again} #op-0123abcd #op-7f3a9c01")).comment == again
    blanks = " " * 1_000_000 + "x"  # they came with the account: somebody else wrote them
    assert NewJob.like(job_of(WHOLE, blanks)).comment == blanks


@pytest.mark.parametrize(
    "odd",
    [
        {"colour": "red"},
        {"sender": ["a"]},
        {"start": "soon"},
        {"detections_only": "yes"},
        {"final_disposition": "WORSE"},
        {"delivery_status": "lost"},
    ],
)
def test_a_job_is_not_run_again_without_a_part_of_its_search(odd: dict[str, Any]) -> None:
    with pytest.raises(GuardError, match=f"it has {next(iter(odd))}"):
        NewJob.like(job_of(WHOLE, "", **odd))
