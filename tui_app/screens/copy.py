"""The copy screen: the values of a row, each with a number, for the clipboard or as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app import actions
from tui_app.core.text import DETAIL_LIMIT, Untrusted, plural, sanitize
from tui_app.jobs.progress import describe_search
from tui_app.screens.base import NOTHING_MARKED
from tui_app.screens.text_screen import TextScreen
from tui_app.terminal.plain_text import show_plainly
from tui_app.widgets.redaction import AddressText, PrivateText, redaction_of

if TYPE_CHECKING:
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage, Message
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_MOST: Final = 9


class CopyScreen(TextScreen):
    """Values with numbers; a number copies, `t` prints all of them on the terminal's normal screen."""

    screen_name = "copy"
    BINDINGS = actions.bindings("copy")

    def __init__(self, service: EmailSecurityService, values: Sequence[Value], marked: Sequence[str] = ()) -> None:
        super().__init__(service)
        self._values = tuple(values)[:_MOST]
        self._marked = tuple(marked)

    @property
    def plain_text_hint(self) -> str:
        """All of it is one key away."""
        return "‹copy.plain› shows it."

    def mounted(self) -> None:
        """Show the values."""
        super().mounted()
        self.set_breadcrumb([("Copy", "bold")], [plural(len(self._marked), "marked row")] if self._marked else [])
        pieces: list[Piece] = []
        for number, (name, text) in enumerate(self._values, 1):
            shown = kept_private(name, text)
            pieces += [(f"{number} ", "bold $text-accent"), (f"{name:<15} ", "dim"), shown, "\n"]
        if self._marked:
            pieces += [
                ("\na ", "bold $text-accent"),
                f"the ids of {plural(len(self._marked), 'marked row')}, one line\n",
            ]
        pieces += [
            ("\nt ", "bold $text-accent"),
            "all of this as plain text on the terminal's normal screen\n",
            (
                "\nA number asks the terminal to copy the value (OSC 52). Terminals don't answer to it, and "
                "some refuse it. t always works.\n",
                "dim",
            ),
        ]
        self.show_text(*pieces)

    def why_not(self, action_id: str) -> str:
        """Ids only of marked rows."""
        none = action_id == "copy.marked" and not self._marked
        return NOTHING_MARKED if none else super().why_not(action_id)

    def action_copy_value(self, key: str) -> None:
        """Copy the value under a number."""
        number = int(key)
        if number <= len(self._values):
            name, text = self._values[number - 1]
            self.copy(text, f'"{name}"')
        else:
            self.notice(f"There is no value {number}.")

    def action_copy_marked(self) -> None:
        """Copy the ids of the marked rows."""
        if self._marked:
            self.copy(" ".join(self._marked), plural(len(self._marked), "id"))
        else:
            self.notice(NOTHING_MARKED)

    @work(exclusive=True)
    async def action_copy_plain(self) -> None:
        """Print everything on the terminal's normal screen."""
        if redaction_of(self).on:
            self.notice("Plain text would show what is hidden. ‹screen.redact› shows it first.")
            return
        lines = [f"{name}: {text}" for name, text in self._values]
        await show_plainly(self.app, [*lines, *(["", *self._marked] if self._marked else [])])


Value = tuple[str, str]
_PRIVATE: Final = frozenset({"subject", "name", "comment", "search", "command", "curl", "left out"})
_ADDRESSES: Final = frozenset({"from", "to", "sender", "recipient"})


def kept_private(name: str, text: str) -> str:
    """The text of a value of this name, as a type that redaction hides: whole, or what is before the @."""
    if name in _PRIVATE:
        return PrivateText(text)
    return AddressText(text) if name in _ADDRESSES else text


def _value(name: str, content: object) -> list[Value]:
    """A value in its sanitized form; an empty list for an empty value."""
    if content is None or content == "":
        return []
    text = content.detail() if isinstance(content, Untrusted) else sanitize(str(content), DETAIL_LIMIT)
    return [(name, text)] if text else []


def job_values(job: Job) -> list[Value]:
    """The values of a job."""
    return [
        *_value("job id", job.job_id),
        *_value("comment", job.comment),
        *_value("search", describe_search(job)),
        *_value("why", job.status_message),
    ]


def row_values(row: JobMessage) -> list[Value]:
    """Of a job's row."""
    from tui_app.jobs.row_columns import JOB_ROWS

    return [value for column in JOB_ROWS.copied for value in _value(column.copied_as, getattr(row, column.name))]


def message_values(message: Message) -> list[Value]:
    """The values of a message."""
    return [
        *_value("investigate id", message.id),
        *_value("from", message.sender),
        *_value("to", ", ".join(map(str, message.recipients))),
        *_value("subject", message.subject),
        *_value("postfix id", message.postfix_id),
        *_value("Message-ID", message.message_id),
        *_value("alert id", message.alert_id),
        *_value("reasons", "; ".join(map(str, message.detection_reasons))),
    ]
