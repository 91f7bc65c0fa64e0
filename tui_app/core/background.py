"""Long work beside the event loop, in threads that nobody waits for when the program ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_background(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What the work returns, or raises. Who waits may be cancelled: then the work is forgotten, and ends by itself.

    Only for work that may be cut off at any place: `asyncio.to_thread` is waited for, and so may keep a program from ending.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def tell(result: T) -> None:
        if not answer.done():
            answer.set_result(result)

    def tell_error(error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error)

    def run() -> None:
        try:
            result = context.run(work, *arguments, **named)
        except BaseException as error:
            _call(loop, tell_error, error)
        else:
            _call(loop, tell, result)

    Thread(target=run, name="background", daemon=True).start()
    return await answer


def _call(loop: asyncio.AbstractEventLoop, tell: Callable[[T], None], value: T) -> None:
    try:
        loop.call_soon_threadsafe(tell, value)
    except RuntimeError:
        return  # the loop has ended: nobody waits
