"""The command line in this process: hundreds of runs take no time."""

import contextlib
import io
import os
from typing import Any
from unittest import mock

from tui_app import cli
from tui_app.core.errors import SluiceError
from tui_app.simulator.server import Simulator

Answer = tuple[int, str, str]
"""The exit code, what was printed, what was said."""


def run_here(simulator: Simulator, *arguments: str) -> Answer:
    """Run a command in this process: hundreds of runs take no time. What it prints is what it hands to its output."""
    printed, said = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**simulator.environment(), "MAILSLUICE_CONFIG": os.devnull}),
        mock.patch("tui_app.cli.runner.forbid_memory_dumps"),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
    ):
        try:
            code: Any = cli.cli.main(list(arguments), standalone_mode=False)
        except SluiceError as error:
            code, _ = error.exit_code, said.write(str(error))
    return int(code or 0), printed.getvalue(), said.getvalue()
