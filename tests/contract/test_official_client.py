"""The official SDK as a stranger: it reads and acts on the simulator, and its types find what they expect."""

import base64
from collections.abc import Iterator

import cloudflare
import pytest
from cloudflare import Cloudflare

from tui_app.simulator.server import Simulator


@pytest.fixture
def stranger(simulator: Simulator) -> Iterator[Cloudflare]:
    with Cloudflare(api_token=simulator.authenticator.token, base_url=simulator.base_url, max_retries=0) as client:
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
    # Newsletters and the like, and what two release jobs have not come to.
    assert len(page.result) == 143 + 64 + 450
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


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_it_moves_and_reclassifies(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id, mails = simulator.account.account_id, simulator.account.campaign[:2]
    investigate = stranger.email_security.investigate
    ids = [mail.investigate_id for mail in mails]
    moved = investigate.move.bulk(account_id=account_id, destination="DeletedItems", ids=ids)
    assert [item.success for item in moved.result] == [True, True]
    assert [item.message_id for item in moved.result] == [mail.header_id for mail in mails]
    one = investigate.move.create(ids[0], account_id=account_id, destination="Inbox")
    assert one.result[0].completed_at is not None
    investigate.reclassify.create(ids[0], account_id=account_id, expected_disposition="NONE")
    with pytest.raises(cloudflare.BadRequestError):
        investigate.reclassify.create(ids[0], account_id=account_id, expected_disposition="FINE")  # type: ignore[arg-type]
    changed = investigate.get(ids[0], account_id=account_id)
    assert changed is not None
    assert changed.post_delivery_operations == ["MOVE", "MOVE", "MOVE", "SUBMISSION"], (
        "the running job has moved it, too"
    )


def test_it_reads_a_mail_in_all_its_parts(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id, mail = simulator.account.account_id, simulator.account.held[0]
    clean = next(mail for mail in simulator.account.campaign if not mail.is_detection)
    investigate = stranger.email_security.investigate
    picture = investigate.preview.get(mail.investigate_id, account_id=account_id)
    other = investigate.preview.create(account_id=account_id, id=clean.investigate_id)
    assert picture is not None
    assert other is not None
    assert base64.b64decode(picture.screenshot) == base64.b64decode(other.screenshot)
    raw = investigate.raw.get(mail.investigate_id, account_id=account_id)
    assert raw is not None
    assert f"Subject: {mail.subject}\r\n" in raw.raw
    found = investigate.detections.get(mail.investigate_id, account_id=account_id)
    assert found is not None
    assert found.threat_categories[0].name
    assert found.links[0].href.startswith("https://acme-news.example/")
    trace = investigate.trace.get(mail.investigate_id, account_id=account_id)
    assert trace is not None
    assert trace.inbound.lines is not None
    assert trace.inbound.lines[0].logged_at is not None
    with pytest.raises(cloudflare.NotFoundError):
        investigate.raw.get(clean.investigate_id, account_id=account_id)


def test_a_submission_is_asked_for_as_such(simulator: Simulator, stranger: Cloudflare) -> None:
    account_id, mail = simulator.account.account_id, simulator.account.submissions[0]
    investigate = stranger.email_security.investigate
    with pytest.raises(cloudflare.NotFoundError):
        investigate.get(mail.investigate_id, account_id=account_id)
    found = investigate.get(mail.investigate_id, account_id=account_id, submission=True)
    assert found is not None
    assert found.is_phish_submission


def test_a_token_of_the_account_is_verified_by_the_account(simulator: Simulator) -> None:
    account_id = simulator.account.account_id
    with Cloudflare(api_token=simulator.authenticator.owned_token, base_url=simulator.base_url, max_retries=0) as owned:
        verified = owned.accounts.tokens.verify(account_id=account_id)
        assert verified is not None
        assert verified.status == "active"
        with pytest.raises(cloudflare.AuthenticationError):
            owned.user.tokens.verify()
        with pytest.raises(cloudflare.BadRequestError) as caught:
            owned.accounts.list()
    assert caught.value.errors[0].code == 1001


def test_it_is_refused_as_by_the_real_thing(simulator: Simulator) -> None:
    account_id = simulator.account.account_id
    with (
        Cloudflare(api_token="wrong", base_url=simulator.base_url, max_retries=0) as client,
        pytest.raises(cloudflare.AuthenticationError) as caught,
    ):
        client.email_security.investigate.bulk.list(account_id=account_id)
    assert caught.value.errors[0].code == 1000
    with Cloudflare(api_token=simulator.authenticator.read_token, base_url=simulator.base_url, max_retries=0) as reader:
        assert reader.email_security.investigate.bulk.list(account_id=account_id).result
        with pytest.raises(cloudflare.PermissionDeniedError):
            reader.email_security.investigate.release.bulk(account_id=account_id, ids=["x"])
    key = Cloudflare(
        api_email=simulator.authenticator.email,
        api_key=simulator.authenticator.key,
        base_url=simulator.base_url,
        max_retries=0,
    )
    with key:
        assert key.email_security.investigate.bulk.list(account_id=account_id).result


def test_it_verifies_its_token_and_sees_the_account(simulator: Simulator, stranger: Cloudflare) -> None:
    verified = stranger.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"
    assert [account.id for account in stranger.accounts.list().result] == [simulator.account.account_id]
