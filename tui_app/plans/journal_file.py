"""The journals of a folder, each as its file tells of it; what has not changed since is not read again."""

from __future__ import annotations

import hashlib
import operator
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.core.paths import why_not_private
from tui_app.core.text import plural, sanitize
from tui_app.plans.journal import FolderUnusable, JournalContents, JournalError, read
from tui_app.plans.journal_index import Remembered, Stamp, load_index, save_index
from tui_app.plans.ledger_entry import JournalSummary, LedgerEntry, PlanSummary
from tui_app.plans.plan import FORMAT
from tui_app.plans.replay import entry_of, named_ids
from tui_app.plans.write_entry import WriteEntry
from tui_app.plans.write_records import JOB_WRITE, WRITE_FORMAT, write_of

_NAME: Final = re.compile(r"(\d{6,18})-([0-9a-f]{8})\.jsonl")
_NUMBER: Final = re.compile(r"\d{1,18}")
LARGEST_NUMBER: Final = 10**18 - 1
"""The last number that has the name of a journal."""
_LIKE_A_JOURNAL: Final = ".jsonl"
"""What is in the name of a journal, and of whatever was made of one by a copy or an editor."""
_SHORTEST_JOB: Final = 4
"""Letters of a job's id by which its writes are found."""
_WORTH_IT: Final = 50
"""Journals that are read once more rather than an index is written for them: they take 20 ms."""
_SETTLES: Final = 2_000_000_000
"""Nanoseconds after a change in which another one may leave the same times behind."""


def hash_of(line: bytes) -> str:
    """The link of the chain that a first line makes."""
    return hashlib.sha256(line).hexdigest()


@dataclass(frozen=True)
class JournalFile:
    """A journal as its file tells of it."""

    path: Path
    summary: JournalSummary | None = None
    """Its plan, whole when the file was read, in short when it was remembered, or its write to a job; None when it holds
    nothing that this version understands."""
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
    of_job: bool = False
    """Whether its first line is that of a write to a job: it sends no mail, understood or not."""

    @property
    def plan(self) -> PlanSummary | None:
        """Its plan; None when it holds none."""
        return self.summary if isinstance(self.summary, PlanSummary) else None

    @property
    def write(self) -> WriteEntry | None:
        """Its write to a job; None when it holds none."""
        return self.summary if isinstance(self.summary, WriteEntry) else None

    @property
    def name(self) -> str:
        """The name of the file, fit to be shown."""
        return sanitize(self.path.name, 100)

    @cached_property
    def entry(self) -> LedgerEntry | None:
        """Its plan with what became of each message; one that was remembered is read now. Raises JournalError."""
        if self.plan is None or isinstance(self.plan, LedgerEntry):
            return self.plan
        now = JournalFile.of(self.path, read(self.path))
        if now.entry is None:
            raise JournalError(f"Nothing was sent: a journal was changed while it was read. It is {self.name}.")
        return now.entry

    @cached_property
    def number(self) -> int:
        """The number that its name gives, else that of its plan; 0 for none."""
        match = _NAME.fullmatch(self.path.name)
        return int(match[1]) if match else self.summary.number if self.summary is not None else 0

    @property
    def plan_id(self) -> str:
        """The plan that it, or else its name, is about; empty for none."""
        if self.summary is not None:
            return self.summary.plan_id
        match = _NAME.fullmatch(self.path.name)
        return match[2] if match else ""

    @property
    def is_named_right(self) -> bool:
        """Whether it has the name that its plan was begun under; for one that is not understood, such a name."""
        if self.summary is None:
            return _NAME.fullmatch(self.path.name) is not None
        return self.path.name == self.summary.expected_file

    @cached_property
    def is_over(self) -> bool:
        """Whether nothing will ever come of it any more, and nothing in it is in doubt."""
        if self.summary is None or self.summary.damaged or self.ids:
            return False
        if self.write is not None:
            return not self.write.open
        return self.plan is not None and not (self.plan.unfinished or self.plan.open)

    def in_short(self) -> JournalFile:
        """The same without what became of each message."""
        return self if self.plan is None else replace(self, summary=self.plan.in_short())

    def fits(self, name: str) -> int:
        """How well a name means it: 3 its file, 2 its id, 1 the beginning of the id, its number, or the beginning of the id
        of the job that it was about; 0 not at all.

        The number as the file has it, `000012`, means it as well as the id; a shorter one may begin an id, too.
        """
        if name in (self.path.name, self.path.name.removesuffix(".jsonl"), self.name):
            return 3
        if not name or self.plan_id == name.lower():
            return 2 if name else 0
        if name == f"{self.number:06d}":
            return 2
        numbers = {self.number, self.summary.number if self.summary is not None else self.number}
        is_number = _NUMBER.fullmatch(name) is not None and int(name) in numbers
        begins = self.plan_id.startswith(name.lower())
        of_its_job = self.write is not None and len(name) >= _SHORTEST_JOB and self.write.job.startswith(name.lower())
        return 1 if is_number or begins or of_its_job else 0

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
        head = hash_of(contents.first_line) if contents.records else ""
        damage = f"line {contents.damaged_at} was changed" if contents.damaged_at else ""
        if contents.records and contents.records[0]["type"] == JOB_WRITE:
            return cls._of_job(path, contents, head, damage, mode, uid)
        entry = None
        try:
            entry = entry_of(contents.records, file=path.name, head=head, damaged=damage)
        except ValueError:
            # One that was torn while its first line was written holds nothing: nothing was sent for it.
            if not contents.records and not damage:
                return cls(path, mode=mode, uid=uid)
        ids: frozenset[str] = frozenset()
        if entry is None or entry.damaged:
            ids = contents.names | named_ids((*contents.records, *contents.later))
        why = "" if entry is not None else _not_understood(path, contents, len(ids), FORMAT)
        return cls(path, entry, head, "", why, ids, mode, uid)

    @classmethod
    def _of_job(cls, path: Path, contents: JournalContents, head: str, damage: str, mode: int, uid: int) -> JournalFile:
        """That of a write to a job. One that is understood names no mail, unless somebody made it of something else."""
        others = [record for record in (*contents.records[1:], *contents.later) if record["type"] != "answer"]
        ids = contents.names | named_ids(others)
        try:
            entry, why = write_of(contents.records, file=path.name, head=head, damaged=damage), ""
        except ValueError:
            # What another format calls a write may be about mail that its first line names.
            ids = contents.names | named_ids((*contents.records, *contents.later))
            entry, why = None, _not_understood(path, contents, len(ids), WRITE_FORMAT)
        return cls(path, entry, head, "", why, ids, mode, uid, of_job=True)


def _not_understood(path: Path, contents: JournalContents, ids: int, newest: int) -> str:
    """Why a journal is not read, and who wrote it, as it says itself; `newest` = the last format that is."""
    first = contents.records[0] if contents.records else {}
    version, number = first.get("version"), first.get("format")
    if contents.damaged_at == 1:
        why = "its first line was changed. Keep the file and look at it."
    elif (isinstance(number, int) and number > newest) or _is_newer(version):
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


JournalSizes = Mapping[str, int]
"""Names of journals, each with its length in bytes: they only ever grow."""


class JournalFiles:
    """The journals of one folder, in the order of their numbers. What was read is kept for as long as the file stays as it is.

    What is over is remembered on disk, too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[Stamp, JournalFile]] | None = None
        self._last: tuple[list[JournalFile], list[JournalFile]] = [], []
        """What was last read, in the order of the folder and of the numbers. Replaced as one: two threads read."""
        self._remembered: dict[str, Stamp] = {}
        """Whose plans the index on disk tells of, by the state of their files."""

    def check(self) -> None:
        """Raises JournalError when the folder is not ours alone, or can't be read."""
        try:
            for folder in (self._folder.parent, self._folder):
                if why := why_not_private(folder):
                    raise FolderUnusable(f"The ledger's folder {why}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> FolderUnusable:
        folder = sanitize(str(self._folder), 200)
        return FolderUnusable(
            f"The ledger can't be read ({error.strerror}); XDG_STATE_HOME names another. It is {folder}."
        )

    def _named(self) -> Iterator[tuple[str, os.stat_result]]:
        self.check()
        try:
            with os.scandir(self._folder) as found:
                for each in found:
                    if _LIKE_A_JOURNAL in each.name.lower():
                        yield each.name, each.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from None

    def sizes(self) -> JournalSizes:
        """The journals as they are on disk. Raises JournalError."""
        return {name: about.st_size for name, about in self._named()}

    def unexpected(self) -> list[str]:
        """Names of journals that are not files: they may hide some. Raises JournalError."""
        return sorted(sanitize(name, 100) for name, about in self._named() if not stat.S_ISREG(about.st_mode))

    def read(self, *, anew: bool = False) -> list[JournalFile]:
        """All journals, the oldest first, the same list while nothing changed; with `anew` each file is read again.

        Raises JournalError when the folder can't be read.
        """
        now = time.time_ns()
        if self._kept is None:
            self._kept = self._of_index()
        known = {} if anew else self._kept
        kept: dict[str, tuple[Stamp, JournalFile]] = {}
        found: list[JournalFile] = []
        for name, about in self._named():
            if not stat.S_ISREG(about.st_mode):
                continue
            # Whoever changes a file can set its times, but not the one of its last change.
            stamp = (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev)
            was = known.get(name)
            if was is not None and was[0] == stamp:
                journal = was[1]
            else:
                journal = JournalFile.read(self._folder / name, about.st_mode, about.st_uid)
                if journal.is_over:
                    journal = journal.in_short()  # ten thousand of them whole take 100 MB
                was = (stamp, journal)
            if abs(now - about.st_ctime_ns) > _SETTLES and not journal.problem:
                kept[name] = was
            found.append(journal)
        self._kept = kept
        listed, by_number = self._last
        if len(found) != len(listed) or any(map(operator.is_not, found, listed)):
            self._remember(kept, anew=anew)
            by_number = sorted(found, key=lambda journal: (journal.number, journal.path.name))
            self._last = found, by_number
        return by_number

    def _of_index(self) -> dict[str, tuple[Stamp, JournalFile]]:
        index = load_index(self._folder)
        self._remembered = {name: known.stamp for name, known in index.items()}
        return {
            name: (
                known.stamp,
                JournalFile(
                    self._folder / name, known.summary, known.summary.head, uid=known.uid, of_job=known.plan is None
                ),
            )
            for name, known in index.items()
            if known.summary is not None and known.summary.file == name
        }

    def _remember(self, kept: Mapping[str, tuple[Stamp, JournalFile]], *, anew: bool) -> None:
        """Write the index anew once it is wrong about enough plans.

        With `anew` all were read: an index that is there is replaced, for what it says of a file that looks as it did may be
        wrong, too.
        """
        over = {name: known for name, known in kept.items() if known[1].is_over}
        now = {name: stamp for name, (stamp, _) in over.items()}
        is_replaced = anew and bool(self._remembered)
        if not is_replaced and len(now.items() ^ self._remembered.items()) < _WORTH_IT:
            return
        self._remembered = now
        save_index(
            self._folder,
            {
                name: Remembered(stamp, journal.uid, journal.plan, journal.write)
                for name, (stamp, journal) in over.items()
            },
        )
