"""Start: CPU until the table is first on the screen, beside a minimal Textual app with a table; `--help` loads no Textual."""

import statistics
import subprocess
import sys

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import standing_account
from benchmarks.terminal import ROOT, anchor, console

PEER = "app with a DataTable of 50 rows"
ROUNDS = 7
ROWS_ARE_HERE = "INC-4705"
"""A word of the second job's row in the account that stands still."""


def measure(effort: Effort) -> list[Figure]:
    """First frames in turn, then the modules that a question for help loads."""
    ours, peer, filled, walls, peer_walls = [], [], [], [], []
    with standing_account() as account:
        # The first round writes byte code and warms the page cache; it doesn't count.
        for number in range(effort.rounds(ROUNDS) + (0 if effort.quick else 1)):
            with console(account.variables, "100%") as terminal:
                first, whole = terminal.sees("STATUS"), terminal.sees("100%")
            with anchor("plain_table", "50") as terminal:
                other = terminal.sees("STATUS")
            if number or effort.quick:
                ours.append(first.cpu)
                walls.append(first.wall)
                filled.append(whole.cpu)
                peer.append(other.cpu)
                peer_walls.append(other.wall)
    loaded = sum(_textual_modules(option) for option in ("--help", "--version"))
    middle = statistics.median
    return [
        Figure(
            "start", "CPU to the first frame with the table", "s", middle(ours), middle(peer), PEER, Budget(1.15, True)
        ),
        Figure("start", "CPU until the jobs are in it", "s", middle(filled), middle(peer), PEER),
        Figure("start", "wall to the first frame", "s", middle(walls), middle(peer_walls), PEER),
        Figure("start", "Textual modules under --help and --version", "", loaded, budget=Budget(0)),
    ]


def _textual_modules(option: str) -> int:
    """How many modules of Textual are loaded to answer that option."""
    command = [sys.executable, "-X", "importtime", "-m", "tui_app", option]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()]
    return sum(name.partition(".")[0] == "textual" for name in names)
