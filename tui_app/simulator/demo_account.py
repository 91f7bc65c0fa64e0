"""The data of the demo account: twelve jobs in all states, held newsletters, three phish, hostile subjects."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tui_app.simulator.demo_data import (
    DEFAULT_MESSAGES,
    HELD_NEWSLETTERS,
    HOSTILE_SUBJECTS,
    MAILER,
    SCRIPTS,
    SEARCHABLE,
    person,
)
from tui_app.simulator.impostor import impostor
from tui_app.simulator.jobs import Ending, JobRow, Pace, SimulatedJob, by_chance, by_count
from tui_app.simulator.mail import Mail, queue_id, stable_hash, stamp
from tui_app.simulator.obstacles import NO_MAILBOX, TAKEN_BY_USER, THROTTLED

ROW_STEP: Final = timedelta(seconds=1)
"""How much older the message of a row is than that of the row before."""
_FIRST_OF_CAMPAIGN: Final = 1_000_000
_CAMPAIGN_STEP: Final = timedelta(milliseconds=150)
_SPREAD: Final = timedelta(minutes=9)


def first_number(job: int) -> int:
    """The number of the message of a job's first row; the others follow."""
    return 10_000_000 * job if job > 1 else _FIRST_OF_CAMPAIGN


class DemoAccount:
    """Makes the messages and jobs of the demo account; the same seed and start give the same account.

    `retry_in`: so long after the start all rows of the job with 140 failures may be tried again; else that is past.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        *,
        messages: int = DEFAULT_MESSAGES,
        speed: float = 1.0,
        retry_in: timedelta | None = None,
    ) -> None:
        self.seed = seed
        self.start = start
        self.messages = messages
        self.speed = speed
        self.retry_in = retry_in
        self._number = 0
        self._campaign_began = start - timedelta(minutes=75)

    def _mail(
        self,
        sender: str,
        name: str,
        to: tuple[str, ...],
        subject: str,
        age: timedelta,
        *,
        number: int,
        held: bool = False,
        disposition: str = "NONE",
        reasons: tuple[str, ...] = (),
        envelope_from: str | None = None,
    ) -> Mail:
        return Mail(
            number=number,
            postfix_id=queue_id(self.seed, number),
            sender=sender,
            sender_name=name,
            recipients=to,
            subject=subject,
            scanned_at=self.start - age,
            disposition=disposition,
            reasons=reasons,
            quarantined=held,
            delivery_status=["quarantined"] if held else ["delivered"],
            envelope_from=envelope_from,
        )

    def held(self, newsletters: int = HELD_NEWSLETTERS) -> list[Mail]:
        """All held messages: newsletters and three that imitate them, phish in many scripts, hostile subjects."""
        mails: list[Mail] = []
        for index in range(newsletters):
            drawn = stable_hash(self.seed, index, 11)
            readers = 1 if drawn % 30 else 3
            to = tuple(dict.fromkeys(person(drawn // 64 % 2600 + step * 7) for step in range(readers)))
            age = timedelta(hours=2, seconds=index * 97)
            if index in (5, newsletters // 2, newsletters - 7) and newsletters > 20:
                mails.append(impostor(queue_id(self.seed, 1 + index), 1 + index, to[0], self.start - age))
                continue
            bulk = drawn % 24 != 0
            mails.append(
                self._mail(
                    "news@acme-news.example",
                    "Acme News",
                    to,
                    f"Weekly digest {46 - index // 400}",
                    age,
                    number=1 + index,
                    held=True,
                    disposition="BULK" if bulk else "SPAM",
                    reasons=("Bulk sender",) if bulk else ("Bulk sender", "Spam score"),
                    envelope_from=MAILER,
                )
            )
        verdicts = ("SPAM", "SUSPICIOUS", "MALICIOUS", "SPOOF", "MALICIOUS-BEC")
        for index, subject in enumerate((*SCRIPTS, *HOSTILE_SUBJECTS)):
            number = 200_001 + index
            mails.append(
                self._mail(
                    f"billing{index}@evil.example",
                    "Accounts payable",
                    (person(index * 5),),
                    subject,
                    timedelta(hours=30, minutes=index * 11),
                    number=number,
                    held=True,
                    disposition=verdicts[index % 5],
                    reasons=("Sender seen first today",),
                )
            )
        return mails

    def submissions(self) -> list[Mail]:
        """Messages that users reported as phish; only a search for submissions finds them."""
        mails = [
            self._mail(
                person(index),
                "Reported by a person",
                ("phish@acme.example",),
                f"Fwd: is this real? {index + 1}",
                timedelta(hours=3 * index + 1),
                number=300_001 + index,
                disposition="MALICIOUS" if index % 2 else "NONE",
                reasons=("Reported by a person",),
            )
            for index in range(5)
        ]
        for mail in mails:
            mail.phish_submission = True
        return mails

    def campaign(self) -> list[Mail]:
        """Delivered messages of one sender, which the running job moves; at most 5,000 of them can be searched."""
        return [self._campaign_mail(index) for index in range(min(self.messages, SEARCHABLE))]

    def _campaign_mail(self, index: int) -> Mail:
        number = _FIRST_OF_CAMPAIGN + index
        return Mail(
            number,
            queue_id(self.seed, number),
            "billing@evil.example",
            "Billing",
            (person(index),),
            f"Invoice {4711 + index % 40}",
            self._campaign_began - index * _CAMPAIGN_STEP,
            "MALICIOUS" if index % 7 else "NONE",
        )

    def _running_for(self, seconds: float) -> timedelta:
        """How long ago a job began that has come as far as one of normal speed in so many seconds; a fast one gets further."""
        return timedelta(seconds=seconds / min(self.speed, 1.0))

    def _job(
        self,
        action: str,
        destination: str | None,
        size: int,
        age: timedelta,
        *,
        comment: str,
        sender: str,
        subject: str = "",
        endings: Sequence[tuple[float, Ending]] = (),
        counted: Sequence[tuple[int, Ending]] = (),
        pace: Pace | None = None,
        breaks_after: int | None = None,
        break_message: str | None = None,
        cancelled_after: float | None = None,
        mails: Sequence[Mail] | None = None,
        names: int = 2600,
        spreads: bool = False,
        older: timedelta = timedelta(),
    ) -> SimulatedJob:
        self._number += 1
        number = self._number
        created = self.start - age
        pace = pace or Pace(rate=40.0)
        if self.speed != 1.0:
            pace = Pace(pace.queued / self.speed, pace.discovering / self.speed, pace.rate * self.speed)

        name, held, verdict = (
            sender.partition("@")[0].title(),
            action == "RELEASE",
            "NONE" if action == "MOVE" else "BULK",
        )
        newest = created - older - timedelta(minutes=90)
        first = first_number(number)

        def target(index: int) -> JobRow:
            # A page has a thousand of them: it must be fast.
            if mails is not None:
                mail = mails[index] if index < len(mails) else self._campaign_mail(index)
                return JobRow(mail, mail.recipients[0])
            to = person(stable_hash(self.seed, number, index, 3) % names)
            mail = Mail(
                first + index,
                queue_id(self.seed, first + index),
                sender,
                name,
                (to,),
                f"{subject} {index % 90 + 1}",
                newest - index * ROW_STEP,
                verdict,
                (),
                held,
                ["quarantined" if held else "delivered"],
            )
            if destination == "Inbox":
                # Something is moved back from where a rule of the mailboxes had put it.
                mail.placed[to] = "JunkEmail"
            return JobRow(mail, to)

        ending = by_count(self.seed, number, size, counted) if counted else by_chance(self.seed, number, endings)
        if spreads:
            ending = self._spread(ending, created, pace, number)
        params: dict[str, object] = {
            "start": stamp(created - older - timedelta(hours=6)),
            "end": stamp(created),
            "sender": sender,
            "detections_only": False,
        }
        if action == "RELEASE":
            params["delivery_status"] = "quarantined"
        return SimulatedJob(
            number=number,
            seed=self.seed,
            action=action,
            destination=destination,
            search_params=params,
            created_at=created,
            pace=pace,
            size=size,
            target=target,
            comment=comment,
            breaks_after=breaks_after,
            break_message=break_message,
            cancelled_at=created + self._running_for(cancelled_after) if cancelled_after is not None else None,
            ending=ending,
        )

    def _spread(
        self, ending: Callable[[int], Ending], created: datetime, pace: Pace, number: int
    ) -> Callable[[int], Ending]:
        """The same endings with retry times some minutes apart, before `retry_in` if that was given."""
        spread = _SPREAD if self.retry_in is None else min(_SPREAD, self.retry_in / 2)

        def choose(index: int) -> Ending:
            known = ending(index)
            if known.retry_in is None:
                return known
            earlier = spread.total_seconds() * (stable_hash(self.seed, number, index, 7) % 1000) / 1000
            if self.retry_in is None:
                return replace(known, retry_in=known.retry_in - earlier)
            ended = created + timedelta(seconds=pace.queued + pace.discovering + (index + 1) / pace.rate)
            wait = (self.start + self.retry_in - ended).total_seconds() - 2.0 * known.tries
            return replace(known, retry_in=wait - earlier)

        return choose

    def jobs(self, campaign: Sequence[Mail]) -> list[SimulatedJob]:
        """The twelve jobs."""
        gone = Ending("FAILED", TAKEN_BY_USER, 1)
        no_box = Ending("FAILED", NO_MAILBOX, 3)
        throttled = Ending("FAILED", THROTTLED, 3, retry_in=5400.0)
        again = replace(throttled, fails_again=True)
        phish = Ending("SKIPPED", "Phish submission, not actionable")
        refused = Ending("FAILED", NO_MAILBOX)
        hour, minute = timedelta(hours=1), timedelta(minutes=1)
        rate = max(41.0, self.messages / 240)
        return [
            self._job(
                "MOVE",
                "JunkEmail",
                self.messages,
                self._running_for(6 + 0.3 * self.messages / rate),
                comment="INC-4711 wave 2",
                sender="billing@evil.example",
                mails=campaign,
                pace=Pace(2.0, 4.0, rate),
                endings=((0.0015, no_box), (0.001, throttled), (0.004, phish)),
            ),
            self._job(
                "MOVE",
                "RecoverableItemsDeletions",
                1204,
                self._running_for(30),
                comment="INC-4713 payroll lure",
                sender="payroll@acme-hr.example",
                subject="Payroll update",
                pace=Pace(5.0, 240.0, 30.0),
            ),
            self._job(
                "RELEASE",
                None,
                64,
                self._running_for(20),
                comment="INC-4802 partner newsletter, queued",
                sender="hello@partner.example",
                subject="Partner notes",
                pace=Pace(600.0, 5.0, 8.0),
                # Found a week later: what is held today stays what it is.
                older=timedelta(days=8),
            ),
            self._job(
                "RELEASE",
                None,
                310,
                2 * hour,
                comment="INC-4790 vendor statements were held by mistake",
                sender="statements@vendor.example",
                subject="Statement",
            ),
            self._job(
                "MOVE",
                "DeletedItems",
                3000,
                5 * hour,
                comment="INC-4705 gift card campaign",
                sender="ceo@acme-example.example",
                subject="Quick favour",
                endings=((0.009, gone), (0.005, no_box)),
            ),
            self._job(
                "MOVE",
                "JunkEmail",
                2400,
                7 * hour,
                comment="INC-4699 delivery notice, 140 to retry",
                sender="parcel@post-track.example",
                subject="Parcel",
                counted=((2, again), (94, throttled), (31, no_box), (13, gone)),
                spreads=True,
            ),
            self._job(
                "MOVE",
                "RecoverableItemsPurges",
                968,
                timedelta(days=1, hours=2),
                comment="INC-4681 malware attachment",
                sender="scan@copier.example",
                subject="Scan",
                breaks_after=300,
                counted=((640, refused),),
                break_message="The mailbox integration lost its authorisation; reconnect Microsoft 365",
            ),
            self._job(
                "MOVE",
                "Inbox",
                1920,
                timedelta(days=3),
                comment="INC-4640 wrong rule, moving back; stopped by Lena",
                sender="invoices@supplier.example",
                subject="Order",
                cancelled_after=6 + 1000 / 40,
            ),
            self._job(
                "MOVE",
                "JunkEmail",
                17,
                timedelta(days=3, hours=4),
                comment="[@click=app.quit]INC-4633[/] \x1b[31mred",
                sender="billing@evil.example",
                subject="[/x] Overdue \x1b[2J",
            ),
            self._job(
                "RELEASE",
                None,
                1,
                timedelta(days=6),
                comment="single message for the CFO",
                sender="bank@trusted.example",
                subject="Confirmation",
            ),
            self._job(
                "MOVE", "DeletedItems", 0, timedelta(days=9), comment="nothing matched", sender="nobody@none.example"
            ),
            self._job(
                "RELEASE",
                None,
                450,
                timedelta(days=12),
                comment="INC-4555 stopped before discovery ended",
                sender="events@fair.example",
                subject="Invitation",
                cancelled_after=3.0,
                pace=Pace(1.0, 10 * minute.total_seconds(), 10.0),
            ),
        ]
