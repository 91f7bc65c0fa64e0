"""Noticing that somebody else wrote to the ledger, as cheaply as can be: a screen looks once a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from tui_app.core.errors import SluiceError


class JournalWatch:
    """Looks at the folder, which tells of new journals, and at the sizes of those that are shown: they only ever grow."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        """`folder` may raise a SluiceError: where there is no folder nothing is new."""
        self._folder = folder
        self._seen: tuple[int, ...] | None = None

    def changed(self, files: Iterable[str]) -> bool:
        """Whether anything is new since the last call; the first one says yes. `files` = the journals that are shown."""
        seen = tuple(map(self._state_of, ("", *files)))
        was, self._seen = self._seen, seen
        return seen != was

    def _state_of(self, file: str) -> int:
        try:
            about = (self._folder() / file).stat()
        except (OSError, SluiceError):
            return -1  # whoever reads it says what is wrong with it
        return about.st_size if file else about.st_mtime_ns
