"""The stack of screens of the account that is shown: what lies below, the way back, and the view before."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from tui_app.core.errors import UsageError
from tui_app.key_map import MappedApp
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.intent import Intent
from tui_app.screens.jobs import JobsScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.await_complete import AwaitComplete

    from tui_app.service import EmailSecurityService


NOT_FROM_HERE: Final = "Not from here: what is on this screen comes first."


class ScreenStack(MappedApp):
    """The part of the app that keeps screens above each other, and leaves them."""

    service: EmailSecurityService

    def show_notice(self, sentence: str) -> None:
        """Say something where the operator looks."""
        if isinstance(self.screen, ConsoleScreen):
            self.screen.notice(sentence)

    def console_screens(self) -> list[ConsoleScreen]:
        """The screens of the console on the stack, the one that is shown last."""
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]

    def is_at(self, name: str, wanted: Intent | None = None) -> bool:
        """Whether this screen is the one that is shown: a second key that came too soon opens nothing.

        Nor does what was `wanted` on a screen of an account that is not shown any more.
        """
        at = isinstance(self.screen, ConsoleScreen) and self.screen.screen_name == name
        return at and (wanted is None or self.is_of_shown(wanted))

    def is_shown_already(self, name: str) -> bool:
        """Whether this screen is the one that is shown; then says so: no key is without an answer."""
        if at := self.is_at(name):
            self.show_notice("It is shown already.")
        return at

    def is_of_shown(self, wanted: Intent) -> bool:
        """Whether it is wanted of the account that is shown."""
        return wanted.service is self.service

    def push_screen(self, screen: Any, *more: Any, **options: Any) -> Any:
        """Also keep from where it was opened, for the way back."""
        top = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(top, ConsoleScreen) and isinstance(screen, ConsoleScreen):
            self._before_opened[screen] = self._views_before.get(self.current_mode)
            self._views_before[self.current_mode] = top
        return super().push_screen(screen, *more, **options)

    def pop_screen(self) -> AwaitComplete:
        """Also keep how to come back to it, whoever leaves it: a key, a command, or what was chosen on it."""
        if isinstance(screen := self.screen, ConsoleScreen):
            self.before_left()
            self._note_left(screen)
        return super().pop_screen()

    def check_way_to(self, name: str) -> None:
        """Raise UsageError where a list lies below something that must not be left by a command."""
        screens = self.console_screens()
        below = [number for number, screen in enumerate(screens) if screen.screen_name == name]
        above = screens[below[0] + 1 :] if below else screens[-1:]
        if not all(screen.leads_on for screen in above):
            raise UsageError(NOT_FROM_HERE)

    def back_to(self, below: ConsoleScreen) -> bool:
        """Leave one screen after the other until this one is shown; whether it is."""
        left: list[ConsoleScreen] = []
        while (top := self.console_screens()[-1]) is not below and top.leads_on and top.may_leave():
            left.append(top)
            self.pop_screen()
        self._note_all_left(left)
        if top is not below and not top.leads_on:
            self.show_notice(NOT_FROM_HERE)
        return self.screen is below

    def back_to_first(self) -> ConsoleScreen:
        """Leave one screen after the other; the one at which that ends: the first, or one that can't be left now."""
        left: list[ConsoleScreen] = []
        while len(screens := self.console_screens()) > 1 and screens[-1].may_leave():
            left.append(screens[-1])
            self.pop_screen()
        self._note_all_left(left)
        return self.console_screens()[-1]

    @cached_property
    def _views_before(self) -> dict[str, ConsoleScreen | Callable[[], ConsoleScreen]]:
        """The screen below, or how to open what was left last, by account."""
        return {}

    @cached_property
    def _before_opened(self) -> WeakKeyDictionary[ConsoleScreen, ConsoleScreen | Callable[[], ConsoleScreen] | None]:
        """What `_views_before` was when a screen was opened."""
        return WeakKeyDictionary()

    def _note_left(self, screen: ConsoleScreen) -> None:
        """Keep how to come back to a screen that is left."""
        if (again := screen.reopened()) is not None:
            self._views_before[self.current_mode] = again
        elif (before := self._before_opened.get(screen)) is not None:
            self._views_before[self.current_mode] = before  # help and forms are no views to come back to
        else:
            self._views_before.pop(self.current_mode, None)

    def _note_all_left(self, left: Sequence[ConsoleScreen]) -> None:
        """The same of several, the one that was shown first: it is the view before, not what lay below it."""
        if left:
            self._note_left(next((screen for screen in left if screen.reopened() is not None), left[0]))

    def action_view_last(self) -> None:
        """The view before: from where this one was opened, or what was left last; once more comes back."""
        screen, before = self.screen, self._views_before.get(self.current_mode)
        if not isinstance(screen, ConsoleScreen) or before is None:
            self.show_notice("There is no view before this one.")
        elif isinstance(before, ConsoleScreen):
            if before in self.console_screens() and before is not screen:
                self.back_to(before)
            else:
                self.show_notice("There is no view before this one.")
        elif screen.leads_on:
            again = before()
            open_already = [known for known in self.console_screens() if known.screen_name == again.screen_name]
            if open_already and again.view() is not None and open_already[-1] is not screen:
                self.back_to(open_already[-1])
            else:
                self.push_screen(again)
        else:
            self.show_notice(NOT_FROM_HERE)

    def action_screen_back(self) -> None:
        """Unmark, or go back; at the root nothing."""
        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or not screen.ready:
            return  # a key may come before the widgets of its screen
        if not screen.handle_back() and not isinstance(screen, JobsScreen):
            self._pop(screen)

    def action_screen_leave(self) -> None:
        """Go back; at the root quit."""
        screen = self.screen
        if isinstance(screen, JobsScreen):
            self.action_app_quit()
        elif isinstance(screen, ConsoleScreen):
            self._pop(screen)

    def _pop(self, screen: ConsoleScreen) -> None:
        if screen.may_leave():
            self.pop_screen()

    def before_left(self) -> None:
        """Stop what was asked for a screen that is about to be left."""

    def action_app_quit(self) -> None:
        """Quit."""
