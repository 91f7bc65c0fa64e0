"""`handover`: what happened since a moment and what is open, for the next shift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_app.cli.listing import print_status
from tui_app.cli.runner import run_command
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.files import new_file
from tui_app.core.text import sanitize
from tui_app.reports.handover import parse_since
from tui_app.rows.export import export_path

if TYPE_CHECKING:
    from tui_app.reports.handover import Handover
    from tui_app.service import EmailSecurityService

_SUFFIXES: Final = ("md", "json")


def _exit_code(handover: Handover) -> ExitCode:
    """Whether all was read; what is in it changes nothing."""
    if handover.unreached:
        return ExitCode.API
    return ExitCode.PARTLY_FAILED if handover.missing else ExitCode.DONE


@click.command()
@click.option("--since", default="12h", show_default=True, help="From when on: 24h, 7d, 06:00, a date, RFC 3339.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file: .md or .json.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of Markdown.")
@click.pass_context
def handover(ctx: click.Context, since: str, output: Path | None, as_json: bool) -> None:
    """Write what the next shift has to know, as Markdown: what is open and unknown first, then what failed and why, then what
    was done, by whom, and the quota.

    06:00 is the last time that it was six here. Ends with 4 when not all could be read, and with 6 when the API could not be
    reached: what the ledger of this machine tells is written all the same.
    """
    try:
        begin = parse_since(since, SystemClock().now())
    except ValueError as error:
        raise UsageError(str(error)) from None
    path = None if output is None else export_path(str(output), _SUFFIXES)
    if as_json and path is not None and path.suffix.lower() != ".json":
        raise UsageError("--json writes a file that ends in .json. Nothing was written.")

    async def work(service: EmailSecurityService) -> ExitCode:
        from tui_app.reports.handover_json import as_json as json_of
        from tui_app.reports.handover_markdown import as_markdown
        from tui_app.reports.handover_reading import read_handover

        found = await read_handover(service, begin)
        wants_json = as_json or (path is not None and path.suffix.lower() == ".json")
        text = json_of(found) if wants_json else as_markdown(found)
        if path is None:
            print(text, end="")
        else:
            new_file(path, text)
            print_status(f"Handover in {sanitize(str(path))}: {found.in_short}.")
        for sentence in found.missing:
            print_status(f"Not read: {sentence}")
        return _exit_code(found)

    ctx.exit(run_command(ctx, work))
