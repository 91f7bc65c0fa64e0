"""A screen with a line to type in, below its list. What esc does there has one order: line, long work, filter, screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.inputs import OpenedLine

if TYPE_CHECKING:
    from tui_app.screens.long_task import LongTask


class LineScreen(ConsoleScreen):
    """A screen with a line to type in, an `OpenedLine` with the id `typed-line`, and a table that has the focus otherwise."""

    _long: LongTask | None = None
    """What takes more than a moment there; None where nothing does."""

    @property
    def _line(self) -> OpenedLine:
        return self.query_one("#typed-line", OpenedLine)

    def _close_line(self) -> None:
        """What was typed is used."""
        self._line.close()
        self.set_focus(self.table())

    def end_filter(self) -> bool:
        """End the filter of the list; whether there was one. Its text is there at the next filter."""
        return False

    def handle_back(self) -> bool:
        """Esc leaves the line, ends long work, ends the filter, in this order; only then the screen. Marks stay."""
        if self._line.is_open:
            self._line.leave()
            self.set_focus(self.table())
            return True
        return (self._long is not None and self._long.end()) or self.end_filter() or super().handle_back()

    def may_leave(self) -> bool:
        """Not while a file is being written."""
        if self._long is not None and self._long.exporting:
            self.notice("The export is running: ‹screen.back› ends it.")
            return False
        return super().may_leave()
