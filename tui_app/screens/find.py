"""Finding words on a screen: a line to type them in, the next place, the one before. In texts, and in lists without a filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual import work
from textual.message import Message

from tui_app.core.background import in_background
from tui_app.core.text import sanitize
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.line_help import FIND_HELP, LineHelp
from tui_app.widgets.inputs import OpenedLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.widgets.table import RowTable


class FindLine(OpenedLine):
    """The words to find."""

    class Entered(Message):
        """They are to be looked for."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    async def action_submit(self) -> None:
        """Look for them."""
        self.post_message(self.Entered(self.value))


class FindScreen(ConsoleScreen):
    """A screen in which words can be found."""

    def lines(self) -> Iterable[Widget]:
        """The line for the words."""
        yield FindLine(id="find-line", placeholder="words, in any case")

    @property
    def _find_line(self) -> FindLine:
        return self.query_one("#find-line", FindLine)

    @property
    def finds(self) -> bool:
        """Whether somebody types what is to be found."""
        return self.ready and self._find_line.is_open

    @property
    def words(self) -> str:
        """What was looked for last."""
        raise NotImplementedError

    def find(self, words: str) -> None:
        """Look for words, go to the first place, and say where that is."""
        raise NotImplementedError

    def go_to_hit(self, step: int) -> None:
        """Go to the next place, or with -1 to the one before, and say where that is."""
        raise NotImplementedError

    def why_not(self, action_id: str) -> str:
        """There is no next place before something was looked for."""
        if action_id in ("find.next", "find.previous") and not self.words:
            return f"Nothing was looked for yet: {self.key_map.key('find.edit')} finds words."
        return super().why_not(action_id)

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        return FIND_HELP if self.finds else None

    def action_find_edit(self) -> None:
        """Type what to find."""
        self._find_line.ask("find", self.words)
        self.notice("words to find · enter goes to the first place, esc leaves")

    def on_find_line_entered(self, message: FindLine.Entered) -> None:
        """Look for them."""
        self._find_line.close()
        self._focus_content()
        self.find(message.words)

    def _focus_content(self) -> None:
        self.set_focus(self.table())

    def action_find_next(self) -> None:
        """To the next place."""
        self._go(1)

    def action_find_previous(self) -> None:
        """To the place before."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if self.words:
            self.go_to_hit(step)
        else:
            self.notice(f"Nothing was looked for yet: {self.key_map.key('find.edit')} finds words.")

    def tell_hit(self, place: str) -> None:
        """Say which place it is, of how many."""
        words = sanitize(self.words, 40)
        self.notice(f"{words}: {place}" if place else f"Not here: {words}")

    def handle_back(self) -> bool:
        """Esc leaves the line, then what was found."""
        if self.finds:
            self._find_line.leave()
            self._focus_content()
            return True
        return self.end_find() or super().handle_back()

    def end_find(self) -> bool:
        """Mark no places any more; whether any were."""
        if not self.words:
            return False
        self.find("")
        self.show_about()
        return True


class FindInTable(FindScreen):
    """A list in which words can be found: in what its columns show, also in those that have no room now."""

    _words = ""

    def end_find(self) -> bool:
        """What was found is not marked in a list: there is nothing to end."""
        return False

    @property
    def words(self) -> str:
        """What was looked for last."""
        return self._words

    def find(self, words: str) -> None:
        """Go to the first row from the cursor on that has the words."""
        self._words = words.strip()
        if self._words:
            self._look(1, here=True)

    def go_to_hit(self, step: int) -> None:
        """Go to the next row that has the words."""
        self._look(step, here=False)

    @work(exclusive=True, group="find")
    async def _look(self, step: int, *, here: bool) -> None:
        """In a thread: there may be a hundred thousand rows."""
        table, words = self.table(), self._words
        if table is None or not len(table.shown):
            self.notice("The list is empty.")
            return
        rows = table.shown
        hits = await in_background(_rows_with, table, words.casefold())
        if table.shown is not rows or words != self._words:
            return  # another list, or other words
        if not hits:
            self.tell_hit("")
            return
        at = table.cursor_row
        after = [hit for hit in hits if (hit >= at if here else hit > at)]
        before = [hit for hit in hits if hit < at]
        target = (after or hits)[0] if step > 0 else (before or hits)[-1]
        table.move_to(target)
        self.tell_hit(f"{hits.index(target) + 1:,} of {len(hits):,}")


def _rows_with(table: RowTable[Any], words: str) -> list[int]:
    """Where the rows are that have the words in a cell."""
    return [index for index in range(len(table.shown)) if words in table.text_of(index).casefold()]
