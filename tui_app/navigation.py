"""Which screen opens which."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app.api.errors import NotFound
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import plural
from tui_app.key_map import key_map_of
from tui_app.plans.effect import Effect
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.screen_stack import NOT_FROM_HERE, ScreenStack
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.intent import Intent
from tui_app.screens.jobs import JobsScreen

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.models import Job
    from tui_app.api.search import SearchParams
    from tui_app.config.schema import View
    from tui_app.core.text import Untrusted
    from tui_app.plans.ledger_entry import LedgerEntry, PlanSummary
    from tui_app.plans.plan import Target
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.screens.job.reasons import ReasonsScreen
    from tui_app.screens.job.screen import JobScreen
    from tui_app.screens.ledger import LedgerScreen
    from tui_app.screens.mail.groups import GroupsScreen
    from tui_app.screens.mail.screen import MailScreen
    from tui_app.screens.mail.siblings import MessageRef, Siblings
    from tui_app.screens.new_job import NewJobScreen
    from tui_app.screens.new_job_form import Draft
    from tui_app.screens.plan.ids import IdsScreen
    from tui_app.screens.plan.review import ReviewDraft, ReviewScreen
    from tui_app.screens.plan.screen import PlanScreen
    from tui_app.screens.plan.targets import TargetsScreen
    from tui_app.screens.write_record import WriteRecordScreen


_PLAN_WANTED: Final = "plan wanted"


class Navigation(ScreenStack):
    """The part of the app that opens screens. A message of a screen that is not shown any more opens nothing."""

    @cached_property
    def _drafts(self) -> dict[tuple[str, str], Draft]:
        """Forms of new jobs as they were left in this session, by account."""
        return {}

    @cached_property
    def _left_reviews(self) -> dict[str, ReviewDraft]:
        """The reason of the last review that was left, by account."""
        return {}

    def on_jobs_screen_chosen(self, message: JobsScreen.Chosen) -> None:
        """Open a job."""
        if self.is_at("jobs", message):
            self.open_job(message.job, message.siblings)

    def on_job_screen_sibling_chosen(self, message: JobScreen.SiblingChosen) -> None:
        """Show another job of the list in place of this one."""
        from tui_app.screens.job.screen import JobScreen

        if isinstance(screen := self.screen, JobScreen) and self.is_of_shown(message):
            self.switch_screen(JobScreen(self.service, message.job, screen.listed))

    def open_job(self, job: Job, listed: Siblings[Job] | None = None, said: str = "") -> None:
        """Open a job; `listed` = the list that it is in, `said` = what is to be said of it there."""
        from tui_app.screens.job.screen import JobScreen

        screen = JobScreen(self.service, job, listed)
        self.push_screen(screen)
        screen.notice(said)

    def on_jobs_screen_new_wanted(self, message: JobsScreen.NewWanted) -> None:
        """Open the form, as it was left."""
        from tui_app.screens.new_job import NewJobScreen

        if self.is_at("jobs", message):
            self.push_screen(NewJobScreen(self.service, self._draft_of("")))

    def on_job_screen_again_wanted(self, message: JobScreen.AgainWanted) -> None:
        """Open the form with what a job did, or as it was left."""
        from tui_app.jobs.new_job import NewJob
        from tui_app.screens.new_job import NewJobScreen
        from tui_app.screens.new_job_form import values_of

        if not self.is_at("job", message):
            return
        job = message.job
        try:
            values = values_of(NewJob.like(job))
        except SluiceError as error:
            self.show_notice(str(error))
            return
        self.push_screen(NewJobScreen(self.service, self._draft_of(job.id), values, str(job.job_id)[:8]))

    def _draft_of(self, name: str) -> Draft:
        """What the form of a new job held when it was left: the empty one, or that like the job of this id."""
        from tui_app.screens.new_job_form import Draft

        return self._drafts.setdefault((self.current_mode, name), Draft())

    def on_new_job_screen_list_wanted(self, message: NewJobScreen.ListWanted) -> None:
        """List the mail that a new job would take."""
        if self.is_at("new_job", message):
            self._open_mail(held=message.held, line=message.line)

    def _open_mail(self, *, held: bool, line: str | None = None) -> None:
        from tui_app.screens.mail.screen import MailScreen, QuarantineScreen

        self.push_screen((QuarantineScreen if held else MailScreen)(self.service, line))

    def on_new_job_screen_created(self, message: NewJobScreen.Created) -> None:
        """Show the new job in place of the form."""
        if self.is_at("new_job", message):
            self.pop_screen()
        if self.is_of_shown(message):
            self.open_job(message.job, said=message.said)

    def on_job_screen_row_chosen(self, message: JobScreen.RowChosen) -> None:
        """Open a row."""
        if self.is_at("job", message):
            self._open_message(message.message, message.siblings, "Job")

    def on_job_screen_reasons_wanted(self, message: JobScreen.ReasonsWanted) -> None:
        """Show a job's failed and skipped rows by reason."""
        from tui_app.screens.job.reasons import ReasonsScreen

        if self.is_at("job", message):
            self.push_screen(ReasonsScreen(self.service, message.job, message.subject))

    def on_reasons_screen_chosen(self, message: ReasonsScreen.Chosen) -> None:
        """Back to the job, with the rows of one reason."""
        from tui_app.screens.job.screen import JobScreen

        if self.is_at("reasons", message):
            self.pop_screen()
            if isinstance(self.screen, JobScreen):
                self.screen.show_reason(message.key, message.status)

    def _is_at_mail(self, wanted: Intent) -> bool:
        return any(self.is_at(name, wanted) for name in ("mail", "quarantine", "groups"))

    def on_mail_screen_message_chosen(self, message: MailScreen.MessageChosen) -> None:
        """Open a message."""
        if self._is_at_mail(message) and isinstance(self.screen, ConsoleScreen):
            self._open_message(message.message, message.siblings, self.screen.screen_name.capitalize())

    def on_mail_screen_groups_wanted(self, message: MailScreen.GroupsWanted) -> None:
        """Show the listed mail in groups."""
        from tui_app.screens.mail.groups import GroupsScreen

        if self._is_at_mail(message):
            self.push_screen(GroupsScreen(self.service, message.subject))

    def on_groups_screen_chosen(self, message: GroupsScreen.Chosen) -> None:
        """Back to the list, with the mail of one group."""
        from tui_app.screens.mail.screen import MailScreen

        if self.is_at("groups", message):
            self.pop_screen()
            if isinstance(self.screen, MailScreen):
                self.screen.filter_by(message.line)

    def on_mail_screen_columns_wanted(self, message: MailScreen.ColumnsWanted) -> None:
        """Choose the columns of a file."""
        from tui_app.mail.columns import MAIL_ROWS
        from tui_app.screens.columns import ColumnChoice, ColumnsScreen

        def keep(names: Sequence[str]) -> None:
            known = {column.name: column for column in MAIL_ROWS.columns}
            self.service.mail_columns = tuple(known[name] for name in names) or MAIL_ROWS.exported

        if self._is_at_mail(message):
            known, usual = MAIL_ROWS.columns, MAIL_ROWS.exported
            choice = ColumnChoice(
                "Export",
                "CSV and Markdown; JSON has all",
                [column.name for column in known],
                [column.name for column in self.service.mail_columns],
                [column.name for column in usual],
                keep,
            )
            self.push_screen(ColumnsScreen(self.service, choice))

    def action_columns_open(self) -> None:
        """Choose the columns of the list that is shown."""
        from tui_app.screens.columns import ColumnChoice, ColumnsScreen

        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or (table := screen.table()) is None or not screen.has_columns:
            self.show_notice("This screen has no columns to choose.")
            return

        def keep(titles: Sequence[str]) -> None:
            self.service.remembered.set_columns(screen.screen_name, titles)
            table.choose_columns(titles)

        choice = ColumnChoice(
            screen.screen_name.replace("_", " ").capitalize(),
            "‹columns.down› and ‹columns.up› move one, ‹columns.usual› the usual ones",
            table.column_titles,
            table.shown_titles,
            table.usual_titles,
            keep,
        )
        self.push_screen(ColumnsScreen(self.service, choice))

    async def on_mail_screen_review_wanted(self, message: MailScreen.ReviewWanted) -> None:
        """Open the review."""
        if self._is_at_mail(message):
            chosen = message.chosen
            await self._review(chosen.targets, chosen.request, chosen.search)

    async def _review(
        self, targets: Sequence[Target], request: PlanRequest, search: SearchParams | None = None
    ) -> None:
        from tui_app.screens.plan.review import ReviewDraft, ReviewScreen

        service, asked_on = self.service, self.screen
        try:
            # Waited for in the app's own queue: what is typed at once after R is behind it there, and for the review.
            guarded = await asyncio.to_thread(service.plans.guard, targets, request)
        except SluiceError as error:
            self.show_notice(str(error))
            return
        if self.screen is asked_on:
            draft = self._left_reviews.setdefault(self.current_mode, ReviewDraft())
            self.push_screen(ReviewScreen(service, targets, guarded, search, request, draft))

    @work(exclusive=True, group=_PLAN_WANTED)
    async def on_console_screen_plan_wanted(self, message: ConsoleScreen.PlanWanted) -> None:
        """Find out to which messages something is to be done, look them up, open the review."""
        if not self.is_of_shown(message):
            return
        # Whatever account is shown by then: what is asked for this one is asked of this one.
        service, asked_on = self.service, self.screen
        self.show_notice(message.what)
        try:
            request = await message.make()
            if self.screen is asked_on:
                self.show_notice(f"Looking up {plural(len(request.ids), 'message')}…")
            request = await service.plans.dated(request)
            targets = await service.plans.look_up(request.ids, request)
        except SluiceError as error:
            service.record(str(error))
            if self.screen is asked_on:
                self.show_notice(str(error))
            return
        if self.screen is asked_on:
            self.show_notice("")
            await self._review(targets, request)

    def on_review_screen_list_wanted(self, message: ReviewScreen.ListWanted) -> None:
        """List all messages of a review."""
        from tui_app.screens.plan.targets import TargetsScreen

        if self.is_at("review", message):
            self.push_screen(TargetsScreen(self.service, message.guarded, message.effect))

    def on_targets_screen_chosen(self, message: TargetsScreen.Chosen) -> None:
        """Open a message of a review."""
        if self.is_at("targets", message):
            self._open_message(message.message, message.siblings, message.effect.title)

    def on_plan_screen_not_begun(self, message: PlanScreen.NotBegun) -> None:
        """Back to where it was wanted; the reason is there for another try."""
        if self.is_at("plan", message):
            self.pop_screen()
            if (draft := self._left_reviews.get(self.current_mode)) is not None:
                draft.reason = message.command.plan.reason
            self.show_notice(message.why)

    def on_plan_screen_message_chosen(self, message: PlanScreen.MessageChosen) -> None:
        """Open a message of a plan."""
        if self.is_at("plan", message):
            self._open_message(message.message, message.siblings, message.effect.title)

    def _open_message(self, message: MessageRef, siblings: Siblings[MessageRef] | None, under: str) -> None:
        from tui_app.screens.mail.message import MessageScreen

        self.push_screen(MessageScreen(self.service, message, siblings, under))

    def on_job_screen_release_wanted(self, message: JobScreen.ReleaseWanted) -> None:
        """Look the messages of a job up."""
        if self.is_at("job", message):
            self._ask_ids(message.request.ids, message.request)

    def _ask_ids(self, ids: Sequence[str], request: PlanRequest = A_RELEASE) -> None:
        from tui_app.screens.plan.ids import IdsScreen

        self.push_screen(IdsScreen(self.service, ids, request))

    @work(exclusive=True, group="ids wanted")
    async def on_console_screen_ids_wanted(self, message: ConsoleScreen.IdsWanted) -> None:
        """Take ids from elsewhere."""
        screen = self.screen
        if not (self.is_at("jobs", message) or self._is_at_mail(message)):
            return
        if not message.to_move:
            self._ask_ids(())
        elif isinstance(screen, ConsoleScreen) and (
            destination := await screen.choose_destination("Move mail by its ids to")
        ):
            self._ask_ids((), PlanRequest(Effect.move(destination)))

    async def on_ids_screen_found(self, message: IdsScreen.Found) -> None:
        """Open the review of what was looked up."""
        if self.is_at("ids", message):
            await self._review(message.targets, message.request)  # above the ids: esc leads back to them

    def action_ledger_open(self) -> None:
        """What was written before."""
        if not self.is_shown_already("ledger"):
            self.show_ledger()

    def show_ledger(self, line: str = "") -> None:
        """The ledger, with a filter."""
        from tui_app.screens.ledger import LedgerScreen

        below = [screen for screen in self.console_screens() if isinstance(screen, LedgerScreen)]
        if below:
            if self.back_to(below[0]) and line:
                below[0].filter_by(line)
        elif isinstance(self.screen, ConsoleScreen) and self.screen.leads_on:
            self.push_screen(LedgerScreen(self.service, line))
        else:
            self.show_notice(NOT_FROM_HERE)

    def on_ledger_screen_chosen(self, message: LedgerScreen.Chosen) -> None:
        """Open a plan from the ledger, or the job that a write was about."""
        from tui_app.plans.ledger_entry import PlanSummary

        if not self.is_at("ledger", message):
            return
        entry = message.entry
        if isinstance(entry, PlanSummary):
            self._open_plan_of(entry)
        elif entry.report is not None:
            self._open_record(entry, "")
        elif message.record or not entry.job or (entry.write == "delete" and entry.as_asked):
            gone = "The job was deleted; this is what is on record."
            unknown = "Nobody knows the job's id; ‹record.settle› looks for it by its mark."
            self._open_record(entry, "" if message.record else gone if entry.job else unknown)
        else:
            self._open_job_of(entry)

    def on_write_record_screen_job_wanted(self, message: WriteRecordScreen.JobWanted) -> None:
        """Open the job that a write was about."""
        if self.is_at("record", message):
            self._open_job_of(message.entry)

    @work(exclusive=True, group="open")
    async def on_write_record_screen_reported_plan_wanted(self, message: WriteRecordScreen.ReportedPlanWanted) -> None:
        """Open the plan of a report."""
        asked_on = self.screen
        try:
            entry = await asyncio.to_thread(self.service.plans.ledger.find, message.plan)
        except SluiceError as error:
            self.show_notice(str(error))
            return
        if self.screen is asked_on:
            self.open_plan(entry)

    @work(exclusive=True, group="open")
    async def _open_job_of(self, entry: WriteEntry) -> None:
        """The job as the server has it now; where there is none, a sentence and what is on record."""
        if whose := self.service.settings.whose(entry.account):
            self.show_notice(f"This job is of {whose}; ‹profiles.open› switches.")
            return
        asked_on = self.screen
        self.show_notice("Asking for the job…")
        try:
            job = await self.service.jobs.read(entry.job)
        except NotFound as error:
            gone = f"Job {entry.target} is not there any more: it was deleted, or is another account's."
            said = gone if error.notices else str(error)
        except SluiceError as error:
            said = str(error)
        else:
            if self.screen is asked_on:
                self.show_notice("")
                self.open_job(job)
            return
        if self.screen is asked_on:
            if self.is_at("record"):
                self.show_notice(said)
            else:
                self._open_record(entry, f"{said} This is what is on record.")

    def _open_record(self, entry: WriteEntry, said: str) -> None:
        from tui_app.screens.write_record import WriteRecordScreen

        self.push_screen(WriteRecordScreen(self.service, entry, said))

    @work(exclusive=True, group="open")
    async def _open_plan_of(self, plan: PlanSummary) -> None:
        asked_on = self.screen
        try:
            entry = await asyncio.to_thread(self.service.plans.ledger.in_full, plan)
        except SluiceError as error:
            self.show_notice(str(error))
            return
        if self.screen is asked_on:
            self.open_plan(entry)

    def open_plan(self, entry: LedgerEntry) -> None:
        """Open a plan from the ledger."""
        from tui_app.screens.plan.screen import PlanScreen

        self.push_screen(PlanScreen(self.service, entry=entry))

    def on_review_screen_confirmed(self, message: ReviewScreen.Confirmed) -> None:
        """Run what was confirmed, in place of the review."""
        from tui_app.screens.plan.screen import PlanScreen

        if self.is_at("review", message):
            self.pop_screen()
            if isinstance(below := self.screen, ConsoleScreen) and below.screen_name in ("ids", "new_job"):
                below.sent()
                self.pop_screen()
            self.push_screen(PlanScreen(self.service, message.command, guarded=message.guarded))

    def action_quarantine_open(self) -> None:
        """Held mail; if it is open below, back to it."""
        if not self.is_shown_already("quarantine"):
            self.show_mail(held=True)

    def action_mail_open(self) -> None:
        """All mail; if it is open below, back to it."""
        if not self.is_shown_already("mail"):
            self.show_mail(held=False)

    def show_mail(self, *, held: bool, line: str | None = None) -> None:
        """Mail, held or all, with a search; None = as it is, or was left. If it is open below, back to it."""
        from tui_app.screens.mail.screen import MailScreen

        name = "quarantine" if held else "mail"
        below = [screen for screen in self.console_screens() if screen.screen_name == name]
        if not below:
            if self.console_screens()[-1].leads_on:
                self._open_mail(held=held, line=line)
            else:
                self.show_notice(NOT_FROM_HERE)
            return
        if self.back_to(below[0]) and line is not None and isinstance(below[0], MailScreen):
            below[0].search(line)

    def on_console_screen_copy_wanted(self, message: ConsoleScreen.CopyWanted) -> None:
        """Choose what to copy."""
        from tui_app.screens.copy import CopyScreen

        if not self.is_shown_already("copy") and self.is_of_shown(message):
            self.push_screen(CopyScreen(self.service, message.values, message.marked))

    def action_activity_open(self) -> None:
        """What was done."""
        from tui_app.screens.activity import ActivityScreen

        if isinstance(self.screen, ConsoleScreen) and not self.is_shown_already("activity"):
            self.push_screen(ActivityScreen(self.service))

    def action_help_open(self) -> None:
        """The keys of this screen."""
        from tui_app.screens.help import HelpScreen

        if isinstance(self.screen, ConsoleScreen) and self.screen.ready and not self.is_shown_already("help"):
            self.push_screen(HelpScreen(self.service, self.screen))

    def action_handover_open(self) -> None:
        """What the next shift has to know."""
        self._open_handover(None)

    def _open_handover(self, since: datetime | None) -> None:
        from tui_app.screens.handover import HandoverScreen

        if not (isinstance(self.screen, ConsoleScreen) and self.screen.leads_on):
            self.show_notice(NOT_FROM_HERE)
        elif not self.is_shown_already("handover"):
            self.push_screen(HandoverScreen(self.service, since))

    def action_doctor_open(self) -> None:
        """Look at terminal, configuration, token and records."""
        from tui_app.screens.doctor import DoctorScreen

        if not (isinstance(self.screen, ConsoleScreen) and self.screen.leads_on):
            self.show_notice(NOT_FROM_HERE)
        elif not self.is_shown_already("doctor"):
            self.push_screen(DoctorScreen(self.service))

    def action_command_show(self) -> None:
        """What is shown as a command line, and as a request."""
        from tui_app.screens.as_command import command_values
        from tui_app.screens.copy import CopyScreen

        screen = self.screen
        shown = screen.as_command() if isinstance(screen, ConsoleScreen) else None
        if shown is None:
            self.show_notice("There is no command for this screen.")
        else:
            self.push_screen(CopyScreen(self.service, command_values(shown, self.service.settings)))

    def open_message_of(self, investigate_id: Untrusted) -> None:
        """Open a message by its id."""
        from tui_app.screens.mail.siblings import MessageRef

        self._open_message(MessageRef(id=investigate_id), None, "Message")

    def key(self, action_id: str) -> str:
        """The key of an action, as people write it."""
        return key_map_of(self.screen).key(action_id)

    def _check_view(self, view: View) -> None:
        from tui_app.views import check_view

        try:
            check_view(view, self.service.clock.now())
        except UsageError as error:
            raise UsageError(f"This view is not shown: {error}") from None

    def show_view(self, view: View) -> None:
        """Show a saved view. Raises UsageError for one that would show something else than it says."""
        self._check_view(view)
        if view.screen == "jobs":
            if isinstance(root := self.back_to_first(), JobsScreen):
                root.show_view(view)
        else:
            if view.screen == "ledger":
                self.show_ledger(view.filter)
            else:
                self.show_mail(held=view.screen == "quarantine", line=view.search)
            if isinstance(self.screen, ConsoleScreen) and self.screen.screen_name == view.screen:
                self.screen.call_later(self.screen.show_view, view)  # it may not be mounted yet

    def before_left(self) -> None:
        """Nobody waits any longer for what was looked up for this screen."""
        self.workers.cancel_group(self, _PLAN_WANTED)
