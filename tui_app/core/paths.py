"""Paths of our files, by the XDG rules."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePath

from platformdirs import user_config_path, user_state_path

from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize


def config_file(environment: Mapping[str, str]) -> Path:
    """`MAILSLUICE_CONFIG`, else `mailsluice/config.toml` in the user's configuration folder. Raises UsageError."""
    named = environment.get("MAILSLUICE_CONFIG")
    if named:
        try:
            return Path(named).expanduser()
        except RuntimeError:
            raise UsageError(f"MAILSLUICE_CONFIG is {sanitize(named)}: there is no user of that name.") from None
    try:
        return user_config_path("mailsluice", appauthor=False) / "config.toml"
    except RuntimeError:
        raise UsageError("There is no home folder: set HOME, or MAILSLUICE_CONFIG and XDG_STATE_HOME.") from None


def state_folder() -> Path:
    """`mailsluice` in the user's state folder: journals, crash reports, remembered facts."""
    try:
        return user_state_path("mailsluice", appauthor=False)
    except RuntimeError:
        raise UsageError("There is no home folder: set HOME or XDG_STATE_HOME.") from None


def is_private(folder: Path) -> bool:
    """Whether it is our own folder (not a link) without access for others. Raises OSError."""
    return not why_not_private(folder)


def why_not_private(folder: Path) -> str:
    """What keeps a folder from being our own, and what to do, in words that follow its name. Raises OSError."""
    about = folder.lstat()
    if stat.S_ISLNK(about.st_mode):
        return "is a link: name the folder that it leads to with XDG_STATE_HOME"
    if not stat.S_ISDIR(about.st_mode):
        return "is not a folder: move it away"
    if about.st_uid != os.geteuid():
        return f"belongs to another user, uid {about.st_uid}: name a folder of your own with XDG_STATE_HOME"
    return f"must be closed to all others; run: chmod 700 {folder}" if about.st_mode & 0o077 else ""


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
