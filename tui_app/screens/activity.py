"""The activity page: every write and every error of this session, and what the API sent that is not documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app import actions
from tui_app.api.drift import describe
from tui_app.core.clock import local_time
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.core.activity import Activity
    from tui_app.widgets.text_lines import Piece


class ActivityScreen(TextScreen):
    """Every write and every error of this session, newest first, with the server's own text."""

    screen_name = "activity"
    BINDINGS = actions.bindings("activity")

    def mounted(self) -> None:
        """Show the list."""
        super().mounted()
        self.show_activities()

    def activity_added(self) -> None:
        """Show the list with the new entry."""
        if self.is_mounted:
            self.show_activities()

    def show_activities(self) -> None:
        """Show the list."""
        entries = list(reversed(self.service.activities))
        drift = self.service.drift
        undocumented = describe(drift) if drift is not None else ()
        below = [f"{len(drift.findings):,} not documented, at the end"] if drift is not None and undocumented else []
        self.set_breadcrumb([("Activity", "bold"), f"  {len(entries):,} in this session"], below)
        pieces: list[Piece] = []
        for entry in entries:
            pieces += self._entry(entry)
        if not pieces:
            pieces.append(("No write and no error in this session so far.\n", "dim"))
        if undocumented:
            pieces += ["\n", f"{undocumented[0]}\n", *[(f"          {line}\n", "dim") for line in undocumented[1:]]]
        self.show_text(*pieces)

    @staticmethod
    def _entry(entry: Activity) -> list[Piece]:
        lines: list[Piece] = [(f"{local_time(entry.at):%H:%M:%S}  ", "dim"), f"{entry.sentence}\n"]
        for detail in entry.details:
            lines.append((f"          {detail}\n", "dim"))
        return lines
