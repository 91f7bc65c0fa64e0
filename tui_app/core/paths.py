"""Paths of our files, by the XDG rules."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Final

from platformdirs import user_config_path, user_state_path

from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

_OURS: Final = "mailsluice"
"""The name of each folder of ours."""


def config_file(environment: Mapping[str, str]) -> Path | None:
    """`MAILSLUICE_CONFIG`, else `mailsluice/config.toml` in the user's configuration folder; None if there is no such folder.

    Raises UsageError for a name that can be none, and for a relative one.
    """
    named = environment.get("MAILSLUICE_CONFIG")
    if named:
        try:
            return whole_path(Path(named), "file in MAILSLUICE_CONFIG")
        except RuntimeError:
            raise UsageError(f"MAILSLUICE_CONFIG is {sanitize(named)}: there is no user of that name.") from None
    folder = _absolute(user_config_path)
    return folder / "config.toml" if folder is not None else None


def _absolute(find: Callable[..., Path]) -> Path | None:
    """A folder of the user's; None where HOME names none. What is relative would be in whatever folder somebody stands."""
    try:
        folder = find(_OURS, appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def whole_path(written: Path, what: str) -> Path:
    """What decides about the token names: never a file of whatever folder somebody stands in.

    Raises UsageError for a relative name; RuntimeError for `~` of an unknown user.
    """
    path = written.expanduser()
    if path.is_absolute():
        return path
    name = sanitize(str(written))
    if name.startswith("$"):
        raise UsageError(f"The {what} {name} begins with a variable that is not set, or that holds no absolute path.")
    raise UsageError(
        f"The {what} {name} is a relative name, which would mean another file in each folder: "
        "write its whole path, or one that begins with ~."
    )


def find_state_folder() -> Path | None:
    """`mailsluice` in the user's state folder: journals, crash reports, remembered facts; None if there is no such folder."""
    return _absolute(user_state_path)


def state_folder() -> Path:
    """The same where it is needed. Raises UsageError without one."""
    folder = find_state_folder()
    if folder is None:
        raise UsageError(
            "There is no home folder for the records of what is sent: set HOME or XDG_STATE_HOME to an absolute path."
        )
    return folder


def is_private(folder: Path) -> bool:
    """Whether it is our own folder (not a link) without access for others. Raises OSError."""
    return not why_not_private(folder)


def why_not_private(folder: Path) -> str:
    """What keeps a folder from being our own, what to do, and last its name, in words that follow "the folder". Raises OSError."""
    about = folder.lstat()
    name = sanitize(str(folder), 200)
    if stat.S_ISLNK(about.st_mode):
        return f"is a link: {_without_link(folder)}. It is {name}."
    if not stat.S_ISDIR(about.st_mode):
        return f"is not a folder: move it away. It is {name}."
    if about.st_uid != os.geteuid():
        return f"belongs to another user, uid {about.st_uid}: name one of your own with XDG_STATE_HOME. It is {name}."
    if not about.st_mode & 0o077:
        return ""
    import shlex

    return f"must be closed to all others; run: chmod 700 {sanitize(shlex.quote(str(folder)))}"


def _without_link(folder: Path) -> str:
    """How a folder becomes one of ours that holds what the link leads to: another variable may lead to an empty one."""
    move = "move the folder that it leads to in its place"
    target = Path(os.path.realpath(folder))
    # XDG_STATE_HOME names the folder above `mailsluice`: what is called otherwise it can't name.
    if (folder.name, target.name) != (_OURS, _OURS):
        return move
    return f"{move}, or set XDG_STATE_HOME to {sanitize(str(target.parent), 200)}"


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, each closed to all others. Raises OSError."""
    for missing in [above for above in (folder, *folder.parents) if not above.exists()][::-1]:
        missing.mkdir(mode=0o700, exist_ok=True)


def styles_folder() -> Path:
    """The folder of the style sheets: in the installed package, else beside it in a checkout. Raises UsageError."""
    package = Path(__file__).resolve().parents[1]
    candidates = (package / "styles", package.parent / "styles")
    for folder in candidates:
        if (folder / "base.tcss").is_file():
            return folder
    raise UsageError(
        "The style sheets are missing: neither "
        + " nor ".join(os.fspath(c) for c in candidates)
        + " has base.tcss; install mailsluice again."
    )


def sheet(name: str) -> PurePath:
    """The absolute path of a style sheet. Raises UsageError when the folder is missing."""
    return styles_folder() / f"{name}.tcss"
