"""One file of lines that are only ever added: what was about to be sent, then what became of it.

A line is the CRC-32 of its JSON in eight hex digits, a blank, the JSON, a line feed. What is added is on the disk before
the call returns, or JournalError is raised and nothing may be sent any more.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tui_app.core.errors import ExitCode, SluiceError
from tui_app.core.id_form import could_name_a_message
from tui_app.core.text import sanitize
from tui_app.plans.storage import Storage

Record = Mapping[str, Any]
_CRC: Final = 8
LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes of the longest line that is written, and read: a thousand times what a large plan needs."""
_WORD: Final = re.compile(rb"[0-9A-Za-z](?:[0-9A-Za-z:-]{10,68}[0-9A-Za-z])(?![0-9A-Za-z:-])")
_LONGEST_NAME: Final = 80
"""Bytes that no message id is longer than."""


class JournalError(SluiceError):
    """The journal can't be read, written or locked. Nothing is sent without it."""


class FolderUnusable(JournalError):
    """The folder of the journals is not ours, or is none."""

    exit_code = ExitCode.USAGE


class NoSuchPlan(JournalError):
    """No plan goes by the name that was asked for."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class JournalContents:
    """What a journal holds: its records, its first line as it is, how many bytes of it are good, what is wrong with it."""

    records: tuple[Record, ...]
    first_line: bytes
    good: int
    torn: bool = False
    """Whether the last line is a piece: the program or the machine stopped while it was written."""
    damaged_at: int | None = None
    """The number of a line that was changed after it was written, counted from 1."""
    later: tuple[Record, ...] = ()
    """The good records behind a changed line."""
    names: frozenset[str] = frozenset()
    """The message ids in lines that were changed."""


def line_of(record: Record) -> bytes:
    """A record as a line."""
    body = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def _record_of(line: bytes) -> Record | None:
    body = line[_CRC + 1 :]
    if line[:_CRC] != b"%08x" % zlib.crc32(body) or line[_CRC : _CRC + 1] != b" ":
        return None
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("type"), str) else None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a file without its end; of one that is too long only what it names was kept."""

    text: bytes | None
    size: int
    whole: bool
    """Whether it has an end."""
    names: frozenset[str] = frozenset()


def _lines(file: IO[bytes], longest: int) -> Iterator[_Line]:
    """The lines of a file, with no more than one of them in memory, and never more than `longest` bytes of it."""
    while piece := file.readline(longest + 1):
        if piece.endswith(b"\n") or len(piece) <= longest:
            yield _Line(piece.removesuffix(b"\n"), len(piece), piece.endswith(b"\n"))
            continue
        size, names = len(piece), _names_in(piece)
        while not piece.endswith(b"\n") and (more := file.readline(longest + 1)):
            size += len(more)
            names |= _names_in(piece[-_LONGEST_NAME:] + more)  # one may be cut in two
            piece = more
        yield _Line(None, size, piece.endswith(b"\n"), frozenset(names))


def _names_in(line: bytes) -> set[str]:
    """All message ids that a line names that is not what was written once."""
    return {name for word in _WORD.findall(line) if could_name_a_message(name := word.decode("ascii"))}


def _parse(file: IO[bytes], longest: int) -> JournalContents:
    records: list[Record] = []
    later: list[Record] = []
    names: set[str] = set()
    first_line, good, torn = b"", 0, False
    damaged_at: int | None = None
    for number, line in enumerate(_lines(file, longest), 1):
        record = _record_of(line.text) if line.text is not None and line.whole else None
        if record is not None and damaged_at is None:
            first_line = first_line or line.text or b""
            records.append(record)
            good += line.size
        elif record is not None:
            later.append(record)
        elif not line.whole and line.text is not None and damaged_at is None:
            torn = True  # it has no end: whoever wrote it was stopped in the middle
        else:
            # A whole line that is not what was written once was changed; so was one that is longer than any that is written.
            damaged_at = damaged_at or number
            names |= line.names if line.text is None else _names_in(line.text)
    return JournalContents(
        tuple(records), first_line, good, torn, damaged_at, later=tuple(later), names=frozenset(names)
    )


def parse(data: bytes, longest: int = LONGEST_LINE) -> JournalContents:
    """What the bytes of a journal hold, whatever happened to them."""
    return _parse(io.BytesIO(data), longest)


def read(path: Path, longest: int = LONGEST_LINE, *, start: int = 0) -> JournalContents:
    """Read a journal of any size without locking it, from a byte on. Raises JournalError.

    Lines of more than `longest` bytes are damaged.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            file.seek(start)
            return _parse(file, longest)
    except OSError as error:
        raise JournalError(f"The journal {sanitize(path.name)} can't be read: {error.strerror}.") from None


class Journal:
    """An open journal, locked for as long as it is open. Once a write or a sync has failed it takes nothing more."""

    def __init__(self, path: Path, descriptor: int, storage: Storage) -> None:
        self.path = path
        self._descriptor = descriptor
        self._disk = storage
        self._failed = False

    @classmethod
    def create(cls, path: Path, first: Record, storage: Storage | None = None) -> Journal:
        """A new journal with its first record; its name is on the disk too. Raises JournalError."""
        return cls._open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, storage or Storage(), first)

    @classmethod
    def reopen(
        cls, path: Path, storage: Storage | None = None, longest: int = LONGEST_LINE
    ) -> tuple[Journal, JournalContents]:
        """One that is there, to go on with it; a torn last line is cut off, and nothing else ever is.

        Raises JournalError, also when it is damaged.
        """
        journal = cls._open(path, os.O_RDWR | os.O_APPEND, storage or Storage(), None)
        try:
            reading = read(path, longest)
            if reading.damaged_at is not None or not reading.records:
                where = f"line {reading.damaged_at} was changed" if reading.damaged_at else "it holds no plan"
                raise JournalError(f"The journal {path.name} can't be used: {where}. Keep the file and look at it.")
            # Whoever began it may have failed between its first line and its name.
            journal._guarded("synced", lambda: journal._disk.sync_folder(os.fspath(path.parent)))
            if reading.torn:
                journal._guarded("cut", lambda: journal._disk.cut(journal._descriptor, reading.good))
                journal._guarded("sync", lambda: journal._disk.sync(journal._descriptor))
        except BaseException:
            journal.close()
            raise
        return journal, reading

    @classmethod
    def _open(cls, path: Path, flags: int, storage: Storage, first: Record | None) -> Journal:
        try:
            descriptor = storage.open(os.fspath(path), flags)
        except OSError as error:
            raise JournalError(
                f"Nothing was sent: the journal can't be opened ({error.strerror}). It is {path.name}."
            ) from None
        journal = cls(path, descriptor, storage)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if first is not None:
                journal.add(first)
                journal._guarded("sync", lambda: storage.sync_folder(os.fspath(path.parent)))
        except BlockingIOError:
            journal.close()
            raise JournalError(f"The journal {path.name} is in use by another mailsluice.") from None
        except OSError as error:
            journal.close()
            raise JournalError(
                f"Nothing was sent: the journal can't be locked ({error.strerror}). It is {path.name}."
            ) from None
        except BaseException:
            journal.close()
            raise
        return journal

    def add(self, record: Record) -> None:
        """Add a record; it is on the disk when this returns. Raises JournalError, and from then on always."""
        line = line_of(record)
        if len(line) > LONGEST_LINE:
            raise JournalError(
                f"A line of {len(line):,} bytes is too long for the journal {self.path.name}. Nothing was sent."
            )

        def write() -> None:
            if self._disk.write(self._descriptor, line) != len(line):
                raise OSError(28, "no space left on the device")

        self._guarded("written", write)
        # A sync that failed is never tried again: the kernel may have thrown the page away and say yes the next time.
        self._guarded("synced", lambda: self._disk.sync(self._descriptor))

    def _guarded(self, what: str, work: Any) -> None:
        if self._failed:
            raise JournalError(f"The journal {self.path.name} failed before; nothing more is sent.")
        try:
            work()
        except OSError as error:
            self._failed = True
            reason = error.strerror or "an error of the disk"
            raise JournalError(
                f"The journal {self.path.name} could not be {what} ({reason}). Nothing more is sent; "
                "free some space or repair the disk, then run: mailsluice ledger"
            ) from None

    def close(self) -> None:
        """Close and unlock it."""
        try:
            self._disk.close(self._descriptor)
        except OSError:
            self._failed = True
