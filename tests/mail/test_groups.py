"""Held mail in groups: what is odd is found, and nothing else is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.support.services import service_on
from tui_app.core.look_alike import KnownDomains
from tui_app.mail.groups import GroupedMail, group_line, group_mail, parse_filter
from tui_app.mail.query import HELD_MAIL
from tui_app.mail.search import MailSubject
from tui_app.rows.view import RowView, Superseded
from tui_app.simulator.server import Options, Simulator, running

pytestmark = pytest.mark.slow

CASES = (
    ("envelope", "envelope"),
    ("spf", "SPF fail, the others pass"),
    ("dkim", "DKIM fail, the others pass"),
    ("reply_to", "reply-to"),
    ("network", "helo network"),
    ("verdict", "verdict MALICIOUS, the others"),
    ("lookalike", "like "),
)
"""Of each planted kind, the words by which it is told."""


@asynccontextmanager
async def held_of(simulator: Simulator) -> AsyncIterator[MailSubject]:
    async with service_on(simulator) as service:
        subject = service.mail.watch(lambda _: None, HELD_MAIL)
        subject.ask("90d")
        await subject.load(10**9)
        assert subject.snapshot.complete
        yield subject


@pytest.fixture(scope="module")
def sample() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=0, sample=10_000)) as simulator:
        yield simulator


async def test_of_ten_thousand_held_mails_the_seven_planted_ones_are_odd_and_no_other(sample: Simulator) -> None:
    planted = {name: kind for kind, name in sample.account.planted.items()}
    assert sorted(planted.values()) == sorted(kind for kind, _ in CASES)
    async with held_of(sample) as subject:
        grouped = await subject.group()
        assert grouped.count == len(subject.snapshot.found) == 10_000
        found = {subject.store.id(odd.slot): odd for odd in grouped.odd.values()}
        assert {planted.get(name, "not planted") for name in found} == {kind for kind, _ in CASES}
        assert len(found) == 7
        told = {planted[name]: odd.why for name, odd in found.items()}
        for kind, words in CASES:
            assert words in told[kind], kind
        assert sum(group.odd for group in grouped.groups) == 7
        assert len(grouped.groups) < 150, "names in subjects make no groups of their own"


async def test_each_message_is_in_one_group_and_the_filter_of_a_group_shows_just_its_mail(sample: Simulator) -> None:
    async with held_of(sample) as subject:
        grouped = await subject.group()
        slots = sorted(slot for own in grouped.slots.values() for slot in own)
        assert slots == list(range(10_000))
        for group in (grouped.groups[0], grouped.groups[-1]):
            await subject.arrange(RowView(parse_filter(group_line(group), grouped)))
            assert sorted(subject.snapshot.rows.slots) == sorted(grouped.slots[group.key])


async def test_grouping_ends_as_soon_as_it_is_not_wanted(sample: Simulator) -> None:
    async with held_of(sample) as subject:
        with pytest.raises(Superseded):
            await group_mail(subject.snapshot.found, KnownDomains.of((), {}), still=lambda: False)


async def test_the_three_impostors_of_the_demo_stand_out(simulator: Simulator) -> None:
    async with held_of(simulator) as subject:
        grouped: GroupedMail = await subject.group()
        senders = [str(subject.store.row(odd.slot).sender) for odd in grouped.odd.values()]
        assert senders == ["news@acme-news.exampIe"] * 3
        assert all("like acme-news.example: I for l" in odd.why for odd in grouped.odd.values())


async def test_a_group_tells_its_mailboxes_each_once_and_from_when_to_when(sample: Simulator) -> None:
    async with held_of(sample) as subject:
        grouped = await subject.group()
        assert grouped is not None
        for group in grouped.groups[:5]:
            messages = [subject.store.row(slot) for slot in grouped.slots[group.key]]
            times = [message.when for message in messages if message.when is not None]
            assert (group.first, group.last) == (min(times), max(times))
            mailboxes = {to.exact for message in messages for to in message.recipients}
            assert group.recipients == len(mailboxes)
            assert group.count == len(messages)


async def test_groups_are_those_of_the_last_search_and_none_where_another_came_between(sample: Simulator) -> None:
    async with held_of(sample) as subject:
        first = asyncio.ensure_future(subject.group())
        await asyncio.sleep(0)
        subject.ask("90d verdict:MALICIOUS")
        await subject.load(10**9)
        assert await first is None
        grouped = await subject.group()
        assert grouped is not None
        assert grouped.count == len(subject.snapshot.found) < 10_000
