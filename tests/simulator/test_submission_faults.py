"""Faults at submissions: they strike as at other writes, and the truth log says what was accepted."""

from typing import Any

import pytest

from tests.support.wire import Wire


def submit(wire: Wire, count: int) -> Any:
    account = wire.simulator.account
    wire.used += count
    mails = account.held[wire.used - count : wire.used]
    messages = [{"alert_id": mail.alert_id, "expected_disposition": "NONE"} for mail in mails]
    url = f"{wire.simulator.base_url}/accounts/{account.account_id}/email-security/submissions"
    return wire.http.post(url, json={"type": "reclassification", "messages": messages})


def accepted(wire: Wire, since: int) -> list[bool]:
    return [line["accepted"] for line in wire.simulator.account.truth.of("submission")[since:]]


@pytest.fixture
def before(wire: Wire) -> int:
    """How many lines of submissions there are already: the account is that of all tests of a module."""
    return len(wire.simulator.account.truth.of("submission"))


@pytest.mark.parametrize(
    ("kind", "status", "processed"),
    [("status", 500, False), ("status_after=504", 504, True), ("rate_limit", 429, False), ("null_result", 202, True)],
)
def test_faults_strike_a_submission(wire: Wire, before: int, kind: str, status: int, processed: bool) -> None:
    wire.with_faults(f"{kind}@submit")
    assert submit(wire, 1).status_code == status
    assert (wire.last()["endpoint"], accepted(wire, before)) == ("submit", [True] if processed else [])


def test_results_are_missing_and_the_submissions_are_not(wire: Wire, before: int) -> None:
    wire.with_faults("missing_ids@submit")
    assert len(submit(wire, 4).json()["result"]["results"]) == 2
    assert accepted(wire, before) == [True] * 4


def test_some_messages_are_to_be_tried_again(wire: Wire, before: int) -> None:
    wire.with_faults("partial@submit#1")
    told = submit(wire, 4).json()["result"]["results"]
    assert [(each["accepted"], each.get("error")) for each in told] == [(True, None), (False, "try again later")] * 2
    assert accepted(wire, before) == [True, False] * 2
    wire.used -= 4
    again = [each["accepted"] for each in submit(wire, 4).json()["result"]["results"]]
    assert again == [False, True] * 2


def test_the_list_can_ignore_the_page(wire: Wire) -> None:
    submit(wire, 3)
    wire.with_faults("ignored_page@submissions")
    url = f"{wire.simulator.base_url}/accounts/{wire.simulator.account.account_id}/email-security/submissions"
    pages = [wire.http.get(url, params={"per_page": 2, "page": page}).json()["result"] for page in (1, 2)]
    assert pages[0] == pages[1]
    assert len(pages[0]) == 2
