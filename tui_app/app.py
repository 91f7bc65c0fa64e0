"""SluiceApp: wires service, screens and the terminal. What is done is decided elsewhere."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.events import Event, Key

from tui_app import actions
from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.ui_priority import UiPriority
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.screens.text_screen import TextScreen
from tui_app.terminal import patches
from tui_app.terminal.key_queue import KeyQueue
from tui_app.terminal.renderer import DiffRenderer
from tui_app.terminal.shutdown import GracefulShutdown
from tui_app.terminal.themes import THEMES, theme_for
from tui_app.terminal.watchdog import tell
from tui_app.widgets import too_small
from tui_app.widgets.redaction import RedactingApp
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import TextLine

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.search import SearchParams
    from tui_app.jobs.poller import ConnectionStatus
    from tui_app.plans.plan import Target
    from tui_app.plans.records import LedgerEntry
    from tui_app.plans.state import PlanState
    from tui_app.screens.job.screen import JobScreen
    from tui_app.screens.ledger import LedgerScreen
    from tui_app.screens.mail.quarantine import QuarantineScreen
    from tui_app.screens.new_job import NewJobScreen
    from tui_app.screens.plan.ids import IdsScreen
    from tui_app.screens.plan.review import ReviewScreen
    from tui_app.screens.plan.screen import PlanScreen
    from tui_app.service import EmailSecurityService

SETTLE: Final = 0.03
"""Seconds between the first frame and everything that takes time."""
SHEETS: Final = ("base", "widgets")
"""What every screen needs; the others bring their own."""


def style_sheets() -> list[PurePath]:
    """The style sheets of the first screen, by their absolute paths."""
    return [sheet(name) for name in SHEETS]


class SluiceApp(DiffRenderer, KeyQueue, GracefulShutdown, RedactingApp):
    """The console on one account."""

    TITLE = "mailsluice"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False
    BINDINGS = actions.bindings("app")
    HORIZONTAL_BREAKPOINTS = too_small.ACROSS
    VERTICAL_BREAKPOINTS = too_small.DOWN

    def __init__(self, service: EmailSecurityService, turn: UiPriority | None = None) -> None:
        patches.install()
        environment = dict(os.environ)  # Textual takes NO_COLOR out of it
        super().__init__(css_path=[*style_sheets()])
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(service.settings.ui.theme, patches.color_system(self.console), environment).name
        patches.draw_no_greys(self)
        self.animation_level = "none"
        self.service = service
        self._turn = turn or UiPriority()
        self.output_diffed = service.settings.ui.paint_changes_only
        service.on_link = self._link_changed
        service.on_release = self._release_moved
        service.on_limit_wait = self._limit_wait
        service.on_error = self._handle_exception
        service.on_activity = lambda _: self._activity_added()

    def on_mount(self) -> None:
        """Show the jobs; the first frame comes before anything that takes time."""
        self.install_shutdown_handlers()
        self.push_screen(JobsScreen(self.service))
        self._tick()

    @work(exclusive=True, group="begin")
    async def on_jobs_screen_drawn(self) -> None:
        """The first frame is there: get ready in a thread, then begin to poll."""
        # A moment for the frame to get out of the door: the thread would keep the writer from it.
        await asyncio.sleep(SETTLE)
        try:
            await asyncio.to_thread(self._get_ready)
        except SluiceError as error:
            self.end_with(f"mailsluice: {error}", error.exit_code)
            return
        self.service.start()
        for screen in self._screens()[-1:]:
            screen.on_screen_resume()
        await self._show_unfinished()

    async def _show_unfinished(self) -> None:
        """A plan that is not over comes before anything else."""
        try:
            unfinished = await asyncio.to_thread(lambda: self.service.plans.unfinished())
        except SluiceError as error:
            self.service.record(str(error))
            self.show_notice(str(error))
            return
        if unfinished and self._at("jobs"):
            self._open_plan(unfinished[0])
            if len(unfinished) > 1:
                self.show_notice(f"Unfinished; {len(unfinished) - 1:,} more are in the ledger (H).")

    def _get_ready(self) -> None:
        self.service.get_ready()
        for name in (
            "job.screen",
            "mail.message",
            "new_job",
            "activity",
            "help",
            "mail.quarantine",
            "plan.review",
            "plan.screen",
            "ledger",
            "plan.ids",
            "job_commands",
            "copy",
        ):
            importlib.import_module(f"tui_app.screens.{name}")
        # All that is loaded by now stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.enable()

    async def on_event(self, event: Event) -> None:
        """Keys first: loading and packing wait until the answer is on the screen."""
        if isinstance(event, Key):
            self._turn.take()
        await super().on_event(event)

    def post_display_hook(self) -> None:
        """A frame went out."""
        self._turn.end()

    async def on_unmount(self) -> None:
        """Let a write in flight end, then close; there is no screen any more to tell it to."""
        self.service.on_activity = lambda _: None
        self.service.on_link = lambda _: None
        self.service.on_error = lambda _: None
        self.service.on_release = lambda _: None
        self.service.on_limit_wait = lambda _: None
        if self.service.awaits_answer:
            tell("Waiting for the answer to what is on its way (45 s at most); ctrl+c leaves it unknown.")
        await self.service.close()

    def stop_work(self, *, again: bool) -> None:
        """A signal came: nothing more is sent; whoever sends a second one waits for no answer."""
        self.service.stop_release()
        if again:
            self.service.abandon()

    # ---- news from below

    def _screens(self) -> list[ConsoleScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]

    def _link_changed(self, link: ConnectionStatus) -> None:
        for screen in self._screens()[-1:]:
            screen.answered()

    def _tick(self) -> None:
        """Late data and countdowns need the time to pass, once a second; a line that says the same is not painted again."""
        # A timer of Textual's is a task, a message and a callback each time: ten times as dear for nothing at all.
        asyncio.get_running_loop().call_later(1.0, self._tick)
        for screen in self._screens()[-1:]:
            screen.time_passed()

    def _release_moved(self, state: PlanState) -> None:
        for screen in self._screens():
            screen.release_moved(state)

    def _limit_wait(self, seconds: float) -> None:
        for screen in self._screens():
            screen.limited(seconds)

    def _activity_added(self) -> None:
        for screen in self._screens()[-1:]:
            screen.activity_added()

    def _at(self, name: str) -> bool:
        """Whether a place is the one on the screen: a second key that came too soon opens nothing."""
        return isinstance(self.screen, ConsoleScreen) and self.screen.screen_name == name

    # ---- going places

    def on_jobs_screen_chosen(self, message: JobsScreen.Chosen) -> None:
        """Open a job."""
        if self._at("jobs"):
            self._open_job(message.job)

    def _open_job(self, job: Job) -> None:
        from tui_app.screens.job.screen import JobScreen

        self.push_screen(JobScreen(self.service, job))

    def on_jobs_screen_new_wanted(self) -> None:
        """Open the form."""
        from tui_app.screens.new_job import NewJobScreen

        if self._at("jobs"):
            self.push_screen(NewJobScreen(self.service))

    def on_new_job_screen_created(self, message: NewJobScreen.Created) -> None:
        """Show the new job in place of the form."""
        if self._at("new_job"):
            self.pop_screen()
        self._open_job(message.job)

    def on_job_screen_row_chosen(self, message: JobScreen.RowChosen) -> None:
        """Open a row."""
        from tui_app.screens.mail.message import MessageScreen

        if self._at("job"):
            self.push_screen(MessageScreen(self.service, None, job=message.job, row=message.row))

    def on_quarantine_screen_message_chosen(self, message: QuarantineScreen.MessageChosen) -> None:
        """Open a held message."""
        from tui_app.screens.mail.message import MessageScreen

        if self._at("quarantine"):
            self.push_screen(MessageScreen(self.service, message.message))

    def on_quarantine_screen_release_wanted(self, message: QuarantineScreen.ReleaseWanted) -> None:
        """Open the review."""
        if self._at("quarantine"):
            self._review(message.targets, message.search)

    def _review(self, targets: Sequence[Target], search: SearchParams | None = None) -> None:
        from tui_app.screens.plan.review import ReviewScreen

        try:
            review = ReviewScreen(self.service, targets, search)
        except SluiceError as error:
            self.show_notice(str(error))
            return
        self.push_screen(review)

    def on_job_screen_release_wanted(self, message: JobScreen.ReleaseWanted) -> None:
        """Look the messages of a job up."""
        if self._at("job"):
            self._ask_ids(message.ids)

    def on_plan_screen_retry_wanted(self, message: PlanScreen.RetryWanted) -> None:
        """Look what failed up again."""
        if self._at("plan"):
            self._ask_ids(message.ids)

    def _ask_ids(self, ids: Sequence[str]) -> None:
        from tui_app.screens.plan.ids import IdsScreen

        self.push_screen(IdsScreen(self.service, ids))

    def on_console_screen_ids_wanted(self) -> None:
        """Take ids from elsewhere."""
        if self._at("jobs") or self._at("quarantine"):
            self._ask_ids(())

    def on_ids_screen_found(self, message: IdsScreen.Found) -> None:
        """Open the review of what was looked up."""
        if self._at("ids"):
            self.pop_screen()
            self._review(message.targets)

    def action_ledger_open(self) -> None:
        """What was released before."""
        from tui_app.screens.ledger import LedgerScreen

        if any(screen.screen_name == "ledger" for screen in self._screens()[:-1]):
            self.show_notice("The ledger is behind this: esc.")
        elif isinstance(self.screen, TextScreen) or any(map(self._at, ("jobs", "job", "quarantine", "plan"))):
            self.push_screen(LedgerScreen(self.service))

    def on_ledger_screen_chosen(self, message: LedgerScreen.Chosen) -> None:
        """Open a plan of before."""
        if self._at("ledger"):
            self._open_plan(message.entry)

    def _open_plan(self, entry: LedgerEntry) -> None:
        from tui_app.screens.plan.screen import PlanScreen

        self.push_screen(PlanScreen(self.service, entry=entry))

    def on_review_screen_confirmed(self, message: ReviewScreen.Confirmed) -> None:
        """Run what was confirmed, in place of the review."""
        from tui_app.screens.plan.screen import PlanScreen

        if self._at("review"):
            self.switch_screen(PlanScreen(self.service, message.plan, held_back=len(message.guarded.held_back)))

    def action_quarantine_open(self) -> None:
        """Held mail; if it is open below, back to it."""
        from tui_app.screens.mail.quarantine import QuarantineScreen

        below = [screen for screen in self._screens() if screen.screen_name == "quarantine"]
        if not below:
            self.push_screen(QuarantineScreen(self.service))
        while below and self.screen is not below[0] and isinstance(self.screen, TextScreen):
            self.pop_screen()

    def on_console_screen_copy_wanted(self, message: ConsoleScreen.CopyWanted) -> None:
        """Choose what to copy."""
        from tui_app.screens.copy import CopyScreen

        if not self._at("copy"):
            self.push_screen(CopyScreen(self.service, message.values, message.marked))

    def action_screen_redact(self) -> None:
        """Put the veil on, or take it off."""
        self.redaction.on = not self.redaction.on
        for screen in self.screen_stack:
            for line in screen.query(TextLine):
                line.refresh_text()
            for table in screen.query(RowTable):
                table.refresh_text()
        self.show_notice(
            "Addresses and subjects are hidden, M shows them; copies and exports stay whole."
            if self.redaction.on
            else "Addresses and subjects are shown."
        )

    def show_notice(self, sentence: str) -> None:
        """Say something where the operator looks."""
        if isinstance(self.screen, ConsoleScreen):
            self.screen.notice(sentence)

    def action_screen_repaint(self) -> None:
        """Paint everything, whatever is believed to be on the terminal."""
        self.repaint_all()

    def action_activity_open(self) -> None:
        """What was done."""
        from tui_app.screens.activity import ActivityScreen

        if isinstance(self.screen, ConsoleScreen) and not self._at("activity"):
            self.push_screen(ActivityScreen(self.service))

    def action_help_open(self) -> None:
        """The keys of this screen."""
        from tui_app.screens.help import HelpScreen

        if isinstance(self.screen, ConsoleScreen) and not self._at("help"):
            self.push_screen(HelpScreen(self.service, self.screen.screen_name))

    def action_screen_back(self) -> None:
        """Unmark, or go back; at the root nothing."""
        screen = self.screen
        if isinstance(screen, ConsoleScreen) and not screen.handle_back() and not isinstance(screen, JobsScreen):
            self._leave(screen)

    def action_screen_leave(self) -> None:
        """Go back; at the root quit."""
        screen = self.screen
        if isinstance(screen, JobsScreen):
            self.action_app_quit()
        elif isinstance(screen, ConsoleScreen):
            self._leave(screen)

    def _leave(self, screen: ConsoleScreen) -> None:
        if screen.may_leave():
            self.pop_screen()

    def action_app_quit(self) -> None:
        """Quit; a request in flight is waited for."""
        if self.service.release is not None and not self.service.release.ended:
            self.service.stop_release()
        self.exit()

    async def action_quit(self) -> None:
        """Quit by Textual's own name for it."""
        self.action_app_quit()
