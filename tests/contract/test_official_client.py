"""The official SDK as a stranger: it reads and acts on the simulator, and its types find what they expect."""

from collections.abc import Iterator

import cloudflare
import pytest
from cloudflare import Cloudflare

from tui_app.simulator.server import Simulator


@pytest.fixture
def stranger(simulator: Simulator) -> Iterator[Cloudflare]:
    with Cloudflare(api_token=simulator.door.token, base_url=simulator.base_url, max_retries=0) as client:
        yield client


def test_it_reads_jobs_and_their_messages(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id = simulator.account.account_id
    bulk = stranger.email_security.investigate.bulk
    page = bulk.list(account_id=account_id, per_page=100)
    assert len(page.result) == 12
    job = next(job for job in page.result if job.messages_failed == 140)
    same = bulk.get(job.job_id, account_id=account_id)
    assert same is not None
    assert same.total_messages_discovered == 2400
    assert same.action_params.type == "MOVE"
    rows = bulk.messages.list(job.job_id, account_id=account_id, status="FAILED", per_page=1000)
    assert {row.status for row in rows.result} == {"FAILED"}
    assert len(rows.result) == 140
    assert rows.result[0].message is not None
    assert rows.result[0].message.client_recipients == [rows.result[0].action_params.client_recipient]


def test_it_searches_and_opens_held_mail(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id = simulator.account.account_id
    investigate = stranger.email_security.investigate
    page = investigate.list(account_id=account_id, delivery_status="quarantined", detections_only=False, per_page=1000)
    assert len(page.result) == 143
    assert all(message.is_quarantined for message in page.result)
    message = investigate.get(page.result[0].id, account_id=account_id)
    assert message is not None
    assert message.id == page.result[0].id


def test_it_creates_cancels_and_deletes_a_job(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id = simulator.account.account_id
    bulk = stranger.email_security.investigate.bulk
    job = bulk.create(
        account_id=account_id,
        action="MOVE",
        destination="JunkEmail",
        search_params={"sender": "evil.example"},
        comment="from a stranger",
    )
    assert job is not None
    assert job.status == "PENDING"
    cancelled = bulk.cancel.create(job.job_id, account_id=account_id)
    assert cancelled is not None
    assert cancelled.status == "CANCELLED"
    deleted = bulk.delete(job.job_id, account_id=account_id)
    assert deleted is not None
    assert deleted.id == job.job_id
    with pytest.raises(cloudflare.NotFoundError):
        bulk.get(job.job_id, account_id=account_id)


def test_it_releases(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id = simulator.account.account_id
    ids = [mail.investigate_id for mail in simulator.account.held[:2]]
    page = stranger.email_security.investigate.release.bulk(account_id=account_id, ids=ids)
    assert [item.id for item in page.result] == ids
    assert page.result[0].delivered


def test_it_is_refused_as_by_the_real_thing(simulator: Simulator) -> None:
    account_id = simulator.account.account_id
    with (
        Cloudflare(api_token="wrong", base_url=simulator.base_url, max_retries=0) as client,
        pytest.raises(cloudflare.AuthenticationError) as caught,
    ):
        client.email_security.investigate.bulk.list(account_id=account_id)
    assert caught.value.errors[0].code == 1000
    with Cloudflare(api_token=simulator.door.read_token, base_url=simulator.base_url, max_retries=0) as reader:
        assert reader.email_security.investigate.bulk.list(account_id=account_id).result
        with pytest.raises(cloudflare.PermissionDeniedError):
            reader.email_security.investigate.release.bulk(account_id=account_id, ids=["x"])
    key = Cloudflare(
        api_email=simulator.door.email, api_key=simulator.door.key, base_url=simulator.base_url, max_retries=0
    )
    with key:
        assert key.email_security.investigate.bulk.list(account_id=account_id).result


def test_it_verifies_its_token_and_sees_the_account(simulator: Simulator, stranger: Cloudflare) -> None:
    verified = stranger.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"
    assert [account.id for account in stranger.accounts.list().result] == [simulator.account.account_id]
