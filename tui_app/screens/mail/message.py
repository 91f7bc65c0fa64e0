"""One message, only to read: the fields of the job's row, and the fields of the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.text import Untrusted
from tui_app.jobs.progress import describe_action
from tui_app.screens import format as fmt
from tui_app.screens.copy import Value, kept_private, message_values, row_values
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage, Message
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece


def _field(name: str, *values: object) -> list[Piece]:
    """A name and its values, one value a line; an empty list without values."""
    shown = [
        value.detail() if isinstance(value, Untrusted) else str(value) for value in values if value not in (None, "")
    ]
    if not shown:
        return []
    text = ("\n" + " " * MessageScreen.hang).join(shown)
    return [(f"{name:<14} ", "dim"), kept_private(name, text), "\n"]


def row_lines(job: Job, row: JobMessage) -> list[Piece]:
    """The fields of a job's row: one action on one message for one recipient."""
    state = fmt.row_state(row.status)
    return [
        ("The job's row\n", "bold"),
        *_field("status", state.text),
        *_field("why", row.status_message),
        *_field("action", describe_action(job)),
        *_field("recipient", row.recipient),
        *_field("tries", row.retry_count),
        *_field("retry after", fmt.local(row.retry_after) if row.retry_after else None),
        *_field("processed", fmt.local(row.processed_at) if row.processed_at else None),
        *_field("created", fmt.local(row.created_at) if row.created_at else None),
        *_field("row id", row.message_id),
        *_field("postfix id", row.postfix_id),
        *_field("alert id", row.alert_id),
        *_field("Message-ID", row.email_message_id),
        "\n",
    ]


def mail_of_row(row: JobMessage) -> list[Piece]:
    """What the row says of its message, until the message itself is read."""
    lines = [
        *_field("subject", row.subject),
        *_field("from", row.sender),
        *_field("investigate id", row.investigate_id),
    ]
    return [("The message\n", "bold"), *lines] if lines else []


def message_lines(message: Message) -> list[Piece]:
    """The fields of a message."""
    return [
        ("The message\n", "bold"),
        *_field("subject", message.subject),
        *_field("from", message.sender),
        *_field("name", message.from_name),
        *_field("to", *message.recipients),
        *_field("verdict", fmt.verdict(message.final_disposition).text),
        *_field("reasons", *message.detection_reasons),
        *_field("held now", {True: "yes", False: "no", None: "can't tell"}[message.is_quarantined]),
        *_field("delivery", *message.delivery_status),
        *_field("done to it", *message.post_delivery_operations),
        *_field("submission", "phish submission: jobs skip it" if message.is_phish_submission else None),
        *_field("scanned", fmt.local(message.when)),
        *_field("investigate id", message.id),
        *_field("postfix id", message.postfix_id),
        *_field("alert id", message.alert_id),
        *_field("Message-ID", message.message_id),
    ]


class MessageScreen(TextScreen):
    """The details of a job's row, of a held message, or of one that is known by its id only."""

    screen_name = "message"
    hang = 15
    BINDINGS = actions.bindings("message")

    def __init__(
        self,
        service: EmailSecurityService,
        message: Message | None,
        *,
        job: Job | None = None,
        row: JobMessage | None = None,
        investigate_id: Untrusted | None = None,
        under: str = "Plan",
    ) -> None:
        super().__init__(service)
        self._message = message
        self._row = row
        known = message.id if message is not None else row.investigate_id if row is not None else None
        self._investigate_id = investigate_id or known
        self._above = row_lines(job, row) if job is not None and row is not None else []
        self._below = mail_of_row(row) if row is not None else []
        self._where = (
            "Jobs › job › row" if row is not None else "Quarantine › message" if message else f"{under} › message"
        )

    def on_mount(self) -> None:
        """Show what is known, and read the message."""
        super().on_mount()
        if self._investigate_id is None:
            self._show("the API gave no message for this row")
        else:
            self._show("reading the message…")
            self._read(self._investigate_id.exact)

    def copy_id(self) -> str:
        """The investigate id; empty if it is not known."""
        return str(self._investigate_id or "")

    def copy_values(self) -> Sequence[Value]:
        """The values of the message, or of the row until the message is read."""
        if self._message is not None:
            return message_values(self._message)
        return row_values(self._row) if self._row is not None else ()

    def _show(self, state: str) -> None:
        self.set_breadcrumb([(self._where, "bold")], [(state, "dim")])
        self.show_text(*self._above, *(message_lines(self._message) if self._message else self._below))

    @work(exclusive=True)
    async def _read(self, investigate_id: str) -> None:
        try:
            self._message = await self.service.mail.message(investigate_id)
            self._show(f"read {local_time(self.service.clock.now()):%H:%M:%S}")
        except SluiceError as error:
            self.service.record(str(error), error.details() if isinstance(error, ApiError) else ())
            self._show("as in the list")
            self.notice(f"{error} ! tells more.")
