"""The ledger: all plans of this machine, who made them and why, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual.message import Message

from tui_app import actions
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.plans.state import OPEN, Outcome
from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import Column, RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.plans.records import LedgerEntry
    from tui_app.service import EmailSecurityService
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


def state_of(entry: LedgerEntry) -> Cell:
    """Where a plan stands: glyph, word, tone."""
    if entry.damaged:
        return Cell("✖ damaged", "error")
    if entry.state.unfinished:
        return Cell("? unfinished", "warning")
    if not entry.state.finished:
        return Cell("■ closed", "muted")
    done = len(entry.state.with_outcome(Outcome.DELIVERED, Outcome.RELEASED))
    if done == len(entry.plan.targets):
        return Cell("✔ finished", "success")
    return Cell("! finished", "warning") if done else Cell("✖ none done", "error")


class LedgerScreen(ConsoleScreen):
    """All plans, the newest first."""

    screen_name = "ledger"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("ledger")

    class Chosen(Message):
        """A plan was opened."""

        def __init__(self, entry: LedgerEntry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._problem = ""

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable["LedgerEntry"](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[LedgerEntry]:
        """The plans."""
        return self.query_one("#table", RowTable)

    @staticmethod
    def _cells(entry: LedgerEntry) -> Sequence[Cell]:
        return (
            state_of(entry),
            Cell(f"{entry.at.astimezone():%Y-%m-%d %H:%M}" if entry.at else "–", "muted"),
            Cell(entry.name),
            Cell(sanitize(entry.origin.who)),
            Cell(f"{len(entry.plan.targets):,}"),
            Cell(entry.state.describe()),
            Cell(sanitize(entry.plan.reason), "muted"),
        )

    def on_screen_resume(self) -> None:
        """Read the journals."""
        super().on_screen_resume()
        self.action_view_refresh()

    def action_view_refresh(self) -> None:
        """Read the journals again."""
        entries: Sequence[LedgerEntry] = ()
        try:
            entries, self._problem = self.service.plans.ledger.entries(), ""
        except SluiceError as error:
            self._problem = str(error)
        unfinished = sum(1 for entry in entries if entry.state.unfinished)
        more = f", {unfinished:,} unfinished" if unfinished else ""
        self.set_breadcrumb([("Ledger", "bold"), f"  {plural(len(entries), 'plan')}{more}"], ["on this machine"])
        self.table().show_rows(ListRows(entries, lambda entry: entry.file))
        if unexpected := self.service.plans.ledger.unexpected_entries():
            self.notice(f"Nothing is sent until {unexpected[0]} is moved away: it is no journal. V checks.")
        elif unreadable := self._unreadable():
            self.notice(unreadable[0])
        self.table().set_empty_text(self._problem or "Nothing was released from this machine yet.")
        self.show_about()

    def _unreadable(self) -> Sequence[str]:
        """Journals that this version can't read: their plans are not in the list, and their ids are held back."""
        try:
            return self.service.plans.ledger.unreadable()
        except SluiceError:
            return ()

    def describe(self) -> Sequence[Piece]:
        """Who and why, of the plan under the cursor."""
        entry = self.table().current
        if entry is None:
            return []
        if entry.damaged:
            return [(f"Its journal is damaged: {entry.damaged}. Keep {sanitize(entry.file)}.", "$text-error")]
        if entry.doubts:
            return [(f"{entry.doubts[0]} ", "$text-warning"), (sanitize(entry.origin.describe()), "dim")]
        waits = " · enter opens it, to settle and go on" if entry.state.with_outcome(*OPEN) else ""
        told = f"{entry.state.describe()} · {sanitize(entry.origin.describe())} · "
        return [(told, "dim"), (PrivateText(sanitize(entry.plan.reason)), "dim"), (waits, "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another plan."""
        self.show_about()

    def action_row_open(self) -> None:
        """Open the plan."""
        if entry := self.table().current:
            self.post_message(self.Chosen(entry))

    def action_ledger_verify(self) -> None:
        """Follow the chain."""
        try:
            verdict = self.service.plans.ledger.verify()
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
        entry = self.table().current
        return entry.name if entry is not None else ""
