"""A search for held mail that is loaded page by page: what its listener is told, and what of an old search it is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.clock import ManualClock
from tests.support.faulty import Received, Script, answer, failure, faulty, success
from tests.support.services import lonely_service
from tui_app.api.errors import ApiError, Forbidden
from tui_app.mail.search import MailSnapshot, MailSubject

Query = dict[str, list[str]]


class Watched:
    """A search and all that its listener was told."""

    def __init__(self, subject: MailSubject, clock: ManualClock, snapshots: list[MailSnapshot]) -> None:
        self.subject = subject
        self.clock = clock
        self.snapshots = snapshots

    @property
    def last(self) -> MailSnapshot:
        return self.snapshots[-1]

    @property
    def read_at(self) -> str:
        """The time of day of the last page; empty before there is one."""
        return f"{self.last.read_at:%H:%M}" if self.last.read_at else ""

    @property
    def ids(self) -> list[str]:
        return ids_of(self.last)


def ids_of(snapshot: MailSnapshot) -> list[str]:
    return [message.id.exact for message in snapshot.found]


async def diagnosis_of(error: ApiError) -> str:
    return f"The diagnosis of {error.status}."


@asynccontextmanager
async def searching(script: Script) -> AsyncIterator[Watched]:
    clock, snapshots = ManualClock(), list[MailSnapshot]()
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        try:
            yield Watched(MailSubject(service.mail.client, clock, diagnosis_of, snapshots.append), clock, snapshots)
        finally:
            await service.close()


def asked(request: Received) -> Query:
    return parse_qs(urlsplit(request.target).query)


def page(name: str, number: int, of: int) -> bytes:
    """Page `number` of a search, with two messages: their ids begin with its name."""
    found: list[dict[str, Any]] = [{"id": f"{name}-{number * 2 + n}", "is_quarantined": True} for n in range(2)]
    info = {"count": 2, "next": f"{number + 1}" if number + 1 < of else None}
    return answer(200, success(found, result_info=info))


def pages_of(query: Query, of: int) -> bytes:
    return page(query["sender"][0], int(query.get("cursor", ["0"])[0]), of)


async def test_loading_again_loads_beyond_what_is_here() -> None:
    requests: list[Query] = []

    def script(request: Received) -> bytes:
        requests.append(asked(request))
        return pages_of(requests[-1], 4)

    async with searching(script) as search:
        search.subject.ask("sender:a")
        await search.subject.load(3)
        assert search.ids == ["a-0", "a-1", "a-2", "a-3"], "whole pages, until there are enough"
        assert (search.last.complete, search.last.loading) == (False, False)
        await search.subject.load(1)
        assert search.ids == [f"a-{n}" for n in range(6)]
        await search.subject.load()
        assert search.ids == [f"a-{n}" for n in range(8)]
        assert (search.last.complete, search.last.loading) == (True, False)
        await search.subject.load()
        assert search.ids == [f"a-{n}" for n in range(8)]
    assert [query.get("cursor") for query in requests] == [None, ["1"], ["2"], ["3"]], "nothing is read twice"
    assert [snapshot.loading for snapshot in search.snapshots[:2]] == [False, True]


@pytest.mark.parametrize("ended", ["found", "refused"])
async def test_a_new_search_while_the_old_one_is_loaded_shows_nothing_of_the_old(ended: str) -> None:
    watched: list[Watched] = []

    def script(request: Received) -> bytes:
        query = asked(request)
        if query["sender"] == ["old"] and "cursor" in query:
            watched[0].subject.ask("sender:new")
            if ended == "refused":
                return answer(403, failure(10000, "no"))
        return pages_of(query, 3)

    async with searching(script) as search:
        watched.append(search)
        search.subject.ask("sender:old")
        await search.subject.load()
        turned = next(at for at, told in enumerate(search.snapshots) if told.line == "sender:new")
        after = search.snapshots[turned:]
        assert {tuple(ids_of(told)) for told in after} == {()}
        assert (search.last.loading, search.last.complete, search.last.problem) == (False, False, None)
        await search.subject.load(1)
        assert search.ids == ["new-0", "new-1"], "it begins at its own first page"
        assert search.last.line == "sender:new"
    assert {told.line for told in search.snapshots[turned:]} == {"sender:new"}


async def test_a_refusal_is_told_with_its_diagnosis_and_loading_ends() -> None:
    replies = iter([page("a", 0, 3), answer(403, failure(10000, "no")), page("a", 1, 2)])
    async with searching(lambda _: next(replies)) as search:
        search.subject.ask("sender:a")
        await search.subject.load()
        assert isinstance(search.last.problem, Forbidden)
        assert search.last.diagnosis == "The diagnosis of 403."
        assert (search.last.loading, search.last.complete) == (False, False)
        assert search.ids == ["a-0", "a-1"], "what was found before stays"
        told = len(search.snapshots)
        await search.subject.load()
        begun = search.snapshots[told]
        assert (begun.loading, begun.problem, begun.diagnosis) == (True, None, "")
        assert search.ids == ["a-0", "a-1", "a-2", "a-3"]
    assert (search.subject.snapshot.problem, search.subject.snapshot.complete) == (None, True)


async def test_when_it_was_read_survives_a_new_search() -> None:
    async with searching(lambda request: pages_of(asked(request), 1)) as search:
        search.subject.ask("sender:a")
        assert search.read_at == ""
        await search.subject.load()
        assert (search.read_at, search.ids) == ("12:00", ["a-0", "a-1"])
        await search.clock.advance(60)
        search.subject.ask("sender:b")
        assert (search.read_at, search.ids) == ("12:00", [])
        await search.subject.load()
        assert (search.read_at, search.ids) == ("12:01", ["b-0", "b-1"])


async def test_a_line_that_is_not_a_search_changes_nothing() -> None:
    async with searching(lambda request: pages_of(asked(request), 2)) as search:
        search.subject.ask("sender:a")
        await search.subject.load(1)
        before, told = search.subject.snapshot, len(search.snapshots)
        for line in ("verdict:nonsense", "nothing:known", "start:never"):
            with pytest.raises(ValueError, match=r"\.$"):
                search.subject.ask(line)
        assert search.subject.snapshot is before
        assert len(search.snapshots) == told
        await search.subject.load()
        assert search.ids == ["a-0", "a-1", "a-2", "a-3"], "the old search goes on from where it was"


async def test_what_was_noted_before_the_oldest_row_counts_until_all_are_read_again() -> None:
    async with faulty(lambda request: pages_of(asked(request), 2)) as server:
        service, notes = lonely_service(server.base_url), iter(range(1, 9))

        async def note() -> int:
            return next(notes)

        try:
            subject = MailSubject(service.mail.client, ManualClock(), diagnosis_of, lambda _: None, note=note)
            subject.ask("sender:a")
            await subject.load()
            assert (subject.snapshot.complete, subject.noted) == (True, 1)
            subject.ask("sender:a")
            await subject.load(2)
            assert (subject.snapshot.complete, subject.snapshot.noted, subject.noted) == (False, 2, 1)
            subject.ask("sender:a")
            assert subject.noted == 1
            await subject.load()
            assert (subject.snapshot.complete, subject.noted) == (True, 3)
            subject.ask("sender:b")
            await subject.load()
            assert subject.noted == 4
        finally:
            await service.close()
