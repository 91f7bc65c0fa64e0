"""What a window says that is too small to work in."""

from __future__ import annotations

from typing import Final

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

COLUMNS: Final = 60
LINES: Final = 16
ACROSS: Final = [(0, "-too-narrow"), (COLUMNS, "-wide-enough")]
DOWN: Final = [(0, "-too-low"), (LINES, "-high-enough")]
"""Classes that every screen has by its size; the style sheet hides all but this widget by them."""


def is_too_small(widget: Widget) -> bool:
    """Whether its screen shows nothing but this."""
    width, height = widget.app.size
    return width < COLUMNS or height < LINES


class TooSmall(Widget):
    """Shown in place of everything else while the window is too small; nothing behind it is lost."""

    def render(self) -> RenderResult:
        """What is needed, what there is, and the way out; the most important words first."""
        width, height = self.app.size
        return Content(
            f"Too small: {width}x{height}. mailsluice needs {COLUMNS}x{LINES}. "
            "Make the window larger; all is as it was. ctrl+q quits."
        )
