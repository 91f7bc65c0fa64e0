"""A question with a few answers, each under a digit. Nothing is sent by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui_app.core.paths import sheet
from tui_app.screens.facts import SCROLLED, Facts
from tui_app.widgets.text_lines import Piece
from tui_app.widgets.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from textual.app import ComposeResult

T = TypeVar("T")
_DIGITS: Final = range(1, 10)


class Choice(ModalScreen[T | None], Generic[T]):
    """Offers values, nine at most; None when nobody chose one. `hint` = what comes after it."""

    CSS_PATH = sheet("screens/confirm")
    BINDINGS = [
        Binding("escape,q", "leave", "back", show=False),
        *SCROLLED,
        *(Binding(str(number), f"choose({number})", show=False) for number in _DIGITS),
    ]

    def __init__(self, title: str, hint: str, offered: Sequence[T]) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._offered = tuple(offered)

    def describe(self, value: T) -> tuple[str, str, str]:
        """A value's name, what it means, and the style of that."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Title, values with what they mean, the way out."""
        with Vertical(id="question"):
            yield Static(Content.assemble((self._title, "bold")), markup=False, id="title")
            yield Facts(hang=3)
            yield Static(Content.assemble(f"Press its number. {self._hint}"), markup=False, id="hint")
            yield Button(Content.assemble("Back, nothing is sent (esc)"), id="cancel", compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the values."""
        pieces: list[Piece] = []
        for number, value in enumerate(self._offered, 1):
            name, meaning, tone = self.describe(value)
            end = "\n" if number < len(self._offered) else ""
            pieces += [(f"{number}  {name}", "bold"), (f": {meaning}{end}", tone)]
        self.query_one(Facts).show(*pieces)
        self.query_one("#cancel").focus()

    def on_resize(self) -> None:
        """Keep the way out in sight."""
        self.query_one(Facts).fit()

    def action_scroll_facts(self, pages: float) -> None:
        """Show what of the values is above or below."""
        self.query_one(Facts).scroll_by_pages(pages)

    def action_choose(self, number: int) -> None:
        """Take the value under a digit."""
        if number <= len(self._offered) and not is_too_small(self):
            self.dismiss(self._offered[number - 1])

    def say_unused(self, key: str) -> None:
        """A key that means nothing here was pressed."""
        self.query_one("#hint", Static).update(Content(f"{key} does nothing here: press a number, or esc to leave."))

    def action_leave(self) -> None:
        """Choose none."""
        self.dismiss(None)

    def on_button_pressed(self) -> None:
        """The only button goes back."""
        self.dismiss(None)
