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
_NOT_UNDERSTOOD: Final = "remembered.old.json"
"""A file with something that this version can't read, such as one of a later version, or with other rights; kept, by
renaming and without a look into it, when the next one is written."""


class StateFile:
    """Facts by account and name. Errors of reading and writing are ignored: nothing depends on a fact.

    The folder must be ours with mode 0700; without a folder the facts are kept in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._facts: dict[str, dict[str, str]] = {}
        self._unwritten: dict[tuple[str, str], tuple[str | None, str | None]] = {}
        """What could not be written, and what the file said then: it is true until the program ends, or the file says something new."""
        self._understood = True
        self._load()

    def _load(self) -> None:
        if self._folder is None:
            return
        try:
            if not is_private(self._folder):
                return
        except OSError:
            return
        try:
            self._read(read_own(self._folder / _FILE, _LARGEST))
        except FileNotFoundError:
            self._understood = True
        except OSError:
            # Something is there: a link, a file with other rights as out of a backup, one that the disk can't give.
            self._understood = False

    def _read(self, text: bytes) -> None:
        self._understood = not text
        with contextlib.suppress(ValueError, RecursionError):
            data = json.loads(text)
            self._facts = _facts(data)
            self._understood = data == self._facts

    def get(self, account: str, name: str, *, anew: bool = False) -> str | None:
        """A fact, or None if there is none; `anew` = also what another process wrote meanwhile."""
        if anew:
            self._load_anew()
        return self._facts.get(account, {}).get(name)

    def _load_anew(self) -> None:
        self._load()
        for (account, name), (value, before) in list(self._unwritten.items()):
            if self._folder is not None and self.get(account, name) not in (before, value):
                del self._unwritten[account, name]  # the file says something newer
            else:
                self._set(account, name, value)

    def _set(self, account: str, name: str, value: str | None) -> None:
        facts = self._facts.setdefault(account, {})
        if value is None:
            facts.pop(name, None)
        else:
            facts[name] = value

    def is_kept(self, account: str, name: str) -> bool:
        """Whether a fact is in the file, and not in memory only."""
        return self._folder is not None and (account, name) not in self._unwritten

    def put(self, account: str, name: str, value: str | None) -> None:
        """Store a fact, or delete it with None; the file is replaced atomically."""
        if (before := self.get(account, name, anew=True)) == value:
            return
        self._unwritten[account, name] = value, before
        self._set(account, name, value)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._write(self._folder)

    def _write(self, folder: Path) -> None:
        make_private(folder)
        if not is_private(folder):
            return
        data = json.dumps(self._facts).encode("ascii")
        if len(data) > _LARGEST:
            return  # it could not be read again, and all of it would be lost
        if not self._understood:
            (folder / _FILE).replace(folder / _NOT_UNDERSTOOD)
            self._understood = True
        replace_file(folder / _FILE, data)
        self._unwritten.clear()


def _facts(data: Any) -> dict[str, dict[str, str]]:
    """The facts of the file; anything of another type is left out."""
    return {
        account: {name: value for name, value in facts.items() if isinstance(value, str)}
        for account, facts in (data.items() if isinstance(data, dict) else ())
        if isinstance(facts, dict)
    }
