"""All plans and what became of them on this machine: a view over the journals, chained by their first lines."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import ipaddress
import json
import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.core.errors import GuardError
from tui_app.core.paths import is_private
from tui_app.core.text import sanitize
from tui_app.plans.journal import Journal, JournalContents, JournalError, read
from tui_app.plans.plan import Plan
from tui_app.plans.records import LedgerEntry, Origin, entry_of, intended, plan_record, timestamp
from tui_app.plans.state import OPEN, Outcome
from tui_app.plans.storage import Storage

_NAME: Final = re.compile(r"(\d{6})-([0-9a-f]{8})\.jsonl")
_SIGNED_WITHIN: Final = 0.5
"""Seconds in which whoever takes a lock writes his name into it."""
_CLOCKS_DIFFER: Final = timedelta(hours=2)
_NETWORKED: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})


class Locked(GuardError):
    """Another mailsluice acts on this account; nothing was sent."""


@dataclass(frozen=True)
class ChainCheck:
    """What checking the chain showed: how many journals, the hash at its head, and a sentence for each thing that is wrong."""

    journals: int
    head: str
    problems: tuple[str, ...]


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


def hash_of(line: bytes) -> str:
    """The link of the chain that a first line makes."""
    return hashlib.sha256(line).hexdigest()


class Ledger:
    """The journals of one folder. The folder is made when the first plan is; it must be ours alone."""

    def __init__(self, folder: Path, origin: Origin, now: Callable[[], datetime], disk: Storage | None = None) -> None:
        self.folder = folder
        self.origin = origin
        self._now = now
        self._disk = disk or Storage()

    # ---- reading

    def _files(self) -> list[tuple[int, Path]]:
        try:
            for folder in (self.folder.parent, self.folder):
                if not is_private(folder):
                    raise JournalError(
                        f"{folder} must be a folder of yours that nobody else can look into; run: chmod 700 {folder}"
                    )
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(f"The ledger {self.folder} can't be read: {error.strerror}.") from None
        found = [(int(match[1]), self.folder / name) for name in names if (match := _NAME.fullmatch(name))]
        return [(number, path) for number, path in found if not _is_strange(path)]

    def unexpected_entries(self) -> list[str]:
        """Names among the journals that are no files: nothing is sent while they are there, for they may stand for some."""
        try:
            return sorted(
                path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name) and _is_strange(path)
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
        return [entry for entry in self.entries() if entry.account == account and entry.state.unfinished]

    def open_ids(self, account: str) -> dict[str, str]:
        """Ids of an account whose outcome is open, with the plan that sent them: they must not be sent by another one."""
        return {identity: name for identity, (name, _) in self.open_elsewhere(account).items()}

    def open_elsewhere(self, account: str) -> dict[str, tuple[str, bool]]:
        """The same, with whether that plan is closed or its journal damaged: then nobody goes on with it."""
        found: dict[str, tuple[str, bool]] = {}
        files = self._files()
        if strange := self.unexpected_entries():
            raise JournalError(f"{strange[0]} in {self.folder} is no file: look at it, move it away. Nothing was sent.")
        for _, path in files:
            reading = read(path)
            entry = self._entry(path, reading)
            if entry is not None and entry.account == account:
                for target in entry.state.with_outcome(*OPEN):
                    # Nobody can go on with a damaged one, either.
                    found.setdefault(target.id, (entry.plan.plan_id, entry.state.closed or bool(entry.damaged)))
            if reading.damaged_at:
                # Whatever a changed journal still says was about to be sent, for whichever account it was.
                for identity in intended((*reading.records, *reading.later)):
                    found.setdefault(identity, (path.stem, True))
        return found

    def sent_meanwhile(self, than: LedgerEntry) -> dict[str, str]:
        """Ids that another plan of the account has released, or may have, since a plan was made, with that plan."""
        return {
            result.target.id: entry.plan.plan_id
            for entry in self.entries()
            if entry.account == than.account and entry.plan.plan_id != than.plan.plan_id
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
        """Who acts on an account in another process, as the lock says; empty when nobody seems to. Takes no lock."""
        path = self.folder / self._lock_name(account)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return ""
        try:
            held = json.loads(_read_lock(descriptor) or b"{}")
            pid, here = int(held["pid"]), held["host"] == self.origin.host
            if pid == os.getpid() or (here and not _lives(pid)):
                return ""
            return _holder(descriptor)
        except (ValueError, KeyError, TypeError):
            return ""
        finally:
            os.close(descriptor)

    def verify(self) -> ChainCheck:
        """Follow the chain through the first lines of all journals."""
        previous, expected, count = "", 1, 0
        problems = [
            f"{name} is no file, and stands where a journal may have been." for name in self.unexpected_entries()
        ]
        for number, path in self._files():
            count += 1
            try:
                reading = read(path)
            except JournalError as error:
                problems.append(str(error))
                expected = number + 1
                continue
            if path.stat().st_mode & 0o077:
                problems.append(f"{path.name} can be read or written by others; run: chmod 600 {path.name}")
            if number != expected:
                problems.append(f"{expected:06d} is missing: {path.name} comes after {expected - 1:06d}.")
            expected = number + 1
            entry = self._entry(path, reading)
            if entry is None:
                if reading.records or reading.damaged_at:
                    problems.append(f"{path.name} holds no plan that can be read.")
                continue  # torn while its first line was written: nothing was sent for it
            if entry.previous != previous:
                problems.append(
                    f"{path.name} does not follow the one before it: a first line was changed or taken away."
                )
            if entry.number != number:
                problems.append(f"{path.name} calls itself number {entry.number}.")
            if entry.damaged:
                problems.append(f"{path.name}: {entry.damaged}.")
            previous = hash_of(reading.first_line)
        return ChainCheck(count, previous, tuple(problems))

    @property
    def networked(self) -> bool:
        """Whether the folder seems to be on a network disk, where locks and syncs promise less."""
        best, kind = "", ""
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        here = os.path.realpath(self.folder)
        for line in mounts.splitlines():
            _, place, name, *_ = line.split(" ")
            if len(place) > len(best) and (here + "/").startswith(place.rstrip("/") + "/"):
                best, kind = place, name
        return kind in _NETWORKED

    # ---- writing

    def _make_folder(self) -> None:
        try:
            for folder in (self.folder.parent, self.folder):
                if not folder.exists():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._disk.sync_folder(os.fspath(folder.parent))  # a journal in a folder without a name is lost
        except OSError as error:
            raise JournalError(f"The ledger {self.folder} can't be made: {error.strerror}. Nothing was sent.") from None
        self._files()

    @contextmanager
    def acting(self, account: str) -> Iterator[None]:
        """Hold the lock under which plans of an account are sent. Raises Locked, naming who holds it, and JournalError."""
        self._make_folder()
        with self._lock(self._lock_name(account), wait=False):
            yield

    @staticmethod
    def _lock_name(account: str) -> str:
        return f"acting-{hashlib.sha256(account.encode()).hexdigest()[:16]}.lock"

    @contextmanager
    def _lock(self, name: str, *, wait: bool) -> Iterator[None]:
        path = self.folder / name
        try:
            descriptor = self._disk.open(os.fspath(path), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise JournalError(f"The lock {name} can't be opened: {error.strerror}. Nothing was sent.") from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                holder = _holder(descriptor)
                raise Locked(f"Nothing was sent. You can watch: {holder} is acting on this account.") from None
            except OSError as error:
                raise JournalError(f"The lock {name} can't be taken: {error.strerror}. Nothing was sent.") from None
            self._sign(descriptor)
            try:
                yield
            finally:
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)  # whoever comes next reads no name of one that has ended
        finally:
            self._disk.close(descriptor)

    def _sign(self, descriptor: int) -> None:
        """Say in the lock who holds it; the lock holds without that."""
        signed = {
            "pid": os.getpid(),
            "host": self.origin.host,
            "user": self.origin.user,
            "since": timestamp(self._now()),
        }
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(signed).encode("ascii"), 0)

    def begin(self, plan: Plan, account: str) -> tuple[Journal, str]:
        """The journal of a new plan, next in the chain, with the hash of its first line. Raises JournalError."""
        self._make_folder()
        with self._lock("chain.lock", wait=True):
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
            journal = Journal.create(path, first, self._disk)
            return journal, hash_of(read(path).first_line)

    def resume(self, entry: LedgerEntry) -> tuple[Journal, LedgerEntry]:
        """The journal of a plan that is not over, and the plan as it stands now. Raises JournalError."""
        path = self.folder / entry.file
        journal, reading = Journal.reopen(path, self._disk)
        now = self._entry(path, reading)
        if now is None or now.damaged:
            journal.close()
            raise JournalError(f"The journal {path.name} can't be gone on with: {now.damaged if now else 'no plan'}.")
        return journal, now


def _later(one: datetime | None, other: datetime | None) -> bool:
    """Whether one moment may be after another, by clocks that may have been set meanwhile."""
    return one is None or other is None or one >= other - _CLOCKS_DIFFER


def _holder(descriptor: int) -> str:
    """Who holds a lock, as it says in it; one that was taken this moment is not signed yet."""
    end = time.monotonic() + _SIGNED_WITHIN
    while not (signed := _read_lock(descriptor)) and time.monotonic() < end:
        time.sleep(0.01)
    try:
        held = json.loads(signed)
        pid, host, user, since = (
            int(held["pid"]),
            *(sanitize(str(held[name]), 60) for name in ("host", "user", "since")),
        )
    except (ValueError, KeyError, TypeError):
        return "another mailsluice"
    return f"mailsluice with pid {pid} on {host} (of {user}, since {since[:16]})"


def _is_strange(path: Path) -> bool:
    return not stat.S_ISREG(path.lstat().st_mode)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _read_lock(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, 4096, 0)
    except OSError:
        return b"?"
