"""Move delivered mail to a folder: POST investigate/move.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/move/methods/bulk/
The answer names no investigate id: its items are joined with messages by (Message-ID, recipient). Needs an active mailbox
integration of the account.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import Destination, Operation
from tui_app.api.errors import NotFound, Unreadable
from tui_app.api.pagination import read_action_log
from tui_app.api.search import SearchParams
from tui_app.core.address import canonical_address
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural, sanitize
from tui_app.plans.actions import Request
from tui_app.plans.effect import Effect
from tui_app.plans.log_words import GOOD, is_understood, words_of
from tui_app.plans.response import BatchResult, Matched, Next
from tui_app.plans.settle import CLOCKS_DIFFER, MOST_SINGLE, SAME_CLOCK, search_for
from tui_app.plans.state import ArrivalCheck, Outcome, PlanState, Result, Sighting

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.details import LogEntry
    from tui_app.api.models import MoveItem
    from tui_app.api.rows import Message
    from tui_app.core.text import Untrusted
    from tui_app.plans.actions import Batch, ReadBack, Sending
    from tui_app.plans.plan import Target

_DONE: Final = GOOD | {"", "moved"}
"""What an item says beside `success: true`."""
_ALREADY: Final = re.compile(
    r"(the )?(message|mail|e-?mail|item)? ?(is |was |exists )?already "
    r"(there|(in|at) (the )?(destination|target|requested|same)( folder)?|in (the )?(same )?folder)\.?",
    re.IGNORECASE,
)
"""The whole of what is said: a status may quote a subject, whose words are somebody else's."""
_IN_A_MAILBOX: Final = frozenset({"delivered", "moved", "move_failed"})
_NOT_DELIVERED: Final = frozenset({"rejected", "bounced", "deferred", "queued"})
_TOLD: Final = 5
_MOST_A_ROUND: Final = 10
"""Messages whose action logs are asked for in each round though no search points to them."""

_SIGHTINGS: Final = {
    Outcome.SEEN_MOVED: Sighting.MOVED,
    Outcome.ALREADY_THERE: Sighting.MOVED,
    Outcome.PARTLY_MOVED: Sighting.PARTLY_MOVED,
}
Copy = tuple[str, str]
"""One copy of a mail: its Message-ID without brackets, and the mailbox in one form."""


class Move:
    """Moves mail that lies in mailboxes to one folder."""

    not_seen = Outcome.NOT_SEEN_MOVED

    def __init__(self, destination: Destination) -> None:
        self.effect = Effect.move(destination)
        self.destination = destination

    async def send(self, batch: Batch, sending: Sending) -> BatchResult:
        """One request."""
        if not sending.may_repeat():
            return BatchResult((), None, Next.CONTINUE)
        ids = [target.id for target in batch]
        return await sending.post(
            Request(
                batch,
                "ids",
                lambda client, may_wait: client.move_messages(ids, self.destination, may_wait=may_wait),
                lambda items: match_moves(batch, items, self.destination),
            )
        )

    def read_back(self, client: EmailSecurityClient, now: datetime, state: PlanState) -> ReadBack:
        """By a search for moved mail, then by the action log of each message."""
        return MoveReadBack(client, now, state, self.destination)

    async def check_arrival(
        self, client: EmailSecurityClient, state: PlanState, now: datetime, wanted: Callable[[], bool]
    ) -> ArrivalCheck:
        """Look at what was told as moved: seen moved, or held. Raises ApiError from the search."""
        return await check_moved(client, state, now, wanted, self.destination)

    def unfit(self, target: Target) -> str:
        """Only mail that was delivered can be moved, and only by its investigate id."""
        if not target.checked:
            return "" if target.investigate_id else "only its postfix id is known: a move needs the investigate id"
        if target.held:
            return "held: a move acts on delivered mail"
        if target.held is None:
            return "can't tell whether it is held"
        if not target.investigate_id:
            return "only its postfix id is known: a move needs the investigate id"
        said = {word.casefold() for word in target.delivery}
        if said & _NOT_DELIVERED and not said & _IN_A_MAILBOX:
            return f"not delivered: {sanitize(', '.join(sorted(said)), 60)}"
        return ""

    def undo(self, state: PlanState) -> str:
        """Back to the inbox, unless nothing brings it back."""
        count = len(state.with_outcome(Outcome.MOVED, Outcome.PARTLY_MOVED, Outcome.SEEN_MOVED))
        if not count:
            return ""
        if self.effect.is_final:
            return f"{plural(count, 'message')} can't be moved back: the user has lost them for good."
        if self.destination is Destination.INBOX:
            return f"U moves {plural(count, 'message')} back to where they were, if this plan undid another one."
        return f"U moves {plural(count, 'message')} back to the Inbox."


# ---- judging an answer


def _mailbox(recipient: str) -> str:
    return canonical_address(recipient) or recipient.strip().casefold()


def copies_of(target: Target) -> tuple[Copy, ...]:
    """All copies of a message, each once; none where its Message-ID or its mailboxes are not known."""
    if not target.message_id or not target.recipients_known:
        return ()
    return tuple(dict.fromkeys((target.message_id, _mailbox(name.exact)) for name in target.recipients))


def match_moves(batch: Sequence[Target], items: Iterable[MoveItem], destination: Destination) -> Matched:
    """Each message with the items about its copies; unknown is a message of which not each copy is told once.

    A copy that two messages of the batch share, that the answer tells twice, or that it tells about another folder says
    nothing. Items about something else are told.
    """
    copies = {target.id: copies_of(target) for target in batch}
    owners = Counter(copy for each in copies.values() for copy in each)
    by_copy: dict[Copy, list[MoveItem]] = {}
    # Mail without a Message-ID is told of by recipients alone: what is told so is about that mail, as far as it can be.
    unjoined = {_mailbox(name.exact) for target in batch if not copies[target.id] for name in target.recipients}
    nameless = 0
    for item in items:
        named = item.message_id.exact.strip().strip("<>") if item.message_id is not None else ""
        if item.recipient is None or not named:
            nameless += item.recipient is None or _mailbox(item.recipient.exact) not in unjoined
        else:
            by_copy.setdefault((named, _mailbox(item.recipient.exact)), []).append(item)
    results = tuple(_moved(target, copies[target.id], by_copy, owners, destination) for target in batch)
    strangers = [copy for copy in by_copy if copy not in owners]
    remarks = [
        f"the answer names {sanitize(name, 100)} for {sanitize(mailbox, 80)}, which was not asked for"
        for name, mailbox in strangers[:_TOLD]
    ]
    if len(strangers) > _TOLD:
        remarks.append(f"the answer names {len(strangers) - _TOLD:,} more that were not asked for")
    if nameless:
        remarks.append(f"{plural(nameless, 'item')} of the answer without a Message-ID or a recipient")
    return Matched(results, tuple(remarks))


def _moved(
    target: Target,
    copies: Sequence[Copy],
    by_copy: dict[Copy, list[MoveItem]],
    owners: Counter[Copy],
    destination: Destination,
) -> Result:
    if not copies:
        return Result(target, Outcome.UNKNOWN, why="the answer can't be joined with it: its Message-ID is not known")
    if any(owners[copy] > 1 for copy in copies):
        return Result(target, Outcome.UNKNOWN, why="another message has the same Message-ID and recipient")
    told: dict[Outcome, list[Copy]] = {}
    why: dict[str, int] = {}
    for copy in copies:
        answers = by_copy.get(copy, [])
        if len(answers) != 1:
            said = "names it more than once" if answers else f"does not name it for {sanitize(copy[1], 80)}"
            return Result(target, Outcome.UNKNOWN, why=f"the answer {said}")
        outcome, reason = _of_item(answers[0], destination)
        if outcome is Outcome.UNKNOWN:
            return Result(target, Outcome.UNKNOWN, why=reason)
        told.setdefault(outcome, []).append(copy)
        if reason:
            why[reason] = why.get(reason, 0) + 1
    names = {(target.message_id, _mailbox(name.exact)): name for name in target.recipients}

    def of(outcome: Outcome) -> tuple[Untrusted, ...]:
        return tuple(names[copy] for copy in told.get(outcome, ()))

    failed = told.get(Outcome.FAILED)
    if failed:
        outcome = Outcome.PARTLY_MOVED if len(told) > 1 else Outcome.FAILED
    else:
        outcome = Outcome.MOVED if Outcome.MOVED in told else Outcome.ALREADY_THERE
    words = "; ".join(
        reason if count == 1 or len(copies) == count else f"{count} {reason}" for reason, count in why.items()
    )
    return Result(
        target,
        outcome,
        failed=of(Outcome.FAILED),
        why=words,
        moved=of(Outcome.MOVED),
        already_there=of(Outcome.ALREADY_THERE),
    )


def _of_item(item: MoveItem, destination: Destination) -> tuple[Outcome, str]:
    """What one item says of its copy, and why; what contradicts itself says nothing."""
    status = sanitize(item.status.exact, 200).strip() if item.status is not None else ""
    if item.destination is not None and item.destination != destination:
        return Outcome.UNKNOWN, f"the answer tells of another folder, {sanitize(str(item.destination), 40)}"
    if item.operation is not None and item.operation.exact.upper() != Operation.MOVE.value:
        return Outcome.UNKNOWN, f"the answer tells of another action, {sanitize(item.operation.exact, 40)}"
    if item.success:
        if status.casefold() in _DONE:
            return Outcome.MOVED, ""
        if _ALREADY.fullmatch(status):
            return Outcome.ALREADY_THERE, ""
        return Outcome.UNKNOWN, f"the answer says success and also: {status}"
    if status.casefold() in _DONE - {""}:
        return Outcome.UNKNOWN, f"the answer says no success and also: {status}"
    if _ALREADY.fullmatch(status):
        return Outcome.ALREADY_THERE, ""
    return Outcome.FAILED, status or "the answer gives no reason"


def _of_entry(entry: LogEntry) -> tuple[Outcome, str]:
    """What an entry of the action log says of a move, by the rules of an answer; and its words."""
    status = sanitize(entry.status.exact, 200).strip() if entry.status is not None else ""
    good = status.casefold() in _DONE
    if not is_understood(entry):
        return Outcome.UNKNOWN, words_of(entry)
    if entry.success is True or (entry.success is None and good and status):
        return (Outcome.MOVED, "") if good else (Outcome.UNKNOWN, f"success, and also: {status}")
    if entry.success is None:
        return Outcome.UNKNOWN, f"neither success nor failure: {status or 'no word'}"
    if status and good:
        return Outcome.UNKNOWN, f"no success, and also: {status}"
    if _ALREADY.fullmatch(status):
        return Outcome.ALREADY_THERE, ""
    return Outcome.FAILED, status or "it gives no reason"


# ---- reading back


class MoveReadBack:
    """Asks what became of some messages: a search a round, and in the last round the action log of each that is still open."""

    def __init__(self, client: EmailSecurityClient, now: datetime, state: PlanState, destination: Destination) -> None:
        self._client = client
        self._now = now
        self._sent_at = state.sent_at
        self._server_dated = state.server_dated
        self._destination = destination

    async def round(self, targets: Sequence[Target]) -> list[Result]:
        """Those of these that a search shows as moved. Raises ApiError.

        A search tells neither when nor to which folder, the action log does: it is asked about those that the search shows
        as moved, and about a few that had been moved before, of which the search shows that, too.
        """
        new = [target for target in targets if target.moved is False]
        seen = await _search_moved(self._client, new, self._now)
        asked = [target for target in new if target.id in seen]
        asked += [target for target in targets if target.moved is not False and target.investigate_id][:_MOST_A_ROUND]
        judged = [await self.judged(target) for target in asked]
        return [result for result in judged if result.outcome is not Outcome.NOT_SEEN_MOVED]

    async def last_round(self, targets: Sequence[Target]) -> list[Result]:
        """The last word on each of these that can be had; what can't be read, and what is more than a hundred, stays unknown."""
        found: list[Result] = []
        for target in targets[:MOST_SINGLE]:
            if target.investigate_id is None:
                continue
            try:
                found.append(await self.judged(target))
            except SluiceError as error:
                found.append(Result(target, Outcome.UNKNOWN, why=f"it could not be read back: {error}"))
        return found

    async def judged(self, target: Target) -> Result:
        """What the action log of one message tells of the move. Raises ApiError, and UsageError for what is no id."""
        sent_at = self._sent_at.get(target.id)
        log = await read_action_log(self._client, target.id)
        moves = [entry for entry in log.entries if entry.operation is Operation.MOVE]
        mine = [entry for entry in moves if self._is_ours(target, entry, sent_at)]
        outcomes = [_of_entry(entry) for entry in mine]
        moved = any(outcome is Outcome.MOVED for outcome, _ in outcomes)
        failed = [said for outcome, said in outcomes if outcome is Outcome.FAILED]
        if odd := [said for outcome, said in outcomes if outcome is Outcome.UNKNOWN]:
            return Result(target, Outcome.UNKNOWN, why=f"the action log contradicts itself: {odd[-1]}")
        if moved and failed and len(target.recipients) == 1:
            return Result(target, Outcome.UNKNOWN, why=f"the action log says moved, and also: {failed[-1]}")
        if moved and failed:
            # It names no mailbox: which of them failed nobody can tell.
            why = f"the action log says that it was moved in some mailboxes, and in others: {failed[-1]}"
            return Result(target, Outcome.PARTLY_MOVED, why=why)
        if moved:
            return Result(target, Outcome.SEEN_MOVED, why="seen moved: the action log says so")
        if failed:
            return Result(target, Outcome.FAILED, why=f"the action log says that it failed: {failed[-1]}")
        if mine:
            return Result(target, Outcome.ALREADY_THERE, why="the action log says that it was there already")
        if any(self._is_ours(target, entry, sent_at, any_folder=True) for entry in moves):
            why = "the action log tells of a move without its folder: it may be somebody else's"
            return Result(target, Outcome.UNKNOWN, why=why)
        if any(self._is_to_this_folder(entry) and _moment_of(entry) is None for entry in moves):
            why = "the action log tells of a move without its time: it may be an older one"
            return Result(target, Outcome.UNKNOWN, why=why)
        if not log.complete:
            why = "the action log shows no such move, but not all of it could be read"
            return Result(target, Outcome.UNKNOWN, why=why)
        return Result(target, Outcome.NOT_SEEN_MOVED, why="the action log shows no such move yet")

    def _is_to_this_folder(self, entry: LogEntry) -> bool:
        folder = entry.properties.folder
        return folder is not None and folder.exact == self._destination.value

    def _is_ours(self, target: Target, entry: LogEntry, sent_at: datetime | None, *, any_folder: bool = False) -> bool:
        """Whether an entry is the move that was asked for, and not an older one, or one to another folder, or to none that it
        tells (`any_folder` = that).
        """
        if entry.properties.folder is not None if any_folder else not self._is_to_this_folder(entry):
            return False
        at = _moment_of(entry)
        if at is None or sent_at is None:
            return target.moved is False
        return at >= sent_at - (SAME_CLOCK if target.id in self._server_dated else CLOCKS_DIFFER)


def _moment_of(entry: LogEntry) -> datetime | None:
    return entry.completed_at or entry.started_at


def says_moved(message: Message) -> bool:
    """Whether a message names a move among what was done to it."""
    return message.was_moved is True


async def _search_moved(client: EmailSecurityClient, targets: Sequence[Target], now: datetime) -> dict[str, Message]:
    """Those of these that a search for moved mail finds, by id, a few pages at the most. Raises ApiError."""
    params = SearchParams(detections_only=False, message_action="MOVED")
    told = await search_for(client, targets, now, params)
    return {name: message for name, message in told.items() if says_moved(message)}


async def check_moved(
    client: EmailSecurityClient, state: PlanState, now: datetime, wanted: Callable[[], bool], destination: Destination
) -> ArrivalCheck:
    """Look at each message that was told as moved: a hundred one by one, by their action logs; what is more by a search.

    Raises ApiError from the search. `wanted` = whether somebody still waits for the answer.
    """
    targets = state.with_outcome(Outcome.MOVED, Outcome.PARTLY_MOVED, Outcome.SEEN_MOVED)
    # Of what is more than can be asked for a search must do: it tells of a move, though not to where.
    many = [target for target in targets[MOST_SINGLE:] if target.moved is False]
    seen = await _search_moved(client, many, now)
    sightings = {name: Sighting.HELD if message.is_quarantined else Sighting.MOVED for name, message in seen.items()}
    read_back = MoveReadBack(client, now, state, destination)
    for target in targets[:MOST_SINGLE]:
        if not wanted():
            break
        try:
            result = await read_back.judged(target)
        except NotFound:
            sightings[target.id] = Sighting.NOT_SEEN_MOVED
            continue
        except Unreadable:
            continue  # one answer that can't be used hides none of the others
        sightings[target.id] = _SIGHTINGS.get(result.outcome, Sighting.NOT_SEEN_MOVED)
    return ArrivalCheck(now, len(targets), sightings)
