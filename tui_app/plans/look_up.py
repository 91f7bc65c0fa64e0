"""What the account knows of ids that somebody named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import NotFound
from tui_app.api.pages import all_found
from tui_app.api.search import SearchParams
from tui_app.plans.ids import is_investigate_id
from tui_app.plans.plan import Target

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient

LOOK_UP_WINDOW: Final = timedelta(days=90)
_SINGLE_LOOK_UPS: Final = 50
"""Each is a request of its own; the quota is 1,200 in five minutes."""


async def look_up(client: EmailSecurityClient, ids: Sequence[str], now: datetime) -> tuple[Target, ...]:
    """Targets for these ids (either kind), in their order; what can't be found is unchecked. Raises ApiError.

    Held mail of the last 90 days is searched first, a thousand a request; what remains is asked for one by one.
    """
    wanted = dict.fromkeys(ids)
    found: dict[str, Target] = {}
    shared: set[str] = set()
    params = SearchParams(
        start=now - LOOK_UP_WINDOW, end=now, detections_only=False, delivery_status=DeliveryStatus.QUARANTINED
    )
    async for page in all_found(client, params):
        for message in page:
            for identity in (message.id, message.postfix_id):
                if identity is None or identity.exact not in wanted:
                    continue
                known = found.setdefault(identity.exact, Target.of(message))
                if known.investigate_id != message.id.exact:
                    shared.add(identity.exact)
        if len(found) == len(wanted):
            break
    remaining = [name for name in wanted if name not in found and is_investigate_id(name)][:_SINGLE_LOOK_UPS]
    for name in remaining:
        try:
            found[name] = Target.of(await client.get_message(name))
        except NotFound:
            continue
    for name in shared:
        # Two messages go by this postfix id: nobody can tell which was meant.
        del found[name]
    return tuple(found.get(name) or _unchecked(name) for name in wanted)


def _unchecked(name: str) -> Target:
    """A target for an id that nothing is known of."""
    if is_investigate_id(name):
        return Target(investigate_id=name, checked=False)
    return Target(investigate_id=None, postfix_id=name, checked=False)
