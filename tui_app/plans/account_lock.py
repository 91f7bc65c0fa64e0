"""The locks under which plans of one account are sent, and journals begun: one program at a time, and the others can name it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

from tui_app.config.settings import canonical_account
from tui_app.core.errors import GuardError
from tui_app.core.text import sanitize
from tui_app.plans.journal import JournalError
from tui_app.plans.origin import Origin
from tui_app.plans.records import timestamp
from tui_app.plans.storage import Storage

_SIGNED_WITHIN: Final = 0.5
"""Seconds in which whoever takes a lock writes its name into it."""


PATIENCE: Final = 10.0
"""Seconds that a journal waits to be begun while another program begins one: that takes milliseconds."""
_SAID_AFTER: Final = 1.0
"""Seconds of waiting after which it is said."""
_TRIED_EVERY: Final = 0.02
_LOOKED_WITHIN: Final = 0.25
"""Seconds in which whoever only looks at a lock gives it back; that takes microseconds, where a processor is free."""


class Locked(GuardError):
    """Another mailsluice acts on this account, or is writing to the ledger; nothing was sent."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock that this process holds: for whom, in which file, and what is written in it."""

    by: LockFiles
    file: tuple[int, int]
    """Device and inode: a folder may go by several names."""
    signed: bytes


_HELD_HERE: Final[dict[int, _Held]] = {}
"""The locks that this process holds, by their descriptors."""
_TAKING: Final = Lock()
"""Is held while a lock is taken or looked at: a look must not pass for a holder within this process, nor a holder for another process."""


class LockFiles:
    """The lock files of one folder. A lock holds as long as its file is open; what is written in it only names the holder."""

    def __init__(self, folder: Path, origin: Origin, now: Callable[[], datetime], storage: Storage) -> None:
        self._folder = folder
        self._origin = origin
        self._now = now
        self._storage = storage

    @contextmanager
    def account(self, account: str) -> Iterator[None]:
        """Hold the lock of an account. Raises Locked, naming who holds it, and JournalError."""
        with self._held(_name_for(account), _take_at_once):
            yield

    @contextmanager
    def chain(self, on_wait: Callable[[str], None], is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock under which a journal is added to the chain; waits for it, for `PATIENCE` seconds at most.

        `on_wait` is told once who is waited for. Raises Locked, also when it `is_stopped`, and JournalError.
        """
        with self._held("chain.lock", partial(_take_in_turn, on_wait, is_stopped)):
            yield

    def holder(self, account: str) -> str:
        """Who acts on an account elsewhere; empty when nobody does. Raises JournalError when that can't be seen.

        The lock itself is asked, and given back at once: what is written in it outlives whoever wrote it, and means
        nothing in another container or on another host.
        """
        name = _name_for(account)
        path = self._folder / name
        try:
            with _TAKING:
                about = path.lstat()
                held = next((held for held in _HELD_HERE.values() if held.file == _file_of(about)), None)
                if held is not None:
                    # Not even opened: on some file systems a process loses its lock when it closes the file anywhere.
                    # Another service of this console may act on the same account.
                    return "" if held.by is self else _named(held.signed)
                if not stat.S_ISREG(about.st_mode):
                    raise JournalError(f"The lock {name} can't be looked at: it is no file.")
                return _holder_of(path)
        except FileNotFoundError:
            return ""  # nobody has ever acted
        except OSError as error:
            raise JournalError(f"The lock {name} can't be looked at: {error.strerror}.") from None

    @contextmanager
    def _held(self, name: str, wait: Callable[[Callable[[], bool], int], None]) -> Iterator[None]:
        path = self._folder / name
        try:
            descriptor = self._storage.open(os.fspath(path), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise JournalError(f"Nothing was sent: a lock can't be opened ({error.strerror}). It is {name}.") from None
        try:
            try:
                wait(partial(self._take, descriptor), descriptor)
            except OSError as error:
                raise JournalError(
                    f"Nothing was sent: a lock can't be taken ({error.strerror}). It is {name}."
                ) from None
            try:
                yield
            finally:
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)  # whoever comes next reads no name of one that has ended
        finally:
            with _TAKING:
                _HELD_HERE.pop(descriptor, None)
                self._storage.close(descriptor)

    def _take(self, descriptor: int) -> bool:
        """Take a lock if it is free, and say in it who holds it; it holds without that. Raises OSError."""
        signed = {"pid": os.getpid(), **self._origin.record(), "since": timestamp(self._now())}
        written = json.dumps(signed).encode("ascii")
        with _TAKING:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _HELD_HERE[descriptor] = _Held(self, _file_of(os.fstat(descriptor)), written)
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, written, 0)
        return True


def _take_at_once(take: Callable[[], bool], descriptor: int) -> None:
    """Not quite at once: another process may be looking at the lock this moment, and that is no reason."""
    end = time.monotonic() + _LOOKED_WITHIN
    while not take():
        if time.monotonic() >= end:
            holder = _holder(descriptor)
            raise Locked(f"Nothing was sent. You can watch: {holder} is acting on this account.")
        time.sleep(_TRIED_EVERY)


def _take_in_turn(
    on_wait: Callable[[str], None], is_stopped: Callable[[], bool], take: Callable[[], bool], descriptor: int
) -> None:
    """Try again and again: whoever waits in the kernel can't be stopped."""
    began, is_said = time.monotonic(), False
    while not is_stopped():
        if take():
            return
        waited = time.monotonic() - began
        if waited >= PATIENCE:
            raise Locked(
                f"Nothing was sent: {_holder(descriptor)} is writing to the ledger, and did not end within "
                f"{PATIENCE:.0f} s. See what it does, then try again."
            )
        if waited >= _SAID_AFTER and not is_said:
            is_said = True
            on_wait(f"Waiting for the ledger, {PATIENCE:.0f} s at most: {_holder(descriptor)} is writing to it.")
        time.sleep(_TRIED_EVERY)
    raise Locked("Stopped before it was put on record. Nothing was sent.")


def _holder_of(path: Path) -> str:
    """Who holds the lock of a file; empty when nobody does, which the lock says, not the file. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Shared, and so that a file which is open to read only can be asked, also over NFS; two that look let each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(_read(descriptor))
    else:
        return ""
    finally:
        os.close(descriptor)  # gives it back


def _file_of(about: os.stat_result) -> tuple[int, int]:
    return about.st_dev, about.st_ino


def _name_for(account: str) -> str:
    return f"acting-{hashlib.sha256(canonical_account(account).encode()).hexdigest()[:16]}.lock"


def _holder(descriptor: int) -> str:
    """Who holds a lock, as it says in it; one that was taken this moment is not signed yet."""
    end = time.monotonic() + _SIGNED_WITHIN
    while not (signed := _read(descriptor)) and time.monotonic() < end:
        time.sleep(0.01)
    return _named(signed)


def _named(signed: bytes) -> str:
    """Who signed a lock, in words."""
    try:
        held = json.loads(signed)
        pid, origin, since = int(held["pid"]), Origin.of(held), sanitize(str(held["since"])[:16])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "another mailsluice"
    return f"mailsluice with pid {pid} on {sanitize(origin.host, 60)} (of {sanitize(origin.describe(), 200)}, since {since})"


def _read(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, 4096, 0)
    except OSError:
        return b"?"
