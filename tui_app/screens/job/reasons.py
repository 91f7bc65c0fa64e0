"""A job's failed and skipped rows by reason, over the job's own screen."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual import work
from textual.message import Message
from textual.widgets import Input

from tui_app import actions
from tui_app.api.enums import RowStatus
from tui_app.core.clock import local_time
from tui_app.core.errors import GuardError, SluiceError
from tui_app.core.files import free_path
from tui_app.core.fitting import end_of
from tui_app.core.text import plural
from tui_app.jobs.failures import FAILURES, OTHER
from tui_app.jobs.progress import describe_action
from tui_app.jobs.reasons import ReasonGroup
from tui_app.plans.follow_up import check_retry
from tui_app.rows.export import SUFFIXES, export_path
from tui_app.screens import format as fmt
from tui_app.screens.as_command import AsCommand
from tui_app.screens.copy import Value
from tui_app.screens.find import FindInTable
from tui_app.screens.frame import MORE
from tui_app.screens.intent import Intent
from tui_app.screens.job.reason_rows import COLUMNS, ReasonRows, ReasonTable
from tui_app.screens.job_follow_up import why_no_follow_up
from tui_app.screens.line_help import FILE_HELP, LineHelp
from tui_app.screens.line_screen import LineScreen
from tui_app.screens.long_task import ASK_BEFORE, LOADING, LongTask
from tui_app.widgets.inputs import OpenedLine
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import Piece, StatusLine, TextLine
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage
    from tui_app.jobs.failure_watch import FailuresSnapshot
    from tui_app.jobs.job_watch import JobSubject
    from tui_app.jobs.poller import Subject
    from tui_app.service import EmailSecurityService

_LONGEST_DOMAIN: Final = 40
"""Cells of a domain; of a longer one the end is shown, which says whose it is."""


class ReasonsScreen(FindInTable, LineScreen):
    """Why rows of a job failed or were skipped, and what to do next."""

    screen_name = "reasons"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("reasons")
    _long: LongTask

    class Arrived(Message):
        """News from the service."""

        def __init__(self, snapshot: FailuresSnapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class Chosen(Intent):
        """The rows of a group are to be seen, under a status of the server's."""

        def __init__(self, key: str, status: RowStatus | None) -> None:
            super().__init__()
            self.key = key
            self.status = status

    def __init__(self, service: EmailSecurityService, job: Job, of: JobSubject) -> None:
        super().__init__(service)
        self._subject = service.jobs.watch_failures(of, job, self._arrived)
        self._snapshot = self._subject.snapshot
        self._long = LongTask(self, self._group)
        self._grouped_at: datetime | None = None
        """When the groups that are shown were read or made; None before there are any."""
        self._grouping = False

    @property
    def _job(self) -> Job:
        return self._snapshot.job

    def content(self) -> Iterable[Widget]:
        """How many, a line to type in, groups, and of the one under the cursor its domains and a row's own words."""
        yield StatusLine(id="whole")
        yield OpenedLine(id="typed-line")
        yield ReasonTable(COLUMNS, self._cells, id="table")
        yield TextLine(id="domains")
        yield StatusLine(id="sample")

    def mounted(self) -> None:
        """Show what is loaded, and load the rest."""
        super().mounted()
        self._group()
        self._load(asked=False)

    def subject(self) -> Subject:
        """The job, without its rows."""
        return self._subject

    def table(self) -> RowTable[ReasonGroup]:
        """The groups."""
        return self.query_one("#table", RowTable)

    def _cells(self, group: ReasonGroup) -> Sequence[Cell]:
        now = self.service.clock.now()
        cells = [column.cell(group, now) for column in COLUMNS]
        if group.worth_retrying and not self._job.ended:
            cells[-1] = Cell("wait, the job still runs")
        return cells

    # ---- news

    def _arrived(self, snapshot: FailuresSnapshot) -> None:
        self.post_message(self.Arrived(snapshot))

    def on_reasons_screen_arrived(self, message: Arrived) -> None:
        """Show the difference."""
        self._snapshot = message.snapshot
        self.show_frame()

    @work(exclusive=True, group="group")
    async def _group(self) -> None:
        self._grouping = True
        self.show_frame()
        found = await self._subject.group(self.service.clock.now())
        self._grouping = False
        self._grouped_at = self.service.clock.now()
        if self.ready:
            self._snapshot = self._subject.snapshot
            self.table().show_rows(ReasonRows(found, self._subject.store), whole=False)
            self.show_frame()

    # ---- what is shown

    def show_frame(self) -> None:
        """Also how many rows there are, and what is missing."""
        super().show_frame()
        if not self.ready:
            return
        job = self._job
        self.set_breadcrumb(
            [("Jobs › ", "dim"), (describe_action(job), "bold"), f"  {str(job.job_id)[:8]}", (" › by reason", "bold")],
            [fmt.as_piece(fmt.job_state(job))],
        )
        kind = "failed" if job.messages_skipped == 0 else "failed or skipped"
        rows = self._rows
        count = f"{plural(rows.found.rows, f'{kind} row')}, {plural(len(rows), 'reason')}" if rows else ""
        if self._grouping:
            count = f"Grouping {self._snapshot.loaded:,} rows…"
        bad = "$text-error" if rows and job.failed and not self._grouping else ""
        self.query_one("#whole", StatusLine).set_ends([(count, bad)], self._how_whole())
        self.table().set_empty_text(self._what_empty_means(kind))

    def _how_whole(self) -> Sequence[Piece]:
        snapshot = self._snapshot
        if self._long.running or self._grouped_at is None or not (snapshot.loaded or snapshot.missing):
            return ()
        if snapshot.missing:
            more = ", ‹rows.load_all› all" if self._subject.requests_to_load else ""
            return ((f"not all: {snapshot.missing}{more}", "$text-warning"),)
        if snapshot.stale:
            return (("some may have changed, ‹view.refresh› reads them again", "$text-warning"),)
        return ((f"all loaded {local_time(self._grouped_at):%H:%M}", "dim"),)

    def _what_empty_means(self, kind: str) -> str:
        if self._long.running or self._grouping:
            return f"Asking the API for the {kind} rows…"
        if self._snapshot.missing:
            return f"Not known yet: {self._snapshot.missing}."
        return f"No {kind} rows." if self._job.ended else f"No {kind} rows so far."

    @property
    def _rows(self) -> ReasonRows | None:
        """The groups that are shown; None before there are any."""
        rows = self.table().marked
        return rows if isinstance(rows, ReasonRows) else None

    def show_about(self) -> None:
        """Also the domains of the group under the cursor, and one row's own words."""
        super().show_about()
        if not self.ready:
            return
        group = self.table().current
        self.query_one("#domains", TextLine).set_text(*self._domains(group))
        sample = f'"{group.sample}"' if group is not None and group.sample else ""
        self.query_one("#sample", StatusLine).set_ends([sample], [("one row's own words", "dim")] if sample else [])

    def _domains(self, group: ReasonGroup | None) -> Iterator[Piece]:
        """As many domains as there is room for, each whole, and how many more there are."""
        if group is None:
            return
        title = "by domain  "
        yield (title, "dim")
        left = self.size.width - len(title)
        for number, (name, count) in enumerate(group.domains):
            words = f"{' · ' if number else ''}{end_of(name, _LONGEST_DOMAIN) or 'not readable'} {count:,}"
            others = len(group.domains) - number
            more = f" · {others:,} more" if number else f"{others:,} domains"
            room = left - (len(more) if others > 1 else 0)
            if len(words) > room:
                yield (more, "dim")
                return
            left -= len(words)
            yield words

    def describe(self) -> Sequence[Piece]:
        """What is marked, and when the rows of the group under the cursor are tried again; long work and errors come first."""
        if told := self._long.describe():
            return told
        if self.service.problem:
            return [(f"{self.service.problem} ", "$text-error"), MORE]
        group, rows = self.table().current, self._rows
        if group is None or rows is None:
            return []
        pieces = [f"{rows.marks:,} marked"] if rows.marks else []
        if 0 < (some := rows.marked_of(self.table().cursor_row)) < group.count:
            pieces.append(f"{some:,} of these {group.count:,}")
        if 0 < group.skipped < group.count:
            pieces.append(f"{group.skipped:,} skipped, the others failed")
        elif group.skipped:
            pieces.append("skipped")
        pieces += self._retry_words(group)
        return [" · ".join(pieces)]

    def _retry_words(self, group: ReasonGroup) -> Sequence[str]:
        first, last, now = group.earliest_retry, group.latest_retry, self.service.clock.now()
        if first is None or last is None:
            return ()
        when = self._when(first)
        if not self._job.ended:
            return (f"the server may retry at {when}",)
        if first <= now:
            return (f"the retry time was {when}" if last <= now else f"retry times from {when} to {self._when(last)}",)
        return (f"not before {when}" if first == last else f"not before {when}, the last {self._when(last)}",)

    def _when(self, moment: datetime) -> str:
        local, today = local_time(moment), local_time(self.service.clock.now())
        return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another group."""
        self.show_about()

    # ---- loading

    def _load(self, *, asked: bool = True) -> None:
        """Load what is missing; what takes many requests only when it was asked for."""
        requests = self._subject.requests_to_load
        if not requests:
            return
        if requests > ASK_BEFORE and not asked:
            self.notice(f"Loading all takes {self._long.cost(requests)}: ‹rows.load_all› does it.")
            return
        self._long.begin(self._subject.load(self._long.on_progress), LOADING, self._subject.expected)
        self.show_frame()

    def action_rows_load_all(self) -> None:
        """Load all failed and skipped rows."""
        if self._long.busy():
            return
        if self._subject.requests_to_load:
            self._load()
        else:
            snapshot = self._snapshot
            doubts = f": {snapshot.missing}" if snapshot.missing else ""
            self.notice(f"{plural(snapshot.loaded, 'row')} loaded, no more came{doubts}.")

    def action_view_refresh(self) -> None:
        """Read the job and its failed and skipped rows again."""
        super().action_view_refresh()
        if not self._long.busy():
            self._subject.expire()
            self._load(asked=False)

    # ---- the chosen rows

    def chosen_slots(self) -> array[int]:
        """The marked rows of the groups, else those of the group under the cursor, by their slots in the store."""
        rows, group = self._rows, self.table().current
        if rows is None:
            return array("I")
        return rows.marked_slots() or (array("I") if group is None else rows.found.slots[group.key])

    def chosen_rows(self) -> tuple[JobMessage, ...]:
        """The same as rows, each as it was read last."""
        return tuple(map(self._subject.store.row, self.chosen_slots()))

    def chosen_groups(self) -> tuple[ReasonGroup, ...]:
        """The groups of which rows are marked, else the one under the cursor."""
        rows, group = self._rows, self.table().current
        marked = rows.marked_rows() if rows is not None else ()
        return marked or (() if group is None else (group,))

    # ---- exporting

    def action_rows_export(self) -> None:
        """Ask for the name of a file to write the chosen rows to."""
        if self._long.busy():
            return
        groups = self.chosen_groups()
        if not groups:
            self.notice("No rows, nothing to export.")
            return
        known = len(groups) == 1 and groups[0].cause.name != OTHER
        # Text of a server is no name for a file.
        words = re.sub(r"[^a-z0-9]+", "-", groups[0].label) if known else "reasons"
        self._line.ask("file", free_path(f"job-{str(self._job.job_id)[:8]}-{words}", ".csv").name)
        rows = plural(len(self.chosen_slots()), "row")
        of = "marked" if self.table().marked.marks else "of this reason"
        self.notice(f"{rows} {of} · .{' .'.join(SUFFIXES)} · enter writes, esc leaves")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Export."""
        try:
            path = export_path(event.value)
        except SluiceError as error:
            self.notice(str(error))
            return
        self._close_line()
        store, slots, groups = self._subject.store, self.chosen_slots(), self.chosen_groups()
        ids = frozenset(map(store.id, slots))
        skipped = sum(group.skipped for group in groups)
        states = (skipped < sum(group.count for group in groups), skipped > 0)
        statuses = [status for status, there in zip(FAILURES, states, strict=True) if there]
        jobs, job_id = self.service.jobs, self._job.id
        self._long.write(
            lambda on_progress: jobs.export_chosen(job_id, ids, statuses, path, on_progress), path, len(ids)
        )

    # ---- intents

    def action_row_open(self) -> None:
        """Back to the job, with the rows of this group."""
        group = self.table().current
        if group is None or self._long.busy():
            return
        status = RowStatus.FAILED if 2 * group.skipped <= group.count else RowStatus.SKIPPED
        mixed = 0 < group.skipped < group.count
        self.post_message(self.Chosen(group.key, None if mixed and self._subject.all_listed else status))

    def as_command(self) -> AsCommand:
        """The reasons of the job."""
        return AsCommand(["job", str(self._job.job_id), "--reasons"])

    def why_not(self, action_id: str) -> str:
        """No retry while the job runs."""
        return why_no_follow_up(self._job, action_id) if action_id == "rows.retry" else super().why_not(action_id)

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        return FILE_HELP if self._line.is_open else super().line_help()

    def action_mark_all(self) -> None:
        """Mark all rows of all groups."""
        table = self.table()
        table.mark_shown()
        more = "" if not self._snapshot.missing else ": all that are loaded"
        self.notice(f"{plural(table.marked.marks, 'row')} marked{more}.")

    def action_rows_retry(self) -> None:
        """Try the chosen rows again: the marked ones, else those of the group under the cursor."""
        if not (rows := self.chosen_rows()):
            self.notice("No rows, nothing to retry.")
            return
        try:
            check_retry(self._job, rows)
        except GuardError as error:
            self.notice(str(error))
            return
        job, retry = self._job, self.service.follow_ups.retry_job
        self.post_message(self.PlanWanted("Looking up the chosen rows…", lambda: retry(job.id, rows)))

    def copy_id(self) -> str:
        """How many rows of which reason, for a ticket."""
        group = self.table().current
        return f"{group.label}: {plural(group.count, 'row')}" if group is not None else ""

    def copied_as(self, name: str) -> str:
        """That it is a reason: it may be in the server's own words."""
        return "the reason"

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the group."""
        group = self.table().current
        if group is None:
            return ()
        domains = ", ".join(f"{name or 'not readable'} {count:,}" for name, count in group.domains)
        values = [
            ("reason", group.label),
            ("rows", f"{group.count:,}"),
            ("tries", group.tries),
            ("retry", "" if group.earliest_retry is None else fmt.local(group.earliest_retry)),
            ("what to do", group.cause.advice),
            ("own words", group.sample.detail()),
            ("domains", domains),
        ]
        return [value for value in values if value[1]]

    def marked_ids(self) -> Sequence[str]:
        """By which the mail of the marked rows is known."""
        if not self.table().marked.marks:
            return ()
        return [str(row.mail_id or row.message_id) for row in self.chosen_rows()]
