"""A line about a mail on standard error: its sender and its subject behind what we say of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui_app.cli.listing import print_status
from tui_app.cli.terminal_size import size_of
from tui_app.core.fitting import end_of, fitted, wrapped
from tui_app.core.sender_text import names_somebody
from tui_app.core.text import one_blank
from tui_app.plans.summary import NO_DOMAIN, sender_domain, sender_told

if TYPE_CHECKING:
    from tui_app.plans.plan import Target


_ROW: Final = "    ▸"
"""Begins a row in which nothing of ours stands first: out of a row with this sign no id is taken when it is pasted."""
_NARROWEST: Final = 20


def print_mail(before: str, target: Target, between: str = " ") -> None:
    """Print a line about a mail; on a terminal it is cut to rows, each begun by us: who wrote a mail would choose what begins one.

    What we say goes on in further rows. The sender's domain is whole if a row has room for it, else its end; the subject
    is cut, or left out.
    """
    before = before or _ROW
    unread = names_somebody(target.sender.exact) and sender_domain(target) == NO_DOMAIN
    # What can't be read could be read as a sender and the begin of a subject.
    sender = f"({NO_DOMAIN}) {sender_told(target)}" if unread else sender_told(target)
    subject = one_blank(str(target.subject))
    if sys.stderr.isatty():
        columns = max(_NARROWEST, size_of(sys.stderr).columns)
        *above, before = wrapped(before, columns, f"{_ROW} ")
        # Its form on the wire goes first where there is little room.
        name = f"({NO_DOMAIN})" if unread else sender.rpartition("@")[2].partition(" (")[0]
        needed = min(cell_len(sender), cell_len(f"…@{name}"))
        room = columns - cell_len(f"{before}{between}")
        if (sender or subject) and before != _ROW and room < needed:
            above.append(before)
            before, between = _ROW, " "
            room = columns - cell_len(f"{_ROW} ")
        for row in above:
            print_status(row)
        room = min(room, max(needed, room * 3 // 5))
        sender = fitted(sender, room).rstrip() if unread else end_of(sender, room)
        # The subject alone is cut: an ellipsis in the place of a domain's last letter would make another domain of it.
        begun = "".join(f"{part}{between}" for part in (before, sender) if part)
        subject = fitted(subject, columns - cell_len(begun)).rstrip()
    print_status(between.join(filter(None, (before, sender, subject))))
