"""What is told of a token, its accounts and its service, for every answer; reads only."""

from random import Random
from typing import Any

import pytest

from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT, FaultyServer, Received, answer, failure, faulty, success
from tests.support.hostile import hostile_strings
from tui_app.auth.credentials import Secret
from tui_app.setup.account_check import AccountCheck
from tui_app.simulator.server import Simulator

TOKEN = "a-token-that-nobody-has-seen-before-0123456"
USER, OWNED, LIST = (
    "/client/v4/user/tokens/verify",
    f"/client/v4/accounts/{ACCOUNT}/tokens/verify",
    "/client/v4/accounts?",
)


def check_on(server: FaultyServer | Simulator) -> AccountCheck:
    return AccountCheck(server.base_url, HurriedClock(), Random(1))


def refuses(status: int, code: int = 1000, message: str = "Invalid API Token") -> bytes:
    return answer(status, failure(code, message))


async def told(script: Any, account: str | None = None) -> tuple[bool, bool, str]:
    async with faulty(script) as server:
        found = await check_on(server).verify(Secret(TOKEN, "test"), account)
        assert {request.method for request in server.received} == {"GET"}
        assert TOKEN not in found.sentence
        return found.good, found.unknown_kind, found.sentence


@pytest.mark.parametrize(
    ("result", "good", "said"),
    [
        ({"status": "active"}, True, "active: a user's token."),
        ({"status": "active", "expires_on": "2030-01-02T03:04:05Z"}, True, "valid until 2030-01-02 03:04 UTC."),
        ({"status": "active", "not_before": "2099-01-02T03:04:05Z"}, False, "valid only from 2099-01-02"),
        (
            {"status": "expired", "expires_on": "2020-01-02T03:04:05Z"},
            False,
            "expired on 2020-01-02 03:04 UTC. Roll it",
        ),
        ({"status": "disabled"}, False, "is disabled. Enable it"),
        (
            {"status": "\x1b[31mrevoked"},
            False,
            "calls the token '␛[31mrevoked', a state that this version does not know",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_state_is_told_in_plain_words(result: dict[str, str], good: bool, said: str) -> None:
    found, _, sentence = await told(lambda _: answer(200, success({"id": "1", **result})))
    assert (found, said in sentence) == (good, True), sentence


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (429, "Too many requests for this token or from here: wait 7 s, then try again. The token may be good."),
        (500, "Try again in a moment: the token may be good."),
        (302, "redirect"),
        (0, "Check the network, the address http://127.0.0.1"),
        (200, "can't be used"),
    ],
)
async def test_what_says_nothing_of_the_token_is_not_held_against_it(status: int, said: str) -> None:
    replies = {0: None, 200: answer(200, b"<html>"), 429: answer(429, failure(1, "slow down"), retry_after="7")}
    good, unknown, sentence = await told(lambda _: replies.get(status, answer(status, failure(1, "x"))))
    assert (good, unknown, said in sentence) == (False, False, True), sentence
    assert "not accepted" not in sentence


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_without_an_account_a_refusal_asks_for_one(status: int) -> None:
    good, unknown, sentence = await told(lambda _: refuses(status))
    assert (good, unknown) == (False, True)
    assert f"(HTTP {status}: Invalid API Token)" in sentence


async def test_with_an_account_the_account_is_asked_then_the_service() -> None:
    asked: list[str] = []

    def script(accepted: str) -> Any:
        def reply(request: Received) -> bytes:
            asked.append(request.target)
            result = [] if "bulk" in request.target else {"id": "1", "status": "active"}
            return answer(200, success(result)) if accepted and accepted in request.target else refuses(401)

        return reply

    assert await told(script("accounts/"), ACCOUNT) == (
        True,
        False,
        "The token is active: a token of the account's own.",
    )
    assert asked == [USER, OWNED]
    # Neither check is the last word.
    good, _, sentence = await told(script("bulk"), ACCOUNT)
    assert (good, "Email Security of the account accepts it" in sentence) == (True, True)
    good, unknown, sentence = await told(script(""), ACCOUNT)
    assert (good, unknown) == (False, False)
    assert "not accepted, neither as a user's (HTTP 401: Invalid API Token) nor" in sentence
    good, _, sentence = await told(lambda _: refuses(403, 9109, "Not allowed from here"), ACCOUNT)
    assert (good, "Look at its conditions in the dashboard" in sentence) == (False, True)


async def test_accounts_are_listed_once_and_their_names_made_safe() -> None:
    names = [each.text for each in hostile_strings(40)]
    accounts = [{"id": f"{number:032x}", "name": name} for number, name in enumerate(names)]
    accounts += [accounts[0], {"id": "../../etc", "name": "no id"}]
    reply = success(accounts, result_info={"count": len(accounts), "total_pages": 1, "page": 1})
    async with faulty(lambda _: answer(200, reply)) as server:
        listed = await check_on(server).list_accounts(Secret(TOKEN, "test"))
    assert [account.id for account in listed.accounts] == [f"{number:032x}" for number in range(40)]
    assert all(account.name.isprintable() and len(account.name) < 400 for account in listed.accounts)
    assert "1 account with an id that is none was left out" in listed.sentence


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            refuses(400, 1001, "List accounts endpoint does not support account owned tokens"),
            "of an account's own can't list",
        ),
        (refuses(403, 10000, "Authentication error"), "may not list accounts (HTTP 403"),
        (answer(200, success([])), "lists no account"),
        (answer(500, b""), "can't be listed"),
    ],
    ids=["owned", "forbidden", "empty", "fault"],
)
async def test_without_a_list_the_id_is_asked_for(reply: bytes, said: str) -> None:
    async with faulty(lambda _: reply) as server:
        listed = await check_on(server).list_accounts(Secret(TOKEN, "test"))
    assert listed.accounts == ()
    assert said in listed.sentence


async def test_a_list_that_repeats_itself_ends() -> None:
    page = success(
        [{"id": f"{number:032x}", "name": "x"} for number in range(50)],
        result_info={"count": 50, "total_pages": 9, "page": 1, "per_page": 50},
    )
    async with faulty(lambda _: answer(200, page)) as server:
        listed = await check_on(server).list_accounts(Secret(TOKEN, "test"))
        assert len(server.received) < 10
    assert len(listed.accounts) == 50


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "answers."),
        (401, "does not accept the token"),
        (403, "needs the permission Cloud Email Security: Read"),
        (404, "check the account's id"),
        (500, "was not reached"),
    ],
)
async def test_the_service_is_asked_by_one_read(status: int, said: str) -> None:
    reply = answer(200, success([], result_info={"count": 0})) if status == 200 else refuses(status)
    async with faulty(lambda _: reply) as server:
        found = await check_on(server).ask_service(Secret(TOKEN, "test"), ACCOUNT)
        assert {request.method for request in server.received} == {"GET"}
        assert "per_page=1" in server.received[0].target
    assert (found.answers, said in found.sentence) == (status == 200, True), found.sentence
