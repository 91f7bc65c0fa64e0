"""The form of a new bulk job: fields, a preview by search, a typed confirmation, one POST."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from textual import work
from textual.binding import Binding

from tui_app.api.enums import ActionType, DeliveryStatus, Destination
from tui_app.api.write_result import Ambiguous, Done, describe
from tui_app.core.clock import describe_window
from tui_app.core.confirmation import to_type
from tui_app.core.errors import GuardError, SluiceError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.jobs.new_job import CreatedJob, Drift, JobPreview, NewJob
from tui_app.mail.query import ALL_MAIL, HELD_MAIL, narrowest
from tui_app.plans.effect import CONSEQUENCES
from tui_app.screens import format as fmt
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.confirm import Confirm
from tui_app.screens.intent import Intent
from tui_app.screens.new_job_form import EMPTY, Draft, NewJobForm
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.text_lines import Piece, TextBlock
from tui_app.widgets.too_small import DOWN

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import FooterKeys

_HIGH: Final = 20
"""Lines of a window from which there is room to spare."""


@dataclass(frozen=True, slots=True)
class _Previewed:
    """What was counted: for which job and which values of the form, and why the guard refuses a job over the search."""

    new: NewJob
    preview: JobPreview
    searched: Mapping[str, Any]
    refusal: str = ""


class NewJobScreen(ConsoleScreen):
    """The form. Enter previews; enter again without a change opens the confirmation, or the review of exactly these.

    `draft` = what it held when it was left, and where it is kept; `values` = what it begins with, as that of a job that is
    run again, which `origin` names.
    """

    CSS_PATH = sheet("screens/new_job")
    VERTICAL_BREAKPOINTS = [*DOWN, (_HIGH, "-high")]
    screen_name = "new_job"
    AUTO_FOCUS = "#sender"
    BINDINGS = [
        Binding("enter", "go_on", show=False),
        Binding("f2", "list_found", show=False),
        Binding("f4", "empty", show=False),
    ]

    class Created(Intent):
        """The job was created."""

        def __init__(self, job: Job, said: str = "") -> None:
            """`said` = what is to be said of it."""
            super().__init__()
            self.job = job
            self.said = said

    class ListWanted(Intent):
        """The mail that this line finds is to be listed, in Quarantine where it is held mail alone."""

        def __init__(self, line: str, *, held: bool) -> None:
            super().__init__()
            self.line = line
            self.held = held

    def __init__(
        self,
        service: EmailSecurityService,
        draft: Draft | None = None,
        values: Mapping[str, Any] | None = None,
        origin: str = "",
    ) -> None:
        super().__init__(service)
        self._draft = draft or Draft()
        self._values = values or {}
        self._origin = origin
        self._previewed: _Previewed | None = None
        self._asking = False
        """Whether the question is shown, or it is looked whether what was confirmed is still found."""

    def content(self) -> Iterable[Widget]:
        """The form and the preview."""
        yield NewJobForm(id="form")

    @property
    def _form(self) -> NewJobForm:
        return self.query_one("#form", NewJobForm)

    def mounted(self) -> None:
        """Show the form with what it held before, else with the values of the job to be run again, else empty."""
        super().mounted()
        origin: list[Piece] = [(f" like {self._origin}", "")] if self._origin else []
        self.set_breadcrumb([("Jobs › ", "dim"), ("new job", "bold"), *origin], ["nothing is sent before you confirm"])
        self._form.fill(self._draft.values or self._values)
        if self._draft.values:
            self.notice("The form is as you left it; f4 empties it.")
        # Not scrolled to: in a small window the first fields would be out of sight.
        self.query_one("#preview", TextBlock).set_text(
            ("Enter counts the messages of this job. Nothing is sent before you type a confirmation.", "dim")
        )

    def footer_keys(self) -> FooterKeys:
        """The keys of the form."""
        form = (
            ("enter", "preview, then confirm"),
            ("tab", "next"),
            ("space", "change"),
            ("f2", "list"),
            ("f4", "empty"),
        )
        return form, (("esc", "back"), ("f1", "help"))

    def sent(self) -> None:
        """What was typed is done with."""
        self._draft.values = {}

    def action_list_found(self) -> None:
        """List what the form asks for, in Quarantine or in Mail."""
        now = self.service.clock.now()
        try:
            found = self._still_previewed()
            params = found.new.params if found is not None else self._form.asked_for(now).params
        except (ValueError, SluiceError) as error:
            self._show_preview([(str(error), "$text-error")])
            return
        held = params.delivery_status is DeliveryStatus.QUARANTINED
        if (found_by := narrowest((HELD_MAIL, ALL_MAIL) if held else (ALL_MAIL,), params, now)) is not None:
            preset, line = found_by
            self.post_message(self.ListWanted(line, held=preset.held))
        else:
            self.notice("The list of mail can't search for all of these fields.")

    def action_empty(self) -> None:
        """Empty all fields."""
        if not (self.awaiting or self._asking):
            self._form.fill({})
            self._previewed = None
            self.query_one("#sender").focus()
            self._show_preview([("The form is empty. Enter counts the messages.", "dim")])

    def _show_preview(self, pieces: Sequence[Piece]) -> None:
        block = self.query_one("#preview", TextBlock)
        block.set_text(*pieces)
        self.call_after_refresh(block.scroll_visible, animate=False)  # once it is as high as its text

    def on_input_changed(self) -> None:
        """Keep what was typed, for when the form is opened again; what is typed in is in sight."""
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)
        values = self._form.values
        self._draft.values = {} if values == EMPTY else values

    def on_cycle_select_changed(self) -> None:
        """Keep what was chosen, and say what enter does with it."""
        self._form.fix_release()
        self.on_input_changed()
        if not (self.awaiting or self._asking) and (found := self._still_previewed()):
            self._show_found(found)

    def on_input_submitted(self) -> None:
        """Preview or confirm, as enter does outside of a field."""
        self.action_go_on()

    def _still_previewed(self) -> _Previewed | None:
        """What was counted, if it is what the form asks for."""
        found = self._previewed
        return found if found is not None and found.searched == self._form.searched else None

    def action_go_on(self) -> None:
        """Preview, or confirm if the preview is of exactly these values."""
        if self.awaiting or self._asking:
            return
        if (found := self._still_previewed()) is None:
            self._preview()
        elif self._why_not(found):
            self._show_found(found)
        elif self._form.wants_exactly:
            new, preview, exactly = (
                replace(found.new, comment=self._form.comment),
                found.preview,
                self.service.follow_ups.plan_exactly,
            )
            self.post_message(
                self.PlanWanted(f"Looking up {plural(preview.count, 'message')}…", lambda: exactly(new, preview))
            )
        else:
            self._confirm(replace(found, new=replace(found.new, comment=self._form.comment)))

    def _why_not(self, found: _Previewed) -> str:
        """Why what the form acts on can't be acted on; empty if it can."""
        if not self._form.wants_exactly:
            return found.refusal
        why = self.service.jobs.only_the_search(found.preview)
        return f"Exactly these can't be reviewed: {why}. Let it act on the search." if why else ""

    @work(exclusive=True, group="preview")
    async def _preview(self) -> None:
        self._previewed = None
        try:
            new = self._form.asked_for(self.service.clock.now())
        except (ValueError, SluiceError) as error:
            self._show_preview([(str(error), "$text-error")])
            return
        searched = self._form.searched
        self._show_preview(["Counting…"])
        try:
            preview = await self.service.jobs.preview(
                new.params, lambda count: self._show_preview([f"Counting… {count:,} so far"])
            )
        except SluiceError as error:
            self._show_preview([(f"{error}", "$text-error")])
            return
        self._take(new, preview, searched)

    def _take(self, new: NewJob, preview: JobPreview, searched: Mapping[str, Any]) -> None:
        """Show what was counted, with what the guard says of it."""
        refusal = ""
        try:
            self.service.jobs.guard(new, preview)
        except GuardError as error:
            refusal = str(error)
        self._previewed = _Previewed(new, preview, searched, refusal)
        self._show_found(self._previewed)

    def _show_found(self, found: _Previewed) -> None:
        pieces = self._describe(found.new, found.preview)
        if why := self._why_not(found):
            pieces.append((why, "$text-error"))
        elif self._form.wants_exactly:
            pieces.append(("Enter again to review exactly these.", "bold"))
        else:
            if found.preview.count and (why := self.service.jobs.only_the_search(found.preview)):
                pieces.append((f"Only the search can be acted on: {why}.\n", "dim"))
            pieces.append(("Enter again to confirm.", "bold"))
        self._show_preview(pieces)

    def _describe(self, new: NewJob, preview: JobPreview, samples: int = 3) -> list[Piece]:
        at_least = "" if preview.complete else "at least "
        verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in preview.dispositions)
        pieces: list[Piece] = [
            (
                f"Finds {at_least}{plural(preview.count, 'message')} for {plural(preview.recipients, 'mailbox', 'mailboxes')}. ",
                "bold",
            ),
            f"{verdicts}\n",
            (f"Searched {describe_window(new.params.start, new.params.end)}.\n", "dim"),
        ]
        if trouble := self.service.clock_trouble:
            pieces.append((f"But {trouble}: that may be another time than you mean.\n", "$text-warning bold"))
        for message in preview.sample[:samples]:
            subject = PrivateText(sanitize(message.subject.exact, 40))
            sender = fmt.sender(message.sender, 40)
            pieces += ["  ", (sender, "dim"), "  ", (subject, "dim"), "\n"]
        if preview.nothing:
            pieces.append((f"{preview.nothing}\n", "$text-warning"))
        if preview.unasked:
            count = plural(preview.unasked, "message")
            pieces.append(
                (f"The search also shows {count} that it did not ask for: the job may take them.\n", "$text-error")
            )
        if preview.not_searchable:
            pieces.append(
                (
                    f"The preview ignores {', '.join(preview.not_searchable)}: the job acts on other messages than these.\n",
                    "$text-error",
                )
            )
        if new.action is ActionType.RELEASE:
            pieces.append(("Only held messages are released (delivery_status: quarantined); f2 lists them.\n", "dim"))
        if new.params.detections_only:
            pieces.append(("Detections only: messages without a detection are left alone.\n", "dim"))
        return pieces

    def _question(self, found: _Previewed, drift: Drift) -> Confirm:
        new, preview = found.new, found.preview
        what = (
            "Release" if new.action is ActionType.RELEASE else f"Move to {(new.destination or Destination.JUNK).label}"
        )
        facts: list[Piece] = []
        if drift:
            facts.append((f"{drift.describe()}. Nothing was sent yet.\n", "$text-warning bold"))
        if self.app.size.height < _HIGH:
            facts += self._describe(new, preview, 0)  # else what changed would be out of sight
        else:
            facts += [*self._describe(new, preview), "The job acts on whatever matches when it runs.\n"]
        if new.destination is not None:
            facts.append((f"{CONSEQUENCES[new.destination]}\n", "$text-error bold" if new.is_final else ""))
        typed = to_type(preview.count, final=new.is_final)
        return Confirm(f"{what}: start this job?", facts, typed=typed)

    @work(exclusive=True, group="create")
    async def _confirm(self, found: _Previewed) -> None:
        self._asking = True
        try:
            confirmed = await self._confirmed(found)
        finally:
            self._asking = False
        if confirmed is None:
            return
        self.awaiting = True
        self._show_preview([("Sent, waiting for the answer…", "bold")])
        try:
            result = await self.service.jobs.create(confirmed.new, confirmed.preview)
        except SluiceError as error:
            self._show_preview([(str(error), "$text-error")])
            return
        finally:
            self.awaiting = False
        self._previewed = None
        if isinstance(result, Done) and result.value.differences:
            self._tell_differences(result.value)
        elif isinstance(result, Done):
            said = f"New job: {describe(result)[0]} ‹activity.open› tells more." if result.errors else ""
            self.sent()
            self.post_message(self.Created(result.value.job, said))
        else:
            words, _ = describe(result)
            if isinstance(result, Ambiguous):
                words += " The job is not in the list yet. Look at the jobs before you start another."
            self._show_preview([(f"New job: {words} ‹activity.open› tells more.", "$text-error")])

    async def _confirmed(self, found: _Previewed) -> _Previewed | None:
        """Ask until the search finds again what was confirmed; None when it was not, or can't be told."""
        drift = Drift()
        while True:
            if not await self.ask(self._question(found, drift)):
                self.notice("Nothing was sent.")
                return None
            self._show_preview(
                [("Looking whether the search still finds the same… esc leaves, nothing is sent.", "bold")]
            )
            try:
                again = await self.service.jobs.preview(found.new.params)
            except SluiceError as error:
                self._previewed = None
                self._show_preview([(f"{error} Nothing was sent.", "$text-error")])
                return None
            if self not in self.app.screen_stack:
                return None  # left with esc meanwhile
            drift = found.preview.drift(again)
            self._take(found.new, again, found.searched)
            found = replace(found, preview=again)
            if self._previewed is not None and self._previewed.refusal:
                self.notice(f"{drift.describe()}. Nothing was sent." if drift else "Nothing was sent.")
                return None
            if not drift:
                return found

    def _tell_differences(self, created: CreatedJob) -> None:
        """Say what the job does differently, and whether it was stopped; the form stays."""
        name = sanitize(created.job.id)
        self._show_preview(
            [
                (f"The new job DIFFERS from what was asked for. {created.what_became_of_it()}\n", "$text-error bold"),
                *((f"{difference}\n", "$text-error") for difference in created.differences),
                f"It is job {name}: esc, and enter on it in the list shows its rows. ! keeps all this.",
            ]
        )
