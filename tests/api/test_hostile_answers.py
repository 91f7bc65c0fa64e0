"""Answers that would mislead a client that believes too much, and listeners that fail."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_http import JOB, JOB_ID, client_at
from tests.support.clock import HurriedClock
from tests.support.faulty import Received, answer, failure, faulty, found, success
from tests.support.services import held_mail, lonely_service
from tests.support.wire import job_row
from tui_app.api.diagnosis import diagnose
from tui_app.api.enums import ActionType
from tui_app.api.errors import ApiError, Forbidden, RateLimited, TooLarge, Unreadable
from tui_app.api.http import READING
from tui_app.api.page import Page
from tui_app.api.pagination import CursorPages, account_pages, job_message_pages, search_pages
from tui_app.api.search import SearchParams
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent
from tui_app.core.errors import UsageError
from tui_app.core.state_file import StateFile
from tui_app.jobs.job_watch import JobSnapshot
from tui_app.plans.commands import Send
from tui_app.plans.state import Outcome, Phase

TARGETS = tuple(held_mail(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1", f"4NAAAAAAAAAAAA{n:02d}") for n in range(30))
NO_NAMES: list[Any] = [False, 0, "", {}, [False], [""], [[]], [None], "a@b.example", {"a@b.example": 1}]


def listed(rows: list[dict[str, Any]], **info: Any) -> Callable[[Received], bytes]:
    """A server that holds these rows; `info` is what it says of its pages."""

    def script(request: Received) -> bytes:
        query = dict(part.split("=") for part in request.target.partition("?")[2].split("&"))
        page, size = int(query["page"]), min(int(query["per_page"]), info.get("per_page") or 1000)
        return answer(200, success(rows[(page - 1) * size : page * size], result_info=info))

    return script


@pytest.mark.parametrize("names", NO_NAMES, ids=repr)
async def test_what_is_no_list_of_names_delivers_nothing(names: Any) -> None:
    def script(request: Received) -> bytes:
        return answer(200, success([{"id": one, "delivered": names} for one in json.loads(request.body)["ids"]]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(TARGETS), "x")))
        await service.close()
        assert state.outcome_counts()[Outcome.DELIVERED] == 0
        assert (state.outcome_counts()[Outcome.UNKNOWN], state.phase) == (25, Phase.HALTED)
        assert server.count("POST") == 1


@pytest.mark.parametrize(
    "job",
    [{"job_id": [], "status": "X"}, {"job_id": "", "status": "X"}, {**JOB, "status": {}}, {**JOB, "job_id": "0" * 36}],
)
async def test_an_answer_about_something_else_is_ambiguous(job: dict[str, Any]) -> None:
    async with faulty(lambda _: answer(200, success(job))) as server, client_at(server.base_url) as client:
        assert isinstance(await client.cancel_job(JOB_ID), Ambiguous)
    async with faulty(lambda _: answer(200, success({"id": "else"}))) as server, client_at(server.base_url) as client:
        assert isinstance(await client.delete_job(JOB_ID), Ambiguous)


async def test_a_listener_that_fails_changes_no_outcome() -> None:
    def fail(*_: object) -> None:
        raise BrokenPipeError

    body = {**success(JOB), "messages": [{"code": 1, "message": "beta"}]}
    replies = iter([answer(429, failure(971, "slow"), retry_after="3"), answer(200, body), answer(200, body)])
    async with faulty(lambda _: next(replies)) as server, client_at(server.base_url) as client:
        client.transport.on_notices = client.transport.on_wait = client.transport.budget.on_block = fail
        assert isinstance(await client.cancel_job(JOB_ID), Done)
        assert (await client.get_job(JOB_ID)).id == JOB_ID


async def test_a_fault_of_ours_leaves_no_release_running_for_ever() -> None:
    async with faulty(lambda _: answer(200, success([]))) as server:
        service = lonely_service(server.base_url)

        async def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        service.client.release_messages = broken  # type: ignore[method-assign,assignment]
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(TARGETS), "x")))
        assert (state.outcome_counts()[Outcome.UNKNOWN], state.phase) == (25, Phase.HALTED)
        await service.close()


async def test_a_429_stops_everything_whatever_its_body_is() -> None:
    for extra in ({"content_encoding": "br"}, {"content_encoding": "gzip"}):
        limited = answer(429, b"xx", retry_after="120", **extra)
        async with faulty(lambda _, reply=limited: reply) as server, client_at(server.base_url) as client:  # type: ignore[misc]
            with pytest.raises(RateLimited):
                await client.get_job(JOB_ID)
            with pytest.raises(RateLimited, match="Nothing was sent"):
                await client.get_job(JOB_ID)
            assert server.count("GET") == 1


async def test_a_refusal_is_a_refusal_whatever_its_body_is() -> None:
    for reply in (
        answer(403, b"xx", content_encoding="gzip"),
        b"HTTP/1.1 403 X\r\ncontent-length: 50\r\nconnection: close\r\n\r\nhalf",
    ):
        async with faulty(lambda _, it=reply: it) as server, client_at(server.base_url) as client:  # type: ignore[misc]
            assert isinstance(await client.cancel_job(JOB_ID), Refused)
            assert server.count("POST") == 1


async def test_a_429_and_then_a_quota_known_to_be_gone_is_no_longer_unsent() -> None:
    replies = iter([answer(429, failure(971, "slow"), retry_after="1"), answer(200, success(JOB))])
    clock = HurriedClock()
    async with faulty(lambda _: next(replies)) as server, client_at(server.base_url) as client:
        client.transport.clock = clock
        client.transport.on_wait = lambda _: client.transport.budget.limited(400)
        client.transport.write_wait = 5
        outcome = await client.cancel_job(JOB_ID)
        assert isinstance(outcome, Refused)
        assert not isinstance(outcome, Unsent)


async def test_a_429_and_then_a_server_that_is_gone_is_no_longer_unsent() -> None:
    async def limit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(429, failure(971, "slow"), retry_after="1"))
        writer.close()

    listening = await asyncio.start_server(limit, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with client_at(f"http://127.0.0.1:{port}/client/v4") as client:
        client.transport.on_wait = lambda _: listening.close()
        assert isinstance(await client.cancel_job(JOB_ID), Refused)


@pytest.mark.parametrize("status", [408, 423, 425, 401, 403, 500])
async def test_only_a_refusal_of_the_page_is_the_end_of_a_list(status: int) -> None:
    def script(request: Received) -> bytes:
        return (
            answer(200, success([job_row(n) for n in range(1000)])) if "page=1&" in request.target else answer(status)
        )

    async with faulty(script) as server, client_at(server.base_url) as client:
        pages = job_message_pages(client, JOB_ID)
        with pytest.raises(ApiError):
            async for _ in pages:
                pass
        assert not pages.complete


@pytest.mark.parametrize(
    "info",
    [{"total_pages": 1}, {"total_pages": True}, {"per_page": 100}, {"per_page": 20_000}, {"per_page": 0}],
)
async def test_what_a_server_says_of_its_pages_cuts_no_list(info: dict[str, Any]) -> None:
    rows = [job_row(n) for n in range(1500)]
    async with faulty(listed(rows, **info)) as server, client_at(server.base_url, patience=READING) as client:
        pages = job_message_pages(client, JOB_ID)
        assert [one.id async for page in pages for one in page] == [one["message_id"] for one in rows]
        assert pages.complete
        assert not pages.shifted


async def test_accounts_end_where_the_server_says_and_when_it_repeats_itself() -> None:
    first = [{"id": f"{n}", "name": "x"} for n in range(50)]
    async with (
        faulty(lambda _: answer(200, success(first, result_info={"total_pages": 1}))) as server,
        client_at(server.base_url) as client,
    ):
        assert len([one async for page in account_pages(client) for one in page]) == 50
        assert server.count("GET") == 1
    async with faulty(lambda _: answer(200, success(first))) as server, client_at(server.base_url) as client:
        assert len([one async for page in account_pages(client) for one in page]) == 50
        assert server.count("GET") == 2


@pytest.mark.parametrize("counts", ("rows", "pages"))
async def test_a_few_mails_with_thousands_of_recipients_hide_no_other_and_cost_few_requests(
    counts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a cursor counts rows or pages is not documented; a list whose pages change their size is whole with both."""
    monkeypatch.setattr("tui_app.api.body.MAX_BODY", 300_000)
    mails = [{"id": f"m{n}", "to": ["somebody@acme.example"] * (5000 if 100 <= n < 106 else 1)} for n in range(2000)]
    asked: list[int] = []

    def page(request: Received) -> bytes:
        query = parse_qs(urlsplit(request.target).query)
        cursor, size = int(query.get("cursor", ["0"])[0]), int(query["per_page"][0])
        start = cursor if counts == "rows" else cursor * size
        asked.append(size)
        following = str(cursor + (size if counts == "rows" else 1)) if start + size < len(mails) else None
        return answer(200, success(mails[start : start + size], result_info={"next": following}))

    async with faulty(page) as server, client_at(server.base_url, patience=READING) as client:
        pages = search_pages(client, SearchParams(detections_only=False))
        found = [mail async for page in pages for mail in page]
    if counts == "pages":
        assert pages.complete
        assert len(found) == len(mails) or pages.may_miss
        return
    assert [mail.id.exact for mail in found] == [mail["id"] for mail in mails]
    assert (pages.complete, pages.may_miss) == (True, False)
    assert min(asked) <= 2
    assert len(asked) < 60, "once they are behind us, pages grow again"


@given(
    fat=st.sets(st.integers(0, 200), max_size=12),
    counts=st.sampled_from(("rows", "pages")),
    total=st.integers(0, 201),
)
async def test_whatever_cursors_count_a_list_is_whole_or_says_so(fat: set[int], counts: str, total: int) -> None:
    async def fetch(cursor: str | None, size: int) -> Page[str]:
        at = int(cursor or 0)
        start = at if counts == "rows" else at * size
        rows = range(start, min(start + size, total))
        if len(fat & set(rows)) > 2:
            raise TooLarge("too large", request="GET investigate")
        more = start + size < total
        return Page(tuple(map(str, rows)), next=str(at + (size if counts == "rows" else 1)) if more else None)

    pages = CursorPages(fetch, lambda row: row, 64)
    found = [row async for page in pages for row in page]
    assert len(found) == len(set(found))
    assert found == list(map(str, range(total))) or pages.may_miss
    assert counts == "pages" or not pages.may_miss


async def test_a_search_that_brings_nothing_new_is_endless_and_an_empty_page_is_not_the_end() -> None:
    count = 0

    def for_ever(_: Received) -> bytes:
        nonlocal count
        count += 1
        return answer(200, success([{"id": "same"}], result_info={"next": f"c{count}"}))

    async with faulty(for_ever) as server, client_at(server.base_url) as client:
        endless = search_pages(client, SearchParams())
        assert [one.id.exact async for page in endless for one in page] == ["same"]
        assert (endless.complete, endless.maybe_more, count) == (True, True, 4)
    replies = iter(
        answer(200, success(items, result_info={"next": after}))
        for items, after in (([{"id": "a"}], "1"), ([], "2"), ([{"id": "b"}], None))
    )
    async with faulty(lambda _: next(replies)) as server, client_at(server.base_url) as client:
        assert [one.id.exact async for page in search_pages(client, SearchParams()) for one in page] == ["a", "b"]


async def test_an_answer_that_names_nobody_teaches_nothing() -> None:
    def script(request: Received) -> bytes:
        if request.method == "GET":
            return answer(200, found(target.id for target in TARGETS))
        if isinstance(json.loads(request.body), dict):
            return answer(400, failure(1, "must be an array"))
        return answer(200, success([]))

    async with faulty(script) as server:
        remembered = StateFile()
        service = lonely_service(server.base_url, remembered)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(TARGETS), "x")))
        await service.close()
        assert state.outcome_counts()[Outcome.UNKNOWN] == 25
        assert remembered.get(service.settings.identity, "release_body") is None


@pytest.mark.parametrize("words", ["No such object", "message body unavailable", "try again"])
async def test_words_that_only_sound_like_a_shape_change_no_body(words: str) -> None:
    async with faulty(lambda _: answer(400, failure(1, words))) as server:
        service = lonely_service(server.base_url)
        await service.plans.start(Send(service.plans.plan(service.plans.guard(TARGETS[:1]), "x")))
        await service.close()
        assert server.count("POST") == 1


async def test_a_check_that_fails_does_not_blame_the_token() -> None:
    blamed = Forbidden("no", request="GET x", status=403)
    for status, words in ((503, "could not be checked"), (429, "could not be checked"), (401, "not accepted")):
        async with (
            faulty(lambda _, s=status: answer(s, failure(1, "x"))) as server,
            client_at(server.base_url) as client,
        ):  # type: ignore[misc]
            assert words in await diagnose(client, blamed)


async def test_a_404_that_is_not_the_api_s_does_not_make_a_job_deleted() -> None:
    replies: list[bytes | None] = [None]

    def script(request: Received) -> bytes | None:
        return replies.pop() if request.method == "DELETE" else answer(404, b"<html>captive portal</html>")

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        assert isinstance(await service.jobs.delete(JOB_ID), Ambiguous)
        await service.close()


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async with (
        faulty(lambda _: answer(200, success(JOB), set_cookie="a=" + "x" * 3000)) as server,
        client_at(server.base_url) as client,
    ):
        for _ in range(3):
            await client.get_job(JOB_ID)
        assert not any("cookie" in request.headers for request in server.received)


async def test_nothing_is_polled_for_once_the_program_is_left() -> None:
    async with (
        faulty(lambda r: answer(202, success([]), location=r.target)) as server,
        client_at(server.base_url) as client,
    ):
        client.transport.leave()
        with pytest.raises(Unreadable):
            await client.search_messages(SearchParams())
        assert server.count("GET") == 1


@pytest.mark.parametrize(
    "location",
    [
        "%2e%2e/%2e%2e/user",
        "..%2f..%2fuser",
        "a\\..\\..\\user",
        "//evil.example/x",
        "a//b",
        "\ud800",
        "http://[",
        "?x\x00",
        "/accounts/x",
        "https://127.0.0.1/",
        "",
    ],
)
async def test_a_place_that_could_be_another_is_not_asked(location: str) -> None:
    def script(request: Received) -> bytes:
        place = (
            location
            if location.startswith(("/", "http", "?")) or not location
            else f"{request.target.partition('?')[0]}/{location}"
        )
        return answer(202, success([])).replace(
            b"\r\n\r\n", b"\r\nlocation: " + place.encode("utf-8", "replace") + b"\r\n\r\n", 1
        )

    async with faulty(script) as server, client_at(server.base_url) as client:
        with pytest.raises(ApiError):
            await client.search_messages(SearchParams())
        assert all("user" not in request.target and "evil" not in request.target for request in server.received[1:])


async def test_the_job_screen_s_rows_end_like_any_list_and_shrink_like_any_list() -> None:
    job = {**JOB, "status": "PROCESSING", "total_messages_discovered": 1000}

    def exactly_one_page(request: Received) -> bytes:
        if "messages" not in request.target:
            return answer(200, success(job))
        page = "page=1&" in request.target
        return answer(200, success([job_row(n) for n in range(1000)])) if page else answer(400, failure(1, "no page"))

    snapshots: list[JobSnapshot] = []
    async with faulty(exactly_one_page) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB_ID, snapshots.append)
        await subject.poll()
        assert not snapshots[-1].rows.complete
        await subject.load_more()
        assert (snapshots[-1].rows.complete, snapshots[-1].rows.loaded) == (True, 1000)
        await service.close()

    def heavy(request: Received) -> bytes:
        if "messages" not in request.target:
            return answer(200, success(job))
        query = dict(part.split("=") for part in request.target.partition("?")[2].split("&"))
        size = int(query["per_page"])
        rows = [
            {**job_row(n), "status_message": "x" * 12_000}
            for n in range((int(query["page"]) - 1) * size, int(query["page"]) * size)
        ]
        return answer(200, success(rows))

    async with faulty(heavy) as server:
        service = lonely_service(server.base_url)
        subject = service.jobs.watch(JOB_ID, snapshots.append)
        await subject.poll()
        assert snapshots[-1].rows.loaded == 500
        await service.close()


async def test_what_is_no_text_is_not_sent() -> None:
    async with faulty(lambda _: answer(200, success([]))) as server, client_at(server.base_url) as client:
        with pytest.raises(UsageError):
            await client.search_messages(SearchParams(subject="\udcff"))
        assert server.received == []
        with pytest.raises(UsageError):
            await client.create_job(ActionType.MOVE, SearchParams())


# ---- what was not asked for
