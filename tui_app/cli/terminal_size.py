"""How large the terminal is that a stream is shown on."""

from __future__ import annotations

import os
from typing import Final, TextIO

_USUAL: Final = os.terminal_size((80, 24))


def size_of(stream: TextIO) -> os.terminal_size:
    """Columns and lines of the terminal behind this stream, the usual ones where it tells none.

    Standard output may be a file or another terminal: what is written to standard error is fitted to its own.
    """
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return _USUAL
    return size if size.columns > 0 and size.lines > 0 else _USUAL
