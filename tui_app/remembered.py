"""What the console remembers of how somebody likes to work: by account views, columns and orders; the theme for all. Never a mark."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final, get_args

from tui_app.config.schema import View, ViewAction, ViewScreen
from tui_app.config.settings import check_view_name
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.core.state_file import StateFile

_EVERYWHERE: Final = "console"
"""Where the state file has what is the same for all accounts; no account is called so."""
_LONGEST: Final = 500
"""Characters of a view's line that are kept."""
_MOST: Final = 50
"""Views that are kept."""


class Remembered:
    """Facts of the state file by name. What can't be read is as if it had never been remembered."""

    def __init__(self, state: StateFile, account: str, configured: Mapping[str, View]) -> None:
        """`configured` = the views of the configuration file, which are not changed here."""
        self._state = state
        self._account = account
        self._configured = configured

    # ---- views

    @property
    def last_view(self) -> View | None:
        """What was shown when the console was left."""
        return _view(self._read(self._account, "view.last"))

    @last_view.setter
    def last_view(self, view: View | None) -> None:
        self._write(self._account, "view.last", None if view is None else _table(view))

    @property
    def views(self) -> Mapping[str, View]:
        """All named views: those of the configuration file, and those that were saved."""
        return {**self._saved(), **self._configured}

    def _saved(self) -> dict[str, View]:
        stored = self._read(self._account, "views")
        found = {name: _view(table) for name, table in (stored.items() if isinstance(stored, dict) else ())}
        return {name: view for name, view in found.items() if view is not None}

    def save_view(self, name: str, view: View) -> bool:
        """Save a view under a name; whether it is on disk, and not only known until the console ends.

        Raises UsageError where it can't be.
        """
        check_view_name(name)
        if name in self._configured:
            raise UsageError(f"The configuration file has a view '{name}': change it there, or choose another name.")
        saved = self._saved() | {name: view}
        if len(saved) > _MOST or max(map(len, (view.filter, view.search))) > _LONGEST:
            raise UsageError(f"At most {_MOST} views are kept, of at most {_LONGEST:,} characters each.")
        self._write(self._account, "views", {known: _table(each) for known, each in saved.items()})
        return self._state.is_kept(self._account, "views")

    def forget_view(self, name: str) -> None:
        """Forget a view that was saved. Raises UsageError where there is none."""
        saved = self._saved()
        if name not in saved:
            where = "it is in the configuration file" if name in self._configured else "there is none of that name"
            raise UsageError(f"The view '{sanitize(name, 40)}' can't be forgotten: {where}.")
        del saved[name]
        self._write(self._account, "views", {known: _table(each) for known, each in saved.items()} or None)

    # ---- tables

    def columns(self, screen: str) -> Sequence[str]:
        """The headings of the columns that were chosen for a screen, in their order; empty for the usual ones."""
        found = self._read(self._account, f"columns.{screen}")
        return [title for title in found if isinstance(title, str)] if isinstance(found, list) else []

    def set_columns(self, screen: str, titles: Sequence[str]) -> None:
        """Remember the columns of a screen; none for the usual ones."""
        self._write(self._account, f"columns.{screen}", list(titles) or None)

    def sort(self, screen: str) -> tuple[str, bool]:
        """By which field a screen's rows are sorted, and whether in reverse; an empty field for the server's order."""
        found = self._read(self._account, f"sort.{screen}")
        return parse_sort(found) if isinstance(found, str) else ("", False)

    def set_sort(self, screen: str, field: str, *, reverse: bool) -> None:
        """Remember the order of a screen."""
        self._write(self._account, f"sort.{screen}", written_sort(field, reverse=reverse) or None)

    # ---- for all accounts

    @property
    def theme(self) -> str:
        """The theme that was chosen here; empty for that of the configuration."""
        found = self._read(_EVERYWHERE, "theme")
        return found if isinstance(found, str) else ""

    @theme.setter
    def theme(self, name: str) -> None:
        self._write(_EVERYWHERE, "theme", name or None)

    # ---- how

    def _read(self, account: str, name: str) -> Any:
        text = self._state.get(account, name)
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError):
            return None

    def _write(self, account: str, name: str, value: Any) -> None:
        self._state.put(account, name, None if value is None else json.dumps(value))


def parse_sort(written: str) -> tuple[str, bool]:
    """A field and whether it is in reverse, of `failed` or `-failed`."""
    return written.removeprefix("-"), written.startswith("-")


def written_sort(field: str, *, reverse: bool) -> str:
    """The same as text."""
    return f"-{field}" if field and reverse else field


def _table(view: View) -> dict[str, str]:
    return {name: value for name, value in asdict(view).items() if value}


def _view(table: Any) -> View | None:
    known = {each.name for each in fields(View)}
    if not isinstance(table, dict) or table.get("screen") not in get_args(ViewScreen):
        return None
    if not all(name in known and isinstance(value, str) and len(value) <= _LONGEST for name, value in table.items()):
        return None
    return View(**table) if table.get("action", "") in get_args(ViewAction) else None
