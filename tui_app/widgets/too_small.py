"""What is shown in a window that is too small."""

from __future__ import annotations

from typing import Final

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

COLUMNS: Final = 60
LINES: Final = 16
ACROSS: Final = [(0, "-too-narrow"), (COLUMNS, "-wide-enough")]
DOWN: Final = [(0, "-too-low"), (LINES, "-high-enough")]
"""Classes of every screen by its size; with them the style sheet hides all other widgets."""


def is_too_small(widget: Widget) -> bool:
    """Whether the window is too small for its screen."""
    width, height = widget.app.size
    return width < COLUMNS or height < LINES


class TooSmall(Widget):
    """Shown in place of everything else while the window is too small; the screen keeps its state."""

    def render(self) -> RenderResult:
        """The size that there is, the size that is needed, and how to quit."""
        width, height = self.app.size
        return Content(
            f"Too small: {width}x{height}. mailsluice needs {COLUMNS}x{LINES}. "
            "Make the window larger: nothing is lost. ctrl+q quits."
        )
