import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_decoding import JSON
from tui_app.api.drift import Drift
from tui_app.api.enums import ActionType, Destination, JobStatus, RowStatus
from tui_app.api.models import Job
from tui_app.api.rows import JobMessage, Message
from tui_app.api.wire_values import count, readable
from tui_app.cli.watch import exit_code_of
from tui_app.core.errors import ExitCode
from tui_app.core.text import Untrusted
from tui_app.jobs.followed import JobEnd
from tui_app.jobs.progress import acted_share, describe_action, describe_missing, describe_search
from tui_app.screens.format import job_state

JOB: dict[str, Any] = {
    "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e",
    "action_type": "MOVE",
    "action_params": {"type": "MOVE", "destination": "JunkEmail", "expected_disposition": "MALICIOUS"},
    "search_params": {"sender": "a@b.example", "detections_only": False, "subject": None},
    "status": "PROCESSING",
    "total_messages_discovered": 10,
    "messages_pending": 4,
    "messages_successful": 3,
    "messages_failed": 2,
    "created_at": "2019-12-27T18:11:19.117Z",
}


def test_the_oldest_shape_has_three_counters_and_the_rest_is_zero() -> None:
    job = Job.from_wire(JOB)
    assert (job.messages_skipped, job.skipped, job.cancelled, job.unaccounted, job.skipped_or_cancelled) == (
        None,
        0,
        0,
        0,
        1,
    )
    assert Job.from_wire({**JOB, "messages_skipped": 0}).unaccounted == 1
    assert job.status is JobStatus.PROCESSING
    assert not job.ended
    assert describe_action(job) == "move → Junk"
    assert describe_search(job) == "sender a@b.example · all mail"


def test_null_is_the_same_as_missing() -> None:
    job = Job.from_wire(
        {
            **JOB,
            "comment": None,
            "messages_failed": None,
            "search_params": None,
            "action_params": None,
            "created_at": None,
        }
    )
    assert (job.comment, job.failed, job.search_params, job.created_at) == (None, 0, {}, None)


def test_times_at_the_ends_of_the_calendar_are_no_times() -> None:
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "soon", 7):
        assert Job.from_wire({**JOB, "created_at": moment}).created_at is None


def test_unknown_values_are_kept_as_text() -> None:
    job = Job.from_wire(
        {
            **JOB,
            "status": "PAUSED\x1b[2J",
            "action_type": "RESCAN",
            "action_params": {"destination": "Attic"},
            "future": 1,
        }
    )
    assert job.status == Untrusted("PAUSED\x1b[2J")
    assert describe_action(job) == "rescan → Attic"
    assert "\x1b" not in str(job.status)
    assert not job.ended
    assert job.wire["future"] == 1


def test_a_row_without_a_message_and_with_one() -> None:
    row: dict[str, Any] = {
        "message_id": "m", "status": "FAILED", "retry_count": 2, "action_params": {"type": "RELEASE", "client_recipient": "a@b.example"},
        "retry_after": "2026-11-20T12:00:00Z",
    }  # fmt: skip
    old = JobMessage.from_wire(row)
    assert (old.status, old.investigate_id, old.subject, str(old.recipient)) == (
        RowStatus.FAILED,
        None,
        None,
        "a@b.example",
    )
    new = JobMessage.from_wire(
        {
            **row,
            "message": {"id": "i", "subject": "s", "final_disposition": "MALICIOUS-BEC", "delivery_status": ["moved"]},
        }
    )
    assert (new.investigate_id, new.subject) == (Untrusted("i"), Untrusted("s"))
    assert JobMessage.from_wire({**row, "message": {"subject": "no id"}}).subject is None


def test_the_status_of_a_row_is_known_in_any_case() -> None:
    told = JobMessage.from_wire({"message_id": "1", "status": "failed"})
    assert told.status is RowStatus.FAILED
    assert told.raw.status == "failed"


def test_enums_are_read_from_their_wire_values() -> None:
    job = Job.from_wire(JOB)
    assert job.action_type is ActionType.MOVE
    assert job.action_params.destination is Destination.JUNK


@given(st.dictionaries(st.sampled_from([*Job.model_fields, "extra"]), JSON))
def test_any_json_in_a_job_that_has_id_and_status_can_be_read(fields: dict[str, Any]) -> None:
    job = Job.from_wire({**fields, "job_id": "j", "status": json.dumps(fields.get("status"))})
    assert str(job.status)
    assert job.total_messages_discovered >= 0
    describe_search(job)
    describe_action(job)


@given(
    st.dictionaries(
        st.sampled_from(
            ["from", "to", "client_recipients", "subject", "scanned_at", "is_quarantined", "delivery_status"]
        ),
        JSON,
    )
)
def test_any_json_in_a_message_that_has_an_id_can_be_read(fields: dict[str, Any]) -> None:
    message = Message.from_wire({**fields, "id": "i"})
    told = fields.get("is_quarantined")
    assert message.is_quarantined is (told if isinstance(told, bool) else None)
    assert all(isinstance(recipient, Untrusted) for recipient in message.recipients)


@pytest.mark.parametrize(
    ("told", "read"),
    [(2, "2"), ("2", "2"), (2.0, "2"), (0, "0"), *((told, "?") for told in ("2.5", 2.5, "x", None, True, -1, "٢", []))],
)
def test_a_counter_is_read_in_each_form_that_says_a_number(told: object, read: str) -> None:
    assert (str(count(told)), f"{count(told):,}", readable(count(told))) == (read, read, read != "?")


@pytest.mark.parametrize("missing", ["messages_failed", "messages_successful"])
@pytest.mark.parametrize("null", [False, True])
def test_a_counter_that_every_answer_has_is_not_known_where_it_is_missing(missing: str, null: bool) -> None:
    """Nothing is skipped or cancelled because nobody tells how many failed."""
    wire: dict[str, object] = {
        "job_id": "j", "status": "COMPLETED", "total_messages_discovered": 10, "messages_pending": 0,
        "messages_successful": 6, "messages_failed": 4,
    }  # fmt: skip
    job = Job.from_wire(
        {name: value for name, value in wire.items() if null or name != missing} | ({missing: None} if null else {})
    )
    assert (job.countable, job.skipped_or_cancelled, job.unaccounted) == (False, 0, None)
    assert str(getattr(job, missing)) == "?"
    assert exit_code_of(JobEnd(job)) is not ExitCode.DONE
    assert Job.from_wire(wire).unaccounted == 0


def test_a_job_whose_counters_can_t_be_read_claims_nothing_by_them() -> None:
    drift = Drift()
    wire = {"job_id": "j", "status": "COMPLETED", "total_messages_discovered": 10, "messages_successful": "10"}
    wire["messages_failed"] = 0
    job = Job.from_wire(wire, drift)
    assert (job.countable, job.successful, job.unaccounted, drift.findings) == (True, 10, 0, ())
    job = Job.from_wire(wire | {"messages_successful": "ten"}, drift)
    assert (job.countable, str(job.successful), job.unaccounted) == (False, "?", None)
    assert list(map(str, drift.findings)) == ["Job.messages_successful is 'ten'"]
    assert acted_share(job) is None
    assert job_state(job).text == "? completed"
    assert describe_missing(job, None, 10) == ""
    assert describe_missing(job, RowStatus.COMPLETED, 10) == "the job's own count can't be read"


def test_more_rows_than_an_ended_job_counts_are_told_where_it_counts_them() -> None:
    wire = {"job_id": "j", "status": "COMPLETED", "total_messages_discovered": 1210, "messages_successful": 1200}
    ended = Job.from_wire(wire)
    assert describe_missing(ended, RowStatus.COMPLETED, 1210) == "the job counts only 1,200"
    assert describe_missing(ended, None, 1211) == "the job counts only 1,210"
    assert describe_missing(ended, RowStatus.COMPLETED, 1200) == ""
    assert describe_missing(ended, RowStatus.SKIPPED, 10) == "", "the oldest answers do not count these"
    assert (
        describe_missing(Job.from_wire({**wire, "messages_skipped": 0}), RowStatus.SKIPPED, 1)
        == "the job counts only 0"
    )
    assert describe_missing(Job.from_wire({**wire, "status": "PROCESSING"}), RowStatus.COMPLETED, 1210) == ""
    assert describe_missing(Job.from_wire({"job_id": "j", "status": "COMPLETED"}), None, 5) == ""


@pytest.mark.parametrize("written", ["COMPLETED", "Completed", "completed"])
def test_a_job_s_state_is_known_in_any_letters(written: str) -> None:
    job = Job.from_wire({"job_id": "j", "status": written, "messages_successful": 1, "messages_failed": 0})
    assert job.status is JobStatus.COMPLETED
    assert job.ended
