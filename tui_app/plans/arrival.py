"""A second look at what was released: whether it is seen delivered, or held again, and what it did to the allow list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import NotFound, Unreadable
from tui_app.api.search import SearchParams
from tui_app.plans.plan import is_other_mail
from tui_app.plans.settle import MOST_SINGLE, says_released, search_for
from tui_app.plans.state import BY_A_RELEASE, ArrivalCheck, Sighting

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.plans.plan import Target


async def check_arrival(
    client: EmailSecurityClient, targets: Sequence[Target], now: datetime, wanted: Callable[[], bool]
) -> ArrivalCheck:
    """Look at each of these messages: by a search, then one by one, at most a hundred. Raises ApiError from the search.

    `wanted` = whether somebody still waits for the answer; it is asked before each request for a single message.
    """
    params = SearchParams(detections_only=False, message_action="QUARANTINE_RELEASED")
    seen = await search_for(client, targets, now, params)
    sightings = {name: _sighting(message) for name, message in seen.items()}
    alone = [target for target in targets if target.id not in seen and target.investigate_id is not None]
    for target in alone[:MOST_SINGLE]:
        if not wanted():
            break
        assert target.investigate_id is not None
        try:
            message = await client.get_message(target.investigate_id)
        except NotFound:
            sightings[target.id] = Sighting.NOT_SEEN
            continue
        except Unreadable:
            continue  # one answer that can't be used hides none of the others
        if is_other_mail(target, message):
            continue
        seen[target.id] = message
        sightings[target.id] = _sighting(message)
    allowed = frozenset(name for name, message in seen.items() if _allowed(message))
    return ArrivalCheck(now, len(targets), sightings, allowed)


def _sighting(message: Message) -> Sighting:
    if message.is_quarantined:
        return Sighting.HELD
    if not says_released(message):
        return Sighting.NOT_SEEN
    arrived = any(status.exact == DeliveryStatus.DELIVERED for status in message.delivery_status)
    return Sighting.DELIVERED if arrived else Sighting.RELEASED


def _allowed(message: Message) -> bool:
    """Whether it names an allow-list pattern of the type that a release makes; that a release does so is not documented."""
    kind = message.allowlisted_pattern_type
    return kind is not None and kind.exact == BY_A_RELEASE
