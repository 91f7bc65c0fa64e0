"""News: bytes for one poll in which exactly one counter, or the state of exactly one row, has changed."""

import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from benchmarks.figure import Budget, Effort, Figure
from benchmarks.standing_account import StandingAccount, standing_account
from benchmarks.terminal import anchor, console

_PATIENCE = 40.0
"""Longer than the slowest poll."""


def one_more_message(account: StandingAccount) -> datetime:
    """When the running job has done one message more; neither its bar nor its percent moves by that."""
    job = account.job("INC-4711")

    def done(now: datetime) -> int:
        return job.counters(now)["messages_successful"]

    # From a 4 to a 5: one digit.
    count = done(account.now) // 10 * 10 + 14
    account.at(account.first(lambda now: done(now) >= count, timedelta(minutes=1)))
    return account.first(lambda now: done(now) > count, timedelta(minutes=1))


def another_state(account: StandingAccount) -> datetime:
    """When the job that waits begins: its state is all that changes, the other jobs are over."""
    job = account.job("INC-4802")
    began = account.first(lambda now: job.status(now) != "PENDING", timedelta(minutes=1))
    account.at(began - timedelta(milliseconds=50))
    return began


def cost(after: timedelta, news: Callable[[StandingAccount], datetime]) -> int:
    """Bytes that our program writes about it."""
    with standing_account(after) as account:
        then = news(account)
        with console(account.variables) as terminal:
            terminal.shows("100%")
            before = terminal.settles()
            account.at(then)
            if not terminal.writes_more(before, _PATIENCE):
                raise RuntimeError("the news never came")
            return terminal.settles(0.8) - before


def measure(effort: Effort) -> list[Figure]:
    """Ours in programs of their own, the anchor's by its keys."""
    counter, row = [], []
    # Both at the same time: bytes don't depend on how busy the machine is, and each waits for its poll.
    with ThreadPoolExecutor(2) as pool:
        for _ in range(effort.rounds(3)):
            one = pool.submit(cost, timedelta(seconds=40), one_more_message)
            other = pool.submit(cost, timedelta(seconds=560), another_state)
            counter.append(one.result())
            row.append(other.result())
    with anchor("plain_table", "50") as terminal:
        terminal.sees("STATUS")
        terminal.settles()
        update = statistics.median(terminal.cost_of(b"c") for _ in range(effort.rounds(3)))
        cell = statistics.median(terminal.cost_of(b"u") for _ in range(effort.rounds(3)))
    return [
        Figure("news", "one counter changes", "B", statistics.median(counter), update, "Static.update", Budget(20)),
        Figure("news", "one row changes", "B", statistics.median(row), cell, "DataTable.update_cell", Budget(60)),
    ]
