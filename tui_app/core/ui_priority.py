"""Priority for keys: threads that decode answers pause until the answer to a key is on the screen."""

from __future__ import annotations

import time
from typing import Final

LONGEST: Final = 0.05
"""Seconds after which the priority of a key ends, also without a new frame."""
_PAUSE: Final = 0.001


class UiPriority:
    """Shared by the app, which asks for priority at each key, and by threads that decode large answers."""

    def __init__(self) -> None:
        self._until = 0.0

    def take(self) -> None:
        """A key was pressed: threads pause."""
        self._until = time.monotonic() + LONGEST

    def end(self) -> None:
        """The key is answered: threads go on."""
        self._until = 0.0

    def yield_to_ui(self) -> None:
        """Sleep for 1 ms, and longer while a key is being answered. Call it from threads only."""
        # A thread that never sleeps takes half of the interpreter, whatever else waits for it.
        time.sleep(_PAUSE)
        while time.monotonic() < self._until:
            time.sleep(_PAUSE)
