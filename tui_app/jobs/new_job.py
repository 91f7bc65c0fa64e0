"""A new bulk job before it is sent: what is asked for, and what a search says it would take."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tui_app.api.client import EmailSecurityClient
from tui_app.api.models import ActionType, DeliveryStatus, Destination, Message
from tui_app.api.pages import all_found
from tui_app.api.search import SearchParams
from tui_app.errors import GuardError

PREVIEW_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What to start. A RELEASE is always over held mail only."""

    action: ActionType
    params: SearchParams
    destination: Destination | None = None
    comment: str = ""

    def checked(self, now: datetime) -> "NewJob":
        """The job as it will be sent: both times set, a release over held mail. Raises GuardError for what we never send."""
        params = self.params
        if not params.narrows():
            raise GuardError(
                "A job needs at least one of sender, recipient, subject, domain or another search field; else it takes all mail."
            )
        if self.action is ActionType.MOVE and self.destination is None:
            raise GuardError("A move needs a destination.")
        if self.action is ActionType.RELEASE:
            if params.delivery_status not in (None, DeliveryStatus.QUARANTINED):
                raise GuardError("A release is over held mail only: delivery_status is always quarantined.")
            params = replace(params, delivery_status=DeliveryStatus.QUARANTINED)
        params = replace(params, start=params.start or now - timedelta(days=7), end=params.end or now)
        if params.start and params.end and params.start >= params.end:
            raise GuardError("The start must be before the end.")
        return replace(self, params=params, destination=self.destination if self.action is ActionType.MOVE else None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a search finds now: how many, of which verdicts, for how many mailboxes, and the first few."""

    count: int
    complete: bool
    dispositions: tuple[tuple[str, int], ...]
    recipients: int
    sample: tuple[Message, ...]
    not_searchable: tuple[str, ...]


async def preview(client: EmailSecurityClient, params: SearchParams, told: Callable[[int], None]) -> Preview:
    """What a job over this search would take, as far as a search can tell; counts at most 10,000. Raises ApiError."""
    found: list[Message] = []
    complete = True
    async for page in all_found(client, params):
        if params.exact_subject is not None:
            page = tuple(message for message in page if message.subject.exact == params.exact_subject)
        found += page
        told(len(found))
        if len(found) >= PREVIEW_LIMIT:
            complete = False
            break
    verdicts = Counter(str(message.final_disposition or "none") for message in found)
    mailboxes = {recipient.exact.casefold() for message in found for recipient in message.recipients}
    return Preview(
        len(found),
        complete,
        tuple(verdicts.most_common()),
        len(mailboxes),
        tuple(found[:5]),
        params.not_searchable(),
    )
