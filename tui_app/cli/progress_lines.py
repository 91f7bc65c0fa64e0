"""Progress on standard error: lines that are drawn again in place on a terminal, else a line when there is news."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size

from tui_app.cli import listing
from tui_app.cli.terminal_size import size_of
from tui_app.core.terminal_needs import is_utf8
from tui_app.core.text import strip_controls

if TYPE_CHECKING:
    from tui_app.core.clock import Clock

SELDOM: Final = 10.0
"""Seconds between two lines about one thing where they stay in a log."""


def _draws(environment_term: str) -> bool:
    """Whether standard error is a terminal in which a line can be drawn again, with the glyphs of a bar."""
    return sys.stderr.isatty() and is_utf8(sys.stderr.encoding or "") and environment_term not in ("", "dumb")


class ProgressLines:
    """One line for each thing that makes progress. Sentences that are printed meanwhile come above them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._draws = _draws(os.environ.get("TERM", ""))
        self._drawn = 0
        self._said: dict[str, tuple[float, object]] = {}

    def __enter__(self) -> ProgressLines:
        listing.before_status = self._erase
        return self

    def __exit__(self, *_: object) -> None:
        listing.before_status = listing.nothing_above

    @property
    def in_place(self) -> bool:
        """Whether the lines are drawn again in place: then they may have bars."""
        return self._draws

    def show(self, lines: Sequence[tuple[str, str, object]]) -> None:
        """Show (name, text, news) lines. In a log one is written when its news is other news, every 10 s at most; None
        is news that can't wait."""
        columns, rows = size_of(sys.stderr)
        if self._draws and len(lines) < rows:
            up = f"\x1b[{self._drawn}A" if self._drawn else ""
            self._write(up + "".join(f"\r{_fitting(text, columns - 1)}\x1b[K\n" for _, text, _ in lines))
            self._drawn = len(lines)
            return
        now = self._clock.monotonic()
        for name, text, news in lines:
            at, said = self._said.get(name, (-SELDOM, ()))
            if said != news and (news is None or now - at >= SELDOM):
                self._said[name] = (now, news)
                listing.print_status(text)

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\r\x1b[J")
            self._drawn = 0

    def _write(self, data: str) -> None:
        # Past the filter of standard error, which would take the sequences of ours out, too.
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
            sys.stderr.buffer.write(data.encode())
            sys.stderr.buffer.flush()


def _fitting(text: str, cells: int) -> str:
    text = strip_controls(text).replace("\n", " ")
    return text if cell_len(text) <= cells else set_cell_size(text, max(1, cells - 1)) + "…"
