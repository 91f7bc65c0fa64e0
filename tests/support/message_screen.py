"""The screen of one message: opened by its id or from a list, turned from part to part."""

import stat
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.core.clock import Clock
from tui_app.core.text import Untrusted
from tui_app.screens.mail.message import MessageScreen
from tui_app.screens.mail.siblings import MessageRef
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running
from tui_app.widgets.pager import Pager

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
CORPUS = 600_000
"""Mail of the corpus has larger numbers."""


@contextmanager
def odd_account() -> Iterator[Simulator]:
    """A small account with the corpus, which counts what it is asked."""
    options = Options(quota=0, messages=60, held=20, corpus=True, faults="none", speed=NO_JOB_ENDS)
    with running(options, clock=lambda: MOMENT) as simulator:
        yield simulator


@asynccontextmanager
async def listed(simulator: Simulator, *words: str) -> AsyncIterator[Console]:
    """The console with the held mail that a search finds."""
    async with console_on(settings_for(simulator), clock=StillClock(MOMENT)) as console:
        await console.press("Q")
        await console.sees("all loaded")
        await console.press("slash")
        await console.type(" ".join(words))
        await console.press("enter")
        await console.sees(f"held · {' '.join(words)}", "all loaded")
        yield console


@asynccontextmanager
async def opened(
    simulator: Simulator, mail: Mail, *, size: tuple[int, int] = (80, 24), clock: Clock | None = None, **changes: object
) -> AsyncIterator[Console]:
    """A message by its id alone."""
    async with console_on(settings_for(simulator, **changes), clock=clock or StillClock(MOMENT), size=size) as console:
        reference = MessageRef(id=Untrusted(mail.investigate_id))
        console.app.push_screen(MessageScreen(console.app.service, reference))
        await console.sees("read 12:00:0")
        yield console


async def turn(console: Console, key: str) -> None:
    """Turn to a part, and wait until it is there."""
    await console.press(key)
    await console.until(lambda: "reading…" not in console.text and "read 12:00:0" in console.text, f"part {key}")


def case(simulator: Simulator, name: str) -> Mail:
    """The mail of the corpus that has this in its Message-ID."""
    return next(mail for mail in simulator.account.held if mail.number > CORPUS and name in mail.header_id)


def asked(simulator: Simulator) -> Counter[str]:
    return Counter(request["endpoint"] for request in simulator.wire())


def files_in(folder: Path) -> list[tuple[str, bytes, int]]:
    """The files in a folder: name, content, mode."""
    files = [file for file in folder.iterdir() if file.is_file()]
    return [(file.name, file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) for file in files]


def pager(console: Console) -> Pager:
    return console.app.screen.query_one(Pager)


def bare(text: str) -> str:
    return "".join(text.split())


def sentence(console: Console) -> str:
    """The screen's words in one line."""
    return " ".join(console.text.split())
