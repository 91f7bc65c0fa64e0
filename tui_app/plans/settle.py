"""Finding out by reading back what became of messages that were sent and of which no answer tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus, Operation
from tui_app.api.errors import ApiError
from tui_app.api.pagination import read_action_log, search_pages
from tui_app.api.search import SearchParams
from tui_app.core.errors import SluiceError
from tui_app.plans.log_words import says_done, words_of
from tui_app.plans.plan import index_by_id, is_other_mail, windows_of
from tui_app.plans.state import Outcome, Result

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.details import LogEntry
    from tui_app.api.rows import Message
    from tui_app.plans.plan import Target
    from tui_app.plans.state import PlanState

MOST_PAGES: Final = 5
"""Pages of a thousand that a round reads at the most, and one more for each thousand messages."""
MOST_SINGLE: Final = 100
"""Messages that are asked for one by one in a last round; each is a request or two."""
CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""How far the server's clock may be behind this machine's."""
SAME_CLOCK: Final = timedelta(seconds=5)
"""How much earlier than it was sent something may be dated by the server's own clock, which is told in whole seconds."""


class ReleaseReadBack:
    """Asks what became of some targets: a search a round, and in the last round each that is still open by itself."""

    def __init__(self, client: EmailSecurityClient, now: datetime, state: PlanState) -> None:
        self._client = client
        self._now = now
        self._sent_at = state.sent_at
        self._server_dated = state.server_dated

    async def round(self, targets: Sequence[Target]) -> list[Result]:
        """Those of these targets that a search shows as released. Raises ApiError.

        A search does not tell when: what had been released before is asked for by itself, in the last round.
        """
        targets = [target for target in targets if target.released is False]
        if not targets:
            return []
        params = SearchParams(detections_only=False, message_action="QUARANTINE_RELEASED")
        told = await search_for(self._client, targets, self._now, params)
        return [
            Result(target, Outcome.RELEASED, why="a search shows it released, by whomever")
            for target in targets
            if target.id in told and says_released(told[target.id])
        ]

    async def last_round(self, targets: Sequence[Target]) -> list[Result]:
        """The last word on each of these that can be had; a message that can't be read stays unknown."""
        found: list[Result] = []
        if len(targets) > MOST_SINGLE:
            try:
                found = await self._still_held(targets)
            except ApiError as error:
                return [
                    Result(target, Outcome.UNKNOWN, why=f"it could not be read back: {error}") for target in targets
                ]
            told = {result.target.id for result in found}
            targets = [target for target in targets if target.id not in told]
        for target in targets[:MOST_SINGLE]:
            if target.investigate_id is None:
                continue  # known by its postfix id only: it can't be asked for
            try:
                message = await self._client.get_message(target.investigate_id)
                found.append(await self._judged(target, message))
            except SluiceError as error:  # also an id that makes no address
                found.append(Result(target, Outcome.UNKNOWN, why=f"it could not be read back: {error}"))
        return found

    async def _still_held(self, targets: Sequence[Target]) -> list[Result]:
        """Those of many that a search shows as held: asking for each would take the whole quota. Raises ApiError."""
        params = SearchParams(detections_only=False, delivery_status=DeliveryStatus.QUARANTINED)
        told = await search_for(self._client, targets, self._now, params, most=None)
        held = {name for name, message in told.items() if message.is_quarantined}
        why = "still held when it was read back"
        return [Result(target, Outcome.NOT_SEEN, why=why) for target in targets if target.id in held]

    async def _judged(self, target: Target, message: Message) -> Result:
        if is_other_mail(target, message):
            return Result(target, Outcome.UNKNOWN, why="the answer tells of another mail: of another sender or subject")
        if message.is_quarantined:
            return Result(target, Outcome.NOT_SEEN, why="still held when it was read back")
        if message.is_quarantined is None:
            return Result(target, Outcome.UNKNOWN, why="the answer does not tell whether it is still held")
        if target.released is False and says_released(message):
            return Result(target, Outcome.RELEASED, why="seen released: the message says so")
        assert target.investigate_id is not None
        log = await read_action_log(self._client, target.investigate_id)
        entries = [entry for entry in log.entries if entry.operation is Operation.QUARANTINE_RELEASE]
        releases = [entry for entry in entries if says_done(entry)]
        if any(self._is_since_sent(target, entry) for entry in releases):
            return Result(target, Outcome.RELEASED, why="seen released: the action log says so")
        if releases:
            why = "was released before it was sent; nothing shows that it was released since"
        elif entries:
            why = f"no longer held, but the action log does not say that it was released: {words_of(entries[-1])}"
        else:
            why = "no longer held, but nothing shows that it was released"
        if not log.complete:
            why += "; not all of its action log could be read"
        return Result(target, Outcome.UNKNOWN, why=why)

    def _is_since_sent(self, target: Target, entry: LogEntry) -> bool:
        """Whether a release is the one that was asked for, and not an older one."""
        at, sent_at = entry.completed_at or entry.started_at, self._sent_at.get(target.id)
        if at is None or sent_at is None:
            return target.released is False
        return at >= sent_at - (SAME_CLOCK if target.id in self._server_dated else CLOCKS_DIFFER)


def says_released(message: Message) -> bool:
    """Whether a message is held no longer and names the release among what was done to it."""
    return message.is_quarantined is False and message.was_released is True


async def search_for(
    client: EmailSecurityClient,
    targets: Sequence[Target],
    now: datetime,
    params: SearchParams,
    *,
    most: int | None = MOST_PAGES,
) -> dict[str, Message]:
    """What a search around their times tells of these targets, by id; `most` = pages, None reads to the last. Raises ApiError.

    An id that is told in two ways, or of another mail, is left out: nobody knows which of them counts.
    """
    by_id = {target.id: target for target in targets}
    told: dict[str, Message] = {}
    unsure: set[str] = set()
    pages = 0
    for start, end in windows_of(targets, now) if targets else ():
        read = search_pages(client, replace(params, start=start, end=end), by_verdict=True)
        async for page in read:
            for name, message in index_by_id(page, by_id):
                if told.setdefault(name, message) != message or is_other_mail(by_id[name], message):
                    unsure.add(name)
            unsure.update(name for name, _ in index_by_id(read.others, by_id))
            pages += 1
            if by_id.keys() <= told.keys() | unsure or (most and pages >= most + len(by_id) // 1000):
                return {name: message for name, message in told.items() if name not in unsure}
    return {name: message for name, message in told.items() if name not in unsure}
