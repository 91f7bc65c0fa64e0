"""The ledger: all plans of this machine, who made them and why, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual import work
from textual.message import Message

from tui_app import actions
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.plans.state import Outcome
from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import Column, RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.plans.ledger_entry import PlanSummary
    from tui_app.widgets.text_lines import Piece

_COLUMNS: Final = (
    Column("STATE", 13),
    Column("LOCAL TIME", 16),
    Column("PLAN", 8),
    Column("WHO", weight=1, from_width=100),
    Column("MAIL", 7, right=True),
    Column("OUTCOME", weight=2),
    Column("REASON", weight=2, private=True),
)


def state_of(plan: PlanSummary) -> Cell:
    """Where a plan stands: glyph, word, tone."""
    if plan.damaged:
        return Cell("✖ damaged", "error")
    if plan.unfinished:
        return Cell("? unfinished", "warning")
    if not plan.finished:
        return Cell("■ closed", "muted")
    done = plan.count_of(Outcome.DELIVERED, Outcome.RELEASED)
    if done == plan.messages:
        return Cell("✔ finished", "success")
    return Cell("! finished", "warning") if done else Cell("✖ none done", "error")


class LedgerScreen(ConsoleScreen):
    """All plans, the newest first."""

    screen_name = "ledger"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("ledger")

    class Chosen(Message):
        """A plan was opened."""

        def __init__(self, plan: PlanSummary) -> None:
            super().__init__()
            self.plan = plan

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable["PlanSummary"](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[PlanSummary]:
        """The plans."""
        return self.query_one("#table", RowTable)

    @staticmethod
    def _cells(plan: PlanSummary) -> Sequence[Cell]:
        return (
            state_of(plan),
            Cell(f"{local_time(plan.at):%Y-%m-%d %H:%M}" if plan.at else "–", "muted"),
            Cell(plan.name),
            Cell(sanitize(plan.origin.who)),
            Cell(f"{plan.messages:,}"),
            Cell(plan.describe()),
            Cell(sanitize(plan.reason), "muted"),
        )

    def on_screen_resume(self) -> None:
        """Read the journals."""
        super().on_screen_resume()
        self.action_view_refresh()

    def action_view_refresh(self) -> None:
        """Read the journals again."""
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """In a thread: there may be ten thousand."""
        plans: Sequence[PlanSummary] = ()
        said, nothing = "", "Nothing was released from this machine yet."
        try:
            overview = await asyncio.to_thread(self.service.plans.ledger.overview)
        except SluiceError as error:
            nothing = str(error)
        else:
            plans = overview.plans
            if overview.unexpected:
                said = f"Nothing is sent until {overview.unexpected[0]} is moved away: it is no journal. V checks."
            elif overview.unreadable:
                # Their plans are not in the list, and their ids are held back.
                said = overview.unreadable[0]
        unfinished = sum(1 for plan in plans if plan.unfinished)
        more = f", {unfinished:,} unfinished" if unfinished else ""
        self.set_breadcrumb([("Ledger", "bold"), f"  {plural(len(plans), 'plan')}{more}"], ["on this machine"])
        self.table().show_rows(ListRows(plans, lambda plan: plan.file))
        if said:
            self.notice(said)
        self.table().set_empty_text(nothing)
        self.show_about()

    def describe(self) -> Sequence[Piece]:
        """Who and why, of the plan under the cursor."""
        plan = self.table().current
        if plan is None:
            return []
        if plan.damaged:
            return [(f"Its journal is damaged: {plan.damaged}. Keep {sanitize(plan.file)}.", "$text-error")]
        if plan.doubts:
            return [(f"{plan.doubts[0]} ", "$text-warning"), (sanitize(plan.origin.describe()), "dim")]
        waits = " · enter opens it, to settle and go on" if plan.open else ""
        told = f"{plan.describe()} · {sanitize(plan.origin.describe())} · "
        return [(told, "dim"), (PrivateText(sanitize(plan.reason)), "dim"), (waits, "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another plan."""
        self.show_about()

    def action_row_open(self) -> None:
        """Open the plan."""
        if plan := self.table().current:
            self.post_message(self.Chosen(plan))

    @work(exclusive=True, group="verify")
    async def action_ledger_verify(self) -> None:
        """Follow the chain, with every journal read again."""
        self.notice("Reading all journals…")
        try:
            verdict = await asyncio.to_thread(self.service.plans.ledger.verify)
        except SluiceError as error:
            self.notice(str(error))
            return
        for problem in verdict.problems:
            self.service.record(f"Ledger: {problem}")
        for note in verdict.notes:
            self.service.record(f"Ledger: {note}")
        elsewhere = f"; {len(verdict.notes):,} from elsewhere, ! tells" if verdict.notes else ""
        if verdict.problems:
            self.notice(f"NOT intact: {verdict.problems[0]} ! shows all.")
        else:
            self.notice(f"{plural(verdict.journals, 'journal')}, whole; head {verdict.head[:16] or 'none'}{elsewhere}")

    def copy_id(self) -> str:
        """The plan's id, or its file where that has the name of another plan."""
        plan = self.table().current
        return plan.name if plan is not None else ""
