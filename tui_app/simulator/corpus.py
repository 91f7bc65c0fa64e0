"""The corpus: 60 made mails that are hostile or odd, each with a name and its own raw text, held by the account."""

from datetime import datetime, timedelta
from functools import cache
from typing import Final

from tui_app.simulator.corpus_bodies import body_cases
from tui_app.simulator.corpus_case import Case
from tui_app.simulator.corpus_charsets import charset_cases
from tui_app.simulator.corpus_headers import header_cases
from tui_app.simulator.corpus_html import html_cases
from tui_app.simulator.corpus_mime import file_cases, mime_cases
from tui_app.simulator.evidence import Evidence
from tui_app.simulator.mail import Mail, queue_id

_FIRST: Final = 600_001
_VERDICTS: Final = ("SPAM", "MALICIOUS", "SUSPICIOUS", "BULK", "SPOOF")


@cache
def corpus_cases() -> tuple[Case, ...]:
    """All cases, always in the same order."""
    makers = (mime_cases, file_cases, charset_cases, header_cases, html_cases, body_cases)
    return tuple(case for make in makers for case in make())


def corpus_raw(number: int) -> str:
    """The raw text of the case of that number, from 0."""
    return corpus_cases()[number].raw


def corpus_mails(seed: int, start: datetime) -> list[Mail]:
    """A held message for each case, in their order; the newest is 40 hours old."""
    return [_mail(seed, start, index, case) for index, case in enumerate(corpus_cases())]


def _mail(seed: int, start: datetime, index: int, case: Case) -> Mail:
    mail = Mail(
        _FIRST + index,
        queue_id(seed, _FIRST + index),
        case.sender,
        case.sender_name,
        case.recipients,
        case.name if case.subject is None else case.subject,
        start - timedelta(hours=40, minutes=index),
        _VERDICTS[index % len(_VERDICTS)],
        ("Odd form",),
        True,
        ["quarantined"],
        evidence=Evidence(links=case.links, attachments=case.attachments, raw=case.raw),
    )
    mail.header_id = case.header_id
    return mail
