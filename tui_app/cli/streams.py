"""When nobody takes what is written to standard output any more."""

from __future__ import annotations

import os
import sys

from tui_app.core.errors import SluiceError


class OutputFailedError(SluiceError):
    """Standard output can't be written, for example on a full disk."""


class ReaderGone(Exception):
    """Whoever read our standard output closed it."""


def discard_output() -> None:
    """Send what is still to be flushed nowhere: Python would complain about it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
