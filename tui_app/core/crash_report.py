"""The crash report: where in the code an error happened, and no data."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.core.errors import SluiceError
from tui_app.core.files import new_file
from tui_app.core.paths import is_private, make_private

_MOST_FRAMES: Final = 60


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; ends at a circle."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        yield at
        at = at.__cause__ or at.__context__


def frames_of(error: BaseException) -> Iterator[str]:
    """File, line and function of each frame: never the line's text, an argument or a value."""
    for summary in traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES):
        parts = Path(summary.filename).parts
        # From the package on: the folders before it are about the machine, not about the error.
        start = next((i for i, part in enumerate(parts) if part in ("tui_app", "site-packages")), len(parts) - 1)
        yield f"  {'/'.join(parts[start:])}:{summary.lineno} {summary.name}"


def report_text(error: BaseException, at: datetime) -> str:
    """The report: versions, terminal, frames of the error and its causes; without the messages of exceptions."""
    lines = [
        f"mailsluice {__version__}, {at.isoformat(timespec='seconds')}",
        f"Python {platform.python_version()} on {sys.platform}, terminal {_word(os.environ.get('TERM', ''))}",
    ]
    for number, cause in enumerate(_causes(error)):
        lines.append(f"{'caused by ' if number else ''}{type(cause).__module__}.{type(cause).__qualname__}")
        lines += frames_of(cause)
    return "\n".join(lines) + "\n"


def _word(name: str) -> str:
    return name if name.isascii() and name.replace("-", "").isalnum() and len(name) < 40 else "?"


def write_crash_report(error: BaseException, folder: Path | None, at: datetime) -> Path | None:
    """Write the report to a new file (0600) in the folder; returns its path, None if it can't be written."""
    if folder is None:
        return None
    path = folder / f"crash-{at:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    with contextlib.suppress(OSError, SluiceError):
        make_private(folder)
        if is_private(folder):
            new_file(path, report_text(error, at))
            return path
    return None
