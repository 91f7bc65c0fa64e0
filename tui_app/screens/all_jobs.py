"""The jobs of all profiles in one list: each account is asked by its own service, within its own quota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual.message import Message

from tui_app import actions
from tui_app.core.text import plural, sanitize
from tui_app.jobs.job_filter import FIELDS_OF_ALL, GRAMMAR_OF_ALL, HINT_OF_ALL, JobFilter, parse_job_filter
from tui_app.jobs.job_list import JobsQuery, JobsSnapshot, JobsSubject
from tui_app.screens.filter import FilterScreen
from tui_app.screens.frame import freshness
from tui_app.screens.intent import Intent
from tui_app.screens.job_columns import COLUMNS as JOB_COLUMNS
from tui_app.screens.job_columns import SORTS as JOB_SORTS
from tui_app.widgets.columns import Column
from tui_app.widgets.inputs import OpenedLine
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_PROFILE: Final = "profile"
_EDGES: Final = 3
"""Cells of the breadcrumb beside its words: at its ends, and between them."""
COLUMNS: Final = (
    Column("PROFILE", 10, field=_PROFILE),
    *(replace(column, from_width=column.from_width + 12 if column.from_width else 0) for column in JOB_COLUMNS),
)


@dataclass(frozen=True, slots=True)
class ProfileJob:
    """A job, and the profile of its account."""

    profile: str
    job: Job

    @property
    def key(self) -> str:
        """Which of all accounts' jobs it is: two accounts may name theirs alike."""
        return f"{self.profile}\n{self.job.id}"


class AllJobsScreen(FilterScreen):
    """The newest jobs of all accounts first; to look at: what is done to a job is done on its own account's screen."""

    screen_name = "all_jobs"
    FILTER_HINT = HINT_OF_ALL
    FILTER_GRAMMAR = GRAMMAR_OF_ALL
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("all_jobs")

    class Arrived(Message):
        """News of an account."""

        def __init__(self, profile: str, snapshot: JobsSnapshot) -> None:
            super().__init__()
            self.profile = profile
            self.snapshot = snapshot

    class Chosen(Intent):
        """A job of an account is to be opened."""

        def __init__(self, profile: str, job: Job) -> None:
            super().__init__()
            self.profile = profile
            self.job = job

    def __init__(
        self, service: EmailSecurityService, services: dict[str, EmailSecurityService], failed: dict[str, str]
    ) -> None:
        """`failed` = the profiles that could not be opened, and why."""
        super().__init__(service)
        self._services = services
        self._failed = failed
        self._snapshots: dict[str, JobsSnapshot] = {}
        self._filter: JobFilter | None = None
        self._all_here = False
        """Whether all accounts have answered once."""
        self._taken_over: tuple[str | None, str, bool] | None = None
        """The job under the cursor and the order of the list that this one is to be like; None for a new one."""
        self.brought_from: EmailSecurityService | None = None
        """The account that it was opened over, where that is another one."""
        self._told: Sequence[tuple[str, str, str]] = ()
        """How the accounts stand, as it is shown."""
        self._subjects: dict[str, JobsSubject] = {
            name: each.jobs.watch_list(JobsQuery(), partial(self._arrived, name)) for name, each in services.items()
        }

    def again(self, service: EmailSecurityService) -> AllJobsScreen:
        """The list as it is, for the stack of screens of another account."""
        other, table = AllJobsScreen(service, self._services, self._failed), self.table()
        other._snapshots, other._filter, other._all_here = dict(self._snapshots), self._filter, self._all_here
        other.brought_from = self.service
        other._taken_over = (table.cursor_key, table.sorted_by, table.reversed)
        return other

    def mounted(self) -> None:
        """As it was on another account's stack, if it comes from there."""
        super().mounted()
        if self._taken_over is not None:
            cursor, field, reverse = self._taken_over
            self.table().cursor_key = cursor
            self.sort_rows(field, reverse=reverse)

    def content(self) -> Iterable[Widget]:
        """A line to type in, and the table."""
        yield OpenedLine(id="typed-line", placeholder="words profile:… failed:>0 age:<1d")
        yield RowTable[ProfileJob](COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[ProfileJob]:
        """The jobs."""
        return self.query_one("#table", RowTable)

    def _cells(self, row: ProfileJob) -> Sequence[Cell]:
        now = self.service.clock.now()
        return [Cell(sanitize(row.profile, 20), "strong"), *(column.cell(row.job, now) for column in JOB_COLUMNS)]

    # ---- polling, by each account's own service

    def resumed(self) -> None:
        """Poll all of them while this is shown."""
        self.show_frame()
        for name, each in self._services.items():
            each.show(self._subjects[name])

    def suspended(self) -> None:
        """Stop to poll."""
        for name, each in self._services.items():
            each.hide(self._subjects[name])

    def action_view_refresh(self) -> None:
        """Ask all of them again."""
        for each in self._services.values():
            each.refresh()
        self.notice("Reading again…", until_news=True)

    def _arrived(self, profile: str, snapshot: JobsSnapshot) -> None:
        self.post_message(self.Arrived(profile, snapshot))

    def on_all_jobs_screen_arrived(self, message: Arrived) -> None:
        """Show the difference."""
        self._snapshots[message.profile] = message.snapshot
        self._show_jobs()

    # ---- what is shown

    def _show_jobs(self) -> None:
        table, now, wanted = self.table(), self.service.clock.now(), self._filter
        rows = [
            ProfileJob(name, job)
            for name, snapshot in self._snapshots.items()
            for job in snapshot.jobs
            if wanted is None or wanted.matches(job, now, name)
        ]
        if table.sorted_by == _PROFILE:
            rows.sort(key=lambda row: row.profile, reverse=table.reversed)
        elif table.sorted_by:
            sort = JOB_SORTS[table.sorted_by]
            rows.sort(key=lambda row: sort(row.job), reverse=table.reversed)
        else:
            begun = JOB_SORTS["age"]
            rows.sort(key=lambda row: (begun(row.job), row.key))
        if not self._all_here:
            table.forget_cursor()  # the newest job of all was not here yet
            self._all_here = len(self._snapshots) == len(self._services)
        table.show_rows(ListRows(rows, lambda row: row.key), whole=False)
        self.show_frame()

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show the jobs in the order of a field."""
        self.table().show_sort(field, reverse=reverse)
        self._show_jobs()

    def show_frame(self) -> None:
        """Also how each account stands."""
        super().show_frame()
        if not self.ready:
            return
        loaded = sum(len(snapshot.jobs) for snapshot in self._snapshots.values())
        count = (
            f"  {loaded:,} loaded" if self._filter is None else f"  {len(self.table().shown):,} of {loaded:,} loaded"
        )
        left_out = sum(snapshot.left_out for snapshot in self._snapshots.values())
        count += f", {left_out:,} left out" * bool(left_out)
        incomplete = any(snapshot.incomplete for snapshot in self._snapshots.values())
        count += " · may be incomplete" * incomplete
        self._told = self._standing()
        title = "Jobs of all profiles"
        room = self.size.width - cell_len(title) - cell_len(count) - _EDGES
        self.set_breadcrumb([(title, "bold"), count], self._in_short(room))
        waiting = len(self._services) - len(self._snapshots)
        if self._filter is not None and loaded:
            nothing = "None matches the filter."
        elif incomplete or left_out or self._failed:
            nothing = "No job came, and not all could be read: ‹view.refresh› reads again."
        else:
            nothing = "No bulk jobs in these accounts."
        self.table().set_empty_text(f"Asking {plural(waiting, 'account')}…" if waiting else nothing)

    def _standing(self) -> Sequence[tuple[str, str, str]]:
        """Of each account its profile, how it stands, and the style of that."""
        found = [(name, "not opened", "$text-error") for name in self._failed]
        pieces = {name: freshness(each.connection, each.clock.monotonic()) for name, each in self._services.items()}
        return [(name, *(piece if isinstance(piece, tuple) else (piece, ""))) for name, piece in pieces.items()] + found

    def _in_short(self, room: int) -> Sequence[Piece]:
        """How each account stands in so many cells: by name, else how many stand how, else nothing. The count comes first."""
        named = [(sanitize(name, 20), words, style) for name, words, style in self._told]
        counted = [(str(number), *which) for which, number in Counter(each[1:] for each in self._told).items()]
        for standing in (named, counted):
            if sum(cell_len(f"{who} {words} · ") for who, words, _ in standing) - len(" · ") <= room:
                return [
                    piece
                    for number, (who, words, style) in enumerate(standing)
                    for piece in (f"{' · ' if number else ''}{who} ", (words, style))
                ]
        return ()

    def time_passed(self) -> None:
        """Also tell how each account stands by now, where nothing comes from it."""
        super().time_passed()
        if self._standing() != self._told:
            self.show_frame()

    def freshness(self) -> Piece:
        """Each account has its own, beside its name."""
        return ""

    def describe(self) -> Sequence[Piece]:
        """What could not be opened, else the comment of the job under the cursor."""
        problems = [f"{name}: {each.problem}" for name, each in self._services.items() if each.problem]
        problems += [f"{name}: {why}" for name, why in self._failed.items()]
        problems += [
            f"{name}: {'; '.join(told)}" for name, each in self._snapshots.items() if (told := each.incomplete)
        ]
        if problems:
            return [(sanitize(problems[0], 300), "$text-error")]
        row = self.table().current
        filtered = f"filter {sanitize(self.filter_line, 60)} · " if self.filter_line else ""
        return [filtered] if row is None else [filtered, (PrivateText(row.job.comment or ""), "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another row."""
        self.show_about()

    # ---- filtering

    @property
    def filter_line(self) -> str:
        """The line by which the list is filtered; empty for none."""
        return self._filter.line if self._filter is not None else ""

    def filter_by(self, line: str) -> None:
        """Show only the jobs that a filter lets through; all of them for an empty line. Raises QueryError."""
        self._filter = parse_job_filter(line, self.service.clock.now(), FIELDS_OF_ALL)
        self._show_jobs()

    def action_row_open(self) -> None:
        """Open the job, on its account."""
        if (row := self.table().current) is not None:
            self.post_message(self.Chosen(row.profile, row.job))
