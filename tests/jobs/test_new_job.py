"""The guard of a new job: a job that releases is held to the rules of a release."""

from dataclasses import replace

import pytest

from tui_app.api.enums import ActionType, Destination, Disposition
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
