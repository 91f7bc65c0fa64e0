"""SluiceApp: wires service, screens and the terminal. What is done is decided elsewhere."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
from math import inf
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.events import Event, Key

from tui_app import actions
from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.ui_priority import UiPriority
from tui_app.navigation import Navigation
from tui_app.plans.state import Phase
from tui_app.screens.jobs import JobsScreen
from tui_app.terminal import patches
from tui_app.terminal.key_queue import KeyQueue
from tui_app.terminal.renderer import DiffRenderer
from tui_app.terminal.shutdown import GracefulShutdown
from tui_app.terminal.themes import THEMES, theme_for
from tui_app.terminal.watchdog import print_line
from tui_app.terminal.window_title import WindowTitle
from tui_app.widgets import too_small
from tui_app.widgets.redaction import RedactingApp
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import TextLine

if TYPE_CHECKING:
    from tui_app.jobs.followed import FollowedJobs, JobEnd
    from tui_app.jobs.poller import ConnectionStatus
    from tui_app.plans.state import PlanState
    from tui_app.service import EmailSecurityService

SETTLE: Final = 0.03
"""Seconds between the first frame and everything that takes time."""
_SAID_BY_THEN: Final = 0.2
"""Seconds after an answer in which its screen says what came of it."""
SHEETS: Final = ("base", "widgets")
"""What every screen needs; the others bring their own."""


def style_sheets() -> list[PurePath]:
    """The style sheets of the first screen, by their absolute paths."""
    return [sheet(name) for name in SHEETS]


class SluiceApp(Navigation, DiffRenderer, KeyQueue, GracefulShutdown, RedactingApp):
    """The console on one account."""

    window_title: WindowTitle

    TITLE = "mailsluice"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False
    BINDINGS = actions.bindings("app")
    HORIZONTAL_BREAKPOINTS = too_small.ACROSS
    VERTICAL_BREAKPOINTS = too_small.DOWN

    def __init__(self, service: EmailSecurityService, ui_priority: UiPriority | None = None) -> None:
        patches.install()
        environment = dict(os.environ)  # Textual takes NO_COLOR out of it
        super().__init__(css_path=[*style_sheets()])
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(service.settings.ui.theme, patches.color_system(self.console), environment).name
        patches.draw_no_greys(self)
        self.animation_level = "none"
        self.service = service
        self._last_key = -inf
        self._ui_priority = ui_priority or UiPriority()
        self.output_diffed = service.settings.ui.paint_changes_only
        self._last_end = ""
        self.window_title = WindowTitle(
            self.write_to_terminal, wanted=service.settings.ui.title, terminal=environment.get("TERM", "")
        )
        self._show_title(service.jobs.followed)
        service.on_connection = self._connection_changed
        service.on_followed = self._show_title
        service.on_job_ended = self._job_ended
        service.on_plan_ended = self._plan_ended
        service.on_plan = self._plan_moved
        service.on_limit_wait = self._limit_wait
        service.on_ledger_wait = self._ledger_waits
        service.writes.on_unrecorded = self._unrecorded
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
        # The frame is written first: the thread would keep the writer from it.
        await asyncio.sleep(SETTLE)
        try:
            await asyncio.to_thread(self._get_ready)
        except SluiceError as error:
            self.end_with(f"mailsluice: {error}", error.exit_code)
            return
        self.service.start()
        for screen in self.console_screens()[-1:]:
            screen.on_screen_resume()
        await self._show_unfinished()

    async def _show_unfinished(self) -> None:
        """A plan that is not over comes before anything else."""
        try:
            unfinished = await asyncio.to_thread(lambda: self.service.plans.unfinished())
            await self.service.writes.find_open()
        except SluiceError as error:
            self.service.record(str(error))
            self.show_notice(str(error))
            return
        if unfinished and self.is_at("jobs"):
            self.open_plan(unfinished[0])
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
            "mail.screen",
            "mail.groups",
            "plan.review",
            "plan.screen",
            "plan.targets",
            "ledger",
            "write_record",
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
            self._ui_priority.take()
            if event.time != self._last_key:  # a key that nobody took comes here again
                self.key_gap, self._last_key = event.time - self._last_key, event.time
        await super().on_event(event)

    @property
    def key_waits(self) -> bool:
        """Whether a key has no frame yet that answers it."""
        return self._ui_priority.taken

    def post_display_hook(self) -> None:
        """A frame went out."""
        self._ui_priority.end()

    async def on_unmount(self) -> None:
        """Let a write in flight end, then close."""
        self.service.on_activity = lambda _: None
        self.service.on_connection = lambda _: None
        self.service.on_error = lambda _: None
        self.service.on_followed = lambda _: None
        self.service.on_job_ended = lambda _: None
        self.service.on_plan_ended = lambda _: None
        self.service.on_plan = lambda _: None
        self.service.on_limit_wait = lambda _: None
        self.service.on_ledger_wait = lambda _: None
        self.service.writes.on_unrecorded = lambda _: None
        if self.service.awaits_answer:
            most = self.service.longest_wait
            print_line(
                f"Waiting for the answer to what is on its way ({most:.0f} s at most); ctrl+c leaves it unknown."
            )
        for plan_id in self.service.waiting_plans:
            print_line(
                f"Plan {plan_id} waits for its time, and nothing is sent while no console runs: "
                f"mailsluice ledger resume {plan_id}"
            )
        await self.service.close()

    def stop_work(self, *, again: bool) -> None:
        """Send nothing more after a signal; after a second one, wait for no answer either."""
        self.service.stop_plan()
        if again:
            self.service.abandon()

    # ---- news from below

    def _connection_changed(self, connection: ConnectionStatus) -> None:
        for screen in self.console_screens()[-1:]:
            screen.answered()

    def _tick(self) -> None:
        """Late data and countdowns need the time to pass, once a second; a line that says the same is not painted again."""
        # A timer of Textual's is a task, a message and a callback each time: ten times as dear for nothing at all.
        asyncio.get_running_loop().call_later(1.0, self._tick)
        for screen in self.console_screens()[-1:]:
            screen.time_passed()

    def _plan_moved(self, state: PlanState) -> None:
        for screen in self.console_screens():
            screen.plan_moved(state)

    def _limit_wait(self, seconds: float) -> None:
        for screen in self.console_screens():
            screen.limited(seconds)

    def _ledger_waits(self, sentence: str) -> None:
        """In place of what the screen says: that it was sent is not so yet."""
        for screen in self.console_screens()[-1:]:
            screen.notice(sentence)

    def _unrecorded(self, _: str) -> None:
        """Say it behind what came of the write, which whoever waits for it says in a moment."""

        def tell() -> None:
            for screen in self.console_screens()[-1:]:
                screen.notice_too("NOT on record: ! tells why.")

        asyncio.get_running_loop().call_later(_SAID_BY_THEN, tell)

    def _activity_added(self) -> None:
        for screen in self.console_screens()[-1:]:
            screen.activity_added()

    # ---- what is followed, from whatever screen

    def _show_title(self, followed: FollowedJobs) -> None:
        """How it stands, for who looks at another window."""
        running, share = len(followed.running), followed.share
        name = f"mailsluice {self.service.settings.profile or ''}".strip()
        percent = f"{int(share * 100)} %" if share is not None else ""
        words = (name, percent, f"{running:,} running" if running else "", self._last_end)
        self.window_title.show(" · ".join(filter(None, words)))

    def _job_ended(self, end: JobEnd) -> None:
        self._tell_of_end(end.sentence, end.title)

    def _plan_ended(self, state: PlanState) -> None:
        plan = state.plan
        if state.phase is Phase.WAITING:
            return  # it has not begun
        sentence = f"{plan.effect.title}, plan {plan.plan_id}: {state.phase.value}, {state.describe()}."
        # Its own screen shows all of it, and has no room to say it again.
        self._tell_of_end("" if self.is_at("plan") else sentence, f"plan {plan.plan_id} {state.phase.value}")

    def _tell_of_end(self, sentence: str, title: str) -> None:
        """Bell, title, and a notice on what is shown, or on what is below a question."""
        self._last_end = title
        self._show_title(self.service.jobs.followed)
        if self.service.settings.ui.bell:
            self.bell()
        for screen in self.console_screens()[-1:] if sentence else ():
            screen.notice_too(sentence)

    # ---- everywhere

    def action_screen_redact(self) -> None:
        """Hide or show addresses and subjects."""
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

    def action_screen_repaint(self) -> None:
        """Paint everything, whatever is believed to be on the terminal."""
        self.repaint_all()

    def action_app_quit(self) -> None:
        """Quit; a request in flight is waited for."""
        if self.service.plan_state is not None and not self.service.plan_state.ended:
            self.service.stop_plan()
        self.exit()

    async def action_quit(self) -> None:
        """Quit by Textual's own name for it."""
        self.action_app_quit()
