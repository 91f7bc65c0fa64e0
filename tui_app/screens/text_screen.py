"""A screen of text to scroll through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll

from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.text_lines import TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.widgets.text_lines import Piece


class TextScreen(ConsoleScreen):
    """A screen of text to scroll through."""

    hang: ClassVar[int] = 4
    """Blanks before what goes on in the next line."""

    def content(self) -> Iterable[Widget]:
        """One scrolling text."""
        yield VerticalScroll(TextBlock(id="text", hang=self.hang), id="page")

    def on_mount(self) -> None:
        """Show the position anew when the text or the scroll position changes."""
        super().on_mount()
        for changed in ("scroll_y", "virtual_size"):
            self.watch(self._page(), changed, self._moved, init=False)

    def _moved(self) -> None:
        self.call_after_refresh(self.show_about)

    def about_end(self) -> Sequence[Piece]:
        """Which lines of the text are shown, as `1-22 of 58`; nothing when all of it is."""
        page = self._page()
        shown, lines = page.scrollable_content_region.height, int(page.virtual_size.height)
        if lines <= shown:
            return ()
        first = int(page.scroll_y) + 1
        return ((f"lines {first}-{min(first + shown - 1, lines)} of {lines}", "dim"),)

    def show_text(self, *pieces: Piece) -> None:
        """Replace the text."""
        self.query_one("#text", TextBlock).set_text(*pieces)

    def _page(self) -> VerticalScroll:
        return self.query_one("#page", VerticalScroll)

    def action_row_down(self) -> None:
        """A line down."""
        self._page().scroll_relative(y=1, animate=False)

    def action_row_up(self) -> None:
        """A line up."""
        self._page().scroll_relative(y=-1, animate=False)

    def action_row_first(self) -> None:
        """To the top."""
        self._page().scroll_home(animate=False)

    def action_row_last(self) -> None:
        """To the bottom."""
        self._page().scroll_end(animate=False)

    def action_page_down(self) -> None:
        """A page down."""
        self._page().scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """A page up."""
        self._page().scroll_page_up(animate=False)
