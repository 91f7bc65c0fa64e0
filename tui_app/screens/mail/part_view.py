"""The parts of a message as the lines of a pager: what each looks like, and how much is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload

from tui_app.api.enums import Disposition
from tui_app.core.background import in_background
from tui_app.core.text import DETAIL_LIMIT, Untrusted, sanitize
from tui_app.jobs.progress import describe_action
from tui_app.mail.defang import defang
from tui_app.mail.message_parts import Failed, MessageParts, Part
from tui_app.mail.other_mail import facts_of
from tui_app.mail.part_text import (
    ADDRESS,
    HEADING,
    MARGIN,
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
from tui_app.widgets.pager import Margin, PagerLine
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
_MARGIN: Final = Margin(MARGIN)
_MOST_LINKS: Final = 4
_ABOVE: Final = ("subject", "from", "signs", "verdict")
"""What is shown of a message above the details of its row."""


def _style_of(line: PartLine) -> str:
    """A sign and a verdict look as they do in a list. No mail makes such a line: a header's label ends with a colon."""
    if line.tone == WARNING and line.text.startswith(("≈ ", "≠ ")):
        return fmt.SIGN
    if line.label == "verdict":
        other = None if line.text == "none" else Untrusted(line.text)
        verdict = next((each for each in Disposition if each.value == line.text), other)
        return f"{_TONES[line.tone]} {fmt.style_of(fmt.verdict(verdict).tone)}".strip()
    return _TONES[line.tone]


def pager_line(line: PartLine) -> PagerLine:
    """A line for the pager."""
    text = (
        PrivateText(line.text)
        if line.keep == PRIVATE
        else AddressText(line.text)
        if line.keep == ADDRESS
        else line.text
    )
    style = _style_of(line)
    shown: Piece = (text, style) if style else text
    if line.quoted:
        return ((_MARGIN, "dim"), shown)
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


@dataclass(frozen=True, slots=True)
class RowLines:
    """The fields of a job's row: one action on one message for one recipient."""

    state: Lines
    details: Lines
    ids: Lines
    message: Lines
    """What the row tells of the message."""


def row_lines(job: Job, row: JobMessage) -> RowLines:
    """The lines of a job's row."""

    def fact(label: str, value: object, keep: str = "") -> Lines:
        if value is None or value == "":
            return []
        detail = getattr(value, "detail", None)
        text = detail() if detail is not None else sanitize(str(value), DETAIL_LIMIT)
        return [PartLine(text, label, keep=keep)] if text else []

    return RowLines(
        state=[
            PartLine("The job's row", tone=HEADING),
            *fact("status", fmt.row_state(row.status).text),
            *fact("why", row.status_message),
        ],
        details=[
            *fact("action", describe_action(job)),
            *fact("recipient", row.recipient, ADDRESS),
            *fact("tries", row.retry_count),
            *fact("retry after", fmt.local(row.retry_after) if row.retry_after else None),
            *fact("processed", fmt.local(row.processed_at) if row.processed_at else None),
            *fact("created", fmt.local(row.created_at) if row.created_at else None),
        ],
        ids=[
            *fact("row id", row.message_id),
            *fact("postfix id", row.postfix_id),
            *fact("alert id", row.alert_id),
            *fact("Message-ID", row.email_message_id),
            *fact("investigate id", row.investigate_id),
        ],
        message=[*fact("subject", row.subject, PRIVATE), *fact("from", row.sender, ADDRESS)],
    )


def with_row(row: RowLines, summary: Lines) -> Lines:
    """A row and its message: first what became of it and what it is, at the end the ids of the row."""
    groups: dict[str, Lines] = {}
    name = ""
    for line in summary:
        name = name if line.label == " " else line.label or "signs"
        groups.setdefault(name, []).append(line)
    above = [line for name in _ABOVE for line in groups.pop(name, [])]
    rest = [line for lines in groups.values() for line in lines]
    told = {line.label for line in rest}
    ids = [line for line in row.ids if line.label != "investigate id" or line.label not in told]
    blocks = [above, row.details, rest, [PartLine("The row's ids", tone=HEADING), *ids] if ids else []]
    return [*row.state, *(line for block in blocks if block for line in (*block, PartLine()))][:-1]


class PartView:
    """Shows one message; what a list knows of it is shown until the server answered."""

    def __init__(self, message: MessageRef, known: KnownDomains) -> None:
        self._reference = message
        self._known = known
        self._made: dict[Part, tuple[object, object, Lines]] = {}
        """The lines of parts that were read, each with the answer and what else it was made of."""

        self._making: dict[Part, tuple[object, object, asyncio.Task[None]]] = {}

    def lines(self, part: Part, parts: MessageParts | None) -> Sequence[PagerLine]:
        """The lines of a part as far as it is known."""
        return PagerLines(self.part_lines(part, parts))

    def part_lines(self, part: Part, parts: MessageParts | None) -> Lines:
        """The same as plain lines. What was read is shown when `make` has made lines of it."""
        reference = self._reference
        answer = parts.of(part) if parts is not None else None
        if part is Part.SUMMARY:
            message = (parts.message if parts is not None else None) or reference.message
            row = row_lines(reference.job, reference.row) if reference.job and reference.row else None
            if row is not None:
                return with_row(row, row.message if message is None else self._summary(message))
            if message is None:
                return [PartLine(answer.sentence, tone=WARNING)] if isinstance(answer, Failed) else []
            return self._summary(message)
        if isinstance(answer, Failed):
            return [PartLine(answer.sentence, tone=WARNING)]
        if answer is None:
            return [PartLine("reading…", tone=MUTED)] if parts is not None else []
        made = self._made.get(part)
        return made[2] if made is not None and made[0] is answer else [PartLine("making its lines…", tone=MUTED)]

    def is_made(self, part: Part, parts: MessageParts) -> bool:
        """Whether the lines of a part are there, as far as it was read."""
        answer, made = parts.of(part), self._made.get(part)
        if part is Part.SUMMARY or answer is None or isinstance(answer, Failed):
            return True
        return made is not None and made[0] is answer and made[1] == self._told_by(part, parts)

    def make(self, part: Part, parts: MessageParts) -> None:
        """Make the lines of a part that was read, once for each answer; for a thread: a long mail takes a second."""
        answer, told = parts.of(part), self._told_by(part, parts)
        if answer is not None and not self.is_made(part, parts):
            self._made[part] = answer, told, lines_of(part, parts, self._known, self._reference.message)

    async def make_beside(self, part: Part, parts: MessageParts) -> None:
        """The same in the background. Who leaves and comes back waits for what was begun; nobody waits for it at the end."""
        answer, told = parts.of(part), self._told_by(part, parts)
        making = self._making.get(part)
        if making is None or making[0] is not answer or making[1] != told or making[2].done():
            making = answer, told, asyncio.create_task(in_background(self.make, part, parts))
            self._making[part] = making
        await asyncio.shield(making[2])

    def _told_by(self, part: Part, parts: MessageParts) -> object:
        """What beside its answer the lines of a part are made of."""
        facts = facts_of(parts.message or self._reference.message)
        return (facts, parts.trace_remarks) if part is Part.TRACE else facts

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
