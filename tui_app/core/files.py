"""A file that was not there before and that only its owner can read."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from tui_app.core.errors import SluiceError


def free_path(stem: str, suffix: str) -> Path:
    """A name in the folder we were started in that nothing has yet."""
    paths = (Path(f"{stem}{f'-{number}' if number > 1 else ''}{suffix}") for number in count(1))
    return next(path for path in paths if not (path.exists() or path.is_symlink()))


def new_file(path: Path, text: str) -> None:
    """Write a text to a new file (0600), never over one that is there, never through a link. Raises SluiceError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path.expanduser(), flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SluiceError(f"{path} is there already; nothing is written over it.") from None
    except OSError as error:
        raise SluiceError(f"{path} can't be written: {error.strerror}.") from None
