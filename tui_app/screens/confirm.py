"""A question before a write: `y` confirms one thing, the typed count several; enter alone never confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Input, Static

from tui_app.core.paths import sheet
from tui_app.screens.facts import SCROLLED, Facts
from tui_app.terminal.renderer import DiffRenderer
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextLine
from tui_app.widgets.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from textual.app import ComposeResult


def _without_end(piece: Piece) -> Piece:
    return piece.rstrip() if isinstance(piece, str) else (piece[0].rstrip(), piece[1])


ALL_AT_ONCE: Final = 0.03
"""Seconds: nobody presses enter so soon after another key; what is pasted without brackets comes faster."""
_LONGEST_REASON: Final = 500
ENTER_AGAIN: Final = "Not confirmed yet: read it, then press enter again."


def came_too_soon(screen: Screen[Any], shown_at: float | None, pause: float) -> bool:
    """Whether a key confirms nothing: its question was not on the screen for a moment, or it came in one go with others.

    `shown_at` = when the question was painted, by the loop's clock; `pause` = seconds before the key without another one.
    """
    if not Confirm.READ_FIRST:
        return False
    gap = screen.app.key_gap if isinstance(screen.app, DiffRenderer) else 0.0
    return shown_at is None or asyncio.get_running_loop().time() - shown_at < Confirm.READ_FIRST or gap < pause


class Confirm(ModalScreen[bool]):
    """Says what will happen and asks. `typed` is what confirms: `y`, a number, or a beginning of an id.

    `way_out` says what stays as it is without an answer; it has the focus where `y` is asked for. With `asks_reason` there
    is a line for why; where it `needs_reason`, nothing is confirmed while that is empty. `reason` is what was typed.

    Who types a sentence does not answer with its letters: they go into the line for why, and where there is none, a `y` or
    an `n` right behind another letter counts for nothing.
    """

    CSS_PATH = sheet("screens/confirm")
    READ_FIRST: ClassVar[float] = 0.3
    """Seconds for which the question must be shown before `y` counts: text that a terminal pastes comes at once."""
    QUIET: ClassVar[float] = 1.0
    """Seconds without a key, after one that means nothing here, before `y` and `n` count again."""
    BINDINGS = [
        Binding("escape", "leave", "back", show=False),
        Binding("y", "yes", "yes", show=False),
        Binding("n", "leave", "no", show=False),
        *SCROLLED,
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[Piece],
        *,
        typed: str = "y",
        way_out: str = "Back, nothing is sent",
        asks_reason: bool = False,
        needs_reason: bool = False,
    ) -> None:
        super().__init__()
        self._way_out = way_out
        self._title = title
        self._lines = (*lines[:-1], _without_end(lines[-1]))
        self._typed = typed
        self._asks_reason = asks_reason or needs_reason
        self._needs_reason = needs_reason
        self._shown_at: float | None = None
        self._stray_at = float("-inf")
        """When the last letter came that was no answer."""
        self.reason = ""

    def compose(self) -> ComposeResult:
        """Title, facts, the reason, what to type, the back button."""
        with Vertical(id="question"):
            yield Static(Content.assemble((self._title, "bold")), markup=False, id="title")
            yield Facts()
            if self._asks_reason:
                key = "tab" if self._typed == "y" else "shift+tab"
                hint = "why; the policy asks for it" if self._needs_reason else f"why; {key} comes here, may stay empty"
                with Horizontal(classes="asked"):
                    yield Static("Reason  ", markup=False, classes="asked-label")
                    yield LineInput(
                        id="reason",
                        placeholder=hint,
                        max_length=_LONGEST_REASON,
                        compact=True,
                        select_on_focus=False,  # the letter that led there is not to be lost by the next
                    )
            if self._typed == "y":
                yield Static(Content.assemble("Type ", ("y", "bold $text-accent"), " to do it."), markup=False)
            else:
                asked = Content.assemble("To do it, type ", (self._typed, "bold $text-accent"), " and enter: ")
                with Horizontal(classes="asked"):
                    yield Static(asked, markup=False, classes="asked-label")
                    yield LineInput(id="typed", placeholder="here", max_length=len(self._typed) + 8, compact=True)
            yield TextLine(id="problem")
            yield Button(Content.assemble(self._way_out, " (esc)"), id="cancel", compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        """Focus the back button, or the input for a count, or the reason where there must be one."""
        # At once: `focus()` comes later, and what is typed ahead would go to the field that comes first.
        self.set_focus(self.query_one("#reason" if self._needs_reason else self._answer))
        # Once it is known how wide it is: a text that is broken anew keeps the height that it had.
        self.call_after_refresh(self._show_facts)

    def _show_facts(self) -> None:
        self.query_one(Facts).show(*self._lines)
        self.call_after_refresh(self._is_shown)

    def on_resize(self) -> None:
        """Keep the place for the answer in sight."""
        self.query_one(Facts).fit()

    def action_scroll_facts(self, pages: float) -> None:
        """Show what of the facts is above or below."""
        self.query_one(Facts).scroll_by_pages(pages)

    @property
    def _answer(self) -> str:
        """Where the answer is typed."""
        return "#typed" if self._typed != "y" else "#cancel"

    def _is_shown(self) -> None:
        self._shown_at = asyncio.get_running_loop().time()

    def on_key(self, event: Key) -> None:
        """A letter that no field took: an answer, the beginning of a reason, or part of what was meant for elsewhere."""
        if not event.is_printable or event.character is None or is_too_small(self):
            return
        if event.key in ("y", "n"):
            if event.time - self._stray_at < self.QUIET:
                self._stray_at = event.time
                event.stop()
                self._say("Not answered: wait a second, then type y or n. Esc leaves at once.", "$text-warning")
        elif self._asks_reason:
            event.stop()
            field = self.query_one("#reason", Input)
            # At once, so that the next letter goes there.
            self.set_focus(field)
            field.cursor_position = len(field.value)
            field.insert_text_at_cursor(event.character)
            answer = "y does it" if self._typed == "y" else "type the answer"
            self._say(f"The reason: enter ends it, then {answer}. Esc leaves.", "$text-warning")
        else:
            self._stray_at = event.time

    def action_leave(self) -> None:
        """Close without confirming."""
        self.dismiss(False)

    def action_yes(self) -> None:
        """Confirm, if `y` is what was asked for."""
        if self._typed != "y" or is_too_small(self):
            return
        self._confirm(self.READ_FIRST, "Not confirmed yet: read it, then press y again.")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close without confirming: the only button goes back."""
        self.dismiss(False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Confirm with the right number; else say what to type. Behind the reason the answer comes."""
        if event.input.id == "reason":
            self.query_one(self._answer).focus()
            self._say("", "")
            return
        written = event.value.strip()
        if self._typed in (written, written.replace(",", "")):
            self._confirm(ALL_AT_ONCE, ENTER_AGAIN)
        else:
            event.input.select_all()  # what is typed next takes its place
            self._say(f"Not confirmed: type {self._typed}, or esc to leave.", "$text-error")

    def _confirm(self, pause: float, too_soon: str) -> None:
        """Close with a yes, unless it came too soon, or the reason is missing."""
        if came_too_soon(self, self._shown_at, pause):
            self._say(too_soon, "$text-warning")
            return
        self.reason = self.query_one("#reason", Input).value.strip() if self._asks_reason else ""
        if self._needs_reason and not self.reason:
            self.query_one("#reason").focus()
            self._say("Not confirmed: the policy asks for a reason. Type it, then enter.", "$text-error")
            return
        self.dismiss(True)

    def say_unused(self, key: str) -> None:
        """A key that means nothing here was pressed."""
        self._say(f"{key} does nothing here: type {self._typed}, or esc to leave.", "$text-warning")

    def _say(self, sentence: str, style: str) -> None:
        self.query_one("#problem", TextLine).set_text((sentence, style))
