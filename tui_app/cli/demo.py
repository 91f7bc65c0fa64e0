"""`demo`: the console with a simulator of its own, over HTTP on loopback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import click

from tui_app.cli.console import check_terminal, run_console
from tui_app.config.settings import load_settings
from tui_app.core.errors import SluiceError
from tui_app.core.hardening import child_environment
from tui_app.simulator.demo_data import DEFAULT_MESSAGES


def _environment_of(line: str) -> dict[str, str]:
    """The variables of an export line."""
    return dict(word.split("=", 1) for word in shlex.split(line)[1:])


RUN: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tui_app.__main__ import start; start()"
"""Runs this program whatever folder we stand in: `-m` would first look for each module in there."""


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
@click.pass_context
def demo(ctx: click.Context, seed: int, messages: int, truth: Path | None) -> None:
    """Open the console on a simulated account: no token, no configuration, nothing leaves this machine."""
    check_terminal(os.environ)
    arguments = ["--seed", str(seed), "--messages", str(messages), *(["--truth", str(truth)] if truth else [])]
    # A separate process can't slow the screens. It ends when its standard input ends, however we end.
    simulator = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", RUN, str(Path(__file__).parents[2]), "simulate", "--until-eof", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(os.environ),
        start_new_session=True,
    )
    try:
        import tui_app.app  # noqa: F401 - loaded while the simulator starts

        assert simulator.stdout is not None
        line = simulator.stdout.readline()
        if not line.startswith("export "):
            raise SluiceError("The simulator did not start. Try: mailsluice simulate")
        chosen: dict[str, Any] = ctx.obj
        environment = _environment_of(line) | {"MAILSLUICE_CONFIG": os.devnull}
        settings = load_settings(environment, read_only=chosen["read_only"])
        # Releases in the demo are not real: their journals are not kept.
        with tempfile.TemporaryDirectory(prefix="mailsluice-demo-") as state:
            ctx.exit(run_console(settings, Path(state)))
    finally:
        if simulator.stdin is not None:
            simulator.stdin.close()
        try:
            simulator.wait(timeout=5)
        except subprocess.TimeoutExpired:
            simulator.kill()
