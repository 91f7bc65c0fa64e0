"""A list that a line filters: `/` opens the line, esc leaves it, then ends the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui_app.core.query import QueryError
from tui_app.screens.line_screen import LineScreen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widgets import Input

    from tui_app.screens.line_help import LineHelp


class FilterScreen(LineScreen):
    """A screen whose list can be filtered by its line."""

    FILTER_HINT: ClassVar[str]
    """What can be typed, in a line."""
    FILTER_GRAMMAR: ClassVar[Sequence[tuple[str, str]]]
    """What can be typed, and what it means."""

    @property
    def filter_line(self) -> str:
        """The line by which the list is filtered; empty for none."""
        raise NotImplementedError

    def filter_by(self, line: str) -> None:
        """Show only what a filter lets through; all of it for an empty line. Raises QueryError."""
        raise NotImplementedError

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        if not self._line.is_open:
            return None
        from tui_app.screens.line_help import LineHelp

        return LineHelp("In the filter", self.FILTER_GRAMMAR)

    def action_filter_edit(self) -> None:
        """Type a filter of the list."""
        self._line.ask("filter", self.filter_line)
        self.notice(self.FILTER_HINT)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Filter; a line that makes no sense stays open, with a sentence and the mistake selected."""
        try:
            self.filter_by(event.value)
        except QueryError as error:
            self.notice(str(error))
            self._line.show_mistake(error)
            return
        self._close_line()

    def end_filter(self) -> bool:
        """Show all again; the filter is there at the next `/`."""
        if not self.filter_line:
            return False
        self._line.keep("filter", self.filter_line)
        self.filter_by("")
        return True
