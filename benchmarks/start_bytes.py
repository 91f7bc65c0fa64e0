"""Start: bytes written to a terminal of 80 x 24 until it is quiet, with the jobs of the account on the screen."""

import statistics

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import standing_account
from benchmarks.terminal import anchor, console

PEER = "app with a DataTable of 50 rows"


def measure(effort: Effort) -> list[Figure]:
    """Both programs, in turn."""
    ours, peer = [], []
    with standing_account() as account:
        for _ in range(effort.rounds(3)):
            with console(account.variables) as terminal:
                terminal.shows("100%")
                ours.append(terminal.settles())
            with anchor("plain_table", "50") as terminal:
                terminal.sees("STATUS")
                peer.append(terminal.settles())
    return [
        Figure(
            "start-bytes",
            "written until it is quiet",
            "B",
            statistics.median(ours),
            statistics.median(peer),
            PEER,
            Budget(5120),
        )
    ]
