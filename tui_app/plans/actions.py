"""What a plan can do to messages: what is sent, how an answer is judged, how it is read back, how it can be undone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.write_result import WriteResult
    from tui_app.core.clock import Clock
    from tui_app.plans.effect import Effect
    from tui_app.plans.plan import Target
    from tui_app.plans.response import BatchResult, Matched
    from tui_app.plans.state import ArrivalCheck, Outcome, PlanState, Result

Batch = tuple["Target", ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One POST for a batch: how it is sent, and how the items of its answer are joined with its messages.

    `body` is the name of the body's form, for the journal. `send` gets the client and a function that says whether
    the request may still be tried again.
    """

    batch: Batch
    body: str
    send: Callable[[EmailSecurityClient, Callable[[], bool]], Awaitable[WriteResult[Any]]]
    match: Callable[[Any], Matched]


@dataclass(frozen=True, slots=True)
class Sending:
    """What an action may use while it sends a batch."""

    client: EmailSecurityClient
    clock: Clock
    post: Callable[[Request], Awaitable[BatchResult]]
    """Sends one request, with its intent in the journal before it and its result after it."""
    may_repeat: Callable[[], bool]
    """Whether a second request may still follow."""
    leave_out: Callable[[Mapping[str, str]], None]
    """Takes messages out before they are sent, on record: ids, and why."""


class ReadBack(Protocol):
    """Finds out by reading what became of messages of which no answer tells."""

    async def round(self, targets: Sequence[Target]) -> list[Result]:
        """Those of these messages that are seen done. Raises ApiError."""
        ...

    async def last_round(self, targets: Sequence[Target]) -> list[Result]:
        """The last word on each of these messages that can be had; what can't be read stays unknown."""
        ...


class PlanAction(Protocol):
    """One kind of action on chosen messages. The engine knows nothing else of what it sends."""

    effect: Effect
    """What it does, as journals, reports and sentences name it."""
    not_seen: Outcome
    """What a message is that was sent, was not answered, and was not seen done."""

    async def send(self, batch: Batch, sending: Sending) -> BatchResult:
        """Send one batch, as a rule with one request. Raises ApiError when it can't look before it sends; nothing was sent."""
        ...

    def read_back(self, client: EmailSecurityClient, now: datetime, state: PlanState) -> ReadBack:
        """A way to find out what became of messages whose outcome is open."""
        ...

    async def check_arrival(
        self, client: EmailSecurityClient, state: PlanState, now: datetime, wanted: Callable[[], bool]
    ) -> ArrivalCheck:
        """Look at what was told as done. `wanted` says whether somebody still waits. Raises ApiError."""
        ...

    def unfit(self, target: Target) -> str:
        """Why the action can't be done to a message, in a few words; empty when it can."""
        ...

    def undo(self, state: PlanState) -> str:
        """How what was done can be undone, in a sentence; empty when there is nothing to undo."""
        ...
