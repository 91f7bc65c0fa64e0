"""The form of a new bulk job: fields, a preview by search, a typed confirmation, one POST."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual import work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Collapsible, Input, Static

from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition
from tui_app.api.search import SearchParams
from tui_app.api.write_result import Ambiguous, Done, describe
from tui_app.core.clock import parse_window
from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.jobs.job_write import DIFFERS, PreviewFacts, describe_write
from tui_app.jobs.new_job import CreatedJob, JobPreview, NewJob
from tui_app.jobs.progress import DESTINATION_LABELS
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.confirm import Confirm
from tui_app.widgets.inputs import CycleSelect, LineInput
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.text_lines import Piece, TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.models import Job
    from tui_app.service import EmailSecurityService

_UNDO: Final = {
    Destination.INBOX: "can be moved again",
    Destination.JUNK: "can be moved back",
    Destination.DELETED_ITEMS: "users can restore it from the trash",
    Destination.SOFT_DELETE: "users can recover it for a while (Microsoft 365 only)",
    Destination.HARD_DELETE: "users can NOT recover it; only an administrator can, for a while",
}
_MAIN_TEXTS: Final = (
    ("sender", "sender", "address or domain"),
    ("recipient", "recipient", "address or domain"),
    ("subject", "subject", "words, any order"),
    ("start", "start", "24h, 7d, 2026-11-20T14:00Z; empty: 7 days"),
    ("end", "end", "now"),
)
_MORE_TEXTS: Final = (
    ("query", "query", "words anywhere"),
    ("exact_subject", "exact subject", "the whole subject"),
    ("domain", "domain", "of sender, recipient, link"),
    ("message_id", "Message-ID", ""),
    ("alert_id", "alert id", ""),
    ("metric", "metric", ""),
    ("smtp_helo_ip", "helo ip", ""),
)


_DESTINATIONS: Final = (
    Destination.JUNK,
    *(destination for destination in Destination if destination is not Destination.JUNK),
)


def _row(label: str, field: Widget) -> Horizontal:
    return Horizontal(Static(label, classes="label", markup=False), field, classes="field")


def _text_row(name: str, label: str, hint: str, value: str = "") -> Horizontal:
    return _row(label, LineInput(value, placeholder=hint, id=name, compact=True))


class NewJobScreen(ConsoleScreen):
    """The form. Enter previews; enter again without a change opens the confirmation."""

    CSS_PATH = sheet("screens/new_job")
    screen_name = "new_job"
    AUTO_FOCUS = "#sender"
    BINDINGS = [Binding("enter", "go_on", show=False)]

    class Created(Message):
        """The job was created."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self.job = job

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._previewed: tuple[NewJob, JobPreview] | None = None
        self._fields: tuple[Any, ...] = ()

    def content(self) -> Iterable[Widget]:
        """The form and the preview."""
        yes_no = ((False, "detections only"), (True, "all mail, detections or not"))
        yield VerticalScroll(
            _row(
                "action",
                CycleSelect([(ActionType.MOVE, "move"), (ActionType.RELEASE, "release from quarantine")], id="action"),
            ),
            _row(
                "destination",
                CycleSelect(
                    [(d, f"{DESTINATION_LABELS[d]}: {_UNDO[d]}") for d in _DESTINATIONS],
                    id="destination",
                ),
            ),
            *(_text_row(name, label, hint, "24h" if name == "start" else "") for name, label, hint in _MAIN_TEXTS),
            _row("mail", CycleSelect(yes_no, id="all_mail")),
            _text_row("comment", "comment", "why, for the record; kept with the job"),
            Collapsible(
                *(_text_row(name, label, hint) for name, label, hint in _MORE_TEXTS),
                _row(
                    "verdict",
                    CycleSelect([(None, "any"), *((d, d.value) for d in Disposition)], id="final_disposition"),
                ),
                _row(
                    "delivery",
                    CycleSelect([(None, "any"), *((d, d.value) for d in DeliveryStatus)], id="delivery_status"),
                ),
                _row(
                    "done before",
                    CycleSelect(
                        [(None, "anything"), *((a, a) for a in ("PREVIEW", "QUARANTINE_RELEASED", "MOVED"))],
                        id="message_action",
                    ),
                ),
                _row("search in", CycleSelect([(False, "mail"), (True, "submissions")], id="submissions")),
                title="more fields",
                id="more",
            ),
            TextBlock(id="preview"),
            id="form",
        )

    def on_mount(self) -> None:
        """Show the form with the default values."""
        super().on_mount()
        self.set_breadcrumb([("Jobs › ", "dim"), ("new job", "bold")], ["nothing is sent before you confirm"])
        # Not scrolled to: in a small window the first fields would be out of sight.
        self.query_one("#preview", TextBlock).set_text(
            ("Enter counts the messages of this job. Nothing is sent before you type a confirmation.", "dim")
        )

    def footer_keys(self) -> Sequence[tuple[str, str]]:
        """The keys of the form."""
        return (
            ("enter", "preview, then confirm"),
            ("tab", "next"),
            ("space", "change"),
            ("esc", "back"),
            ("f1", "help"),
        )

    def _show_preview(self, pieces: Sequence[Piece]) -> None:
        self.query_one("#preview", TextBlock).set_text(*pieces)
        self.query_one("#preview", TextBlock).scroll_visible(animate=False)

    async def _told_differences(self, created: CreatedJob) -> None:
        """Say first what the job does differently, and cancel it if the operator agrees."""
        facts: list[Piece] = [
            f"{sanitize(created.job.id)}\n",
            *((f"{difference}\n", "$text-error bold") for difference in created.differences),
            "It may act on other mail, or put it elsewhere. y cancels it.\n",
        ]
        question = Confirm("The new job differs from what was asked for. Cancel it?", facts, way_out="Let it run")
        if await self.app.push_screen_wait(question):
            try:
                result = await self.service.jobs.cancel(created.job, DIFFERS)
            except SluiceError as error:
                self.notice(str(error))
                return
            self.notice(f"{describe_write('cancel', result)} ! tells more.")

    # ---- the values of the form

    def _text(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None

    def _chosen(self, name: str) -> Any:
        return self.query_one(f"#{name}", CycleSelect).value

    def _values(self) -> tuple[Any, ...]:
        """Everything typed and chosen, to see whether it changed since the preview."""
        texts = tuple(box.value for box in self.query(Input))
        return texts + tuple(choice.value for choice in self.query(CycleSelect))

    def _new_job(self) -> NewJob:
        """The job that the form describes. Raises ValueError or GuardError with a sentence for the operator."""
        now = self.service.clock.now()

        start, end = parse_window(self._text("start"), self._text("end"), now)
        action = self._chosen("action")
        params = SearchParams(
            start=start,
            end=end,
            detections_only=not self._chosen("all_mail"),
            final_disposition=self._chosen("final_disposition"),
            delivery_status=self._chosen("delivery_status"),
            message_action=self._chosen("message_action"),
            submissions=self._chosen("submissions"),
            **{
                name: self._text(name)
                for name in (
                    "sender",
                    "recipient",
                    "subject",
                    "query",
                    "exact_subject",
                    "domain",
                    "message_id",
                    "alert_id",
                    "metric",
                    "smtp_helo_ip",
                )
            },
        )
        destination = self._chosen("destination") if action is ActionType.MOVE else None
        return NewJob(
            action=action, params=params, destination=destination, comment=self._text("comment") or ""
        ).checked(now)

    def on_cycle_select_changed(self) -> None:
        """Fix what a release does not let you choose: no destination, only held mail."""
        releasing = self._chosen("action") is ActionType.RELEASE
        self.query_one("#destination", CycleSelect).disabled = releasing
        delivery = self.query_one("#delivery_status", CycleSelect)
        delivery.disabled = releasing
        if releasing and delivery.value is not DeliveryStatus.QUARANTINED:
            delivery.choose(DeliveryStatus.QUARANTINED)

    def on_input_submitted(self) -> None:
        """Preview or confirm, as enter does outside of a field."""
        self.action_go_on()

    def action_go_on(self) -> None:
        """Preview, or confirm if the preview is of exactly these values."""
        if self.awaiting:
            return
        if self._previewed is not None and self._values() == self._fields:
            self._confirm(*self._previewed)
        else:
            self._preview()

    @work(exclusive=True, group="preview")
    async def _preview(self) -> None:
        self._previewed = None
        try:
            new = self._new_job()
        except (ValueError, SluiceError) as error:
            self._show_preview([(str(error), "$text-error")])
            return
        fields = self._values()
        self._show_preview(["Counting…"])
        try:
            preview = await self.service.jobs.preview(
                new.params, lambda count: self._show_preview([f"Counting… {count:,} so far"])
            )
            self.service.jobs.guard(new, preview)
        except SluiceError as error:
            self._show_preview([(f"{error}", "$text-error")])
            return
        self._previewed, self._fields = (new, preview), fields
        self._show_preview([*self._describe(new, preview), ("\nEnter again to confirm.", "bold")])

    @staticmethod
    def _describe(new: NewJob, preview: JobPreview) -> list[Piece]:
        at_least = "" if preview.complete else "at least "
        verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in preview.dispositions)
        pieces: list[Piece] = [
            (
                f"Finds {at_least}{plural(preview.count, 'message')} for {plural(preview.recipients, 'mailbox', 'mailboxes')}. ",
                "bold",
            ),
            f"{verdicts}\n",
        ]
        for message in preview.sample[:3]:
            subject = PrivateText(sanitize(message.subject.exact, 40))
            sender = AddressText(sanitize(message.sender.exact, 40))
            pieces += ["  ", (sender, "dim"), "  ", (subject, "dim"), "\n"]
        if not preview.count and not preview.unasked:
            pieces.append(("The search finds nothing now: this job would do nothing.\n", "$text-warning"))
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
            pieces.append(("Only held messages are released (delivery_status: quarantined).\n", "dim"))
        if new.params.detections_only:
            pieces.append(("Detections only: messages without a detection are left alone.\n", "dim"))
        return pieces

    @work(exclusive=True, group="create")
    async def _confirm(self, new: NewJob, preview: JobPreview) -> None:
        what = (
            "Release"
            if new.action is ActionType.RELEASE
            else f"Move to {DESTINATION_LABELS[new.destination or Destination.JUNK]}"
        )
        facts = self._describe(new, preview)
        if new.destination is not None:
            facts.append(
                (
                    f"{_UNDO[new.destination]}\n",
                    "$text-error bold" if new.destination is Destination.HARD_DELETE else "",
                )
            )
        typed = "y" if preview.count == 1 else str(preview.count)
        if not await self.app.push_screen_wait(Confirm(f"{what}: start this job?", facts, typed=typed)):
            self.notice("Nothing was sent.")
            return
        self.awaiting = True
        self._show_preview([("Sent, waiting for the answer…", "bold")])
        try:
            result = await self.service.jobs.create(new, preview=PreviewFacts.of(preview))
        except SluiceError as error:
            self.awaiting = False
            self._show_preview([(str(error), "$text-error")])
            return
        self.awaiting = False
        self._previewed = None
        if isinstance(result, Done):
            if result.value.differences:
                await self._told_differences(result.value)
            self.post_message(self.Created(result.value.job))
            return
        words, _ = describe(result)
        if isinstance(result, Ambiguous):
            words += " The job is not in the list yet. Look at the jobs before you start another."
        self._show_preview([(f"New job: {words} ! tells more.", "$text-error")])
