"""What is shown in a window that is too small."""

from __future__ import annotations

from typing import Final

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from tui_app.core.terminal_needs import COLUMNS, LINES

ACROSS: Final = [(0, "-too-narrow"), (COLUMNS, "-wide-enough")]
DOWN: Final = [(0, "-too-low"), (LINES, "-high-enough")]
"""Classes of every screen by its size; with them the style sheet hides all other widgets."""


def is_too_small(widget: Widget) -> bool:
    """Whether the window is too small for its screen."""
    width, height = widget.app.size
    return width < COLUMNS or height < LINES


class TooSmall(Widget):
    """Shown in place of everything else while the window is too small; the screen keeps its state, and its focus."""

    def __init__(self) -> None:
        super().__init__()
        self._focused: Widget | None = None

    def on_mount(self) -> None:
        """Remember what has the focus: what is hidden loses it."""
        self.watch(self.screen, "focused", self._remember)

    def _remember(self, focused: Widget | None) -> None:
        if focused is not None:
            self._focused = focused

    def on_hide(self) -> None:
        """What had the focus has it again: what is typed next must not be read as keys of the screen."""
        before, self._focused = self._focused, self.screen.focused
        if self.screen.focused is None and before is not None and before.is_attached and before.focusable:
            self.screen.set_focus(
                before, from_app_focus=True
            )  # what was typed is not selected: the next key adds to it

    def render(self) -> RenderResult:
        """The size that there is, the size that is needed, and how to quit."""
        width, height = self.app.size
        return Content(
            f"Too small: {width}x{height}. mailsluice needs {COLUMNS}x{LINES}. "
            "Make the window larger: nothing is lost. ctrl+q quits."
        )
