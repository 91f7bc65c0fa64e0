"""Wherever the program breaks: it ends with 1, says where, and nothing that was in memory comes out of it."""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator

GROUPS: Final = 16
"""In how many parts the places are tried; only the first one in every test run."""

BREAKING: Final = """
import asyncio, importlib, json, os, signal, sys
import tui_app.app
from tests.support.screens import screen_text
from tui_app.__main__ import start
from tui_app.screens.confirm import Confirm
from textual import events

Confirm.READ_FIRST = 0
SITE = json.loads(os.environ.pop("SITE"))
TOKEN, SUBJECT, ADDRESS = os.environ["CLOUDFLARE_API_TOKEN"], os.environ.pop("SUBJECT"), os.environ.pop("ADDRESS")

def crash(*arguments, **options):
    token, subject, address = TOKEN, SUBJECT, ADDRESS
    error = RuntimeError(f"{token} {subject} {address}", {subject: token})
    error.add_note(address)
    try:
        {}[subject + token]
    except KeyError:
        raise error

def index_of(site):
    owner = importlib.import_module(site["module"])
    *path, name = site["function"].split(".")
    for part in path:
        owner = getattr(owner, part)
    return owner, name, owner.__dict__[name]

def break_at(owner, name, there):
    setattr(owner, name, property(crash) if isinstance(there, property) else crash)

PLACE = index_of(SITE)

class Walking(tui_app.app.SluiceApp):
    steps = SITE["steps"]

    async def _init_mode(self, mode):
        self.walk = asyncio.ensure_future(self.go())
        return await super()._init_mode(mode)

    async def go(self):
        for step in self.steps:
            while step.startswith("see ") and step[4:] not in screen_text(self):
                await asyncio.sleep(0.03)
            while step.startswith("at ") and getattr(self.focused, "id", "") != step[3:]:
                await asyncio.sleep(0.005)
            if " " not in step:
                self.post_message(events.Key(step, step if len(step) == 1 else None))
        await asyncio.sleep(1.5)
        os._exit(99)

break_at(*PLACE)
tui_app.app.SluiceApp = Walking
signal.alarm(10)
start()
"""


@dataclass(frozen=True)
class Site:
    """A function that breaks, and the way to it: keys, and what is waited for between them; or a command's arguments."""

    module: str
    function: str
    steps: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def console(module: str, functions: str, *steps: str) -> list[Site]:
    return [Site(f"tui_app.{module}", function, steps) for function in functions.split()]


def command(module: str, functions: str, *arguments: str) -> list[Site]:
    return [Site(f"tui_app.{module}", function, (), arguments) for function in functions.split()]


JOBS: Final = ("see 12 loaded",)
JOB: Final = (*JOBS, "j", "j", "j", "enter", "see 310 loaded")
EXPORT: Final = (*JOB, "E", "see enter writes", "enter")
CANCEL: Final = (*JOBS, "X", "see Cancel this job", "y")
HELD: Final = (*JOBS, "Q", "see all loaded")
REVIEW: Final = (*HELD, "R", "at reason")
RELEASE: Final = (*REVIEW, "x", "enter", "at typed", "1", "enter")
NEW_JOB: Final = (*JOBS, "n", "at sender", "e", "v", "i", "l", "enter")
PLAN: Final = ("release", "{held}", "--reason", "x", "--plan-only")
CREATE: Final = ("create", "--action", "move", "--destination", "Inbox", "--sender", "evil.example", "--preview")

CONSOLE: Final = (
    *console("app", "SluiceApp.on_mount SluiceApp._get_ready SluiceApp._tick theme_for"),
    *console("navigation", "Navigation.action_help_open", *JOBS, "question_mark"),
    *console("navigation", "Navigation.action_quarantine_open", *JOBS, "Q"),
    *console("navigation", "Navigation.open_job", *JOBS, "enter"),
    *console("app", "SluiceApp.action_screen_redact", *JOBS, "M"),
    *console("navigation", "Navigation.on_review_screen_confirmed", *RELEASE),
    *console("app", "SluiceApp.action_app_quit SluiceApp.on_unmount", *JOBS, "q"),
    *console("service", "EmailSecurityService.start EmailSecurityService.show"),
    *console("plans.service", "PlanService.guard PlanService.plan", *HELD, "R"),
    *console("plans.service", "PlanService.changes_since_review", *RELEASE),
    *console("mail.service", "MailService.parts", *HELD, "enter"),
    *console("plans.service", "PlanService.start", *RELEASE),
    *console("plans.engine", "Engine.work Engine._send_all", *RELEASE),
    *console("plans.journal", "line_of", *RELEASE),
    *console("jobs.service", "JobService.export", *EXPORT),
    *console("jobs.service", "JobService.cancel", *CANCEL),
    *console("service", "EmailSecurityService.close", *JOBS, "q"),
    *console("api.client", "EmailSecurityClient.search_messages", *JOBS, "Q"),
    *console("api.transport", "Transport.__post_init__"),
    *console("api.budget", "Budget.state"),
    *console("screens.frame", "Frame.show_frame"),
    *console("screens.jobs", "JobsScreen._cells JobsScreen.describe"),
    *console("screens.job.screen", "JobScreen.describe", *JOBS, "enter"),
    *console("screens.mail.screen", "MailScreen._cells", *JOBS, "Q"),
    *console("mail.search", "parse_query", *JOBS, "Q"),
    *console("screens.ledger", "LedgerScreen.content", *JOBS, "H"),
    *console("screens.plan.ids", "IdsScreen.content", *JOBS, "I"),
    *console("screens.mail.part_view", "PartView._summary", *HELD, "enter"),
    *console("screens.plan.review", "ReviewScreen._facts", *HELD, "R"),
    *console("screens.plan.screen", "PlanScreen.show_frame", *RELEASE),
    *console("screens.format", "job_state"),
    *console("screens.activity", "ActivityScreen.show_activities", *JOBS, "exclamation_mark"),
    *console("screens.copy", "show_plainly", *JOBS, "Y", "see A number", "t"),
    *console("screens.new_job", "NewJobScreen._describe", *NEW_JOB),
    *console("screens.job_commands", "_question", *JOBS, "X"),
    *console("terminal.clipboard", "osc52", *JOBS, "y"),
    *console("terminal.watchdog", "ShutdownWatchdog.__enter__"),
    *console("terminal.key_queue", "KeyQueue._send_on", *JOBS, "r"),
    *console("widgets.text_lines", "TextLine.set_text Footer.show_keys"),
    *console("widgets.table", "RowTable.render_line"),
    *console("jobs.export", "export_rows", *EXPORT),
    *console("plans.service", "guard_targets", *HELD, "R"),
    *console("cli.console", "check_terminal load_settings"),
)
COMMANDS: Final = (
    *command("cli.jobs", "job_json", "jobs", "--json"),
    *command("cli.listing", "Listing.write", "jobs"),
    *command("cli.runner", "load_settings", "jobs"),
    *command("cli.mail", "search_params", "quarantine"),
    *command("cli.plan_review", "_print_guarded", *PLAN),
    *command("cli.release", "parsed_ids", *PLAN),
    *command("plans.service", "look_up", *PLAN),
    *command("cli.create", "_print_preview", *CREATE),
    *command("cli.jobs", "describe_action", "cancel", "{job}", "--yes"),
    *command("jobs.export", "export_job", "messages", "{job}", "--output", "rows.csv"),
    *command("api.client", "EmailSecurityClient.list_jobs", "jobs"),
    *command("api.decoding", "parse_json", "jobs"),
    *command("api.http", "HttpChannel.send", "jobs"),
    *command("auth.credentials", "TokenCredential.headers", "jobs"),
)
SITES: Final = (*CONSOLE, *COMMANDS)
SURVIVED: Final = (
    *console("jobs.job_list", "JobsSubject.poll", "see could not be used", "q"),
    *console("terminal.screen_buffer", "ScreenBuffer.frame", *JOBS, "q"),
)
IN_A_THREAD: Final = (
    *console("terminal.writer", "NonBlockingWriter._next", *JOBS, "q"),
    *console("terminal.watchdog", "ShutdownWatchdog._watch", *JOBS, "q"),
)
NOT_WAITED_FOR: Final = (
    *console("jobs.poller", "Poller._poll Poller._wait"),
    *console("screens.frame", "Frame.answered"),
)
EVERY_SITE: Final = (*SITES, *SURVIVED, *IN_A_THREAD, *NOT_WAITED_FOR)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=3012, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


class Broken:
    """What became of the program, broken at some places one after the other, and all that it wrote."""

    def __init__(self, account: Simulator, home: Path, sites: tuple[Site, ...]) -> None:
        self.home = home
        self.canaries = [
            account.authenticator.token,
            f"Canary {secrets.token_hex(8)}",
            f"{secrets.token_hex(8)}@canary.example",
        ]
        ids = {"job": next(iter(account.account.jobs)), "held": account.account.held[0].investigate_id}
        self.raw = b""
        self.codes: dict[Site, int] = {}
        for number, site in enumerate(sites):
            # Each in a process and in folders of its own.
            work = home / str(number) / "work"
            work.mkdir(parents=True)
            variables = environment(
                home, account, XDG_STATE_HOME=str(work.parent / "state"), SITE=json.dumps(asdict(site)),
                SUBJECT=self.canaries[1], ADDRESS=self.canaries[2],
            )  # fmt: skip
            arguments = tuple(word.format(**ids) for word in site.arguments)
            terminal = Terminal(Program(arguments, BREAKING), variables, folder=work)
            try:
                self.codes[site] = terminal.ends()
            finally:
                terminal.kill()
            self.raw += terminal.raw

    def leaks(self) -> list[str]:
        """Where a canary is: what was written to the terminal, and all files."""
        written = {str(file): file.read_bytes() for file in self.home.rglob("*") if file.is_file()}
        written["the terminal"] = self.raw
        return [
            f"{where}: …{content[max(0, content.index(canary.encode()) - 200) :][:200]!r}"
            for where, content in written.items()
            for canary in self.canaries
            if canary.encode() in content
        ]

    def report(self, number: int) -> str:
        """What was kept of one crash; only its owner can read it."""
        folder = self.home / str(number) / "state" / "mailsluice"
        (file,) = folder.glob("crash-*.txt")
        assert file.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        return file.read_text()


@pytest.mark.parametrize("group", [0, *(pytest.param(group, marks=pytest.mark.long) for group in range(1, GROUPS))])
def test_a_crash_ends_with_1_says_where_and_shows_nothing(account: Simulator, tmp_path: Path, group: int) -> None:
    sites = SITES[group::GROUPS]
    broken = Broken(account, tmp_path, sites)
    assert {site: code for site, code in broken.codes.items() if code != 1} == {}
    assert broken.leaks() == []
    assert broken.raw.count(b"stopped by an internal error (RuntimeError") == len(sites)
    for number, site in enumerate(sites):
        report = broken.report(number)
        assert report.count("builtins.RuntimeError\n") == report.count("builtins.KeyError\n") == 1, site
        assert re.search(r"^  (tui_app|site-packages)/\S+\.py:\d+ \S+$", report, re.MULTILINE), site
        assert report.count(" crash\n") == 2, site
        assert len(report) < 8000


@pytest.mark.parametrize("site", sorted({(site.module, site.function) for site in EVERY_SITE}), ids=".".join)
def test_every_place_to_break_is_there(site: tuple[str, str]) -> None:
    module, function = site
    owner: Any = import_module(module)
    *path, name = function.split(".")
    for part in path:
        owner = getattr(owner, part)
    assert name in vars(owner)


def test_every_package_breaks_in_some_place() -> None:
    assert len(set(SITES)) == len(SITES) >= 60
    assert len(SITES[::GROUPS]) >= 4
    packages = {site.module.split(".")[1] for site in SITES}
    assert packages == {
        "app", "navigation", "service", "api", "screens", "widgets", "terminal", "jobs", "plans", "mail", "cli", "auth"
    }  # fmt: skip


def test_what_can_be_lived_with_shows_nothing_either(account: Simulator, tmp_path: Path) -> None:
    broken = Broken(account, tmp_path, SURVIVED)
    assert set(broken.codes.values()) == {0}
    assert broken.leaks() == []


def test_an_error_in_a_thread_shows_nothing(account: Simulator, tmp_path: Path) -> None:
    assert Broken(account, tmp_path, IN_A_THREAD).leaks() == []


@pytest.mark.long
def test_an_error_where_nobody_waits_is_not_lost(account: Simulator, tmp_path: Path) -> None:
    assert set(Broken(account, tmp_path, NOT_WAITED_FOR).codes.values()) == {1}
