"""Priority for keys: threads that decode answers pause until the answer to a key is on the screen."""

from __future__ import annotations

import time
from typing import Final

LONGEST: Final = 0.05
"""Seconds after which the priority of a key ends, also without a new frame."""
TYPING: Final = 0.2
"""Seconds after a key in which another one is likely, as from a key that is held down."""
_PAUSE: Final = 0.001
_LONG_PAUSE: Final = 0.025
"""While somebody types: a large answer is taken apart at a twentieth of the speed, and few keys find the program busy."""


class UiPriority:
    """Shared by the app, which asks for priority at each key, and by threads that decode large answers."""

    def __init__(self) -> None:
        self._until = self._typing_until = 0.0

    @property
    def taken(self) -> bool:
        """Whether a key waits for its answer."""
        return time.monotonic() < self._until

    def take(self) -> None:
        """A key was pressed: threads pause."""
        now = time.monotonic()
        self._until, self._typing_until = now + LONGEST, now + TYPING

    def end(self) -> None:
        """The key is answered: threads go on."""
        self._until = 0.0

    def yield_to_ui(self) -> None:
        """Sleep for 1 ms, and longer while a key is being answered. Call it from threads only."""
        # A thread that never sleeps takes half of the interpreter, whatever else waits for it.
        time.sleep(_LONG_PAUSE if time.monotonic() < self._typing_until else _PAUSE)
        while time.monotonic() < self._until:
            time.sleep(_PAUSE)
