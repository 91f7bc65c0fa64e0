"""The locks under which plans of one account are sent, and journals begun: one program at a time, and the others can name it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
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


class Locked(GuardError):
    """Another mailsluice acts on this account, or is writing to the ledger; nothing was sent."""


_HELD_HERE: Final[dict[str, LockFiles]] = {}
"""The locks that this process holds, by their files, and for whom."""


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
        """Who acts on an account in another process, as the lock says; empty when nobody seems to. Takes no lock."""
        try:
            descriptor = os.open(self._folder / _name_for(account), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return ""
        try:
            held = json.loads(_read(descriptor) or b"{}")
            pid, here = int(held["pid"]), held["host"] == self._origin.host
            if pid == os.getpid():
                # Another service of this console may act on the same account.
                owner = _HELD_HERE.get(os.fspath(self._folder / _name_for(account)))
                return "" if owner is None or owner is self else _holder(descriptor)
            if here and not _is_alive(pid):
                return ""
            return _holder(descriptor)
        except (ValueError, KeyError, TypeError):
            return ""
        finally:
            os.close(descriptor)

    @contextmanager
    def _held(self, name: str, take: Callable[[int], None]) -> Iterator[None]:
        path = self._folder / name
        try:
            descriptor = self._storage.open(os.fspath(path), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise JournalError(f"The lock {name} can't be opened: {error.strerror}. Nothing was sent.") from None
        try:
            try:
                take(descriptor)
            except OSError as error:
                raise JournalError(f"The lock {name} can't be taken: {error.strerror}. Nothing was sent.") from None
            self._sign(descriptor)
            _HELD_HERE[os.fspath(path)] = self
            try:
                yield
            finally:
                _HELD_HERE.pop(os.fspath(path), None)
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)  # whoever comes next reads no name of one that has ended
        finally:
            self._storage.close(descriptor)

    def _sign(self, descriptor: int) -> None:
        """Say in the lock who holds it; the lock holds without that."""
        signed = {"pid": os.getpid(), **self._origin.record(), "since": timestamp(self._now())}
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(signed).encode("ascii"), 0)


def _take_at_once(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        raise Locked(f"Nothing was sent. You can watch: {holder} is acting on this account.") from None


def _take_in_turn(on_wait: Callable[[str], None], is_stopped: Callable[[], bool], descriptor: int) -> None:
    """Try again and again: whoever waits in the kernel can't be stopped."""
    began, is_said = time.monotonic(), False
    while not is_stopped():
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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


def _name_for(account: str) -> str:
    return f"acting-{hashlib.sha256(canonical_account(account).encode()).hexdigest()[:16]}.lock"


def _holder(descriptor: int) -> str:
    """Who holds a lock, as it says in it; one that was taken this moment is not signed yet."""
    end = time.monotonic() + _SIGNED_WITHIN
    while not (signed := _read(descriptor)) and time.monotonic() < end:
        time.sleep(0.01)
    try:
        held = json.loads(signed)
        pid, origin, since = int(held["pid"]), Origin.of(held), sanitize(str(held["since"])[:16])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "another mailsluice"
    return f"mailsluice with pid {pid} on {sanitize(origin.host, 60)} (of {sanitize(origin.describe(), 200)}, since {since})"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's, or not told
    return True


def _read(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, 4096, 0)
    except OSError:
        return b"?"
