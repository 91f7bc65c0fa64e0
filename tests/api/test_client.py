"""Every endpoint, by our client, on the simulator in both generations; and the lists under servers that count oddly."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.support.clock import HurriedClock
from tests.support.services import HELD, settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.api.diagnosis import diagnose
from tui_app.api.enums import Destination, Disposition, Operation, TokenState
from tui_app.api.errors import Invalid, NotFound, Unauthenticated, Unreadable
from tui_app.api.pagination import account_pages, job_message_pages, job_pages, search_pages
from tui_app.api.search import SearchParams
from tui_app.api.transport import Transport
from tui_app.api.write_result import Done, Refused
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.core.errors import UsageError
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(params=["new", "seed"])
def generation(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with running(Options(quota=0, messages=300, held=60, generation=request.param)) as simulator:
        yield simulator


@pytest.fixture
def gated() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=300, held=60, faults="none")) as simulator:
        yield simulator


@asynccontextmanager
async def client_of(simulator: Simulator, token: str | None = None) -> AsyncIterator[EmailSecurityClient]:
    settings = settings_for(simulator)
    if token is not None:
        settings = replace(settings, credential=TokenCredential(Secret(token, "test")))
    transport = Transport(settings, HurriedClock(), Random(1))
    try:
        yield EmailSecurityClient(transport)
    finally:
        await transport.close()


async def test_everything_there_is_to_read_of_a_mail(generation: Simulator) -> None:
    async with client_of(generation) as client:
        detection = next(mail for mail in generation.account.held if mail.disposition == "MALICIOUS")
        message = await client.get_message(detection.investigate_id)
        assert message.subject.exact == detection.subject
        detections = await client.get_detections(detection.investigate_id)
        assert detections.final_disposition is Disposition.MALICIOUS
        assert detections.threat_categories
        picture = base64.b64decode((await client.get_preview(detection.investigate_id)).screenshot.exact)
        assert picture.startswith(b"\x89PNG")
        assert detection.header_id in (await client.get_raw(detection.investigate_id)).raw.exact
        trace = await client.get_trace(detection.investigate_id)
        assert trace.inbound.lines[0].message.exact
        clean = next(mail for mail in generation.account.campaign if not mail.is_detection and not mail.quarantined)
        assert (await client.preview_delivered(clean.investigate_id)).screenshot.exact
        with pytest.raises(NotFound):
            await client.get_detections(clean.investigate_id)
        assert client.transport.drift.findings == ()


async def test_what_is_done_to_a_mail_is_in_its_action_log(generation: Simulator) -> None:
    account = generation.account
    mail = next(mail for mail in account.held if mail.disposition != "MALICIOUS")
    async with client_of(generation) as client:
        assert (await client.list_action_log(mail.investigate_id)).items == ()
        shape = "ids" if account.generation == "new" else "postfix"
        name = mail.investigate_id if shape == "ids" else mail.postfix_id
        released = await client.release_messages([name], shape)
        assert isinstance(released, Done)
        log = (await client.list_action_log(mail.investigate_id)).items
        assert {entry.operation for entry in log} <= {Operation.QUARANTINE_RELEASE, Operation.RELEASE}
        assert log[0].completed_at is not None
        moved = await client.move_messages([mail.investigate_id], Destination.JUNK)
        assert isinstance(moved, Done)
        assert {item.recipient.exact for item in moved.value if item.recipient} == set(mail.recipients)
        again = await client.move_message(mail.investigate_id, Destination.INBOX)
        assert isinstance(again, Done)
        assert isinstance(await client.reclassify_message(mail.investigate_id, Disposition.BULK), Done)
        assert client.transport.drift.findings == ()
    assert [entry["action"] for entry in account.truth.entries] == ["release", "move", "move", "reclassify"]


async def test_what_can_not_be_asked_is_not_sent(simulator: Simulator) -> None:
    async with client_of(simulator) as client:
        with pytest.raises(UsageError):
            await client.reclassify_message("x", Disposition.ENCRYPTED)
        with pytest.raises(UsageError):
            await client.move_messages(["x"] * 1001, Destination.INBOX)
        with pytest.raises(UsageError):
            await client.get_job("../../user")
        assert isinstance(await client.move_message("nobody", Destination.INBOX), Refused)
    assert simulator.account.truth.of("move") == []


async def test_phish_submissions_are_found_in_their_own_store(simulator: Simulator) -> None:
    submission = next(iter(simulator.account.submissions))
    async with client_of(simulator) as client:
        with pytest.raises(NotFound):
            await client.get_message(submission.investigate_id)
        assert (await client.get_message(submission.investigate_id, submission=True)).is_phish_submission


async def test_a_token_of_a_user_and_one_of_the_account(simulator: Simulator) -> None:
    async with client_of(simulator) as client:
        assert (await client.verify_token()).status is TokenState.ACTIVE
        accounts = [account async for page in account_pages(client) for account in page]
        assert [account.id.exact for account in accounts] == [simulator.account.account_id]
    async with client_of(simulator, simulator.authenticator.owned_token) as client:
        assert (await client.verify_token()).status is TokenState.ACTIVE
        with pytest.raises(Invalid) as caught:
            await client.list_accounts()
        assert 1001 in caught.value.codes
        assert "valid" in await diagnose(client, Unauthenticated("x", request="GET x", status=403))
    async with client_of(simulator, "wrong") as client:
        with pytest.raises(Unauthenticated):
            await client.verify_token()


async def test_rows_that_move_between_pages_come_once_and_are_told(gated: Simulator) -> None:
    job_id = next(iter(gated.account.jobs))
    async with client_of(gated) as client:
        still = job_message_pages(client, job_id, per_page=50)
        expected = [row.id async for page in still for row in page]
        assert not still.shifted
        gated.set_faults("page_shift")
        moving = job_message_pages(client, job_id, per_page=50)
        found = [row.id async for page in moving for row in page]
        assert moving.shifted
        assert len(found) == len(set(found))
        assert set(found) <= set(expected)
        gated.set_faults("page_shift@jobs")
        jobs = job_pages(client, per_page=5)
        assert len([job async for page in jobs for job in page]) <= 12
        assert jobs.shifted


@pytest.mark.parametrize("fault", ["past_end_400", "null_lists@accounts"])
async def test_lists_whose_length_is_a_multiple_of_the_page_end(gated: Simulator, fault: str) -> None:
    gated.set_faults(fault)
    async with client_of(gated) as client:
        jobs = job_pages(client, per_page=4)
        assert len([job async for page in jobs for job in page]) == 12
        assert jobs.complete
        assert not jobs.shifted


@pytest.mark.parametrize("cap", [7, 50, 300])
async def test_lists_of_a_server_that_caps_its_pages_are_whole_by_their_counters(gated: Simulator, cap: int) -> None:
    gated.set_faults(f"capped_pages={cap}@job_messages,capped_pages={cap}@search")
    async with client_of(gated) as client:
        job = max([job async for page in job_pages(client) for job in page], key=lambda job: job.counted(None))
        rows = job_message_pages(client, job.id, expected=job.counted(None))
        assert len({row.id async for page in rows for row in page}) == job.counted(None) > 300
        mail = search_pages(client, replace(HELD, sender=None))
        held = gated.account.search({"delivery_status": "quarantined", "detections_only": False})
        assert len({one.id async for page in mail for one in page}) == len(held) > 300


async def test_a_server_that_ignores_page_ends_after_the_second(gated: Simulator) -> None:
    gated.set_faults("ignored_page")
    async with client_of(gated) as client:
        jobs = job_pages(client, per_page=4)
        assert len([job async for page in jobs for job in page]) == 4
        assert not jobs.shifted
    assert len(gated.wire()) == 2


async def test_a_cursor_that_is_ignored_is_a_circle_and_told(gated: Simulator) -> None:
    gated.set_faults("ignored_page@search")
    async with client_of(gated) as client:
        pages = search_pages(client, HELD, per_page=10)
        found = [mail.id for page in [page async for page in pages] for mail in page]
    assert len(set(found)) == len(found) > 0
    assert (pages.complete, pages.maybe_more) == (True, True)
    assert len(gated.wire()) <= 3


@pytest.mark.parametrize("polls", [1, 2, 12])
async def test_a_slow_search_is_polled_until_it_is_ready(gated: Simulator, polls: int) -> None:
    gated.set_faults(f"slow_search={polls}")
    async with client_of(gated) as client:
        found = [mail async for page in search_pages(client, HELD, per_page=30) for mail in page]
    newsletters = [mail for mail in gated.account.held if mail.sender.endswith("acme-news.example")]
    assert sorted(mail.id.exact for mail in found) == sorted(mail.investigate_id for mail in newsletters)
    assert len(gated.wire()) == 2 * (1 + polls)


async def test_a_search_that_is_never_ready_is_given_up(gated: Simulator) -> None:
    gated.set_faults("slow_search=1000")
    async with client_of(gated) as client:
        with pytest.raises(Unreadable, match="not ready after 30"):
            await client.search_messages(HELD)
    assert len(gated.wire()) == 31


async def test_a_search_that_is_elsewhere_is_not_followed(gated: Simulator) -> None:
    gated.set_faults("slow_search_elsewhere")
    async with client_of(gated) as client:
        with pytest.raises(Unreadable, match="makes no sense"):
            await client.search_messages(HELD)
    assert len(gated.wire()) == 1


async def test_what_a_server_adds_and_takes_away_is_noticed_and_harms_nothing(gated: Simulator) -> None:
    gated.set_faults("extra_fields@jobs,unknown_enum@job_messages,deprecation_headers@search")
    job_id = next(iter(gated.account.jobs))
    now = gated.account.clock()
    async with client_of(gated) as client:
        assert len((await client.list_jobs()).items) == 12
        rows = (await client.list_job_messages(job_id)).items
        assert all(str(row.status) for row in rows)
        await client.search_messages(SearchParams(start=now - timedelta(days=1), end=now))
        kinds = {finding.kind for finding in client.transport.drift.findings}
        assert kinds == {"field", "value", "header"}
