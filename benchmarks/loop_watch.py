"""The longest that one callback of an event loop has computed: while it runs, no key is answered."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Longest:
    """CPU seconds of the longest callback so far."""

    seconds: float = 0.0


@contextmanager
def watched() -> Iterator[Longest]:
    """Watch every callback of this process's loops; CPU of the thread, so that a busy machine is not taken for a slow program."""
    longest, before = Longest(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        before(handle)
        longest.seconds = max(longest.seconds, time.thread_time() - began)

    asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]
    try:
        yield longest
    finally:
        asyncio.Handle._run = before  # type: ignore[method-assign]
