"""The chain of hashes through the first lines of all journals: a changed or missing plan shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_app.plans.journal import JournalContents, JournalError, read

if TYPE_CHECKING:
    from tui_app.plans.records import LedgerEntry


@dataclass(frozen=True)
class ChainCheck:
    """What checking the chain showed: how many journals, the hash at its head, and a sentence for each thing that is wrong."""

    journals: int
    head: str
    problems: tuple[str, ...]


def hash_of(line: bytes) -> str:
    """The link of the chain that a first line makes."""
    return hashlib.sha256(line).hexdigest()


def check_chain(
    journals: Iterable[tuple[int, Path]],
    entry_of: Callable[[Path, JournalContents], LedgerEntry | None],
    unexpected: Iterable[str],
) -> ChainCheck:
    """Follow the chain through the first lines of numbered journals; `unexpected` are names that are not files."""
    previous, expected, count = "", 1, 0
    problems = [f"{name} is not a journal file, but has the name of one." for name in unexpected]
    for number, path in journals:
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
        entry = entry_of(path, reading)
        if entry is None:
            if reading.records or reading.damaged_at:
                problems.append(f"{path.name} holds no plan that can be read.")
            continue  # torn while its first line was written: nothing was sent for it
        if entry.previous != previous:
            problems.append(f"{path.name} does not follow the one before it: a first line was changed or taken away.")
        if entry.number != number:
            problems.append(f"{path.name} calls itself number {entry.number}.")
        if entry.damaged:
            problems.append(f"{path.name}: {entry.damaged}.")
        previous = hash_of(reading.first_line)
    return ChainCheck(count, previous, tuple(problems))
