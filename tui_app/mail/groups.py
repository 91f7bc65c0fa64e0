"""Listed mail in groups: by sender's domain, subject pattern and verdict; and the odd ones, with what is different in each."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import Disposition
from tui_app.api.wire_values import moment, open_enum
from tui_app.core.address import domain_in
from tui_app.core.mail_features import COMPARED, features_of, text_of
from tui_app.core.outliers import UNREADABLE_SENDER, FamilyTally, Features, common_of, with_common_pattern
from tui_app.core.text import Untrusted
from tui_app.mail.columns import MAIL_ROWS
from tui_app.rows.filters import RowFilter, Test, quoted_value
from tui_app.rows.filters import parse_filter as parse
from tui_app.rows.shape import Row
from tui_app.rows.store import OrderedRows
from tui_app.rows.view import STEP, Superseded

if TYPE_CHECKING:
    from tui_app.api.rows import Message
    from tui_app.core.look_alike import KnownDomains

_features_of: Final = MAIL_ROWS.value_of(*COMPARED)
_verdict: Final = open_enum(Disposition)
_mailboxes: Final = MAIL_ROWS.value_of("client_recipients", "to")
_times: Final = MAIL_ROWS.value_of("scanned_at", "ts", "sent_at")
GROUP: Final = "group"
"""The field of a mail's group in a filter line: no column has it, it is made of several."""
_BETWEEN: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class MailGroup:
    """Mail of one sender's domain with one pattern of subject and one verdict. Times are None where no mail tells one."""

    key: str
    """What one group is told from another by; it is not for a screen."""
    domain: Untrusted
    pattern: Untrusted
    verdict: Disposition | Untrusted | None
    count: int
    odd: int
    """How many of them are odd."""
    recipients: int
    """How many mailboxes it went to, each once."""
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class OddMail:
    """A message that is not like the others of its kind."""

    slot: int
    differences: tuple[str, ...]
    """Safe text, the worst first."""

    @property
    def why(self) -> str:
        """All of them in a line."""
        return "; ".join(self.differences)


@dataclass(frozen=True, slots=True)
class GroupedMail:
    """Groups, the largest first; the slots of each group's mail by its key; and the odd ones, in the order of the list."""

    groups: tuple[MailGroup, ...] = ()
    slots: Mapping[str, array[int]] = field(default_factory=dict)
    odd: Mapping[int, OddMail] = field(default_factory=dict)
    common: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By sender's domain, the subject patterns that were taken together, and as what."""

    def key_of(self, features: Features) -> str:
        """The key of the group of a message with these features."""
        return _key(with_common_pattern(features, self.common))

    @property
    def count(self) -> int:
        """How much mail is in the groups."""
        return sum(group.count for group in self.groups)


def _key(features: Features) -> str:
    return _BETWEEN.join((features.domain, features.pattern, features.verdict))


class _Sum:
    """A group while it is counted."""

    __slots__ = ("count", "domain", "features", "first", "last", "mailboxes", "odd", "slots")

    def __init__(self, features: Features, domain: str) -> None:
        self.features = features
        self.domain = domain
        self.count = self.odd = 0
        self.mailboxes: set[str] = set()
        self.first = self.last = ""
        self.slots = array("I")

    def add(self, slot: int, row: Row) -> None:
        self.count += 1
        self.slots.append(slot)
        own, to = _mailboxes(row)
        names = own or to or ()
        self.mailboxes.update(name for name in (names if type(names) is tuple else (names,)) if type(name) is str)
        when = next((time for time in _times(row) if type(time) is str), "")
        if when:
            # As the API writes them, the earlier one is the smaller text.
            self.first = when if not self.first or when < self.first else self.first
            self.last = max(self.last, when)

    def group(self) -> MailGroup:
        features = self.features
        return MailGroup(
            _key(features),
            Untrusted(self.domain),
            Untrusted(features.pattern),
            _verdict(features.verdict) if features.verdict else None,
            self.count,
            self.odd,
            len(self.mailboxes),
            moment(self.first),
            moment(self.last),
        )


async def group_mail(
    view: OrderedRows[Message], known: KnownDomains, *, still: Callable[[], bool] = lambda: True
) -> GroupedMail:
    """The mail of a view in groups, and the odd ones in it.

    Lets others run between steps, and raises Superseded as soon as it is not `still` wanted.
    """
    # A copy: more may be listed at the end of the array while others run.
    slots = view.slots[: len(view)]
    read: dict[tuple[Any, ...], Features] = {}
    each: list[Features] = []
    written: list[str] = []
    """The domain of each as it is written: that is what people take for another."""
    for start in range(0, len(slots), STEP):
        for row in view.store.rows(slots[start : start + STEP]):
            values = _features_of(row)
            try:
                features = read.get(values)
                if features is None:
                    features = read[values] = features_of(values)
            except TypeError:  # a value of a kind that can't be looked up
                features = features_of(values)
            each.append(features)
            written.append(domain_in(text_of(values[0])))
        await _let_others_run(still)
    common = await asyncio.to_thread(common_of, set(each))
    tally, sums = FamilyTally(), dict[str, _Sum]()
    for start in range(0, len(slots), STEP):
        step = slots[start : start + STEP]
        for number, (slot, row) in enumerate(zip(step, view.store.rows(step), strict=True), start):
            features = each[number] = with_common_pattern(each[number], common)
            tally.add(features)
            key = _key(features)
            found = sums.get(key)
            if found is None:
                found = sums[key] = _Sum(features, written[number])
            found.add(slot, row)
            if found.domain != written[number]:
                found.domain = features.domain  # written in several ways: as it is on the wire
        await _let_others_run(still)
    odd: dict[int, OddMail] = {}
    told: dict[tuple[Features, str], tuple[str, ...]] = {}
    for start in range(0, len(slots), STEP):
        for number, slot in enumerate(slots[start : start + STEP], start):
            features, domain = each[number], written[number]
            differences = told.get((features, domain))
            if differences is None:
                differences = told[features, domain] = differences_of(features, tally, known, domain)
            if differences:
                odd[slot] = OddMail(slot, differences)
                sums[_key(features)].odd += 1
        await _let_others_run(still)
    ordered = sorted(sums.values(), key=lambda one: (-one.count, one.features.domain, one.features.pattern))
    by_key = {_key(one.features): one.slots for one in ordered}
    return GroupedMail(tuple(one.group() for one in ordered), by_key, odd, common)


async def _let_others_run(still: Callable[[], bool]) -> None:
    await asyncio.sleep(0)
    if not still():
        raise Superseded


def differences_of(features: Features, tally: FamilyTally, known: KnownDomains, domain: str = "") -> tuple[str, ...]:
    """What is different in a message from the others of its family, and whether its domain imitates another; safe text."""
    like = known.likeness(domain or features.domain)
    alike = [like.describe()] if like is not None else []
    alike += [UNREADABLE_SENDER] if features.unreadable_sender else []
    return (*alike, *(difference.describe() for difference in tally.odd(features)))


# ---- a filter of the rows of a group


def parse_filter(line: str, grouped: GroupedMail | None = None) -> RowFilter | None:
    """The filter of a line; None for an empty one. Raises QueryError with a sentence that says what is wrong.

    `grouped` = the groups that a `group:` in it is about.
    """
    return parse(line, MAIL_ROWS, {GROUP: partial(_of_group, grouped or GroupedMail())})


def group_line(group: MailGroup) -> str:
    """The filter line of the mail of a group."""
    return f"{GROUP}:{quoted_value(_in_line(group.key))}"


def _in_line(key: str) -> str:
    """A key as it stands in a line: no part of it can hold what stands between them."""
    return key.replace("%", "%25").replace("|", "%7C").replace(_BETWEEN, "|").casefold()


def _of_group(grouped: GroupedMail, term: str, value: str) -> Test:
    wanted = value.casefold()
    return lambda row: _in_line(grouped.key_of(features_of(_features_of(row)))) == wanted
