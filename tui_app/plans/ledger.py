"""All plans and writes to jobs of this machine, and what became of them: a view over the journals, chained by first lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.config.settings import canonical_account
from tui_app.core.paths import make_private
from tui_app.core.text import sanitize
from tui_app.plans.account_lock import LockFiles
from tui_app.plans.chain import ChainCheck, CheckedJournal, check_chain, check_journals, newest
from tui_app.plans.journal import Journal, JournalContents, JournalError, NoSuchPlan, Record, line_of, parse, read
from tui_app.plans.journal_file import LARGEST_NUMBER, JournalFile, JournalFiles, JournalSizes, hash_of
from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary
from tui_app.plans.origin import Origin
from tui_app.plans.other_plans import OtherPlans
from tui_app.plans.plan import Plan
from tui_app.plans.records import plan_record
from tui_app.plans.storage import Storage
from tui_app.plans.write_entry import WriteEntry
from tui_app.plans.write_journal import WriteJournal
from tui_app.plans.write_records import write_of, write_record

_NAMED: Final = 5
"""Files that one sentence names."""
_GONE: Final = ("The journal is in the folder no more.",)
_CLOCKS_DIFFER: Final = timedelta(hours=2)
Listed = PlanSummary | WriteEntry
"""What is a line of the ledger."""


@dataclass(frozen=True)
class LedgerOverview:
    """All plans in short and all writes to jobs, the newest first, and what is in no list."""

    listed: Sequence[Listed]
    unreadable: Sequence[str]
    """A sentence for each journal that this version can't read; their ids are held back."""
    unexpected: Sequence[str]
    """Names of journals that are no files: no plan is sent while they are there."""

    @property
    def plans(self) -> Sequence[PlanSummary]:
        """The plans among them."""
        return [each for each in self.listed if isinstance(each, PlanSummary)]

    @property
    def writes(self) -> Sequence[WriteEntry]:
        """The writes to jobs among them."""
        return [each for each in self.listed if isinstance(each, WriteEntry)]


class Ledger:
    """The journals of one folder. The folder is made with the first of them; it must be ours alone."""

    def __init__(
        self, folder: Path, origin: Origin, now: Callable[[], datetime], storage: Storage | None = None
    ) -> None:
        self.folder = folder
        self.origin = origin
        self._now = now
        self._storage = storage or Storage()
        self._locks = LockFiles(folder, origin, now, self._storage)
        self._files = JournalFiles(folder)
        self.on_wait: Callable[[str], None] = lambda _: None
        """Is told in a sentence, on the thread that waits, who is writing while a journal can't be begun."""
        self._checks: tuple[Sequence[JournalFile], Sequence[CheckedJournal]] = [], []
        """What was last read, and what speaks against it."""

    # ---- reading

    def _checked(self) -> Sequence[CheckedJournal]:
        journals = self._files.read()
        known, checks = self._checks
        if journals is not known:
            checks = check_journals(journals, self.origin)
            self._checks = journals, checks
        return checks

    def unexpected_entries(self) -> list[str]:
        """Entries with the name of a journal that are not files. Nothing is sent while they are there: they may hide journals."""
        try:
            return self._files.unexpected()
        except JournalError:
            return []

    def in_full(self, plan: PlanSummary) -> LedgerEntry:
        """A plan of the list with what became of each message. Raises JournalError."""
        entry = JournalFile(self.folder / plan.file, plan).entry
        assert entry is not None
        return replace(entry, doubts=plan.doubts)

    def entries(self) -> list[LedgerEntry]:
        """All plans with what became of each message, the newest first: every journal is read. Raises JournalError."""
        return [checked.entry for checked in reversed(self._checked()) if checked.entry is not None]

    def find(self, name: str) -> LedgerEntry:
        """The plan whose id begins so, or whose journal has this file name or number.

        Raises NoSuchPlan when there is none, and JournalError when there are more than one.
        """
        try:
            found = self._find(name, [checked for checked in self._checked() if not checked.journal.of_job])
        except NoSuchPlan as none:
            try:
                found = self._find(name, self._checked())
            except JournalError:
                # Several writes to jobs, or one that can't be read, are no plan either.
                raise none from None
        if isinstance(found, WriteEntry):
            raise NoSuchPlan(
                f"{found.name} is no plan: somebody wanted to {found.what} {found.target}. See: "
                f"mailsluice ledger show {found.name}"
            )
        return found

    def find_any(self, name: str) -> LedgerEntry | WriteEntry:
        """The plan or the write to a job that goes by this name, or the one write to a job whose id begins so.

        Raises NoSuchPlan when there is none, and JournalError when there are more than one.
        """
        return self._find(name, self._checked())

    @staticmethod
    def _find(name: str, among: Sequence[CheckedJournal]) -> LedgerEntry | WriteEntry:
        fits = [(checked.journal.fits(name), checked) for checked in among]
        best = max((fit for fit, _ in fits), default=0)
        found = [checked for fit, checked in fits if fit == best > 0]
        # Of a journal and its copies the original is meant, where that can be told; a copy is asked for by its file.
        plans = {checked.journal.plan_id for checked in found}
        if len(found) > 1 and len(plans) == 1:
            found = [checked for checked in found if not checked.copy_of] or found
        if len(found) == 1:
            if (entry := found[0].write or found[0].entry) is not None:
                return entry
            journal = found[0].journal
            raise JournalError(
                journal.problem or journal.not_understood or f"{journal.name} holds no plan: nothing was sent for it."
            )
        shown = name[:12] if name.replace("-", "").isalnum() else "that"
        if not found:
            raise NoSuchPlan(f"No plan begins with {shown}; see: mailsluice ledger list")
        files = ", ".join(checked.journal.name for checked in found[:_NAMED])
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        raise JournalError(f"{len(found)} journals go by {shown}. Give the name of one: {files}{more}.")

    def overview(self) -> LedgerOverview:
        """All plans in short and all writes, and what keeps others out of the list. Journals that hold neither are left out:
        nothing was sent for them. Raises JournalError.
        """
        checks = self._checked()
        listed = [each for checked in reversed(checks) if (each := checked.plan or checked.write) is not None]
        sentences = (checked.journal.problem or checked.journal.not_understood for checked in checks)
        return LedgerOverview(listed, list(filter(None, sentences)), self.unexpected_entries())

    def unfinished(self, account: str) -> list[LedgerEntry]:
        """Plans of an account that somebody still has to do something about, the newest first."""
        return [
            checked.entry
            for checked in reversed(self._checked())
            if (plan := checked.plan) is not None and plan.unfinished and _same_account(plan.account, account)
            if checked.entry is not None
        ]

    def open_writes(self, account: str) -> list[WriteEntry]:
        """Writes to jobs of an account of which nobody knows whether they were done, the newest first. Raises JournalError."""
        return [
            write
            for checked in reversed(self._checked())
            if (write := checked.write) is not None and write.open and _same_account(write.account, account)
        ]

    def other_plans(self, account: str) -> OtherPlans:
        """What the plans of an account have sent, or may have, by now. Raises JournalError."""
        self._check_nothing_unexpected()
        return OtherPlans(self._checked(), account)

    def _check_nothing_unexpected(self) -> None:
        """Raises JournalError while something that is no file has the name of a journal: it may hide one."""
        if unexpected := self._files.unexpected():
            raise JournalError(
                f"Nothing was sent: look at {unexpected[0]} and move it away. It has the name of a journal and is "
                f"no file, in {sanitize(str(self.folder), 200)}."
            )

    def sizes(self) -> JournalSizes:
        """The journals as they are now, for `asked_since`; none where the folder can't be read."""
        try:
            return self._files.sizes()
        except JournalError:
            return {}  # whoever asks later takes all of them for new

    def asked_since(self, sizes: JournalSizes) -> dict[str, frozenset[str]]:
        """By the file of a journal, the ids that something was asked for since then. Raises JournalError."""
        asked: dict[str, frozenset[str]] = {}
        for name, size in self._files.sizes().items():
            if size != (before := sizes.get(name, 0)):
                start = before if size > before else 0
                asked[name] = _ids_asked(read(self.folder / name, start=start))
        return asked

    def following(self, kind: str, name: str) -> list[PlanSummary]:
        """The retries and undos of a job or a plan (`Source.kind`), the oldest first. Raises JournalError."""
        return [
            plan
            for checked in self._checked()
            if (plan := checked.plan) is not None and (source := plan.source) is not None
            if (source.kind, source.name) == (kind, name)
        ]

    def writes_to(self, job_id: str) -> list[WriteEntry]:
        """The writes to a job, the oldest first; copies of journals are left out. Raises JournalError."""
        return [
            write
            for checked in self._checked()
            if not checked.copy_of and (write := checked.write) is not None and write.job.lower() == job_id.lower()
        ]

    def reports_of(self, plan_id: str, also: str = "") -> list[WriteEntry]:
        """The reports of mail of a plan, the oldest first; copies of journals are left out. Raises JournalError.

        `also` = a kind of reports that is wanted of all plans.
        """
        return [
            write
            for checked in self._checked()
            if not checked.copy_of and (write := checked.write) is not None
            if write.report is not None and (write.report.plan == plan_id or write.report.kind == also)
        ]

    def reread(self, entry: LedgerEntry) -> LedgerEntry | None:
        """A plan as its journal tells of it by now; None when that can't be read."""
        try:
            return self._entry_in(entry.file)
        except JournalError:
            return None

    def _entry_in(self, file: str) -> LedgerEntry | None:
        return next((checked.entry for checked in self._checked() if checked.journal.path.name == file), None)

    def lock_holder(self, account: str) -> str:
        """Who acts on an account elsewhere; empty when nobody does. Raises JournalError when that can't be seen."""
        return self._locks.holder(account)

    def verify(self) -> ChainCheck:
        """Follow the chain through the first lines of all journals."""
        return check_chain(self._files.read(anew=True), self.origin, self._files.unexpected())

    # ---- writing

    def _make_folder(self) -> None:
        try:
            for folder in (self.folder.parent, self.folder):
                if not folder.exists():
                    make_private(folder)
                    self._storage.sync_folder(os.fspath(folder.parent))  # a journal in a folder without a name is lost
        except OSError as error:
            raise JournalError(
                f"Nothing was sent: the ledger can't be made ({error.strerror}). It is {sanitize(str(self.folder), 200)}."
            ) from None
        self._files.check()

    @contextmanager
    def account_locked(self, account: str) -> Iterator[None]:
        """Hold the lock under which plans of an account are sent. Raises Locked, naming who holds it, and JournalError."""
        self._make_folder()
        with self._locks.account(account):
            yield

    def begin(self, plan: Plan, account: str) -> tuple[Journal, str]:
        """The journal of a new plan, next in the chain, with the hash of its first line. Raises JournalError and Locked."""
        self._make_folder()
        with self._locks.chain(self.on_wait, lambda: False):
            journals = self._files.read()
            number, previous = self._next(journals)
            first = plan_record(
                plan,
                number=number,
                account=account,
                origin=self.origin,
                at=self._now(),
                version=__version__,
                previous=previous,
                folder=os.fspath(self.folder.resolve()),
                unfinished=[
                    journal.path.name
                    for journal in journals
                    if not (journal.is_over or journal.write) and journal.path.name.isascii()
                ],
            )
            path = self.folder / f"{number:06d}-{plan.plan_id}.jsonl"
            journal = Journal.create(path, first, self._storage)
            return journal, hash_of(read(path).first_line)

    def begin_write(self, facts: Record, account: str, is_stopped: Callable[[], bool] = lambda: False) -> WriteJournal:
        """The journal of a write to a job, next in the chain, with what is about to be sent. Raises JournalError and Locked.

        `facts` has plan (eight hex digits of its own), write, job, action, destination, search, reason, preview, mark. Once
        it `is_stopped` nothing is begun any more.
        """
        self._make_folder()
        with self._locks.chain(self.on_wait, is_stopped):
            self._check_nothing_unexpected()
            number, previous = self._next(self._files.read())
            first = write_record(
                facts,
                number=number,
                account=account,
                origin=self.origin,
                at=self._now(),
                version=__version__,
                previous=previous,
                folder=os.fspath(self.folder.resolve()),
            )
            try:
                # Whoever reads it must understand it: what does not is not sent.
                write_of(parse(line_of(first)).records)
            except (ValueError, TypeError):
                raise JournalError("This write can't be put on record as it is. Nothing was sent.") from None
            path = self.folder / f"{number:06d}-{facts['plan']}.jsonl"
            return WriteJournal(Journal.create(path, first, self._storage), self._now)

    @staticmethod
    def _next(journals: Sequence[JournalFile]) -> tuple[int, str]:
        """The number of the next journal, and the hash that it names. Raises JournalError."""
        if unreadable := next((journal.problem for journal in journals if journal.problem), ""):
            raise JournalError(unreadable)
        number, previous = newest(journals)
        if number >= LARGEST_NUMBER:
            raise JournalError(f"No journal can follow number {number}. Move that file away. Nothing was sent.")
        return number + 1, previous

    def settle_write(self, entry: WriteEntry, facts: Record) -> WriteEntry:
        """Add what reading back showed of a write that is open; the write then. Raises JournalError."""
        path = self.folder / entry.file
        journal, reading = Journal.reopen(path, self._storage)
        try:
            now = JournalFile.of(path, reading).write
            if now is None or not now.open:
                raise JournalError(
                    f"The write {entry.name} is {now.standing if now else 'not understood'} by now: nothing is open."
                )
            WriteJournal(journal, self._now).add(facts)
        finally:
            journal.close()
        settled = JournalFile.of(path, read(path)).write
        return entry if settled is None else replace(settled, doubts=entry.doubts)

    def resume(self, entry: LedgerEntry) -> tuple[Journal, LedgerEntry]:
        """The journal of a plan that is not over, and the plan as it stands now. Raises JournalError."""
        path = self.folder / entry.file
        journal, reading = Journal.reopen(path, self._storage)
        try:
            now = JournalFile.of(path, reading).entry
            if now is None or now.damaged:
                raise JournalError(
                    f"The journal {sanitize(path.name, 100)} can't be used: {now.damaged if now else 'it holds no plan'}."
                )
            # What speaks against it may lie in the other journals.
            known = self._entry_in(entry.file)
            doubts = known.doubts if known is not None else _GONE
        except BaseException:
            journal.close()
            raise
        return journal, replace(now, doubts=doubts)


def _same_account(one: str, other: str) -> bool:
    return canonical_account(one) == canonical_account(other)


def _ids_asked(contents: JournalContents) -> frozenset[str]:
    """What lines of a journal say is about to be asked for, and whatever a changed one names."""
    intents = (record for record in (*contents.records, *contents.later) if record["type"] == "intent")
    ids = (name for intent in intents if isinstance(intent.get("ids"), list) for name in intent["ids"])
    return contents.names.union(name for name in ids if isinstance(name, str))
