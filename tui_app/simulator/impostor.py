"""A message that imitates a newsletter, with all that gives it away: its servers, its links, its attachment."""

import base64
from datetime import datetime
from typing import Final

from tui_app.simulator.evidence import Attachment, Evidence, Finding, Validation
from tui_app.simulator.mail import Mail

SENDER: Final = "news@acme-news.exampIe"
"""With a capital I where the genuine one has an l."""
_INVOICE: Final = b"%PDF-1.4\n% A sample of an invoice that nobody owes.\n%%EOF\n"
_LINKS: Final = (
    ("https://xn--acme-nws-g1a.example/pay", "Pay now"),
    ("https://acme-news.example@evil.example/x", "https://acme-news.example/invoice"),
    ("http://203.0.113.77/unsubscribe?u=1", "Unsubscribe"),
)
_PLAIN: Final = "\r\n".join(
    ["Dear customer,", "", "your invoice is overdue.", "", *(f"{text}: {href}" for href, text in _LINKS), ""]
)
_PARAGRAPHS: Final = "".join(f'<p><a href="{href}">{text}</a></p>\r\n' for href, text in _LINKS)
_HTML: Final = (
    "<html><head><title>Invoice</title></head><body>\r\n<h1>Acme News</h1>\r\n"
    f"<p>Dear customer, your invoice is <b>overdue</b>.</p>\r\n{_PARAGRAPHS}</body></html>\r\n"
)
_BODY: Final = "\r\n".join(
    [
        "--outer",
        'Content-Type: multipart/alternative; boundary="inner"',
        "",
        "--inner",
        "Content-Type: text/plain; charset=utf-8",
        "",
        _PLAIN,
        "--inner",
        "Content-Type: text/html; charset=utf-8",
        "",
        _HTML,
        "--inner--",
        "",
        "--outer",
        'Content-Type: application/pdf; name="invoice.pdf"',
        'Content-Disposition: attachment; filename="invoice.pdf"',
        "Content-Transfer-Encoding: base64",
        "",
        base64.b64encode(_INVOICE).decode(),
        "--outer--",
        "",
    ]
)
_EVIDENCE: Final = Evidence(
    findings=(
        Finding("Brand impersonation", "Lookalike of acme-news.example", 0.97, "from", SENDER),
        Finding("Invoice lure", "Link to a credential form", 0.88, "body", _LINKS[0][0]),
        Finding("Newly seen sender", "Sender seen first today", 0.61, "envelope_from", "mailer.evil.example"),
    ),
    links=_LINKS,
    attachments=(Attachment("invoice.pdf", len(_INVOICE), "application/pdf", _INVOICE),),
    content_type='multipart/mixed; boundary="outer"',
    body=_BODY,
)


def impostor(postfix_id: str, number: int, recipient: str, scanned_at: datetime) -> Mail:
    """A held message that seems to be from Acme News."""
    return Mail(
        number,
        postfix_id,
        SENDER,
        "Acme News",
        (recipient,),
        "Your invoice is overdue",
        scanned_at,
        "MALICIOUS",
        ("Lookalike of acme-news.example", "Link to a credential form"),
        True,
        ["quarantined"],
        envelope_from="bounce@mailer.evil.example",
        reply_to="billing@evil.example",
        helo_ip="203.0.113.77",
        x_originating_ip="203.0.113.77",
        validation=Validation("fail", "none", "fail", "203.0.113.77 is not permitted to send for mailer.evil.example"),
        threat_categories=("CredentialHarvester", "BrandImpersonation", "InvoiceFraud"),
        evidence=_EVIDENCE,
    )
