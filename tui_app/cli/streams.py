"""Standard output and error of the command line: text that no terminal obeys, and what happens when nobody takes it."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from tui_app.core.errors import SluiceError
from tui_app.core.text import strip_controls


class OutputFailedError(SluiceError):
    """Standard output can't be written, for example on a full disk."""


class ReaderGone(Exception):
    """Whoever read our standard output closed it."""


def discard_output() -> None:
    """Send what is still to be flushed nowhere: Python would complain about it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class PlainOutput(TextIOWrapper):
    """Leaves out of all that is written what a terminal would obey; what can't be encoded becomes an escape."""

    def write(self, text: str) -> int:
        """Write what is left of the text."""
        super().write(strip_controls(text))
        return len(text)


def _plain(stream: TextIOWrapper) -> PlainOutput:
    return PlainOutput(
        stream.buffer,
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def fill_closed_streams() -> None:
    """Put nothing in place of a stream that was closed by whoever started us: no file of ours may become it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            stream = os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            # Kept, or it would close what stands on it.
            setattr(sys, f"__{name}__", stream)


def install_plain_output() -> None:
    """Let all that this process prints pass here."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout = _plain(sys.stdout)
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr = _plain(sys.stderr)
