"""Every push, pop and switch of a screen: which screen opens which, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual import work
from textual.app import App
from textual.widgets import Input

from tui_app.api.errors import NotFound
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural
from tui_app.plans.effect import Effect
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.search import SearchParams
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
    from tui_app.screens.plan.review import ReviewScreen
    from tui_app.screens.plan.screen import PlanScreen
    from tui_app.screens.plan.targets import TargetsScreen
    from tui_app.screens.write_record import WriteRecordScreen
    from tui_app.service import EmailSecurityService


_PLAN_WANTED: Final = "plan wanted"


class Navigation(App[None]):
    """The part of the app that moves between screens. A message of a screen that is not shown any more opens nothing."""

    service: EmailSecurityService

    @cached_property
    def _drafts(self) -> dict[str, Draft]:
        """Forms of new jobs as they were left in this session."""
        return {}

    def show_notice(self, sentence: str) -> None:
        """Say something where the operator looks."""
        if isinstance(self.screen, ConsoleScreen):
            self.screen.notice(sentence)

    def action_app_quit(self) -> None:
        """Quit."""

    def console_screens(self) -> list[ConsoleScreen]:
        """The screens of the console on the stack, the one that is shown last."""
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]

    def is_at(self, name: str) -> bool:
        """Whether this screen is the one that is shown: a second key that came too soon opens nothing."""
        return isinstance(self.screen, ConsoleScreen) and self.screen.screen_name == name

    def on_jobs_screen_chosen(self, message: JobsScreen.Chosen) -> None:
        """Open a job."""
        if self.is_at("jobs"):
            self._open_job(message.job)

    def _open_job(self, job: Job) -> None:
        from tui_app.screens.job.screen import JobScreen

        self.push_screen(JobScreen(self.service, job))

    def on_jobs_screen_new_wanted(self) -> None:
        """Open the form, as it was left."""
        from tui_app.screens.new_job import NewJobScreen

        if self.is_at("jobs"):
            self.push_screen(NewJobScreen(self.service, self._draft_of("")))

    def on_job_screen_again_wanted(self, message: JobScreen.AgainWanted) -> None:
        """Open the form with what a job did, or as it was left."""
        from tui_app.jobs.new_job import NewJob
        from tui_app.screens.new_job import NewJobScreen
        from tui_app.screens.new_job_form import values_of

        if not self.is_at("job"):
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

        return self._drafts.setdefault(name, Draft())

    def on_new_job_screen_list_wanted(self, message: NewJobScreen.ListWanted) -> None:
        """List the mail that a new job would take."""
        if self.is_at("new_job"):
            self._open_mail(held=message.held, line=message.line)

    def _open_mail(self, *, held: bool, line: str | None = None) -> None:
        from tui_app.screens.mail.screen import MailScreen, QuarantineScreen

        self.push_screen((QuarantineScreen if held else MailScreen)(self.service, line))

    def on_new_job_screen_created(self, message: NewJobScreen.Created) -> None:
        """Show the new job in place of the form."""
        if self.is_at("new_job"):
            self.pop_screen()
        self._open_job(message.job)

    def on_job_screen_row_chosen(self, message: JobScreen.RowChosen) -> None:
        """Open a row."""
        if self.is_at("job"):
            self._open_message(message.message, message.siblings, "Job")

    def on_job_screen_reasons_wanted(self, message: JobScreen.ReasonsWanted) -> None:
        """Show a job's failed and skipped rows by reason."""
        from tui_app.screens.job.reasons import ReasonsScreen

        if self.is_at("job"):
            self.push_screen(ReasonsScreen(self.service, message.job, message.subject))

    def on_reasons_screen_chosen(self, message: ReasonsScreen.Chosen) -> None:
        """Back to the job, with the rows of one reason."""
        from tui_app.screens.job.screen import JobScreen

        if self.is_at("reasons"):
            self.pop_screen()
            if isinstance(self.screen, JobScreen):
                self.screen.show_reason(message.key, message.status)

    @property
    def _is_at_mail(self) -> bool:
        return any(map(self.is_at, ("mail", "quarantine", "groups")))

    def on_mail_screen_message_chosen(self, message: MailScreen.MessageChosen) -> None:
        """Open a message."""
        if self._is_at_mail and isinstance(self.screen, ConsoleScreen):
            self._open_message(message.message, message.siblings, self.screen.screen_name.capitalize())

    def on_mail_screen_groups_wanted(self, message: MailScreen.GroupsWanted) -> None:
        """Show the listed mail in groups."""
        from tui_app.screens.mail.groups import GroupsScreen

        if self._is_at_mail:
            self.push_screen(GroupsScreen(self.service, message.subject))

    def on_groups_screen_chosen(self, message: GroupsScreen.Chosen) -> None:
        """Back to the list, with the mail of one group."""
        from tui_app.screens.mail.screen import MailScreen

        if self.is_at("groups"):
            self.pop_screen()
            if isinstance(self.screen, MailScreen):
                self.screen.filter_by(message.line)

    def on_mail_screen_columns_wanted(self) -> None:
        """Choose the columns of a file."""
        from tui_app.screens.mail.columns import ColumnsScreen

        if self._is_at_mail:
            self.push_screen(ColumnsScreen(self.service))

    async def on_mail_screen_review_wanted(self, message: MailScreen.ReviewWanted) -> None:
        """Open the review."""
        if self._is_at_mail:
            chosen = message.chosen
            await self._review(chosen.targets, chosen.request, chosen.search)

    async def _review(
        self, targets: Sequence[Target], request: PlanRequest, search: SearchParams | None = None
    ) -> None:
        from tui_app.screens.plan.review import ReviewScreen

        try:
            # Waited for in the app's own queue: what is typed at once after R is behind it there, and for the review.
            guarded = await asyncio.to_thread(self.service.plans.guard, targets, request)
        except SluiceError as error:
            self.show_notice(str(error))
            return
        self.push_screen(ReviewScreen(self.service, targets, guarded, search, request))

    @work(exclusive=True, group=_PLAN_WANTED)
    async def on_console_screen_plan_wanted(self, message: ConsoleScreen.PlanWanted) -> None:
        """Find out to which messages something is to be done, look them up, open the review."""
        asked_on = self.screen
        self.show_notice(message.what)
        try:
            request = await message.make()
            if self.screen is asked_on:
                self.show_notice(f"Looking up {plural(len(request.ids), 'message')}…")
            request = await self.service.plans.dated(request)
            targets = await self.service.plans.look_up(request.ids, request)
        except SluiceError as error:
            self.service.record(str(error))
            self.show_notice(str(error))
            return
        if self.screen is asked_on:
            self.show_notice("")
            await self._review(targets, request)

    def on_review_screen_list_wanted(self, message: ReviewScreen.ListWanted) -> None:
        """List all messages of a review."""
        from tui_app.screens.plan.targets import TargetsScreen

        if self.is_at("review"):
            self.push_screen(TargetsScreen(self.service, message.guarded, message.effect))

    def on_targets_screen_chosen(self, message: TargetsScreen.Chosen) -> None:
        """Open a message of a review."""
        if self.is_at("targets"):
            self._open_message(message.message, message.siblings, message.effect.title)

    def on_plan_screen_message_chosen(self, message: PlanScreen.MessageChosen) -> None:
        """Open a message of a plan."""
        if self.is_at("plan"):
            self._open_message(message.message, message.siblings, message.effect.title)

    def _open_message(self, message: MessageRef, siblings: Siblings | None, under: str) -> None:
        from tui_app.screens.mail.message import MessageScreen

        self.push_screen(MessageScreen(self.service, message, siblings, under))

    def on_job_screen_release_wanted(self, message: JobScreen.ReleaseWanted) -> None:
        """Look the messages of a job up."""
        if self.is_at("job"):
            self._ask_ids(message.ids)

    def _ask_ids(self, ids: Sequence[str], request: PlanRequest = A_RELEASE) -> None:
        from tui_app.screens.plan.ids import IdsScreen

        self.push_screen(IdsScreen(self.service, ids, request))

    @work(exclusive=True, group="ids wanted")
    async def on_console_screen_ids_wanted(self, message: ConsoleScreen.IdsWanted) -> None:
        """Take ids from elsewhere."""
        screen = self.screen
        if not (self.is_at("jobs") or self._is_at_mail):
            return
        if not message.to_move:
            self._ask_ids(())
        elif isinstance(screen, ConsoleScreen) and (
            destination := await screen.choose_destination("Move mail by its ids to")
        ):
            self._ask_ids((), PlanRequest(Effect.move(destination)))

    async def on_ids_screen_found(self, message: IdsScreen.Found) -> None:
        """Open the review of what was looked up."""
        if self.is_at("ids"):
            await self._review(message.targets, message.request)  # above the ids: esc leads back to them

    def action_ledger_open(self) -> None:
        """What was written before."""
        from tui_app.screens.ledger import LedgerScreen

        if any(screen.screen_name == "ledger" for screen in self.console_screens()[:-1]):
            self.show_notice("The ledger is behind this: esc.")
        elif isinstance(self.screen, TextScreen) or any(
            map(self.is_at, ("jobs", "job", "reasons", "mail", "quarantine", "groups", "message", "plan"))
        ):
            self.push_screen(LedgerScreen(self.service))

    def on_ledger_screen_chosen(self, message: LedgerScreen.Chosen) -> None:
        """Open a plan from the ledger, or the job that a write was about."""
        from tui_app.plans.ledger_entry import PlanSummary

        if not self.is_at("ledger"):
            return
        entry = message.entry
        if isinstance(entry, PlanSummary):
            self._open_plan_of(entry)
        elif entry.report is not None:
            self._open_record(entry, "")
        elif message.record or not entry.job or (entry.write == "delete" and entry.as_asked):
            gone = "The job was deleted; this is what is on record."
            unknown = "Nobody knows the job's id; v looks for it by its mark."
            self._open_record(entry, "" if message.record else gone if entry.job else unknown)
        else:
            self._open_job_of(entry)

    def on_write_record_screen_job_wanted(self, message: WriteRecordScreen.JobWanted) -> None:
        """Open the job that a write was about."""
        if self.is_at("record"):
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
                self._open_job(job)
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

        if self.is_at("review"):
            self.pop_screen()
            if isinstance(below := self.screen, ConsoleScreen) and below.screen_name in ("ids", "new_job"):
                below.sent()
                self.pop_screen()
            self.push_screen(PlanScreen(self.service, message.command, guarded=message.guarded))

    def action_quarantine_open(self) -> None:
        """Held mail; if it is open below, back to it."""
        self._show_mail(held=True)

    def action_mail_open(self) -> None:
        """All mail; if it is open below, back to it."""
        self._show_mail(held=False)

    def _show_mail(self, *, held: bool) -> None:
        name = "quarantine" if held else "mail"
        below = [screen for screen in self.console_screens() if screen.screen_name == name]
        if not below:
            self._open_mail(held=held)
        while below and self.screen is not below[0] and (isinstance(self.screen, TextScreen) or self.is_at("message")):
            self.pop_screen()

    def on_console_screen_copy_wanted(self, message: ConsoleScreen.CopyWanted) -> None:
        """Choose what to copy."""
        from tui_app.screens.copy import CopyScreen

        if not self.is_at("copy"):
            self.push_screen(CopyScreen(self.service, message.values, message.marked))

    def action_activity_open(self) -> None:
        """What was done."""
        from tui_app.screens.activity import ActivityScreen

        if isinstance(self.screen, ConsoleScreen) and not self.is_at("activity"):
            self.push_screen(ActivityScreen(self.service))

    def action_help_open(self) -> None:
        """The keys of this screen."""
        from tui_app.screens.help import HelpScreen

        if isinstance(self.screen, ConsoleScreen) and not self.is_at("help"):
            in_line = isinstance(self.screen.focused, Input)
            self.push_screen(HelpScreen(self.service, self.screen.screen_name, in_line=in_line))

    def action_screen_back(self) -> None:
        """Unmark, or go back; at the root nothing."""
        screen = self.screen
        if isinstance(screen, ConsoleScreen) and not screen.handle_back() and not isinstance(screen, JobsScreen):
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
            # Nobody waits any longer for what was looked up for this screen.
            self.workers.cancel_group(self, _PLAN_WANTED)
            self.pop_screen()
