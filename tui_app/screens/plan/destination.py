"""To which folder: asked before a move is reviewed. Nothing is sent by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui_app.api.enums import Destination
from tui_app.core.paths import sheet
from tui_app.plans.effect import CONSEQUENCES
from tui_app.widgets.text_lines import Piece, TextBlock
from tui_app.widgets.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from textual.app import ComposeResult

ALL: Final = tuple(Destination)


class ChooseDestination(ModalScreen[Destination | None]):
    """Offers folders, each under a digit; None when nobody chose one."""

    CSS_PATH = sheet("screens/confirm")
    BINDINGS = [
        Binding("escape,q", "leave", "back", show=False),
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, len(ALL) + 1)),
    ]

    def __init__(self, title: str, offered: Sequence[Destination] = ALL) -> None:
        super().__init__()
        self._title = title
        self._offered = tuple(offered)

    def compose(self) -> ComposeResult:
        """Title, folders with what users still see, the way out."""
        with Vertical(id="question"):
            yield Static(Content.assemble((self._title, "bold")), markup=False, id="title")
            yield TextBlock(id="facts", hang=3)
            yield Static(Content.assemble("Press its number. It is reviewed before anything is sent."), markup=False)
            yield Button(Content.assemble("Back, nothing is sent (esc)"), id="cancel", compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the folders."""
        pieces: list[Piece] = []
        for number, destination in enumerate(self._offered, 1):
            tone = "$text-error" if destination.is_final else "dim"
            end = "\n" if number < len(self._offered) else ""
            pieces += [(f"{number}  {destination.label}", "bold"), (f": {CONSEQUENCES[destination]}{end}", tone)]
        self.query_one("#facts", TextBlock).set_text(*pieces)
        self.query_one("#cancel").focus()

    def action_choose(self, number: int) -> None:
        """Take the folder under a digit."""
        if number <= len(self._offered) and not is_too_small(self):
            self.dismiss(self._offered[number - 1])

    def action_leave(self) -> None:
        """Choose none."""
        self.dismiss(None)

    def on_button_pressed(self) -> None:
        """The only button goes back."""
        self.dismiss(None)
