"""SluiceApp: wires the accounts' services, the screens and the terminal. What is done is decided elsewhere."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
from math import inf
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import work
from textual.events import Event, Key

from tui_app import actions
from tui_app.account_switcher import AccountSwitcher
from tui_app.accounts import Accounts
from tui_app.config.schema import View
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.paths import sheet
from tui_app.core.text import sanitize
from tui_app.core.ui_priority import UiPriority
from tui_app.key_map import KeyMap, shown
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.terminal import patches
from tui_app.terminal.key_queue import KeyQueue
from tui_app.terminal.practice import PractisingApp
from tui_app.terminal.renderer import DiffRenderer
from tui_app.terminal.shutdown import GracefulShutdown
from tui_app.terminal.themes import THEMES, named, put_on, theme_for
from tui_app.terminal.watchdog import print_line
from tui_app.terminal.window_title import WindowTitle
from tui_app.widgets import too_small
from tui_app.widgets.redaction import RedactingApp
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import TextLine

if TYPE_CHECKING:
    from tui_app.actions import Action
    from tui_app.config.settings import Settings
    from tui_app.jobs.followed import JobEnd
    from tui_app.plans.state import PlanState
    from tui_app.service import EmailSecurityService

_SILENT: Final = frozenset({"tab", "shift+tab"})
"""Keys that move between fields, and elsewhere mean nothing to anybody."""
SETTLE: Final = 0.03
"""Seconds between the first frame and everything that takes time."""
_SAID_BY_THEN: Final = 0.2
"""Seconds after an answer in which its screen says what came of it."""
SHEETS: Final = ("base", "widgets")
"""What every screen needs; the others bring their own."""


def style_sheets() -> list[PurePath]:
    """The style sheets of the first screen, by their absolute paths."""
    return [sheet(name) for name in SHEETS]


def _places(action: Action) -> str:
    """Where an action is, in a few words."""
    places = sorted(place.replace("_", " ") for place in action.where)
    return ", ".join(places[:4]) + (" …" if len(places) > 4 else "")


def _as_left(view: View) -> str:
    """What the console says when it begins where it was left; empty where all jobs are shown."""
    if view.screen != "jobs":
        return "As it was left. esc leads to the jobs."
    if view.filter:
        return "As it was left. esc ends the filter."
    return "As it was left. 0 shows all jobs." if view.status or view.action else ""


def _no_profile(name: str) -> Settings:
    raise UsageError(f"There is no profile '{sanitize(name, 40)}'.")


def _no_service(settings: Settings) -> EmailSecurityService:
    raise UsageError("This console has one account.")


class SluiceApp(AccountSwitcher, DiffRenderer, KeyQueue, PractisingApp, GracefulShutdown, RedactingApp):
    """The console: one account after the other, each with its own service and screens."""

    window_title: WindowTitle

    TITLE = "mailsluice"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False
    BINDINGS = actions.bindings("app")
    HORIZONTAL_BREAKPOINTS = too_small.ACROSS
    VERTICAL_BREAKPOINTS = too_small.DOWN

    def __init__(
        self,
        service: EmailSecurityService,
        ui_priority: UiPriority | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        patches.install()
        self._environment = dict(os.environ)  # Textual takes NO_COLOR out of it
        super().__init__(css_path=[*style_sheets()])
        for theme in THEMES:
            self.register_theme(theme)
        self.service = service
        self.accounts = accounts or Accounts(service, {}, _no_profile, _no_service)
        self.use_keys(KeyMap.of(service.settings.keys))
        remembered = "" if self._environment.get("NO_COLOR") else service.remembered.theme
        self.use_theme(remembered or service.settings.ui.theme)
        patches.draw_no_greys(self)
        self.animation_level = "none"
        self.last_key = self.key_before = -inf
        self._ui_priority = ui_priority or UiPriority()
        self.output_diffed = service.settings.ui.paint_changes_only
        self._last_end = ""
        self._asked_to_quit_at = inf
        """The key with which somebody wanted to quit who was told of plans of other accounts."""
        self.window_title = WindowTitle(
            self.write_to_terminal, wanted=service.settings.ui.title, terminal=self._environment.get("TERM", "")
        )
        self.shown_in = {self.DEFAULT_MODE: service}
        self.listen_to(service)
        self.show_title(service)

    def listen_to(self, service: EmailSecurityService) -> None:
        """Hear the news of an account."""
        service.on_connection = lambda _: self._connection_changed(service)
        service.on_followed = lambda _: self.show_title(service)
        service.on_job_ended = lambda end: self._job_ended(service, end)
        service.on_plan_ended = lambda state: self._plan_ended(service, state)
        service.on_plan = lambda state: self._plan_moved(service, state)
        service.on_limit_wait = lambda seconds: self._limit_wait(service, seconds)
        service.on_ledger_wait = lambda sentence: self._ledger_waits(service, sentence)
        service.writes.on_unrecorded = lambda _: self._unrecorded(service)
        service.on_error = lambda error: self._failed(service, error)
        service.on_activity = lambda _: self._activity_added(service)

    @staticmethod
    def _forget(service: EmailSecurityService) -> None:
        """Nobody is told any more."""
        service.on_connection = lambda _: None
        service.on_followed = lambda _: None
        service.on_job_ended = lambda _: None
        service.on_plan_ended = lambda _: None
        service.on_plan = lambda _: None
        service.on_limit_wait = lambda _: None
        service.on_ledger_wait = lambda _: None
        service.writes.on_unrecorded = lambda _: None
        service.on_error = lambda _: None
        service.on_activity = lambda _: None

    def use_theme(self, name: str) -> None:
        """Show other colours; what is no theme is as `auto`."""
        choice: Any = name if named(name) is not None else "auto"
        theme = theme_for(choice, patches.color_system(self.console), self._environment)
        if not self.is_running:
            self.theme = theme.name
            return
        put_on(self, theme)
        for service in self.services:
            for screen in self.screens_of(service):
                screen.show_frame()

    def on_mount(self) -> None:
        """Show the jobs; the first frame comes before anything that takes time."""
        self.install_shutdown_handlers()
        self.push_screen(JobsScreen(self.service))
        self._tick()

    @work(group="begin")
    async def on_jobs_screen_drawn(self, message: JobsScreen.Drawn) -> None:
        """The first frame is there: get ready in a thread, then begin to poll."""
        service = message.service or self.service
        # The frame is written first: the thread would keep the writer from it.
        await asyncio.sleep(SETTLE)
        try:
            await asyncio.to_thread(self._get_ready, service)
        except SluiceError as error:
            self.end_with(f"mailsluice: {error}", error.exit_code)
            return
        if not service.started:
            service.start()
        for screen in self.shown_of(service):
            screen.on_screen_resume()
        await self._show_first(service)

    async def _show_first(self, service: EmailSecurityService) -> None:
        """A plan that is not over comes before anything else; then what was shown when the console was left."""
        try:
            unfinished = await asyncio.to_thread(lambda: service.plans.unfinished())
            await service.writes.find_open()
        except SluiceError as error:
            service.record(str(error))
            for screen in self.shown_of(service):
                screen.notice(str(error))
            return
        if not (self.shown_of(service) and self.is_at("jobs")):
            return
        if unfinished:
            self.open_plan(unfinished[0])
            if len(unfinished) > 1:
                ledger = self.key("ledger.open")
                self.show_notice(f"Unfinished; {len(unfinished) - 1:,} more are in the ledger ({ledger}).")
        elif self.last_key == -inf and (view := service.remembered.last_view) is not None:
            # Somebody who pressed a key already wants what that did.
            try:
                self.show_view(view)
                if (said := _as_left(view)) and isinstance(shown := self.screen, ConsoleScreen):
                    shown.call_later(shown.notice_too, said)
            except UsageError as error:
                self.show_notice(f"The last view can't be shown: {error}")

    def _get_ready(self, service: EmailSecurityService) -> None:
        service.get_ready()
        if len(self.shown_in) > 1:
            return  # all of it is loaded
        for name in (
            "job.screen",
            "mail.message",
            "new_job",
            "activity",
            "help",
            "prompt",
            "profiles",
            "all_jobs",
            "columns",
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
            if event.time != self.last_key:  # a key that nobody took comes here again
                self.key_gap = event.time - self.last_key
                self.key_before, self.last_key = self.last_key, event.time
        await super().on_event(event)

    @property
    def key_waits(self) -> bool:
        """Whether a key has no frame yet that answers it."""
        return self._ui_priority.taken

    def post_display_hook(self) -> None:
        """A frame went out."""
        self._ui_priority.end()

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        # A key that is typed into a field does not come here. All bindings are looked at only for one that nothing took.
        took = await super()._check_bindings(key, priority)
        if not (took or priority or key in _SILENT or key in self.screen.active_bindings):
            self._say_unused(key)
        return took

    def _say_unused(self, key: str) -> None:
        """A key that does nothing here says so."""
        from tui_app.screens.choice import Choice
        from tui_app.screens.confirm import Confirm
        from tui_app.screens.prompt import PromptScreen

        screen = self.screen
        if too_small.is_too_small(screen):
            return  # that is what the screen says, and what is said now would be read later
        if isinstance(screen, ConsoleScreen):
            here = any(screen.screen_name in action.where for action in self.key_map.with_key(key))
            screen.notice(self._why_nothing(key), until_news=here)  # why not now may be over then
        elif isinstance(screen, (Confirm, Choice, PromptScreen)):
            screen.say_unused(shown(key))

    def _why_nothing(self, key: str) -> str:
        """Where a key does something, or why not here."""
        written, helps = shown(key), f"{self.key('help.open')} shows the keys."
        screen = self.console_screens()[-1].screen_name
        known = self.key_map.with_key(key)
        if here := [action for action in known if screen in action.where]:
            if self.service.settings.read_only and here[0].writes:
                return f"Read-only: {written} ({here[0].label}) is not offered."
            why = self.console_screens()[-1].why_not_here(here[0].id) or "it can't be used now."
            return f"{written} ({here[0].label}): {why}"
        if not known:
            return f"{written} does nothing here. {helps}"
        if known[0].digits:
            return f"{written} does nothing here. {helps}"
        elsewhere = "; ".join(f"{action.label} on {_places(action)}" for action in known)
        return f"{written} does nothing here: it is {elsewhere}. {helps}"

    async def on_unmount(self) -> None:
        """Let a write in flight end, then close."""
        waits = [service for service in self.services if service.awaits_answer]
        self.accounts.give_up()
        for service in self.services:
            self._forget(service)
        if waits:
            most = max(service.longest_wait for service in waits)
            print_line(
                f"Waiting for the answer to what is on its way ({most:.0f} s at most); ctrl+c leaves it unknown."
            )
        for service in self.services:
            for plan_id in service.waiting_plans:
                print_line(
                    f"Plan {plan_id} waits for its time, and nothing is sent while no console runs: "
                    f"mailsluice {service.settings.named}ledger resume {plan_id}"
                )
        await asyncio.gather(*(service.close() for service in self.services))

    def _remember_view(self) -> None:
        """For the next start: the last list that was looked at."""
        views = [view for screen in self.console_screens() if screen.ready and (view := screen.view()) is not None]
        if views:
            self.service.remembered.last_view = views[-1]

    def stop_work(self, *, again: bool) -> None:
        """Send nothing more after a signal; after a second one, wait for no answer either."""
        self._remember_view()
        for service in self.services:
            service.stop_plan()
            if again:
                service.abandon()

    # ---- news from below

    def _failed(self, service: EmailSecurityService, error: Exception) -> None:
        """What should never happen did: the console ends, unless it is about an account that is not shown."""
        if service is self.service:
            self._handle_exception(error)
            return
        sentence = f"{self.whose(service)}stopped by an internal error ({type(error).__name__}); it is read no more."
        self.service.record(sentence)
        for screen in self.console_screens()[-1:]:
            screen.notice_too(sentence)

    def _connection_changed(self, service: EmailSecurityService) -> None:
        for screen in self.console_screens()[-1:]:
            if screen.service is service or screen.screen_name == "all_jobs":
                screen.answered()

    def _tick(self) -> None:
        """Late data and countdowns need the time to pass, once a second; a line that says the same is not painted again."""
        # A timer of Textual's is a task, a message and a callback each time: ten times as dear for nothing at all.
        asyncio.get_running_loop().call_later(1.0, self._tick)
        told = [f"{self.whose(service)}{news}" for service in self.services if (news := service.look_at_clock())]
        for screen in self.console_screens()[-1:]:
            screen.time_passed()
            for sentence in told:
                screen.notice_too(sentence)

    def _plan_moved(self, service: EmailSecurityService, state: PlanState) -> None:
        for screen in self.screens_of(service):
            screen.plan_moved(state)

    def _limit_wait(self, service: EmailSecurityService, seconds: float) -> None:
        for screen in self.screens_of(service):
            screen.limited(seconds)

    def _ledger_waits(self, service: EmailSecurityService, sentence: str) -> None:
        """In place of what the screen says: that it was sent is not so yet."""
        for screen in self.shown_of(service):
            screen.notice(sentence)

    def _unrecorded(self, service: EmailSecurityService) -> None:
        """Say it behind what came of the write, which whoever waits for it says in a moment."""

        def tell() -> None:
            for screen in self.console_screens()[-1:]:
                screen.notice_too(f"{self.whose(service)}NOT on record: {self.key('activity.open')} tells why.")

        asyncio.get_running_loop().call_later(_SAID_BY_THEN, tell)

    def _activity_added(self, service: EmailSecurityService) -> None:
        for screen in self.shown_of(service):
            screen.activity_added()

    # ---- what is followed, from whatever screen

    def show_title(self, service: EmailSecurityService) -> None:
        """How it stands, for who looks at another window."""
        if service is not self.service:
            return
        followed = service.jobs.followed
        running, share = len(followed.running), followed.share
        name = f"mailsluice {service.settings.profile or ''}".strip()
        percent = f"{int(share * 100)} %" if share is not None else ""
        words = (name, percent, f"{running:,} running" if running else "", self._last_end)
        self.window_title.show(" · ".join(filter(None, words)))

    def _job_ended(self, service: EmailSecurityService, end: JobEnd) -> None:
        whose = self.whose(service)
        self._tell_of_end(f"{whose}{end.sentence}", f"{whose}{end.title}")

    def _plan_ended(self, service: EmailSecurityService, state: PlanState) -> None:
        from tui_app.plans.state import Phase

        plan = state.plan
        if state.phase is Phase.WAITING:
            return  # it has not begun
        whose = self.whose(service)
        sentence = f"{whose}{plan.effect.title}, plan {plan.plan_id}: {state.phase.value}, {state.describe()}."
        # Its own screen shows all of it, and has no room to say it again.
        shows_it = self.is_at("plan") and not whose
        self._tell_of_end("" if shows_it else sentence, f"{whose}plan {plan.plan_id} {state.phase.value}")

    def _tell_of_end(self, sentence: str, title: str) -> None:
        """Bell, title, and a notice on what is shown, or on what is below a question."""
        self._last_end = title
        self.show_title(self.service)
        if self.accounts.first.settings.ui.bell:
            self.bell()
        for screen in self.console_screens()[-1:] if sentence else ():
            screen.notice_too(sentence)

    # ---- everywhere

    def action_screen_redact(self) -> None:
        """Hide or show addresses and subjects."""
        from tui_app.widgets.pager import Pager

        self.redaction.on = not self.redaction.on
        for screen in self.all_screens():
            for line in screen.query(TextLine):
                line.refresh_text()
            for table in screen.query(RowTable):
                table.refresh_text()
            for pager in screen.query(Pager):
                pager.refresh_text()
        self.show_notice(
            f"Addresses and subjects are hidden, {self.key('screen.redact')} shows them; copies and exports stay whole."
            if self.redaction.on
            else "Addresses and subjects are shown."
        )

    def action_screen_repaint(self) -> None:
        """Paint everything, whatever is believed to be on the terminal."""
        self.repaint_all()

    def action_app_quit(self) -> None:
        """Quit; a request in flight is waited for. A plan of an account that is not shown is told of first."""
        if (working := self.at_work_elsewhere) and self.key_before != self._asked_to_quit_at:
            # Only the very next key is the answer.
            self._asked_to_quit_at = self.last_key
            self.show_notice(
                f"{self.key('app.quit')} quits: {working}. What is in flight ends first, the rest is kept."
            )
            return
        self._remember_view()
        for service in self.services:
            if service.plan_state is not None and not service.plan_state.ended:
                service.stop_plan()
        self.exit()

    async def action_quit(self) -> None:
        """Quit by Textual's own name for it."""
        self.action_app_quit()
