"""A line about a mail on standard error: its sender and its subject behind what we say of it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tui_app.cli.listing import print_status
from tui_app.core.fitting import end_of, fitted
from tui_app.core.sender_text import names_somebody
from tui_app.plans.summary import NO_DOMAIN, sender_domain, sender_told

if TYPE_CHECKING:
    from tui_app.plans.plan import Target


def print_mail(before: str, target: Target, between: str = " ") -> None:
    """Print a line about a mail; on a terminal it is one row, and the sender's domain is never cut.

    Where that has no room behind what we say, it stands in a row of its own.
    """
    unread = names_somebody(target.sender.exact) and sender_domain(target) == NO_DOMAIN
    # What can't be read could be read as a sender and the begin of a subject.
    sender = f"({NO_DOMAIN}) {sender_told(target)}" if unread else sender_told(target)
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    if width:
        # Its form on the wire goes first where there is little room.
        name = f"({NO_DOMAIN})" if unread else sender_domain(target).partition(" (")[0]
        needed = min(cell_len(sender), cell_len(name) + 1)
        room = width - cell_len(f"{before}{between}")
        if room < needed:
            _print_row(before, width)
            before, between = "    ▸", " "
            room = width - cell_len(f"{before}{between}")
        room = min(room, max(needed, room * 3 // 5))
        sender = fitted(sender, room).rstrip() if unread else end_of(sender, room)
    words = filter(None, (sender, str(target.subject)))
    _print_row("".join((before, *(f"{between}{word}" for word in words))), width)


def _print_row(line: str, width: int) -> None:
    """A line; on a terminal (`width`) in one row: who wrote a mail would choose what begins the next one."""
    print_status(set_cell_size(line, width - 1) + "…" if width and cell_len(line) > width else line)
