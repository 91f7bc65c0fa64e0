"""Two pages to read: the keys, and what was done."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tui_app import actions
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.core.activity import Activity
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_GROUPS = ("Act", "Mark", "Look", "Move", "Go")


class HelpScreen(TextScreen):
    """All keys of the place one came from, made from the list of actions."""

    place = "help"
    BINDINGS = actions.bindings("help")

    def __init__(self, service: EmailSecurityService, about: str) -> None:
        super().__init__(service)
        self._about = about

    def on_mount(self) -> None:
        """Write the page."""
        super().on_mount()
        known = actions.actions_for(self._about, read_only=self.service.settings.read_only)
        pieces: list[Piece] = []
        ordered = sorted(known, key=lambda action: _GROUPS.index(action.group))
        for group, members in groupby(ordered, key=lambda action: action.group):
            pieces.append((f"{group}\n", "bold $text-accent"))
            for action in members:
                pieces += [(f"  {action.key_text:<14}", "bold"), f" {action.label}\n"]
        pieces.append(
            (
                "\nEvery write opens a review first. State is glyph and word: ✔ done, ! done with failures, ✖ failed,\n",
                "dim",
            )
        )
        pieces.append(
            (
                "● at work, ◌ discovering, ○ pending, ■ cancelled, – skipped, ? something this version does not know.\n",
                "dim",
            )
        )
        if self.service.settings.read_only:
            pieces.append(("\nThis profile is read-only: writes are hidden and refused.\n", "bold"))
        self.say_place([("Help › ", "dim"), (self._about.replace("_", " "), "bold")])
        self.show_text(*pieces)


class ActivityScreen(TextScreen):
    """Every write and every error of this session, newest first, in the server's own words."""

    place = "activity"
    BINDINGS = actions.bindings("activity")

    def on_mount(self) -> None:
        """Write the page."""
        super().on_mount()
        self.show_activities()

    def activity_added(self) -> None:
        """Write the page anew."""
        if self.is_mounted:
            self.show_activities()

    def show_activities(self) -> None:
        """Write the page anew."""
        entries = list(reversed(self.service.activities))
        self.say_place([("Activity", "bold"), f"  {len(entries):,} in this session"])
        pieces: list[Piece] = []
        for entry in entries:
            pieces += self._entry(entry)
        self.show_text(*(pieces or [("Nothing was written and nothing went wrong so far.", "dim")]))

    @staticmethod
    def _entry(entry: Activity) -> list[Piece]:
        lines: list[Piece] = [(f"{entry.at.astimezone():%H:%M:%S}  ", "dim"), f"{entry.sentence}\n"]
        for detail in entry.details:
            lines.append((f"          {detail}\n", "dim"))
        return lines
