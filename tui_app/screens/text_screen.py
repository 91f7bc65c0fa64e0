"""A screen of text to scroll through and to find words in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from tui_app.screens.find import FindScreen
from tui_app.widgets.pager import Pager, PagerLine
from tui_app.widgets.text_lines import keyed

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.widgets.text_lines import Piece


def lines_of(pieces: Sequence[Piece]) -> list[PagerLine]:
    """Pieces as lines: they are parted where one has a line end."""
    lines: list[PagerLine] = []
    line: list[tuple[str, str]] = []
    for piece in pieces:
        text, style = (piece, "") if isinstance(piece, str) else piece
        # What is private stays so.
        first, *others = [type(text)(part) for part in text.split("\n")]
        line.append((first, style))
        for other in others:
            lines.append(tuple(line))
            line = [(other, style)]
    if any(text for text, _ in line):
        lines.append(tuple(line))
    return lines


class TextScreen(FindScreen):
    """A screen of text to scroll through."""

    AUTO_FOCUS = "#page"
    hang: ClassVar[int] = 4
    """Blanks before what goes on in the next line."""

    def content(self) -> Iterable[Widget]:
        """One scrolling text."""
        yield Pager(id="page", hang=self.hang)

    def on_pager_moved(self) -> None:
        """Tell which lines are shown."""
        self.call_after_refresh(self.show_about)

    def about_end(self) -> Sequence[Piece]:
        """Which lines of the text are shown, as `1-22 of 58`; nothing when all of it is."""
        page = self._page
        if page.is_whole:
            return ()
        first, last = page.shown
        return ((f"lines {first:,}-{last:,} of {page.count:,}", "dim"),)

    def describe(self) -> Sequence[Piece]:
        """What was looked for."""
        return [(f"find {self.words}", "dim")] if self.words else []

    def show_text(self, *pieces: Piece) -> None:
        """Replace the text; what is on the screen stays there, as far as it can."""
        self._page.show_lines(lines_of(keyed(pieces, self.key_map)), keep=True)

    @property
    def _page(self) -> Pager:
        return self.query_one("#page", Pager)

    # ---- finding

    def _focus_content(self) -> None:
        self.set_focus(self._page)

    @property
    def words(self) -> str:
        """What was looked for last."""
        return self._page.words if self.ready else ""

    def find(self, words: str) -> None:
        """Look for words."""
        self._page.find(words.strip())

    def on_pager_found(self) -> None:
        """Go to the first place of what was looked for."""
        self.go_to_hit(1)

    def go_to_hit(self, step: int) -> None:
        """Go to the next place, or to the one before."""
        if self._page.is_looking:
            self.notice(f"Looking for {self.words}…")
        else:
            self.tell_hit(self._page.next_hit(step))

    # ---- moving

    def action_row_down(self) -> None:
        """A row down."""
        self._page.move_by(1)

    def action_row_up(self) -> None:
        """A row up."""
        self._page.move_by(-1)

    def action_row_first(self) -> None:
        """To the top."""
        self._page.move_to(0)

    def action_row_last(self) -> None:
        """To the end."""
        self._page.move_last()

    def action_page_down(self) -> None:
        """A page down."""
        self._page.move_by(self._page.page_rows)

    def action_page_up(self) -> None:
        """A page up."""
        self._page.move_by(-self._page.page_rows)
