"""What the account knows of ids that somebody named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import NotFound
from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.plans.ids import is_investigate_id
from tui_app.plans.plan import Target, index_by_id, window_of

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient

SINGLE_LOOK_UPS: Final = 200
"""Each is a request of its own; the quota is 1,200 in five minutes."""
_RELEASED_PAGES: Final = 5


async def look_up(client: EmailSecurityClient, ids: Sequence[str], now: datetime) -> tuple[Target, ...]:
    """Targets for these ids (either kind), in their order; what can't be found is unchecked. Raises ApiError.

    Held mail of the time that the ids tell of, else of the last 90 days, is searched first, a thousand a request; then
    what was released from quarantine; what remains is asked for one by one.
    """
    wanted = dict.fromkeys(ids)
    found: dict[str, dict[str, Target]] = {}
    """Of each id the messages that go by it, by investigate id: a postfix id may be that of several."""
    start, end = window_of([_unchecked(name) for name in wanted], now)
    held = SearchParams(start=start, end=end, detections_only=False, delivery_status=DeliveryStatus.QUARANTINED)
    released = SearchParams(start=start, end=end, detections_only=False, message_action="QUARANTINE_RELEASED")
    # A second message of the same postfix id may be on the last page of what is held.
    whole = not all(map(is_investigate_id, wanted))
    for params, most in ((held, None), (released, _RELEASED_PAGES)):
        pages = 0
        async for page in search_pages(client, params):
            for name, message in index_by_id(page, wanted):
                found.setdefault(name, {}).setdefault(message.id.exact, Target.of(message))
            pages += 1
            if (len(found) == len(wanted) and not (whole and params is held)) or pages == most:
                break
        if len(found) == len(wanted):
            break
    remaining = [name for name in wanted if name not in found and is_investigate_id(name)]
    never_asked = frozenset(remaining[SINGLE_LOOK_UPS:])
    for name in remaining[:SINGLE_LOOK_UPS]:
        try:
            found[name] = {name: Target.of(await client.get_message(name))}
        except NotFound:
            continue
    return tuple(
        _one_of(name, found[name]) if name in found else replace(_unchecked(name), looked_up=name not in never_asked)
        for name in wanted
    )


def _one_of(name: str, known: Mapping[str, Target]) -> Target:
    """The one message that goes by an id; where there are several, none of them."""
    if len(known) == 1:
        return next(iter(known.values()))
    verdicts = tuple(str(target.disposition or "no verdict") for target in known.values())
    return replace(_unchecked(name), shared_by=verdicts)


def _unchecked(name: str) -> Target:
    """A target for an id that nothing is known of."""
    if is_investigate_id(name):
        return Target(investigate_id=name, checked=False)
    return Target(investigate_id=None, postfix_id=name, checked=False)
