"""Draws the pictures of the documents: the real program on the demo account, at a fixed time of day.

Run it from a checkout: `.venv/bin/python docs/pictures.py`, or with the names of tours. Equal programs draw equal bytes.
"""

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import uvicorn.server
from screen_svg import as_svg, rows_of
from textual import _wait
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot

from tui_app.accounts import Accounts
from tui_app.app import SluiceApp
from tui_app.config.settings import Settings, load_settings
from tui_app.core.clock import SystemClock
from tui_app.core.state_file import StateFile
from tui_app.jobs.poller import ConnectionState
from tui_app.plans import origin
from tui_app.screens.confirm import Confirm
from tui_app.service import EmailSecurityService
from tui_app.setup.conversation import Setup
from tui_app.setup.situation import look_around
from tui_app.setup_app import SetupApp
from tui_app.simulator.server import Options, Simulator, running

MOMENT: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
FOLDER: Final = Path(__file__).resolve().parent / "pictures"
SIZE: Final = (80, 24)
PATIENCE: Final = 15.0
HURRY: Final = 40
"""By how much waits are shorter here."""


class StillClock(SystemClock):
    """The time of day never changes, so that a picture changes only with the program; waits are short."""

    def now(self) -> datetime:
        """The same moment at each call."""
        return MOMENT

    async def sleep(self, seconds: float) -> None:
        """Wait a part of it."""
        await asyncio.sleep(seconds / HURRY)


# ---- the program, driven


@dataclass
class Console:
    """A running app, and the pictures that were drawn of it; `said` = what is on the screen in other words in a picture."""

    app: App[Any]
    pilot: Pilot[Any]
    drawn: dict[str, str]
    said: Sequence[tuple[str, str]]

    @property
    def text(self) -> str:
        """What is on the screen, without colours."""
        return "\n".join("".join(segment.text for segment in row) for row in rows_of(self.app))

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        with patch.multiple(_wait, SLEEP_GRANULARITY=1 / 500, SLEEP_IDLE=1 / 5000):
            await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*("space" if letter == " " else letter for letter in text))

    async def paste(self, text: str) -> None:
        """Paste as a terminal does."""
        assert self.app.focused is not None
        self.app.focused.post_message(Paste(text))
        await self.pilot.pause()

    async def sees(self, *words: str) -> None:
        """Wait until all these words are on the screen."""
        until = time.monotonic() + PATIENCE
        while not all(word in self.text for word in words):
            if time.monotonic() > until:
                raise TimeoutError(f"never seen: {words}\n{self.text}")
            await self.pilot.pause(0.02)

    async def loses(self, word: str) -> None:
        """Wait until a word is gone."""
        until = time.monotonic() + PATIENCE
        while word in self.text:
            if time.monotonic() > until:
                raise TimeoutError(f"never gone: {word}\n{self.text}")
            await self.pilot.pause(0.02)

    async def picture(self, name: str, title: str, *words: str) -> None:
        """Draw the screen once it has these words, and nothing moves any more."""
        await self.sees(*words)
        before, until = "", time.monotonic() + PATIENCE
        while before != (before := self.text):
            if time.monotonic() > until:
                raise TimeoutError(f"never still: {name}\n{self.text}")
            await self.pilot.pause(0.1)
        svg = as_svg(rows_of(self.app), f"mailsluice: {title}")
        for pattern, shown in self.said:
            svg = re.sub(pattern, shown, svg)
        self.drawn[name] = svg


@dataclass
class Machine:
    """Where the pictures are drawn: a simulated account or more, folders, and what is different in each run."""

    simulator: Simulator
    state: Path
    config: Path
    drawn: dict[str, str]
    said: list[tuple[str, str]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Of the simulated account, under a name."""
        loaded = load_settings(self.simulator.environment() | {"MAILSLUICE_CONFIG": "/dev/null"})
        return replace(loaded, profile="acme", ui=replace(loaded.ui, theme="dark"))

    @asynccontextmanager
    async def console(
        self,
        settings: Settings | None = None,
        load: Callable[[str], Settings] | None = None,
        *,
        begins_with_jobs: bool = True,
    ) -> AsyncIterator[Console]:
        """The console on the account."""

        def make(settings: Settings) -> EmailSecurityService:
            return EmailSecurityService(
                settings, clock=StillClock(), random=Random(1), state_file=StateFile(self.state), state=self.state
            )

        first = make(settings or self.settings)
        accounts = Accounts(first, first.settings.profiles, load or (lambda _: first.settings), make)
        app = SluiceApp(first, accounts=accounts)
        async with app.run_test(size=SIZE) as pilot:
            console = Console(app, pilot, self.drawn, self.said)
            if begins_with_jobs:
                await console.sees("12 loaded", ConnectionState.LIVE.value)
            yield console

    @asynccontextmanager
    async def first_start(self, environment: dict[str, str]) -> AsyncIterator[Console]:
        """The screens of the first start."""
        app = SetupApp(Setup(look_around(environment), StillClock(), Random(1)))
        async with app.run_test(size=SIZE) as pilot:
            yield Console(app, pilot, self.drawn, self.said)


# ---- the tours: what is pressed, and what is drawn


async def jobs(machine: Machine) -> None:
    """What is there when the console opens."""
    async with machine.console() as console:
        await console.picture("jobs", "the list of jobs", "3 running")
        await console.press("question_mark")
        await console.picture("help", "the keys of a screen", "Help › jobs")
        await console.press("q", "colon")
        await console.type("ret")
        await console.picture("prompt", "the prompt for commands", "Commands")
        await console.press("escape", "slash")
        await console.type("failed:>0 age:<1d")
        await console.press("enter")
        await console.picture("jobs-filter", "jobs of the last day with failures", "failed:>0")


async def a_job(machine: Machine) -> None:
    """One job, and what can be done with what is shown."""
    async with machine.console() as console:
        await console.press(*"jjjjj", "enter")
        await console.picture("job", "a job with its rows", "1,000 loaded", "final")
        await console.press("M")
        await console.picture("hidden", "addresses and subjects are hidden", "▒", "final")
        await console.press("M")
        await console.press("w")
        await console.picture("reasons", "failed rows by reason", "140 failed", "all loaded", "final")
        await console.press("q", "Y")
        await console.picture("copy", "what can be copied", "Copy")
        await console.press("q", "colon")
        await console.type("command")
        await console.press("enter")
        await console.picture("command", "a screen as a command line", "curl")
        await console.press("q", "colon")
        await console.type("columns")
        await console.press("enter")
        await console.picture("columns", "the columns of a list", "remembered")


async def phish(machine: Machine) -> None:
    """Mail that was delivered is found and moved, by a job and by a plan; a job is stopped."""
    async with machine.console() as console:
        await console.press("n")
        await console.sees("acts on")
        await console.type("billing@evil.example")
        await console.press("enter")
        await console.picture("new-job", "a new job after its preview", "Enter again")
        await console.press("enter")
        await console.picture("new-job-question", "the question before a job is created", "type")
        await console.press("escape")
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("F")
        await console.sees("found so far")
        await console.press("slash")
        await console.press(*["backspace"] * 3)
        await console.type("from:billing@evil.example subject:4720 24h")
        await console.press("enter")
        await console.picture("mail", "mail of any kind", "76 found", "read 12:00")
        await console.press("a", "V")
        await console.picture("destination", "the choice of a folder", "Soft delete", "read 12:00")
        await console.press("escape", "q")
        await console.press("j", "j", "X")
        await console.picture("cancel", "the question before a job is cancelled", "tab comes here")
        await console.press("tab")
        await console.type("INC-4713 wrong sender")
        await console.press("shift+tab")
        await console.press("y")
        await console.sees("server says")
        await console.press("H")
        await console.sees("cancel")
        await console.press("i")
        await console.picture("record", "what is on record of a write", "INC-4713")
        await console.press("q", "q", "exclamation_mark")
        await console.picture("activity", "writes and errors of this session", "Activity")


async def held_mail(machine: Machine) -> None:
    """From held mail to a release, and what follows it."""
    async with machine.console() as console:
        await console.press("Q")
        await console.sees("all loaded")
        await console.press(*"jjjjj")
        await console.picture("quarantine", "held mail", "≈", "read 12:00")
        await console.press("w")
        await console.picture("groups", "held mail in groups", "3 odd")
        await console.press("q", "enter")
        await console.picture("message", "a message, its summary", "1 summary", "CredentialHarvester")
        await console.press("3")
        await console.picture("message-links", "a message, its links and files", "attachment")
        await console.press("7")
        await console.picture("message-raw", "a message, raw", "│")
        await console.press("q", "slash")
        await console.type("from:acme-news.example 3h")
        await console.press("enter")
        await console.sees("3h", "all loaded")
        await console.press("a")
        await console.picture("marked", "held mail, all marked", "37 of 37 marked", "read 12:00")
        await console.press("R")
        await console.picture("review", "the review of a release", "Messages")
        await console.press("f2")
        await console.picture("targets", "all messages of a review", "to send")
        await console.press("escape")
        await console.type("INC-4802 newsletter is wanted")
        await console.press("enter")
        number = re.search(r"type ([\d,]+) to send", console.text)
        assert number is not None
        await console.type(number[1])
        await console.press("enter")
        await console.picture("plan-canary", "a release that waits after its canary", "A sends the other")
        await console.press("A")
        await console.picture("plan-ended", "a release that has ended", "Every id is accounted for")
        await console.press("B")
        await console.picture("submit", "the question before mail is reported to Cloudflare", "NONE")
        await console.press("1")
        await console.sees("type")
        await console.type("36")
        await console.press("enter")
        await console.picture("submitted", "what became of a report to Cloudflare", "accepted")
        await console.press("q", "q")
        await console.sees("12 loaded")
        await console.press("j", "j", "X")
        await console.sees("tab comes here")
        await console.press("y")
        await console.sees("server says")
        await console.press("H")
        await console.picture("ledger", "the ledger", "INC-4802", "cancel")


TICKET: Final = """INC-4802  The newsletter is wanted. Please release:
- {0}
- {1}
Do not release:
- {2}
"""


async def ids_of_a_ticket(machine: Machine) -> None:
    """Ids out of a ticket."""
    async with machine.console() as console:
        held = machine.simulator.account.held
        await console.press("I")
        await console.sees("paste")
        await console.paste(TICKET.format(*(held[number].investigate_id for number in (0, 1, 5))))
        await console.picture("ids", "ids out of a ticket", "3 ids")


async def failed_job(machine: Machine) -> None:
    """A job with failed rows is retried and undone."""
    async with machine.console() as console:
        await console.press(*"jjjjj", "enter")
        await console.sees("1,000 loaded")
        await console.press("T")
        await console.picture("review-retry", "the review of a retry", "Include")
        await console.press("escape", "U")
        await console.picture("review-undo", "the review of an undo", "Messages")


async def dropped_line(machine: Machine) -> None:
    """An answer is lost."""
    machine.simulator.set_faults("close_before@release#2")
    async with machine.console() as console:
        await console.press("Q")
        await console.sees("all loaded")
        await console.press("slash")
        await console.type("from:acme-news.example 3h")
        await console.press("enter")
        await console.sees("3h", "all loaded")
        await console.press("a", "R")
        await console.sees("Messages")
        await console.type("INC-4802 newsletter is wanted")
        await console.press("enter")
        await console.type("37")
        await console.press("enter")
        await console.sees("A sends the other")
        await console.press("A")
        await console.picture("plan-unknown", "a release without an answer", "halted")
    async with machine.console(begins_with_jobs=False) as console:
        await console.picture("unfinished", "an unfinished plan at the next start", "unfinished")


async def handover(machine: Machine) -> None:
    """What the next shift has to know."""
    async with machine.console() as console:
        await console.press("j", "j", "X")
        await console.sees("tab comes here")
        await console.press("tab")
        await console.type("INC-4713 wrong sender")
        await console.press("shift+tab")
        await console.press("y")
        await console.sees("server says")
        await console.press("colon")
        await console.type("handover since 06:00")
        await console.press("enter")
        await console.picture("handover", "the handover", "All was read")
        await console.press("q", "colon")
        await console.type("doctor")
        await console.press("enter")
        await console.picture("doctor", "the doctor", "requests sent")


def _profiles(machine: Machine, other: Simulator) -> str:
    """A configuration file of two accounts; tokens are beside it."""
    machine.config.mkdir()
    lines = ['default_profile = "acme-prod"', "[ui]", 'theme = "dark"']
    for name, simulator, more in (
        ("acme-prod", machine.simulator, 'color = "red"'),
        ("acme-test", other, 'color = "blue"\nread_only = true'),
    ):
        token = machine.config / f"{name}.token"
        token.write_text(simulator.authenticator.token)
        token.chmod(0o600)
        lines += [
            f"[profiles.{name}]",
            f'account_id = "{simulator.account.account_id}"',
            f'token_file = "{token}"',
            f'base_url = "{simulator.base_url}"',
            more,
        ]
    path = machine.config / "config.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return str(path)


async def accounts(machine: Machine) -> None:
    """Two accounts in one console."""
    with running(Options(seed=2), clock=lambda: MOMENT) as other:
        variables = {"MAILSLUICE_CONFIG": _profiles(machine, other)}

        def load(name: str) -> Settings:
            return load_settings(variables, profile_name=name)

        async with machine.console(load_settings(variables), load) as console:
            await console.press("P")
            await console.picture("profiles", "the profiles", "2 accounts")
            await console.press("j", "enter")
            await console.picture("read-only", "a read-only account", "READ-ONLY", "12 loaded")
            await console.press("colon")
            await console.type("jobs all")
            await console.press("enter")
            await console.picture("all-jobs", "the jobs of all profiles", "24 loaded")


async def first_start(machine: Machine) -> None:
    """A token, an account, where the token lives, a profile."""
    async with machine.first_start({"CLOUDFLARE_BASE_URL": machine.simulator.base_url}) as console:
        await console.picture("first-start", "the first start", "step 1 of 4")
        await console.type(machine.simulator.authenticator.token)
        await console.press("enter")
        await console.picture("first-start-account", "the first start: the account", "step 2 of 4")
        await console.press("enter")
        await console.picture("first-start-place", "the first start: where the token lives", "step 3 of 4")
        await console.press("enter")
        await console.picture("first-start-profile", "the first start: the profile", "step 4 of 4")


TOURS: Final = (
    jobs,
    a_job,
    phish,
    held_mail,
    ids_of_a_ticket,
    failed_job,
    dropped_line,
    handover,
    accounts,
    first_start,
)


@contextmanager
def _still(**variables: str) -> Iterator[None]:
    """What else is different in each run, or on each machine, is the same."""
    with ExitStack() as stack:
        stack.callback(time.tzset)
        stack.enter_context(patch.dict(os.environ))
        for name in ("NO_COLOR", "LOGNAME", "SUDO_USER", "SSH_CONNECTION", "HTTPS_PROXY", "https_proxy", "TMUX", "STY"):
            os.environ.pop(name, None)
        os.environ.update(variables, COLORTERM="truecolor", TERM="xterm-256color", TZ="UTC", LANG="C.UTF-8", USER="ana")
        time.tzset()
        stack.enter_context(patch.object(Confirm, "READ_FIRST", 0.0))
        stack.enter_context(
            patch.object(origin, "origin_of", lambda _: origin.Origin("ana", "jump1", "", "", None, ""))
        )
        disk = SimpleNamespace(f_bavail=15_000_000, f_frsize=4096, f_files=1, f_favail=1)
        stack.enter_context(patch.object(os, "statvfs", lambda _: disk))
        date = formatdate(MOMENT.timestamp(), usegmt=True)
        stack.enter_context(patch.object(uvicorn.server, "formatdate", lambda *_, **__: date))
        yield


def draw(tours: Sequence[str] = ()) -> dict[str, str]:
    """The pictures of these tours, or of all, by their names."""
    drawn: dict[str, str] = {}
    for tour in TOURS:
        if tours and tour.__name__ not in tours:
            continue
        # The names of the folders are as long as those that are shown for them: lines break where they would break there.
        state = Path(tempfile.mkdtemp(prefix="pictures-", dir="/tmp"))
        config = Path(tempfile.mkdtemp(prefix="cfg-", dir="/tmp"))
        said = [
            (re.escape(str(state)), "/home/ana/.local/state"),
            (re.escape(str(config)), "/home/ana/.config"),
            (r"127\.0\.0\.1:\d{5}", "127.0.0.1:40123"),
            (r"\b[0-9a-f]{64}\b", sha256(b"").hexdigest()),
        ]
        try:
            with (
                _still(XDG_STATE_HOME=str(state), XDG_CONFIG_HOME=str(config)),
                running(Options(faults="none"), clock=lambda: MOMENT) as simulator,
            ):
                asyncio.run(tour(Machine(simulator, state / "mailsluice", config / "mailsluice", drawn, said)))
        finally:
            shutil.rmtree(state)
            shutil.rmtree(config)
    return drawn


def main() -> None:
    """Write docs/pictures."""
    FOLDER.mkdir(exist_ok=True)
    drawn = draw(sys.argv[1:])
    for name, svg in drawn.items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{len(drawn)} pictures in docs/pictures\n")


if __name__ == "__main__":
    main()
