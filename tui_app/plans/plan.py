"""A plan: the exact messages, the action and the reason, fixed before anything is sent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tui_app.core.id_form import IdKind, kind_of, moment_of_id
from tui_app.core.text import NOTHING, Untrusted
from tui_app.plans.effect import TO_RELEASE, Effect, Source

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from tui_app.api.enums import Disposition
    from tui_app.api.rows import Message
    from tui_app.core.outliers import Features


FORMAT: Final = 3
"""Of the journals that this version writes.

Format 1 did not say for which message a word was typed; format 2 knew releases only, and no plan that follows from another
or waits for a time.
"""
LARGEST_BATCH: Final = 1000
"""Messages in a request."""
KEEPS_UNFINISHED: Final = 3
"""The format from which on a journal keeps which plans were unfinished when it was begun."""
_MARGIN: Final = timedelta(minutes=1)
_CLUSTER: Final = timedelta(days=1)
"""Messages that are farther apart are searched for apart: all mail between them would be read for nothing."""
_AHEAD: Final = timedelta(days=1)
"""How far in the future a time may be, by clocks that differ."""
LONGEST_WINDOW: Final = timedelta(days=90)
"""How far back a search looks: mail is not kept longer. A time before that is none that a message has."""


@dataclass(frozen=True, slots=True)
class Target:
    """One message of a plan, as it was known when the plan was made; None = not known."""

    investigate_id: str | None
    postfix_id: str | None = None
    recipients: tuple[Untrusted, ...] = ()
    subject: Untrusted = NOTHING
    sender: Untrusted = NOTHING
    disposition: Disposition | Untrusted | None = None
    recipients_known: bool = True
    """Whether the API named the mailboxes; else the recipients are those that the sender wrote."""
    held: bool | None = True
    """Whether it is in quarantine; None = the API's answer does not tell."""
    checked: bool = True
    looked_up: bool = True
    """Whether it was asked for at all."""
    shared_by: tuple[Target, ...] = ()
    """All messages that go by this id, where it is that of several: nobody knows which is meant."""
    named: str = ""
    """The Message-ID or alert id by which it was asked for; empty when it was asked for by an id of its own."""
    released: bool | None = False
    """Whether it was released from quarantine before, by whomever; None = not known."""
    when: datetime | None = None
    message_id: str = ""
    """Its Message-ID without brackets, by which the answer to a move names it; empty when it is not known."""
    moved: bool | None = False
    """Whether it was moved before, by whomever; None = not known."""
    header_id: str = field(default="", compare=False)
    """Its Message-ID as the API writes it; empty when it is not known."""
    alert_id: str = field(default="", compare=False)
    """By which a wrong verdict on it is reported; empty when it is not known."""
    delivery: tuple[str, ...] = ()
    """How it was delivered, in the API's words; empty when it is not known."""
    features: Features | None = field(default=None, compare=False, repr=False)
    """What it is compared with others by; None when nothing is known of it."""

    @classmethod
    def of(cls, message: Message) -> Target:
        """The target for a message that was looked up."""
        from tui_app.core.mail_features import features_of

        return cls(
            investigate_id=message.id.exact,
            postfix_id=message.postfix_id.exact if message.postfix_id else None,
            recipients=message.recipients,
            recipients_known=message.names_mailboxes,
            subject=message.subject,
            sender=message.sender,
            disposition=message.final_disposition,
            held=message.is_quarantined,
            released=message.was_released,
            when=message.when,
            message_id=message.message_id.exact.strip().strip("<>") if message.message_id else "",
            header_id=message.message_id.exact if message.message_id else "",
            alert_id=message.alert_id.exact if message.alert_id else "",
            moved=message.was_moved,
            delivery=tuple(status.exact for status in message.delivery_status),
            features=features_of(message.compared),
        )

    @property
    def id(self) -> str:
        """Its identity: the investigate id, or the postfix id when that is all there is."""
        return self.investigate_id or self.postfix_id or ""

    @property
    def names(self) -> tuple[str, ...]:
        """All ids that are known of it: what is held back by one of them is held back by each."""
        return tuple(name for name in (self.investigate_id, self.postfix_id) if name)


@dataclass(frozen=True, slots=True)
class MailCounts:
    """What is kept of the mail of a plan beside its ids: verdicts and sender domains, with counts, as safe text."""

    verdicts: tuple[tuple[str, int], ...] = ()
    domains: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Plan:
    """One action on an exact list of messages: targets in sending order, each once."""

    plan_id: str
    targets: tuple[Target, ...]
    reason: str
    batch_size: int
    canary: int = 0
    """How many are sent first, to be looked at before the rest; 0 = all alike."""
    included: tuple[tuple[str, str], ...] = ()
    """What the guard would have held back, and was named to be sent all the same: a word, and the id that it was typed for."""
    held_back: tuple[tuple[str, str], ...] = ()
    """What was asked for and taken out by the guard: ids, and why."""
    unfit: tuple[tuple[str, str], ...] = ()
    """What was asked for and the action can't be done to: ids, and why."""
    effect: Effect = TO_RELEASE
    """What is done to the targets, see `actions`."""
    source: Source | None = None
    """What it follows from; None for a plan of its own."""
    not_before: datetime | None = None
    """When it may be sent at the earliest."""
    search: str = ""
    """What the messages were found by, in words; empty where they were named by their ids."""
    kept_counts: MailCounts = MailCounts()
    """What its journal keeps of the mail."""
    format: int = FORMAT
    """Of the journal that it is in: the digest of an older one covers less."""

    @classmethod
    def make(
        cls,
        targets: Iterable[Target],
        reason: str,
        batch_size: int,
        random: Random,
        *,
        canary: int = 0,
        included: Iterable[tuple[str, str]] = (),
        held_back: Iterable[tuple[str, str]] = (),
        unfit: Iterable[tuple[str, str]] = (),
        effect: Effect = TO_RELEASE,
        source: Source | None = None,
        not_before: datetime | None = None,
        search: str = "",
    ) -> Plan:
        """A plan with a new id of eight hex digits; a target that comes twice is taken once."""
        unique = {target.id: target for target in targets}
        plan_id = f"{random.getrandbits(32):08x}"
        first = canary if 0 < canary < len(unique) else 0
        return cls(
            plan_id,
            tuple(unique.values()),
            reason,
            batch_size,
            first,
            tuple(included),
            tuple(held_back),
            tuple(unfit),
            effect,
            source,
            _full_milliseconds(not_before) if not_before is not None else None,
            search,
        )

    @property
    def action(self) -> str:
        """The name of what is done: `release`, `move`."""
        return self.effect.action

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the ids and the reason, in order; from format 2 on also over the action and what was included by name,
        from format 3 on over the folder, what it follows from, and the earliest time.
        """
        content: list[Any] = [[[target.investigate_id, target.postfix_id] for target in self.targets], self.reason]
        if self.format > 1:
            content += [self.action, list(map(list, self.included))]
        if self.format > 2:
            source = self.source
            content += [
                self.effect.destination,
                None if source is None else [source.relation, source.kind, source.name, source.before],
                None if self.not_before is None else self.not_before.isoformat(timespec="milliseconds"),
            ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def recipients(self) -> int:
        """Mailboxes the messages go to, counted per message."""
        return sum(len(target.recipients) for target in self.targets)

    def words_for(self, identity: str) -> frozenset[str]:
        """The words that were typed for a message: they let no other one through."""
        return frozenset(word for word, name in self.included if name == identity)

    def without(self, gone: Mapping[str, str]) -> Plan:
        """The same plan with these ids taken out, and why."""
        return replace(
            self,
            targets=tuple(target for target in self.targets if target.id not in gone),
            included=tuple((word, name) for word, name in self.included if name not in gone),
            unfit=(*self.unfit, *((target.id, gone[target.id]) for target in self.targets if target.id in gone)),
        )

    def batches(
        self, targets: Iterable[Target] | None = None, *, begun: bool = False
    ) -> tuple[tuple[Target, ...], ...]:
        """One tuple per request, of all or of some targets; those known by a postfix id only never share one with others.

        The first batch is the canary, where there is one, unless something was sent already (`begun`).
        """
        left = list(self.targets if targets is None else targets)
        cut: list[tuple[Target, ...]] = []
        if self.canary and not begun:
            first = [target for target in left if target.investigate_id][: min(self.canary, self.batch_size)]
            if first:
                cut.append(tuple(first))
                left = [target for target in left if target not in set(first)]
        for alike in (
            [target for target in left if target.investigate_id],
            [target for target in left if not target.investigate_id],
        ):
            cut += [tuple(alike[at : at + self.batch_size]) for at in range(0, len(alike), self.batch_size)]
        return tuple(cut)


def index_by_id(messages: Iterable[Message], wanted: Container[str]) -> Iterator[tuple[str, Message]]:
    """Each wanted id (investigate or postfix id) with a message that bears it; an id may come more than once."""
    for message in messages:
        for identity in (message.id, message.postfix_id):
            if identity is not None and identity.exact in wanted:
                yield identity.exact, message


def is_other_mail(target: Target, message: Message) -> bool:
    """Whether a message that bears the id of a target is another mail: by its sender or subject, where both are known."""
    written = ((target.sender, message.sender), (target.subject, message.subject))
    return any(ours.exact and theirs.exact and ours.exact != theirs.exact for ours, theirs in written)


def is_searchable(moment: datetime, now: datetime) -> bool:
    """Whether a message of that time can still be there: an id that is made up may tell of any year."""
    return now - LONGEST_WINDOW - _MARGIN <= moment <= now + _AHEAD


def windows_of(targets: Iterable[Target], now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """From when to when these messages were scanned: a window for each cluster of times, by the messages or their ids.

    The oldest comes first. Messages without any time add the last 90 days, as the last one; a time that no message can
    have adds nothing.
    """
    moments = [target.when or moment_of_id(target.id) for target in targets if not has_no_time(target, now)]
    known = sorted(moment for moment in moments if moment is not None)
    clusters: list[tuple[datetime, datetime]] = []
    for moment in known:
        if clusters and moment - clusters[-1][1] <= _CLUSTER:
            clusters[-1] = (clusters[-1][0], moment)
        else:
            clusters.append((moment, moment))
    windows = [(min(first, now) - _MARGIN, last + _MARGIN) for first, last in clusters]
    if len(known) < len(moments):
        windows.append((now - LONGEST_WINDOW, now))
    return tuple(windows)


def has_no_time(target: Target, now: datetime) -> bool:
    """Whether its id tells of a time, and of none that a message can have: there is nothing to search for."""
    moment = target.when or moment_of_id(target.id)
    if moment is None:
        return kind_of(target.id) in (IdKind.INVESTIGATE, IdKind.ALERT)
    return not is_searchable(moment, now)


def _full_milliseconds(moment: datetime) -> datetime:
    """The next moment that a journal can hold: what waits for a time is not sent a part of a millisecond before it."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
