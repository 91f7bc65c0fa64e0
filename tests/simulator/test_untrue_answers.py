"""Answers that are good in form and untrue: they say another thing than was asked, and the truth log says what was done."""

from typing import Any

import httpx
import pytest

from tests.support.wire import Wire
from tui_app.simulator.server import Options, running

HELD = "?detections_only=false&delivery_status=quarantined&sender=acme-news.example&per_page=1000"
MOVE = {
    "action": "MOVE",
    "destination": "JunkEmail",
    "comment": "INC-1",
    "search_params": {"sender": "nobody.example", "detections_only": False},
}
RELEASE = {"action": "RELEASE", "search_params": {"sender": "nobody.example", "delivery_status": "quarantined"}}


def told(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()["result"]


def jobs(wire: Wire) -> list[str]:
    return list(wire.simulator.account.jobs)


def test_one_job_is_answered_with_another(wire: Wire) -> None:
    account = wire.simulator.account
    made = account.create_job(RELEASE)["job_id"]
    wire.with_faults("wrong_id")
    other = told(wire.get(f"/bulk/{made}"))
    assert other["job_id"] in set(jobs(wire)) - {made}
    assert wire.last()["fault"] == "wrong_id"
    other = told(wire.http.post(wire.url(f"/bulk/{made}/cancel")))
    assert other["job_id"] != made
    assert (account.jobs[made].cancelled_at is None, account.jobs[other["job_id"]].cancelled_at) == (False, None)
    assert told(wire.http.delete(wire.url(f"/bulk/{made}")))["id"] in jobs(wire)
    assert made not in jobs(wire)
    assert [entry["job_id"] for entry in account.truth.of("delete_job")] == [made]


def test_without_another_job_one_is_made_up() -> None:
    with (
        running(Options(quota=0, messages=0, faults="wrong_id@job")) as simulator,
        httpx.Client(headers={"Authorization": f"Bearer {simulator.authenticator.token}"}, trust_env=False) as http,
    ):
        made = simulator.account.create_job(RELEASE)["job_id"]
        assert told(Wire(simulator, http).get(f"/bulk/{made}"))["job_id"] != made


def test_one_message_is_answered_with_another(wire: Wire) -> None:
    (asked,) = wire.fresh()
    paths = [f"/{asked}", f"/{asked}/detections", f"/{asked}/raw", f"/{asked}/trace", f"/{asked}/action_log"]
    wire.simulator.account.backdate_release([asked])
    right = [told(wire.get(path)) for path in paths]
    wire.with_faults("wrong_id")
    wrong = [told(wire.get(path)) for path in paths]
    assert all(one != other for one, other in zip(right, wrong, strict=True))
    assert wrong[0]["id"] != asked
    assert wire.simulator.account.mail(wrong[0]["id"]) is not None
    wire.with_faults("wrong_id@job")
    assert told(wire.get(paths[0])) == right[0]


@pytest.mark.parametrize("kind", ["echo_changed", "stored_changed"])
@pytest.mark.parametrize(
    ("value", "change"),
    [
        (1, {"action_type": "RELEASE", "action_params": {"type": "RELEASE"}}),
        (2, {"action_params": {"type": "MOVE", "destination": "Inbox"}}),
        (3, {"comment": "the comment of somebody else"}),
        (4, {"search_params": {"detections_only": False}}),
        (5, {"search_params": {"sender": "elsewhere.example", "detections_only": False}}),
        (6, {"search_params": {**MOVE["search_params"], "recipient": "elsewhere.example"}}),  # type: ignore[dict-item]
    ],
)
def test_a_new_job_is_told_as_another(wire: Wire, kind: str, value: int, change: dict[str, Any]) -> None:
    right = told(wire.http.post(wire.url("/bulk"), json=MOVE))
    wire.with_faults(f"{kind}={value}@create_job")
    echo = told(wire.http.post(wire.url("/bulk"), json=MOVE))
    names = ("action_type", "action_params", "comment", "search_params")
    assert {name: echo[name] for name in names if echo[name] != right[name]} == change
    kept = told(wire.get(f"/bulk/{echo['job_id']}"))
    truth = wire.simulator.account.truth.of("create_job")[-1]
    assert truth["body"] == MOVE
    if kind == "echo_changed":
        assert {name: kept[name] for name in names} == {name: right[name] for name in names}
        assert "stored" not in truth
    else:
        assert {name: kept[name] for name in names} == {name: echo[name] for name in names}
        assert truth["stored"] != MOVE


def test_a_release_can_be_told_and_stored_as_a_move(wire: Wire) -> None:
    for kind in ("echo_changed", "stored_changed"):
        for value in (1, 2):  # a release has no destination: that change becomes one of the action
            wire.with_faults(f"{kind}={value}")
            echo = told(wire.http.post(wire.url("/bulk"), json=RELEASE))
            assert echo["action_params"] == {"type": "MOVE", "destination": "JunkEmail"}
    assert [entry["kind"] for entry in wire.simulator.account.truth.of("create_job")[-4:]] == ["RELEASE"] * 2 + [
        "MOVE"
    ] * 2


@pytest.mark.parametrize("kind", ["echo_changed", pytest.param("stored_changed", marks=pytest.mark.long)])
def test_without_a_value_the_seed_draws_the_change(wire: Wire, kind: str) -> None:
    right = told(wire.http.post(wire.url("/bulk"), json=MOVE))
    wire.with_faults(kind)
    changed: set[str] = set()
    for _ in range(30):
        echo = told(wire.http.post(wire.url("/bulk"), json=MOVE))
        names = [
            name for name in ("action_type", "action_params", "comment", "search_params") if echo[name] != right[name]
        ]
        assert names
        changed |= set(names)
    assert changed == {"action_type", "action_params", "comment", "search_params"}


@pytest.mark.parametrize(
    "body", [[], {}, {"action": "MOVE", "search_params": {}}, {"action": "X", "search_params": {}}]
)
def test_what_is_refused_is_refused_with_a_fault_too(wire: Wire, body: Any) -> None:
    wire.with_faults("stored_changed=1")
    assert wire.http.post(wire.url("/bulk"), json=body).status_code == 400


def test_a_release_is_told_with_more_in_it(wire: Wire) -> None:
    truth = wire.simulator.account.truth
    for value in range(5):
        wire.with_faults(f"extra_items={value}")
        ids = wire.fresh(2)
        body = wire.release(ids).json()
        done = {entry["id"]: entry for entry in truth.of("release")[-2:]}
        assert list(done) == ids
        items = body["result"]
        strangers = [item["id"] for item in items if item["id"] not in ids]
        names = {name for item in items for what in ("delivered", "undelivered", "failed") for name in item[what] or ()}
        if value == 1:
            assert (len(items), len(strangers)) == (3, 1)
            assert not wire.was_released(strangers[0])
        elif value == 2:
            assert "stranger@elsewhere.example" in names
            assert not strangers
        elif value == 3:
            assert (len(items), len(strangers)) == (2, 1)
            assert not wire.was_released(strangers[0])
        elif value == 4:
            assert (body["success"], bool(body["errors"]), strangers) == (True, True, [])


def test_a_search_finds_what_it_must_not(wire: Wire) -> None:
    right = told(wire.get(HELD))
    for value, wrong in ((1, "final_disposition"), (2, "from"), (3, "is_quarantined")):
        wire.with_faults(f"wrong_rows={value}")
        query = HELD + ("&final_disposition=BULK" if value == 1 else "")
        found = told(wire.get(query))
        more = [mail for mail in found if mail["id"] not in {one["id"] for one in right}]
        if value == 1:
            more = [mail for mail in found if mail["final_disposition"] != "BULK"]
        assert len(more) == 3
        assert found[:3] == more
        expected = {"final_disposition": "BULK", "from": "news@acme-news.example", "is_quarantined": True}[wrong]
        assert all(mail[wrong] != expected for mail in more)
        # What could be sent on comes first.
        assert all(mail["is_quarantined"] for mail in more) is (value != 3)
    wire.with_faults("wrong_rows")
    pages, cursor = [], ""
    while True:
        answer = wire.get(HELD.replace("1000", "7") + cursor).json()
        pages.append([mail["id"] for mail in answer["result"]])
        if answer["result_info"]["next"] is None:
            break
        cursor = f"&cursor={answer['result_info']['next']}"
    assert {mail["id"] for mail in right} < {one for page in pages for one in page}


def test_a_job_has_rows_that_it_must_not_have(wire: Wire) -> None:
    account = wire.simulator.account
    job_id = next(job["job_id"] for job in account.list_jobs("COMPLETED", None) if job["messages_failed"] == 140)
    path = f"/bulk/{job_id}/messages?per_page=50&status=FAILED"
    right = [row["message_id"] for page in (1, 2, 3) for row in told(wire.get(f"{path}&page={page}"))]
    for value in (1, 2):
        wire.with_faults(f"wrong_rows={value}")
        rows = [row for page in (1, 2, 3) for row in told(wire.get(f"{path}&page={page}"))]
        assert [row["message_id"] for row in rows][3:] == right
        wrong = rows[:3]
        if value == 1:
            assert all(row["status"] != "FAILED" for row in wrong)
        else:
            senders = {row["message"]["from"] for row in rows[3:]}
            assert all(row["message"]["from"] not in senders for row in wrong)
    listed = told(wire.get("/bulk?status=CANCELLED"))
    assert {job["status"] for job in listed} > {"CANCELLED"}
    wire.with_faults("none")
    assert {job["status"] for job in told(wire.get("/bulk?status=CANCELLED"))} == {"CANCELLED"}


def test_without_a_filter_no_row_is_wrong(wire: Wire) -> None:
    def found() -> list[str]:
        return [mail["id"] for mail in told(wire.get("?detections_only=false&per_page=1000"))]

    right = found()
    for value in (1, 2, 3):
        wire.with_faults(f"wrong_rows={value}@search")
        assert found() == right
