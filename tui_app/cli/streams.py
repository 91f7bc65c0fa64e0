"""Standard output and error of the command line: without controls, and what happens when writing fails."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from tui_app.core.errors import SluiceError
from tui_app.core.text import strip_controls


class OutputFailedError(SluiceError):
    """Standard output can't be written, for example on a full disk."""


class ReaderGone(Exception):
    """The reader of our standard output closed it."""


def discard_output() -> None:
    """Discard what is still buffered: Python would report an error for it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class PlainOutput(TextIOWrapper):
    """A stream that leaves out controls; characters that can't be encoded become escapes."""

    def write(self, text: str) -> int:
        """Write the text without controls; returns the length of the given text."""
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
    """Open the null device for each standard stream that was closed at start: no file of ours must become it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
            stream = os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            # A reference is kept, or the stream would be closed.
            setattr(sys, f"__{name}__", stream)


def install_plain_output() -> None:
    """Filter everything that this process prints."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout = _plain(sys.stdout)
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr = _plain(sys.stderr)
