"""What is asked for of a job or a plan that left something behind: which rows, when, what is left out, and with what reason."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.services import held_mail, lonely_service
from tui_app.api.enums import Destination
from tui_app.api.models import Job
from tui_app.api.rows import JobMessage
from tui_app.core.errors import GuardError
from tui_app.core.text import Untrusted
from tui_app.plans.effect import Effect, Source
from tui_app.plans.follow_up import retry_of_job, undo_effect, undo_of_job
from tui_app.plans.request import PlanRequest

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
MOST = 5000


def job(**changes: Any) -> Job:
    wire: dict[str, Any] = {
        "job_id": JOB,
        "action_type": "MOVE",
        "action_params": {"type": "MOVE", "destination": "JunkEmail"},
        "search_params": {},
        "status": "COMPLETED",
        "comment": "INC-1 wave #op-7f3a9c01",
        "total_messages_discovered": 9,
        "messages_successful": 6,
        "messages_failed": 3,
    }
    return Job.from_wire(wire | changes, None)


def row(number: int, status: str = "FAILED", **changes: Any) -> JobMessage:
    wire: dict[str, Any] = {
        "message_id": f"{number:08d}-6e1a-4fe4-a799-aa6d9a6ab26e",
        "postfix_id": f"4NAAAAAAAAAAAA{number:02d}",
        "action_type": "MOVE",
        "action_params": {"type": "MOVE", "destination": "JunkEmail", "client_recipient": "a@b.example"},
        "status": status,
        "retry_count": 1,
        "created_at": "2026-11-20T10:00:00Z",
        "status_message": "Throttled",
        "message": {"id": mail(number), "postfix_id": "x"},
    }
    return JobMessage.from_wire(wire | changes)


def mail(number: int) -> str:
    return f"4NAAAAAAAAAAAA{number:02d}-2026-11-20T10:00:00-{number}"


def no_hope(words: str) -> tuple[str, str] | None:
    return ("no mailbox", "NO-MAILBOX") if "mailbox" in words else None


def retried(*rows: JobMessage, done: Mapping[str, str] | None = None, most: int = MOST, **changes: Any) -> Any:
    return retry_of_job(job(**changes), rows, no_hope, done or {}, NOW, most)


def later(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def test_a_retry_does_what_the_job_did_and_says_so() -> None:
    request = retried(row(1), row(2))
    assert request.effect == Effect.move(Destination.JUNK)
    assert request.ids == (mail(1), mail(2))
    assert (request.reason, request.not_before) == ("INC-1 wave", None)
    assert request.source == Source(Source.RETRY, Source.JOB, JOB)


def test_it_waits_for_the_last_time_that_is_still_to_come() -> None:
    request = retried(row(1, retry_after=later(10)), row(2, retry_after=later(3)), row(3, retry_after=later(-5)))
    assert request.not_before == NOW + timedelta(minutes=10)


def test_what_cannot_be_helped_is_held_by_its_name_whatever_its_time() -> None:
    request = retried(row(1), row(2, status_message="no mailbox", retry_after=later(10)))
    assert (request.hopeless, request.not_before) == ({mail(2): ("no mailbox", "NO-MAILBOX")}, None)


def test_one_row_of_another_year_holds_back_no_other() -> None:
    request = retried(row(1), row(2, retry_after="2199-12-31T00:00:00Z"))
    assert (request.ids, request.not_before) == ((mail(1),), None)
    assert "1 not to be retried before 2199-12-31" in request.remarks[0]


@pytest.mark.parametrize(
    "told", [{"action_type": "RELEASE"}, {"action_params": {"type": "MOVE", "destination": "Inbox"}}]
)
def test_rows_that_tell_of_another_action_than_their_job_are_left_out(told: dict[str, Any]) -> None:
    request = retried(row(1), row(2, **told))
    assert request.ids == (mail(1),)
    assert "1 of another action or folder than the job's" in request.remarks[0]
    with pytest.raises(GuardError, match="of another action or folder"):
        undo_of_job(job(), [row(1, "COMPLETED", **told)], {}, MOST)


def test_what_a_sender_chose_names_no_row() -> None:
    """A Message-ID in the form of another mail's id stays a Message-ID."""
    bare = {"message": None, "postfix_id": "", "alert_id": None}
    assert retried(row(1, **bare, email_message_id=f"{mail(7)}@evil.example")).ids == (f"<{mail(7)}@evil.example>",)
    with pytest.raises(GuardError, match="without an id"):
        retried(row(1, **bare, email_message_id=mail(7)))


def test_what_earlier_retries_did_is_left_out_by_any_id_that_is_sure() -> None:
    assert retried(row(1), row(2), done={mail(1): "0a1b2c3d"}).ids == (mail(2),)
    old = row(1, message=None, email_message_id="<a@b.example>")
    with pytest.raises(GuardError, match="1 in plan 0a1b2c3d"):
        retried(old, done={"4NAAAAAAAAAAAA01": "0a1b2c3d"})


def test_so_many_at_once() -> None:
    request = retried(*(row(number) for number in range(1, 6)), most=2)
    assert len(request.ids) == 2
    assert any("The first 2 of 5" in remark for remark in request.remarks)


def test_while_the_job_runs_nothing_is_offered() -> None:
    with pytest.raises(GuardError, match=r"cancel it\. The server may retry these itself at"):
        retried(row(1, retry_after=later(5)), status="PROCESSING")


def test_where_nothing_failed_or_was_completed_that_is_said() -> None:
    nothing_failed = r"^Nothing to retry: no row of this job failed\. Nothing was sent\.$"
    with pytest.raises(GuardError, match=nothing_failed):
        retried(messages_failed=0)
    for failed in (3, "many"):
        with pytest.raises(GuardError, match=r"^Nothing to retry: no failed row was chosen. Nothing was sent.$"):
            retried(messages_failed=failed)
    with pytest.raises(GuardError, match=r"^Nothing to undo: this job completed no row. Nothing was sent.$"):
        undo_of_job(job(messages_successful=0), [], {}, MOST)
    for completed in (6, "many"):
        with pytest.raises(GuardError, match=r"^Nothing to undo. Can't be undone: 3 failed. Nothing was sent.$"):
            undo_of_job(job(messages_successful=completed), [], {}, MOST)
    with pytest.raises(GuardError, match=r"^Nothing to undo. No message was chosen. Nothing was sent.$"):
        undo_of_job(job(messages_failed=0), [], {}, MOST)


def test_a_refusal_names_no_key_and_its_advice_fits_80_columns() -> None:
    with pytest.raises(GuardError) as running:
        undo_of_job(job(status="PROCESSING"), [], {}, MOST)
    assert str(running.value) == "The job runs: cancel it or wait, then undo it. Nothing was sent."
    with pytest.raises(GuardError) as retry:
        retried(row(1), status="PROCESSING")
    assert str(retry.value).startswith("The job runs: retry when it has ended, or cancel it.")
    for destination, asked in (
        (Destination.HARD_DELETE, None),
        (Destination.INBOX, None),
        (Destination.JUNK, Destination.JUNK),
    ):
        with pytest.raises(GuardError) as refused:
            undo_effect(Effect.move(destination), None, asked)
        assert len(str(refused.value)) <= 80


def test_an_undo_takes_back_completed_rows_and_tells_the_rest() -> None:
    rows = [row(1, "COMPLETED"), row(2, "COMPLETED"), row(3, "DONE_OK")]
    request = undo_of_job(job(), rows, {mail(2): "0a1b2c3d"}, MOST)
    assert (request.effect, request.ids) == (Effect.move(Destination.INBOX), (mail(1),))
    assert request.source == Source(Source.UNDO, Source.JOB, JOB, Destination.JUNK)
    (told,) = request.remarks
    assert "1 taken back in plan 0a1b2c3d" in told
    assert "3 failed" in told
    assert "1 in an unknown state (done_ok)" in told


def test_more_completed_rows_than_the_job_counts_may_be_another_job_s() -> None:
    with pytest.raises(GuardError, match="the job counts 6"):
        undo_of_job(job(), [row(number, "COMPLETED") for number in range(1, 8)], {}, MOST)


@pytest.mark.parametrize(
    ("effect", "before", "asked", "expected"),
    [
        (Effect.move(Destination.JUNK), None, None, Destination.INBOX),
        (Effect.move(Destination.INBOX), Destination.JUNK, None, Destination.JUNK),
        (Effect(), None, None, Destination.JUNK),
        (Effect(), None, Destination.SOFT_DELETE, Destination.SOFT_DELETE),
        (Effect.move(Destination.HARD_DELETE), None, None, "can't be undone"),
        (Effect.move(Destination.INBOX), None, None, "before the Inbox is not known; move it to a folder"),
        (Effect.move(Destination.JUNK), None, Destination.DELETED_ITEMS, "Undo moves this to Inbox; for another folder, move it."),
        (Effect(), None, Destination.INBOX, "can be moved to Junk or Soft delete"),
    ],
)  # fmt: skip
def test_what_takes_back_what(
    effect: Effect, before: Destination | None, asked: Destination | None, expected: Destination | str
) -> None:
    source = Source(Source.UNDO, Source.PLAN, "0a1b2c3d", before) if before is not None else None
    if isinstance(expected, Destination):
        assert undo_effect(effect, source, asked) == Effect.move(expected)
    else:
        with pytest.raises(GuardError, match=expected):
            undo_effect(effect, source, asked)


@pytest.mark.parametrize(
    "told",
    [
        {"postfix_id": "4NZZZZZZZZZZZZ09"},
        {"postfix_id": "another"},
        {"alert_id": "4NZZZZZZZZZZZZ09-2026-11-19T00:00:00"},
        {"email_message_id": "<another@acme.example>"},
    ],
)
def test_a_row_whose_names_are_another_mail_s_than_its_id_is_left_out(told: dict[str, Any]) -> None:
    """Rows of a wrong server: the mail beside each row is that of the next one."""
    target = replace(held_mail(mail(1), "4NAAAAAAAAAAAA01"), message_id="one@acme.example")
    names = {"postfix_id": "4NAAAAAAAAAAAA01", "alert_id": None, "email_message_id": "<one@acme.example>"}
    plans = lonely_service("http://127.0.0.1:9").plans
    for row_tells, another in ((names, False), (names | told, True), (names | dict.fromkeys(told), False)):
        request = retried(row(1, **row_tells))
        assert request.ids == (target.id,)
        unfit = plans.guard(
            [replace(target, held=True)], PlanRequest(ids=request.ids, row_names=request.row_names)
        ).unfit
        assert [kept.why for kept in unfit] == ["the job's row tells of another mail than its id"] * another


@pytest.mark.parametrize(
    ("known", "another"),
    [
        ({}, False),
        ({"subject": Untrusted("Parcel 31"), "sender": Untrusted("n@news.example")}, False),
        ({"subject": Untrusted("Parcel 56")}, True),
        ({"sender": Untrusted("m@news.example")}, True),
        ({"recipients": (Untrusted("c@b.example"), Untrusted("A@b.example")), "recipients_known": True}, False),
        ({"recipients": (Untrusted("c@b.example"),), "recipients_known": True}, True),
        ({"recipients": (Untrusted("c@b.example"),), "recipients_known": False}, False),
    ],
)
def test_a_row_about_another_mailbox_or_words_than_its_mail_is_left_out(known: dict[str, Any], another: bool) -> None:
    plans = lonely_service("http://127.0.0.1:9").plans
    request = retried(
        row(1, postfix_id=None, message={"id": mail(1), "subject": "Parcel 31", "from": "n@news.example"})
    )
    target = replace(held_mail(mail(1)), held=True, **known)
    unfit = plans.guard([target], PlanRequest(ids=request.ids, row_names=request.row_names)).unfit
    assert [kept.why for kept in unfit] == ["the job's row tells of another mail than its id"] * another
