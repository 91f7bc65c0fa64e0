"""Reading a whole action log: where it ends, what is told of it, and that keys are answered meanwhile."""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

import pytest

from tui_app.api.client import EmailSecurityClient
from tui_app.api.details import LogEntry
from tui_app.api.errors import ApiError, NotFound
from tui_app.api.page import Page
from tui_app.api.pagination import LOG_PAGES, ActionLog, read_action_log

Answer = Page[LogEntry] | ApiError


def entries(first: int, count: int) -> tuple[LogEntry, ...]:
    return tuple(LogEntry.from_wire({"operation": "MOVE", "status": f"{n}"}) for n in range(first, first + count))


class Server:
    """Pages of an action log; the last one comes again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.asked = 0

    async def list_action_log(self, name: str, *, page: int) -> Page[LogEntry]:
        assert name == "mail"
        self.asked += 1
        answer = self.answers[min(page, len(self.answers)) - 1]
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def read(self) -> ActionLog:
        return await read_action_log(cast(EmailSecurityClient, self), "mail")


def not_found() -> NotFound:
    return NotFound("not there", request="GET x", status=404)


@pytest.mark.parametrize(
    ("answers", "numbers", "complete", "asked"),
    [
        ([Page(())], [], True, 1),
        ([Page(entries(0, 3))], [0, 1, 2], True, 1),
        ([Page(entries(0, 1000)), Page(entries(1000, 3))], range(1003), True, 2),
        ([Page(entries(0, 1000)), Page(())], range(1000), True, 2),
        ([Page(entries(0, 20)), Page(entries(20, 20)), Page(entries(40, 3))], range(43), True, 3),
        ([Page(entries(0, 20)), not_found()], range(20), True, 2),
        ([Page(entries(0, 50), per_page=50), Page(entries(50, 1), per_page=50)], range(51), True, 2),
        ([Page(entries(0, 1000)), Page(entries(999, 1000)), Page(entries(1998, 5))], range(2003), True, 3),
        ([Page(entries(0, 20))], range(20), False, 2),
        ([Page(entries(0, 3), unreadable=1)], range(3), False, 1),
        ([Page(entries(0, 3), partial=True)], range(3), False, 1),
        ([Page(entries(0, 1000), partial=True), Page(entries(1000, 3))], range(1003), False, 2),
        ([Page(entries(0, 3), count=5)], range(3), False, 1),
    ],
)
async def test_the_log_ends_where_nothing_new_comes(
    answers: Sequence[Answer], numbers: Sequence[int], complete: bool, asked: int
) -> None:
    server = Server(*answers)
    log = await server.read()
    assert [str(entry.status) for entry in log.entries] == [str(number) for number in numbers]
    assert (log.complete, server.asked) == (complete, asked)


async def test_equal_entries_of_one_page_are_all_kept() -> None:
    assert len((await Server(Page(entries(0, 1) * 3)).read()).entries) == 3


async def test_a_first_page_that_is_refused_is_an_error() -> None:
    with pytest.raises(NotFound):
        await Server(not_found()).read()


async def test_a_log_without_an_end_is_read_for_twenty_pages_and_keys_are_answered_meanwhile() -> None:
    server = Server(*(Page(entries(number * 1000, 1000)) for number in range(30)))
    longest, ended = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not ended:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    log = await server.read()
    ended = True
    await watching
    assert (len(log.entries), log.complete, server.asked) == (20_000, False, LOG_PAGES)
    assert longest < 0.02
