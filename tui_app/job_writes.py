"""Writes to jobs, and reports of mail: put on record before they are sent, run to their end, and read back where nothing answered them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from tui_app.api.errors import Stopped
from tui_app.api.write_result import Done, Unsent, WriteResult
from tui_app.core.errors import SluiceError

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.jobs.commands import Answered
    from tui_app.jobs.job_write import Kind
    from tui_app.jobs.service import JobService
    from tui_app.plans.journal import Record
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.plans.write_journal import WriteJournal

T = TypeVar("T")


class Spawn(Protocol):
    """Starts work that goes on even if its caller goes away."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The running work."""
        ...


class OnRecord(Protocol):
    """A write, in facts for the record."""

    @property
    def write_id(self) -> str:
        """Eight hex digits, by which it is found on record."""
        ...

    def record(self) -> Record:
        """What is about to be sent, and why."""
        ...

    def answer(self, result: WriteResult[Any]) -> Record:
        """What a result tells."""
        ...


class JobWrites:
    """The writes of one account that are no plans."""

    def __init__(
        self,
        identity: str,
        jobs: Callable[[], JobService],
        ledger: Callable[[], Ledger],
        spawn: Spawn,
        told: Callable[[str, WriteResult[Any]], None],
        record: Callable[[str, Sequence[str]], None],
        client: Callable[[], EmailSecurityClient],
    ) -> None:
        """`identity` = the account as its records name it; `told` gets what a write was, and its result."""
        self._identity = identity
        self._jobs = jobs
        self._ledger = ledger
        self._spawn = spawn
        self._told = told
        self._record = record
        self._client = client
        self._stopped = False
        self.unsettled: dict[str, str] = {}
        """Writes that were sent and whose outcome is not in the ledger: what each was, by its id there."""
        self.on_unrecorded: Callable[[str], None] = lambda _: None
        """Is told in a sentence that the answer to a write was not put on record."""

    def stop(self) -> None:
        """Send nothing more: what is on its way ends, and is not read back."""
        self._stopped = True

    async def run(
        self, what: str, write: OnRecord, work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]]
    ) -> WriteResult[T]:
        """Put a write on record, run it to its end, and put its result on record, even if the caller goes away.

        Raises SluiceError when it can't be put on record: then nothing was sent.
        """

        async def recorded() -> WriteResult[T]:
            if self._stopped:
                return self._not_sent(what)
            begin = partial(self._ledger().begin_write, is_stopped=lambda: self._stopped)
            try:
                record = await asyncio.to_thread(begin, write.record(), self._identity)
            except SluiceError as error:
                self._record(f"{what}: not sent, as it can't be put on record. {error}", ())
                raise
            try:
                result = await self._sent(what, write, record, work)
            finally:
                record.close()
            self._told(what, result)
            return result

        return await asyncio.shield(self._spawn(recorded()))

    async def _sent(
        self,
        what: str,
        write: OnRecord,
        record: WriteJournal,
        work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]],
    ) -> WriteResult[T]:
        """Send what is on record, unless it was stopped meanwhile, and put on record what became of it."""

        async def answered(answer: WriteResult[Any]) -> None:
            await self._keep_answer(what, write, record, answer)

        if self._stopped:
            result: WriteResult[T] = self._not_sent(what)
        else:
            self.unsettled[write.write_id] = what
            result = await work(answered)
        unrecorded = await self._keep_answer(what, write, record, result)
        if unrecorded:
            self.unsettled[write.write_id] = what
            self.on_unrecorded(unrecorded)
        elif write.answer(result)["outcome"] != "unknown":
            self.unsettled.pop(write.write_id, None)
        return result

    @staticmethod
    def _not_sent(what: str) -> Unsent:
        return Unsent(Stopped(what))

    async def _keep_answer(self, what: str, write: OnRecord, record: WriteJournal, result: WriteResult[Any]) -> str:
        """Put an answer on record; where that fails, a sentence about it."""
        try:
            await asyncio.to_thread(record.add, write.answer(result))
        except SluiceError as error:
            # It was sent: what is known of it is told all the same, and the ledger calls it unknown.
            unrecorded = f"{what}: its answer is not on record. {error}"
            self._record(unrecorded, ())
            return unrecorded
        return ""

    async def settle(self, entry: WriteEntry) -> WriteEntry:
        """Read back a write that nothing has answered, and put on record what that shows; the write then.

        Raises ApiError, JournalError, and UsageError when it is another account's.
        """
        from tui_app.jobs.job_write import JobWrite, answer_facts
        from tui_app.jobs.new_job import CreatedJob

        entry.check_account(self._identity)
        if entry.report is not None:
            return await self._settle_report(entry)
        asked = JobWrite(
            write_id=entry.plan_id,
            kind=cast("Kind", entry.write),
            job=entry.job,
            action=entry.action,
            destination=entry.destination,
            search=entry.search,
        )
        seen = await self._jobs().look_again(asked, mark=entry.mark)
        differs = seen.differences if isinstance(seen, CreatedJob) else ()
        became = "it was done" if seen is not None else "not seen done"
        self._record(
            f"{entry.title}, read back: {became}{', but it differs from what was asked for' if differs else ''}.",
            differs,
        )
        if seen is None:
            return entry
        return await asyncio.to_thread(self._ledger().settle_write, entry, answer_facts(Done(seen)))

    async def _settle_report(self, entry: WriteEntry) -> WriteEntry:
        """Look for a report in the action log of each message of which nobody knows whether it was accepted."""
        from tui_app.plans.submission_read_back import settled_facts

        facts, told = await settled_facts(self._client(), entry)
        self._record(f"{entry.title}, read back: {told}.", ())
        return entry if facts is None else await asyncio.to_thread(self._ledger().settle_write, entry, facts)

    async def find_open(self) -> Sequence[WriteEntry]:
        """Writes of which nobody knows what became of them; each is put in the activity list. Raises JournalError."""
        entries = await asyncio.to_thread(lambda: self._ledger().open_writes(self._identity))
        for entry in reversed(entries):
            self._record(f"{entry.title}: {entry.describe()}. ‹ledger.open› opens the ledger.", ())
        return entries
