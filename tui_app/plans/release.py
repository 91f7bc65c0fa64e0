"""Release from quarantine: POST investigate/release.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/release/methods/bulk/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import ApiError, Unauthenticated, Unreadable
from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.core.text import plural
from tui_app.core.verdict import NO_VERDICT
from tui_app.plans.actions import Request
from tui_app.plans.arrival import check_arrival
from tui_app.plans.effect import TO_RELEASE
from tui_app.plans.lookup import HELD_MAYBE_MORE
from tui_app.plans.plan import LONGEST_WINDOW
from tui_app.plans.recheck import LOOK_AGAIN_AFTER
from tui_app.plans.response import BatchResult, Next, match_by_identity, names_only_strangers
from tui_app.plans.settle import ReleaseReadBack
from tui_app.plans.state import SAID_DONE, ArrivalCheck, Outcome, PlanState, Result, Sighting

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient, ReleaseShape
    from tui_app.api.models import ReleaseItem
    from tui_app.config.settings import Settings
    from tui_app.core.state_file import StateFile
    from tui_app.plans.actions import Batch, ReadBack, Sending
    from tui_app.plans.plan import Target

_RELEASE_BODY: Final = "release_body"
_BODY_STATUS: Final = frozenset({400, 415, 422})
_ABOUT_THE_BODY: Final = re.compile(
    r"\b(expected|must be|should be|is not)( an?)? (array|object|list)\b|\b(request body|json|schema)\b"
)
_WHOLE_BODY: Final = frozenset({"", "/", "#", "/ids", "/body", "ids"})


def rejects_the_body(error: ApiError | None) -> bool:
    """Whether a refusal is about the form of the body as a whole, not about one id in it or about something else."""
    if error is None or error.status not in _BODY_STATUS or isinstance(error, Unauthenticated):
        return False
    pointers = [notice.pointer.exact for notice in error.notices if notice.pointer is not None]
    if pointers:
        return all(pointer in _WHOLE_BODY for pointer in pointers)
    words = " ".join(notice.message.exact for notice in error.notices).casefold()
    return _ABOUT_THE_BODY.search(words) is not None


class Release:
    """Releases held mail.

    The body has generations: the one that is known to work is sent, else the newest. Only a definite "this body is not
    understood" may be followed by the other body, once and for the same batch: it says that nothing was done. The body
    that worked is remembered for the account.
    """

    effect = TO_RELEASE
    not_seen = Outcome.NOT_SEEN

    def __init__(self, settings: Settings, remembered: StateFile) -> None:
        self._settings = settings
        self._remembered = remembered
        self._understood = False
        """Whether a body was accepted since the program started: then a refusal is about something else."""
        self._held: tuple[float, Mapping[str, frozenset[tuple[str, str]]]] | None = None
        """All held mail by postfix id (investigate ids and verdicts), and when that was read."""

    async def send(self, batch: Batch, sending: Sending) -> BatchResult:
        """Send one batch; two requests only where the first body is not understood.

        A postfix id goes out only if it names exactly one held message by then; where nothing is known of a message but its
        postfix id, it may also name none. Raises ApiError when that can't be seen; then nothing was sent.
        """
        body = self._body_for(batch)
        if body == "postfix":
            batch = await self._named_alone(batch, sending)
        if not batch or not sending.may_repeat():
            return BatchResult((), None, Next.CONTINUE)
        answer = await sending.post(_release_request(batch, body))
        known_both_ways = all(target.investigate_id and target.postfix_id for target in batch)
        may_change = self._settings.release_body == "auto" and known_both_ways and not self._understood
        if may_change and answer.refused and rejects_the_body(answer.error) and sending.may_repeat():
            other: ReleaseShape = "postfix" if body == "ids" else "ids"
            if other == "postfix":
                try:
                    batch = await self._named_alone(batch, sending)
                except ApiError:
                    return answer
                if not batch:
                    return BatchResult((), None, Next.CONTINUE)
                if not sending.may_repeat():
                    return answer.about(batch)
            second = await sending.post(_release_request(batch, other))
            if second.refused and rejects_the_body(second.error):
                return answer.about(batch)  # neither body is understood: the first refusal is the one to show
            body, answer = other, second
        found_out = self._settings.release_body == "auto" and answer.names_an_outcome
        if found_out and all(target.investigate_id for target in batch):
            self._understood = True
            account = self._settings.identity
            self._remembered.put(account, _RELEASE_BODY, "postfix" if body == "postfix" else None)
        return answer

    async def _named_alone(self, batch: Batch, sending: Sending) -> Batch:
        """Those of a batch whose postfix id is that of one held message and no other; the rest is left out, with the reason."""
        held = await self._held_by_postfix_id(sending)
        why: dict[str, str] = {}
        for target in batch:
            named = held.get(target.postfix_id or target.id, frozenset())
            messages, verdicts = {name for name, _ in named}, ", ".join(sorted(verdict for _, verdict in named))
            if len(messages) > 1:
                why[target.id] = (
                    f"its postfix id names {len(messages)} held messages ({verdicts}): the API would release all"
                )
            elif len(named) > 1:
                why[target.id] = f"its postfix id names a message under several verdicts ({verdicts})"
            elif target.checked and not any(target.investigate_id in (name, None) for name, _ in named):
                why[target.id] = "its postfix id names no held message, or another one"
        if why:
            sending.leave_out(why)
        return tuple(target for target in batch if target.id not in why)

    async def _held_by_postfix_id(self, sending: Sending) -> Mapping[str, frozenset[tuple[str, str]]]:
        now = sending.clock.monotonic()
        if self._held is not None and now - self._held[0] < LOOK_AGAIN_AFTER:
            return self._held[1]
        found: dict[str, set[tuple[str, str]]] = {}
        end = sending.clock.now()
        # The message that shares an id may be of any time.
        params = SearchParams(
            start=end - LONGEST_WINDOW, end=end, detections_only=False, delivery_status=DeliveryStatus.QUARANTINED
        )
        read = search_pages(sending.client, params, by_verdict=True)
        async for page in read:
            for message in (*page, *read.others):
                # Whatever is not said to be free counts as held.
                if message.postfix_id is not None and message.is_quarantined is not False:
                    verdict = str(message.final_disposition or NO_VERDICT)
                    found.setdefault(message.postfix_id.exact, set()).add((message.id.exact, verdict))
        if read.may_miss:
            raise Unreadable(HELD_MAYBE_MORE, request="GET investigate")
        held = {name: frozenset(messages) for name, messages in found.items()}
        self._held = (now, held)
        return held

    def _body_for(self, batch: Batch) -> ReleaseShape:
        configured = self._settings.release_body
        if configured != "auto":
            return configured
        if not all(target.investigate_id for target in batch):
            return "postfix"
        remembered = self._remembered.get(self._settings.identity, _RELEASE_BODY)
        return "postfix" if remembered == "postfix" and all(target.postfix_id for target in batch) else "ids"

    def read_back(self, client: EmailSecurityClient, now: datetime, state: PlanState) -> ReadBack:
        """By a search for released mail, then message by message."""
        return ReleaseReadBack(client, now, state)

    async def check_arrival(
        self, client: EmailSecurityClient, state: PlanState, now: datetime, wanted: Callable[[], bool]
    ) -> ArrivalCheck:
        """Look at what was told as released: seen delivered, or held again. Raises ApiError."""
        check = await check_arrival(client, state.with_outcome(*SAID_DONE), now, wanted)
        # The API tells the delivery of a message, not of each recipient: what went to some was seen to go to some.
        some = {target.id for target in state.with_outcome(Outcome.PARTLY)}
        seen = {
            name: Sighting.PARTLY if name in some and sighting is Sighting.DELIVERED else sighting
            for name, sighting in check.sightings.items()
        }
        return replace(check, sightings=seen)

    def unfit(self, target: Target) -> str:
        """Only held mail can be released."""
        if not target.checked or target.held:
            return ""
        if target.held is None:
            return "can't tell whether it is held"
        return "already released" if target.released else "not held now"

    def undo(self, state: PlanState) -> str:
        """What was delivered can be moved out of the inbox again; who read it has read it."""
        count = len(state.with_outcome(*SAID_DONE))
        if not count:
            return ""
        return f"To undo this, move {plural(count, 'message')} to Junk or Soft delete. A mail that was read stays read."


def _release_request(batch: Batch, body: ReleaseShape) -> Request:
    def sent_id(target: Target) -> str:
        return (target.postfix_id if body == "postfix" else target.investigate_id) or target.id

    def named(item: ReleaseItem) -> str:
        # Only the oldest body is answered by postfix id.
        identity = (item.postfix_id or item.id) if body == "postfix" else item.id
        return identity.exact if identity else ""

    return Request(
        batch,
        body,
        lambda client, may_wait: client.release_messages(list(map(sent_id, batch)), body, may_wait=may_wait),
        lambda items: match_by_identity(batch, items, sent=sent_id, named=named, read=_released),
    )


def _released(target: Target, item: ReleaseItem) -> Result:
    said = {name.exact for name in (item.id, item.postfix_id) if name is not None}
    known = {target.investigate_id, target.postfix_id} - {None}
    if len(known) > 1 and not said <= known:
        return Result(target, Outcome.UNKNOWN, why="the answer gives it the id of another message")
    outcome = release_outcome(item)
    why = "the answer names no recipient" if outcome is Outcome.UNKNOWN else ""
    if names_only_strangers(target, (*item.delivered, *item.undelivered, *item.failed)):
        outcome, why = Outcome.UNKNOWN, "the answer names none of its recipients"
    return Result(target, outcome, item.delivered, item.undelivered, item.failed, why)


def release_outcome(item: ReleaseItem) -> Outcome:
    """A message is delivered only if the API names recipients, and all of them as delivered."""
    told = [
        outcome
        for outcome, names in (
            (Outcome.DELIVERED, item.delivered),
            (Outcome.UNDELIVERED, item.undelivered),
            (Outcome.FAILED, item.failed),
        )
        if names
    ]
    return Outcome.PARTLY if len(told) > 1 else told[0] if told else Outcome.UNKNOWN
