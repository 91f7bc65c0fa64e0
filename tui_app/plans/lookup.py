"""What the account knows of ids that somebody named."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import DeliveryStatus
from tui_app.api.errors import Invalid, NotFound, TooLarge, Unreadable
from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.core.address import canonical_address
from tui_app.core.errors import UsageError
from tui_app.core.id_form import IdKind, kind_of, moment_of_id
from tui_app.plans.plan import LONGEST_WINDOW, Target, has_no_time, index_by_id, windows_of

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message

SINGLE_LOOK_UPS: Final = 200
"""Each is a request of its own; the quota is 1,200 in five minutes."""
HELD_MAYBE_MORE: Final = (
    "The search of all held mail may be incomplete: a postfix id may name more than one message. Give investigate ids."
)
UNCHANGING: Final = ("envelope", "reply_to", "spf", "dkim", "dmarc")
"""Features beside sender and subject that never change of a mail."""
_RELEASED_PAGES: Final = 5
_FEW: Final = 20
"""Delivered messages that are rather asked for one by one than searched for among all mail of their time."""
_DELIVERED_PAGES: Final = 10
"""Pages of all mail of a time that are read for some messages; where their senders are known, of those senders."""
_MOST_SENDERS: Final = 3
_LONGEST_SENDER: Final = 254
_SHARED_PAGES: Final = 2
"""Pages of what goes by one Message-ID: nobody chooses from more."""


@dataclass(frozen=True)
class _Asked:
    """Ids by how they are looked up."""

    dated: tuple[Target, ...] = ()
    """Investigate ids of a time that a message can have."""
    undated: tuple[Target, ...] = ()
    """Postfix ids."""
    searched: tuple[str, ...] = ()
    """Message-IDs and alert ids: each is a search of its own."""
    windows: tuple[tuple[datetime, datetime], ...] = ()

    @classmethod
    def of(cls, ids: Sequence[str], now: datetime) -> _Asked:
        targets = [_unchecked(name) for name in dict.fromkeys(ids)]
        dated = tuple(t for t in targets if kind_of(t.id) is IdKind.INVESTIGATE and not has_no_time(t, now))
        undated = tuple(t for t in targets if kind_of(t.id) is IdKind.POSTFIX)
        searched = tuple(
            t.id
            for t in targets
            if kind_of(t.id) is IdKind.MESSAGE or (kind_of(t.id) is IdKind.ALERT and not has_no_time(t, now))
        )
        return cls(dated, undated, searched, windows_of(dated, now))


def least_requests(ids: Sequence[str], now: datetime) -> int:
    """How many requests it takes at the least to look these ids up."""
    asked = _Asked.of(ids, now)
    return len(asked.windows) + bool(asked.undated) + min(len(asked.searched), SINGLE_LOOK_UPS)


async def look_up(
    client: EmailSecurityClient,
    ids: Sequence[str],
    now: datetime,
    *,
    delivered: bool = False,
    senders: Collection[str] = (),
) -> tuple[Target, ...]:
    """Targets for these ids (any kind), in their order; what can't be found is unchecked. Raises ApiError.

    Held mail around the times that the ids tell of, and for postfix ids of the last 90 days, is searched first, a
    thousand a request; then what was released from quarantine; what remains is asked for one by one. A Message-ID or an
    alert id is a search. An id of a time that no message can have is not asked for.

    `delivered` = they are mostly delivered mail: all mail around their times is searched, of these `senders` if there are
    few; nothing is asked about a postfix id then.
    """
    asked = _Asked.of(ids, now)
    found: dict[str, dict[str, Target]] = {}
    """Of each id the messages that go by it, by investigate id: only an investigate id is sure to be that of one."""
    beside: dict[str, dict[str, Target]] = {}
    """The same of messages that came beside what was searched for: they name nothing, but may contradict what does."""
    for start, end in asked.windows:
        inside = {t.id for t in asked.dated if (moment := moment_of_id(t.id)) and start <= moment <= end}
        with contextlib.suppress(TooLarge):  # one mail that fits no answer: these are asked for one by one
            if delivered:
                await _search_delivered(client, start, end, inside, found, beside, senders)
            else:
                await _search(client, start, end, inside, found, beside, whole=False)
    if asked.undated and not delivered:
        names = {target.id for target in asked.undated}
        await _search(client, now - LONGEST_WINDOW, now, names, found, beside, whole=True)
    remaining = [target.id for target in asked.dated if target.id not in found]
    one_by_one = [*asked.searched, *remaining]
    for name in one_by_one[:SINGLE_LOOK_UPS]:
        if name in asked.searched:
            if messages := await _named(client, name, now):
                found[name] = {}
                for message in messages:
                    take_target(found[name], replace(Target.of(message), named=name))
            continue
        try:
            found[name] = {name: Target.of(await client.get_message(name))}
        except (NotFound, Unreadable):
            continue  # one answer that can't be used does not stop the others
    for name, messages_beside in beside.items():
        for target in messages_beside.values():
            # What a single request answers is sure only if no search told it otherwise.
            if (known := found.get(name, {}).get(target.id)) is not None and _differ(known, target):
                found[name][target.id] = of_no_verdict(known)
    never_asked = frozenset(one_by_one[SINGLE_LOOK_UPS:])
    return tuple(
        _one_of(name, found[name]) if name in found else replace(_unchecked(name), looked_up=name not in never_asked)
        for name in dict.fromkeys(ids)
    )


async def _search(
    client: EmailSecurityClient,
    start: datetime,
    end: datetime,
    names: set[str],
    found: dict[str, dict[str, Target]],
    beside: dict[str, dict[str, Target]],
    *,
    whole: bool,
) -> None:
    """Look for these among held mail and then among released mail; `whole` = to the last page of what is held.

    A second message of the same postfix id may be on the last page.
    """
    held = SearchParams(start=start, end=end, detections_only=False, delivery_status=DeliveryStatus.QUARANTINED)
    released = SearchParams(start=start, end=end, detections_only=False, message_action="QUARANTINE_RELEASED")
    for params, most in ((held, None), (released, _RELEASED_PAGES)):
        pages = 0
        read = search_pages(client, params, by_verdict=True)
        async for page in read:
            for name, message in index_by_id(page, names):
                take_target(found.setdefault(name, {}), Target.of(message))
            for name, message in index_by_id(read.others, names):
                if params is held and message.is_quarantined is not False:
                    take_target(found.setdefault(name, {}), of_no_verdict(Target.of(message)))
                else:
                    take_target(beside.setdefault(name, {}), Target.of(message))
            pages += 1
            if (names <= found.keys() and not (whole and params is held)) or pages == most:
                break
        if whole and params is held and read.may_miss:
            raise Unreadable(HELD_MAYBE_MORE, request="GET investigate")
        if names <= found.keys():
            break


def plain_senders(written: Iterable[str]) -> frozenset[str]:
    """Those of these senders that are plain addresses: whoever wrote another must not break the search for all."""
    return frozenset(
        address
        for sender in set(written)
        if len(sender) <= _LONGEST_SENDER
        and (address := canonical_address(sender)) == sender.casefold()
        and address.isascii()
    )


async def _search_delivered(
    client: EmailSecurityClient,
    start: datetime,
    end: datetime,
    names: set[str],
    found: dict[str, dict[str, Target]],
    beside: dict[str, dict[str, Target]],
    senders: Collection[str],
) -> None:
    """Look for these among all mail of a time, or of some senders."""
    few = 0 < len(senders) <= _MOST_SENDERS
    if len(names) <= (1 if few else _FEW):
        return
    window = SearchParams(start=start, end=end, detections_only=False)
    # What was moved before is found among less.
    searches = (
        [replace(window, sender=sender) for sender in senders]
        if few
        else [replace(window, message_action="MOVED"), window]
    )
    pages, most = 0, _DELIVERED_PAGES + len(names) // 200
    for params in searches:
        read = search_pages(client, params, by_verdict=True)
        try:
            async for page in read:
                for name, message in index_by_id(page, names):
                    take_target(found.setdefault(name, {}), Target.of(message))
                for name, message in index_by_id(read.others, names):
                    if name in found:
                        take_target(found[name], of_no_verdict(Target.of(message)))
                    else:
                        take_target(beside.setdefault(name, {}), Target.of(message))
                pages += 1
                if names <= found.keys() or pages >= most:
                    return
        except (Invalid, UsageError):
            continue  # a sender is a hint: what such a search does not find is asked for without it


def of_no_verdict(target: Target) -> Target:
    """A message that came beside what was asked for: it may bear the id all the same, and of its verdict nobody can be sure."""
    return replace(target, disposition=None)


def take_target(known: dict[str, Target], target: Target) -> None:
    """Take a message that bears an id; one that is told under two verdicts, or as two mails, has none that is sure."""
    before = known.get(target.id)
    known[target.id] = of_no_verdict(target) if before is not None and _differ(before, target) else target


def _differ(one: Target, other: Target) -> bool:
    """Whether two messages under one id are told under two verdicts, or as two mails."""
    if any(getattr(one, name) != getattr(other, name) for name in ("disposition", "sender", "subject")):
        return True
    if set(one.recipients) != set(other.recipients):
        return True
    pairs = [(name, getattr(one.features, name, ""), getattr(other.features, name, "")) for name in UNCHANGING]
    # A search may tell less than a single answer; replies that lead elsewhere are another mail's all the same.
    return any(a != b and ((a and b) or name == "reply_to") for name, a, b in pairs)


async def _named(client: EmailSecurityClient, name: str, now: datetime) -> list[Message]:
    """All mail that goes by a Message-ID or an alert id, held or not; only what says so itself."""
    if kind_of(name) is IdKind.ALERT:
        ((start, end),) = windows_of([_unchecked(name)], now)
        return await _saying(client, SearchParams(start=start, end=end, detections_only=False, alert_id=name), name)
    window = SearchParams(start=now - LONGEST_WINDOW, end=now, detections_only=False)
    # Whether the brackets belong to what the server compares is not documented.
    for written in (name, name[1:-1]):
        if messages := await _saying(client, replace(window, message_id=written), name):
            return messages
    return []


async def _saying(client: EmailSecurityClient, params: SearchParams, name: str) -> list[Message]:
    messages: list[Message] = []
    read = search_pages(client, params, by_verdict=True)
    pages = 0
    async for page in read:
        for message in (*page, *read.others):
            said = message.alert_id if params.alert_id else message.message_id
            if said is not None and said.exact.strip().strip("<>") == name.strip("<>"):
                messages.append(message)
        pages += 1
        if pages == _SHARED_PAGES:
            break
    if (read.may_miss or not read.complete) and len({message.id.exact for message in messages}) == 1:
        return []  # whether it is the only one is on a page that was not read
    return messages


def _one_of(name: str, known: Mapping[str, Target]) -> Target:
    """The one message that goes by an id; where there are several, none of them."""
    if len(known) == 1:
        return next(iter(known.values()))
    return replace(_unchecked(name), shared_by=tuple(known.values()))


def _unchecked(name: str) -> Target:
    """A target for an id that nothing is known of."""
    kind = kind_of(name)
    if kind is IdKind.POSTFIX:
        return Target(investigate_id=None, postfix_id=name, checked=False)
    # Not to be sent by: a search or nothing tells which message it is.
    return Target(investigate_id=name, checked=False, named="" if kind is IdKind.INVESTIGATE else name)
