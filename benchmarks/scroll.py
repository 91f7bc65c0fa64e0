"""Scroll: bytes for one row and for one page, 80 x 24, beside less and beside a plain DataTable."""

import shutil
import statistics
import tempfile
from pathlib import Path

from benchmarks.anchors.plain_table import rows
from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import standing_account
from benchmarks.terminal import Terminal, anchor, console

PAGE_DOWN = b"\x1b[6~"
_TO_THE_JOB = b"jjjj"
"""To the job with 3,000 messages, all through."""


def both(terminal: Terminal, row: bytes, page: bytes, times: int) -> tuple[float, float]:
    """Bytes of one row and of one page, medians; the cursor is at the bottom already."""
    one = statistics.median(terminal.cost_of(row, 0.25) for _ in range(times))
    return one, statistics.median(terminal.cost_of(page, 0.25) for _ in range(times))


def measure(effort: Effort) -> list[Figure]:
    """Three programs, each at the bottom of its first screen and then on."""
    times = effort.size(7, 2)
    with standing_account() as account, console(account.variables) as terminal:
        terminal.shows("100%")
        terminal.press(_TO_THE_JOB + b"\r")
        terminal.shows("1,000 loaded")
        terminal.settles()
        # One by one: a terminal may take many keys that come at once for a paste.
        for _ in range(25):
            terminal.cost_of(b"j", 0.03)
        ours = both(terminal, b"j", PAGE_DOWN, times)
    with anchor("plain_table", "1000") as terminal:
        terminal.sees("STATUS")
        terminal.settles()
        for _ in range(25):
            terminal.cost_of(b"j", 0.03)
        table = both(terminal, b"j", PAGE_DOWN, times)
    figures = [
        Figure("scroll", "one row", "B", ours[0], table[0], "DataTable", Budget(300)),
        Figure("scroll", "one page", "B", ours[1], table[1], "DataTable", Budget(1100)),
    ]
    less = _less(times)
    if less is None:
        return [*figures, Figure("scroll", "one row", "B", anchor_name="less", note="less is not installed here")]
    return [
        *figures,
        Figure("scroll", "one row", "B", ours[0], less[0], "less"),
        Figure("scroll", "one page", "B", ours[1], less[1], "less"),
    ]


def _less(times: int) -> tuple[float, float] | None:
    """The same rows as text, in less; None where it isn't installed."""
    command = shutil.which("less")
    if command is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        file.write_text("".join(f"{'  '.join(row):<79.79}\n" for row in rows(1000)))
        with Terminal([command, str(file)]) as terminal:
            terminal.writes_more(0)
            terminal.settles()
            return both(terminal, b"j", b" ", times)
