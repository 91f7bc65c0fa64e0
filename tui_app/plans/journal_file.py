"""The journals of a folder, each as its file tells of it; what has not changed since is not read again."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.core.paths import why_not_private
from tui_app.core.text import plural, sanitize
from tui_app.plans.journal import JournalContents, JournalError, read
from tui_app.plans.plan import FORMAT
from tui_app.plans.records import LedgerEntry, entry_of, named_ids

_NAME: Final = re.compile(r"(\d{6,18})-([0-9a-f]{8})\.jsonl")
_NUMBER: Final = re.compile(r"\d{1,18}")
LARGEST_NUMBER: Final = 10**18 - 1
"""The last number that has the name of a journal."""
_LIKE_A_JOURNAL: Final = ".jsonl"
"""What is in the name of a journal, and of whatever was made of one by a copy or an editor."""
_SETTLES: Final = 2_000_000_000
"""Nanoseconds after a change in which another one may leave the same times behind."""


def hash_of(line: bytes) -> str:
    """The link of the chain that a first line makes."""
    return hashlib.sha256(line).hexdigest()


@dataclass(frozen=True)
class JournalFile:
    """A journal as its file tells of it."""

    path: Path
    entry: LedgerEntry | None = None
    """Its plan; None when it holds none that this version understands."""
    head: str = ""
    """The hash of its first line; empty when that is not a good one."""
    problem: str = ""
    """Why the file can't be read, in a sentence; empty when it can."""
    not_understood: str = ""
    """Why it is in no list of plans, in a sentence; empty when it is, or when nothing was ever sent for it."""
    ids: frozenset[str] = frozenset()
    """The ids that it names, where it was changed or is not understood."""
    mode: int = 0
    uid: int = 0
    """Whose file it is."""

    @property
    def name(self) -> str:
        """The name of the file, fit to be shown."""
        return sanitize(self.path.name, 100)

    @cached_property
    def number(self) -> int:
        """The number that its name gives, else that of its plan; 0 for none."""
        match = _NAME.fullmatch(self.path.name)
        return int(match[1]) if match else self.entry.number if self.entry is not None else 0

    @property
    def plan_id(self) -> str:
        """The plan that it, or else its name, is about; empty for none."""
        if self.entry is not None:
            return self.entry.plan.plan_id
        match = _NAME.fullmatch(self.path.name)
        return match[2] if match else ""

    @property
    def is_named_right(self) -> bool:
        """Whether it has the name that its plan was begun under; for one that is not understood, such a name."""
        if self.entry is None:
            return _NAME.fullmatch(self.path.name) is not None
        return self.path.name == self.entry.expected_file

    def fits(self, name: str) -> int:
        """How well a name means it: 3 its file, 2 its plan's id, 1 the beginning of the id or its number; 0 not at all.

        The number as the file has it, `000012`, means it as well as the id; a shorter one may begin an id, too.
        """
        if name in (self.path.name, self.path.name.removesuffix(".jsonl"), self.name):
            return 3
        if not name or self.plan_id == name.lower():
            return 2 if name else 0
        if name == f"{self.number:06d}":
            return 2
        numbers = {self.number, self.entry.number if self.entry is not None else self.number}
        is_number = _NUMBER.fullmatch(name) is not None and int(name) in numbers
        return 1 if is_number or self.plan_id.startswith(name.lower()) else 0

    @classmethod
    def read(cls, path: Path, mode: int = 0, uid: int = 0) -> JournalFile:
        """Read one, whatever state it is in."""
        try:
            return cls.of(path, read(path), mode, uid)
        except JournalError as error:
            return cls(path, problem=str(error), mode=mode, uid=uid)

    @classmethod
    def of(cls, path: Path, contents: JournalContents, mode: int = 0, uid: int = 0) -> JournalFile:
        """A journal with these contents."""
        entry, head = None, hash_of(contents.first_line) if contents.records else ""
        damage = f"line {contents.damaged_at} was changed" if contents.damaged_at else ""
        try:
            entry = entry_of(contents.records, file=path.name, head=head, damaged=damage)
        except ValueError:
            # One that was torn while its first line was written holds nothing: nothing was sent for it.
            if not contents.records and not damage:
                return cls(path, mode=mode, uid=uid)
        ids: frozenset[str] = frozenset()
        if entry is None or entry.damaged:
            ids = contents.names | named_ids((*contents.records, *contents.later))
        why = "" if entry is not None else _not_understood(path, contents, len(ids))
        return cls(path, entry, head, "", why, ids, mode, uid)


def _not_understood(path: Path, contents: JournalContents, ids: int) -> str:
    """Why a journal is not read, and who wrote it, as it says itself."""
    first = contents.records[0] if contents.records else {}
    version, number = first.get("version"), first.get("format")
    if contents.damaged_at == 1:
        why = "its first line was changed. Keep the file and look at it."
    elif (isinstance(number, int) and number > FORMAT) or _is_newer(version):
        why = f"it was written by a newer version of mailsluice ({sanitize(str(version), 20)}). Update this one."
    else:
        why = "its records are not understood. Keep the file and look at it."
    return f"{sanitize(path.name, 100)}: {why} {plural(ids, 'id')} held back."


def _is_newer(version: object) -> bool:
    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(".")]

    try:
        return isinstance(version, str) and numbers(version[:20]) > numbers(__version__)
    except ValueError:
        return False


class JournalFiles:
    """The journals of one folder, in the order of their numbers. What was read is kept for as long as the file stays as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[tuple[int, ...], JournalFile]] = {}

    def _named(self) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            for folder in (self._folder.parent, self._folder):
                if why := why_not_private(folder):
                    raise JournalError(f"{sanitize(str(folder), 200)} {why}")
            with os.scandir(self._folder) as found:
                for each in found:
                    if _LIKE_A_JOURNAL in each.name.lower():
                        yield self._folder / each.name, each.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(f"The ledger {self._folder} can't be read: {error.strerror}.") from None

    def unexpected(self) -> list[str]:
        """Names of journals that are not files: they may hide some. Raises JournalError."""
        return sorted(sanitize(path.name, 100) for path, about in self._named() if not stat.S_ISREG(about.st_mode))

    def read(self) -> list[JournalFile]:
        """All journals, the oldest first. Raises JournalError when the folder can't be read."""
        now = time.time_ns()
        kept: dict[str, tuple[tuple[int, ...], JournalFile]] = {}
        found: list[JournalFile] = []
        for path, about in self._named():
            if not stat.S_ISREG(about.st_mode):
                continue
            # Whoever changes a file can set its times, but not the one of its last change.
            stamp = (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev)
            known = self._kept.get(path.name)
            if known is not None and known[0] == stamp:
                journal = known[1]
            else:
                journal = JournalFile.read(path, about.st_mode, about.st_uid)
                known = (stamp, journal)
            if abs(now - about.st_ctime_ns) > _SETTLES and not journal.problem:
                kept[path.name] = known
            found.append(journal)
        self._kept = kept
        return sorted(found, key=lambda journal: (journal.number, journal.path.name))
