"""The help screen: all keys of a screen, made from the list of actions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tui_app import actions
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_GROUPS = ("Act", "Mark", "Look", "Move", "Go")


class HelpScreen(TextScreen):
    """All keys of the screen `about`, made from the list of actions."""

    screen_name = "help"
    BINDINGS = actions.bindings("help")

    def __init__(self, service: EmailSecurityService, about: str) -> None:
        super().__init__(service)
        self._about = about

    def on_mount(self) -> None:
        """Show the keys."""
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
                "\nEvery write opens a review first. States: ✔ completed, ! completed with failures, ✖ failed, "
                "● processing, ◌ discovering, ○ pending, ■ cancelled, – skipped, ? unknown to this version.\n",
                "dim",
            )
        )
        if self.service.settings.read_only:
            pieces.append(("\nThis profile is read-only: writes are hidden and refused.\n", "bold"))
        self.set_breadcrumb([("Help › ", "dim"), (self._about.replace("_", " "), "bold")])
        self.show_text(*pieces)
