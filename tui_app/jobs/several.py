"""The same write to several jobs, one after another: an error of one does not keep the others from being tried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tui_app.api.errors import Forbidden, RateLimited, Stopped, Unauthenticated
from tui_app.api.write_result import Refused, Unsent, WriteResult
from tui_app.core.errors import SluiceError

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True)
class SeveralWrites(Generic[K, T]):
    """What became of each job that was tried, in their order, and those that were not."""

    results: tuple[tuple[K, WriteResult[T]], ...]
    not_tried: tuple[K, ...] = ()
    error: SluiceError | None = None
    """Why the rest was not tried, where no answer says so: nothing was sent for the first of them either."""


async def one_after_another(
    jobs: Sequence[K],
    act: Callable[[K, Callable[[], None]], Awaitable[WriteResult[T]]],
    on_result: Callable[[K, WriteResult[T]], None] = lambda *_: None,
) -> SeveralWrites[K, T]:
    """Try each job in turn. `act` gets a function to call as soon as a request was answered, though its outcome is open.

    The next request is sent then: to read one job back for a minute must not let the others run on. What would be
    refused for every job (credentials, quota, no record) ends it.
    """
    tasks: list[tuple[K, asyncio.Task[WriteResult[T]]]] = []
    not_tried: tuple[K, ...] = ()
    error: SluiceError | None = None
    for number, job in enumerate(jobs):
        answered = asyncio.Event()
        task = asyncio.create_task(_told(act(job, answered.set), job, on_result))
        waiting = asyncio.create_task(answered.wait())
        try:
            await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if task.done() and isinstance(failed := task.exception(), SluiceError):
            not_tried, error = tuple(jobs[number:]), failed
            break
        tasks.append((job, task))
        if task.done() and concerns_all(task.result()):
            not_tried = tuple(jobs[number + 1 :])
            break
    await asyncio.gather(*(task for _, task in tasks))
    return SeveralWrites(tuple((job, task.result()) for job, task in tasks), not_tried, error)


async def _told(
    work: Awaitable[WriteResult[T]], job: K, on_result: Callable[[K, WriteResult[T]], None]
) -> WriteResult[T]:
    result = await work
    on_result(job, result)
    return result


def concerns_all(result: WriteResult[Any]) -> bool:
    """Whether it would be the same with any other job: the credentials, the quota, or that it was stopped."""
    if not isinstance(result, Refused | Unsent):
        return False
    return isinstance(result.error, Unauthenticated | Forbidden | RateLimited | Stopped)
