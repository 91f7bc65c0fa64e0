"""What is known of a message says the same wherever it is told: in its object, its detections, its text, its trace."""

import email
import email.policy
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from tests.support.wire import Wire
from tui_app.simulator.account import Account
from tui_app.simulator.content import detections, eml, trace
from tui_app.simulator.evidence import Validation
from tui_app.simulator.impostor import SENDER
from tui_app.simulator.mail import Mail, queue_id

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def made(**more: object) -> Mail:
    mail = Mail(7, queue_id(1, 7), "news@acme.example", "Acme", ("ana@acme.example",), "Digest 7", START, "SPAM")
    for name, value in more.items():
        setattr(mail, name, value)
    return mail


@pytest.fixture(scope="module")
def demo() -> Account:
    return Account(lambda: START, messages=100)


def test_a_mail_without_more_comes_from_its_own_sender_and_passes_all_checks() -> None:
    told = made().wire("new")
    assert (told["envelope_from"], told["replyto"], told["x_originating_ip"]) == ("news@acme.example", None, None)
    assert told["smtp_helo_server_ip"] == told["smtp_previous_hop_ip"] == "192.0.2.25"
    assert told["validation"] == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "comment": None}
    assert (told["delivery_mode"], told["threat_categories"]) == ("DIRECT", ["Spam"])
    assert (told["to_name"], told["envelope_to"]) == (["Ana"], ["ana@acme.example"])
    assert told["sent_date"] == "Fri, 20 Nov 2026 12:00:00 +0000"


def test_similar_mail_has_the_same_edf_hash_and_other_mail_another() -> None:
    first, similar, other = (made(subject=subject).wire("new")["edf_hash"] for subject in ("No 1", "No 2", "Nr 1"))
    assert first == similar != other


def test_the_text_the_detections_and_the_trace_agree_with_the_object() -> None:
    mail = made(
        envelope_from="bounce@mailer.example",
        reply_to="else@where.example",
        helo_ip="198.51.100.9",
        x_originating_ip="198.51.100.10",
        validation=Validation("fail", "none", "error", "why"),
        threat_categories=("Spoof",),
    )
    parsed = email.message_from_string(eml(mail), policy=email.policy.default)
    assert parsed["return-path"] == "<bounce@mailer.example>"
    assert (parsed["reply-to"], parsed["x-originating-ip"]) == ("else@where.example", "198.51.100.10")
    assert "[198.51.100.9]" in parsed["received"]
    checks = parsed["authentication-results"]
    assert all(word in checks for word in ("spf=fail", "dkim=none", "dmarc=error", "bounce@mailer.example"))
    told = detections(mail)
    assert told["validation"] == mail.wire("new")["validation"]
    assert told["sender_info"]["ip"] == "198.51.100.9"
    assert [category["name"] for category in told["threat_categories"]] == mail.wire("new")["threat_categories"]
    assert {"name": "Reply-To", "value": "else@where.example"} in told["headers"]
    line = trace(mail, [], "new", pending=False)["inbound"]["lines"][0]["message"]
    assert "from=<bounce@mailer.example>" in line
    assert "198.51.100.9" in line


def test_a_search_finds_by_the_address_of_the_server(wire: Wire) -> None:
    found = wire.get("?smtp_helo_ip=203.0.113.77").json()["result"]
    assert found
    assert {mail["from"] for mail in found} == {SENDER}


def test_the_genuine_newsletters_come_from_one_mailer_and_the_impostors_do_not(demo: Account) -> None:
    genuine = [mail for mail in demo.held if mail.sender == "news@acme-news.example"]
    assert {mail.envelope_from for mail in genuine} == {"bounce@send.mailer.example"}
    assert {(mail.helo_ip, mail.validation) for mail in genuine} == {("192.0.2.25", Validation())}
    spam = sum(mail.disposition == "SPAM" for mail in genuine)
    assert len(genuine) / 32 < spam < len(genuine) / 18
    impostors = [mail for mail in demo.held if mail.sender == SENDER]
    assert len(impostors) == 3
    for mail in impostors:
        told = mail.wire("new")
        assert (told["envelope_from"], told["replyto"]) == ("bounce@mailer.evil.example", "billing@evil.example")
        assert [told["validation"][name] for name in ("spf", "dkim", "dmarc")] == ["fail", "none", "fail"]
        assert told["smtp_helo_server_ip"] == "203.0.113.77"


def test_an_impostor_has_findings_links_and_an_attachment_that_is_in_its_text(demo: Account) -> None:
    mail = next(mail for mail in demo.held if mail.sender == SENDER)
    told = detections(mail)
    names = [finding["name"] for finding in told["findings"]]
    assert sorted(names) == ["Brand impersonation", "Invoice lure", "Newly seen sender"]
    assert all(0 < finding["score"] <= 1 for finding in told["findings"])
    assert len(told["threat_categories"]) > 1
    links = [link["href"] for link in told["links"]]
    assert len(links) == 3
    assert "https://acme-news.example@evil.example/x" in links
    assert any("//xn--" in link for link in links)
    parsed = email.message_from_string(eml(mail), policy=email.policy.default)
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    (file,) = parsed.iter_attachments()
    (attachment,) = told["attachments"]
    content = file.get_content()
    assert (file.get_filename(), len(content)) == (attachment["filename"], attachment["size"])
    assert sha256(content).hexdigest() == attachment["sha256"]
    assert all(link in parsed.get_body(("html",)).get_content() for link in links)
