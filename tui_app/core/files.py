"""New files: a name that is free, and a file that only its owner can read."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Final

from tui_app.core.errors import SluiceError

UNFINISHED: Final = ".partial"
"""Ending of the name of a file that is still being written."""


def free_path(stem: str, suffix: str) -> Path:
    """The first free name in the current folder: `stem.csv`, `stem-2.csv`, ...; `suffix` has the dot.

    A name is not free either while a file of that name is still being written.
    """
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{suffix}" for number in count(1))
    return next(Path(name) for name in names if not any(map(os.path.lexists, (name, name + UNFINISHED))))


def new_file(path: Path, text: str) -> None:
    """Write a text to a new file with mode 0600, never over a file or through a link. Raises SluiceError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path.expanduser(), flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SluiceError(f"{path} exists already; it was not overwritten.") from None
    except OSError as error:
        raise SluiceError(f"{path} can't be written: {error.strerror}.") from None
