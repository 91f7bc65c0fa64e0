"""`demo`: the console with a simulator of its own, over HTTP on loopback; and drills on it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tui_app.cli.console import check_terminal, run_console
from tui_app.cli.simulator_process import StartingSimulator
from tui_app.config.settings import load_settings
from tui_app.core.errors import GuardError, UsageError
from tui_app.simulator.demo_data import DEFAULT_MESSAGES
from tui_app.simulator.drill_scene import NAMES


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same data.")
@click.option(
    "--messages",
    type=click.IntRange(0, 2_000_000),
    default=DEFAULT_MESSAGES,
    show_default=True,
    help="Messages of the running job.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to which the simulator appends every action and its outcome.",
)
@click.option("--drill", type=click.Choice(NAMES), help="Practise one task; the end says whether it went right.")
@click.option("--resumed", type=click.Path(file_okay=False, path_type=Path), hidden=True)
@click.pass_context
def demo(
    ctx: click.Context, seed: int, messages: int, truth: Path | None, drill: str | None, resumed: Path | None
) -> None:
    """Open the console on a simulated account: no token, no configuration, nothing leaves this machine.

    A drill ends with 0 when it went right, and with 4 when not.
    """
    chosen: dict[str, Any] = ctx.obj
    if drill is not None:
        if chosen["read_only"]:
            raise GuardError("A drill is about writes, on the simulated account: leave out --read-only.")
        if ctx.get_parameter_source("messages") is not ParameterSource.DEFAULT:
            raise UsageError("A drill has its own jobs: leave out --messages.")
        check_terminal(os.environ)
        from tui_app.cli.drill import go_on_with_drill, run_drill

        ctx.exit(run_drill(drill, seed, truth) if resumed is None else go_on_with_drill(resumed))
    check_terminal(os.environ)
    arguments = ["--seed", str(seed), "--messages", str(messages), *(["--truth", str(truth)] if truth else [])]
    starting = StartingSimulator(arguments)
    import tui_app.app  # noqa: F401 - loaded while the simulator starts

    simulator = starting.wait()
    try:
        settings = load_settings(
            simulator.environment | {"MAILSLUICE_CONFIG": os.devnull}, read_only=chosen["read_only"]
        )
        # Releases in the demo are not real: their journals are not kept.
        with tempfile.TemporaryDirectory(prefix="mailsluice-demo-") as state:
            ctx.exit(run_console(settings, Path(state)))
    finally:
        simulator.end()
