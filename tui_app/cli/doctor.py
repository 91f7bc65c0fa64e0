"""`doctor`: what is in order on this machine and with the account, and what to do where it is not."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import textwrap
from contextlib import suppress
from random import SystemRandom
from typing import Any, Final

import click

from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status
from tui_app.config.schema import UiSettings
from tui_app.config.settings import Settings, load_settings
from tui_app.console_settings import console_problems
from tui_app.core.clock import SystemClock
from tui_app.core.errors import UsageError
from tui_app.core.hardening import child_environment, forbid_memory_dumps
from tui_app.core.paths import find_state_folder
from tui_app.core.terminal_needs import is_too_plain
from tui_app.core.text import plural
from tui_app.doctor.check import CheckResult, count_states, exit_code_of
from tui_app.doctor.configuration import Chosen
from tui_app.doctor.examination import MOST_REQUESTS, Examination, Subject
from tui_app.doctor.terminal import TerminalSnapshot

_COLUMNS: Final = (
    ListingColumn[CheckResult]("state", 5, lambda result: result.state),
    ListingColumn[CheckResult]("check", 14, lambda result: result.check),
    ListingColumn[CheckResult]("found", 60, lambda result: result.found),
    ListingColumn[CheckResult]("todo", 60, lambda result: result.todo),
)
_INDENT: Final = 23
_WIDEST: Final = 110


def _snapshot(ui: UiSettings) -> TerminalSnapshot:
    """The terminal that this command was started in."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        with suppress(OSError, ValueError):
            if os.isatty(stream.fileno()):
                columns, lines = os.get_terminal_size(stream.fileno())
                break
    else:
        return TerminalSnapshot(is_terminal=False)
    from rich.color import ColorSystem
    from rich.console import Console

    from tui_app.terminal.patches import color_system
    from tui_app.terminal.themes import theme_for

    system = color_system(Console(file=sys.stderr, force_terminal=True))
    counts = {ColorSystem.STANDARD: 16, ColorSystem.EIGHT_BIT: 256, ColorSystem.TRUECOLOR: 1 << 24}
    kind = os.environ.get("TERM", "")
    chosen = theme_for(ui.theme, system, os.environ).name.removeprefix("mailsluice-")
    return TerminalSnapshot(
        is_terminal=True,
        kind=kind,
        is_plain=is_too_plain(kind),
        columns=columns,
        lines=lines,
        encoding=sys.stderr.encoding or "",
        colours=None if system is None else counts.get(system),
        theme=f"{chosen} ({'chosen by itself' if ui.theme == 'auto' else 'ui.theme'})",
    )


def _settings(profile: str | None, *, read_only: bool) -> tuple[Settings | None, str]:
    try:
        return load_settings(os.environ, profile_name=profile, read_only=read_only), ""
    except UsageError as error:
        return None, error.cause


def _write(result: CheckResult) -> None:
    """One check for people: state, name, what was found, and below it what to do."""
    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _WIDEST
    first = f"{result.state:<6} {result.check:<15} "
    for text, opening in ((result.found, first), (result.todo, " " * _INDENT)):
        if text:
            lines = textwrap.wrap(text, max(width - _INDENT, 20), break_on_hyphens=False) or [""]
            print(f"{opening}{lines[0]}")
            for line in lines[1:]:
                print(f"{' ' * _INDENT}{line}")


@click.command()
@format_option
@click.pass_context
def doctor(ctx: click.Context, output_format: str) -> None:
    """Check the terminal, the configuration, the connection and the account; say what to do.

    It changes nothing: at most six reads are sent. `ok` is in order, `look` can't be known or may be better, `wrong`
    does not work. Ends with 0 when nothing is wrong, 2 when something on this machine is, 6 when the API could not be
    reached, or refused.
    """
    chosen: dict[str, Any] = ctx.obj
    forbid_memory_dumps()
    settings, problem = _settings(chosen["profile_name"], read_only=chosen["read_only"])
    subject = Subject(
        console_problems=lambda path, file: console_problems(path, file, SystemClock().now()),
        terminal=_snapshot(settings.ui if settings is not None else UiSettings()),
        environment=os.environ,
        settings=settings,
        state=find_state_folder(),
        clock=SystemClock(),
        random=SystemRandom(),
        problem=problem,
        chosen=Chosen(chosen["profile_name"], chosen["read_only"]),
        # What is not in this environment, and handed on to others, was set aside.
        set_aside=sorted(child_environment({})),
    )
    ctx.exit(asyncio.run(_examine(subject, output_format)))


async def _examine(subject: Subject, output_format: str) -> int:
    examination, results = Examination(subject), list[CheckResult]()
    listing = Listing[CheckResult](output_format, _COLUMNS, lambda result: result.wire())
    async for result in examination.results():
        results.append(result)
        if output_format == "table":
            _write(result)
            sys.stdout.flush()
        else:
            listing.write(result)
    if output_format != "table":
        listing.close()
    print_status(f"{count_states(results)}; {plural(examination.requests, 'request')} of at most {MOST_REQUESTS}.")
    return exit_code_of(results)
