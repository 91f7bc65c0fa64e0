"""The parts of a message as the lines of a pager: what each looks like, and how much is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, overload

from tui_app.core.text import DETAIL_LIMIT, sanitize
from tui_app.jobs.progress import describe_action
from tui_app.mail.defang import defang
from tui_app.mail.message_parts import Failed, MessageParts, Part
from tui_app.mail.part_text import (
    ADDRESS,
    HEADING,
    MUTED,
    PRIVATE,
    WARNING,
    Lines,
    PartLine,
    lines_of,
    summary_lines,
)
from tui_app.mail.signs import message_signs
from tui_app.screens import format as fmt
from tui_app.widgets.pager import PagerLine
from tui_app.widgets.redaction import AddressText, PrivateText

if TYPE_CHECKING:
    from tui_app.api.details import Detections
    from tui_app.api.models import Job
    from tui_app.api.rows import JobMessage, Message
    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.signs import Sign
    from tui_app.screens.copy import Value
    from tui_app.screens.mail.siblings import MessageRef
    from tui_app.widgets.text_lines import Piece

_TONES: Final = {HEADING: "bold", WARNING: "bold $text-warning", MUTED: "dim", "": ""}
_LABEL: Final = 15
"""Cells of a label and the blank behind it."""
_MOST_LINKS: Final = 4


def pager_line(line: PartLine) -> PagerLine:
    """A line for the pager."""
    text = (
        PrivateText(line.text)
        if line.keep == PRIVATE
        else AddressText(line.text)
        if line.keep == ADDRESS
        else line.text
    )
    shown: Piece = (text, _TONES[line.tone]) if _TONES[line.tone] else text
    if not line.label:
        return (shown,)
    label = line.label if len(line.label) < _LABEL else f"{line.label} "
    return ((f"{label:<{_LABEL}}", "dim"), shown)


class PagerLines(Sequence[PagerLine]):
    """Lines for the pager, each made when it is looked at: of a long mail, few are."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> PagerLine: ...
    @overload
    def __getitem__(self, index: slice) -> PagerLines: ...
    def __getitem__(self, index: int | slice) -> PagerLine | PagerLines:
        """A line for the pager."""
        return PagerLines(self._lines[index]) if isinstance(index, slice) else pager_line(self._lines[index])


def row_lines(job: Job, row: JobMessage) -> Lines:
    """The fields of a job's row: one action on one message for one recipient."""

    def fact(label: str, value: object, keep: str = "") -> Lines:
        if value is None or value == "":
            return []
        detail = getattr(value, "detail", None)
        text = detail() if detail is not None else sanitize(str(value), DETAIL_LIMIT)
        return [PartLine(text, label, keep=keep)] if text else []

    return [
        PartLine("The job's row", tone=HEADING),
        *fact("status", fmt.row_state(row.status).text),
        *fact("why", row.status_message),
        *fact("action", describe_action(job)),
        *fact("recipient", row.recipient, ADDRESS),
        *fact("tries", row.retry_count),
        *fact("retry after", fmt.local(row.retry_after) if row.retry_after else None),
        *fact("processed", fmt.local(row.processed_at) if row.processed_at else None),
        *fact("created", fmt.local(row.created_at) if row.created_at else None),
        *fact("row id", row.message_id),
        *fact("postfix id", row.postfix_id),
        *fact("alert id", row.alert_id),
        *fact("Message-ID", row.email_message_id),
        PartLine(),
        *([PartLine("The message", tone=HEADING)] if row.subject or row.sender or row.investigate_id else []),
        *fact("subject", row.subject, PRIVATE),
        *fact("from", row.sender, ADDRESS),
        *fact("investigate id", row.investigate_id),
    ]


class PartView:
    """Shows one message; what a list knows of it is shown until the server answered."""

    def __init__(self, message: MessageRef, known: KnownDomains) -> None:
        self._reference = message
        self._known = known
        self._made: dict[Part, tuple[object, Lines]] = {}
        """The lines of parts that were read, each with the answer that it was made of."""

    def lines(self, part: Part, parts: MessageParts | None) -> Sequence[PagerLine]:
        """The lines of a part as far as it is known."""
        return PagerLines(self.part_lines(part, parts))

    def part_lines(self, part: Part, parts: MessageParts | None) -> Lines:
        """The same as plain lines. What was read is shown when `make` has made lines of it."""
        reference = self._reference
        answer = parts.of(part) if parts is not None else None
        if part is Part.SUMMARY:
            message = (parts.message if parts is not None else None) or reference.message
            row = row_lines(reference.job, reference.row) if reference.job and reference.row else []
            if message is None:
                return row or ([PartLine(answer.sentence, tone=WARNING)] if isinstance(answer, Failed) else [])
            above = [line for line in row if line.label not in ("subject", "from", "investigate id")]
            if above and above[-1].text == "The message":
                del above[-1]
            return [*above, *self._summary(message)]
        if isinstance(answer, Failed):
            return [PartLine(answer.sentence, tone=WARNING)]
        made = self._made.get(part)
        if answer is not None and made is not None and made[0] is answer:
            return made[1]
        return [PartLine("reading…", tone=MUTED)] if parts is not None else []

    def make(self, part: Part, parts: MessageParts) -> None:
        """Make the lines of a part that was read, once for each answer; for a thread: a long mail takes a second."""
        answer, made = parts.of(part), self._made.get(part)
        if answer is not None and (made is None or made[0] is not answer):
            self._made[part] = answer, lines_of(part, parts, self._known)

    def _summary(self, message: Message) -> Lines:
        return summary_lines(message, self.signs(message), self._reference.odd)

    def signs(self, message: Message) -> tuple[Sign, ...]:
        """The signs of a message, the worst first."""
        return message_signs(message, self._known)

    def counts(self, parts: MessageParts | None) -> Mapping[Part, int | None]:
        """How much is in each part that was read."""
        if parts is None:
            return {}
        found: dict[Part, int | None] = {}
        if (detections := parts.detections) is not None:
            found[Part.WHY] = len(detections.findings)
            found[Part.LINKS] = len(detections.links) + len(detections.attachments)
            found[Part.HEADERS] = len(detections.headers)
        if parts.action_log is not None:
            found[Part.ACTIONS] = len(parts.action_log.entries)
        if parts.trace is not None:
            found[Part.TRACE] = len(parts.trace.inbound.lines) + len(parts.trace.outbound.lines)
        return found


def link_values(found: Detections, lines: Lines, first_line: int) -> Sequence[Value]:
    """Links to copy, each so that nothing opens it, and as it is: from the one that is shown first on.

    `lines` = the part with the links, `first_line` = the first one on the screen, from 1.
    """
    begun = sum(line.label.isdecimal() for line in lines[:first_line])
    start = max(0, min(begun - 1, len(found.links) - _MOST_LINKS))
    values: list[Value] = []
    for number, link in enumerate(found.links[start : start + _MOST_LINKS], start + 1):
        text = sanitize(link.href.exact, DETAIL_LIMIT)
        values += [(f"link {number}", defang(text)), (f"{number} in full", text)]
    return values
