"""Answers about something else than was asked: left out and counted, or refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_http import JOB, JOB_ID, client_at
from tests.support.commands import run_with
from tests.support.faulty import ACCOUNT, Received, answer, faulty, success
from tui_app.api.enums import JobStatus
from tui_app.api.errors import Unreadable
from tui_app.api.pagination import job_message_pages, job_pages, search_pages
from tui_app.api.search import SearchParams

OTHER = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26f"


MAIL = "4Njp3P0STMz2c02Q-2024-01-05T10:00:00-12345678"


@pytest.mark.parametrize("verb", ["job", "message"])
async def test_an_answer_about_another_id_is_never_read(verb: str) -> None:
    about = {"job": JOB | {"job_id": OTHER}, "message": {"id": MAIL.replace("Njp", "Njq")}}[verb]
    async with faulty(lambda _: answer(200, success(about))) as server, client_at(server.base_url) as client:
        with pytest.raises(Unreadable, match="about another id than"):
            await (client.get_job(JOB_ID) if verb == "job" else client.get_message(MAIL))


@pytest.mark.parametrize("verb", ["cancel", "delete"])
async def test_a_job_that_is_answered_about_another_one_is_never_written_to(verb: str) -> None:
    """`cancel A` reads A first; answered with B, nothing is sent for either."""
    posts: list[str] = []

    def script(request: Received) -> bytes:
        if request.method != "GET":
            posts.append(request.target)
        return answer(
            200, success(JOB | {"job_id": OTHER, "status": "COMPLETED" if verb == "delete" else "PROCESSING"})
        )

    async with faulty(script) as server:
        environment = {
            "CLOUDFLARE_BASE_URL": server.base_url, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t",
        }  # fmt: skip
        ended = await asyncio.to_thread(run_with, environment, verb, JOB_ID, "--yes")
    assert (ended.returncode, posts) == (6, [])
    assert "about another id than" in ended.stderr


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


ASKED: dict[str, dict[str, Any]] = {
    "to bo": {"recipient": "bo@acme.example"},
    "from acme": {"sender": "acme.example"},
    "that hour": {"start": NOON - timedelta(hours=1), "end": NOON},
    "from noon": {"start": NOON},
    "until noon": {"end": NOON},
}


@pytest.mark.parametrize(
    ("asked", "mail", "asked_for"),
    [
        ("to bo", {"client_recipients": ["al@acme.example", "BO@acme.example"]}, True),
        ("to bo", {"client_recipients": ["boss@acme.example"]}, False),
        ("to bo", {"client_recipients": ["boss@acme.example"], "to": ["bo@acme.example"]}, True),
        ("to bo", {"to": ["boss@acme.example"]}, False),
        ("to bo", {"client_recipients": [], "to": None}, True),
        ("to bo", {}, True),
        ("that hour", {"scanned_at": "2026-11-20T10:55:00Z"}, True),
        ("that hour", {"scanned_at": "2026-11-20T10:54:59Z"}, False),
        ("that hour", {"scanned_at": "2026-11-20T12:05:00Z"}, True),
        ("that hour", {"scanned_at": "2026-11-20T12:05:01Z"}, False),
        ("that hour", {"scanned_at": "2026-10-01T00:00:00Z", "sent_at": "2026-11-20T11:30:00Z"}, True),
        ("that hour", {"scanned_at": "2026-10-01T00:00:00Z", "ts": "2026-11-20T11:30:00Z"}, True),
        ("that hour", {"ts": "2026-10-01T00:00:00"}, False),
        ("that hour", {"scanned_at": None, "sent_at": "soon"}, True),
        ("that hour", {}, True),
        ("until noon", {"scanned_at": "2026-11-20T12:05:01Z"}, False),
        ("from noon", {"scanned_at": "2026-11-20T11:54:59Z"}, False),
        ("from acme", {"from": "news@ACME.example"}, True),
        ("from acme", {"from": "eve@evil.example", "envelope_from": "bounce@acme.example"}, True),
        ("from acme", {"from": "eve@evil.example", "envelope_from": "bounce@evil.example"}, False),
        ("from acme", {"from": "eve@evil.example"}, False),
        ("from acme", {}, True),
    ],
    ids=str,
)
async def test_what_a_search_did_not_ask_for_is_left_out_and_counted_and_what_does_not_say_is_kept(
    asked: str, mail: dict[str, Any], asked_for: bool
) -> None:
    reply = answer(200, success([{"id": "a", **mail}], result_info={"next": None}))
    async with faulty(lambda _: reply) as server, client_at(server.base_url) as client:
        pages = search_pages(client, SearchParams(**ASKED[asked]))
        found = [one.id.exact async for page in pages for one in page]
    assert (found, pages.unasked) == ((["a"], 0) if asked_for else ([], 1))
    assert [one.id.exact for one in pages.others] == ([] if asked_for else ["a"]), "what is left out still bears its id"


@pytest.mark.parametrize("by_verdict", [False, True])
async def test_a_message_that_one_page_tells_with_two_verdicts_is_left_out(by_verdict: bool) -> None:
    mails = [
        {"id": name, "final_disposition": verdict}
        for name, verdict in (("a", "BULK"), ("b", "BULK"), ("a", "SPAM"), ("b", "BULK"))
    ]
    reply = answer(200, success(mails, result_info={"next": None}))
    async with faulty(lambda _: reply) as server, client_at(server.base_url) as client:
        pages = search_pages(client, SearchParams(), by_verdict=by_verdict)
        assert [one.id.exact async for page in pages for one in page] == ["b"]
        assert [one.id.exact for one in pages.others] == ["a", "a"]
        assert (pages.unasked, pages.of_one_id) == ((2, 0) if by_verdict else (1, 1))


async def test_a_list_of_other_jobs_goes_on_until_the_wanted_ones_come() -> None:
    def job(page: int, number: int) -> dict[str, Any]:
        status = "FAILED" if page == 3 and number > 40 else "COMPLETED"
        return {"job_id": f"{page:04d}{number:04d}{JOB_ID[8:]}", "status": status}

    def script(request: Received) -> bytes:
        page = int(request.target.partition("page=")[2].partition("&")[0])
        return answer(200, success([job(page, n) for n in range(50)] if page < 4 else []))

    async with faulty(script) as server, client_at(server.base_url) as client:
        pages = job_pages(client, status=JobStatus.FAILED, per_page=50)
        found = [one.id async for page in pages for one in page]
        assert server.count("GET") == 4
    assert found == [job(3, number)["job_id"] for number in range(41, 50)]
    assert (pages.complete, pages.unasked, pages.shifted) == (True, 141, False)


async def test_a_list_that_repeats_its_one_page_of_other_jobs_ends() -> None:
    other = [{"job_id": f"{n:08d}{JOB_ID[8:]}", "status": "COMPLETED"} for n in range(50)]
    async with faulty(lambda _: answer(200, success(other))) as server, client_at(server.base_url) as client:
        pages = job_pages(client, status=JobStatus.FAILED, per_page=50)
        assert [one async for page in pages for one in page] == []
        assert server.count("GET") == 2
    assert (pages.complete, pages.unasked) == (True, 50)


async def test_a_search_that_brings_other_mail_first_is_no_circle() -> None:
    def script(request: Received) -> bytes:
        page = int((request.target.partition("cursor=")[2] or "0").partition("&")[0])
        sender = "news@acme.example" if page == 5 else "eve@evil.example"
        mails = [{"id": f"{page}-{n}", "from": sender} for n in range(2)]
        return answer(200, success(mails, result_info={"next": f"{page + 1}" if page < 5 else None}))

    async with faulty(script) as server, client_at(server.base_url) as client:
        pages = search_pages(client, SearchParams(sender="acme.example"))
        assert [one.id.exact async for page in pages for one in page] == ["5-0", "5-1"]
    assert (pages.complete, pages.unasked) == (True, 10)


@pytest.mark.parametrize("poison", [{"subject": "no id"}, {"id": ""}, {"id": None}, 7, "x", None, []])
async def test_what_can_t_be_read_hides_nothing_beside_it_and_is_counted(poison: object) -> None:
    good = [{"id": f"4NAAAAAAAAAAAA0{n}-2026-11-20T10:00:00-1", "is_quarantined": True} for n in range(3)]
    mixed = [good[0], poison, *good[1:]]
    told = [success(mixed, result_info={"next": None}), success([poison, poison], result_info={"next": None})]
    async with (
        faulty(lambda _: answer(200, told.pop(0) if told[1:] else told[0])) as server,
        client_at(server.base_url) as client,
    ):
        pages = search_pages(client, SearchParams())
        assert [one.id.exact async for page in pages for one in page] == [mail["id"] for mail in good]
        assert (pages.unreadable, pages.may_miss, pages.complete) == (1, True, True)
        with pytest.raises(Unreadable, match="is not understood"):
            await client.search_messages(SearchParams())


async def test_a_job_or_a_row_that_can_t_be_read_hides_no_other() -> None:
    row = {"message_id": "r1", "status": "FAILED"}

    def script(request: Received) -> bytes:
        return answer(200, success([row, {"status": 7}, 3] if "/messages" in request.target else [JOB, {"x": 1}]))

    async with faulty(script) as server, client_at(server.base_url) as client:
        jobs, rows = job_pages(client), job_message_pages(client, JOB_ID)
        assert [job.id async for page in jobs for job in page] == [JOB["job_id"]]
        assert [one.id async for page in rows for one in page] == ["r1"]
        assert (jobs.unreadable, rows.unreadable) == (1, 2)
