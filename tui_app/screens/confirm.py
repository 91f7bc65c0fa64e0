"""A question before a write: `y` for one thing, the typed count for many; enter alone never confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui_app.core.paths import sheet
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine
from tui_app.widgets.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from textual.app import ComposeResult


def _without_end(piece: Piece) -> Piece:
    return piece.rstrip() if isinstance(piece, str) else (piece[0].rstrip(), piece[1])


class Confirm(ModalScreen[bool]):
    """What will happen, and a way out that has the focus. `typed` is what has to be typed: `y`, or a number."""

    CSS_PATH = sheet("screens/confirm")
    READ_FIRST: ClassVar[float] = 0.3
    """Seconds that it has to be there before `y` counts: text that is typed in by a terminal comes all at once."""
    BINDINGS = [Binding("escape", "leave", "back", show=False), Binding("y", "yes", "yes", show=False)]

    def __init__(self, title: str, lines: Sequence[Piece], *, typed: str = "y") -> None:
        super().__init__()
        self._title = title
        self._lines = (*lines[:-1], _without_end(lines[-1]))
        self._typed = typed
        self._there_at: float | None = None

    def compose(self) -> ComposeResult:
        """Title, facts, the way to confirm, the way out."""
        with Vertical(id="question"):
            yield Static(Content.assemble((self._title, "bold")), markup=False, id="title")
            yield TextBlock(id="facts")
            if self._typed == "y":
                yield Static(Content.assemble("Type ", ("y", "bold $text-accent"), " to do it."), markup=False)
            else:
                yield Static(
                    Content.assemble("To do it, type ", (self._typed, "bold $text-accent"), " and enter:"), markup=False
                )
                yield LineInput(id="typed", placeholder="number", max_length=12, compact=True)
            yield TextLine(id="problem")
            yield Button("Cancel (esc)", id="cancel", compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        """The way out has the focus; a count is typed at once, and typing is not yet confirming."""
        self.query_one("#facts", TextBlock).set_text(*self._lines)
        self.query_one("#typed" if self._typed != "y" else "#cancel").focus()
        self.call_after_refresh(self._is_there)

    def _is_there(self) -> None:
        self._there_at = asyncio.get_running_loop().time()

    def action_leave(self) -> None:
        """Don't."""
        self.dismiss(False)

    def action_yes(self) -> None:
        """Do it, if `y` is what was asked for."""
        if self._typed != "y" or is_too_small(self):
            return
        there = self._there_at
        if self.READ_FIRST and (there is None or asyncio.get_running_loop().time() - there < self.READ_FIRST):
            self.query_one("#problem", TextLine).set_text(
                ("Not done: read it first, then y once more.", "$text-warning")
            )
            return
        self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """The only button is the way out."""
        self.dismiss(False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The right number confirms; anything else says so."""
        if event.value.strip().replace(",", "") == self._typed:
            self.dismiss(True)
        else:
            self.query_one("#problem", TextLine).set_text(
                (f"Not confirmed: type {self._typed}, or esc to leave.", "$text-error")
            )
