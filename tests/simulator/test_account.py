import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.simulator.account import Account
from tui_app.simulator.evidence import PASSED, Validation
from tui_app.simulator.jobs import MESSAGE_STATES, TERMINAL_JOB_STATES
from tui_app.simulator.mail import Mail
from tui_app.simulator.quota import Quota
from tui_app.simulator.search import cursor_for, cursor_offset
from tui_app.simulator.validation import InvalidRequest

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@given(
    ANY,
    ANY,
    st.lists(ANY, max_size=3),
    st.booleans(),
    st.sampled_from(["new", "seed"]),
    st.none() | ANY,
    st.none() | ANY,
    st.sampled_from([PASSED, Validation("fail", "none", "error", "100% \x1b")]),
    st.lists(ANY, max_size=2),
)
def test_the_quick_json_of_a_mail_is_the_json_of_its_object(
    subject: str,
    sender: str,
    to: list[str],
    held: bool,
    generation: str,
    envelope_from: str | None,
    reply_to: str | None,
    validation: Validation,
    categories: list[str],
) -> None:
    mail = Mail(
        7,
        "4N1",
        sender,
        "name %s",
        tuple(to),
        subject,
        START,
        "SPAM",
        ("why 100%",),
        held,
        ["quarantined"],
        ["MOVE"],
        True,
        envelope_from=envelope_from,
        reply_to=reply_to,
        helo_ip="198.51.100.%s",
        x_originating_ip=envelope_from,
        validation=validation,
        delivery_mode="JOURNAL",
        threat_categories=tuple(categories),
    )
    assert json.loads(mail.json(generation)) == mail.wire(generation)


def test_the_story_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first, again, other = (Account(lambda: START, seed=seed, messages=100, held=50) for seed in (1, 1, 2))
    assert first.list_jobs(None, None) == again.list_jobs(None, None)
    assert [mail.wire("new") for mail in first.held] == [mail.wire("new") for mail in again.held]
    assert first.account_id != other.account_id


def test_the_story_has_what_the_demo_promises() -> None:
    account = Account(lambda: START)
    jobs = account.list_jobs(None, None)
    assert len(jobs) == 12
    assert {job["status"] for job in jobs} == {"PENDING", "DISCOVERING", "PROCESSING", *TERMINAL_JOB_STATES}
    retry = next(job for job in jobs if job["messages_failed"] == 140)
    rows = account.jobs[retry["job_id"]]
    failed = rows.rows_json(rows.rows_in("FAILED", START), START, "new")
    reasons = [json.loads(row)["status_message"] for row in failed]
    assert sorted(reasons.count(reason) for reason in set(reasons)) == [13, 31, 96]
    newsletters = [mail for mail in account.held if mail.sender.startswith("news@")]
    assert (len(newsletters), sum(mail.disposition == "MALICIOUS" for mail in newsletters)) == (1200, 3)


@pytest.mark.parametrize("seconds", [0, 1, 4, 7, 20, 60, 200, 5000])
def test_counters_always_add_up_and_agree_with_the_rows(seconds: int) -> None:
    time = Time()
    account = Account(time, messages=500, held=30)
    time.now += timedelta(seconds=seconds)
    for job in account.jobs.values():
        counters = job.counters(time.now)
        found = counters.pop("total_messages_discovered")
        assert sum(counters.values()) == found
        by_state = {state: len(job.rows_in(state, time.now)) for state in MESSAGE_STATES}
        assert sum(by_state.values()) == found
        assert by_state["COMPLETED"] == counters["messages_successful"]
        assert by_state["FAILED"] == counters["messages_failed"]
        assert by_state["SKIPPED"] == counters["messages_skipped"]
        assert by_state["CANCELLED"] == counters["messages_cancelled"]
        assert by_state["PENDING"] + by_state["PROCESSING"] == counters["messages_pending"]


def test_jobs_live_and_end() -> None:
    time = Time()
    account = Account(time, messages=200, held=10)
    running = next(job for job in account.list_jobs("PROCESSING", None))
    job = account.jobs[running["job_id"]]
    seen = set()
    for _ in range(400):
        seen.add(job.status(time.now))
        time.now += timedelta(seconds=1)
    assert seen == {"PROCESSING", "COMPLETED"}


def test_a_release_job_lets_held_mail_go_as_its_rows_end() -> None:
    time = Time()
    account = Account(time, messages=50, held=40)
    query = {"delivery_status": "quarantined", "detections_only": False, "sender": "acme-news.example"}
    before = len(account.search(query))
    made = account.create_job({"action": "RELEASE", "search_params": query})
    assert made["status"] == "PENDING"
    time.now += timedelta(seconds=300)
    assert (before, len(account.search(query))) == (37, 0)


def test_a_cancelled_job_stands_still() -> None:
    time = Time()
    account = Account(time, messages=500, held=10)
    job = account.jobs[account.list_jobs("PROCESSING", None)[0]["job_id"]]
    account.cancel_job(job)
    counters = job.counters(time.now)
    time.now += timedelta(days=1)
    assert job.counters(time.now) == counters
    assert counters["messages_pending"] == 0
    with pytest.raises(InvalidRequest):
        account.cancel_job(job)


def test_every_released_message_is_in_the_truth_log_once_per_request() -> None:
    account = Account(lambda: START, messages=10, held=30)
    ids = [mail.investigate_id for mail in account.held[:3]]
    account.release({"ids": ids})
    assert [entry["id"] for entry in account.truth.of("release")] == ids
    account.release({"ids": ids[:1]})
    assert [entry["outcome"] for entry in account.truth.of("release")][-1] == "not released"


@given(st.integers(0, 10**9))
def test_cursors_point_where_they_were_made(offset: int) -> None:
    assert cursor_offset(cursor_for(offset)) == offset


@given(st.text(max_size=40))
def test_a_made_up_cursor_is_refused(text: str) -> None:
    try:
        cursor_offset(text)
    except InvalidRequest as refused:
        assert refused.status == 400


def test_the_quota_is_a_wall_until_its_window_ends() -> None:
    quota = Quota(quota=2, window=300)
    assert [quota.take(at)[0] for at in (0.0, 1.0, 2.0, 299.0, 301.0)] == [True, True, False, False, True]
    passes, headers = quota.take(302.0)
    assert passes
    assert headers["Ratelimit"] == '"default";r=0;t=299'
    assert quota.take(303.0)[1]["retry-after"] == "298"


@pytest.mark.parametrize("speed", [0.01, 0.5])
def test_slow_jobs_stand_at_the_start_where_others_do(speed: float) -> None:
    slow, normal = (Account(Time(), messages=300, held=10, speed=each).list_jobs(None, None) for each in (speed, 1.0))
    assert [job["status"] for job in slow] == [job["status"] for job in normal]
    assert {job["status"] for job in slow[:3]} == {"PENDING", "DISCOVERING", "PROCESSING"}
    assert [job["messages_successful"] for job in slow] == pytest.approx(
        [job["messages_successful"] for job in normal], abs=1
    )
