"""What a question is about: too long for the window, it scrolls, and the place for the answer stays in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui_app.widgets.text_lines import Piece, TextBlock

if TYPE_CHECKING:
    from textual.app import ComposeResult

SCROLLED: Final = tuple(
    Binding(keys, f"scroll_facts({pages})", show=False)
    for keys, pages in (("up", -0.25), ("down", 0.25), ("pageup", -1.0), ("pagedown", 1.0))
)
"""Keys of a screen with facts, which has `action_scroll_facts`: no field takes them."""
_REST: Final = "up and down show the rest"


class Facts(VerticalScroll):
    """Between the title and the answer, directly in the box of a question; `hang` = as for TextBlock."""

    def __init__(self, *, hang: int = 4) -> None:
        super().__init__(can_focus=False)
        self._block = TextBlock(id="facts", hang=hang)

    def compose(self) -> ComposeResult:
        """The text."""
        yield self._block

    def show(self, *pieces: Piece) -> None:
        """Show these."""
        self._block.set_text(*pieces)
        self.fit()

    def fit(self) -> None:
        """Leave room for what is above and below; call it when the window has another size."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        box = self.parent
        if not self.is_attached or not isinstance(box, Widget):
            return
        others = sum(child.outer_size.height for child in box.displayed_children if child is not self)
        margin, frame = self.styles.margin.height, box.gutter.height
        self.styles.max_height = max(1, self.screen.size.height - others - margin - frame)

    def watch_virtual_size(self) -> None:
        """Say that there is more than what is seen, once both are laid out: between them it may look so for a moment."""
        self.call_after_refresh(self._tell_rest)

    def on_resize(self) -> None:
        """The same when there is more or less room."""
        self.call_after_refresh(self._tell_rest)

    def _tell_rest(self) -> None:
        if isinstance(box := self.parent, Widget):
            box.border_subtitle = Content.assemble(_REST if self.max_scroll_y > 0 else "")

    def scroll_by_pages(self, pages: float) -> None:
        """Show what is above or below."""
        self.scroll_relative(y=round(pages * self.size.height) or (1 if pages > 0 else -1), animate=False)
