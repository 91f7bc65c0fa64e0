"""Practice: a console that shows a task, and tells of each key that reaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from textual.app import App
from textual.events import Event, Key, Paste


def _nobody(press: Literal["key", "letter", "paste"]) -> None:
    """Nobody counts."""


class PractisingApp(App[None]):
    """An app that has a task to show, and calls `on_press` for each key and each paste before it does anything.

    A `letter` is a character that is typed into a field.
    """

    task_line: str = ""
    """What is to be done, in the header of every screen."""
    on_press: Callable[[Literal["key", "letter", "paste"]], None] = staticmethod(_nobody)

    async def on_event(self, event: Event) -> None:
        """Tell of keys; one that bubbled up was told before."""
        if isinstance(event, Key) and not event.is_forwarded:
            field = self.focused
            typed = event.is_printable and field is not None and field.check_consume_key(event.key, event.character)
            self.on_press("letter" if typed else "key")
        elif isinstance(event, Paste) and not event.is_forwarded:
            self.on_press("paste")
        await super().on_event(event)
