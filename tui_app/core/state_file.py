"""Small facts that the program found out by itself, in one JSON file; never a setting."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Final

from tui_app.core.files import read_own, replace_file
from tui_app.core.paths import is_private, make_private

_LARGEST: Final = 256 * 1024
_FILE: Final = "remembered.json"


class StateFile:
    """Facts by account and name. Errors of reading and writing are ignored: nothing depends on a fact.

    The folder must be ours with mode 0700; without a folder the facts are kept in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._facts: dict[str, dict[str, str]] = {}
        self._unwritten: dict[tuple[str, str], str | None] = {}
        """What could not be written, and is true all the same until the program ends."""
        self._load()

    def _load(self) -> None:
        if self._folder is not None:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                if is_private(self._folder):
                    self._facts = _facts(json.loads(read_own(self._folder / _FILE, _LARGEST)))

    def get(self, account: str, name: str) -> str | None:
        """A fact, or None if there is none."""
        return self._facts.get(account, {}).get(name)

    def put(self, account: str, name: str, value: str | None) -> None:
        """Store a fact, or delete it with None; the file is replaced atomically."""
        if self.get(account, name) == value:
            return
        self._load()  # another process may have written the file
        self._unwritten[account, name] = value
        for (whose, what), wanted in self._unwritten.items():
            facts = self._facts.setdefault(whose, {})
            if wanted is None:
                facts.pop(what, None)
            else:
                facts[what] = wanted
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._write(self._folder)

    def _write(self, folder: Path) -> None:
        make_private(folder)
        if not is_private(folder):
            return
        replace_file(folder / _FILE, json.dumps(self._facts).encode("ascii"))
        self._unwritten.clear()


def _facts(data: Any) -> dict[str, dict[str, str]]:
    """The facts of the file; anything of another type is left out."""
    return {
        account: {name: value for name, value in facts.items() if isinstance(value, str)}
        for account, facts in (data.items() if isinstance(data, dict) else ())
        if isinstance(facts, dict)
    }
