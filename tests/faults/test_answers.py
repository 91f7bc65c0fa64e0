"""Faults of answers and of their meaning: a good answer comes back odd, and the truth knows what was done."""

import json

import httpx
import pytest

from tests.support.wire import Wire
from tui_app.simulator.faults.kinds import KINDS
from tui_app.simulator.faults.plan import FaultPlan
from tui_app.simulator.server import Options, running


@pytest.mark.parametrize(
    ("kind", "status", "processed"),
    [
        ("status=404", 404, False),
        ("status", 500, False),
        ("status=399", 399, False),
        ("status_after=504", 504, True),
        ("rate_limit=7", 429, False),
        ("rate_limit_bare", 429, False),
        ("rate_limit_odd", 429, False),
        ("unavailable=9", 503, False),
        ("redirect=303", 303, False),
        ("html_502", 502, False),
        ("html_after=404", 404, True),
        ("html_200", 200, True),
        ("empty_200", 200, True),
        ("wrong_type", 200, True),
        ("wrong_envelope", 200, True),
        ("not_success", 200, True),
        ("null_result", 200, True),
        ("wrong_shape", 200, True),
        ("deep_json", 200, True),
        ("nan_json", 200, True),
        ("big_int", 200, True),
        ("bad_utf8", 200, True),
        ("surrogate", 200, True),
        ("duplicate_keys", 200, True),
        ("quota_gone", 200, True),
        ("missing_ids", 200, True),
        ("null_lists", 200, True),
        ("unknown_enum", 200, True),
        ("extra_fields", 200, True),
        ("missing_deprecated", 200, True),
        ("deprecation_headers", 200, True),
    ],
)
def test_answers_keep_the_truth(wire: Wire, kind: str, status: int, processed: bool) -> None:
    wire.with_faults(kind)
    ids = wire.fresh(2)
    answer = wire.release(ids)
    name = kind.partition("=")[0]
    assert (answer.status_code, wire.last()["fault"], wire.last()["processed"]) == (status, name, processed)
    assert KINDS[name].processed is processed
    released = [entry["id"] for entry in wire.simulator.account.truth.of("release")]
    assert all((identity in released) is processed and wire.was_released(identity) is processed for identity in ids)
    if status >= 300 and not name.startswith("html_"):
        told = answer.json()
        assert told["success"] is False
        assert told["errors"][0]["code"] >= 900


def test_headers_of_answers(wire: Wire) -> None:
    wire.with_faults("rate_limit=7#1,rate_limit_bare#2,unavailable=9#3,quota_gone#4,deprecation_headers#5,redirect#6")
    answers = [wire.get() for _ in range(6)]
    assert [answer.headers.get("retry-after") for answer in answers[:3]] == ["7", None, "9"]
    assert "r=0;t=30" in answers[3].headers["ratelimit"]
    assert {"deprecation", "sunset"} <= set(answers[4].headers)
    assert answers[5].status_code == 307
    assert httpx.URL(answers[5].headers["location"]).host == "localhost"


def test_odd_waits_are_drawn_by_the_seed(wire: Wire) -> None:
    told: list[list[str]] = []
    for _ in range(2):
        wire.with_faults("rate_limit_odd")
        told.append([wire.get().headers["retry-after"] for _ in range(30)])
    assert told[0] == told[1]
    assert {"-1", "NaN", "1e9"} <= set(told[0])


def test_bodies_of_answers(wire: Wire) -> None:
    kinds = ("html_200", "wrong_envelope", "not_success", "null_result", "wrong_shape", "wrong_type", "empty_200")
    told: dict[str, httpx.Response] = {}
    for kind in kinds:
        wire.with_faults(kind)
        told[kind] = wire.get()
    assert told["html_200"].headers["content-type"] == "text/html"
    assert told["wrong_envelope"].json() == {"ok": True}
    assert told["not_success"].json()["success"] is False
    assert (told["null_result"].json()["success"], told["null_result"].json()["result"]) == (True, None)
    assert told["wrong_shape"].json()["result"] == [1, 2, 3]
    assert told["wrong_type"].headers["content-type"].startswith("text/plain")
    assert told["wrong_type"].json()["result"]
    assert told["empty_200"].content == b""


def test_json_that_is_hard_to_read(wire: Wire) -> None:
    wire.with_faults("deep_json#1,bad_utf8#2,nan_json#3,big_int#4,duplicate_keys#5,surrogate#6")
    deep, utf, nan, big, twice, lone = (wire.get() for _ in range(6))
    assert b"[" * 100_000 + b"]" * 100_000 in deep.content
    with pytest.raises(UnicodeDecodeError):
        utf.content.decode()
    assert json.loads(nan.content)["result"][0]["messages_failed"] != 0
    assert b"NaN" in nan.content
    assert b"7" * 5000 in big.content
    with pytest.raises(ValueError, match="limit"):
        json.loads(big.content)
    pairs = json.loads(twice.content, object_pairs_hook=list)
    assert [key for key, _ in pairs[:4]] == ["success", "success", "errors", "errors"]
    assert twice.json()["success"] is True
    assert all(job["comment"].endswith("\ud800") for job in lone.json()["result"])


def test_any_draws_many_kinds_and_the_same_ones_again(wire: Wire) -> None:
    plans = [FaultPlan.parse("any%50", seed) for seed in (1, 1, 2)]
    drawn = [
        [fault.kind.name if (fault := plan.choose("GET", "jobs").fault) else "" for _ in range(400)] for plan in plans
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 150 < sum(map(bool, drawn[0])) < 250
    assert len(set(drawn[0])) > 25
    assert all(KINDS[name].ends_badly for name in drawn[0] if name)


def test_the_same_seed_and_requests_give_the_same_faults() -> None:
    seen: list[list[object]] = []
    for _ in range(2):
        with running(Options(quota=0, messages=10, held=5, seed=7, faults="status%30,html_200@jobs%30")) as simulator:
            headers = {"Authorization": f"Bearer {simulator.authenticator.token}"}
            es = f"{simulator.base_url}/accounts/{simulator.account.account_id}/email-security/investigate"
            with httpx.Client(headers=headers, trust_env=False) as http:
                for path in ("/bulk", "", "/bulk") * 10:
                    http.get(es + path)
            seen.append([(line["number"], line["endpoint"], line["fault"]) for line in simulator.wire()])
    assert seen[0] == seen[1]
    assert {fault for _, _, fault in seen[0]} == {None, "status", "html_200"}  # type: ignore[misc]


def test_a_slow_search_is_polled(wire: Wire) -> None:
    origin = httpx.URL(wire.url(""))
    places: set[bool] = set()
    wire.with_faults("slow_search")
    for _ in range(8):
        first = wire.get("?detections_only=false&per_page=3")
        assert (first.status_code, first.json()["result"]) == (202, [])
        place = first.headers["location"]
        places.add(place.startswith("/"))
        assert origin.join(place).netloc == origin.netloc
        polls = [wire.http.get(origin.join(place)) for _ in range(2)]
        assert [poll.status_code for poll in polls] == [202, 200]
        assert len(polls[1].json()["result"]) == 3
    assert places == {True, False}
    wire.with_faults("slow_search_elsewhere")
    answer = wire.get("?per_page=3")
    assert (answer.status_code, httpx.URL(answer.headers["location"]).host) == (202, "localhost")
    assert wire.get("/bulk").status_code == 200


def test_rows_move_between_pages(wire: Wire) -> None:
    wire.with_faults("page_shift")
    pages = [[job["job_id"] for job in wire.get(f"/bulk?per_page=4&page={n}").json()["result"]] for n in (1, 2, 3, 4)]
    assert [pages[n][-1] == pages[n + 1][0] for n in range(3)] == [True, True, True]
    assert len({job for page in pages for job in page}) == 12
    job_id = pages[0][-1]
    for job in pages[1]:
        if wire.get(f"/bulk/{job}").json()["result"]["total_messages_discovered"] > 30:
            job_id = job
    rows = [
        [row["message_id"] for row in wire.get(f"/bulk/{job_id}/messages?per_page=7&page={n}").json()["result"]]
        for n in (1, 2, 3)
    ]
    assert rows[0][-1] == rows[1][0] and rows[1][-1] == rows[2][0]


def test_the_ends_of_lists(wire: Wire) -> None:
    wire.with_faults("past_end_400")
    assert wire.get("/bulk?per_page=12&page=1").status_code == 200
    assert wire.get("/bulk?per_page=12&page=2").status_code == 400
    wire.with_faults("ignored_page")
    first, second = (
        [job["job_id"] for job in wire.get(f"/bulk?per_page=5&page={page}").json()["result"]] for page in (1, 2)
    )
    assert first == second  # their counters move meanwhile


def test_answers_to_a_release(wire: Wire) -> None:
    wire.with_faults("missing_ids")
    ids = wire.fresh(5)
    assert [item["id"] for item in wire.release(ids).json()["result"]] == ids[::2]
    wire.with_faults("partial")
    ids = wire.fresh(9)
    told = {item["id"]: item for item in wire.release(ids).json()["result"]}
    for name in ("delivered", "undelivered", "failed"):
        assert any(item[name] for item in told.values())
    truth = {entry["id"]: entry for entry in wire.simulator.account.truth.of("release")[-9:]}
    for identity, item in told.items():
        assert [truth[identity][name] for name in ("delivered", "undelivered", "failed")] == [
            item[name] or [] for name in ("delivered", "undelivered", "failed")
        ]
        assert wire.was_released(identity) is bool(item["delivered"] or item["undelivered"])
    ids = [mail.investigate_id for mail in wire.simulator.account.campaign[:8]]
    moved = wire.http.post(wire.url("/move"), json={"ids": ids, "destination": "Inbox"}).json()["result"]
    assert {item["success"] for item in moved} == {True, False}


def test_words_that_nobody_documented(wire: Wire) -> None:
    query = "?detections_only=false&per_page=2"
    wire.with_faults("null_lists#1,unknown_enum#2,extra_fields#3,missing_deprecated#4")
    null, odd, more, less = (wire.get(query).json() for _ in range(4))
    assert null["result"][0]["client_recipients"] is None
    assert odd["result"][0]["delivery_status"] == ["teleported"]
    assert odd["result"][0]["final_disposition"] == "GLITTERY"
    assert "x_added_later" in more["result"][1]
    assert "x_added_later" in more["result_info"]
    assert "total_count" not in less["result_info"]


def test_a_refusal_of_the_account_is_left_alone(wire: Wire) -> None:
    wire.with_faults("null_result")
    answer = wire.release(["nothing"])
    assert answer.status_code == 400
    assert (wire.last()["fault"], wire.last()["processed"]) == (None, False)
