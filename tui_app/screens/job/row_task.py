"""What takes more than a moment on a job's rows: loading them, writing them to a file. One at a time, and esc ends it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.errors import ApiError
from tui_app.core.bars import bar
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.jobs.export import unfinished
from tui_app.widgets.text_lines import Piece

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job
    from tui_app.jobs.job_watch import JobSubject
    from tui_app.jobs.rows import RowsSnapshot
    from tui_app.screens.base import ConsoleScreen

ASK_BEFORE: Final = 10
"""Requests that loading all may take without being asked for twice."""
_LOADING: Final = "loading"
_EXPORTING: Final = "exporting"


class RowTask:
    """Loading and exporting of one job's rows; the screen shows how far it is."""

    def __init__(self, screen: ConsoleScreen, subject: JobSubject, show_rows: Callable[[], object]) -> None:
        self._screen = screen
        self._subject = subject
        self._show_rows = show_rows
        self._path: Path | None = None
        self._worker: Worker[None] | None = None
        self._what = ""
        self._done = self._of = 0
        self._offered = False
        self._ending = False

    @property
    def running(self) -> bool:
        """Whether something is under way."""
        return self._worker is not None

    @property
    def exporting(self) -> bool:
        """Whether a file is being written."""
        return self._what == _EXPORTING

    def describe(self) -> Sequence[Piece]:
        """A bar with numbers, and the way out; nothing when nothing is under way."""
        if not self._what:
            return []
        share = min(1.0, self._done / self._of) if self._of else None
        of = f" of {self._of:,}" if self._of else ""
        return [(bar(share, 10), "$text-accent"), f" {self._what}: {self._done:,}{of} rows · esc ends it"]

    def forget_offer(self) -> None:
        """Other rows are shown: what was offered for the ones before does not count."""
        self._offered = False

    def end(self) -> bool:
        """End what is under way; whether there was anything. What was done so far stays."""
        if self._worker is None:
            return False
        if not self._ending:
            self._worker.cancel()
        self._ending = True
        if self._what:
            self._screen.notice(f"Ended: {self._so_far}")
        return True

    @property
    def _so_far(self) -> str:
        """How much there is of what did not come to its end."""
        rows = plural(self._done, "row")
        if self._what == _LOADING:
            return f"{rows} loaded, not all; L goes on."
        left = f"in {sanitize(unfinished(self._path).name)}" if self._path is not None and self._done else "written"
        return f"{rows} {left}, not all."

    def busy(self) -> bool:
        """Whether something has to end first; that is said."""
        if self.running:
            self._screen.notice("One thing after the other: esc ends what is running.")
        return self.running

    def _begin(self, work: Coroutine[Any, Any, None], what: str = "", of: int = 0, done: int = 0) -> None:
        async def to_its_end() -> None:
            try:
                await work
            except SluiceError as error:
                details = error.details() if isinstance(error, ApiError) else ()
                self._screen.service.record(str(error), details)
                self._screen.notice(f"{self._so_far} {error}" if self._what else f"{error} ! tells more.")
            finally:
                # What came before it ended is not on the screen yet.
                if self._what == _LOADING:
                    self._show_rows()
                self._worker, self._what = None, ""
                self._screen.show_frame()

        self._what, self._of, self._done, self._ending = what, of, done, False
        self._worker = self._screen.run_worker(to_its_end(), group="rows")
        self._screen.show_about()

    def _on_progress(self, rows: int) -> None:
        self._done = rows
        self._screen.show_about()

    # ---- loading

    def load_more(self, rows: RowsSnapshot) -> None:
        """Load the next page, when there is one; keys that come meanwhile ask for nothing more."""
        if self.running or rows.complete:
            return

        async def more() -> None:
            await self._subject.load_more()
            self._screen.notice("")

        self._screen.notice("Loading more rows…")
        self._begin(more())

    def load_all(self, rows: RowsSnapshot) -> None:
        """Load all rows under the status; what takes many requests is asked for twice."""
        if self.busy():
            return
        if rows.complete and not rows.stale:
            missing = self._subject.missing
            here = (
                f"All {plural(rows.loaded, 'row')} are loaded"
                if not missing
                else f"{plural(rows.loaded, 'row')} loaded"
            )
            self._screen.notice(f"{here}, and no more came, but {missing}." if missing else f"{here}.")
            return
        requests = self._subject.requests_to_load_all
        if requests > ASK_BEFORE and not self._offered:
            self._offered = True
            quota = self._screen.service.budget.quota
            share = f", {requests / quota:.0%} of the quota" if quota else ""
            self._screen.notice(f"Loading all takes {requests:,} requests{share}: L again does it.")
            return
        self._offered = False
        so_far = 0 if rows.complete else rows.loaded
        self._begin(self._subject.load_all(self._on_progress), _LOADING, self._subject.expected, so_far)

    # ---- exporting

    def export(self, job: Job, status: RowStatus | None, path: Path) -> None:
        """Write all rows under the status to a new file."""

        async def exported() -> None:
            done = await self._screen.service.jobs.export(job.id, status, path, self._on_progress)
            self._what = ""
            self._screen.notice(done.sentence)

        self._path = path
        self._begin(exported(), _EXPORTING, job.counted(status))
