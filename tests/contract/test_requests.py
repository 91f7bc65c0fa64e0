"""Every request we make, on a real socket, against models written from the API's documentation alone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.requests import ENDPOINTS, ES, JOB_ID, check
from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT, FaultyServer, Received, answer, failure, faulty, success
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition, JobStatus, RowStatus
from tui_app.api.errors import ApiError
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.api.submission import EXPECTED, MOST_SUBMITTED, SubmissionType, SubmittedMail
from tui_app.api.transport import Transport
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """A server in a thread that says yes to everything but a user's token."""
    ready, done = threading.Event(), list[Any]()

    def yes(request: Received) -> bytes:
        user = request.target.endswith("/user/tokens/verify")
        return answer(401, failure(1000, "no")) if user else answer(200, success([]))

    async def serve() -> None:
        end = asyncio.Event()
        async with faulty(yes) as running:
            done.extend([running, asyncio.get_running_loop(), end])
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait()
    running, loop, end = done
    yield running
    loop.call_soon_threadsafe(end.set)
    thread.join(5)


Call = Callable[[EmailSecurityClient], Awaitable[Any]]


def requests_of(server: FaultyServer, call: Call) -> list[Received]:
    async def work() -> None:
        transport = Transport(
            Settings(ACCOUNT, server.base_url, TokenCredential(Secret("t", "test"))), HurriedClock(), Random(1)
        )
        try:
            await call(EmailSecurityClient(transport))
        except ApiError:
            pass  # an empty list is no answer to most questions; it is the questions that are looked at
        finally:
            await transport.close()

    server.received.clear()
    asyncio.run(work())
    assert server.received
    return list(server.received)


mail_ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda t: t not in (".", "..")
)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
moments = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
searches = st.builds(
    SearchParams,
    start=moments,
    end=moments,
    query=texts,
    detections_only=st.booleans(),
    final_disposition=st.none() | st.sampled_from(Disposition),
    delivery_status=st.none() | st.sampled_from(DeliveryStatus),
    message_action=st.none() | st.sampled_from(["PREVIEW", "QUARANTINE_RELEASED", "MOVED"]),
    submissions=st.booleans(),
    **dict.fromkeys(
        [
            "sender",
            "recipient",
            "subject",
            "exact_subject",
            "domain",
            "message_id",
            "alert_id",
            "metric",
            "smtp_helo_ip",
        ],
        texts,
    ),
)
askable_jobs = st.none() | st.sampled_from([status for status in JobStatus if status is not JobStatus.SKIPPED])
askable_rows = st.none() | st.sampled_from([status for status in RowStatus if status is not RowStatus.DISCOVERING])
pages, sizes = st.integers(1, 10_000), st.integers(1, 1000)

words = st.text(st.characters(max_codepoint=127), min_size=1, max_size=20)
submitted = st.builds(SubmittedMail, mail_ids, words, words, words, st.lists(words, min_size=1, max_size=3).map(tuple))

CALLS: dict[str, st.SearchStrategy[Call]] = {
    "verify_token": st.just(lambda c: c.verify_token()),
    "verify_user_token": st.just(lambda c: c.verify_user_token()),
    "verify_account_token": st.just(lambda c: c.verify_account_token()),
    "list_accounts": st.builds(lambda n: lambda c: c.list_accounts(page=n), pages),
    "search_messages": st.builds(
        lambda p, s, cur: lambda c: c.search_messages(p, per_page=s, cursor=cur), searches, sizes, texts
    ),
    "get_message": st.builds(lambda i, s: lambda c: c.get_message(i, submission=s), mail_ids, st.booleans()),
    "get_detections": st.builds(lambda i: lambda c: c.get_detections(i), mail_ids),
    "get_preview": st.builds(lambda i: lambda c: c.get_preview(i), mail_ids),
    "preview_delivered": st.builds(lambda i: lambda c: c.preview_delivered(i), mail_ids),
    "get_raw": st.builds(lambda i: lambda c: c.get_raw(i), mail_ids),
    "get_trace": st.builds(lambda i: lambda c: c.get_trace(i), mail_ids),
    "list_action_log": st.builds(
        lambda i, n, s: lambda c: c.list_action_log(i, page=n, per_page=s), mail_ids, pages, sizes
    ),
    "release_messages": st.builds(
        lambda i: lambda c: c.release_messages(i), st.lists(mail_ids, min_size=1, max_size=30)
    ),
    "move_messages": st.builds(
        lambda i, d: lambda c: c.move_messages(i, d),
        st.lists(mail_ids, min_size=1, max_size=30),
        st.sampled_from(Destination),
    ),
    "move_message": st.builds(lambda i, d: lambda c: c.move_message(i, d), mail_ids, st.sampled_from(Destination)),
    "reclassify_message": st.builds(
        lambda i, d, e: lambda c: c.reclassify_message(i, d, eml=e),
        mail_ids,
        st.sampled_from(sorted(QUERY_DISPOSITIONS)),
        st.none() | st.just("UmVjZWl2ZWQ6"),
    ),
    "submit_messages": st.sampled_from(SubmissionType).flatmap(
        lambda kind: st.builds(
            lambda expected, mails: lambda c: c.submit_messages(kind, expected, mails),
            st.sampled_from(EXPECTED[kind]),
            st.lists(submitted, min_size=1, max_size=MOST_SUBMITTED),
        )
    ),
    "list_jobs": st.builds(
        lambda n, s, status, action: lambda c: c.list_jobs(page=n, per_page=s, status=status, action=action),
        pages,
        sizes,
        askable_jobs,
        st.none() | st.sampled_from(ActionType),
    ),
    "get_job": st.just(lambda c: c.get_job(JOB_ID.upper())),
    "list_job_messages": st.builds(
        lambda n, s, status: lambda c: c.list_job_messages(JOB_ID, page=n, per_page=s, status=status),
        pages,
        sizes,
        askable_rows,
    ),
    "create_job": st.builds(
        lambda p, d, comment: (
            lambda c: c.create_job(ActionType.MOVE if d else ActionType.RELEASE, p, destination=d, comment=comment)
        ),
        searches,
        st.none() | st.sampled_from(Destination),
        texts,
    ),
    "cancel_job": st.just(lambda c: c.cancel_job(JOB_ID)),
    "delete_job": st.just(lambda c: c.delete_job(JOB_ID)),
}


def test_every_method_of_the_client_is_here() -> None:
    methods = {
        name for name, value in vars(EmailSecurityClient).items() if callable(value) and not name.startswith("_")
    }
    assert methods == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_its_requests_are_as_documented(server: FaultyServer, name: str) -> None:
    @settings(max_examples=15, deadline=None)
    @given(CALLS[name])
    def holds(call: Call) -> None:
        for request in requests_of(server, call):
            check(request)
            assert request.headers["authorization"] == "Bearer t"
            assert not {"cookie", "x-auth-key", "x-auth-email"} & request.headers.keys()

    holds()


def test_every_endpoint_is_reached(server: FaultyServer) -> None:
    reached = set()
    for strategy in CALLS.values():

        @settings(max_examples=1, deadline=None, database=None)
        @given(strategy)
        def once(call: Call) -> None:
            reached.update(check(request) for request in requests_of(server, call))

        once()
    assert reached == {(method, path) for method, path, _, _ in ENDPOINTS}


_DOTS = [
    ".",
    "..",
    "%2e",
    "%2E%2e",
    "%252e",
    "..%2f",
    "%2f",
    "/",
    "//",
    "\\",
    ";",
    "?",
    "#",
    "@",
    ":",
    "\x00",
    "\n",
    " ",
]
hostile_ids = st.lists(
    st.sampled_from([*_DOTS, "user", "tokens", "bulk", "release", "a", "\u2024", "\uff0f"]), max_size=8
).map("".join)


@settings(max_examples=120, deadline=None)
@given(hostile_ids | mail_ids)
def test_no_id_leads_anywhere_else(server: FaultyServer, hostile: str) -> None:
    from tui_app.core.errors import UsageError

    async def all_of_them(client: EmailSecurityClient) -> None:
        for ask in (client.get_message, client.get_raw, client.get_job, client.cancel_job):
            try:
                await ask(hostile)
            except (UsageError, ApiError):
                continue

    server.received.clear()
    requests: list[Received] = []
    try:
        requests = requests_of(server, all_of_them)
    except AssertionError:
        return  # nothing was sent at all
    for request in requests:
        target = urlsplit(request.target)
        assert not target.query
        place = target.path.removeprefix(ES + "/").removesuffix("/raw")
        assert target.path.startswith(ES + "/")
        assert "/" not in place
        assert unquote(place) == hostile
        assert unquote(place) not in ("", ".", "..")
