"""Looking ids up: what it costs, ids of times that no message has, and ids that name several messages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans.test_settle import releases_on
from tests.support.faulty import Received, Script, answer, failure, faulty, success
from tests.support.plan_runs import LOST
from tests.support.services import held_mail, lonely_service, service_on
from tui_app.api.enums import DeliveryStatus, Destination
from tui_app.api.search import SearchParams
from tui_app.plans.commands import CheckArrival, Send, Settle
from tui_app.plans.effect import TO_RELEASE, Effect
from tui_app.plans.guard import Guarded
from tui_app.plans.plan import LONGEST_WINDOW, Target, windows_of
from tui_app.plans.request import PlanRequest
from tui_app.plans.state import Outcome
from tui_app.simulator.server import Options, Simulator, running

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IMPOSSIBLE = (
    "4NAAAAAAAAAAAAAA-9999-12-31T23:59:59-0",
    "4NAAAAAAAAAAAAAA-0001-01-01T00:00:00-0",
    "4NAAAAAAAAAAAAAA-0000-13-41T29:00:00-0",
    "4NAAAAAAAAAAAAAA-2020-02-02T02:02:02-2",
)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=40, messages=100, faults="none")) as simulator:
        yield simulator


def searches(account: Simulator) -> list[dict[str, str]]:
    return [entry for entry in account.wire() if entry["endpoint"] == "search"]


def dated(moment: datetime) -> Target:
    return Target(f"4NAAAAAAAAAAAAAA-{moment:%Y-%m-%dT%H:%M:%S}-1")


# ---- windows


@given(
    st.lists(st.one_of(st.datetimes().map(dated), st.sampled_from(IMPOSSIBLE).map(Target)), max_size=8), st.booleans()
)
def test_whatever_times_ids_tell_of_the_windows_are_those_that_mail_is_kept_for(
    targets: list[Target], undated: bool
) -> None:
    windows = windows_of([*targets, *([Target(None, "4NAAAAAAAAAAAAAA")] if undated else [])], NOON)
    assert all(NOON - LONGEST_WINDOW - timedelta(minutes=2) <= start < end for start, end in windows)
    assert all(end <= NOON + timedelta(days=1, minutes=1) and start <= NOON for start, end in windows)
    assert not undated or windows[-1] == (NOON - LONGEST_WINDOW, NOON)


@given(st.lists(st.integers(0, 90 * 24 * 60), min_size=1, max_size=12))
def test_every_message_of_the_time_that_mail_is_kept_is_in_one_window(minutes: list[int]) -> None:
    moments = [NOON - timedelta(minutes=ago) for ago in minutes]
    windows = windows_of(map(dated, moments), NOON)
    assert all(sum(start <= moment <= end for start, end in windows) == 1 for moment in moments)
    widest = max(end - start for start, end in windows)
    assert widest <= timedelta(days=1) * len(minutes)


def test_ids_that_are_days_apart_are_searched_for_apart() -> None:
    week = [dated(NOON - timedelta(days=7 * n)) for n in range(3)]
    assert len(windows_of(week, NOON)) == 3
    assert len(windows_of([dated(NOON - timedelta(hours=n)) for n in range(3)], NOON)) == 1


def test_an_id_of_a_clock_that_is_ahead_is_searched_for_from_now() -> None:
    ((start, end),) = windows_of([dated(NOON + timedelta(hours=5))], NOON)
    assert start < NOON < NOON + timedelta(hours=5) < end


# ---- what it costs


async def test_a_made_up_id_costs_nothing_and_widens_no_search(account: Simulator) -> None:
    good = account.account.held[0].investigate_id
    async with service_on(account) as service:
        before = len(account.wire())
        assert service.plans.least_requests([good, *IMPOSSIBLE]) == 1
        targets = await service.plans.look_up([good, *IMPOSSIBLE])
        asked = account.wire()[before:]
        held = service.plans.guard(targets).held_back
    assert [target.checked for target in targets] == [True, False, False, False, False]
    assert len(asked) == 1
    assert {kept.why for kept in held if not kept.target.checked} == {"not found (unchecked)"}


async def test_a_postfix_id_widens_only_its_own_search(account: Simulator) -> None:
    one, other = account.account.held[:2]
    async with service_on(account) as service:
        before = len(searches(account))
        assert service.plans.least_requests([one.investigate_id, other.postfix_id]) == 2
        targets = await service.plans.look_up([one.investigate_id, other.postfix_id])
        assert len(searches(account)) - before == 2
    assert [target.id for target in targets] == [one.investigate_id, other.investigate_id]


# ---- journals


@pytest.mark.parametrize("name", IMPOSSIBLE)
async def test_a_journal_with_an_id_of_no_possible_time_can_be_settled(
    account: Simulator, tmp_path: Path, name: str
) -> None:
    async with releases_on(account, tmp_path, LOST) as releases:
        bad = Target(name, disposition=None, checked=False)
        guarded = releases.guard([bad], include=["UNCHECKED"])
        assert guarded.allowed == (bad,)
        account.set_faults(LOST.faults)
        state = await releases.start(Send(releases.plan(guarded, "x")))
        account.set_faults("none")
        settled = await releases.start(Settle(releases.ledger.find(state.plan.plan_id)))
        assert settled.outcome_of(bad) in (Outcome.UNKNOWN, Outcome.NOT_SEEN)
        assert settled.error is None
        checked = await releases.start(CheckArrival(releases.ledger.find(state.plan.plan_id)))
        assert checked.error is None


# ---- Message-IDs and alert ids


async def test_a_message_id_and_an_alert_id_name_the_message_that_says_so(account: Simulator) -> None:
    one, other = account.account.held[:2]
    async with service_on(account) as service:
        targets = await service.plans.look_up([one.header_id, other.alert_id])
    assert [target.id for target in targets] == [one.investigate_id, other.investigate_id]
    assert [target.named for target in targets] == [one.header_id, other.alert_id]


async def test_a_message_id_of_several_messages_names_none_and_tells_them_all(account: Simulator) -> None:
    one, other = account.account.held[2:4]
    delivered = account.account.campaign[0]
    kept = other.header_id, delivered.header_id
    other.header_id = delivered.header_id = one.header_id
    try:
        async with service_on(account) as service:
            targets = await service.plans.look_up([one.header_id])
            guarded = service.plans.guard(targets, include=["UNCHECKED", "UNSEEN", "MALICIOUS", "SPAM", "BULK"])
    finally:
        other.header_id, delivered.header_id = kept
    assert guarded.allowed == ()
    (held,) = guarded.held_back
    assert held.include == ""
    for mail in (one, other, delivered):
        assert f"{mail.investigate_id} ({mail.disposition})" in held.why


async def test_an_answer_about_other_messages_than_the_one_asked_for_names_none() -> None:
    mails = [{"id": "4NAAAAAAAAAAAAAA-2026-11-20T10:00:00-1", "message_id": "<other@x.example>"}]

    def every(request: Received) -> bytes:
        return answer(200, success(mails, result_info={"next": None}))

    async with faulty(every) as server:
        service = lonely_service(server.base_url)
        (target,) = await service.plans.look_up(["<one@x.example>"])
        await service.close()
    assert (target.checked, target.shared_by) == (False, ())


async def test_a_message_id_that_names_nothing_is_never_sent_by(account: Simulator) -> None:
    names = ["<nobody@nowhere.example>", account.account.held[0].alert_id.replace("4N", "4Z", 1)]
    async with service_on(account) as service:
        targets = await service.plans.look_up(names)
        guarded = service.plans.guard(targets, include=["UNCHECKED"])
    assert guarded.allowed == ()
    assert {kept.why for kept in guarded.held_back} == {"no message goes by it: give the investigate id"}


# ---- answers of two minds

ONE, OTHER = (
    {"id": f"4NAAAAAAAAAAAA{n:02d}-2026-11-20T10:00:00-{n}", "postfix_id": f"4NAAAAAAAAAAAA{n:02d}"} for n in (1, 2)
)
KNOWN = {"is_quarantined": True, "final_disposition": "BULK", "client_recipients": ["bo@acme.example"]}
TWIN = {**OTHER, **KNOWN, "postfix_id": ONE["postfix_id"], "final_disposition": "MALICIOUS"}
"""Another message with the postfix id of the first."""


def holding(*pages: list[dict[str, Any]]) -> Script:
    """A server whose held mail comes in these pages; nothing was released."""

    def script(request: Received) -> bytes:
        query = parse_qs(urlsplit(request.target).query)
        if "message_action" in query:
            return answer(200, success([], result_info={"next": None}))
        at = int(query.get("cursor", ["0"])[0])
        return answer(200, success(pages[at], result_info={"next": f"{at + 1}" if at + 1 < len(pages) else None}))

    return script


async def looked_up(script: Script, *ids: str) -> tuple[tuple[Target, ...], Guarded]:
    """What is known of these ids, and what the guard makes of it."""
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        service.plans.clock.now = lambda: NOON  # type: ignore[method-assign]
        targets = await service.plans.look_up(ids)
        await service.close()
        return targets, service.plans.guard(targets, include=["UNCHECKED", "UNSEEN"])


@pytest.mark.parametrize(
    "twins",
    [
        [TWIN],
        [TWIN, {**TWIN, "final_disposition": "SUSPICIOUS"}],
        [{**TWIN, "is_quarantined": None}],
        [{**TWIN, "is_quarantined": None}, {**TWIN, "is_quarantined": None, "final_disposition": "SPAM"}],
    ],
    ids=["one verdict", "two verdicts", "perhaps held", "perhaps held, two verdicts"],
)
@pytest.mark.parametrize("pages", [1, 2])
async def test_a_postfix_id_that_another_held_message_bears_too_names_neither(
    twins: list[dict[str, Any]], pages: int
) -> None:
    first: list[dict[str, Any]] = [{**ONE, **KNOWN}]
    (target,), guarded = await looked_up(
        holding(*([first + twins] if pages == 1 else [first, twins])), ONE["postfix_id"]
    )
    assert not target.checked
    assert {each.id for each in target.shared_by} == {ONE["id"], OTHER["id"]}
    assert guarded.allowed == ()
    assert guarded.held_back[0].why.startswith("names 2 messages (")
    assert guarded.held_back[0].include == "", "no word lets it through"


async def test_a_message_that_is_said_to_be_free_shares_no_id_with_a_held_one() -> None:
    free = [{**TWIN, "is_quarantined": False, "final_disposition": verdict} for verdict in ("SPAM", "BULK")]
    (target,), guarded = await looked_up(holding([{**ONE, **KNOWN}, *free]), ONE["postfix_id"])
    assert (target.id, guarded.allowed) == (ONE["id"], (target,))


@pytest.mark.parametrize("by", ["id", "postfix_id"])
@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(
    "contradiction",
    [
        {"final_disposition": "SPAM"},
        {"from": "ceo-fraud@evil.example"},
        {"subject": "Another mail"},
    ],
    ids=lambda told: next(iter(told)),
)
async def test_a_message_that_comes_under_two_verdicts_or_as_two_mails_has_no_verdict(
    by: str, pages: int, held: bool, contradiction: dict[str, str]
) -> None:
    first: list[dict[str, Any]] = [{**ONE, **KNOWN}]
    then = [{**first[0], **contradiction, "is_quarantined": held}, {**OTHER, **KNOWN}]
    script = holding(*([first + then] if pages == 1 else [first, then]))
    (target, other), guarded = await looked_up(script, ONE[by], OTHER[by])
    assert (target.id, target.disposition, other.disposition) == (ONE["id"], None, "BULK")
    assert guarded.allowed == (other,)
    assert [(kept.why, kept.include) for kept in guarded.held_back] == [("no verdict", "NO-VERDICT")]


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(
    "contradiction",
    [{"client_recipients": ["bo@acme.example", "ceo@acme.example"]}, {"replyto": "x@y.example"}],
    ids=lambda told: next(iter(told)),
)
async def test_a_message_that_comes_twice_with_what_never_changes_told_otherwise_has_no_verdict(
    contradiction: dict[str, Any], held: bool, pages: int
) -> None:
    first: list[dict[str, Any]] = [{**ONE, **KNOWN}]
    then = [{**first[0], **contradiction, "is_quarantined": held}, {**OTHER, **KNOWN}]
    (target, other), _ = await looked_up(
        holding(*([first + then] if pages == 1 else [first, then])), ONE["id"], OTHER["id"]
    )
    assert (target.disposition, other.disposition) == (None, "BULK")


@pytest.mark.parametrize("pages", [1, 2])
async def test_a_message_that_is_released_while_it_is_looked_up_is_still_the_same(pages: int) -> None:
    first: list[dict[str, Any]] = [{**ONE, **KNOWN, "client_recipients": ["bo@acme.example", "al@acme.example"]}]
    released = {"is_quarantined": False, "client_recipients": ["al@acme.example", "bo@acme.example"]}
    then = [{**first[0], **released}, {**OTHER, **KNOWN}]
    script = holding(*([first + then] if pages == 1 else [first, then]))
    (target, _), guarded = await looked_up(script, ONE["id"], OTHER["id"])
    assert (target.disposition, guarded.held_back) == ("BULK", ())


@pytest.mark.parametrize("by", ["id", "postfix_id"])
async def test_a_message_of_a_time_that_was_not_asked_for_is_known_and_has_no_verdict(by: str) -> None:
    script = holding([{**ONE, **KNOWN, "scanned_at": "2026-01-01T00:00:00Z"}])
    (target,), guarded = await looked_up(script, ONE[by])
    assert (target.id, target.checked, target.disposition) == (ONE["id"], True, None)
    assert [kept.include for kept in guarded.held_back] == ["NO-VERDICT"]


@pytest.mark.parametrize("first", ["BULK", "SPAM"])
async def test_a_verdict_that_a_later_page_contradicts_is_told_before_a_large_plan_is_sent(first: str) -> None:
    mails = [{**KNOWN, "id": f"4NAAAAAAAAAAA{n:03d}-2026-11-20T10:00:00-1"} for n in range(51)]
    mails[0]["final_disposition"], then = (
        first,
        {**mails[0], "final_disposition": "SPAM" if first == "BULK" else "BULK"},
    )
    async with faulty(holding(mails, [then])) as server:
        service = lonely_service(server.base_url)
        plan = service.plans.plan(service.plans.guard([held_mail(str(mail["id"])) for mail in mails]), "x")
        search = SearchParams(detections_only=False, delivery_status=DeliveryStatus.QUARANTINED)
        changes = await service.plans.changes_since_review(plan, search)
        await service.close()
        assert server.count("GET") == 2
    assert changes.gone == {mails[0]["id"]: "no verdict"}


async def test_a_message_id_under_two_verdicts_names_a_message_without_one() -> None:
    first = {**ONE, **KNOWN, "message_id": "<m@x.example>"}
    script = holding([first, {**first, "final_disposition": "SPAM"}])
    (target,), guarded = await looked_up(script, "<m@x.example>")
    assert (target.id, target.disposition) == (ONE["id"], None)
    assert [kept.include for kept in guarded.held_back] == ["NO-VERDICT"]


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize(
    ("told", "sure"),
    [(["NONE", "MALICIOUS"], False), (["MALICIOUS"], False), (["NONE"], True), (["NONE", "NONE"], True)],
    ids=["two verdicts", "another verdict", "the same verdict", "the same twice"],
)
@pytest.mark.parametrize("effect", [Effect.move(Destination.INBOX), TO_RELEASE], ids=["move", "release"])
async def test_what_a_search_tells_otherwise_than_a_single_answer_has_no_verdict(
    effect: Effect, told: list[str], sure: bool, pages: int
) -> None:
    mail = {**ONE, **KNOWN, "is_quarantined": effect is TO_RELEASE, "from": "al@acme.example"}
    asked = {**mail, "final_disposition": "NONE"}
    old = {"scanned_at": "2026-01-01T00:00:00Z"}
    rows: list[dict[str, Any]] = [{**mail, **old, "final_disposition": verdict} for verdict in told]

    def script(request: Received) -> bytes:
        url = urlsplit(request.target)
        query = parse_qs(url.query)
        if not url.path.endswith("/investigate"):
            return answer(200, success(asked)) if ONE["postfix_id"] in url.path else answer(404, failure(1, "none"))
        if "delivery_status" in query:
            return answer(200, success([]))
        if pages == 1:
            return answer(200, success(rows))
        later = "cursor" in query
        return answer(200, success(rows[1:] if later else rows[:1], result_info={"next": None if later else "1"}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        service.plans.clock.now = lambda: NOON  # type: ignore[method-assign]
        request = PlanRequest(effect, senders=frozenset(["al@acme.example"]))
        targets = await service.plans.look_up([ONE["id"], OTHER["id"]], request)
        guarded = service.plans.guard(targets, request)
        await service.close()
    assert [target.id for target in guarded.allowed] == [ONE["id"]] * sure
    assert [kept.why for kept in guarded.held_back if kept.target.id == ONE["id"]] == ["no verdict"] * (not sure)
