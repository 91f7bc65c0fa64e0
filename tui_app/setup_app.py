"""SetupApp: the screens of the first start, on a terminal that behaves as under the console."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import SuspendNotSupported
from textual.binding import Binding

from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.screens.setup.account import AccountStep
from tui_app.screens.setup.frame import SetupScreen
from tui_app.screens.setup.place import PlaceStep
from tui_app.screens.setup.profile import ProfileStep
from tui_app.screens.setup.token import TokenStep
from tui_app.setup.conversation import NOTHING_WRITTEN
from tui_app.terminal import patches
from tui_app.terminal.key_queue import KeyQueue
from tui_app.terminal.renderer import DiffRenderer
from tui_app.terminal.shutdown import GracefulShutdown
from tui_app.terminal.themes import THEMES, theme_for
from tui_app.terminal.watchdog import print_line
from tui_app.widgets import too_small
from tui_app.widgets.redaction import RedactingApp

if TYPE_CHECKING:
    from tui_app.setup.conversation import Setup

_SETTLE: Final = 0.03
"""Seconds between the first frame and everything that takes time."""
_STEPS: Final[tuple[type[SetupScreen], ...]] = (TokenStep, AccountStep, PlaceStep, ProfileStep)


def _tried(run: Callable[[], None]) -> BaseException | None:
    try:
        run()
    except (SluiceError, SystemExit) as error:
        return error
    return None


class SetupApp(DiffRenderer, KeyQueue, GracefulShutdown, RedactingApp):
    """Asks step by step; `setup.done` says at the end whether all was answered."""

    TITLE = "mailsluice"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False
    BINDINGS = [
        Binding("ctrl+q", "app_quit", show=False, priority=True),
        Binding("ctrl+l", "repaint", show=False),
        Binding("ctrl+z", "app_suspend", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = too_small.ACROSS
    VERTICAL_BREAKPOINTS = [*too_small.DOWN, (20, "-high")]

    def __init__(self, setup: Setup) -> None:
        patches.install()
        super().__init__(css_path=[sheet("base"), sheet("widgets")])
        for theme in THEMES:
            self.register_theme(theme)
        interface = setup.situation.file.ui
        self.theme = theme_for(interface.theme, patches.color_system(self.console), os.environ).name
        patches.draw_no_greys(self)
        self.animation_level = "none"
        self.output_diffed = interface.paint_changes_only
        self.setup = setup
        self._steps: dict[type[SetupScreen], SetupScreen] = {}

    def on_mount(self) -> None:
        """Show the first step; what a request needs is loaded behind it."""
        self.install_shutdown_handlers()
        self._open(TokenStep)
        self._get_ready()

    @work(exclusive=True, group="begin")
    async def _get_ready(self) -> None:
        await asyncio.sleep(_SETTLE)
        await asyncio.to_thread(self.setup.get_ready)

    def _open(self, kind: type[SetupScreen]) -> None:
        """Show a step, as it was left."""
        if kind not in self._steps:
            self._steps[kind] = kind(self.setup)
            self.install_screen(self._steps[kind], kind.__name__)  # so that what was typed outlives a way back
        self.push_screen(kind.__name__)

    def on_setup_screen_answered(self, message: SetupScreen.Answered) -> None:
        """Show the next step; after the last one the console opens."""
        screen = self.screen
        if not isinstance(screen, SetupScreen) or screen.step != message.step:
            return  # a second key that came too soon answers no other step
        following = screen.step + 1
        if screen.step == AccountStep.step - 1 and self._account_is_known:
            self._take_known_account(screen)
        elif following < len(_STEPS):
            self._open(_STEPS[following])
        else:
            self.exit()

    @property
    def _account_is_known(self) -> bool:
        check = self.setup.token_check
        return self.setup.situation.account_id is not None and check is not None and check.good

    @work(exclusive=True, group="account")
    async def _take_known_account(self, screen: SetupScreen) -> None:
        """The account of the environment: it is asked, and not asked for."""
        screen.busy = True
        screen.say("Asking the account…", "bold")
        try:
            await self.setup.take_account(self.setup.situation.account_id or "")
        except SluiceError as error:
            screen.say(str(error), "$text-error")
            screen.busy = False
            return
        if self.screen is screen and screen.busy:  # another token may be in the field by now
            screen.busy = False
            screen.say("")
            self._open(PlaceStep)

    @work(exclusive=True, group="command")
    async def on_place_step_command_given(self, message: PlaceStep.CommandGiven) -> None:
        """Run a command with the terminal to itself: it may ask for a pass phrase."""
        failed: BaseException | None = None
        try:
            with self.suspend():
                print_line("\nThe command runs once, and may ask here.")
                failed = _tried(message.run)  # Textual takes the terminal back only where nothing is raised
        except SuspendNotSupported:
            failed = await asyncio.to_thread(_tried, message.run)
        if isinstance(failed, SystemExit) and isinstance(failed.code, int):
            self.end_by_signal(failed.code - 128)  # a key that ends programs went to the command
        elif isinstance(self.screen, PlaceStep):
            self.screen.command_ended(failed if isinstance(failed, SluiceError) else None)

    # ---- everywhere

    def show_notice(self, sentence: str) -> None:
        """Say something where somebody looks."""
        if isinstance(self.screen, SetupScreen):
            self.screen.notice(sentence)

    def action_help_quit(self) -> None:
        """Ctrl+c ends nothing: it is easily pressed by mistake."""
        self.show_notice(f"ctrl+q quits. {NOTHING_WRITTEN}")

    def action_repaint(self) -> None:
        """Paint everything, whatever is believed to be on the terminal."""
        self.repaint_all()

    def action_app_quit(self) -> None:
        """Quit; what was answered is forgotten."""
        self.exit()
