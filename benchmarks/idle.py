"""Idle: bytes and CPU of half a minute in which polls bring nothing new, beside programs that tick."""

import shutil
import time

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import standing_account
from benchmarks.terminal import Terminal, anchor, console

PEER = "app with a header clock"


def measure(effort: Effort) -> list[Figure]:
    """All programs at the same time: they wait, so they don't take each other's CPU."""
    seconds = effort.size(30, 4)
    htop = shutil.which("htop")
    with standing_account() as account, console(account.variables) as ours, anchor("clock_header") as peer:
        ours.shows("100%")
        peer.sees("STATUS")
        others = {"htop": Terminal([htop, "--delay=10"])} if htop else {}
        try:
            ours.settles()
            time.sleep(1.0)
            polls = account.requests
            runs = {"ours": ours, PEER: peer, **others}
            before = {name: (run.written, run.cpu) for name, run in runs.items()}
            time.sleep(seconds)
            spent = {
                name: (run.written - before[name][0], (run.cpu - before[name][1]) * 60 / seconds)
                for name, run in runs.items()
            }
            polls = account.requests - polls
        finally:
            for other in others.values():
                other.close()
    note = "" if polls else "no poll came in that time: this says nothing"
    what = f"{seconds} s with {polls} polls without news"
    figures = [
        Figure("idle", f"written, {what}", "B", spent["ours"][0], spent[PEER][0], PEER, Budget(0), note),
        Figure("idle", f"CPU, {what}", "s/min", spent["ours"][1], spent[PEER][1], PEER, Budget(0.15), note),
    ]
    if htop:
        figures.append(Figure("idle", "written", "B", spent["ours"][0], spent["htop"][0], "htop, once a second"))
        figures.append(Figure("idle", "CPU", "s/min", spent["ours"][1], spent["htop"][1], "htop, once a second"))
    else:
        figures.append(Figure("idle", "written", "B", anchor_name="htop", note="htop is not installed here"))
    return figures
