"""Writes to jobs: put on record before they are sent, run to their end, and read back where nothing answered them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from tui_app.api.errors import Stopped
from tui_app.api.write_result import Ambiguous, Done, Unsent, WriteResult
from tui_app.config.settings import canonical_account
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.jobs.commands import Answered
    from tui_app.jobs.job_write import JobWrite, Kind
    from tui_app.jobs.service import JobService
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.plans.write_journal import WriteJournal

T = TypeVar("T")


class Spawn(Protocol):
    """Starts work that goes on even if its caller goes away."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The running work."""
        ...


class JobWrites:
    """The writes of one account to its jobs."""

    def __init__(
        self,
        identity: str,
        jobs: Callable[[], JobService],
        ledger: Callable[[], Ledger],
        spawn: Spawn,
        told: Callable[[str, WriteResult[Any]], None],
        record: Callable[[str, Sequence[str]], None],
    ) -> None:
        """`identity` = the account as its records name it; `told` gets what a write was, and its result."""
        self._identity = identity
        self._jobs = jobs
        self._ledger = ledger
        self._spawn = spawn
        self._told = told
        self._record = record
        self._stopped = False
        self.unsettled: dict[str, str] = {}
        """Writes that were sent and whose outcome is not in the ledger: what each was, by its id there."""
        self.on_unrecorded: Callable[[str], None] = lambda _: None
        """Is told in a sentence that the answer to a write was not put on record."""

    def stop(self) -> None:
        """Send nothing more: what is on its way ends, and is not read back."""
        self._stopped = True

    async def run(
        self, what: str, write: JobWrite, work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]]
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
                result = await self._sent(what, write.write_id, record, work)
            finally:
                record.close()
            self._told(what, result)
            return result

        return await asyncio.shield(self._spawn(recorded()))

    async def _sent(
        self,
        what: str,
        write_id: str,
        record: WriteJournal,
        work: Callable[[Answered], Coroutine[Any, Any, WriteResult[T]]],
    ) -> WriteResult[T]:
        """Send what is on record, unless it was stopped meanwhile, and put on record what became of it."""

        async def answered(answer: WriteResult[Any]) -> None:
            await self._keep_answer(what, record, answer)

        if self._stopped:
            result: WriteResult[T] = self._not_sent(what)
        else:
            self.unsettled[write_id] = what
            result = await work(answered)
        unrecorded = await self._keep_answer(what, record, result)
        if unrecorded:
            self.unsettled[write_id] = what
            self.on_unrecorded(unrecorded)
        elif not isinstance(result, Ambiguous):
            self.unsettled.pop(write_id, None)
        return result

    @staticmethod
    def _not_sent(what: str) -> Unsent:
        return Unsent(Stopped(what))

    async def _keep_answer(self, what: str, record: WriteJournal, result: WriteResult[Any]) -> str:
        """Put an answer on record; where that fails, a sentence about it."""
        from tui_app.jobs.job_write import answer_facts

        try:
            await asyncio.to_thread(record.add, answer_facts(result))
        except SluiceError as error:
            # It was sent: what is known of it is told all the same, and the ledger calls it unknown.
            unrecorded = f"{what}: its answer is not on record. {error}"
            self._record(unrecorded, ())
            return unrecorded
        return ""

    async def settle(self, entry: WriteEntry) -> WriteEntry:
        """Read back a write to a job that nothing has answered, and put on record what that shows; the write then.

        Raises ApiError, JournalError, and UsageError when it is another account's.
        """
        from tui_app.jobs.job_write import JobWrite, answer_facts
        from tui_app.jobs.new_job import CreatedJob

        if canonical_account(entry.account) != self._identity:
            raise UsageError(f"{entry.name} belongs to another account, {sanitize(entry.account)}. Nothing was asked.")
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

    async def find_open(self) -> Sequence[WriteEntry]:
        """Writes to jobs of which nobody knows what became of them; each is put in the activity list. Raises JournalError."""
        entries = await asyncio.to_thread(lambda: self._ledger().open_writes(self._identity))
        for entry in reversed(entries):
            self._record(f"{entry.title}: {entry.describe()}. H opens the ledger.", ())
        return entries
