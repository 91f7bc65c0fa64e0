"""One command's conversation with the API: settings from the context, a service, an event loop, clear failures."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import Any, TypeVar

import click

from tui_app.api.errors import ApiError
from tui_app.api.retry import MAX_WAIT
from tui_app.cli.output import narrate
from tui_app.clock import SystemClock
from tui_app.config import load_settings
from tui_app.errors import GuardError, UsageError
from tui_app.paths import state_folder
from tui_app.remembered import Remembered
from tui_app.service import EmailSecurityService

T = TypeVar("T")


def converse(ctx: click.Context, work: Callable[[EmailSecurityService], Awaitable[T]], *, writes: bool = False) -> T:
    """Run `work` with a service for the chosen profile. Raises SluiceError; `writes` are refused when read-only."""
    chosen: dict[str, Any] = ctx.obj
    settings = load_settings(os.environ, **chosen)
    if writes and settings.read_only:
        raise GuardError("This profile is read-only; nothing was sent.")

    async def conversation() -> T:
        service = EmailSecurityService(
            settings,
            clock=SystemClock(),
            random=SystemRandom(),
            read_wait=MAX_WAIT,
            remembered=Remembered(state_folder()),
        )
        service.on_limit_wait = lambda seconds: narrate(
            f"Too many requests; waiting {seconds:.0f} s. ctrl+c ends this."
        )
        try:
            return await work(service)
        except ApiError as error:
            more = await service.diagnose(error)
            for line in error.details():
                narrate(f"  {line}")
            if more:
                error.args = (f"{error.sentence} {more}",)
                error.sentence = error.args[0]
            raise
        finally:
            await service.close()
            left = service.budget
            if left.low and left.remaining is not None:
                narrate(f"{left.remaining:,} of {left.quota:,} requests left for the next {left.resets_in or 0:.0f} s.")

    return asyncio.run(conversation())


def confirmed(question: str, *, yes: bool) -> None:
    """Ask on a terminal unless `--yes`. Raises UsageError where nobody can be asked, GuardError on a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This writes; add --yes to do it without being asked. Nothing was sent.")
    if not click.confirm(question, err=True):
        raise GuardError("Nothing was sent.")
