"""Open: bytes for going from the list of jobs into one of them, until it is quiet."""

import statistics

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import standing_account
from benchmarks.terminal import anchor, console


def measure(effort: Effort) -> list[Figure]:
    """Ours with the first page of 3,000 messages, the anchor's with a table of 50 rows."""
    ours, peer = [], []
    for _ in range(effort.rounds(3)):
        with standing_account() as account, console(account.variables) as terminal:
            terminal.shows("100%")
            terminal.press(b"jjjj")
            before = terminal.settles()
            terminal.press(b"\r")
            terminal.shows("1,000 loaded")
            ours.append(terminal.settles() - before)
        with anchor("plain_table", "50") as terminal:
            terminal.sees("STATUS")
            terminal.settles()
            peer.append(terminal.cost_of(b"o", 0.5))
    return [
        Figure(
            "open",
            "a job is opened",
            "B",
            statistics.median(ours),
            statistics.median(peer),
            "App.push_screen",
            Budget(3584),
        )
    ]
