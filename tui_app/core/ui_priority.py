"""Whose turn it is: a key's until its answer is on the screen, and then that of everything that can wait."""

from __future__ import annotations

import time
from typing import Final

LONGEST: Final = 0.05
"""Seconds after which a key's turn is over, whether it has changed the screen or not."""
_NAP: Final = 0.001


class UiPriority:
    """Shared by the app, which takes turns for its keys, and by threads that take large answers apart."""

    def __init__(self) -> None:
        self._until = 0.0

    def take(self) -> None:
        """A key has come."""
        self._until = time.monotonic() + LONGEST

    def end(self) -> None:
        """It is answered."""
        self._until = 0.0

    def yield_to_ui(self) -> None:
        """Let others run for a moment, and as long as a key is being answered; for threads only."""
        # A thread that never sleeps takes half of the interpreter, whatever else waits for it.
        time.sleep(_NAP)
        while time.monotonic() < self._until:
            time.sleep(_NAP)
