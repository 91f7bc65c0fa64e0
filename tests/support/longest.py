"""A simulated account that stands still, with the longest texts and counters that the API can send."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_app.simulator.jobs import DONE, Ending, JobRow, Pace, SimulatedJob
from tui_app.simulator.mail import Mail, queue_id
from tui_app.simulator.server import Options, Simulator, running

LONG: Final = 1000
"""Characters of a subject, a comment, a reason."""
MANY: Final = 10_000
"""Recipients of the first message."""
_DOMAIN: Final = ".".join(("newsletter-" * 6)[:60] for _ in range(3)) + ".acme-news.example"
_LOCAL: Final = ("department-of-internal-communication." * 2)[:64].rstrip(".")
ADDRESS: Final = f"{_LOCAL}@{_DOMAIN}"
"""As long as an address may be: 64 characters, and a domain of more than 200."""


def _of(text: str) -> str:
    return (text * (LONG // len(text) + 1))[:LONG]


TEXTS: Final = (
    _of("Quarterly statement of account, please read before Friday. "),
    _of("ThisSubjectHasNoPlaceWhereItCouldBeBroken"),
    _of("請求書のご確認をお願いいたします。"),
    _of("فاتورة رقم ٤٧١١ من الشركة "),
    _of("חשבונית מספר 4711 \u202eexe.fdp\u202c "),
    _of("\x1b[31;41m\x1b]0;title\x07red\r\n\t\x9b2J "),
    _of("Z\u0338\u0325a\u0334l\u0337g\u0336o\u0335 "),
    _of("👩\u200d👩\u200d👧\u200d👦🇩🇪👍🏽 invoice "),
)
"""Words, a word, wide, from right to left twice, hostile, stacked, pictures."""
_VERDICTS: Final = ("BULK", "BULK", "SPAM", "BULK", "MALICIOUS", "SUSPICIOUS", "MALICIOUS-BEC", "SPOOF")
COUNTERS: Final[tuple[Mapping[str, int], ...]] = (
    {"total_messages_discovered": 9_999_999, "messages_pending": 0, "messages_successful": 7_654_321, "messages_failed": 1_234_567, "messages_skipped": 1_111_000, "messages_cancelled": 111},
    {"total_messages_discovered": 9_876_543, "messages_pending": 5_000_000, "messages_successful": 4_000_000, "messages_failed": 876_543, "messages_skipped": 0, "messages_cancelled": 0},
    {"total_messages_discovered": 99_999, "messages_pending": 0, "messages_successful": 54_321, "messages_failed": 34_567, "messages_skipped": 11_111, "messages_cancelled": 0},
    {"total_messages_discovered": 1_000_000, "messages_pending": 1_000_000, "messages_successful": 0, "messages_failed": 0, "messages_skipped": 0, "messages_cancelled": 0},
)  # fmt: skip
"""What the first jobs count; the others count what they did."""
_SEARCH: Final = {"sender": ADDRESS, "subject": TEXTS[0], "recipient": ADDRESS, "detections_only": False}


@dataclass
class LongAccount:
    """The account, its jobs and its held mail, in the order in which they are listed."""

    simulator: Simulator
    jobs: tuple[SimulatedJob, ...] = field(init=False)
    mails: tuple[Mail, ...] = field(init=False)

    def __post_init__(self) -> None:
        account = self.simulator.account
        now = account.clock()
        self.mails = tuple(_mail(number, now) for number in range(len(TEXTS)))
        for mail in self.mails:
            account.arrive(mail)
        self.jobs = tuple(_job(number, self.mails, now) for number in range(len(TEXTS)))
        account.jobs.clear()
        account.jobs.update({job.job_id: job for job in self.jobs})

    def counted(self, item: dict[str, Any]) -> dict[str, Any]:
        """A job with the counters that it is to tell."""
        number = next((number for number, job in enumerate(self.jobs) if job.job_id == item.get("job_id")), len(TEXTS))
        return {**item, **(COUNTERS[number] if number < len(COUNTERS) else {})}


def _mail(number: int, now: datetime) -> Mail:
    recipients = tuple(f"recipient.number{index}@acme.example" for index in range(MANY)) if not number else (ADDRESS,)
    return Mail(
        500_000 + number,
        queue_id(1, 500_000 + number),
        ADDRESS if number % 2 else "news@acme-news.example",
        TEXTS[number],
        recipients,
        TEXTS[number],
        now - timedelta(minutes=number + 1),
        _VERDICTS[number],
        reasons=(TEXTS[number], "Bulk sender", TEXTS[0]),
        quarantined=True,
        delivery_status=["quarantined"],
        envelope_from=f"bounce@mailer.{_DOMAIN}" if number % 3 else None,
        reply_to=f"reply@{_DOMAIN}" if number % 3 else None,
    )


def _job(number: int, mails: tuple[Mail, ...], now: datetime) -> SimulatedJob:
    runs = number in (1, 3)
    return SimulatedJob(
        number=700 + number,
        seed=1,
        action="RELEASE" if number % 4 == 2 else "MOVE",
        destination=None if number % 4 == 2 else "RecoverableItemsDeletions",
        search_params=_SEARCH,
        created_at=now - timedelta(hours=number + 2),
        pace=Pace(1.0, 1.0, 0.001) if runs else Pace(1.0, 1.0, 1e6),
        size=len(mails),
        target=lambda index: JobRow(mails[index], mails[index].recipients[0]),
        ending=lambda index: (
            Ending("FAILED", TEXTS[index], 999, retry_in=None if index % 2 else 864_000.0) if not number else DONE
        ),
        comment=TEXTS[number],
    )


class _LongCounters:
    """Stands between the simulated account and its socket: a job of millions of rows need not have them."""

    def __init__(self, app: ASGIApp, account: LongAccount) -> None:
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun: dict[str, Any] = {}
        body = b""

        async def keep(message: Message) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start":
                begun = dict(message)
            else:
                body += message.get("body", b"")

        await self._app(scope, receive, keep)
        if "/bulk" in scope["path"] and not scope["path"].endswith("/messages"):
            answer = json.loads(body)
            result = answer.get("result")
            if isinstance(result, list):
                answer["result"] = [self._account.counted(item) for item in result]
            elif isinstance(result, dict):
                answer["result"] = self._account.counted(result)
            body = json.dumps(answer).encode()
        kept = [(name, value) for name, value in begun.get("headers", ()) if name != b"content-length"]
        await send({**begun, "headers": [*kept, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def long_account(clock: Callable[[], datetime]) -> Iterator[LongAccount]:
    """The account, served on loopback."""
    with running(Options(quota=0, messages=0, held=0, faults="none"), clock=clock) as simulator:
        account = LongAccount(simulator)
        simulator.api.app.add_middleware(_LongCounters, account=account)
        yield account
