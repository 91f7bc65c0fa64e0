"""Loading and exporting the rows that a job's screen shows, under one status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui_app.core.text import plural
from tui_app.screens.long_task import ASK_BEFORE, LOADING, REPORTING, LongTask

if TYPE_CHECKING:
    from tui_app.api.enums import RowStatus
    from tui_app.api.models import Job
    from tui_app.jobs.job_watch import JobSubject
    from tui_app.jobs.rows import RowsSnapshot
    from tui_app.screens.base import ConsoleScreen


class RowTask(LongTask):
    """Loading and exporting of one job's rows; the screen shows how far it is."""

    def __init__(self, screen: ConsoleScreen, subject: JobSubject, show_rows: Callable[[], object]) -> None:
        super().__init__(screen, show_rows)
        self._subject = subject
        self._offered = False

    def forget_offer(self) -> None:
        """Other rows are shown: what was offered for the ones before does not count."""
        self._offered = False

    # ---- loading

    def load_more(self, rows: RowsSnapshot) -> None:
        """Load the next page, when there is one; keys that come meanwhile ask for nothing more."""
        if self.running or rows.complete:
            return

        async def more() -> None:
            await self._subject.load_more()
            self._screen.notice("")

        self._screen.notice("Loading more rows…")
        self.begin(more())

    def load_all(self, rows: RowsSnapshot) -> None:
        """Load all rows under the status; what takes many requests is asked for twice."""
        if self.busy():
            return
        if rows.complete and not rows.stale:
            missing = "; ".join(filter(None, [*rows.lack.doubts("row"), self._subject.missing]))
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
            self._screen.notice(f"Loading all takes {self.cost(requests)}: ‹rows.load_all› again does it.")
            return
        self._offered = False
        so_far = 0 if rows.complete else rows.loaded
        self.begin(self._subject.load_all(self.on_progress), LOADING, self._subject.expected, so_far)

    # ---- exporting

    def export(self, job: Job, status: RowStatus | None, path: Path) -> None:
        """Write all rows under the status to a new file."""
        jobs = self._screen.service.jobs
        self.write(lambda on_progress: jobs.export(job.id, status, path, on_progress), path, job.counted(status))

    def report(self, job: Job, path: Path) -> None:
        """Write the report of the job to a new file: all its rows are read for it, whatever is shown."""

        async def reported() -> None:
            sentence = await self._screen.service.write_job_report(job.id, path, self.on_progress)
            self.ended(sentence)

        self.begin(reported(), REPORTING, job.counted(None))
