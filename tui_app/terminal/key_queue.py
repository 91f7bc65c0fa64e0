"""Keys in their turn: one that comes before the last one was answered waits, and goes where that one led."""

import asyncio
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.dom import DOMNode

PATIENCE: Final = 0.5
"""Seconds after which a key that nobody answers holds up the next one no longer."""


class KeyQueue(App[None]):
    """Textual hands a key to a widget, and runs what is bound to it when it has bubbled up again; the keys behind it
    have gone to the same widget by then, though it opened a line to type in. A paste and a slow line send keys so.
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._waiting_keys: deque[events.Key] = deque()
        self._key_number = 0
        self._key_out = False

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait for the one before it."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_out:
            self._waiting_keys.append(event)
        else:
            await self._hand_on(event)

    async def _hand_on(self, event: events.Key) -> None:
        self._key_out = True
        self._key_number += 1
        number = self._key_number
        # Twice: what the key made a widget tell, such as a line that was submitted, goes up behind it.
        path: list[DOMNode] = list((self.focused or self.screen).ancestors_with_self) * 2
        await super().on_event(event)
        asyncio.get_running_loop().call_later(PATIENCE, self._answered_late, number)
        self._follow(path, number)

    def _follow(self, path: list[DOMNode], number: int) -> None:
        """Go the way that the key goes, behind it: through the queue of each that may take it, up to the app."""
        while path:
            node = path.pop(0)
            if node.call_later(self._follow, list(path), number):
                return
        self.call_later(self._answered, number)

    def _answered_late(self, number: int) -> None:
        if number == self._key_number and self._key_out:
            self.call_later(self._answered, number)

    async def _answered(self, number: int) -> None:
        if number != self._key_number or not self._key_out:
            return
        self._key_out = False
        if self._waiting_keys:
            await self._hand_on(self._waiting_keys.popleft())
