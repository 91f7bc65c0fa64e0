"""All plans and what became of them on this machine: a view over the journals, chained by their first lines."""

from __future__ import annotations

import getpass
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.config.settings import canonical_account
from tui_app.core.paths import is_private
from tui_app.core.text import plural, sanitize
from tui_app.plans.account_lock import LockFiles
from tui_app.plans.chain import ChainCheck, check_chain, hash_of
from tui_app.plans.guard import UNSEEN, OpenElsewhere
from tui_app.plans.journal import Journal, JournalContents, JournalError, read
from tui_app.plans.plan import FORMAT, Plan
from tui_app.plans.records import LedgerEntry, Origin, entry_of, intended, named_ids, plan_record
from tui_app.plans.state import OPEN, Outcome
from tui_app.plans.storage import Storage

_NAME: Final = re.compile(r"(\d{6})-([0-9a-f]{8})\.jsonl")
_CLOCKS_DIFFER: Final = timedelta(hours=2)


def origin_of(environment: Mapping[str, str]) -> Origin:
    """Who is at the keyboard, as far as this machine can tell."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    client = environment.get("SSH_CONNECTION", "").split(" ")[0]
    try:
        client = str(ipaddress.ip_address(client))
    except ValueError:
        client = ""
    sudo = environment.get("SUDO_USER", "")
    return Origin(user, socket.gethostname(), sudo if re.fullmatch(r"[\w.-]{1,64}", sudo) else "", client)


class Ledger:
    """The journals of one folder. The folder is made when the first plan is; it must be ours alone."""

    def __init__(
        self, folder: Path, origin: Origin, now: Callable[[], datetime], storage: Storage | None = None
    ) -> None:
        self.folder = folder
        self.origin = origin
        self._now = now
        self._storage = storage or Storage()
        self._locks = LockFiles(folder, origin, now, self._storage)

    # ---- reading

    def _files(self) -> list[tuple[int, Path]]:
        try:
            for folder in (self.folder.parent, self.folder):
                if not is_private(folder):
                    raise JournalError(
                        f"{folder} must be your own folder, closed to all others; run: chmod 700 {folder}"
                    )
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(f"The ledger {self.folder} can't be read: {error.strerror}.") from None
        found = [(int(match[1]), self.folder / name) for name in names if (match := _NAME.fullmatch(name))]
        return [(number, path) for number, path in found if not _is_not_a_file(path)]

    def unexpected_entries(self) -> list[str]:
        """Entries with the name of a journal that are not files. Nothing is sent while they are there: they may hide journals."""
        try:
            return sorted(
                path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name) and _is_not_a_file(path)
            )
        except OSError:
            return []

    def entries(self) -> list[LedgerEntry]:
        """All plans, the newest first. Journals that hold no plan are left out: nothing was sent for them.

        What can't be read is left out too; `verify` names it, and nothing is sent before it can.
        """
        found = []
        for _, path in reversed(self._files()):
            with suppress(JournalError):
                entry = self._entry(path, read(path))
                if entry is not None:
                    found.append(entry)
        return found

    @staticmethod
    def _entry(path: Path, reading: JournalContents) -> LedgerEntry | None:
        if not reading.records:
            return None
        damage = f"line {reading.damaged_at} was changed" if reading.damaged_at else ""
        try:
            return entry_of(reading.records, file=path.name, head=hash_of(reading.first_line), damaged=damage)
        except ValueError:
            return None

    def find(self, name: str) -> LedgerEntry:
        """The plan whose id begins so. Raises JournalError when there is none, or more than one."""
        found = [entry for entry in self.entries() if name and entry.plan.plan_id.startswith(name.lower())]
        if len(found) == 1:
            return found[0]
        shown = name[:12] if name.isalnum() else "that"
        raise JournalError(
            f"No plan begins with {shown}; see: mailsluice ledger list"
            if not found
            else f"{len(found)} plans begin with {shown}; write more of it."
        )

    def unfinished(self, account: str) -> list[LedgerEntry]:
        """Plans of an account that somebody still has to do something about, the newest first."""
        return [entry for entry in self.entries() if _same_account(entry.account, account) and entry.state.unfinished]

    def open_elsewhere(self, account: str) -> dict[str, OpenElsewhere]:
        """Ids that must not be sent by another plan of an account: their outcome is open, or can't be read here.

        What this version does not understand in a journal is never taken for nothing: every id that its lines name is
        held back. Raises JournalError.
        """
        found: dict[str, OpenElsewhere] = {}
        files = self._files()
        if unexpected := self.unexpected_entries():
            raise JournalError(
                f"{unexpected[0]} in {self.folder} is not a journal file, but has the name of one. "
                "Look at it and move it away. Nothing was sent."
            )
        for _, path in files:
            contents = read(path)
            entry = self._entry(path, contents)
            if entry is None:
                why = f"named in {path.name}, which this version can't read: {_newer(contents)}"
                for identity in named_ids((*contents.records, *contents.later)):
                    found.setdefault(identity, OpenElsewhere(path.stem, why))
                continue
            name = entry.plan.plan_id
            given_up = OpenElsewhere(name, f"sent by plan {name} (closed or damaged), outcome never seen", UNSEEN)
            if _same_account(entry.account, account):
                # Nobody can resume a damaged one, either.
                nobody_settles = entry.state.closed or bool(entry.damaged)
                held = given_up if nobody_settles else OpenElsewhere(name, f"unknown in plan {name}: settle that first")
                for target in entry.state.with_outcome(*OPEN):
                    found.setdefault(target.id, held)
            if contents.damaged_at:
                # Whatever a changed journal still says was about to be sent, for whichever account it was.
                for identity in intended((*contents.records, *contents.later)):
                    found.setdefault(identity, given_up)
        return found

    def unreadable(self) -> list[str]:
        """A sentence for each journal that can't be read by this version; their plans are in no list. Raises JournalError."""
        sentences = []
        for _, path in self._files():
            try:
                contents = read(path)
            except JournalError as error:
                sentences.append(str(error))
                continue
            if (contents.records or contents.later) and self._entry(path, contents) is None:
                ids = len(named_ids((*contents.records, *contents.later)))
                sentences.append(f"{path.name}: {_newer(contents)} {plural(ids, 'id')} held back.")
        return sentences

    def sent_meanwhile(self, than: LedgerEntry) -> dict[str, str]:
        """Ids that another plan of the account has released, or may have, since a plan was made, with that plan."""
        return {
            result.target.id: entry.plan.plan_id
            for entry in self.entries()
            if _same_account(entry.account, than.account) and entry.plan.plan_id != than.plan.plan_id
            if entry.number > than.number or _later(entry.last_at, than.at)
            for result in entry.state.results
            if result.outcome not in (Outcome.REFUSED, Outcome.FAILED, Outcome.LEFT_OUT)
        }

    def reread(self, entry: LedgerEntry) -> LedgerEntry | None:
        """A plan as its journal tells of it by now; None when that can't be read."""
        path = self.folder / entry.file
        try:
            return self._entry(path, read(path))
        except JournalError:
            return None

    def lock_holder(self, account: str) -> str:
        """Who acts on an account in another process; empty when nobody seems to. Takes no lock."""
        return self._locks.holder(account)

    def verify(self) -> ChainCheck:
        """Follow the chain through the first lines of all journals."""
        return check_chain(self._files(), self._entry, self.unexpected_entries())

    # ---- writing

    def _make_folder(self) -> None:
        try:
            for folder in (self.folder.parent, self.folder):
                if not folder.exists():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._storage.sync_folder(os.fspath(folder.parent))  # a journal in a folder without a name is lost
        except OSError as error:
            raise JournalError(f"The ledger {self.folder} can't be made: {error.strerror}. Nothing was sent.") from None
        self._files()

    @contextmanager
    def account_locked(self, account: str) -> Iterator[None]:
        """Hold the lock under which plans of an account are sent. Raises Locked, naming who holds it, and JournalError."""
        self._make_folder()
        with self._locks.account(account):
            yield

    def begin(self, plan: Plan, account: str) -> tuple[Journal, str]:
        """The journal of a new plan, next in the chain, with the hash of its first line. Raises JournalError."""
        self._make_folder()
        with self._locks.chain():
            number, previous = 1, ""
            for taken, path in self._files():
                number = taken + 1
                reading = read(path)
                if reading.records:
                    previous = hash_of(reading.first_line)
            first = plan_record(
                plan,
                number=number,
                account=account,
                origin=self.origin,
                at=self._now(),
                version=__version__,
                previous=previous,
            )
            path = self.folder / f"{number:06d}-{plan.plan_id}.jsonl"
            journal = Journal.create(path, first, self._storage)
            return journal, hash_of(read(path).first_line)

    def resume(self, entry: LedgerEntry) -> tuple[Journal, LedgerEntry]:
        """The journal of a plan that is not over, and the plan as it stands now. Raises JournalError."""
        path = self.folder / entry.file
        journal, reading = Journal.reopen(path, self._storage)
        now = self._entry(path, reading)
        if now is None or now.damaged:
            journal.close()
            raise JournalError(f"The journal {path.name} can't be used: {now.damaged if now else 'it holds no plan'}.")
        return journal, now


def _same_account(one: str, other: str) -> bool:
    return canonical_account(one) == canonical_account(other)


def _newer(contents: JournalContents) -> str:
    """Why a journal with good lines is not read: who wrote it, as it says itself."""
    first = contents.records[0] if contents.records else {}
    version, number = first.get("version"), first.get("format")
    if isinstance(number, int) and number > FORMAT:
        return f"it was written by a newer version of mailsluice ({sanitize(str(version), 20)}). Update this one."
    return "its records are not understood. Keep the file and look at it."


def _later(one: datetime | None, other: datetime | None) -> bool:
    """Whether one moment may be after another, by clocks that may have been set meanwhile."""
    return one is None or other is None or one >= other - _CLOCKS_DIFFER


def _is_not_a_file(path: Path) -> bool:
    return not stat.S_ISREG(path.lstat().st_mode)
