"""What is sent again and what never is, against a server that misbehaves on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from urllib.parse import unquote

import pytest

from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT, Cut, Received, Script, answer, failure, faulty, success
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, Disposition
from tui_app.api.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    ServerFault,
    TooLarge,
    Unauthenticated,
    Unreadable,
)
from tui_app.api.search import SearchParams
from tui_app.api.transport import Transport
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent
from tui_app.auth.credentials import KeyCredential, Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.core.clock import Clock, SystemClock
from tui_app.core.errors import UsageError

JOB = {"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "CANCELLED"}


@asynccontextmanager
async def client_on(
    base_url: str, clock: Clock | None = None, *, read_wait: float = 0.0
) -> AsyncIterator[EmailSecurityClient]:
    settings = Settings(ACCOUNT, base_url, TokenCredential(Secret("s3cret", "test")))
    transport = Transport(settings, clock or HurriedClock(), Random(1), read_wait=read_wait)
    try:
        yield EmailSecurityClient(transport)
    finally:
        await transport.close()


def always(reply: bytes | None) -> Script:
    return lambda _: reply


def in_turn(*replies: bytes | None) -> Script:
    rest = iter(replies)
    return lambda _: next(rest)


AMBIGUOUS = {
    "connection closed without an answer": None,
    "half an answer": Cut(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"),
    "no HTTP": b"what?\r\n\r\n",
    "500": answer(500, failure(1, "oops")),
    "502 as HTML": answer(502, b"<html>bad gateway</html>"),
    "503 with Retry-After": answer(503, failure(1, "later"), retry_after="1"),
    "408": answer(408, failure(1, "slow")),
    "409": answer(409, failure(1, "conflict")),
    "redirect": answer(303, b"", location="https://evil.example/"),
    "200 as HTML": answer(200, b"<html>captive portal</html>"),
    "404 of the API without a word": answer(404, {**success(None), "success": False}),
    **{
        f"{status} as HTML": answer(status, b"<html>proxy</html>")
        for status in (400, 404, 405, 409, 413, 414, 415, 422)
    },
    "200 without success": answer(200, {**success(JOB), "success": False}),
    "200 with another shape": answer(200, success([1, 2])),
    "200 with bad gzip": answer(200, b"not gzip", content_encoding="gzip"),
}


@pytest.mark.parametrize("reply", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_a_write_with_an_unclear_answer_is_ambiguous_and_sent_once(reply: bytes | None) -> None:
    async with faulty(always(reply)) as server, client_on(server.base_url) as client:
        outcome = await client.cancel_job(JOB["job_id"])
        assert isinstance(outcome, Ambiguous)
        assert server.count("POST") == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 414, 415, 422])
async def test_a_write_that_the_api_refuses_is_refused_and_sent_once(status: int) -> None:
    async with (
        faulty(always(answer(status, failure(7003, "no", "/x"), cf_ray="abc-FRA"))) as server,
        client_on(server.base_url) as client,
    ):
        outcome = await client.create_job(ActionType.RELEASE, SearchParams(sender="a.example"))
        assert isinstance(outcome, Refused)
        assert server.count("POST") == 1
        assert outcome.error.codes == {7003}
        details = "\n".join(outcome.error.details())
        assert "no at /x (code 7003)" in details
        assert f"HTTP {status}" in details
        assert "cf-ray abc-FRA" in details


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_of_the_credentials_counts_whoever_gives_it(status: int) -> None:
    async with faulty(always(answer(status, b"<html>no</html>"))) as server, client_on(server.base_url) as client:
        assert isinstance(await client.cancel_job(JOB["job_id"]), Refused)


async def test_a_write_that_never_left_is_tried_twice_more_and_then_unsent() -> None:
    async with faulty(always(None)) as server:
        port = server.port
    clock = HurriedClock()
    async with client_on(f"http://127.0.0.1:{port}/client/v4", clock) as client:
        outcome = await client.delete_job(JOB["job_id"])
        assert isinstance(outcome, Unsent)
        assert len(clock.waits) == 2


async def test_a_write_answered_429_waits_as_told_and_is_sent_at_most_three_times() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="7")
    clock = HurriedClock()
    async with (
        faulty(in_turn(limited, limited, answer(200, success(JOB)))) as server,
        client_on(server.base_url, clock) as client,
    ):
        assert isinstance(await client.cancel_job(JOB["job_id"]), Done)
        assert (server.count("POST"), clock.waits) == (3, [pytest.approx(7, abs=0.1)] * 2)
    clock = HurriedClock()
    async with faulty(always(limited)) as server, client_on(server.base_url, clock) as client:
        outcome = await client.cancel_job(JOB["job_id"])
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, RateLimited)
        assert server.count("POST") == 3


async def test_a_read_is_tried_three_times() -> None:
    async with (
        faulty(in_turn(None, answer(502, b"<html>"), answer(200, success(JOB)))) as server,
        client_on(server.base_url) as client,
    ):
        assert (await client.get_job(JOB["job_id"])).id == JOB["job_id"]
        assert server.count("GET") == 3
    async with faulty(always(answer(500, failure(1, "oops")))) as server, client_on(server.base_url) as client:
        with pytest.raises(ServerFault, match="oops"):
            await client.get_job(JOB["job_id"])
        assert server.count("GET") == 3


async def test_a_read_that_met_a_reset_may_meet_one_unreadable_answer() -> None:
    garbled = answer(200, b"<html>")
    async with (
        faulty(in_turn(None, garbled, answer(200, success(JOB)))) as server,
        client_on(server.base_url) as client,
    ):
        assert (await client.get_job(JOB["job_id"])).id == JOB["job_id"]
        assert server.count("GET") == 3
    async with faulty(always(garbled)) as server, client_on(server.base_url) as client:
        with pytest.raises(Unreadable):
            await client.get_job(JOB["job_id"])
        assert server.count("GET") == 2


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthenticated), (403, Forbidden), (404, NotFound)])
async def test_a_refused_read_is_not_repeated(status: int, kind: type[Exception]) -> None:
    async with faulty(always(answer(status, failure(10000, "no")))) as server, client_on(server.base_url) as client:
        with pytest.raises(kind):
            await client.get_job(JOB["job_id"])
        assert server.count("GET") == 1


async def test_a_limited_read_raises_at_once_or_waits_as_allowed() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="20")
    async with faulty(always(limited)) as server, client_on(server.base_url) as client:
        with pytest.raises(RateLimited) as caught:
            await client.get_job(JOB["job_id"])
        assert (caught.value.retry_after, server.count("GET")) == (20, 1)
    clock = HurriedClock()
    async with (
        faulty(in_turn(limited, answer(200, success(JOB)))) as server,
        client_on(server.base_url, clock, read_wait=300) as client,
    ):
        await client.get_job(JOB["job_id"])
        assert clock.waits == [pytest.approx(20, abs=0.1)]


async def test_redirects_are_never_followed_and_the_host_is_named() -> None:
    async with (
        faulty(always(answer(302, b"", location="http://127.0.0.1:1/evil"))) as server,
        client_on(server.base_url) as client,
    ):
        with pytest.raises(Unreadable, match=r"127\.0\.0\.1:1"):
            await client.get_job(JOB["job_id"])


async def test_a_slow_search_is_followed_on_the_same_origin_only() -> None:
    found = answer(200, success([{"id": "i"}], result_info={"next": None}))

    def script(request: Received) -> bytes:
        if "ticket" in request.target:
            return found
        return answer(202, success([]), location=f"/client/v4/accounts/{ACCOUNT}/email-security/investigate?ticket=1")

    async with faulty(script) as server, client_on(server.base_url) as client:
        page = await client.search_messages(SearchParams())
        assert [message.id.exact for message in page.items] == ["i"]
    elsewhere = answer(202, success([]), location="http://127.0.0.1:1/client/v4/accounts/x")
    async with faulty(always(elsewhere)) as server, client_on(server.base_url) as client:
        with pytest.raises(Unreadable, match="not ready"):
            await client.search_messages(SearchParams())


async def test_each_request_carries_one_kind_of_credential_and_no_other_header_of_note() -> None:
    async with faulty(always(answer(200, success(JOB)))) as server:
        async with client_on(server.base_url) as client:
            await client.get_job(JOB["job_id"])
        key = Settings(ACCOUNT, server.base_url, KeyCredential("a@b.example", Secret("k3y", "test")))
        client = EmailSecurityClient(Transport(key, HurriedClock(), Random(1)))
        await client.get_job(JOB["job_id"])
        await client.transport.close()
        first, second = (request.headers for request in server.received)
        assert first["authorization"] == "Bearer s3cret"
        assert "x-auth-email" not in first
        assert (second["x-auth-email"], second["x-auth-key"]) == ("a@b.example", "k3y")
        assert "authorization" not in second


async def test_release_bodies_of_three_generations() -> None:
    async with faulty(always(answer(200, success([])))) as server, client_on(server.base_url) as client:
        for shape in ("ids", "array", "postfix"):
            await client.release_messages(["a", "b"], shape)
        assert [json.loads(request.body) for request in server.received] == [
            {"ids": ["a", "b"]},
            ["a", "b"],
            ["a", "b"],
        ]


async def test_ids_stay_inside_their_place_in_the_path() -> None:
    def named(request: Received) -> bytes:
        return answer(200, success({"id": unquote(request.target.rpartition("/")[2])}))

    async with faulty(named) as server, client_on(server.base_url) as client:
        for name in ("../../user", "a/b", "a?b#c", "%2e%2e", "4Nj-2024-01-05T10:00:00-1"):
            await client.get_message(name)
        prefix = f"/client/v4/accounts/{ACCOUNT}/email-security/investigate/"
        assert all(request.target.startswith(prefix) for request in server.received)
        assert not [request for request in server.received if "/" in request.target.removeprefix(prefix)]
        for name in ("", ".", "..", "\ud800"):
            with pytest.raises(UsageError):
                await client.get_message(name)
        assert len(server.received) == 5


async def test_an_endless_answer_is_cut_off() -> None:
    async with faulty(always(answer(200, b" " * (9 * 1024 * 1024)))) as server, client_on(server.base_url) as client:
        with pytest.raises(TooLarge, match="larger than 8 MiB"):
            await client.get_job(JOB["job_id"])


async def test_messages_beside_a_success_are_kept() -> None:
    heard: list[str] = []
    body = {
        **success(JOB),
        "messages": [{"code": 1234, "message": "beta endpoint", "documentation_url": "https://d.example"}],
    }
    async with faulty(always(answer(200, body))) as server, client_on(server.base_url) as client:
        client.transport.on_notices = lambda request, notices: heard.append(f"{request}: {notices[0]}")
        await client.get_job(JOB["job_id"])
    assert heard[0].endswith("beta endpoint (code 1234)")


async def test_the_budget_follows_the_headers() -> None:
    headers = {"ratelimit": '"default";r=300;t=200', "ratelimit_policy": '"default";q=1200;w=300'}
    async with faulty(always(answer(200, success(JOB), **headers))) as server, client_on(server.base_url) as client:
        await client.get_job(JOB["job_id"])
        assert (client.transport.budget.state.remaining, client.transport.budget.state.quota) == (300, 1200)


async def test_a_wait_for_another_try_can_be_given_up_and_then_nothing_is_sent_again() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="200")
    waiting = asyncio.Event()
    async with faulty(always(limited)) as server, client_on(server.base_url, SystemClock()) as client:
        client.transport.on_wait = lambda _: waiting.set()
        task = asyncio.create_task(client.cancel_job(JOB["job_id"]))
        await waiting.wait()
        client.transport.end_waits()
        outcome = await task
        assert isinstance(outcome, Refused)
        assert server.count("POST") == 1


async def test_a_release_that_was_only_accepted_is_read_back_and_a_reclassification_is_done() -> None:
    reply = answer(202, success([{"id": "m1", "delivered": ["ana@acme.example"]}]))
    async with faulty(always(reply)) as server, client_on(server.base_url) as client:
        outcome = await client.release_messages(["m1"])
        assert isinstance(outcome, Ambiguous)
        assert outcome.error.status == 202
    async with faulty(always(answer(202, success({})))) as server, client_on(server.base_url) as client:
        assert isinstance(await client.reclassify_message("m1", Disposition.SPAM), Done)
