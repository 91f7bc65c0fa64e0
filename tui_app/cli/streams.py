"""Standard output and error of the command line: without controls, and what happens when writing fails."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from tui_app.core.text import strip_controls


class OutputGone(Exception):
    """Standard output takes nothing any more, and nothing but it is wanted of the command."""


class PlainOutput(TextIOWrapper):
    """A stream that leaves out controls; characters that can't be encoded become escapes.

    To write to it never fails: what a command did, says and ends with must not hang on who reads it.
    """

    failure: OSError | None = None
    """Why it takes nothing any more; what comes then is lost."""

    def write(self, text: str) -> int:
        """Write the text without controls; returns the length of the given text."""
        try:
            super().write(strip_controls(text))
        except OSError as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure = error
        # What is still buffered goes nowhere: Python would try it again at exit, and report that.
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


def output_failure() -> OSError | None:
    """Why standard output takes nothing any more; None while it does, as far as is known."""
    return getattr(sys.stdout, "failure", None)


def why_lost() -> str:
    """Why what was printed is lost, such as by a full disk; empty where nothing is, or where its reader wanted no more."""
    failure = output_failure()
    return "" if failure is None or isinstance(failure, BrokenPipeError) else failure.strerror or "it failed"


def stop_if_output_gone() -> None:
    """Raise OutputGone where more work would only make what nobody can read."""
    if output_failure() is not None:
        raise OutputGone


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
