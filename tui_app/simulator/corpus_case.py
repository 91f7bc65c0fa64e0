"""One made mail of the corpus: its raw text, and what the account says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui_app.simulator.evidence import Attachment

HOST = "corpus.example"
_DATE = "Fri, 20 Nov 2026 09:00:00 +0000"


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile or odd mail; without a subject of its own the account tells its name as the subject."""

    name: str
    raw: str
    subject: str | None = None
    sender: str = f"odd@{HOST}"
    sender_name: str = "Odd"
    recipients: tuple[str, ...] = ("ana@acme.example",)
    links: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    decoded: str | None = None
    """What its Subject header says when it is decoded; None where it is plain, or where that is not clear."""

    @property
    def header_id(self) -> str:
        """The Message-ID header."""
        return header_id(self.name)


def header_id(name: str) -> str:
    """The Message-ID of the case of that name."""
    return f"<{'-'.join(name.split())}@{HOST}>"


def lines(*parts: str) -> str:
    """Lines as mail has them, each with its end."""
    return "".join(f"{part}\r\n" for part in parts)


def message(
    name: str,
    body: str,
    content_type: str = "text/plain; charset=utf-8",
    *,
    subject: str | None = None,
    sender: str = f"Odd <odd@{HOST}>",
    to: str = "ana@acme.example",
    encoding: str | None = None,
    more: Sequence[str] = (),
) -> str:
    """The raw text of a case: ordinary headers, those of `more`, and its body."""
    head = [
        f"Received: from mx.{HOST} ([192.0.2.25]) by mx.acme.example; {_DATE}",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {name if subject is None else subject}",
        f"Date: {_DATE}",
        f"Message-ID: {header_id(name)}",
        "MIME-Version: 1.0",
        f"Content-Type: {content_type}",
    ]
    if encoding is not None:
        head.append(f"Content-Transfer-Encoding: {encoding}")
    return lines(*head, *more, "") + body
