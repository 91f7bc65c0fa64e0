"""What is on record of a write to a job, or of a report of mail: who, when, why, what was asked for, and all that was answered."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app import actions
from tui_app.core.errors import SluiceError
from tui_app.core.text import sanitize
from tui_app.plans.write_entry import DELETE, WriteEntry
from tui_app.screens.intent import Intent
from tui_app.screens.journal_watch import JournalWatch
from tui_app.screens.text_screen import TextScreen
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_WIDTH: Final = 11
_PRIVATE: Final = frozenset({"reason", "search"})


class WriteRecordScreen(TextScreen):
    """The record; `v` reads an unknown write back, `enter` opens the job, or the plan."""

    screen_name = "record"
    hang = _WIDTH
    BINDINGS = actions.bindings("record")

    class JobWanted(Intent):
        """The job is to be opened."""

        def __init__(self, entry: WriteEntry) -> None:
            super().__init__()
            self.entry = entry

    class ReportedPlanWanted(Intent):
        """The plan of a report is to be opened."""

        def __init__(self, plan: str) -> None:
            super().__init__()
            self.plan = plan

    def __init__(self, service: EmailSecurityService, entry: WriteEntry, said: str = "") -> None:
        super().__init__(service)
        self._entry = entry
        self._said = said
        self._journals = JournalWatch(lambda: service.plans.ledger.folder)

    def mounted(self) -> None:
        """Show the record."""
        super().mounted()
        self._show()
        if self._said:
            self.notice(self._said)

    def _show(self) -> None:
        entry = self._entry
        self.set_breadcrumb([("Ledger › ", "dim"), (entry.what, "bold"), f"  {entry.target}"], [entry.standing])
        pieces: list[Piece] = []
        about = ""
        for name, value in entry.facts():
            about = name or about
            text = PrivateText(value) if about in _PRIVATE else value
            pieces += [(f"{name:<{_WIDTH}}", "dim"), text, "\n"]
        self.show_text(*pieces)
        self.show_footer()

    def time_passed(self) -> None:
        """Follow what another mailsluice writes about it."""
        super().time_passed()
        if self._journals.changed((self._entry.file,)):
            self._reread()

    @work(exclusive=True, group="reread")
    async def _reread(self) -> None:
        await self._read_anew()

    async def _read_anew(self) -> None:
        """Show what its journal tells by now; one that can't be read is left to who settles it."""
        with suppress(SluiceError):
            now = await asyncio.to_thread(self.service.plans.ledger.find_any, self._entry.file)
            if self.ready and isinstance(now, WriteEntry) and now != self._entry:
                self._entry = now
                self._show()

    def why_not(self, action_id: str) -> str:
        """Settle only where something is open."""
        settled = action_id == "record.settle" and not self._entry.open
        return f"It is {self._entry.standing}: there is nothing to settle." if settled else super().why_not(action_id)

    def action_row_open(self) -> None:
        """Open the job, or the plan of a report."""
        if self._entry.report is not None:
            self.post_message(self.ReportedPlanWanted(self._entry.report.plan))
        elif self._entry.job:
            self.post_message(self.JobWanted(self._entry))
        else:
            self.notice("Nobody knows the job's id. ‹record.settle› looks for it by its mark.")

    @work(exclusive=True, group="settle")
    async def action_record_settle(self) -> None:
        """Read back what became of it."""
        self.notice("Reading back…")
        await self._read_anew()
        if not self._entry.open:
            self.notice(f"It is {self._entry.standing}: there is nothing to settle.")
            return
        try:
            self._entry = await self.service.writes.settle(self._entry)
        except SluiceError as error:
            self.notice(str(error))
            return
        self._show()
        if self._entry.report is not None:
            sums = self._entry.sums()
            self.notice(
                f"Settled: {sums}." if not self._entry.open else f"Still unknown: {sums}. ‹record.settle› asks again."
            )
            return
        where = "the job is still there" if self._entry.write == DELETE else "not seen done"
        done = "it was done, but the job DIFFERS from what was asked for" if self._entry.differs else "it was done"
        self.notice(
            f"Settled: {done}." if not self._entry.open else f"Still unknown: {where}. ‹record.settle› asks again."
        )

    def copy_id(self) -> str:
        """The job's id, or that of the record."""
        return sanitize(self._entry.job) or self._entry.name
