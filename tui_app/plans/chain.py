"""The chain of hashes through the first lines of all journals, and what speaks against each of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.plans.journal_file import JournalFile
    from tui_app.plans.ledger_entry import JournalSummary, LedgerEntry, PlanSummary
    from tui_app.plans.origin import Origin
    from tui_app.plans.write_entry import WriteEntry


@dataclass(frozen=True)
class ChainCheck:
    """What checking the chain showed: how many journals, the hash at its head, and a sentence for each thing that is wrong."""

    journals: int
    head: str
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """Sentences about journals that come from elsewhere, which breaks no chain."""


@dataclass(frozen=True)
class CheckedJournal:
    """A journal, with what speaks against it in sentences that name it; a copy is of `copy_of`."""

    journal: JournalFile
    doubts: tuple[str, ...]
    copy_of: str = ""
    elsewhere: tuple[str, ...] = ()
    """Those of the doubts that are about where it comes from."""

    @property
    def entry(self) -> LedgerEntry | None:
        """Its plan, with the doubts; None when it holds none that this version understands. Raises JournalError."""
        entry = self.journal.entry
        return replace(entry, doubts=self.doubts) if entry is not None and self.doubts else entry

    @property
    def plan(self) -> PlanSummary | None:
        """The same in short, where that is all that was read."""
        plan = self.journal.plan
        return replace(plan, doubts=self.doubts) if plan is not None and self.doubts else plan

    @property
    def write(self) -> WriteEntry | None:
        """Its write to a job, with the doubts; None when it holds none."""
        write = self.journal.write
        return replace(write, doubts=self.doubts) if write is not None and self.doubts else write


def originals(journals: Sequence[JournalFile]) -> Mapping[str, str]:
    """The names of copies of journals, each with that of the journal that it is a copy of.

    One that has the name that its plan was begun under is the original; where none has, nobody knows which is, and each is
    a copy of another.
    """
    by_plan: dict[str, list[JournalFile]] = {}
    for journal in journals:
        if journal.summary is not None:
            by_plan.setdefault(journal.summary.plan_id, []).append(journal)
    copies: dict[str, str] = {}
    for alike in by_plan.values():
        if len(alike) == 1:
            continue
        right: dict[tuple[str, str], JournalFile] = {}
        for journal in alike:
            if journal.is_named_right:
                # Two plans may have drawn the same id; the same messages at the same moment are one plan.
                first = right.setdefault(_moment_of(journal), journal)
                if first is not journal:
                    copies[journal.path.name] = first.name
        for journal in alike:
            if not journal.is_named_right:
                like = right.get(_moment_of(journal))
                others = [like] if like else [*right.values(), *(other for other in alike if other is not journal)]
                copies[journal.path.name] = others[0].name
    return copies


def _moment_of(journal: JournalFile) -> tuple[str, str]:
    if journal.plan is not None:
        return journal.plan.digest, journal.plan.made_at
    assert journal.write is not None
    return f"{journal.write.what} {journal.write.asked_for}", journal.write.made_at


def _noun(journal: JournalFile) -> str:
    return "write" if journal.of_job else "plan"


def newest(journals: Sequence[JournalFile]) -> tuple[int, str]:
    """The number of the newest journal and the hash that the next one names; a copy is no link of the chain."""
    copies = originals(journals)
    links = [journal.head for journal in journals if journal.head and journal.path.name not in copies]
    return max((journal.number for journal in journals), default=0), links[-1] if links else ""


def check_journals(journals: Sequence[JournalFile], origin: Origin) -> list[CheckedJournal]:
    """Follow the chain through the journals of a folder in their order, as somebody here sees them."""
    here = os.fspath(journals[0].path.parent.resolve()) if journals else ""
    copies = originals(journals)
    previous, last, links = "", 0, {""}
    copied: set[int] = set()
    checked = []
    for journal in journals:
        doubts: list[str] = []
        elsewhere: tuple[str, ...] = ()
        copy_of = copies.get(journal.path.name, "")
        plan = journal.summary
        if copy_of:
            doubts.append(
                f"{journal.name} is a copy of {copy_of}: both hold the same {_noun(journal)}. Move one of them away."
            )
        elif journal.number > last + 1:
            doubts.append(f"{last + 1:06d} is missing: {journal.name} comes after {last:06d}.")
        elif journal.number == last and last not in copied:
            doubts.append(f"{journal.name} has the number of another journal.")
        if copy_of:
            copied.add(journal.number)
        last = max(last, journal.number)
        if plan is not None:
            if not copy_of and plan.previous not in links:
                doubts.append(
                    f"{journal.name} does not follow the one before it: a first line was changed or taken away."
                )
            if journal.number != plan.number:
                doubts.append(f"{journal.name} calls itself number {plan.number}.")
            if not journal.is_named_right:
                doubts.append(f"{journal.name} holds {_noun(journal)} {plan.plan_id}, begun as {plan.expected_file}.")
            doubts += _of_others(journal, plan, origin)
            elsewhere = tuple(_elsewhere(journal, plan, origin, here))
        if journal.head:
            # An earlier version went on from a copy, too.
            links = {previous if copy_of else journal.head, journal.head}
            previous = previous if copy_of else journal.head
        checked.append(CheckedJournal(journal, (*elsewhere, *doubts), copy_of, elsewhere))
    return checked


def _elsewhere(journal: JournalFile, plan: JournalSummary, origin: Origin, here: str) -> Iterable[str]:
    """Sentences about where a journal comes from: another folder, another host. The chain may be whole all the same."""
    if plan.folder not in ("", here):
        yield (
            f"{journal.name} was begun in another folder, {sanitize(plan.folder, 200)}: whoever works on it there, too, "
            "may send the same again."
        )
    if plan.origin.host != origin.host:
        by = sanitize(plan.origin.who, 120)
        yield f"{journal.name} was written on another host, by {by}; this is {sanitize(origin.host, 60)}."


def _of_others(journal: JournalFile, plan: JournalSummary, origin: Origin) -> Iterable[str]:
    """Sentences that name another user who wrote a journal."""
    if None not in (plan.origin.uid, origin.uid) and plan.origin.uid != origin.uid:
        by = sanitize(plan.origin.who, 120)
        yield f"{journal.name} was written by another user, {by}; you are {sanitize(origin.who, 120)}."
    elif origin.uid is not None and journal.uid != origin.uid:
        yield f"{journal.name} is the file of another user, uid {journal.uid}; you are {sanitize(origin.who, 120)}."


def check_chain(journals: Sequence[JournalFile], origin: Origin, unexpected: Iterable[str]) -> ChainCheck:
    """Everything that is wrong with journals; `unexpected` are names that are not files."""
    notes: list[str] = []
    problems = [f"{name} is not a journal file, but has the name of one." for name in unexpected]
    for checked in check_journals(journals, origin):
        journal, plan = checked.journal, checked.journal.summary
        if journal.problem:
            problems.append(journal.problem)
            continue
        if journal.mode & 0o077:
            problems.append(f"{journal.name} can be read or written by others; run: chmod 600 {journal.name}")
        problems += [doubt for doubt in checked.doubts if doubt not in checked.elsewhere]
        notes += checked.elsewhere
        if journal.not_understood:
            problems.append(f"{journal.name} holds no {_noun(journal)} that can be read.")
        if plan is not None and plan.damaged:
            problems.append(f"{journal.name}: {plan.damaged}.")
    return ChainCheck(len(journals), newest(journals)[1], tuple(problems), tuple(notes))
