"""One command's conversation with the API: settings from the context, a service, an event loop, clear failures."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from random import SystemRandom
from typing import Any, Final, TypeVar

import click

from tui_app.api.errors import ApiError
from tui_app.api.retry import MAX_WAIT
from tui_app.cli.listing import print_status
from tui_app.config.settings import load_settings
from tui_app.core.clock import SystemClock
from tui_app.core.confirmation import to_type
from tui_app.core.errors import ExitCode, GuardError, SluiceError, UsageError
from tui_app.core.hardening import forbid_memory_dumps
from tui_app.core.paths import find_state_folder
from tui_app.core.state_file import StateFile
from tui_app.service import EmailSecurityService
from tui_app.terminal.watchdog import ENDING

T = TypeVar("T")
_TELL_EVERY: Final = 5.0
"""Seconds without an answer after which, and after each of which, that is said."""


def run_command(ctx: click.Context, work: Callable[[EmailSecurityService], Awaitable[T]], *, writes: bool = False) -> T:
    """Run `work` with a service for the chosen profile. Raises SluiceError; `writes` are refused when read-only."""
    chosen: dict[str, Any] = ctx.obj
    forbid_memory_dumps()
    settings = load_settings(os.environ, **chosen)
    if writes and settings.read_only:
        raise GuardError("This profile is read-only; nothing was sent.")

    state = find_state_folder()

    async def conversation() -> T:
        service = EmailSecurityService(
            settings,
            clock=SystemClock(),
            random=SystemRandom(),
            read_wait=MAX_WAIT,
            state_file=StateFile(state),
            state=state,
        )
        service.on_limit_wait = lambda seconds: print_status(
            f"Too many requests; waiting {seconds:.0f} s. ctrl+c ends this."
        )
        service.on_ledger_wait = lambda sentence: print_status(f"{sentence} ctrl+c ends this.")
        service.on_notice = cache(print_status)  # each once: page after page may say the same
        unrecorded: list[str] = []
        service.writes.on_unrecorded = unrecorded.append
        waiting = asyncio.create_task(_tell_of_waits(service)) if sys.stderr.isatty() else None
        try:
            result = await work(service)
            if unrecorded:
                raise click.exceptions.Exit(ExitCode.UNKNOWN_OUTCOME)
            return result
        except ApiError as error:
            more = await service.diagnose(error)
            for line in error.details():
                print_status(f"  {line}")
            if more:
                error.args = (f"{error.sentence} {more}",)
                error.sentence = error.args[0]
            raise
        finally:
            await service.close()
            for sentence in unrecorded:
                print_status(sentence)
            _tell_of_unsettled(service)
            if trouble := service.clock_trouble:
                print_status(f"Look at this: {trouble}; what came in between may be missing, or refused.")
            if waiting is not None:
                waiting.cancel()
            left = service.budget
            if left.low and left.remaining is not None:
                print_status(
                    f"{left.remaining:,} of {left.quota:,} requests left for the next {left.resets_in or 0:.0f} s."
                )

    return run_to_end(conversation())


def _tell_of_unsettled(service: EmailSecurityService) -> None:
    """Name each write whose outcome is not on record, and how to find it out."""
    for write_id, what in service.writes.unsettled.items():
        print_status(f"{what}: unknown in the ledger. To find out: mailsluice ledger settle {write_id}")


async def run_write(
    service: EmailSecurityService, work: Coroutine[Any, Any, T], tell: Callable[[T], ExitCode]
) -> ExitCode:
    """Run writes to jobs to their end and tell what became of them.

    A signal lets what is on its way end, which is told all the same; a second one leaves it unknown. Both then cancel.
    """
    writing = asyncio.ensure_future(work)
    try:
        return tell(await asyncio.shield(writing))
    except asyncio.CancelledError:
        print_status("Stopping after the request in flight." if service.awaits_answer else "Stopping.")
        service.stop_writes()
        try:
            tell(await asyncio.shield(writing))
        except asyncio.CancelledError:
            # Once more: nobody waits any longer, and what is on the wire stays unknown.
            writing.cancel()
            service.abandon()
            raise
        except SluiceError as error:
            print_status(f"{error}")
        raise


async def _tell_of_waits(service: EmailSecurityService) -> None:
    """Say to whoever sits before it for how long the API has not answered."""
    while True:
        await service.clock.sleep(_TELL_EVERY)
        if (seconds := service.unanswered_for) >= _TELL_EVERY:
            print_status(f"No answer from the API for {seconds:.0f} s so far.")


def run_to_end(conversation: Coroutine[Any, Any, T]) -> T:
    """Run it to its end. A signal that ends programs cancels it, each time it comes; then the exit code is 128 + n.

    They come where the conversation waits, never between a request and the note of its outcome.
    """
    came: list[int] = []

    async def interruptible() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(conversation)

        def end(number: int) -> None:
            if number == signal.SIGHUP and came:
                return  # a lost line is told twice: that is nobody's impatience
            came.append(number)
            task.cancel()

        for number in ENDING:
            loop.add_signal_handler(number, end, number)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        raise click.exceptions.Exit(128 + came[0] if came else ExitCode.UNEXPECTED) from None


@contextmanager
def _plain_signals() -> Iterator[None]:
    """While somebody is asked nothing else runs, and ctrl+c has to end the question."""
    before = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_READ_FIRST: Final = 0.3
"""Seconds for which a question stands before an answer counts."""


def confirmed(question: str, count: int = 1, *, yes: bool, final: bool = False) -> None:
    """Ask on a terminal unless `--yes`: one thing is confirmed by `y`, several by their number, what can't
    be undone by a word before it.

    What was typed before the question stood there is thrown away. Raises UsageError where nobody can be asked,
    GuardError on a no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This writes; add --yes to do it without being asked. Nothing was sent.")
    wanted = to_type(count, final=final)
    with _plain_signals():
        click.echo(f"{question} To do it, type {wanted}: ", err=True, nl=False)
        time.sleep(_READ_FIRST)
        with suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        typed = sys.stdin.readline().strip()
    if typed.lower().replace(",", "") != wanted:
        raise GuardError("Not confirmed. Nothing was sent.")
