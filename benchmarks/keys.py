"""Keys: time from a key to the first byte that answers it, at 100,000 rows while more pages come in, beside an idle small table."""

import asyncio
import random
import re
import statistics
import time

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.simulated import largest_job, simulated
from benchmarks.terminal import Terminal, anchor, console

PEER = "DataTable of 100 rows, idle"
CURSOR = "▸".encode()
"""Written when the cursor moves, and by nothing that moves by itself: other news is not taken for an answer."""
_PATIENCE = 120.0


def latencies(terminal: Terminal, keys: int, sign: bytes = b"") -> list[float]:
    """Milliseconds to the answer of so many keys, five down and five up, about as fast as a key that is held down."""
    chance, times = random.Random(1), []
    for number in range(keys):
        key = b"j" if number % 10 < 5 else b"k"
        times.append(terminal.answer_to(key, sign) * 1000)
        time.sleep(chance.uniform(0.03, 0.06))
    return times


def loaded(terminal: Terminal) -> int:
    """How many rows the screen says are loaded; 0 where it doesn't."""
    found = re.search(r"([\d,]+) (?:of [\d,]+ rows|loaded)", terminal.screen)
    return int(found[1].replace(",", "")) if found else 0


def open_largest(terminal: Terminal, messages: int) -> None:
    """Go into the job with the most messages, which is one of the first three."""
    terminal.shows("loaded")
    for _ in range(3):
        terminal.press(b"\r")
        # A job that waits has found nothing yet, and loaded nothing.
        terminal.shows(" found ")
        terminal.settles()
        if f"{messages:,} found" in terminal.screen:
            terminal.shows("loaded")
            terminal.settles()
            return
        terminal.press(b"q")
        terminal.shows("created ↓")
        terminal.settles()
        terminal.cost_of(b"j")
    raise RuntimeError(f"the largest job is not where it should be:\n{terminal.screen}")


def while_loading(variables: dict[str, str], messages: int, from_rows: int, keys: int) -> list[float]:
    """Latencies of our program from that many rows on, while it loads all."""
    with console(variables) as terminal:
        open_largest(terminal, messages)
        terminal.press(b"L")
        terminal.settles(0.2)
        # What takes very many requests is asked for twice.
        if "L again" in terminal.screen:
            terminal.press(b"L")
        end = time.monotonic() + _PATIENCE
        while loaded(terminal) < from_rows:
            if time.monotonic() > end:
                raise RuntimeError(f"{loaded(terminal):,} rows after {_PATIENCE:.0f} s")
            time.sleep(0.2)
        before = loaded(terminal)
        times = latencies(terminal, keys, CURSOR)
        if not before < loaded(terminal) < messages:
            raise RuntimeError("no page came in between the keys, or the last one did")
        return times


def percentile(times: list[float], share: float) -> float:
    """The time that this share of the keys needs at most."""
    return sorted(times)[min(len(times) - 1, round(share * len(times)))]


def measure(effort: Effort) -> list[Figure]:
    """Ours and the anchor in turn; medians of the rounds' percentiles."""
    keys, rounds = effort.size(200, 20), effort.rounds(3)
    messages, from_rows = effort.size(500_000, 60_000), effort.size(100_000, 2_000)
    idle, loading, peer = [], [], []
    with simulated(messages=messages, latency=50) as variables:
        # So large a job takes a moment to be made, when it is first asked for.
        asyncio.run(largest_job(variables))
        for _ in range(rounds):
            with anchor("plain_table", "100") as terminal:
                terminal.sees("STATUS")
                terminal.settles()
                peer.append(latencies(terminal, keys))
            with console(variables) as terminal:
                open_largest(terminal, messages)
                idle.append(latencies(terminal, keys, CURSOR))
            loading.append(while_loading(variables, messages, from_rows, keys))
    figures = []
    for name, share, most in (("p50", 0.5, 1.5), ("p99", 0.99, 3.0)):
        ours, quiet, other = (
            statistics.median(percentile(times, share) for times in several) if several else None
            for several in (loading, idle, peer)
        )
        words = f"{name}, {from_rows:,} rows and more coming"
        figures += [
            Figure("keys", words, "ms", ours, other, PEER, Budget(most, True)),
            Figure("keys", f"{name}, 1,000 rows, only polls", "ms", quiet, other, PEER),
        ]
    return figures
