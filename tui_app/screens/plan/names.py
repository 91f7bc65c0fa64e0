"""Senders and subjects of an earlier plan: no journal keeps them, so they are asked for, and kept as long as the screen is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_app.core.errors import SluiceError
from tui_app.plans.mail_of_plan import MailQuestion
from tui_app.plans.report import told
from tui_app.plans.response import anything_done

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui_app.plans.plan import Target
    from tui_app.plans.state import PlanState
    from tui_app.screens.base import ConsoleScreen


class PlanNames:
    """Asks while nobody waits for anything else; `known` is called when `targets` know more."""

    def __init__(
        self, screen: ConsoleScreen, state: PlanState, targets: dict[str, Target], known: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._state = state
        self._targets = targets
        self._known = known
        self._question = MailQuestion(state.plan.effect)
        self._asking: Worker[None] | None = None

    @property
    def _is_asking(self) -> bool:
        return self._asking is not None and not self._asking.is_finished

    def stop(self) -> None:
        """Nobody reads what is asked for: it is asked for no more."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = None

    def ask(self, state: PlanState) -> None:
        """Ask for what is not known: only while nothing is sent, and the quota is not waited for."""
        self._state = state
        screen, plans = self._screen, self._screen.service.plans
        if not screen.ready or self._is_asking or screen.awaiting or not state.ended:
            return
        self._take()
        running = plans.state
        if (running is None or running.ended) and screen.service.budget.blocked <= 0 and self._nameless():
            self._asking = screen.run_worker(self._ask(), group="mail", exclusive=True)
        screen.show_frame()

    def _every(self) -> list[Target]:
        """All messages of the outcome: also those that were asked for and never were in the plan."""
        return [self._targets.get(each.target.id, each.target) for each in told(self._state, self._targets)]

    def _nameless(self) -> list[Target]:
        return [target for target in self._every() if not target.sender and not target.subject]

    def _take(self) -> None:
        """Take what is known by now."""
        targets = {target.id: target for target in self._nameless()}
        if found := self._screen.service.plans.known_mail(list(targets.values())):
            self._targets.update((name, mail.of(targets[name])) for name, mail in found.items())
            self._known()

    async def _ask(self) -> None:
        screen, said = self._screen, ""
        plans = screen.service.plans
        try:
            await plans.ask_for_mail(self._question, self._nameless(), done=anything_done(self._state))
        except SluiceError as error:
            screen.service.record(str(error))
            said = f"Senders and subjects are not known: {error}"
        self._asking = None
        if screen.ready:
            self._take()
            if said and not screen.awaiting:
                screen.notice(said)
            screen.show_frame()

    def describe(self) -> str:
        """How far they are known, where they are not all."""
        if self._is_asking:
            return "asking for subjects… · "
        if self._question.cut_off and (left := len(self._nameless())):
            every = len(self._every())
            return f"subjects of {every - left:,} of {every:,} · "
        return ""
