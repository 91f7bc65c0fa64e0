"""The doctor: what is in order on this machine and with the account, and what to do where it is not."""

from __future__ import annotations

import os
from contextlib import suppress
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from rich.color import ColorSystem
from textual import work

from tui_app import actions
from tui_app.console_settings import console_problems
from tui_app.core.errors import SluiceError
from tui_app.core.hardening import child_environment
from tui_app.core.text import plural
from tui_app.doctor.check import State, count_states
from tui_app.doctor.terminal import TerminalSnapshot
from tui_app.screens.text_screen import TextScreen
from tui_app.terminal.patches import color_system

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui_app.doctor.check import CheckResult
    from tui_app.doctor.examination import Subject
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_MARKS: Final = {
    State.OK: ("✔", "$text-success"),
    State.LOOK: ("!", "$text-warning"),
    State.WRONG: ("✖", "bold $text-error"),
}
_COUNTS: Final = {ColorSystem.STANDARD: 16, ColorSystem.EIGHT_BIT: 256, ColorSystem.TRUECOLOR: 1 << 24}
_INDENT: Final = 24


class DoctorScreen(TextScreen):
    """The checks, line by line as they come; `r` makes them again. At most six reads are sent each time."""

    screen_name = "doctor"
    hang = _INDENT
    BINDINGS = actions.bindings("doctor")

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._results: list[CheckResult] = []
        self._is_done = False
        self._requests = 0

    def mounted(self) -> None:
        """Begin."""
        super().mounted()
        self.examine()

    def action_view_refresh(self) -> None:
        """Make all checks again, unless they are being made."""
        if self._is_done:
            self.examine()

    @work(exclusive=True, group="doctor")
    async def examine(self) -> None:
        """Make the checks, and show each as it comes."""
        from tui_app.doctor.examination import Examination

        self._results, self._is_done = [], False
        self._show()
        examination = Examination(self._subject())
        async for result in examination.results():
            self._results.append(result)
            self._show()
        self._is_done, self._requests = True, examination.requests
        self._show()

    def _subject(self) -> Subject:
        """This machine, and the account on the quota of the session."""
        from tui_app.doctor.examination import Subject

        service = self.service
        return Subject(
            console_problems=lambda path, file: console_problems(path, file, service.clock.now()),
            terminal=self._snapshot(),
            environment=dict(os.environ),
            settings=service.settings,
            state=self._state_folder(),
            clock=service.clock,
            random=SystemRandom(),
            set_aside=sorted(child_environment({})),
            budget=service.transport.budget,
            server_clock=service.transport.server_clock,
            drift=service.drift,
        )

    def _state_folder(self) -> Path | None:
        with suppress(SluiceError):
            return self.service.plans.ledger.folder.parent
        return None

    def _snapshot(self) -> TerminalSnapshot:
        app = self.app
        system = color_system(app.console)
        columns, lines = app.size
        name = app.theme.removeprefix("mailsluice-")
        return TerminalSnapshot(
            is_terminal=True,
            kind=os.environ.get("TERM", ""),
            columns=columns,
            lines=lines,
            encoding="utf-8",  # without, there would be no console
            colours=None if system is None else _COUNTS.get(system),
            theme=name,
        )

    def action_text_copy(self) -> None:
        """Copy all of it, as one line."""
        lines = [f"{result.state} {result.check}: {result.found} {result.todo}".strip() for result in self._results]
        self.copy(" | ".join(lines), "all of it")

    def _show(self) -> None:
        if not self.ready:
            return
        counted = count_states(self._results)
        right: Sequence[Piece] = [counted] if self._is_done else [f"{counted}, going on…"]
        self.set_breadcrumb([("Doctor", "bold"), *self._sent()], right)
        pieces: list[Piece] = []
        wrong = [result.check for result in self._results if result.state is State.WRONG]
        if self._is_done and wrong:
            # What is wrong may be further down than the window shows.
            pieces.append((f"Wrong: {', '.join(wrong)}\n\n", "bold $text-error"))
        for result in self._results:
            glyph, style = _MARKS[result.state]
            pieces += [(f"{glyph} {result.state:<5}", style), f"  {result.check:<15} ", f"{result.found}\n"]
            if result.todo:
                pieces.append((f"{' ' * _INDENT}{result.todo}\n", "bold" if result.state is State.WRONG else ""))
        self.show_text(*(pieces or [("Looking…\n", "dim")]))

    def _sent(self) -> Sequence[Piece]:
        return [(f"  {plural(self._requests, 'request')} sent", "dim")] if self._is_done else []
