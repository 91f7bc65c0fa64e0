"""Which messages of a list are meant: the marked ones, with what was left out of the marks and why."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.core.text import plural
from tui_app.plans.effect import Effect
from tui_app.plans.plan import Target
from tui_app.plans.request import PlanRequest

if TYPE_CHECKING:
    from tui_app.api.enums import Destination
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.mail.groups import OddMail
    from tui_app.mail.search import MailSubject
    from tui_app.plans.guard import Guarded
    from tui_app.service import EmailSecurityService


BETWEEN: Final = "Another search came between"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Messages for a review, what they were found by, and what is known of them from the list that they stand in."""

    marked: Sequence[Target]
    search: SearchParams
    request: PlanRequest = field(default_factory=PlanRequest)
    left_out: Sequence[Target] = ()
    """What was left out when those were marked: a review of a release tells of it, and why."""

    @property
    def targets(self) -> Sequence[Target]:
        """All that the review is about."""
        return (*self.marked, *self.left_out)

    def moved_to(self, destination: Destination) -> Chosen:
        """The marked ones alone, to be moved to a folder."""
        return replace(self, request=replace(self.request, effect=Effect.move(destination)), left_out=())


class MailChoice:
    """Marks of one list. What the guard holds back, and what is odd, is marked by hand alone."""

    def __init__(self, service: EmailSecurityService, subject: MailSubject) -> None:
        self._service = service
        self._subject = subject

    def forget(self) -> None:
        """What was left out of marks belongs to marks that are gone."""
        self._subject.left_out = {}
        self._subject.marked_with = frozenset()
        self._subject.by_hand.clear()

    def note(self, identity: str, *, marked: bool) -> None:
        """Somebody marked this message alone, or unmarked it: an odd one goes out only because of that."""
        if marked and (odd := self._subject.odd(identity)) is not None:
            self._subject.by_hand[identity] = odd.why
        else:
            self._subject.by_hand.pop(identity, None)

    async def mark(self, slots: array[int], *, anew: bool) -> str:
        """Mark these but what the guard holds back and what is odd, and say how many; `anew` = and nothing else.

        Raises SluiceError where the guard can't be asked.
        """
        subject, store = self._subject, self._subject.store
        grouped = await subject.group()
        if grouped is None or store is not subject.store:
            return f"{BETWEEN}: nothing was marked."
        held = subject.odd_slots if self._holds_odd else {}
        odd, plain, guarded, allowed = await asyncio.to_thread(self._sorted_out, slots, held)
        if store is not subject.store:
            return f"{BETWEEN}: nothing was marked."
        if anew:
            store.unmark_all()
            self.forget()
        store.mark(plain, on=True)
        kept = [each.target for each in (*guarded.held_back, *guarded.unfit)] if guarded is not None else []
        kept += [Target.of(store.row(slot)) for slot in odd]
        subject.left_out = {**subject.left_out, **{target.id: target for target in kept}}
        subject.marked_with |= allowed
        told = [f"{len(allowed):,} of {len(slots):,} marked"]
        told += [f"{plural(len(odd), 'odd one')} left out"] if odd else []
        if guarded is not None:
            told += [f"{len(guarded.held_back):,} held back by guard"] if guarded.held_back else []
            told += [f"{count:,} {reason}" for reason, count in guarded.unfit_reasons().items()]
        told += [f"{store.marks:,} in all"] if store.marks != len(allowed) else []
        return f"{', '.join(told)}."

    def _sorted_out(
        self, slots: array[int], held: Mapping[int, OddMail]
    ) -> tuple[list[int], array[int], Guarded | None, frozenset[str]]:
        """Which are odd, which are marked, what the guard says of a release of the others, and the ids of the marked; in a thread.

        Of all mail the guard is not asked: it is marked for a move as well, and the review of a release says it then.
        """
        store = self._subject.store
        odd = [slot for slot in slots if slot in held]
        plain = array("I", [slot for slot in slots if slot not in held]) if odd else slots
        if not self._subject.preset.held:
            return odd, plain, None, frozenset(map(store.id, plain))
        guarded = self._service.plans.guard([Target.of(store.shape.make(row)) for row in store.rows(plain)])
        allowed = frozenset(target.id for target in guarded.allowed)
        return odd, array("I", [slot for slot in plain if store.id(slot) in allowed]), guarded, allowed

    @property
    def _holds_odd(self) -> bool:
        return self._service.settings.guard.hold_odd

    def odd_marked(self) -> Sequence[str]:
        """The ids of the marked messages that are odd."""
        odd, store = self._subject.odd_slots, self._subject.store
        return [store.id(slot) for slot in store.marked_slots() if slot in odd]

    async def review(self, current: Sequence[Message], *, alone: bool) -> Chosen | None:
        """As `chosen`, once it is known what is odd; None where another search came between."""
        return self.chosen(current, alone=alone) if await self._subject.group() is not None else None

    def chosen(self, current: Sequence[Message], *, alone: bool = False) -> Chosen:
        """The marked messages, else the current ones; with what was left out of the marks, and what is odd.

        `alone` = the current one is a single message that somebody pointed at.
        """
        subject = self._subject
        store, snapshot = subject.store, subject.snapshot
        marked = store.marks > 0
        messages = subject.marked() if marked else current
        targets = {message.id.exact: Target.of(message) for message in messages}
        by_hand = frozenset(filter(self._was_told, targets) if marked else targets if alone else ())
        left_out: dict[str, Target] = {}
        # A few that were unmarked, or sent since, change nothing of what was left out.
        if marked and subject.left_out and subject.marked_with & targets.keys():
            left_out = {name: target for name, target in subject.left_out.items() if name not in targets}
        request = PlanRequest(
            search=snapshot.params.describe(),
            journals=subject.noted,
            odd=self._odd_of((*targets, *left_out)),
            by_hand=by_hand,
        )
        return Chosen(list(targets.values()), snapshot.params, request, list(left_out.values()))

    def _was_told(self, identity: str) -> bool:
        """Whether somebody marked it alone, and all that is different in it by now was told then."""
        odd, told = self._subject.odd(identity), self._subject.by_hand.get(identity)
        return told is not None and (odd is None or odd.why == told)

    def _odd_of(self, names: Iterable[str]) -> Mapping[str, str]:
        found = ((name, self._subject.odd(name)) for name in names)
        return {name: odd.why for name, odd in found if odd is not None}

    def exported(self, *, shown: bool) -> frozenset[str] | None:
        """The ids of what goes into a file: the marked ones, else what is `shown`; None for all that the search finds."""
        store = self._subject.store
        if store.marks:
            return frozenset(map(store.id, store.marked_slots()))
        if not shown:
            return None
        rows = self._subject.snapshot.rows
        return frozenset(map(rows.key_at, range(len(rows))))
