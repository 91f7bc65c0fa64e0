"""Work in the background: its result arrives, and nobody waits for it at the end."""

import asyncio
import subprocess
import sys
import threading
import time
from contextvars import ContextVar

import pytest

from tui_app.core.background import in_background

NAME: ContextVar[str] = ContextVar("name")


async def test_what_the_work_returns_or_raises_arrives() -> None:
    assert await in_background(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_background(divmod, 7, 0)


async def test_it_is_done_beside_the_loop_and_in_the_same_context() -> None:
    NAME.set("mine")
    assert await in_background(lambda: (threading.current_thread() is threading.main_thread(), NAME.get())) == (
        False,
        "mine",
    )


def test_a_loop_ends_at_once_while_work_goes_on() -> None:
    gate, begun = threading.Event(), threading.Event()

    def slow() -> bool:
        begun.set()
        return gate.wait(60)

    async def leave() -> None:
        waiting = asyncio.create_task(in_background(slow))
        await asyncio.to_thread(begun.wait, 30)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    before = time.monotonic()
    try:
        asyncio.run(leave())
        assert time.monotonic() - before < 30
    finally:
        gate.set()


def test_a_program_ends_at_once_while_work_goes_on() -> None:
    program = (
        "import asyncio, time\n"
        "from tui_app.core.background import in_background\n"
        "async def leave():\n"
        "    asyncio.create_task(in_background(time.sleep, 100))\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(leave())\n"
        "print('left')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("left\n", "", 0)
