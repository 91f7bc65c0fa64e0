"""The activity screen: every write and every error of this session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app import actions
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.core.activity import Activity
    from tui_app.widgets.text_lines import Piece


class ActivityScreen(TextScreen):
    """Every write and every error of this session, newest first, with the server's own text."""

    screen_name = "activity"
    BINDINGS = actions.bindings("activity")

    def on_mount(self) -> None:
        """Show the list."""
        super().on_mount()
        self.show_activities()

    def activity_added(self) -> None:
        """Show the list with the new entry."""
        if self.is_mounted:
            self.show_activities()

    def show_activities(self) -> None:
        """Show the list."""
        entries = list(reversed(self.service.activities))
        self.set_breadcrumb([("Activity", "bold"), f"  {len(entries):,} in this session"])
        pieces: list[Piece] = []
        for entry in entries:
            pieces += self._entry(entry)
        self.show_text(*(pieces or [("No write and no error in this session so far.", "dim")]))

    @staticmethod
    def _entry(entry: Activity) -> list[Piece]:
        lines: list[Piece] = [(f"{entry.at.astimezone():%H:%M:%S}  ", "dim"), f"{entry.sentence}\n"]
        for detail in entry.details:
            lines.append((f"          {detail}\n", "dim"))
        return lines
