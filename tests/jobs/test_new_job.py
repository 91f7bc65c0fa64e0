"""The guard of a new job: a job that releases is held to the rules of a release."""

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
