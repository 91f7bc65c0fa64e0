"""Telling Cloudflare of a plan's mail, from its screen: the verdict is asked for, the number typed, the answer said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui_app.core.confirmation import to_type
from tui_app.core.errors import SluiceError
from tui_app.screens.confirm import Confirm
from tui_app.screens.plan.verdict import ChooseVerdict, submission_facts

if TYPE_CHECKING:
    from tui_app.api.enums import Disposition
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.plan import Target
    from tui_app.plans.submission import ToSubmit
    from tui_app.screens.base import ConsoleScreen


class PlanSubmission:
    """One at a time, on the screen of one plan."""

    def __init__(self, screen: ConsoleScreen) -> None:
        self._screen = screen
        self.sending = False
        """Whether it is being sent."""

    async def choose(self, entry: LedgerEntry, targets: Mapping[str, Target]) -> ToSubmit | None:
        """What of a plan can be told; None where nothing can, or the screen was left: that is said."""
        screen = self._screen
        screen.notice("Looking at what can be reported…")
        try:
            asked = await screen.service.submissions.prepare(entry, targets)
        except SluiceError as error:
            screen.notice(str(error))
            return None
        if screen.app.screen is not screen:
            screen.notice("Nothing was reported.")
            return None
        return asked

    async def confirm(self, entry: LedgerEntry, asked: ToSubmit) -> Disposition | None:
        """The verdict that somebody chose and confirmed; None for no answer, which is said."""
        screen = self._screen
        screen.notice("")
        expected = await screen.ask(ChooseVerdict(asked))
        if expected is not None:
            number = to_type(len(asked.mails))
            typed = f"{entry.name} {number}" if entry.doubts else number
            question = Confirm("Report these to Cloudflare?", submission_facts(entry, asked, expected), typed=typed)
            if await screen.ask(question):
                return expected
        screen.notice("Nothing was reported.")
        return None

    async def send(self, entry: LedgerEntry, asked: ToSubmit, expected: Disposition) -> None:
        """Send what was confirmed, and say what became of it."""
        screen = self._screen
        screen.awaiting = self.sending = True
        screen.notice("Reporting…")
        try:
            said = await screen.service.submissions.send(entry, asked, expected)
        except SluiceError as error:
            screen.service.record(str(error))
            said = str(error)
        finally:
            screen.awaiting = self.sending = False
        screen.notice(said)
