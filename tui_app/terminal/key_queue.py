"""Queues keys: each is handled completely before the next, so that it goes to the widget that has the focus then."""

import asyncio
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.dom import DOMNode

TIMEOUT: Final = 0.5
"""Seconds after which the next key no longer waits for one that was not handled."""


class KeyQueue(App[None]):
    """An app that sends a key on only when the key before it was handled.

    Textual runs a binding when the key has bubbled up to the app. Keys that follow quickly, as over a slow connection,
    would go to the old widget by then, even if the first one opened an input.
    """

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._waiting_keys: deque[events.Key] = deque()
        self._key_number = 0
        self._key_pending = False
        self.keys_count_from = 0.0
        """When what is shown now was there: keys that were typed before, for what was there then, are dropped."""

    async def on_event(self, event: events.Event) -> None:
        """Queue a key while the one before it is being handled."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif event.time < self.keys_count_from:
            return
        elif self._key_pending:
            self._waiting_keys.append(event)
        else:
            await self._send_on(event)

    async def _send_on(self, event: events.Key) -> None:
        self._key_pending = True
        self._key_number += 1
        number = self._key_number
        # Twice: a message that the key made a widget post, such as Submitted, goes up after the key.
        path: list[DOMNode] = list((self.focused or self.screen).ancestors_with_self) * 2
        await super().on_event(event)
        asyncio.get_running_loop().call_later(TIMEOUT, self._answered_late, number)
        self._follow(path, number)

    def _follow(self, path: list[DOMNode], number: int) -> None:
        """Go the way of the key after it: through the queue of each widget that may take it, up to the app."""
        while path:
            node = path.pop(0)
            if node.call_later(self._follow, list(path), number):
                return
        self.call_later(self._answered, number)

    def _answered_late(self, number: int) -> None:
        if number == self._key_number and self._key_pending:
            self.call_later(self._answered, number)

    async def _answered(self, number: int) -> None:
        if number != self._key_number or not self._key_pending:
            return
        self._key_pending = False
        while self._waiting_keys and self._waiting_keys[0].time < self.keys_count_from:
            self._waiting_keys.popleft()
        if self._waiting_keys:
            await self._send_on(self._waiting_keys.popleft())
