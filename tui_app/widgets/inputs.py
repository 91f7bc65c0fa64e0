"""A line to type in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tui_app.core.text import visible


class LineInput(Input):
    """One line: its cursor stands still, and what is pasted is text of one line that can be seen, whatever it was."""

    def on_mount(self) -> None:
        """A cursor that blinks would write to the line twice a second."""
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line with all that is in it, and does so for a base class unless told not to.
        event.prevent_default()
        event.stop()
        if line := visible(" ".join(event.text.split())):
            self.replace(line, *self.selection)
