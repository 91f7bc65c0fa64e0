"""What may be asked of a plan. Screens and the command line start the same commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.plans.journal_file import JournalSizes
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.plan import Plan, Target


@dataclass(frozen=True, slots=True)
class Send:
    """Send a new plan that was confirmed; `journals` as they were when its messages were looked at."""

    plan: Plan
    journals: JournalSizes | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Settle what is unknown of a plan, then send what was never sent.

    With `resend_unseen` also what was not seen done, which may do it twice. `reviewed` are those that somebody reviewed, as
    they were shown: nothing else is sent; None = all, as the journal knows them.
    """

    entry: LedgerEntry
    resend_unseen: bool = False
    reviewed: tuple[Target, ...] | None = None
    despite_doubts: bool = False
    """Whether what speaks against the plan's journal was read and typed (`LedgerEntry.doubts`)."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Read back what is open of a plan; nothing is sent."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class CheckArrival:
    """Look again at what was told as done; nothing is sent."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class Close:
    """Put on record that what was not sent of a plan never will be."""

    entry: LedgerEntry


Command = Send | Resume | Settle | CheckArrival | Close


def plan_of(command: Command) -> Plan:
    """The plan that a command is about."""
    return command.plan if isinstance(command, Send) else command.entry.plan
