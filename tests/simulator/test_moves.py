"""What moves do, by request and by job: to each copy, to later reads, and in both logs."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.simulator.test_account import START, Time
from tui_app.simulator.account import Account
from tui_app.simulator.jobs import SimulatedJob
from tui_app.simulator.mail import Mail, queue_id
from tui_app.simulator.obstacles import (
    ALREADY_THERE,
    HELD,
    NO_MAILBOX,
    NOT_DELIVERED,
    OUT_OF_REACH,
    TAKEN_BY_USER,
    THROTTLED,
)

Folders = dict[str, dict[str, str | None]]
ALL = {"detections_only": False}
DAY = {**ALL, "start": (START - timedelta(days=1)).isoformat()}


def account_at(time: Time, **options: Any) -> Account:
    return Account(time, messages=60, held=40, **options)


def job_of(account: Account, comment: str) -> SimulatedJob:
    return next(job for job in account.jobs.values() if (job.comment or "").startswith(comment))


def rows(account: Account, job: SimulatedJob, state: str | None = None) -> list[dict[str, Any]]:
    now = account.settle()
    return [json.loads(row) for row in job.rows_json(job.rows_in(state, now), now, "new")]


def new_mail(account: Account, number: int = 900_001, to: tuple[str, ...] = ("ana@acme.example",)) -> Mail:
    mail = Mail(number, queue_id(1, number), "x@y.example", "X", to, "Hello", START - timedelta(minutes=5), "SPAM")
    account.arrive(mail)
    return mail


def moved(account: Account, ids: list[str], destination: str = "DeletedItems") -> list[str]:
    return [item["status"] for item in account.move({"destination": destination, "ids": ids})]


def told_folders(account: Account, ids: Iterable[str], before: Folders) -> Folders:
    """Where the copies of these messages lie by the truth log, as its documentation says."""
    folders = {identity: dict(before[identity]) for identity in ids}
    for line in account.truth.entries:
        if (copies := folders.get(line.get("id", ""))) is None:
            continue
        match line["action"]:
            case "release" if line["outcome"] == "released":
                copies |= dict.fromkeys(line["delivered"], "Inbox")
                copies |= dict.fromkeys([*line["undelivered"], *line["failed"]])
            case "move":
                copies |= line["was"] | dict.fromkeys(line["moved"], line["destination"])
            case "row":
                copies[line["recipient"]] = line["folder"]
    return folders


def true_folders(account: Account, ids: Iterable[str]) -> Folders:
    folders = account.folders()
    return {identity: folders[identity] for identity in ids}


# ---- the mail of the demo's jobs


def test_the_mail_of_a_row_is_one_mail_however_it_is_met() -> None:
    account = account_at(Time())
    job = job_of(account, "INC-4705")
    row = rows(account, job, "COMPLETED")[7]
    identity = row["message"]["id"]
    mail = account.mail(identity)
    assert mail is not None
    assert mail.wire("new") == row["message"]
    (found,) = account.search({**ALL, "message_id": row["email_message_id"]})
    assert found is mail
    (again,) = [found for found in account.search({**DAY, "sender": mail.sender}) if found.number == mail.number]
    assert again is mail
    account.move({"destination": "Inbox", "ids": [identity]})
    assert rows(account, job, "COMPLETED")[7]["message"] == mail.wire("new")
    account.delete_job(job)
    assert account.mail(identity) is mail


def test_what_a_job_has_done_by_now_is_told_once() -> None:
    time = Time()
    account = account_at(time)
    job = job_of(account, "INC-4705")
    for row in (*rows(account, job, "COMPLETED")[:5], *rows(account, job, "FAILED")[:5]):
        done = row["status"] == "COMPLETED"
        for _ in range(2):
            mail = account.mail(row["message"]["id"])
            assert mail is not None
            assert (mail.delivery_status, mail.operations) == (
                (["delivered", "moved"], ["MOVE"]) if done else (["delivered"], [])
            )
            (entry,) = account.done_to(mail)
            assert (entry.success, entry.status) == (done, row["status_message"] or "OK")
            assert entry.folder == "DeletedItems"
    found = account.search({**DAY, "sender": "acme-example.example", "message_action": "MOVED"})
    assert len(found) == len(rows(account, job, "COMPLETED"))
    assert found == account.search({**DAY, "sender": "acme-example.example", "delivery_status": "moved"})
    assert all(len(account.done_to(mail)) == 1 for mail in found[:20])


def test_a_running_job_moves_its_mail_as_it_goes() -> None:
    time = Time()
    account = account_at(time)
    job, seen = job_of(account, "INC-4711"), []
    query = {**ALL, "sender": "billing@evil.example", "message_action": "MOVED", "start": "2026-11-20T00:00:00Z"}
    for _ in range(4):
        seen.append(len(account.search(query)))
        assert seen[-1] == job.counters(time.now)["messages_successful"]
        time.now += timedelta(seconds=0.2)
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]
    account.cancel_job(job)
    stands = len(account.search(query))
    time.now += timedelta(hours=1)
    assert len(account.search(query)) == stands


@pytest.mark.parametrize(("comment", "held"), [("INC-4802", 64), ("INC-4555", 450), ("INC-4790", 0)])
def test_what_a_release_job_has_not_come_to_is_held(comment: str, held: int) -> None:
    account = account_at(Time())
    job = job_of(account, comment)
    query = {"sender": job.search_params["sender"], "detections_only": False}
    found = account.search(query)
    assert len(found) == job.size
    assert sum(mail.quarantined for mail in found) == held
    assert len(account.search({**query, "delivery_status": "quarantined"})) == held
    assert len(account.search({**query, "message_action": "QUARANTINE_RELEASED"})) == job.size - held
    if held:
        ids = [mail.investigate_id for mail in found[:3]]
        assert all(item["delivered"] or item["undelivered"] for item in account.release({"ids": ids}))
        assert [mail.quarantined for mail in found[:3]] == [False] * 3


def test_a_row_whose_mail_was_released_meanwhile_is_skipped() -> None:
    time = Time()
    account = account_at(time)
    job = job_of(account, "INC-4802")
    first = job.target(0).mail.investigate_id
    assert account.release({"ids": [first]})[0]["delivered"]
    time.now += timedelta(minutes=20)
    account.settle()
    assert (job.counters(time.now)["messages_successful"], job.counters(time.now)["messages_skipped"]) == (63, 1)
    mail = account.mail(first)
    assert mail is not None
    assert [entry.action for entry in account.done_to(mail)] == ["RELEASE"]


def test_the_oldest_generation_acts_on_the_mail_of_a_row_by_its_postfix_id() -> None:
    account = account_at(Time(), generation="seed")
    row = job_of(account, "INC-4802").target(5).mail
    (item,) = account.release([row.postfix_id])
    assert item["id"] == row.investigate_id
    other = job_of(account, "INC-4705").target(3).mail
    (move,) = account.move({"destination": "JunkEmail", "postfix_ids": [other.postfix_id]})
    assert move["message_id"] == other.header_id


# ---- folders


def test_a_move_is_done_once_and_then_already_done() -> None:
    account = account_at(Time())
    mail = new_mail(account, to=("ana@acme.example", "bo@acme.example"))
    identity = mail.investigate_id
    assert account.folders()[identity] == {"ana@acme.example": "Inbox", "bo@acme.example": "Inbox"}
    assert moved(account, [identity]) == ["OK", "OK"]
    assert moved(account, [identity]) == [ALREADY_THERE] * 2
    assert set(account.folders()[identity].values()) == {"DeletedItems"}
    assert [(entry.success, entry.status, entry.folder) for entry in account.done_to(mail)] == [
        (True, "OK", "DeletedItems"),
        (False, ALREADY_THERE, "DeletedItems"),
    ]
    assert mail.operations == ["MOVE"]
    first, second = account.truth.of("move")
    assert (first["moved"], first["already"], first["failed"]) == (list(mail.recipients), [], [])
    assert (second["already"], second["outcome"]) == (list(mail.recipients), "not moved")
    assert second["was"] == dict.fromkeys(mail.recipients, "DeletedItems")
    assert moved(account, [identity], "Inbox") == ["OK", "OK"]


def test_what_is_hard_deleted_is_out_of_reach() -> None:
    account = account_at(Time())
    identity = new_mail(account).investigate_id
    assert moved(account, [identity], "RecoverableItemsPurges") == ["OK"]
    for destination in ("Inbox", "RecoverableItemsPurges"):
        (item,) = account.move({"destination": destination, "ids": [identity]})
        assert (item["success"], item["status"]) == (False, OUT_OF_REACH)
    assert account.folders()[identity] == {"ana@acme.example": "RecoverableItemsPurges"}


def test_held_mail_is_in_no_folder_and_then_in_those_it_was_delivered_to() -> None:
    account = account_at(Time())
    mail = next(mail for mail in account.held if len(mail.recipients) == 3)
    assert set(account.folders()[mail.investigate_id].values()) == {None}
    assert moved(account, [mail.investigate_id]) == [HELD] * 3
    (item,) = account.release({"ids": [mail.investigate_id]}, partial=True)
    (there,), (lost,), (failed,) = (item[name] for name in ("delivered", "undelivered", "failed"))
    assert account.folders()[mail.investigate_id] == {there: "Inbox", lost: None, failed: None}
    items = account.move({"destination": "JunkEmail", "ids": [mail.investigate_id]})
    assert {item["recipient"]: item["status"] for item in items} == {
        there: "OK",
        lost: NOT_DELIVERED,
        failed: NOT_DELIVERED,
    }
    assert {entry.status for entry in account.done_to(mail) if entry.action == "MOVE"} == {"OK", HELD, NOT_DELIVERED}


# ---- causes


def test_a_failed_row_s_cause_stands_in_the_way_of_a_request_too() -> None:
    time = Time()
    account = account_at(time, retry_in=timedelta(minutes=30))
    failed = rows(account, job_of(account, "INC-4699"), "FAILED")
    reasons = {row["message"]["id"]: row["status_message"] for row in failed}
    assert Counter(reasons.values()) == {THROTTLED: 96, NO_MAILBOX: 31, TAKEN_BY_USER: 13}
    ids = list(reasons)
    assert dict(zip(ids, moved(account, ids), strict=True)) == reasons
    waits = sorted(row["retry_after"] for row in failed if row["retry_after"])
    assert "2026-11-20T12:21" <= waits[0] < "2026-11-20T12:23"
    assert "2026-11-20T12:28" <= waits[-1] <= "2026-11-20T12:30"
    time.now += timedelta(minutes=30)
    again = dict(zip(ids, moved(account, ids), strict=True))
    assert Counter(again.values()) == {"OK": 94, THROTTLED: 2, NO_MAILBOX: 31, TAKEN_BY_USER: 13}
    folders = account.folders()
    for identity, status in again.items():
        (folder,) = folders[identity].values()
        assert folder == {"OK": "DeletedItems", THROTTLED: "Inbox"}.get(status)


def test_a_throttled_copy_can_be_moved_from_its_own_retry_time_on() -> None:
    time = Time()
    account = account_at(time, retry_in=timedelta(minutes=30))
    failed = [row for row in rows(account, job_of(account, "INC-4699"), "FAILED") if row["retry_after"]]
    first = min(failed, key=lambda row: row["retry_after"])["message"]["id"]
    time.now += timedelta(minutes=15)
    assert moved(account, [first]) == [THROTTLED]
    time.now += timedelta(minutes=8)
    assert moved(account, [first]) == ["OK"]


def test_without_a_wait_the_retry_times_have_passed_and_are_minutes_apart() -> None:
    account = account_at(Time())
    failed = rows(account, job_of(account, "INC-4699"), "FAILED")
    minutes = sorted({row["retry_after"][:16] for row in failed if row["retry_after"]})
    assert len(minutes) > 5
    assert minutes[-1] < "2026-11-20T12:00"
    assert Counter(moved(account, [row["message"]["id"] for row in failed]))["OK"] == 94


# ---- jobs that are created


def created(account: Account, destination: str, **search: Any) -> SimulatedJob:
    body = {"action": "MOVE", "destination": destination, "search_params": {**ALL, **search}}
    return account.jobs[account.create_job(body)["job_id"]]


def test_a_new_job_moves_copies_and_fails_for_the_same_causes() -> None:
    time = Time()
    account = account_at(time, retry_in=timedelta(minutes=30))
    before = account.folders()
    job = created(account, "JunkEmail", sender="parcel@post-track.example", start="2026-11-19T00:00:00Z")
    time.now += timedelta(minutes=5)
    account.settle()
    counters = job.counters(time.now)
    # What the demo's job moved to the same folder is there already.
    assert Counter(row["status_message"] for row in rows(account, job, "FAILED")) == {
        ALREADY_THERE: 2260,
        THROTTLED: 96,
        NO_MAILBOX: 31,
        TAKEN_BY_USER: 13,
    }
    assert (counters["messages_failed"], counters["messages_successful"], counters["messages_pending"]) == (2400, 0, 0)
    assert all(row["retry_after"] for row in rows(account, job, "FAILED") if row["status_message"] == THROTTLED)
    ids = [row["message"]["id"] for row in rows(account, job)]
    assert true_folders(account, ids) == {identity: before[identity] for identity in ids}
    time.now += timedelta(minutes=30)
    job = created(account, "DeletedItems", sender="parcel@post-track.example", start="2026-11-19T00:00:00Z")
    time.now += timedelta(minutes=5)
    account.settle()
    assert job.counters(time.now)["messages_successful"] == 2260 + 94
    after = true_folders(account, ids)
    assert after == told_folders(account, ids, before)
    assert Counter(folder for copies in after.values() for folder in copies.values()) == {
        "DeletedItems": 2354,
        "Inbox": 2,
        None: 44,
    }


def test_what_a_row_finds_is_decided_when_it_ends() -> None:
    time = Time()
    account = account_at(time)
    mails = [new_mail(account, 900_001 + n) for n in range(4)]
    job = created(account, "JunkEmail", sender="x@y.example")
    ids = [mail.investigate_id for mail in mails]
    assert moved(account, ids[:1], "JunkEmail") == ["OK"]
    assert moved(account, ids[1:2], "RecoverableItemsPurges") == ["OK"]
    assert moved(account, ids[2:3], "DeletedItems") == ["OK"]
    time.now += timedelta(minutes=5)
    by_id = {row["message"]["id"]: row for row in rows(account, job)}
    assert [(by_id[identity]["status"], by_id[identity]["status_message"]) for identity in ids] == [
        ("FAILED", ALREADY_THERE),
        ("FAILED", OUT_OF_REACH),
        ("COMPLETED", None),
        ("COMPLETED", None),
    ]
    counters = job.counters(time.now)
    assert (counters["messages_successful"], counters["messages_failed"]) == (2, 2)
    assert [account.folders()[identity]["ana@acme.example"] for identity in ids] == [
        "JunkEmail",
        "RecoverableItemsPurges",
        "JunkEmail",
        "JunkEmail",
    ]


def test_a_running_job_and_a_request_act_in_the_order_of_time() -> None:
    time = Time()
    account = account_at(time)
    job = job_of(account, "INC-4711")
    pending = [row["message"]["id"] for row in rows(account, job) if row["status"] in ("PENDING", "PROCESSING")]
    before = account.folders()
    first, second = pending[-2:]
    assert moved(account, [first], "JunkEmail") == ["OK"]
    assert moved(account, [second], "DeletedItems") == ["OK"]
    time.now += timedelta(minutes=5)
    ended = {row["message"]["id"]: row for row in rows(account, job)}
    assert ended[first]["status_message"] == ALREADY_THERE
    assert ended[second]["status"] == "COMPLETED"
    assert {line["id"] for line in account.truth.of("row")} == {first, second}
    assert told_folders(account, (first, second), before) == true_folders(account, (first, second))
    assert set(account.folders()[second].values()) == {"JunkEmail"}
