"""The parts of one message: each is read when somebody turns to it, once, and says in words why it can't be had.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.errors import Forbidden, NotFound
from tui_app.api.pagination import read_action_log
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural
from tui_app.core.verdict import canonical_verdict

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.details import Detections, MailPreview, RawMessage, Trace
    from tui_app.api.pagination import ActionLog
    from tui_app.api.rows import Message
    from tui_app.core.clock import Clock

_WITHOUT_DETECTION: Final = frozenset({"NONE", "UNKNOWN", "EXTERNAL", "ENCRYPTED"})


class Part(StrEnum):
    """What a message is read in."""

    SUMMARY = "summary"
    WHY = "why"
    LINKS = "links"
    TRACE = "trace"
    ACTIONS = "actions"
    HEADERS = "headers"
    RAW = "raw"


class Source(StrEnum):
    """What is asked of the server: several parts may be made of one answer."""

    MESSAGE = "message"
    DETECTIONS = "detections"
    TRACE = "trace"
    ACTION_LOG = "action_log"
    RAW = "raw"


SOURCE_OF: Final = {
    Part.SUMMARY: Source.MESSAGE,
    Part.WHY: Source.DETECTIONS,
    Part.LINKS: Source.DETECTIONS,
    Part.TRACE: Source.TRACE,
    Part.ACTIONS: Source.ACTION_LOG,
    Part.HEADERS: Source.DETECTIONS,
    Part.RAW: Source.RAW,
}


@dataclass(frozen=True, slots=True)
class Failed:
    """Why something can't be had: in a sentence for people, and the error."""

    sentence: str
    error: SluiceError


class MessageParts:
    """One message as far as it was read. What was read once is not asked for again, but by `forget`."""

    def __init__(self, client: Callable[[], EmailSecurityClient], clock: Clock, investigate_id: str) -> None:
        self._client = client
        self._clock = clock
        self.investigate_id = investigate_id
        self._read: dict[Source, object] = {}
        self._read_at: dict[Source, datetime] = {}
        self._outdated: set[Source] = set()
        self.trace_asks = 0
        """How many times the trace was asked for since somebody last wanted it anew."""
        self.trace_failed: Failed | None = None
        """Why the trace could not be read again, where that failed the last time."""

    def take(self, message: Message) -> None:
        """The message was read by somebody else just now: it is not asked for again."""
        self._read[Source.MESSAGE] = message
        self._read_at[Source.MESSAGE] = self._clock.now()

    def of(self, part: Part) -> object | None:
        """The answer that a part is made of, or `Failed`; None until it is read."""
        return self._read.get(SOURCE_OF[part])

    def read_at(self, part: Part) -> datetime | None:
        """When it was read."""
        return self._read_at.get(SOURCE_OF[part])

    def forget(self, part: Part) -> None:
        """Ask for it again the next time. Lines of a trace are kept until there are others."""
        source = SOURCE_OF[part]
        if source is Source.TRACE and self.trace is not None:
            self._outdated.add(source)
        else:
            self._read.pop(source, None)

    def begin_trace(self) -> None:
        """Ask for the trace again, and as often as the first time while it is not whole."""
        self.forget(Part.TRACE)
        self.trace_asks = 0

    @property
    def trace_remarks(self) -> list[str]:
        """What is to be told of how the trace was read, in sentences."""
        remarks: list[str] = []
        if (failed := self.trace_failed) is not None:
            at = self._read_at.get(Source.TRACE)
            of = f"; these are the lines of {local_time(at):%H:%M:%S}" if at is not None else ""
            remarks.append(f"It could not be read again{of}. {failed.sentence}")
        if self.trace is not None and self.trace.pending and self.trace_asks > len(ASK_AGAIN):
            remarks.append(f"Still on its way after it was asked for {plural(self.trace_asks, 'time')}; r asks again.")
        return remarks

    @property
    def message(self) -> Message | None:
        """The message as the server has it; None until it is read."""
        found: Message | None = self._typed(Source.MESSAGE)
        return found

    @property
    def detections(self) -> Detections | None:
        """Why it was detected; None until it is read, and where it can't be had."""
        found: Detections | None = self._typed(Source.DETECTIONS)
        return found

    @property
    def trace(self) -> Trace | None:
        """Its way through mail servers."""
        found: Trace | None = self._typed(Source.TRACE)
        return found

    @property
    def action_log(self) -> ActionLog | None:
        """What was done to it."""
        found: ActionLog | None = self._typed(Source.ACTION_LOG)
        return found

    @property
    def raw(self) -> RawMessage | None:
        """Its text."""
        found: RawMessage | None = self._typed(Source.RAW)
        return found

    def _typed(self, source: Source) -> Any:
        found = self._read.get(source)
        return None if isinstance(found, Failed) else found

    async def read(self, part: Part, known: Message | None = None) -> object:
        """The answer that a part is made of, or `Failed` with what that means. Reads it unless it is here.

        `known` = the message as somebody else has it: what it is says why it has no such part. Whoever waits may be
        cancelled: then the request is, too.
        """
        source = SOURCE_OF[part]
        found = self._read.get(source)
        if found is not None and source not in self._outdated:
            return found
        client, name = self._client(), self.investigate_id
        asking: dict[Source, Callable[[], Coroutine[Any, Any, object]]] = {
            Source.MESSAGE: lambda: client.get_message(name),
            Source.DETECTIONS: lambda: client.get_detections(name),
            Source.TRACE: lambda: client.get_trace(name),
            Source.ACTION_LOG: lambda: read_action_log(client, name),
            Source.RAW: lambda: client.get_raw(name),
        }
        try:
            answer = await asking[source]()
        except SluiceError as error:
            answer = Failed(meaning(source, error, self.message or known), error)
        if source is Source.TRACE:
            self.trace_asks += 1
            self.trace_failed = answer if isinstance(answer, Failed) and found is not None else None
        self._outdated.discard(source)
        if found is not None and isinstance(answer, Failed):
            return found
        self._read[source], self._read_at[source] = answer, self._clock.now()
        return answer

    async def screenshot(self, known: Message | None) -> MailPreview:
        """A picture of the message that the server draws; of mail without a detection from the mailbox. Raises ApiError."""
        message = self.message or known
        if message is not None and not has_detection(message):
            return await self._client().preview_delivered(self.investigate_id)
        return await self._client().get_preview(self.investigate_id)


def has_detection(message: Message) -> bool:
    """Whether it has a verdict that comes with a detection; what is not understood counts as one."""
    verdict = canonical_verdict(str(message.raw.final_disposition or ""))
    return verdict not in _WITHOUT_DETECTION and bool(verdict)


def meaning(source: Source, error: SluiceError, message: Message | None) -> str:
    """What it means that something can't be had, in plain words, and what to do next."""
    if isinstance(error, NotFound) and error.notices:
        if source is Source.MESSAGE:
            return "The server does not have this message: it was too old to be kept, or the id is another account's."
        if source in (Source.DETECTIONS, Source.RAW):
            if message is not None and not has_detection(message):
                return "Only mail with a detection has this: the verdict of this message has none."
            return "The server does not have it (any more): contents are kept for a limited time, and for mail with a detection only."
    if isinstance(error, Forbidden) and source is not Source.MESSAGE:
        return (
            "The token may not read this. Contents of mail need a token whose role may see personal data "
            "(Cloudflare Zero Trust PII)."
        )
    return str(error)


Waiting = Callable[[float], Awaitable[None]]
ASK_AGAIN: Final = (2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds after which a trace that is not whole is asked for again, while somebody looks at it."""


async def trace_to_its_end(
    parts: MessageParts, sleep: Waiting, told: Callable[[], Awaitable[None]], known: Message | None = None
) -> None:
    """Read the trace, and again while more lines are on their way; `told` is called after each answer.

    There is one series of asking for each message: who comes back goes on where it was left, until `begin_trace`.
    """
    await parts.read(Part.TRACE, known)
    await told()
    while parts.trace is not None and parts.trace.pending and parts.trace_asks <= len(ASK_AGAIN):
        await sleep(ASK_AGAIN[max(0, parts.trace_asks - 1)])
        parts.forget(Part.TRACE)
        await parts.read(Part.TRACE, known)
        await told()
