"""Answers about moves and jobs that are lost, odd or late: the truth log says what was done, and what others did."""

from datetime import timedelta
from itertools import count as count_from
from itertools import islice
from typing import Any

import httpx
import pytest

from tests.simulator.test_account import START, Time
from tests.simulator.test_events import behind
from tests.support.wire import PATIENCE, Wire
from tui_app.simulator.account import Account
from tui_app.simulator.mail import Mail, queue_id

NUMBERS = count_from(900_000)
TO = ("ana@acme.example", "Bo@acme.example")


def delivered(wire: Wire, count: int = 2) -> list[Mail]:
    mails = [
        Mail(number, queue_id(1, number), "x@y.example", "X", TO, "Hello", START - timedelta(minutes=5), "SPAM")
        for number in islice(NUMBERS, count)
    ]
    for mail in mails:
        wire.simulator.account.arrive(mail)
    return mails


def moved(wire: Wire, mails: list[Mail]) -> httpx.Response:
    body = {"destination": "JunkEmail", "ids": [mail.investigate_id for mail in mails]}
    return wire.http.post(wire.url("/move"), json=body, timeout=PATIENCE)


def done_to(wire: Wire, mails: list[Mail]) -> set[str | None]:
    """Where the copies of these messages lie; each message was acted on once at most."""
    account = wire.simulator.account
    ids = {mail.investigate_id for mail in mails}
    acted = [entry["id"] for entry in account.truth.of("move") if entry["id"] in ids]
    assert len(acted) == len(set(acted))
    return {account.actions.folder(mail, to, START) for mail in mails for to in mail.recipients}


@pytest.mark.parametrize("value", range(12))
def test_a_move_is_told_otherwise_than_it_was_done(wire: Wire, value: int) -> None:
    mails = delivered(wire)
    wire.with_faults(f"move_answers={value}")
    items = moved(wire, mails).json()["result"]
    assert wire.last()["fault"] == "move_answers"
    # Whatever is told: what was asked was done, and nothing else.
    assert done_to(wire, mails) == {"JunkEmail"}
    asked = [(mail.header_id, to) for mail in mails for to in TO]
    assert [entry["id"] for entry in wire.simulator.account.truth.of("move")[-2:]] == [m.investigate_id for m in mails]
    told = [(item["message_id"], item["recipient"]) for item in items]
    extra = [pair for pair in told if pair not in asked]
    match value:
        case 1:
            assert (len(items), extra[0][1]) == (5, "stranger@elsewhere.example")
            assert extra[0][0] in {mail.header_id for mail in mails}
        case 2:
            assert (len(items), len(extra)) == (5, 1)
            assert extra[0][0] not in {mail.header_id for mail in mails}
        case 3:
            assert (len(items), extra) == (3, [])
        case 4:
            assert (len(items), len(set(told))) == (5, 4)
            assert {item["success"] for item in items if told.count((item["message_id"], item["recipient"])) == 2} == {
                True,
                False,
            }
        case 5:
            assert sorted(item["destination"] for item in items) == ["Inbox"] + ["JunkEmail"] * 3
        case 6:
            assert [pair[0] for pair in extra] == [None]
        case 7:
            assert [pair[1] for pair in extra] == [None]
        case 8:
            assert extra[0][1] in {to.upper() for to in TO}
        case 9:
            assert [item["status"] for item in items if item["success"]].count("FAILED") == 1
        case 10:
            assert told == asked[::-1]
        case 11:
            assert [item["status"] for item in items].count(None) == 1


def test_a_move_of_one_message_is_told_otherwise_too_and_all_changes_are_drawn(wire: Wire) -> None:
    wire.with_faults("move_answers")
    (mail,) = delivered(wire, 1)
    told = set()
    for turn in range(60):
        body = {"destination": ("JunkEmail", "Inbox")[turn % 2]}
        items = wire.http.post(wire.url(f"/{mail.investigate_id}/move"), json=body).json()["result"]
        told.add(tuple(tuple(sorted(item.items(), key=str)) for item in items))
    lengths = {len(items) for items in told}
    assert lengths == {1, 2, 3}
    assert {dict(item)["status"] for items in told for item in items} == {"OK", "FAILED", None}


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ("close_after", True),
        ("reset_after", True),
        ("stall_after", True),
        ("short_body", True),
        ("status_after=504", True),
        ("html_200", True),
        ("close_before", False),
        ("stall_before", False),
        ("status=503", False),
        ("html_502", False),
        ("rate_limit", False),
    ],
)
def test_an_answer_to_a_move_can_be_lost_before_or_after_it_was_done(wire: Wire, fault: str, done: bool) -> None:
    mails = delivered(wire)
    wire.with_faults(f"{fault}@move")
    try:
        answer: Any = moved(wire, mails)
    except httpx.TransportError:
        answer = None
    assert answer is None or answer.status_code >= 500 or fault in ("html_200", "rate_limit")
    assert done_to(wire, mails) == {"JunkEmail" if done else "Inbox"}
    assert wire.last()["processed"] is done


# ---- two messages that a move's answer can't tell apart


def test_two_messages_share_a_message_id_and_a_recipient() -> None:
    account = Account(lambda: START, messages=60, held=10)
    first, second = account.campaign[:2]
    common = account.share_message_id(first.investigate_id, second.investigate_id)
    assert common in first.recipients
    assert common in second.recipients
    ids = [first.investigate_id, second.investigate_id]
    items = account.move({"destination": "DeletedItems", "ids": ids})
    told = [(item["message_id"], item["recipient"]) for item in items]
    assert told.count((first.header_id, common)) == 2
    query = {"detections_only": False, "message_id": first.header_id}
    assert {mail.investigate_id for mail in account.search(query)} == set(ids)
    assert account.truth.of("share_message_id")[0]["ids"] == ids


def test_pairs_share_a_message_id_by_a_fault() -> None:
    with behind("shared_message_id=2@search") as wire:
        for _ in range(2):
            found = wire.get("?detections_only=false&sender=billing@evil.example&per_page=1000").json()["result"]
        names = [mail["message_id"] for mail in found]
        assert sum(names.count(name) == 2 for name in set(names)) == 2
        assert len(wire.simulator.account.truth.of("share_message_id")) == 2


# ---- jobs that others act on


def job_ids(wire: Wire, status: str) -> list[str]:
    return [job["job_id"] for job in wire.simulator.account.list_jobs(status, None)]


def test_a_job_is_deleted_by_somebody_else_between_two_pages() -> None:
    with behind("job_deleted@job_messages#2") as wire:
        job_id = job_ids(wire, "COMPLETED")[-1]
        other = job_ids(wire, "COMPLETED")[0]
        path = f"/bulk/{job_id}/messages?per_page=2"
        assert [wire.get(path).status_code for _ in range(2)] == [200, 404]
        assert wire.get(f"/bulk/{job_id}").status_code == 404
        assert wire.get(f"/bulk/{other}").status_code == 200
        assert [entry["job_id"] for entry in wire.simulator.account.truth.of("job_by_other")] == [job_id]
        assert wire.simulator.account.truth.of("delete_job") == []


def test_a_running_job_is_cancelled_or_deleted_by_somebody_else() -> None:
    with behind("job_cancelled@job#2,job_deleted@cancel_job") as wire:
        job_id = job_ids(wire, "DISCOVERING")[0]
        path = f"/bulk/{job_id}"
        assert [wire.get(path).json()["result"]["status"] for _ in range(3)] == [
            "DISCOVERING",
            "CANCELLED",
            "CANCELLED",
        ]
        assert wire.http.post(wire.url(f"{path}/cancel")).status_code == 404
        told = wire.simulator.account.truth.of("job_by_other")
        assert [entry["outcome"] for entry in told] == ["cancelled", "deleted"]


def test_jobs_and_rows_go_back_in_time() -> None:
    time = Time()
    with behind(
        "none@job#1,stale_jobs=60@job#2,none@job#3,stale_jobs=60@jobs,stale_jobs=60@job_messages#2", time
    ) as wire:
        job_id = wire.simulator.account.create_job(
            {"action": "MOVE", "destination": "JunkEmail", "search_params": {"sender": "evil.example"}}
        )["job_id"]
        time.now += timedelta(seconds=62)
        told = [wire.get(f"/bulk/{job_id}").json()["result"] for _ in range(3)]
        assert [job["status"] for job in told] == ["COMPLETED", "DISCOVERING", "COMPLETED"]
        assert told[1]["total_messages_discovered"] < told[0]["total_messages_discovered"]
        listed = next(job for job in wire.get("/bulk").json()["result"] if job["job_id"] == job_id)
        assert listed["status"] == "DISCOVERING"
        now, then = (wire.get(f"/bulk/{job_id}/messages").json()["result"] for _ in range(2))
        assert {row["status"] for row in now} <= {"COMPLETED", "FAILED"}
        assert {row["status"] for row in then} <= {"PENDING"}
