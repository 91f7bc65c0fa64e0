"""The other plans of an account: what they have sent, or may have, that a plan must not send as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.config.settings import canonical_account
from tui_app.core.text import sanitize
from tui_app.plans.effect import Source
from tui_app.plans.guard import UNSEEN, OpenElsewhere
from tui_app.plans.journal import JournalError
from tui_app.plans.plan import KEEPS_UNFINISHED
from tui_app.plans.state import OPEN, Outcome

if TYPE_CHECKING:
    from tui_app.plans.chain import CheckedJournal
    from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary
    from tui_app.plans.plan import Plan, Target

_CLOCKS_DIFFER: Final = timedelta(hours=2)
_NOT_DONE: Final = (Outcome.REFUSED, Outcome.FAILED, Outcome.LEFT_OUT)


class OtherPlans:
    """The journals of one ledger as they were read, for whoever wants to send for an account."""

    def __init__(self, checked: Sequence[CheckedJournal], account: str) -> None:
        self._checked = checked
        self._account = _account_id(account)

    def _is_ours(self, account: str) -> bool:
        return _account_id(account) == self._account

    def held(self, except_file: str = "") -> dict[str, OpenElsewhere]:
        """Ids that must not be sent by another plan: their outcome is open, or can't be read here.

        What this version does not understand in a journal is never taken for nothing: every id that its lines name is
        held back. Only the journal of the file `except_file` is left out. Raises JournalError.
        """
        found: dict[str, OpenElsewhere] = {}
        for journal in (checked.journal for checked in self._checked):
            if journal.path.name == except_file or journal.is_over:
                continue
            if journal.problem:
                raise JournalError(journal.problem)
            entry = journal.entry
            if entry is None and journal.not_understood and not journal.ids and not journal.of_job:
                raise JournalError(f"{journal.not_understood} Nothing was sent: nobody can say which mail it is about.")
            if entry is None:
                # Of whichever account it is, nobody can say.
                held = OpenElsewhere(
                    sanitize(journal.path.stem, 100), f"named in {journal.name}, which this version can't read"
                )
                for identity in sorted(journal.ids):
                    found.setdefault(identity, held)
                continue
            name = entry.name
            given_up = OpenElsewhere(name, f"sent by plan {name} (closed or damaged), outcome never seen", UNSEEN)
            if self._is_ours(entry.account):
                # Nobody can resume a damaged one, either.
                nobody_settles = entry.state.closed or bool(entry.damaged)
                held = given_up if nobody_settles else OpenElsewhere(name, f"unknown in plan {name}: settle that first")
                for target in entry.state.with_outcome(*OPEN):
                    for identity in target.names:
                        found.setdefault(identity, held)
            # Whatever a changed journal still names may have been sent, for whichever account it was.
            for identity in sorted(journal.ids):
                found.setdefault(identity, given_up)
        return found

    def sent_after(self, than: LedgerEntry) -> dict[str, str]:
        """Ids that another plan has acted on, or may have, since a plan was made, with that plan.

        A copy of the plan's journal is another one. What a plan follows from has acted on them before, by its nature.
        """
        before = self._ancestors(than)
        return {
            name: entry.name
            for checked in reversed(self._checked)
            if (plan := checked.plan) is not None and plan.file != than.file and plan.file not in before
            if self._is_ours(plan.account)
            if (later := _is_later(plan, than)) or plan.file in than.unfinished_before
            if (entry := checked.entry) is not None
            for result in entry.state.results
            if result.outcome not in _NOT_DONE
            # Clocks are set: a plan that was unfinished then may have sent since, whatever its times say. What is open
            # there is held back by itself, and can be let through by its word.
            if later or result.outcome not in OPEN
            for name in result.target.names
        }

    def sent_in(self, asked: Mapping[str, AbstractSet[str]], plan: Plan) -> dict[str, str]:
        """What of these ids, by the files of journals, other plans have acted on, or may have, each with the plan.

        What a new plan follows from is no other plan.
        """
        before = self._ancestors(plan)
        return {
            name: entry.name
            for checked in self._checked
            if (other := checked.plan) is not None and other.file in asked and other.file not in before
            if self._is_ours(other.account)
            if (entry := checked.entry) is not None
            for result in entry.state.results
            if result.target.id in asked[other.file] and result.outcome not in (*_NOT_DONE, Outcome.NOT_SENT)
            for name in result.target.names
        }

    def taken(self, entry: LedgerEntry, targets: Sequence[Target]) -> dict[str, str]:
        """Why other journals forbid to go on with these messages of a plan, by id. Raises JournalError.

        A search may be behind: what another plan was told is known at once.
        """
        others, held = self.sent_after(entry), self.held(except_file=entry.file)
        why: dict[str, str] = {}
        for target in targets:
            for name in target.names:
                kept = held.get(name)
                if name in others:
                    why.setdefault(target.id, f"plan {others[name]} has sent it, too")
                elif kept is not None and not (kept.include and kept.include in entry.plan.words_for(target.id)):
                    why.setdefault(target.id, f"held back: {kept.why}")
        return why

    def _ancestors(self, plan: PlanSummary | Plan) -> set[str]:
        """The files of plans that a plan follows from, and of those that they follow from."""
        by_id = {known.plan_id: known for checked in self._checked if (known := checked.plan) is not None}
        found: set[str] = set()
        source = plan.source
        while source is not None and source.kind == Source.PLAN and (earlier := by_id.get(source.name)) is not None:
            if earlier.file in found:
                break
            found.add(earlier.file)
            source = earlier.source
        return found


def _account_id(account: str) -> str:
    """The account without the address at which it was asked: a mailbox is the same behind each of them."""
    return canonical_account(account).partition("@")[0]


def _is_later(plan: PlanSummary, than: LedgerEntry) -> bool:
    """Whether a plan may have acted on something after another one was made."""
    if plan.number > than.number:
        return True
    # A journal that keeps which others were unfinished then needs no clocks: what was over has done nothing since.
    # A copy of a journal may be gone on with all the same.
    if than.plan.format >= KEEPS_UNFINISHED and plan.file == plan.expected_file and plan.plan_id != than.plan_id:
        return False
    return _later(plan.last_at, than.at)


def _later(one: datetime | None, other: datetime | None) -> bool:
    """Whether one moment may be after another, by clocks that may have been set meanwhile."""
    return one is None or other is None or one >= other - _CLOCKS_DIFFER
