"""What of the configuration only the console can check: views, colours and keys. The command line names it, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from tui_app.config.settings import check_view_name
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from pathlib import Path

    from tui_app.config.schema import ConfigFile


def console_problems(path: Path, file: ConfigFile, now: datetime) -> list[str]:
    """All that is wrong, in sentences that name the file, those of keys also the line."""
    problems: list[str] = []
    for where, check in _checks(file, now):
        try:
            check()
        except UsageError as error:
            problems.append(f"{sanitize(str(path))}: {where}{error}")
    if file.keys:
        from tui_app.key_map import KeyMap

        problems += map(str, KeyMap.problems_of(file.keys))
    return problems


def _checks(file: ConfigFile, now: datetime) -> Iterator[tuple[str, Callable[[], None]]]:
    for name, profile in file.profiles.items():
        if profile.color is not None:
            from tui_app.terminal.profile_color import check_colors

            yield "", partial(check_colors, {name: profile})
    for name, view in file.views.items():
        from tui_app.views import check_view

        where = f"views.{sanitize(name, 40)}: "
        yield where, partial(check_view_name, name)
        yield where, partial(check_view, view, now)
