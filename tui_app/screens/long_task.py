"""What takes more than a moment on a job's screens: loading rows, writing them to a file. One at a time, and esc ends it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.errors import ApiError
from tui_app.core.bars import bar
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.rows.export import unfinished
from tui_app.widgets.text_lines import Piece

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui_app.rows.export import Exported
    from tui_app.screens.base import ConsoleScreen

ASK_BEFORE: Final = 10
"""Requests that loading all may take without being asked for twice."""
LOADING: Final = "loading"
EXPORTING: Final = "exporting"
REPORTING: Final = "reading for the report"


class LongTask:
    """Work with rows that a screen waits for; it shows how far it is. `show_rows` shows what was loaded when it ends."""

    def __init__(self, screen: ConsoleScreen, show_rows: Callable[[], object]) -> None:
        self._screen = screen
        self._show_rows = show_rows
        self._path: Path | None = None
        self._worker: Worker[None] | None = None
        self._what = ""
        self._done = self._of = 0
        self._ending = self._begun = False
        self._work: Coroutine[Any, Any, None]
        self._asked_for_more = False
        """Whether something else was wanted meanwhile: the line with the bar says then that it waits."""

    @property
    def running(self) -> bool:
        """Whether something is under way; what was ended is until its request in flight is over."""
        return self._worker is not None

    @property
    def exporting(self) -> bool:
        """Whether a file is being written, or read for."""
        return self._what in (EXPORTING, REPORTING)

    def describe(self) -> Sequence[Piece]:
        """A bar with numbers, and the way out; nothing when nothing is under way."""
        if not self._what:
            return []
        share = min(1.0, self._done / self._of) if self._of else None
        of = f" of {self._of:,}" if self._of else ""
        first = " first" if self._asked_for_more else ""
        return [
            (bar(share, 10), "$text-accent"),
            f" {self._what}{first}: {self._done:,}{of} rows · ‹screen.back› ends it",
        ]

    def end(self) -> bool:
        """End what is under way; whether there was anything. What was done so far stays."""
        if self._worker is None:
            return False
        if not self._ending:
            self._worker.cancel()
        self._ending = True
        if self._what:
            self._screen.notice(f"Ended: {self._so_far}")
        if not self._begun:  # it never will
            self._work.close()
            self._over()
        return True

    def _over(self) -> None:
        """Nothing is under way any more."""
        self._worker, self._what, self._asked_for_more = None, "", False
        self._screen.show_frame()

    @property
    def _so_far(self) -> str:
        """How much there is of what did not come to its end."""
        rows = plural(self._done, "row")
        if self._what == LOADING:
            return f"{rows} loaded, not all; ‹rows.load_all› goes on."
        if self._what == REPORTING:
            return f"{rows} read, no report was written."
        left = f"in {sanitize(unfinished(self._path).name)}" if self._path is not None and self._done else "written"
        return f"{rows} {left}, not all."

    def busy(self) -> bool:
        """Whether something has to end first; that is said."""
        if not self.running:
            return False
        if self._ending:
            self._screen.notice("It is being ended: once more in a moment.")
        elif self._what:
            self._asked_for_more = True
            self._screen.notice("")  # the bar must be seen: it says when it is over
        else:
            self._screen.notice("One thing after the other: ‹screen.back› ends what is running.")
        return True

    def begin(self, work: Coroutine[Any, Any, None], what: str = "", of: int = 0, done: int = 0) -> None:
        """Let it run; `what` it is called, with how many rows there are in all and are done."""

        async def to_its_end() -> None:
            self._begun = True
            try:
                await work
            except SluiceError as error:
                details = error.details() if isinstance(error, ApiError) else ()
                self._screen.service.record(str(error), details)
                self._screen.notice(f"{self._so_far} {error}" if self._what else f"{error} ‹activity.open› tells more.")
            finally:
                # What came before it ended is not on the screen yet; a screen that was left shows nothing.
                if self._what == LOADING and self._screen.ready:
                    self._show_rows()
                self._over()

        self._what, self._of, self._done, self._ending, self._begun = what, of, done, False, False
        self._work = work
        self._worker = self._screen.run_worker(to_its_end, group="rows")
        self._screen.show_about()

    def on_progress(self, rows: int) -> None:
        """So many rows are done."""
        self._done = rows
        self._screen.show_about()

    def ended(self, sentence: str) -> None:
        """It came to its end: that is said."""
        self._what = ""
        self._screen.notice(sentence)

    def cost(self, requests: int) -> str:
        """What loading so much takes, before it is asked for."""
        quota = self._screen.service.budget.quota
        share = f", {requests / quota:.0%} of the quota" if quota else ""
        return f"{plural(requests, 'request')}{share}"

    def write(
        self, exporting: Callable[[Callable[[int], None]], Coroutine[Any, Any, Exported]], path: Path, of: int
    ) -> None:
        """Write rows to a new file: `exporting` does it, and tells how many of them are written."""

        async def exported() -> None:
            self.ended((await exporting(self.on_progress)).sentence)

        self._path = path
        self.begin(exported(), EXPORTING, of)
