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
from tui_app.core.errors import SluiceError
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
        """Ask for it again the next time."""
        self._read.pop(SOURCE_OF[part], None)

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
        if (found := self._read.get(source)) is not None:
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


async def trace_to_its_end(parts: MessageParts, sleep: Waiting, told: Callable[[], None]) -> None:
    """Read the trace, and again while more lines are on their way; `told` is called after each answer."""
    for wait in (*ASK_AGAIN, None):
        await parts.read(Part.TRACE)
        told()
        if wait is None or parts.trace is None or not parts.trace.pending:
            return
        await sleep(wait)
        parts.forget(Part.TRACE)
