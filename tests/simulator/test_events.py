"""What others do to the account while a client works with it: verdicts turn, ids are shared, releases were long ago."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.simulator.test_account import START, Time
from tests.support.wire import Wire
from tui_app.simulator.account import Account
from tui_app.simulator.server import Options, running

HELD = "?detections_only=false&delivery_status=quarantined&per_page=1000"


@contextmanager
def behind(faults: str, time: Time | None = None, **options: Any) -> Iterator[Wire]:
    with running(Options(quota=0, messages=50, held=60, faults=faults, **options), time or Time()) as simulator:
        headers = {"Authorization": f"Bearer {simulator.authenticator.token}"}
        with httpx.Client(headers=headers, trust_env=False) as http:
            yield Wire(simulator, http)


def malicious(wire: Wire) -> set[str]:
    return {mail["id"] for mail in wire.get(HELD + "&final_disposition=MALICIOUS").json()["result"]}


def test_verdicts_turn_in_searches_and_single_reads() -> None:
    time = Time()
    account = Account(time, messages=10, held=30)
    first, second = (mail.investigate_id for mail in account.held[:2])
    account.turn_verdict([first], "MALICIOUS")
    account.turn_verdict([second], "MALICIOUS", at=START + timedelta(seconds=60))
    query = {"final_disposition": "MALICIOUS", "detections_only": False}
    assert {first} == {first, second} & {mail.investigate_id for mail in account.search(query)}
    time.now += timedelta(seconds=60)
    read = account.mail(second)
    assert read is not None
    assert (read.disposition, read.reasons[-1]) == ("MALICIOUS", "Found to be MALICIOUS later")
    assert {first, second} <= {mail.investigate_id for mail in account.search(query)}
    assert [(entry["ids"], entry["time"][-10:]) for entry in account.truth.of("turn_verdict")] == [
        ([first], "00:00.000Z"),
        ([second], "01:00.000Z"),
    ]
    account.release({"ids": [first]})
    assert account.truth.of("release")[-1]["verdict"] == "MALICIOUS"
    with pytest.raises(KeyError):
        account.turn_verdict(["nothing"], "MALICIOUS")


def test_a_share_turns_once_the_first_release_is_answered() -> None:
    with behind("verdict_turns=20@release#1") as wire:
        before = malicious(wire)
        wire.release()
        after = malicious(wire)
        (turned,) = wire.simulator.account.truth.of("turn_verdict")
        assert after - before == set(turned["ids"])
        # A fifth of those that were held and not MALICIOUS; the released one may be among them.
        assert len(turned["ids"]) in (14, 15)
        assert wire.simulator.account.truth.of("release")[0]["verdict"] != "MALICIOUS"
        wire.release()
        assert malicious(wire) >= after - {entry["id"] for entry in wire.simulator.account.truth.of("release")}
        one = wire.get(f"/{turned['ids'][0]}").json()["result"]
        assert one["final_disposition"] == "MALICIOUS"


def test_verdicts_turn_with_other_faults_of_the_same_request_and_always_the_same_ones() -> None:
    chosen: list[Any] = []
    for _ in range(2):
        with behind("verdict_turns=5@search,slicer=500,status=503@search#1") as wire:
            assert wire.get(HELD).status_code == 503
            assert wire.last()["fault"] == "status"
            wire.get(HELD)
            (turned,) = wire.simulator.account.truth.of("turn_verdict")
            chosen.append(turned["ids"])
    assert chosen[0] == chosen[1]


def test_verdicts_turn_at_a_moment() -> None:
    time = Time()
    with behind("verdict_turns_in=90@search#1", time) as wire:
        before = malicious(wire)
        time.now += timedelta(seconds=89)
        assert malicious(wire) == before
        time.now += timedelta(seconds=1)
        assert malicious(wire) > before


def test_two_messages_of_one_postfix_id_go_together() -> None:
    with behind("shared_postfix=2,missing_ids@release#2", generation="seed") as wire:
        found = wire.get(HELD).json()["result"]
        by_postfix: dict[str, list[dict[str, Any]]] = {}
        for mail in found:
            by_postfix.setdefault(mail["postfix_id"], []).append(mail)
        pairs = {key: mails for key, mails in by_postfix.items() if len(mails) > 1}
        assert len(pairs) == 2
        for mails in pairs.values():
            assert {mail["final_disposition"] for mail in mails} == {"BULK", "MALICIOUS"}
            assert all(wire.get(f"/{mail['id']}").json()["result"]["id"] == mail["id"] for mail in mails)
        postfix_id, mails = next(iter(pairs.items()))
        answer = wire.http.post(wire.url("/release"), json=[postfix_id]).json()["result"]
        assert [item["postfix_id"] for item in answer] == [postfix_id] * 2
        done = wire.simulator.account.truth.of("release")
        assert {entry["id"] for entry in done} == {mail["id"] for mail in mails}
        assert {(entry["outcome"], entry["postfix_id"]) for entry in done} == {("released", postfix_id)}
        assert {entry["verdict"] for entry in done} == {"BULK", "MALICIOUS"}


def test_an_investigate_id_names_one_of_the_two() -> None:
    account = Account(lambda: START, messages=10, held=30)
    first, second = account.held[:2]
    was = second.investigate_id
    now = account.share_postfix(first.investigate_id, was)
    assert now == second.investigate_id != was
    assert (first.postfix_id, account.mail(was)) == (second.postfix_id, None)
    account.release({"ids": [now]})
    assert (first.quarantined, second.quarantined) == (True, False)
    assert account.truth.of("share_postfix")[0]["ids"] == [first.investigate_id, now]


@pytest.mark.parametrize("kind", ["old_release", "old_release_gone"])
def test_a_message_tells_of_a_release_of_long_ago(kind: str) -> None:
    with behind(f"{kind}=10@search") as wire:
        held = {mail["id"]: mail for mail in wire.get(HELD).json()["result"]}
        (told,) = wire.simulator.account.truth.of("backdate_release")
        one = wire.get(f"/{told['ids'][0]}").json()["result"]
        assert one["post_delivery_operations"] == ["QUARANTINE_RELEASE"]
        assert one["is_quarantined"] is (kind == "old_release")
        assert all((identity in held) is (kind == "old_release") for identity in told["ids"])
        (entry,) = wire.get(f"/{told['ids'][0]}/action_log").json()["result"]
        assert (entry["operation"], entry["completed_at"]) == ("QUARANTINE_RELEASE", "2026-11-17T12:00:00.000Z")
        assert one["scanned_at"] < entry["completed_at"]
        assert wire.simulator.account.truth.of("release") == []
        wire.get(HELD)
        assert len(wire.simulator.account.truth.of("backdate_release")) == 1
