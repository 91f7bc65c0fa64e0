"""Keys as they come from a line: one byte that is no UTF-8 must not end the console."""

from __future__ import annotations

import codecs
from functools import partial

from textual.drivers import linux_driver


def forgive_broken_input() -> None:
    """Let Textual's input thread replace what it can't decode; by itself it gives up on the first such byte."""

    def forgiving(encoding: str) -> partial[codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    # A private hook: the pty test that sends a broken byte fails when Textual decodes in another way.
    linux_driver.getincrementaldecoder = forgiving  # type: ignore[assignment, attr-defined]
