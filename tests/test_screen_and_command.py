"""Each action of a screen has a command that does the same: two accounts of one seed, acted on each way, have the same truth log."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.commands import run_with
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.simulator.server import Options, Simulator, running

pytestmark = pytest.mark.long  # what each way sends is in the quick tests of screens and of commands

OPTIONS = Options(quota=0, held=30, messages=100, faults="none", speed=NO_JOB_ENDS)
LOOKS = frozenset({"wire", "row"})
"""Lines of the truth log that are no writes, or follow from one in time."""
RETRIED, MOVED, RUNNING = "INC-4699", "INC-4633", "INC-4713"


def writes(account: Simulator) -> Counter[tuple[object, ...]]:
    """All writes that came to an account, without what differs from account to account: times, and ids that hold them."""

    def plain(entry: dict[str, Any]) -> tuple[object, ...]:
        number = str(entry.get("id", "")).rpartition("-")[2]
        body = entry.get("body", {})
        search = {name: value for name, value in body.get("search_params", {}).items() if name not in ("start", "end")}
        return (
            entry["action"], number, entry.get("destination"), entry.get("outcome"), str(entry.get("job_id", ""))
            if entry["action"] != "create_job" else "", body.get("action"), body.get("destination"), str(sorted(search.items())),
        )  # fmt: skip

    return Counter(plain(entry) for entry in account.account.truth.entries if entry["action"] not in LOOKS)


def job_of(account: Simulator, comment: str) -> str:
    return next(job.job_id for job in account.account.jobs.values() if comment in (job.comment or ""))


@dataclass(frozen=True)
class Twin:
    """What is done by keys, and the command that does the same."""

    by_keys: Callable[[Console, Simulator], Awaitable[None]]
    by_command: Callable[[Simulator], list[str]]


async def at(console: Console, comment: str) -> None:
    """The cursor on the job with that comment."""
    await console.sees("12 loaded")
    table = console.app.screen.table()  # type: ignore[attr-defined]
    place = next(at for at, job in enumerate(table.shown) if comment in str(job.comment))
    await console.press("g", *["j"] * place)


async def confirmed(console: Console, *typed: str) -> None:
    await console.sees("to send")
    for text in typed:
        await console.type(text)
        await console.press("enter")
    await console.until(lambda: "all sent" in console.text or "over, not all" in console.text, "the end of the plan")


async def _retry(console: Console, _: Simulator) -> None:
    await at(console, RETRIED)
    await console.press("T")
    await console.sees("96 messages", "not sent yet")
    await confirmed(console, "96")


async def _undo(console: Console, _: Simulator) -> None:
    await at(console, MOVED)
    await console.press("U")
    await console.sees("17 messages", "not sent yet")
    await confirmed(console, "17")


async def _move(console: Console, _: Simulator) -> None:
    await at(console, MOVED)
    await console.press("enter")
    await console.sees("17 loaded")
    await console.press("a", "V")
    await console.sees("Press its number")
    await console.press("3")
    await console.sees("17 messages", "not sent yet")
    await confirmed(console, "INC-1", "17")


async def _cancel(console: Console, _: Simulator) -> None:
    await at(console, RUNNING)
    await console.press("X")
    await console.sees("Cancel this job?")
    await console.press("y")
    await console.sees("■ cancelled   move → Soft delete")


async def _delete(console: Console, account: Simulator) -> None:
    await at(console, MOVED)
    await console.press("D")
    await console.sees("Delete this job's record?")
    await console.type(job_of(account, MOVED)[:4])
    await console.press("enter")
    await console.sees("11 loaded")


TWINS = {
    "retry": Twin(_retry, lambda account: ["retry", job_of(account, RETRIED), "--yes", "--expect", "96"]),
    "undo": Twin(_undo, lambda account: ["undo", job_of(account, MOVED), "--yes", "--expect", "17"]),
    "move": Twin(
        _move,
        lambda account: [
            "move", "--job", job_of(account, MOVED), "--destination", "DeletedItems", "--reason", "INC-1", "--yes", "--expect", "17",
        ],
    ),
    "cancel": Twin(_cancel, lambda account: ["cancel", job_of(account, RUNNING), "--yes"]),
    "delete": Twin(_delete, lambda account: ["delete", job_of(account, MOVED), "--yes"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
async def test_keys_and_a_command_do_the_same(name: str, tmp_path: Path) -> None:
    twin = TWINS[name]
    with running(OPTIONS) as one, running(OPTIONS) as other:
        async with console_on(settings_for(one), size=(120, 40)) as console:
            await twin.by_keys(console, one)
        ended = await asyncio.to_thread(
            run_with, {**other.environment(), "XDG_STATE_HOME": str(tmp_path)}, *twin.by_command(other)
        )
        assert ended.returncode in (0, 4), ended.stderr
        assert writes(one) == writes(other)
        assert writes(one)
