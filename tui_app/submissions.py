"""Reporting the mail of a plan to the service: looked up, put on record batch by batch, sent, and read back where nothing answered."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.write_result import Done, WriteResult
from tui_app.core.errors import GuardError
from tui_app.core.text import plural, sanitize
from tui_app.jobs.job_write import answer_facts
from tui_app.plans.mail_report import Acceptance, MailAnswer, MailReport, describe_acceptances, report_facts
from tui_app.plans.records import timestamp
from tui_app.plans.request import PlanRequest
from tui_app.plans.submission import choose, done_by, knows_enough, type_for, why_not, without

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.enums import Disposition
    from tui_app.api.submission import SubmissionItem, SubmittedMail
    from tui_app.config.settings import Settings
    from tui_app.job_writes import JobWrites
    from tui_app.jobs.commands import Answered
    from tui_app.plans.journal import Record
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.plan import Target
    from tui_app.plans.service import PlanService
    from tui_app.plans.submission import ToSubmit

_LONGEST: Final = 2_000
"""Characters of what the server said that are kept."""
_LONGEST_SAID: Final = 400
_READ_ONLY: Final = "This profile is read-only; nothing was sent."


@dataclass(frozen=True, slots=True)
class ReportWrite:
    """One batch, as it is put on record."""

    write_id: str
    report: MailReport
    reason: str

    def record(self) -> Record:
        """As the ledger keeps it."""
        return {
            "plan": self.write_id,
            "write": "report",
            "job": "",
            "action": "",
            "destination": "",
            "search": {},
            "reason": self.reason,
            "preview": None,
            "mark": "",
            **self.report.record(),
        }

    def answer(self, result: WriteResult[Any]) -> Record:
        """What a result tells, as the ledger keeps it."""
        also = _errors_of(result)
        mails = [_answer_of(item, also) for item in result.value] if isinstance(result, Done) else []
        return report_facts({**answer_facts(result), "job": "", "status": ""}, mails)


def _errors_of(result: WriteResult[Any]) -> str:
    """What an answer that says success calls errors all the same, in the server's words."""
    errors = result.errors if isinstance(result, Done) else ()
    return "; ".join(error.message.exact.strip() or str(error).strip() or "an error without words" for error in errors)[
        :_LONGEST
    ]


def _answer_of(item: SubmissionItem, also: str) -> MailAnswer:
    """What became of one message. `also` = errors of the whole answer: then nothing in it is sure to be accepted."""
    name = item.id.exact[:_LONGEST] if item.id is not None else ""
    why = item.error.exact[:_LONGEST] if item.error is not None else ""
    if item.contradicts_itself:
        return MailAnswer(Acceptance.UNKNOWN, name, f"the answer says accepted and also: {why}"[:_LONGEST])
    if item.accepted and also:
        return MailAnswer(Acceptance.UNKNOWN, name, f"the answer says success and also: {also}"[:_LONGEST])
    return MailAnswer(Acceptance.ACCEPTED if item.accepted else Acceptance.NOT_ACCEPTED, name, why)


class Submissions:
    """The reports of one account."""

    def __init__(
        self,
        settings: Settings,
        random: Random,
        client: Callable[[], EmailSecurityClient],
        plans: Callable[[], PlanService],
        writes: JobWrites,
        record: Callable[[str, Sequence[str]], None],
        server_now: Callable[[], datetime | None],
    ) -> None:
        """`server_now` = None while no answer told it."""
        self._settings = settings
        self._random = random
        self._client = client
        self._plans = plans
        self._writes = writes
        self._record = record
        self._server_now = server_now

    async def prepare(self, entry: LedgerEntry, known: Mapping[str, Target] | None = None) -> ToSubmit:
        """What of a plan can be reported now; what is not `known` well enough is looked up.

        Raises GuardError with a sentence where nothing can be, UsageError for another account's, ApiError and JournalError.
        """
        entry.check_account(self._settings.identity)
        self._check_writable()
        if why := why_not(entry.state):
            raise GuardError(why)
        if entry.damaged:
            raise GuardError(f"The journal {entry.name} is damaged: {entry.damaged}. Nothing can be reported.")
        kind = type_for(entry.plan.effect)
        assert kind is not None
        # Of all plans: the same mail may be in several, and is not reported twice.
        reports = await asyncio.to_thread(self._plans().ledger.reports_of, entry.plan_id, kind.value)
        mail = {result.target.id: (known or {}).get(result.target.id, result.target) for result in done_by(entry.state)}
        if missing := [name for name, target in mail.items() if not knows_enough(target, kind)]:
            for target in await self._plans().look_up(missing, PlanRequest(entry.plan.effect)):
                mail.update((name, target) for name in target.names if name in mail and target.checked)
        asked = choose(entry.state, kind, mail, reports)
        if not asked.mails:
            raise GuardError(f"There is nothing to report. {asked.describe_left_out()}".rstrip())
        return asked

    async def send(self, entry: LedgerEntry, asked: ToSubmit, expected: Disposition) -> str:
        """Report them, a hundred a request, one at a time; what became of them, in a sentence.

        The rest is not sent after a batch that was not answered for each message, or whose answer tells errors. Raises GuardError, Locked and
        JournalError; what was sent before is on record.
        """
        entry.check_account(self._settings.identity)
        self._check_writable()
        ledger, told = self._plans().ledger, dict.fromkeys((mail.id for mail in asked.mails), Acceptance.NOT_SENT)
        name = sanitize(entry.plan_id)
        with ExitStack() as held:
            # Two consoles must not report the same: who comes second sees what the first one has put on record.
            await asyncio.to_thread(held.enter_context, ledger.account_locked(self._settings.identity))
            now = without(asked, await asyncio.to_thread(ledger.reports_of, entry.plan_id, asked.kind.value))
            if now.mails != asked.mails:
                gone = plural(len(asked.mails) - len(now.mails), "message")
                raise GuardError(f"Meanwhile {gone} of these were reported by somebody else. Nothing was sent.")
            for batch in asked.batches():
                server_now = self._server_now()
                report = MailReport(
                    entry.plan_id,
                    asked.kind.value,
                    expected.value,
                    batch,
                    timestamp(server_now) if server_now is not None else "",
                )
                write = ReportWrite(f"{self._random.getrandbits(32):08x}", report, entry.plan.reason)
                what = f"Report {plural(len(batch), 'message')} of plan {name} as {report.what}"
                result = await self._writes.run(what, write, self._sending(asked, expected, batch))
                answers = self._keep(told, write, result)
                details = [
                    f"{sanitize(mail.id)}: {answer.acceptance.value}. {sanitize(answer.why, 400)}".rstrip()
                    for mail, answer in zip(batch, answers, strict=True)
                    if answer.acceptance is not Acceptance.ACCEPTED
                ]
                sums = describe_acceptances(answer.acceptance for answer in answers)
                also = sanitize(_errors_of(result), _LONGEST_SAID)
                words = f" The answer says success and also: {also}" if also else ""
                self._record(f"{what}: {sums}.{words}", details)
                if not isinstance(result, Done):
                    return f"Reported: {describe_acceptances(told.values())}. {result.error}"
                if also or Acceptance.UNKNOWN in told.values():
                    return f"Reported: {describe_acceptances(told.values())}.{words}"
        return f"Reported: {describe_acceptances(told.values())}."

    def _sending(
        self, asked: ToSubmit, expected: Disposition, batch: tuple[SubmittedMail, ...]
    ) -> Callable[[Answered], Coroutine[Any, Any, WriteResult[tuple[SubmissionItem, ...]]]]:
        """Sends one batch."""
        return lambda _: self._client().submit_messages(asked.kind, expected, batch)

    @staticmethod
    def _keep(told: dict[str, Acceptance], write: ReportWrite, result: WriteResult[Any]) -> Sequence[MailAnswer]:
        """What became of each message of a batch, by its result."""
        facts = write.answer(result)
        usual = {"refused": Acceptance.NOT_ACCEPTED, "not sent": Acceptance.NOT_SENT}
        mails = write.report.mails
        answers = [MailAnswer.of(kept) for kept in facts["messages"]] or [
            MailAnswer(usual.get(facts["outcome"], Acceptance.UNKNOWN), why=facts["why"]) for _ in mails
        ]
        told.update((mail.id, answer.acceptance) for mail, answer in zip(mails, answers, strict=True))
        return answers

    def _check_writable(self) -> None:
        if self._settings.read_only:
            raise GuardError(_READ_ONLY)
